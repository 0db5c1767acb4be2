import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { ebpfsh, type Finished } from './bin.ts';

const folder = mkdtempSync(join(tmpdir(), 'ebpfsh-bpftool-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let store = '';
let stores = 0;
beforeEach(() => {
  store = join(folder, `store-${stores++}`);
});

/** One process per line, as on a machine with bpftool; what is between quotation marks is one word. */
function shell(line: string): Finished {
  const words = Array.from(line.matchAll(/"([^"]*)"|\S+/g), ([word, quoted]) => quoted ?? word);
  return ebpfsh(words, { env: { EBPFSH_STORE: store } });
}

const bpftool = (line: string) => shell(`bpftool ${line}`);
const succeeds = (stdout: string): Finished => ({ stdout, stderr: '', exitCode: 0 });
/** bpftool's own complaints end with -1, what the system refused with the error number. */
const fails = (stderr: string, exitCode = 255): Finished => ({ stdout: '', stderr, exitCode });

/** The number with which a listing begins. */
function idIn({ stdout }: Finished): string {
  return /^\d+/.exec(stdout)![0];
}

function file(name: string, content: string | Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

describe('the cases of the bpftool tests of eBPF for Windows', () => {
  it('help', () => {
    expect(bpftool('help')).toEqual(
      succeeds(
        'Usage: bpftool [OPTIONS] OBJECT { COMMAND | help }\n' +
          '       bpftool batch file FILE\n' +
          '       bpftool version\n' +
          '\n' +
          '       OBJECT := { prog | map | link | net }\n' +
          '       OPTIONS := { {-j|--json} [{-p|--pretty}] | {-d|--debug} | {-l|--legacy} |\n' +
          '                    {-V|--version} }\n',
      ),
    );
  });

  it('prog help', () => {
    const { stdout, exitCode } = bpftool('prog help');
    expect(exitCode).toBe(0);
    expect(stdout.startsWith('Usage: bpftool prog { show | list } [PROG]\n')).toBe(true);
    for (const part of [
      '       bpftool prog pin   PROG FILE\n',
      '       bpftool prog { load | loadall } OBJ  PATH \\\n                         [type TYPE] \\\n',
      '                         [pinmaps MAP_DIR]\n',
      '       bpftool prog help\n',
      '       PROG := { id PROG_ID | pinned FILE | name PROG_NAME }\n',
      '       TYPE := { bind | cgroup/connect4 | cgroup/connect6 | xdp }\n',
      '       OPTIONS := { {-j|--json} [{-p|--pretty}] | {-d|--debug} | {-l|--legacy} |\n',
      '{-m|--mapcompat} |',
    ]) {
      expect(stdout).toContain(part);
    }
  });

  it('prog load map_in_map', () => {
    expect(bpftool('prog show')).toEqual(succeeds(''));
    expect(bpftool('--legacy prog load samples/map_in_map_btf.o map_in_map')).toEqual(succeeds(''));
    const shown = bpftool('prog show');
    const id = idIn(shown);
    const map = / map_ids (\d+)/.exec(shown.stdout)![1]!;
    expect(shown).toEqual(succeeds(`${id}: sample  name lookup  \n  map_ids ${map}\n`));
    expect(bpftool(`prog pin id ${id} pin2`)).toEqual(succeeds(''));
    const pins = shell('ebpf show pins');
    expect(pins.stdout).toBe(
      '\n     ID     Type  Path\n=======  =======  ==============\n' +
        `${id.padStart(7)}  Program  BPF:\\map_in_map\n${id.padStart(7)}  Program  BPF:\\pin2\n`,
    );
    const deleted = shell(`ebpf delete prog ${id}`);
    expect(deleted.exitCode).toBe(0);
    expect(deleted.stdout).toContain(`Unpinned ${id} from BPF:\\map_in_map\nUnpinned ${id} from BPF:\\pin2\n`);
    expect(bpftool('prog show')).toEqual(succeeds(''));
  });

  it('prog attach by interface alias', () => {
    expect(bpftool('--legacy prog load samples/droppacket.o droppacket')).toEqual(succeeds(''));
    const shown = bpftool('prog show');
    const id = idIn(shown);
    expect(shown.stdout).toMatch(new RegExp(`^${id}: xdp  name DropPacket  \\n  map_ids \\d+\\n$`));
    expect(bpftool(`net attach xdp id ${id} dev "Loopback Pseudo-Interface 1"`)).toEqual(succeeds(''));
    expect(bpftool('net show').stdout).toContain(`xdp:\nloopback_0(1) driver id ${id}\n`);
    expect(shell(`ebpf delete prog ${id}`).stdout).toContain(`Unpinned ${id} from BPF:\\droppacket\n`);
    expect(bpftool('prog show')).toEqual(succeeds(''));
  });

  it('map create', () => {
    expect(bpftool('map create FileName type array key 4 value 4 entries 2 name Name')).toEqual(succeeds(''));
    const shown = bpftool('map show');
    const id = idIn(shown);
    expect(shown).toEqual(succeeds(`${id}: array  name Name  flags 0x0\n\tkey 4B  value 4B  max_entries 2\n`));
    expect(bpftool(`map dump id ${id}`)).toEqual(
      succeeds('key: 00 00 00 00  value: 00 00 00 00\nkey: 01 00 00 00  value: 00 00 00 00\nFound 2 elements\n'),
    );
  });

  it('map show pinned', () => {
    expect(bpftool('map create \\\\test_map type hash key 4 value 4 entries 10 name testing')).toEqual(succeeds(''));
    const shown = bpftool('map show name testing');
    expect(shown).toEqual(succeeds(`${idIn(shown)}: hash  name testing  flags 0x0\n\tkey 4B  value 4B  max_entries 10\n`));
    for (const path of ['\\\\test_map', 'BPF:\\test_map', 'test_map']) expect(bpftool(`map show pinned ${path}`)).toEqual(shown);
  });

  it('prog show id 1', () => {
    expect(bpftool('prog show id 1')).toEqual(fails('Error: get by id (1): No such file or directory\n'));
    expect(bpftool('-j prog show id 1')).toEqual({ stdout: '{"error":"get by id (1): No such file or directory"}\n', stderr: '', exitCode: 255 });
  });

  it('prog prog run', () => {
    bpftool('--legacy prog load samples/droppacket.o droppacket');
    const id = idIn(bpftool('prog show'));
    const data = file('data_in.txt', 'a'.repeat(1000));
    const out = join(folder, 'data_out.txt');
    const ran = bpftool(`prog run id ${id} data_in ${data} data_out ${out} repeat 100000`);
    expect(ran.stdout).toMatch(/^Return value: 1, duration \(average\): \d+ns\n$/);
    expect(ran.exitCode).toBe(0);
    expect(readFileSync(out, 'utf8')).toBe('a'.repeat(1000));
    const once = JSON.parse(bpftool(`-j prog run pinned droppacket data_in ${data} data_out -`).stdout) as {
      data_out: number[];
      retval: number;
      duration: number;
    };
    expect(once.retval).toBe(1);
    expect(once.data_out).toEqual(new Array(1000).fill(97));
    expect(once.duration).toBeGreaterThanOrEqual(0);
  });

  it('prog run with a context', () => {
    bpftool('prog load samples/bindmonitor.o bindmonitor pinmaps maps');
    const context = file('ctx_in', new Uint8Array(64));
    const out = join(folder, 'ctx_out');
    const ran = bpftool(`prog run name BindMonitor ctx_in ${context} ctx_out ${out} repeat 1000`);
    expect(ran.stdout).toMatch(/^Return value: 0, duration \(average\): \d+ns\n$/);
    expect(readFileSync(out).length).toBeGreaterThan(0);
    expect(bpftool('map show pinned maps/limits_map').stdout).toMatch(/^\d+: array {2}name limits_map {2}flags 0x0\n/);
  });
});

describe('bpftool through the bin', () => {
  it('works in the prompt and in scripts as a context of its own', () => {
    const script = file(
      'context.nsh',
      'bpftool\nmap create m type hash key 1 value 1 entries 4 name m\n-j map dump name m\nhelp\n..\nshow mode\nbpftool -j map show name nothing\n',
    );
    const { stdout, exitCode } = ebpfsh(['-f', script], { env: { EBPFSH_STORE: store } });
    expect(stdout).toMatch(/^\[\]\nUsage: bpftool \[OPTIONS\] OBJECT [\s\S]*\nonline\n\{"error":"can't find map with name nothing"\}\n$/);
    expect(exitCode).toBe(255);
  });

  it('keeps map contents between processes', () => {
    bpftool('map create flows type hash key 2 value 4 entries 8 name flows');
    expect(bpftool('map update pinned flows key 1 0x2 value hex de ad be ef')).toEqual(succeeds(''));
    expect(bpftool('map lookup name flows key 1 2')).toEqual(succeeds('key: 01 02  value: de ad be ef\n'));
    expect(bpftool('-j map dump name flows')).toEqual(succeeds('[{"key":["0x01","0x02"],"value":["0xde","0xad","0xbe","0xef"]}]\n'));
    expect(bpftool('map getnext name flows')).toEqual(succeeds('key: None\nnext key:\n01 02\n'));
    expect(bpftool('map update name flows key 1 2 value 1 1 1 1 noexist')).toEqual(fails('Error: update failed: File exists\n', 239));
    expect(bpftool('map delete name flows key 1 2')).toEqual(succeeds(''));
    expect(bpftool('map delete name flows key 1 2')).toEqual(fails('Error: delete failed: No such file or directory\n', 254));
    expect(bpftool('map lookup name flows key 1 2')).toEqual({ stdout: 'key:\n01 02\n\nNot found\n', stderr: '', exitCode: 254 });
  });

  it('tells why an object does not load', () => {
    const { stdout, stderr, exitCode } = bpftool('prog load samples/droppacket_unsafe.o unsafe');
    expect({ stdout, exitCode }).toEqual({ stdout: '', exitCode: 255 });
    expect(stderr).toMatch(/^libbpf: [\s\S]*Verification failed\n[\s\S]*\nError: failed to load object file\n$/);
    expect(bpftool('prog load nosuchfile.o x')).toEqual(
      fails('libbpf: error: No such file or directory opening nosuchfile.o\nError: failed to open object file\n'),
    );
    expect(bpftool('prog show')).toEqual(succeeds(''));
    expect(bpftool('map show')).toEqual(succeeds(''));
  });

  it('runs batches up to the first command that fails', () => {
    const batch = file(
      'batch.txt',
      '# a map\nmap create b type array key 4 value 1 entries 1 name b\nmap update pinned b \\\n  key 0 0 0 0 value 7\nmap dump "pinned" b # all\n',
    );
    expect(bpftool(`batch file ${batch}`)).toEqual(succeeds('key: 00 00 00 00  value: 07\nFound 1 element\nprocessed 3 commands\n'));
    expect(bpftool(`batch file ${file('open.txt', 'map show\nmap dump "pinned b\n')}`)).toEqual(
      fails('Error: unterminated quoted string in command 2\n'),
    );
    const failing = file('failing.txt', 'map lookup pinned b key 0 0 0 0\nmap lookup pinned c key 0\nmap delete pinned b key 0 0 0 0\n');
    expect(JSON.parse(bpftool(`-j batch file ${failing}`).stdout)).toEqual([
      { command: ['map', 'lookup', 'pinned', 'b', 'key', '0', '0', '0', '0'], output: { key: ['0x00', '0x00', '0x00', '0x00'], value: ['0x07'] } },
      { command: ['map', 'lookup', 'pinned', 'c', 'key', '0'], output: { error: 'bpf obj get (c): No such file or directory' } },
    ]);
    expect(bpftool(`batch file ${failing}`).exitCode).toBe(255);
  });

  it('prints pretty JSON as bpftool lays it out', () => {
    bpftool('prog load samples/map_in_map_btf.o p');
    const id = idIn(bpftool('prog show'));
    const map = / map_ids (\d+)/.exec(bpftool('prog show').stdout)![1]!;
    expect(bpftool('-p prog')).toEqual(
      succeeds(`[{\n        "id": ${id},\n        "type": "sample",\n        "name": "lookup",\n        "map_ids": [${map}\n        ]\n    }\n]\n`),
    );
    expect(bpftool(`-p prog show id ${id}`)).toEqual(
      succeeds(`{\n    "id": ${id},\n    "type": "sample",\n    "name": "lookup",\n    "map_ids": [${map}\n    ]\n}\n`),
    );
  });

  it('shows, pins and detaches links', () => {
    bpftool('prog load samples/droppacket.o droppacket');
    const program = idIn(bpftool('prog show'));
    bpftool('net attach xdpgeneric name DropPacket dev loopback_0');
    const links = bpftool('link');
    const link = idIn(links);
    expect(links).toEqual(succeeds(`${link}: xdp  prog ${program}  \n\tifindex loopback_0(1)  \n`));
    expect(bpftool(`link pin id ${link} mylink`)).toEqual(succeeds(''));
    expect(JSON.parse(bpftool('-j -f link show pinned mylink').stdout)).toEqual({
      id: Number(link),
      type: 'xdp',
      prog_id: Number(program),
      devname: 'loopback_0',
      ifindex: 1,
      pinned: ['BPF:\\mylink'],
    });
    expect(bpftool('net attach xdp name DropPacket dev 1')).toEqual(fails('Error: interface xdp attach failed: Device or resource busy\n', 240));
    expect(bpftool('net attach xdp name DropPacket dev 1 overwrite')).toEqual(succeeds(''));
    expect(bpftool('net detach xdp dev 1')).toEqual(succeeds(''));
    expect(JSON.parse(bpftool('-j net').stdout)).toEqual([{ xdp: [], tc: [], flow_dissector: [] }]);
    expect(bpftool('net attach xdp name DropPacket dev 1')).toEqual(succeeds(''));
    const all = JSON.parse(bpftool('-j link').stdout) as { readonly id: number; readonly ifindex?: number }[];
    expect(bpftool(`link detach id ${all.find(({ ifindex }) => ifindex === 1)?.id}`)).toEqual(succeeds(''));
    // The pinned one stays, attached to nothing.
    expect(bpftool('link')).toEqual(succeeds(`${link}: xdp  prog ${program}  \n\tifindex (detached)  \n`));
    expect(bpftool('link detach id 999')).toEqual(fails('Error: failed to get link with ID 999: No such file or directory\n', 254));
  });

  it('dumps the code of a program', () => {
    bpftool('prog loadall samples/droppacket.o dir');
    const { stdout } = bpftool('prog dump xlated pinned dir/xdp opcodes');
    expect(stdout).toContain('   0: (b7) r0 = 1\n       b7 00 00 00 01 00 00 00\n');
    expect(stdout).toMatch(/\(18\) r1 = map\[id:\d+\]\n/);
    const image = join(folder, 'code.bin');
    expect(bpftool(`prog dump xlated name DropPacket file ${image}`)).toEqual(succeeds(''));
    const code = readFileSync(image);
    expect(code.subarray(0, 8)).toEqual(Buffer.from([0xb7, 0, 0, 0, 1, 0, 0, 0]));
    expect(code.length % 8).toBe(0);
    const insns = JSON.parse(bpftool('-j prog dump xlated name DropPacket opcodes').stdout) as {
      disasm: string;
      opcodes: { code: string; imm: string[] };
    }[];
    expect(insns[0]).toMatchObject({ disasm: '(b7) r0 = 1', opcodes: { code: '0xb7', src_reg: '0x0', dst_reg: '0x0', off: ['0x00', '0x00'] } });
    expect(insns.find(({ opcodes }) => opcodes.code === '0x18')!.opcodes.imm).toHaveLength(12);
    expect(bpftool('prog dump jited name DropPacket')).toEqual(fails('Error: no instructions returned\n'));
  });

  it('uses the maps that a load names', () => {
    bpftool('map create mine type array key 4 value 8 entries 1 name mine');
    const mine = idIn(bpftool('map show'));
    expect(bpftool('prog load samples/droppacket.o d map name dropped_packet_map pinned mine')).toEqual(succeeds(''));
    expect(bpftool('prog show name DropPacket').stdout).toContain(`map_ids ${mine}\n`);
    expect(bpftool('prog load samples/droppacket.o e map name nothing pinned mine')).toEqual(fails(`Error: unable to find map 'nothing'\n`));
  });

  it('loads for Linux what is made for it, and where it is told to', () => {
    expect(bpftool('prog load samples/xdp_linux.o /sys/fs/bpf/xdp platform windows').exitCode).toBe(255);
    expect(bpftool('prog load samples/xdp_linux.o /sys/fs/bpf/xdp')).toEqual(succeeds(''));
    expect(bpftool('-f prog').stdout).toMatch(
      /^\d+: xdp {2}name drop_blocked {2}tag aef3da72d64c84ee\n\txlated \d+B {2}jited {2}map_ids \d+\n\tpinned \/sys\/fs\/bpf\/xdp\n$/,
    );
    expect(bpftool('map create m type array key 4 value 4 entries 1 name m platform solaris')).toEqual(
      fails(`Error: expected 'windows' or 'linux', got: 'solaris'?\n`),
    );
  });

  it('loads native images', () => {
    const image = join(folder, 'droppacket.wasm');
    expect(shell(`ebpf convert samples/droppacket.o ${image}`).exitCode).toBe(0);
    expect(bpftool(`prog load ${image} native`)).toEqual(succeeds(''));
    expect(bpftool('prog show name DropPacket').stdout).toMatch(/^\d+: xdp {2}name DropPacket {2}\n {2}map_ids \d+\n$/);
    const data = file('packet', new Uint8Array(64));
    expect(bpftool(`prog run pinned native data_in ${data}`).stdout).toMatch(/^Return value: \d+, duration: \d+ns\n$/);
    expect(bpftool('prog dump xlated pinned native')).toEqual(fails('Error: no instructions returned\n'));
    expect(bpftool(`prog load ${image} other type xdp`)).toMatchObject({ stdout: '', exitCode: 255 });
  });

  it('version', () => {
    expect(bpftool('version').stdout).toMatch(/^bpftool v\d+\.\d+\.\d+\nusing ebpfsh v\S+\nfeatures: libbpf_strict\n$/);
    expect(JSON.parse(bpftool('-V -j').stdout)).toMatchObject({ features: { libbpf_strict: true } });
    expect(JSON.parse(bpftool('-l -j version').stdout)).toMatchObject({ features: { libbpf_strict: false } });
  });
});

describe('lines that are not understood', () => {
  const cases: readonly (readonly [line: string, message: string])[] = [
    ['prog show id x', `can't parse x as ID`],
    ['prog show foo 1', `expected 'id', 'tag', 'name' or 'pinned', got: 'foo'?`],
    ['prog show id 1 more', `what is 'more'?`],
    ['map create f type array', `'create' needs at least 7 arguments, 3 found`],
    ['map create f type nonsense key 4 value 4 entries 1 name n', 'unrecognized map type: nonsense'],
    ['map create f type array key four value 4 entries 1 name n', `can't parse four as key size`],
    ['map create f type array type hash key 4 value 4 entries 1 name n', 'map type already specified'],
    ['map create f type array key 4 value 4 entries 1', 'map name not specified'],
    ['prog load samples/droppacket.o p type nonsense', `unknown program type 'nonsense'`],
    ['prog run id 1 data x repeat 2', `ambiguous argument: 'data' could be 'data_in', 'data_out' or 'data_size_out'`],
    ['prog dump bytes id 1', `expected 'xlated' or 'jited', got: bytes`],
    ['net attach tc id 1 dev lo', 'invalid net attach/detach type: tc'],
    ['map event_pipe id 1 cpu 1', 'cpu and index must be specified together'],
    ['batch file', 'too few parameters for batch'],
    ['--nonsense prog', `unrecognized option '--nonsense'`],
  ];
  for (const [line, message] of cases) {
    it(line, () => expect(bpftool(line)).toEqual(fails(`Error: ${message}\n`)));
  }

  it('an unknown verb shows what there is', () => {
    const { stdout, stderr, exitCode } = bpftool('map frob');
    expect({ stdout, exitCode }).toEqual({ stdout: '', exitCode: 255 });
    expect(stderr).toMatch(/^Usage: bpftool map \{ show \| list \} [\s\S]*\nError: unknown command 'map frob'\n$/);
  });

  it('element errors', () => {
    bpftool('map create m type hash key 2 value 1 entries 2 name m');
    for (const [words, message] of [
      ['key 1', 'key expected 2 bytes got 1'],
      ['key 1 2', 'did not find value'],
      ['value 1', 'did not find key'],
      ['key 1 zz value 1', 'error parsing byte: zz'],
      ['key 1 300 value 1', 'error parsing byte: 300'],
      ['key 1 2 key 1 2 value 1', 'duplicate key'],
      ['key 1 2 value 1 any any', 'flags specified multiple times: any'],
      ['key 1 2 value 1 frob', 'expected key or value, got: frob'],
    ] as const) {
      expect(bpftool(`map update name m ${words}`)).toEqual(fails(`Error: ${message}\n`));
    }
  });
});
