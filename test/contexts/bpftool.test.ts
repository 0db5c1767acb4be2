import { describe, expect, it } from 'vitest';
import { parseNumber } from '../../contexts/bpftool/grammar.ts';
import { hexLines, hexTable } from '../../contexts/bpftool/hex.ts';
import { type Json, prettyJson } from '../../contexts/bpftool/json.ts';
import { takeOptions } from '../../contexts/bpftool/options.ts';
import { machineOf } from '../../contexts/runtime.ts';
import type { Session } from '../../contexts/session.ts';
import { PerfEventArrayMap } from '../../src/runtime/maps/perf-event-array.ts';
import { newSession, run } from './harness.ts';

/** A session in the context, after some lines that must succeed. */
async function prepared(lines: readonly string[], files: Record<string, string | Uint8Array> = {}): Promise<Session> {
  const session = newSession(files);
  for (const line of ['bpftool', ...lines]) expect(await run(session, line)).toMatchObject({ exitCode: 0, stdout: '', stderr: '' });
  return session;
}

describe('the bpftool context', () => {
  it('has its own prompt and leaves netsh its words', async () => {
    const session = await prepared([]);
    expect(session.prompt).toBe('netsh bpftool>');
    expect((await run(session, 'p')).stdout).toBe('');
    expect((await run(session, '?')).stdout).toContain('prog           - Lists, loads, pins, runs and dumps programs.\n');
    expect((await run(session, 'help')).stdout).toMatch(/^Usage: bpftool \[OPTIONS\]/);
    for (const line of ['prog ?', 'prog help', 'prog h', 'p show ?']) expect((await run(session, line)).stdout).toMatch(/^Usage: bpftool prog/);
    expect((await run(session, 'show mode')).stdout).toBe('online\n');
    await run(session, '..');
    expect(session.prompt).toBe('netsh>');
    expect((await run(session, 'bpftool ?')).stdout).toContain('Commands in this context:\nbatch ');
  });

  it('maps of Windows have no flags', async () => {
    const session = await prepared([]);
    const { stderr, stdout, exitCode } = await run(session, 'map create f type hash key 4 value 4 entries 2 name f flags 1');
    expect([`${stdout}${stderr}`, exitCode === 0]).toEqual([expect.stringContaining('map create failed: Invalid argument'), false]);
  });

  it('takes words as they are', async () => {
    const session = await prepared(['map create "my map" type hash key 1 value 1 entries 2 name a=b']);
    expect((await run(session, 'map show name a=b')).stdout).toBe('2: hash  name a=b  flags 0x0\n\tkey 1B  value 1B  max_entries 2\n');
    expect((await run(session, '-f map show pinned "my map"')).stdout).toContain('\n\tpinned BPF:\\my map\n');
  });

  it('queues push, peek and pop', async () => {
    const session = await prepared([
      'map create q type queue key 0 value 2 entries 2 name q',
      'map push name q value 1 2',
      'map enqueue name q value 3 4',
    ]);
    expect((await run(session, 'map peek name q')).stdout).toBe('value: 01 02\n');
    expect((await run(session, '-j map pop name q')).stdout).toBe('{"key":[],"value":["0x01","0x02"]}\n');
    expect((await run(session, 'map dequeue name q')).stdout).toBe('value: 03 04\n');
    expect(await run(session, 'map pop name q')).toMatchObject({ stdout: 'Error: empty map\n', exitCode: 254 });
    expect(await run(session, 'map push name q key 1 value 1 2')).toMatchObject({ stderr: 'Error: unnecessary key\n', exitCode: 255 });
  });

  it('gives every processor the same value', async () => {
    const session = await prepared(['map create c type percpu_array key 4 value 1 entries 1 name c', 'map update name c key 0 0 0 0 value 9']);
    expect((await run(session, 'map dump name c')).stdout).toBe(
      `key:\n00 00 00 00\n${[0, 1, 2, 3].map((cpu) => `value (CPU 0${cpu}): 09\n`).join('')}Found 1 element\n`,
    );
    const [entry] = JSON.parse((await run(session, '-j map dump name c')).stdout) as { values: unknown[] }[];
    expect(entry!.values[3]).toEqual({ cpu: 3, value: ['0x09'] });
  });

  it('puts maps into maps by reference', async () => {
    const session = await prepared([
      'map create inner type hash key 4 value 4 entries 1 name inner',
      'map create outer type array_of_maps key 4 value 4 entries 2 name outer inner_map name inner',
      'map update name outer key 1 0 0 0 value pinned inner',
    ]);
    expect((await run(session, 'map dump name outer')).stdout).toBe('key: 01 00 00 00  value: 02 00 00 00\nFound 1 element\n');
    expect(await run(session, 'map update name outer key 0 0 0 0 value id 99')).toMatchObject({
      stderr: 'Error: get map by id (99): No such file or directory\n',
      exitCode: 255,
    });
  });

  it('tells apart what is meant', async () => {
    const session = await prepared([
      'map create a type hash key 1 value 1 entries 1 name twin',
      'map create b type hash key 1 value 1 entries 1 name twin',
      'map freeze pinned b',
      'prog load samples/droppacket.o prog',
    ]);
    expect((await run(session, 'map show name twin')).stdout.match(/name twin/g)).toHaveLength(2);
    expect((await run(session, 'map dump name twin')).stdout).toMatch(/^2: hash .*\nFound 0 elements\n\n3: hash .*\nFound 0 elements\n$/);
    expect(await run(session, 'map pin name twin c')).toMatchObject({ stderr: 'Error: several maps match this handle\n', exitCode: 255 });
    expect(await run(session, 'map update pinned b key 1 value 1')).toMatchObject({ stderr: 'Error: update failed: Operation not permitted\n' });
    expect(await run(session, 'map show pinned prog')).toMatchObject({ stderr: 'Error: incorrect object type: prog\n' });
    expect(await run(session, 'map pin id 2 b')).toMatchObject({ stderr: `Error: can't pin the object (b): File exists\n` });
    expect(await run(session, 'map pin id 2 C:\\x')).toMatchObject({ stderr: `Error: can't pin the object (C:\\x): Invalid argument\n` });
  });

  it('leaves nothing behind where a load cannot be pinned', async () => {
    const session = await prepared(['map create taken type hash key 1 value 1 entries 1 name m']);
    expect(await run(session, 'prog load samples/droppacket.o new pinmaps x type xdp')).toMatchObject({ exitCode: 0, stderr: '' });
    expect(await run(session, 'prog load samples/droppacket.o taken')).toMatchObject({
      stderr: 'Error: failed to pin program xdp: File exists\n',
      exitCode: 255,
    });
    expect(await run(session, 'prog load samples/droppacket.o other pinmaps x')).toMatchObject({
      stderr: 'Error: failed to pin all maps: File exists\n',
      exitCode: 255,
    });
    expect((await run(session, 'prog show')).stdout.match(/name DropPacket/g)).toHaveLength(1);
  });

  it('prints events until it is cancelled', async () => {
    const session = await prepared([
      'map create ev type perf_event_array key 0 value 0 entries 4096 name ev',
      'map create h type hash key 1 value 1 entries 1 name h',
    ]);
    const machine = machineOf({ session, host: session.host });
    await machine.transaction(() => {
      const map = machine.runtimes()[0]!.maps()[0]!;
      if (map instanceof PerfEventArrayMap) map.write(Uint8Array.of(1, 2, 255));
    });
    const cancel = new AbortController();
    let stdout = '';
    const outcome = session.execute('map event_pipe name ev', {
      signal: cancel.signal,
      write: (text, stream) => {
        if (stream !== 'stdout') return;
        stdout += text;
        cancel.abort();
      },
    });
    expect(await outcome).toEqual({ exitCode: 1 });
    expect(stdout).toMatch(/^== @\d+\.\d{9} CPU: 0 index: 0 =====\n01 02 ff\n$/);
    expect(await run(session, 'map event_pipe name h')).toMatchObject({ stderr: 'Error: map is not a perf event array\n', exitCode: 255 });
  });

  it('stops batches that name themselves', async () => {
    const session = await prepared([], { loop: 'batch file loop\n' });
    expect(await run(session, 'batch file loop')).toMatchObject({
      stderr: 'Error: batch files are nested more than 8 deep at loop\n',
      exitCode: 255,
    });
    expect(await run(session, 'batch file none')).toMatchObject({
      stderr: `Error: Can't open file (none): No such file or directory\n`,
      exitCode: 255,
    });
  });
});

