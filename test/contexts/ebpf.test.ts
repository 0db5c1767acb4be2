import { describe, expect, it } from 'vitest';
import { newSession, run } from './harness.ts';
import { BPF_CALL, BPF_TEXT, SECTION_MAPS, SECTIONS } from './listings.ts';

async function answer(line: string, files: Record<string, string | Uint8Array> = {}) {
  const session = newSession(files);
  await run(session, 'ebpf');
  return run(session, line);
}

/** A relocatable for BPF with nothing but an empty section of names. */
function emptyObject(): Uint8Array {
  const bytes = new Uint8Array(64 + 2 * 64 + 1);
  bytes.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  const view = new DataView(bytes.buffer);
  const header: readonly (readonly [offset: number, value: number])[] = [
    [16, 1],
    [18, 247],
    [20, 1],
    [40, 64],
    [52, 64],
    [58, 64],
    [60, 2],
    [62, 1],
  ];
  for (const [offset, value] of header) view.setUint16(offset, value, true);
  const names: readonly (readonly [offset: number, value: number])[] = [
    [4, 3],
    [24, 64 + 2 * 64],
    [32, 1],
  ];
  for (const [offset, value] of names) view.setUint32(64 + 64 + offset, value, true);
  return bytes;
}

describe('show sections', () => {
  const cases: readonly { line: string; stdout: string }[] = [
    { line: 'samples/bpf.o', stdout: `${SECTIONS}                         .text                      func     unspec       16\n${SECTION_MAPS}` },
    { line: 'samples/bpf.o .text', stdout: BPF_TEXT },
    { line: 'samples/bpf.o level=verbose', stdout: BPF_TEXT },
    {
      line: 'samples/bpf.o .text informational',
      stdout: `\nSection      : .text\nProgram      : func\nProgram Type : unspec\nSize         : 16 bytes\n${SECTION_MAPS}`,
    },
    {
      line: 'samples/tail_call_multiple.o',
      stdout: `${SECTIONS}                  sample_ext/0                   callee0     sample       48
                  sample_ext/1                   callee1     sample       16
                    sample_ext                    caller     sample       48
${SECTION_MAPS}        prog_array     4      4       10  map
`,
    },
    {
      line: 'samples/map_reuse.o',
      stdout: `${SECTIONS}                    sample_ext             lookup_update     sample      240
${SECTION_MAPS}      hash_of_maps     4      4        1  outer_map
             array     4      4        1  port_map
             array     4      4        1  inner_map
`,
    },
  ];
  for (const { line, stdout } of cases) {
    it(line, async () => expect(await answer(`show sections ${line}`)).toMatchObject({ stdout, stderr: '', exitCode: 0 }));
  }

  it('counts the kinds of instructions, the edges of branches and the calls', async () => {
    const { stdout } = await answer('show sections samples/droppacket_unsafe.o xdp');
    const counts = Object.fromEntries(
      stdout
        .split('\n')
        .map((line) => line.split(/ *: /))
        .filter(([, count]) => count !== undefined),
    );
    // 19 instructions in 20 slots, three conditional jumps with two edges each, entry and exit.
    expect(counts).toMatchObject({
      Instructions: '20',
      instructions: '27',
      assume: '6',
      jumps: '3',
      joins: '2',
      call_1: '1',
      load: '4',
      store: '2',
      arith: '3',
    });
  });

  it('has the JSON form that other programs read', async () => {
    expect(JSON.parse((await answer('show sections samples/map_in_map_btf.o format=json')).stdout)).toEqual({
      schema: 1,
      platform: 'windows',
      programs: [{ section: 'sample_ext', program: 'lookup', type: 'sample', bytes: 152, instructions: 19 }],
      maps: [
        { name: 'inner_map', type: 'hash', keySize: 4, valueSize: 4, maxEntries: 1 },
        { name: 'outer_map', type: 'array_of_maps', keySize: 4, valueSize: 4, maxEntries: 1 },
      ],
    });
  });
});

