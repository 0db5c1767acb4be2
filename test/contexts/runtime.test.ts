import { generateKeyPairSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { newSession, run } from './harness.ts';

/** Runs lines in one session; returns what the last one wrote. */
async function last(lines: readonly string[], files: Record<string, string | Uint8Array> = {}) {
  const session = newSession(files);
  await session.execute('ebpf', { signal: new AbortController().signal, write: () => undefined });
  let result = { stdout: '', stderr: '', exitCode: 0 };
  for (const line of lines) result = await run(session, line);
  return result;
}

interface Row {
  readonly name: string;
  readonly lines: readonly string[];
  readonly stdout?: string | RegExp;
  readonly stderr?: string | RegExp;
  readonly exitCode?: number;
  readonly files?: Record<string, string | Uint8Array>;
}

function play(rows: readonly Row[]): void {
  for (const { name, lines, stdout = '', stderr = '', exitCode = 0, files } of rows) {
    it(name, async () => {
      const result = await last(lines, files);
      for (const [text, expected] of [
        [result.stderr, stderr],
        [result.stdout, stdout],
      ] as const) {
        if (typeof expected === 'string') expect(text).toBe(expected);
        else expect(text).toMatch(expected);
      }
      expect(result.exitCode).toBe(exitCode);
    });
  }
}

/** Changes 30 entries of a map. */
const MANY = readFileSync(new URL('../runtime/fixtures/many.o', import.meta.url));
/** `int f(void) { return 0; }` by clang -target bpfeb. */
const BIG_ENDIAN = readFileSync(new URL('fixtures/big_endian.o', import.meta.url));
const TAIL_CALL = 'add program samples/tail_call.o';
const COUNT = 'add program samples/xdp_count.o';
const BIND = 'add program samples/bindmonitor.o';

describe('add program', () => {
  play([
    {
      name: 'says all in JSON',
      lines: [`${TAIL_CALL} pinned=all attach=none format=json`],
      stdout:
        '{"schema":1,"platform":"windows","id":5,"programs":[{"id":5,"name":"caller","section":"sample_ext","type":"sample","mode":"jit"},' +
        '{"id":6,"name":"callee","section":"sample_ext/0","type":"sample","mode":"jit"}],"maps":[{"id":3,"name":"progress_map"},{"id":4,"name":"map"}],' +
        '"links":[],"pins":[{"path":"BPF:\\\\sample_ext","id":5},{"path":"BPF:\\\\sample_ext_0","id":6}]}\n',
    },
    { name: 'names the file that is not there', lines: ['add program nosuch.o'], stderr: 'error 2: could not open file\n', exitCode: 1 },
    {
      name: 'says what is wrong with a file',
      lines: ['add program x.o'],
      files: { 'x.o': 'text '.repeat(40) },
      stderr: 'error 22: could not open file\nerror: ELF file x.o is malformed: offset 0x0: not an ELF file\n',
      exitCode: 1,
    },
    {
      name: 'shows why a program is unsafe',
      lines: ['add program samples/printk_unsafe.o'],
      stderr: /^error 13: could not load program\nVerification failed\n[\s\S]*\n7: Invalid type \(r3\.type == number\)\n[\s\S]*\n1 errors\n$/,
      exitCode: 1,
    },
    ...(['jit', 'interpret', 'native'] as const).map((mode) => ({
      name: `refuses what is for big-endian machines, execution=${mode}`,
      lines: [`add program be.o attach=none execution=${mode}`],
      files: { 'be.o': BIG_ENDIAN },
      stderr:
        'error 22: could not load program\n' +
        'EBPF_INVALID_OBJECT: be.o is for big-endian machines, and programs run here on a little-endian one: clang -target bpfel.\n',
      exitCode: 1,
    })),
    {
      name: 'converts nothing for big-endian machines',
      lines: ['convert be.o x.wasm bind sign=no'],
      files: { 'be.o': BIG_ENDIAN },
      stderr: 'error 5: EBPF_INVALID_OBJECT: be.o is for big-endian machines, and programs run here on a little-endian one: clang -target bpfel.\n',
      exitCode: 1,
    },
    {
      name: 'tells how to load what has no hook',
      lines: ['add program samples/tc_linux.o type=socket pinned=all'],
      stderr:
        'error 6: could not attach program\nEBPF_INVALID_ARGUMENT: Program count_bytes (socket_filter) cannot be attached to anything.\n' +
        'Programs of type socket_filter have no hook here: attach=none loads them and pins them as pinned= says.\n',
      exitCode: 1,
    },
    {
      name: 'loads what has no hook where it is told to',
      lines: ['add program samples/tc_linux.o type=socket pinned=all attach=none'],
      stdout: /^Platform: linux[^\n]*\nLoaded with ID 3\n$/,
    },
    {
      name: 'leaves nothing of an unsafe program',
      lines: ['add program samples/printk_unsafe.o', 'show maps format=json'],
      stdout: '{"schema":1,"maps":[]}\n',
    },
    {
      name: 'attaches every program on request',
      lines: ['add program samples/cgroup_sock_addr.o attach=all', 'show links'],
      stdout: /^(?:.*\n){4}(?: +\d+ +\d+ {2}cgroup\/\w+\n){8}$/,
    },
    {
      name: 'attaches none on request',
      lines: [`${COUNT} attach=none`, 'show programs attached=yes format=json'],
      stdout: '{"schema":1,"programs":[]}\n',
    },
    {
      name: 'takes a failed attachment back, with all before it',
      lines: [COUNT, 'add program samples/tail_call.o attach=all', 'show programs format=json'],
      stdout: /^\{"schema":1,"programs":\[\{"id":4,[^{]*\}\]\}\n$/,
    },
    {
      name: 'says which program has the hook',
      lines: [`${COUNT} pinpath=one`, `${COUNT} pinpath=two`],
      stderr: 'error 23: could not attach program\nEBPF_EXTENSION_FAILED_TO_LOAD: Program 4 is already attached to xdp (link 5).\n',
      exitCode: 1,
    },
    {
      name: 'says which path is taken',
      lines: [`${COUNT} attach=none`, `${COUNT} attach=none`],
      stderr: 'error 17: could not pin to count_packets\nEBPF_OBJECT_ALREADY_EXISTS: BPF:\\count_packets is already pinned.\n',
      exitCode: 1,
    },
    { name: 'takes interface 0 for every interface', lines: [`${COUNT} interface=0`, 'show links format=json'], stdout: /"parameters":\{\}/ },
    {
      name: 'names the type where the section does not',
      lines: ['add program samples/bpf.o type=bind execution=interpret', 'show programs'],
      stdout: /\n {5}3 {5}1 {6}1 {2}INTERPRET {2}bind {11}func\n$/,
    },
    { name: 'numbers from where dump says', lines: [`${COUNT} at=40`], stdout: 'Loaded with ID 42\n' },
    { name: 'does not number twice', lines: [COUNT, `${COUNT} at=3`], stderr: 'error: IDs cannot begin at 3; the next free one is 6\n', exitCode: 1 },
    {
      name: 'keeps the ids of both platforms apart',
      lines: [COUNT, 'add program samples/xdp_linux.o platform=linux', 'show programs'],
      stdout: /\n {5}4 .*count_packets\n\nPlatform: linux\n[\s\S]*\n {5}7 .*drop_blocked\n$/,
    },
    { name: 'in offline mode waits for commit', lines: ['offline', COUNT, 'show programs format=json'], stdout: '{"schema":1,"programs":[]}\n' },
    { name: 'in offline mode happens at commit', lines: ['offline', COUNT, 'commit', 'show programs'], stdout: /count_packets\n$/ },
  ]);
});

describe('show programs', () => {
  const BOTH = [TAIL_CALL, 'add program samples/tc_linux.o attach=none'];
  play([
    {
      name: 'lists a type of one platform beside programs of the other',
      lines: [...BOTH, 'show programs type=sample'],
      stdout: /^\n {4}ID [^\n]*\n[^\n]*\n {5}5 [^\n]* caller\n {5}6 [^\n]* callee\n$/,
    },
    {
      name: 'lists a type of Linux',
      lines: [...BOTH, 'show programs tc'],
      stdout: /^\nPlatform: linux\n\n {4}ID [^\n]*\n[^\n]*\n {5}9 [^\n]* count_bytes\n$/,
    },
    {
      name: 'refuses a type that no platform has',
      lines: [...BOTH, 'show programs type=nonsense'],
      stderr: /^"nonsense" is not an acceptable value for type\.\nThe parameter is incorrect\.\n/,
      exitCode: 2,
    },
  ]);
});

describe('delete program and set program', () => {
  play([
    {
      name: 'names who still holds the program',
      lines: [TAIL_CALL, 'pin map 4 kept', 'pin map 3 kept3', 'delete program 6'],
      stdout: /^Program 6 is still in use by .*map 4 \(map\)/,
    },
    { name: 'an empty pin path only unpins', lines: [COUNT, 'set program 4 pinpath=""', 'show programs'], stdout: /\n {5}4 {5}0 {6}1 / },
    {
      name: 'an unknown attach type is a mistake in the line',
      lines: [COUNT, 'set program 4 nonsense'],
      stderr: /"nonsense" is not an acceptable value for attached\./,
      exitCode: 2,
    },
    {
      name: 'another type cannot be attached there',
      lines: [COUNT, 'set program 4 bind'],
      stderr: 'error 6: could not attach program\nEBPF_INVALID_ARGUMENT: Program count_packets (xdp) cannot be attached to bind.\n',
      exitCode: 1,
    },
    { name: 'no such program', lines: ['set program 4 xdp'], stderr: 'Program not found.\n', exitCode: 1 },
  ]);
});

describe('maps', () => {
  play([
    {
      name: 'are decoded by their C types',
      lines: [BIND, 'set map 4 key=7 value=1', 'show map 4'],
      stdout: '\nID: 4  Type: hash  Name: process_map\n\nkey: 7  value: {count: 1, name: [0 x 64]}\nFound 1 element\n',
    },
    {
      name: 'are bytes on request',
      lines: [BIND, 'set map 3 0 0x01020304', 'show map 3 raw=yes'],
      stdout: '\nID: 3  Type: array  Name: limits_map\n\nkey: 00 00 00 00  value: 01 02 03 04\nFound 1 element\n',
    },
    {
      name: 'are data in JSON',
      lines: [BIND, 'set map 3 0 258', 'show map 3 format=json'],
      stdout:
        '{"schema":1,"id":3,"name":"limits_map","type":"array","entries":[{"key":"00 00 00 00","values":["02 01 00 00"],"decodedKey":0,"decodedValues":[258]}],"more":false}\n',
    },
    { name: 'show one entry', lines: [BIND, 'show map 4 key=1'], stderr: 'Map 4 (process_map) has no entry with this key.\n', exitCode: 1 },
    {
      name: 'refuse a value that does not fit',
      lines: [BIND, 'set map 3 0 4294967296'],
      stderr: /^"4294967296" is not an acceptable value for value\. It is a decimal number, or 4 bytes/,
      exitCode: 2,
    },
    {
      name: 'say what the runtime refuses',
      lines: [BIND, 'set map 3 1 1'],
      stderr: 'error 6: EBPF_INVALID_ARGUMENT: Cannot update map limits_map: EBPF_INVALID_ARGUMENT.\n',
      exitCode: 1,
    },
    {
      name: 'honour noexist',
      lines: [BIND, 'set map 4 1 1', 'set map 4 1 1 flags=noexist'],
      stderr: /EBPF_OBJECT_ALREADY_EXISTS|EBPF_KEY_ALREADY_EXISTS/,
      exitCode: 1,
    },
    { name: 'lose an entry', lines: [BIND, 'set map 4 1 1', 'delete map 4 1', 'show map 4'], stdout: /Found 0 elements\n$/ },
    {
      name: 'stream maps have no entries',
      lines: ['add program samples/ringbuf.o', 'show map 3'],
      stderr: 'events is a stream (ringbuf): it has no entries.\n',
      exitCode: 1,
    },
    { name: 'no such map', lines: ['show map 3'], stderr: 'Map not found.\n', exitCode: 1 },
  ]);
});

describe('test program', () => {
  play([
    {
      name: 'names the result and shows what changed',
      lines: [COUNT, `test program 4 data=${'00'.repeat(12)}86dd6000000000000640${'00'.repeat(46)}`],
      stdout:
        /^Return value: 1 \(XDP_PASS\), duration \(average\): \d+ns\n[\s\S]*\nMap 3 \(protocol_map\):\n {2}key: 6 {2}value: \{packets: 1, bytes: 68\}\n$/,
    },
    {
      name: 'lists the first of many changes and tells where the others are',
      lines: ['add program many.o', 'test program 4'],
      files: { 'many.o': MANY },
      stdout: /\n {2}key: 19 {2}value: 20\n {2}and 10 more; "show map 3" shows the map, format=json every change\.\n$/,
    },
    {
      name: 'lists every change in JSON',
      lines: ['add program many.o', 'test program 4 format=json'],
      files: { 'many.o': MANY },
      stdout: /"decodedKey":29,"decodedValues":\[30\]/,
    },
    {
      name: 'measures short runs to a tenth of a nanosecond',
      lines: [COUNT, 'test program 4 repeat=20000'],
      stdout: /duration \(average\): (\d\d?(\.\d)?|\d{3,})ns, 20000 runs\n/,
    },
    {
      name: 'sets fields by name',
      lines: ['add program samples/cgroup_sock_addr.o', 'test program 7 fields=user_ip=10.1.2.3,user_port=0x1234'],
      stdout: /\n {2}user_ip: 10\.1\.2\.3\n {2}user_port: 4660\n/,
    },
    {
      name: 'names the field that was meant',
      lines: ['add program samples/cgroup_sock_addr.o', 'test program 7 fields=user_prt=1'],
      stderr: /bpf_sock_addr_t has no field "user_prt"\.[\s\S]*Did you mean "user_port"\?/,
      exitCode: 2,
    },
    {
      name: 'prints what the program printed',
      lines: ['add program samples/printk.o', 'test program 4 format=json'],
      stdout: /"trace":\[\{"cpu":0,"program":"func","text":"[^"]+"\}/,
    },
    {
      name: 'is followed by show trace',
      lines: ['add program samples/printk.o', 'test program 4', 'show trace lines=1'],
      stdout: /^\[0\] \d+\.\d{9} func: .+\n$/,
    },
    {
      name: 'counts lines',
      lines: [TAIL_CALL, 'test program 5 coverage=yes'],
      stdout: /\nCoverage: 18 of 27 instructions \(67%\)\n[\s\S]*\n {7}1 {6}15 {6}bpf_tail_call\(ctx, &map, 0\);\n {7}- {6}16 {6}mark = 2;\n/,
    },
    {
      name: 'counts lines of called functions, as often as they run',
      lines: ['add program samples/bpf2bpf.o', 'test program 4 coverage=yes repeat=3'],
      stdout: /\nCoverage: (\d+) of \1 instructions \(100%\)\n[\s\S]*\n {7}3 {6}24 {2}NOINLINE uint32_t level1/,
    },
    {
      name: 'refuses a processor that is not there',
      lines: [COUNT, 'test program 4 cpu=99'],
      stderr: /There is no processor 99: this machine has 4\./,
      exitCode: 1,
    },
    { name: 'no such program', lines: ['test program 4'], stderr: 'Program not found.\n', exitCode: 1 },
  ]);

  it('writes data and context to files', async () => {
    const files: Record<string, string | Uint8Array> = {};
    await last([COUNT, 'test program 4 data=0102030405060708090a0b0c0800 data_out=d.bin ctx_out=c.bin'], files);
    expect(files['d.bin']).toEqual(Uint8Array.from([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 8, 0]));
    expect((files['c.bin'] as Uint8Array).length).toBe(32);
  });
});

describe('native images and policy', () => {
  const convert = 'convert samples/xdp_count.o count.wasm';
  play([
    { name: 'run', lines: [convert, 'add program count.wasm', 'show programs'], stdout: /\n {5}4 {5}1 {6}1 {2}NATIVE {5}xdp {12}count_packets\n$/ },
    { name: 'come from an object on the fly', lines: ['add program samples/xdp_count.o execution=native', 'show programs'], stdout: /NATIVE/ },
    {
      name: 'are not interpreted',
      lines: [convert, 'add program count.wasm execution=interpret'],
      stderr: 'error 22: could not load program\nEBPF_INVALID_ARGUMENT: A native image runs as what it is: execution=native.\n',
      exitCode: 1,
    },
    {
      name: 'of unsafe programs are not made',
      lines: ['convert samples/printk_unsafe.o x.wasm'],
      stderr: /^Verification failed for func\n/,
      exitCode: 1,
    },
    {
      name: 'code integrity refuses JIT and says what to do',
      lines: ['set policy hvci=on', COUNT],
      stderr:
        'error 131: could not load program\nEBPF_BLOCKED_BY_POLICY: JIT compilation is blocked: code integrity (HVCI) is on.\n' +
        'ebpf convert samples/xdp_count.o\nmakes a signed image, which may be loaded.\n',
      exitCode: 1,
    },
    { name: 'code integrity accepts own images', lines: [convert, 'set policy hvci=on', 'add program count.wasm'], stdout: 'Loaded with ID 4\n' },
    {
      name: 'code integrity refuses unsigned images',
      lines: [`${convert} sign=no`, 'set policy hvci=on', 'add program count.wasm'],
      stderr: /^error 131: could not load program\nEBPF_BLOCKED_BY_POLICY: count\.wasm: the image is not signed\./,
      exitCode: 1,
    },
    {
      name: 'without code integrity unsigned images run under test signing',
      lines: [`${convert} sign=no`, 'add program count.wasm'],
      stdout: 'Loaded with ID 4\n',
    },
    {
      name: 'without test signing they do not',
      lines: [`${convert} sign=no`, 'set policy testsigning=off', 'add program count.wasm'],
      stderr: /EBPF_BLOCKED_BY_POLICY/,
      exitCode: 1,
    },
    {
      name: 'a release build does not interpret',
      lines: ['set policy build=release', `${COUNT} execution=interpret`],
      stderr: /EBPF_BLOCKED_BY_POLICY: Interpretation is blocked: only the debug build has it\.\nexecution=jit compiles it; ebpf convert /,
      exitCode: 1,
    },
    {
      name: 'policy is shown',
      lines: ['set policy hvci=on build=release', 'show policy format=json'],
      stdout: /"hypervisorCodeIntegrity":true,"debug":false,"testSigning":true/,
    },
    { name: 'a policy needs a word', lines: ['set policy'], stderr: /One or more essential parameters were not entered\./, exitCode: 2 },
    {
      name: 'show verification wants the object',
      lines: [convert, 'show verification count.wasm'],
      stderr: /is a native image; the object/,
      exitCode: 1,
    },
    {
      name: 'show disassembly says why there is none',
      lines: [convert, 'show disassembly count.wasm'],
      stderr: /a native image holds machine code/,
      exitCode: 1,
    },
    {
      name: 'C source is written',
      lines: ['convert samples/xdp_count.o count.c', 'convert samples/xdp_count.o count.c to=c'],
      stdout: /^Wrote count\.c: 1 program, \d+ bytes\n$/,
    },
  ]);

  it('an altered image is refused whatever the policy', async () => {
    const files: Record<string, string | Uint8Array> = {};
    await last([convert], files);
    const image = (files['count.wasm'] as Uint8Array).slice();
    // A digit of the hash in the manifest.
    const text = new TextDecoder('latin1').decode(image);
    const at = text.indexOf('"sha256":"') + 10;
    image[at] = image[at] === 0x30 ? 0x31 : 0x30;
    const { stderr, exitCode } = await last(['add program altered.wasm'], { 'altered.wasm': image });
    expect(stderr).toMatch(
      /^error 131: could not load program\nEBPF_BLOCKED_BY_POLICY: altered\.wasm, section ebpf\.signature: the image was changed after it was signed\.\nGet the image again /,
    );
    expect(exitCode).toBe(1);
  });

  it('trusts the signer that it is told to', async () => {
    const files: Record<string, string | Uint8Array> = {};
    const lines = ['set policy hvci=on', 'set policy trust=their.pem', 'add program theirs.wasm'];
    const { readImage } = await import('../../src/engine/native/image.ts');
    const pair = generateKeyPairSync('ed25519');
    await last([`${convert} sign=no`], files);
    // The same image as another signs it.
    const { signImage, SIGNATURE_SECTION } = await import('../../src/engine/native/signature.ts');
    const { customSection } = await import('../../src/engine/native/sections.ts');
    const unsigned = files['count.wasm'] as Uint8Array;
    const theirs = Uint8Array.from([...unsigned, ...customSection(SIGNATURE_SECTION, signImage(unsigned, pair.privateKey))]);
    expect(readImage(theirs, 'theirs.wasm', { accept: 'signed' }).manifest.platform).toBe('windows');
    const given = { 'theirs.wasm': theirs, 'their.pem': pair.publicKey.export({ type: 'spki', format: 'pem' }).toString() };
    expect((await last([lines[0]!, lines[2]!], given)).exitCode).toBe(1);
    expect((await last(lines, given)).stdout).toBe('Loaded with ID 4\n');
  });
});

describe('dump', () => {
  it('recreates what it was made from', async () => {
    const session = newSession();
    for (const line of [
      'ebpf',
      'interface add eth1 "Office LAN"',
      TAIL_CALL,
      'delete program 5',
      `${COUNT} interface=eth1 pinpath=counters\\one`,
      'add program samples/xdp_linux.o platform=linux',
      `${BIND} pinned=none`,
      'set map 9 6 0x00000000000000000200000000000000',
      'add program samples/map_in_map_btf.o execution=interpret attach=none',
      'set policy proof=on',
    ])
      expect((await run(session, line)).exitCode, line).toBe(0);
    const dumped = await run(session, 'dump');
    const copy = newSession({ 'state.nsh': dumped.stdout });
    const played = await run(copy, 'exec state.nsh');
    expect(played.stderr).toBe('');
    const again = await run(copy, 'ebpf dump');
    expect(again.stdout).toBe(dumped.stdout);
    for (const listing of ['show programs', 'show maps', 'show pins', 'show map 9', 'show policy']) {
      const shown = await run(copy, `ebpf ${listing}`);
      expect(shown.stdout, listing).toBe((await run(session, `ebpf ${listing}`)).stdout);
    }
  });
});

describe('what the platform offers', () => {
  play([
    {
      name: 'show helpers of a type',
      lines: ['show helpers xdp'],
      stdout: /\n 65536 {2}xdp {15}bpf_xdp_adjust_head:65536\(ctx r1, uint64_t r2\)\n$/,
    },
    { name: 'show types', lines: ['show types'], stdout: /\nsample +999 {2}sample_program_context_t {7}32\n/ },
    { name: 'show types of Linux', lines: ['show types platform=linux format=json'], stdout: /"platform":"linux"/ },
    { name: 'show helpers of no type', lines: ['show helpers nonsense'], stderr: /The parameter is incorrect\./, exitCode: 2 },
  ]);
});