describe('completion of bpftool lines', () => {
  const cases: readonly (readonly [line: string, labels: readonly string[]])[] = [
    ['', ['prog', 'map']],
    ['pr', ['prog']],
    ['prog ', ['show', 'list', 'dump', 'pin', 'load', 'loadall', 'run', 'help']],
    ['prog l', ['list', 'load', 'loadall']],
    ['map show ', ['id', 'name', 'pinned']],
    ['map show name ', ['flows']],
    ['map show pinned ', ['BPF:\\f']],
    ['map show id ', ['2']],
    ['map update id 2 k', ['key']],
    ['map create f ', ['type', 'name', 'key', 'value', 'entries', 'flags', 'inner_map', 'platform']],
    ['map create f type hash e', ['entries']],
    ['net attach x', ['xdp', 'xdpgeneric', 'xdpdrv', 'xdpoffload']],
    ['prog load ob', ['object.o']],
    ['-j -', ['--json', '--pretty', '--debug', '--bpffs', '--legacy', '--mapcompat', '--nomount', '--help', '--version']],
  ];
  for (const [line, labels] of cases) {
    it(`"${line}"`, async () => {
      const session = await prepared(['map create f type hash key 1 value 1 entries 1 name flows'], { 'object.o': '' });
      const offered = (await session.complete(line, line.length)).map(({ label }) => label);
      for (const label of labels) expect(offered).toContain(label);
      if (line !== '') expect(offered).toHaveLength(labels.length);
    });
  }
});