describe('the platform', () => {
  it('is Windows unless a section is known to Linux alone, and the output says so', async () => {
    const note = 'Platform: linux (inferred from section "tc"; platform= sets it)\n';
    expect((await answer('show sections samples/tc_linux.o')).stdout.startsWith(`${note}\n`)).toBe(true);
    expect((await answer('show disassembly samples/tc_linux.o')).stdout.startsWith(note)).toBe(true);
    expect((await answer('show verification samples/tc_linux.o')).stdout).toBe(
      `${note}Verification succeeded\nProgram terminates within 0 loop iterations\n`,
    );
    expect(JSON.parse((await answer('show sections samples/tc_linux.o format=json')).stdout)).toMatchObject({
      platform: 'linux',
      platformInferredFrom: 'tc',
    });
  });
  it('is the one asked for', async () => {
    expect((await answer('show sections samples/tc_linux.o platform=linux')).stdout).not.toContain('inferred');
    expect((await answer('show sections samples/tc_linux.o plat=w')).stdout).toContain(' unspec ');
    expect(JSON.parse((await answer('show sections samples/droppacket.o platform=linux format=json')).stdout)).toMatchObject({ platform: 'linux' });
  });
});

describe('show disassembly', () => {
  it('prints a listing with source lines', async () => {
    expect(await answer('show disassembly samples/bpf_call.o')).toMatchObject({
      exitCode: 0,
      stderr: '',
      stdout: BPF_CALL,
    });
  });
  it('titles each of several programs', async () => {
    const { stdout } = await answer('show disassembly samples/bpf2.o');
    expect(stdout.match(/^Section .*$/gm)).toEqual(['Section myprog, program func:', 'Section another, program anotherfunc:']);
    expect((await answer('show disassembly samples/bpf2.o another')).stdout).not.toContain('Section');
  });
  it('has a JSON form', async () => {
    const json = JSON.parse((await answer('show disassembly samples/bpf-d.o format=json')).stdout);
    expect(json).toMatchObject({ schema: 1, platform: 'windows', programs: [{ section: '.text', program: 'func' }] });
    expect(json.programs[0].instructions[0]).toMatchObject({
      pc: 0,
      text: expect.stringMatching(/^[rw]0 = 0$/),
      source: { line: expect.any(Number) },
    });
  });
});

describe('show verification', () => {
  const SUCCESS = 'Verification succeeded\nProgram terminates within 0 loop iterations\n';
  const good = [
    'samples/bpf.o program=func type=bind',
    'samples/bpf.o type=sample_ext',
    'samples/droppacket.o',
    'samples/map.o .text',
    'samples/printk.o',
  ];
  for (const line of good) {
    it(`${line} succeeds`, async () =>
      expect(await answer(`show verification ${line}`)).toMatchObject({ stdout: expect.stringContaining(SUCCESS), stderr: '', exitCode: 0 }));
  }

  it('shows the failed read of the unsafe dropper on its source line', async () => {
    const { stdout, stderr, exitCode } = await answer('show verification samples/droppacket_unsafe.o');
    expect(stdout).toBe('');
    expect(exitCode).toBe(1);
    expect(
      stderr.startsWith(
        'Verification failed\n\nVerification report:\n\n; ./samples/droppacket_unsafe.c:25\n;     if (ip->protocol == PROTOCOL_UDP) {\n\n2: ',
      ),
    ).toBe(true);
    expect(stderr).toContain('2: Upper bound must be at most packet_size (valid_access(r1.offset+9, width=1) for read)\n    Reads packet bytes ');
    expect(stderr).toMatch(/\n\n[1-9] errors\n\n$/);
  });

  it('titles each of several programs', async () => {
    expect((await answer('show verification samples/bpf2.o')).stdout).toBe(
      `Section myprog, program func:\n\n${SUCCESS}\nSection another, program anotherfunc:\n\n${SUCCESS}\n2 programs: 2 succeeded, 0 failed\n`,
    );
  });

  it('leaves out .text where there are other programs, unless asked', async () => {
    const sections = async (line: string) =>
      JSON.parse((await answer(`show verification ${line} format=json`)).stdout).programs.map((program: { section: string }) => program.section);
    expect(await sections('samples/droppacket_unsafe.o')).toEqual(['xdp']);
    expect(await sections('samples/droppacket_unsafe.o .text')).toEqual(['.text']);
    expect(await sections('samples/bpf.o')).toEqual(['.text']);
  });

  it('explains at level=informational', async () => {
    const { stderr } = await answer('sh ver samples/droppacket_unsafe.o xdp lev=info');
    expect(stderr).toMatch(/\n {4}[A-Z]+-\d+: (?:.+\n)+ {4}required: .+\n/);
  });

  it('gives the figures at level=verbose', async () => {
    const { stdout } = await answer('show verification samples/droppacket.o level=verbose');
    expect(stdout).toMatch(
      /\nPlatform {5}: windows\nProgram Type : xdp\nInstructions : \d+\nStates {7}: \d+\nPrecision {4}: \d+\nTime {9}: [\d.]+ ms\n$/,
    );
  });

  it('has the JSON form that other programs read', async () => {
    const { stdout, exitCode } = await answer('show verification samples/droppacket_unsafe.o format=json');
    expect(exitCode).toBe(1);
    const json = JSON.parse(stdout);
    expect(json).toMatchObject({
      schema: 1,
      platform: 'windows',
      programs: [{ section: 'xdp', program: 'DropPacket', verdict: 'rejected', instructions: 20 }],
    });
    const [program] = json.programs;
    expect(program.milliseconds).toEqual(expect.any(Number));
    expect(program.failures[0]).toMatchObject({
      id: expect.stringMatching(/^[A-Z]+-\d+$/),
      instruction: 2,
      source: { file: './samples/droppacket_unsafe.c', line: 25, text: '    if (ip->protocol == PROTOCOL_UDP) {' },
      message: expect.any(String),
      check: expect.any(String),
    });
  });
});

