import { chmodSync, existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ebpfsh, startEbpfsh } from './bin.ts';
import { folder, PROGRAMS, play } from './netsh-play.ts';

describe('what outlives the process', () => {
  play([
    {
      name: 'entries of maps, and what programs change in them',
      steps: [
        { run: 'add program samples/xdp_count.o', stdout: 'Loaded with ID 4\n' },
        { run: 'interface set 1 generate=7', stdout: /^Received {5}: 7 packets/ },
        { run: 'show map 3 key=17', stdout: /\nkey: 17 {2}value: \{packets: 7, bytes: \d+\}\n/ },
        { run: 'set map 3 17 0x00', stderr: /is not an acceptable value for value/, exitCode: 2 },
        { run: 'set map 3 key=1 value=0x01000000000000000200000000000000', stdout: 'Ok.\n' },
        { run: 'interface set 1 generate=1', stdout: /^Received {5}: 1 packets/ },
        { run: 'show map 3 key=17', stdout: /packets: 8/ },
        { run: 'show map 3 key=1', stdout: /value: \{packets: 1, bytes: 2\}/ },
      ],
    },
    {
      name: 'native programs, the policy and interfaces',
      steps: [
        { run: 'convert samples/xdp_count.o {folder}/count.wasm', stdout: /^Wrote / },
        { run: 'set policy hvci=on', stdout: 'Ok.\n' },
        { run: 'add program samples/xdp_count.o', stderr: /^error 131: could not load program\nEBPF_BLOCKED_BY_POLICY: /, exitCode: 1 },
        { run: 'interface add eth1', stdout: 'Ok.\n' },
        { run: 'add program {folder}/count.wasm interface=eth1', stdout: /^Loaded with ID \d+\n$/ },
        { run: 'show programs', stdout: / NATIVE {5}xdp {12}count_packets\n$/ },
        { run: 'interface set eth1 generate=3', stdout: /\n {2}XDP_PASS {3}: 3\n$/ },
      ],
    },
    {
      name: 'what programs printed',
      steps: [
        { run: 'add program samples/printk.o', stdout: 'Loaded with ID 4\n' },
        { run: 'test program 4', stdout: /^\[0\] \d+\.\d{9} func: / },
        { run: 'show trace', stdout: /^\[0\] \d+\.\d{9} func: .+\n/ },
      ],
    },
    {
      name: 'Linux programs beside those of Windows',
      steps: [
        { run: 'add program samples/xdp_linux.o platform=linux', stdout: /^Loaded with ID \d+\n$/ },
        { run: 'show programs', stdout: /^\nPlatform: linux\n\n[\s\S]+drop_blocked\n$/ },
        { run: 'add program samples/xdp_count.o', stdout: /^Loaded with ID \d+\n$/ },
        { run: 'show programs', stdout: /count_packets\n\nPlatform: linux\n\n[\s\S]+drop_blocked\n$/ },
      ],
    },
    {
      name: 'not what is neither pinned nor attached',
      steps: [
        { run: ['add program samples/xdp_count.o attach=none pinned=none', 'show programs'], stdout: /count_packets\n$/ },
        { run: 'show programs', stdout: PROGRAMS },
      ],
    },
  ]);

  it('the signing key is private to the user', () => {
    const store = join(folder, 'keys-store');
    ebpfsh(['convert', 'samples/bpf.o', join(folder, 'key.wasm'), 'bind'], { env: { EBPFSH_STORE: store } });
    const key = join(store, 'keys/signing.pem');
    expect(existsSync(key)).toBe(true);
    if (process.platform !== 'win32') expect(statSync(key).mode & 0o077).toBe(0);
  });

  it('one user trusts the images of another', () => {
    const [theirs, mine] = [{ env: { EBPFSH_STORE: join(folder, 'their-store') } }, { env: { EBPFSH_STORE: join(folder, 'my-store') } }];
    const image = join(folder, 'shared.wasm');
    expect(ebpfsh(['ebpf', 'convert', 'samples/xdp_count.o', image], theirs).exitCode).toBe(0);
    const key = ebpfsh(['ebpf show key'], theirs).stdout;
    expect(key).toMatch(/^-----BEGIN PUBLIC KEY-----\n[\w+/=]+\n-----END PUBLIC KEY-----\n$/);
    writeFileSync(join(folder, 'their.pem'), key);
    expect(ebpfsh(['ebpf set policy hvci=on'], mine).exitCode).toBe(0);
    expect(ebpfsh(['ebpf', 'add', 'program', image], mine).stderr).toMatch(/signed by [\da-f]{64}, which is not among the trusted keys\./);
    expect(ebpfsh(['ebpf', 'set', 'policy', `trust=${join(folder, 'their.pem')}`], mine).stdout).toBe('Ok.\n');
    expect(ebpfsh(['ebpf', 'add', 'program', image], mine)).toMatchObject({ stdout: 'Loaded with ID 4\n', stderr: '', exitCode: 0 });
    expect(
      readFileSync(join(folder, 'my-store/keys', `${JSON.parse(ebpfsh(['ebpf show key format=json'], theirs).stdout).thumbprint}.pub`), 'utf8'),
    ).toBe(key);
  });

  it('every file of the store is private to the user', () => {
    const store = join(folder, 'private-store');
    const env = { EBPFSH_STORE: store };
    for (const line of [
      'ebpf convert samples/xdp_count.o {folder}/p.wasm',
      'ebpf add program samples/printk.o',
      'ebpf test program 4',
      'interface add eth1',
    ])
      expect(ebpfsh([line.replace('{folder}', folder)], { env }).exitCode, line).toBe(0);
    const names = readdirSync(store, { recursive: true, encoding: 'utf8' }) as string[];
    expect(names.sort()).toEqual(expect.arrayContaining(['keys/signing.pem', 'keys/store.key', 'trace', 'windows/manifest']));
    if (process.platform !== 'win32') for (const name of names) expect([name, statSync(join(store, name)).mode & 0o077]).toEqual([name, 0]);
  });

  it.skipIf(process.platform === 'win32')('keys that others can read are refused, and keys that are damaged', () => {
    const store = join(folder, 'open-keys');
    const env = { EBPFSH_STORE: store };
    const convert = ['ebpf', 'convert', 'samples/bpf.o', join(folder, 'k.wasm'), 'bind'];
    for (const line of [convert, ['ebpf add program samples/xdp_count.o']]) expect(ebpfsh(line, { env }).exitCode).toBe(0);
    const [signing, seal] = ['signing.pem', 'store.key'].map((name) => join(store, 'keys', name)) as [string, string];
    chmodSync(signing, 0o640);
    expect(ebpfsh(convert, { env })).toEqual({
      stdout: '',
      stderr: `error: the signing key ${signing} is open to other users; chmod 600 closes it, and if they may have read it, delete it\n`,
      exitCode: 1,
    });
    chmodSync(signing, 0o600);
    writeFileSync(signing, 'no key');
    expect(ebpfsh(convert, { env }).stderr).toBe(`error: the signing key ${signing} is damaged; delete it and convert again\n`);
    chmodSync(seal, 0o604);
    expect(ebpfsh(['ebpf show programs'], { env }).stderr).toMatch(/^error: the store key .*store\.key is open to other users; chmod 600 closes it/);
    chmodSync(seal, 0o600);
    writeFileSync(seal, Buffer.alloc(32));
    expect(ebpfsh(['ebpf show programs'], { env }).stderr).toMatch(
      /manifest: its seal is wrong: it was altered, or written under the key of another user/,
    );
    writeFileSync(seal, 'short');
    expect(ebpfsh(['ebpf show programs'], { env }).stderr).toMatch(
      /^error: the store key .*store\.key is damaged; delete it, then: ebpf repair store\n$/,
    );
  });

  it('a damaged store says so, and what to do', () => {
    const store = join(folder, 'damaged-store');
    const env = { EBPFSH_STORE: store };
    expect(ebpfsh(['add program samples/xdp_count.o'], { env }).exitCode).toBe(0);
    const manifest = join(store, 'windows/manifest');
    const text = readFileSync(manifest, 'utf8');
    writeFileSync(manifest, text.replace('"generation":1', '"generation":7'));
    const { stderr, exitCode } = ebpfsh(['show programs'], { env });
    expect(stderr).toMatch(
      /^error: the store cannot be used: .*manifest: its checksum is wrong\nebpf repair store sets it aside and keeps what is intact\.\n/,
    );
    expect(exitCode).toBe(1);
    writeFileSync(manifest, text);
    expect(ebpfsh(['show programs'], { env }).stdout).toContain('count_packets');
    expect(ebpfsh(['repair store'], { env }).stdout).toBe(`windows: ${join(store, 'windows')} is intact: 1 program, 1 map, 1 link, 1 pin\n`);
    writeFileSync(manifest, text.replace(/^ebpfsh store \d+/, 'ebpfsh store 99'));
    const foreign = ebpfsh(['show programs'], { env });
    expect(foreign.stderr).toMatch(/the store was written in format 99, this program knows format \d+\nUse the version of ebpfsh that wrote it/);
    const repaired = ebpfsh(['repair store'], { env });
    expect(repaired.stderr).toMatch(/^windows: .*manifest: the store was written in format 99/);
    const copy =
      /^windows: set aside as (.+)\nwindows: kept 0 programs, 0 maps, 0 links, 0 pins\nwindows: policy and interfaces are those of a new machine\n$/.exec(
        repaired.stdout,
      )?.[1];
    expect(readFileSync(join(copy!, 'manifest'), 'utf8')).toMatch(/^ebpfsh store 99 /);
    expect(ebpfsh(['show programs'], { env })).toEqual({ stdout: PROGRAMS, stderr: '', exitCode: 0 });
  });

  it.skipIf(!existsSync('/proc/self'))('a directory that cannot be made says so', () => {
    const { stderr, exitCode } = ebpfsh(['ebpf show programs'], { env: { EBPFSH_STORE: '/proc/no/such' } });
    expect(stderr).toMatch(/^error: the store cannot be used: \/proc\/no\/such\/windows: ENOENT: .*\nEBPFSH_STORE selects another directory\.\n$/);
    expect(exitCode).toBe(1);
  });

  it('half a line of the trace does not swallow the next', () => {
    const store = join(folder, 'trace-store');
    const env = { EBPFSH_STORE: store };
    for (const line of ['ebpf add program samples/printk.o', 'ebpf test program 4']) expect(ebpfsh([line], { env }).exitCode, line).toBe(0);
    const path = join(store, 'trace');
    writeFileSync(path, `${readFileSync(path, 'utf8')}["12`);
    expect(ebpfsh(['ebpf test program 4'], { env }).exitCode).toBe(0);
    expect(ebpfsh(['ebpf show trace'], { env }).stdout).toMatch(/^(?:\[0\] \d+\.\d{9} func: .+\n){4}$/);
  });

  it('four processes adding and deleting at the same time end in a consistent state', async () => {
    const store = join(folder, 'busy-store');
    const env = { ...process.env, EBPFSH_STORE: store };
    const say = (line: string) =>
      new Promise<string>((resolve, reject) => {
        const child = startEbpfsh([line], env);
        let output = '';
        child.stdout.on('data', (chunk) => {
          output += chunk;
        });
        child.on('exit', (code) => (code === 0 ? resolve(output) : reject(new Error(`${line}: exit code ${code}`))));
      });
    const kept: number[] = [];
    await Promise.all(
      [0, 1, 2, 3].map(async (worker) => {
        for (let turn = 0; turn < 4; turn++) {
          const loaded = await say(`ebpf add program samples/bpf.o type=bind attach=none pinpath=w${worker}\\${turn}`);
          const id = Number(/^Loaded with ID (\d+)\n$/.exec(loaded)?.[1]);
          if (turn % 2 === 0) kept.push(id);
          else expect(await say(`ebpf delete program ${id}`)).toBe(`Unpinned ${id} from BPF:\\w${worker}\\${turn}\n`);
        }
      }),
    );
    const shown = JSON.parse(ebpfsh(['show programs format=json'], { env: { EBPFSH_STORE: store } }).stdout) as {
      programs: { id: number; pins: number }[];
    };
    expect(new Set(kept).size).toBe(8);
    expect(shown.programs.map(({ id, pins }) => [id, pins])).toEqual(kept.sort((a, b) => a - b).map((id) => [id, 1]));
    expect(readdirSync(join(store, 'windows')).sort()).toEqual(['manifest', 'maps', 'objects']);
    expect(ebpfsh(['repair store'], { env: { EBPFSH_STORE: store } }).stdout).toMatch(/ is intact: 8 programs, 0 maps, 0 links, 8 pins\n$/);
  }, 120_000);
});