describe('forms', () => {
  it('reads numbers as strtoul does', () => {
    const cases: readonly (readonly [string, number | undefined])[] = [
      ['0', 0],
      ['10', 10],
      ['0x1F', 31],
      ['010', 8],
      ['08', undefined],
      ['-1', undefined],
      ['', undefined],
      ['1x', undefined],
      ['4294967295', 0xffff_ffff],
      ['4294967296', undefined],
    ];
    for (const [text, value] of cases) expect(parseNumber(text), text).toBe(value);
  });

  it('lays out bytes', () => {
    const bytes = Uint8Array.from({ length: 18 }, (_, index) => index + 0x40);
    expect(hexLines(bytes)).toBe('40 41 42 43 44 45 46 47  48 49 4a 4b 4c 4d 4e 4f\n50 51');
    expect(hexTable(bytes)).toBe(`0000000\t4041 4243 4445 4647 4849 4a4b 4c4d 4e4f | @ABCDEFG HIJKLMNO\n0000010\t5051 ${' '.repeat(35)}| PQ\n`);
  });

  it('lays out JSON', () => {
    const cases: readonly (readonly [Json, string])[] = [
      [null, 'null'],
      [[], '[]'],
      [{}, '{}'],
      [[1, 2], '[1,2\n]'],
      [{ a: [], b: 'x' }, '{\n    "a": [],\n    "b": "x"\n}'],
      [[{ a: 1 }, { b: [true] }], '[{\n        "a": 1\n    },{\n        "b": [true\n        ]\n    }\n]'],
    ];
    for (const [value, text] of cases) expect(prettyJson(value)).toBe(text);
  });

  it('takes options from wherever they stand', () => {
    expect(takeOptions(['-jd', 'prog', 'show', '--pretty', '-x'])).toMatchObject({
      options: { json: true, debug: true, pretty: true },
      rest: ['prog', 'show', '-x'],
    });
    expect(takeOptions(['prog', 'run', 'data_out', '-']).rest).toEqual(['prog', 'run', 'data_out', '-']);
    expect(() => takeOptions(['-x', 'prog'])).toThrow(`unrecognized option '-x'`);
  });
});

describe('what bpftool does on Linux alone', () => {
  const lines = ['btf list', 'cgroup tree', 'feature probe', 'gen skeleton x.o', 'iter pin x.o y', 'perf list', 'struct_ops show'];
  const verbs = ['prog attach id 1 xdp', 'prog detach id 1 xdp', 'prog profile id 1 cycles', 'prog tracelog'];
  for (const line of [...lines, ...verbs]) {
    it(`${line} is refused in one line, with what there is instead`, async () => {
      const session = newSession();
      const { stdout, stderr, exitCode } = await run(session, `bpftool ${line}`);
      expect({ stdout, exitCode }).toEqual({ stdout: '', exitCode: 255 });
      expect(stderr).toMatch(/^Error: '[a-z_]+(?: [a-z]+)?' needs a Linux kernel(?:; here, "[^\n]+)?\n$/);
      // Whatever it recommends exists.
      for (const [, words] of stderr.matchAll(/"([^"]+)"/g)) {
        const typed = words!.split(' ').filter((word) => word === word.toLowerCase() && !word.includes('='));
        expect(await session.resolveWords(typed), words).toMatchObject({ kind: 'command' });
      }
    });
  }
});