describe('error strings', () => {
  const cases: readonly { line: string; stderr: string; exitCode?: number }[] = [
    { line: 'show disassembly samples/bpf.o nosuchsection', stderr: 'error: Section not found\n' },
    { line: 'show disassembly nosuchfile.o', stderr: 'error: No such file or directory opening nosuchfile.o\n' },
    { line: 'show sections nosuchfile.o', stderr: 'error: No such file or directory opening nosuchfile.o\n' },
    { line: 'show verification nosuchfile.o', stderr: 'error: No such file or directory opening nosuchfile.o\n' },
    { line: 'show verification samples/bpf.o nosuchsection', stderr: 'error: Section not found\n' },
    { line: 'show verification samples/bpf.o program=nosuch', stderr: 'error: No such program nosuch\n' },
    { line: 'show sections samples/bpf2.o anohter', stderr: 'error: Section not found\nDid you mean "another"?\n' },
    { line: 'show verification samples/bpf2.o another func', stderr: 'error: No such program func\n' },
    { line: 'show verification text.o', stderr: expect.stringMatching(/^error: ELF file text\.o is malformed: [^\n]+\n$/) as unknown as string },
    {
      line: 'show verification samples/bpf.c',
      stderr:
        'error: ELF file samples/bpf.c is malformed: offset 0x0: not an ELF file\nIt is C. "clang -target bpf -O2 -g -c samples/bpf.c" makes an object of it; "ebpf watch samples/bpf.c" does so at every change.\n',
    },
    { line: 'show disassembly empty.o', stderr: 'error: No programs found\n' },
    {
      line: 'show verification samples/bpf.o prec=0',
      stderr:
        '"0" is not an acceptable value for precision.\nThe parameter is incorrect.\n  show verification samples/bpf.o prec=0\n                                       ^\n',
      exitCode: 2,
    },
    {
      line: 'show verification samples/bpf.o type=xpd',
      stderr:
        '"xpd" is not an acceptable value for type.\nDid you mean "xdp"?\nThe parameter is incorrect.\n  show verification samples/bpf.o type=xpd\n                                       ^^^\n',
      exitCode: 2,
    },
  ];
  for (const { line, stderr, exitCode = 1 } of cases) {
    it(line, async () =>
      expect(await answer(line, { 'text.o': 'this is no object', 'empty.o': emptyObject() })).toMatchObject({ stdout: '', stderr, exitCode }),
    );
  }
});
