import { describe, expect, it } from 'vitest';
import { newSession, run } from './harness.ts';

const FILES = { 'a.o': '', 'b c.o': '', 'notes.txt': '', 'dir/x.o': '', '.hidden': '' };

/** Values offered where `|` stands. */
async function offered(line: string, start = 'ebpf') {
  const session = newSession(FILES);
  await run(session, start);
  const cursor = line.indexOf('|');
  return session.complete(line.replace('|', ''), cursor);
}

async function values(line: string, start?: string) {
  return (await offered(line, start)).map((completion) => completion.value);
}

describe('completion', () => {
  it('offers words of the context and of those around it', async () => {
    expect(await values('|')).toEqual(expect.arrayContaining(['show', 'set', 'ebpf', 'bye', '..']));
    expect(await values('sh|')).toEqual(['show']);
    expect(await values('SH|')).toEqual(['show']);
    expect(await values('show |')).toEqual(expect.arrayContaining(['sections', 'verification', 'disassembly', 'alias', 'mode', 'helper']));
    expect(await values('show se|')).toEqual(['sections', 'settings']);
    expect(await values('ebpf sh sec|', '..')).toEqual(['sections']);
    expect(await values('nonsense |')).toEqual([]);
  });

  it('says what a word is and where it goes', async () => {
    expect(await offered('show sec|')).toEqual([
      { value: 'sections', label: 'sections', kind: 'command', description: 'Shows sections of an eBPF file.', start: 5, end: 8, final: true },
    ]);
    expect((await offered('ebp|'))[0]).toMatchObject({ kind: 'context', description: "Changes to the `netsh ebpf' context." });
    expect((await offered('sho|'))[0]).toMatchObject({ kind: 'group', description: 'Displays information.' });
  });

  it('offers aliases', async () => {
    const session = newSession();
    await run(session, 'alias sections ebpf show sections');
    expect(await session.complete('se', 2)).toEqual(
      expect.arrayContaining([expect.objectContaining({ value: 'sections', kind: 'alias', description: 'ebpf show sections' })]),
    );
  });

  it('offers files for the first tag, objects first, then tags', async () => {
    const all = await values('show sections |');
    expect(all.slice(0, 4)).toEqual(['a.o', '"b c.o"', 'dir/', 'notes.txt']);
    expect(all.slice(4)).toEqual(['filename=', 'section=', 'level=', 'platform=', 'format=']);
    expect(await values('show sections dir/|')).toEqual(['dir/x.o']);
    expect(await values('show sections .|')).toEqual(['.hidden']);
    expect((await offered('show sections di|'))[0]).toMatchObject({ kind: 'directory', final: false });
  });

  it('offers tags that are not given yet', async () => {
    expect(await values('show sections a.o |')).not.toContain('filename=');
    expect(await values('show sections x.o le|')).toEqual(['level=']);
    expect(await values('show sections x.o level=normal le|')).toEqual([]);
  });

  it('offers values behind an equals sign', async () => {
    expect(await values('show sections x.o level=|')).toEqual(['level=normal', 'level=informational', 'level=verbose']);
    expect(await values('show sections x.o lev=i|')).toEqual(['lev=informational']);
    expect(await values('show sections file=d|')).toEqual(['file=dir/']);
    expect(await values('show sections x.o colour=|')).toEqual([]);
  });

  it('offers sections and programs of the object', async () => {
    expect(await values('show sections samples/bpf2.o |')).toEqual(expect.arrayContaining(['myprog', 'another']));
    expect(await values('show disassembly samples/bpf2.o section=a|')).toEqual(['section=another']);
    expect(await values('show disassembly samples/bpf2.o another program=|')).toEqual(['program=anotherfunc']);
    expect(await values('show disassembly nosuchfile.o section=|')).toEqual([]);
  });

  it('offers what is loaded, pinned and plugged in, with what it is', async () => {
    const session = newSession();
    await run(session, 'ebpf add program samples/droppacket.o pinned=all');
    const offered = async (line: string) => (await session.complete(line, line.length)).map(({ value, description }) => `${value}: ${description}`);
    const programs = await offered('ebpf delete program ');
    expect(programs[0]).toMatch(/^\d+: DropPacket \(xdp, JIT\)$/);
    const id = programs[0]!.split(':')[0]!;
    for (const line of ['test program ', 'set program id=', 'pin program ', 'show programs id=']) {
      const [first] = (await session.complete(`ebpf ${line}`, `ebpf ${line}`.length)).filter(({ label }) => label === id);
      expect(first, line).toBeDefined();
    }
    expect((await offered('ebpf show map '))[0]).toMatch(/^\d+: dropped_packet_map \(array, 1 entries\)$/);
    expect(await offered('ebpf unpin program 1 ')).toContainEqual(expect.stringMatching(/^BPF:\\xdp: program \d+$/));
    expect(await offered('ebpf add program x.o interface=loop')).toEqual(['interface=loopback_0: Loopback Pseudo-Interface 1']);
    expect(await offered('interface show loop')).toContainEqual('loopback_0: Loopback Pseudo-Interface 1');
  });

  it('offers program types', async () => {
    expect(await values('show verification x.o type=xd|')).toEqual(['type=xdp']);
    expect(await values('show verification x.o platform=linux type=sched|')).toEqual(expect.arrayContaining(['type=sched_cls']));
  });
});

describe('hints', () => {
  const usage =
    'show sections [filename=]<string> [[section=]<string>] [[level=]normal|informational|verbose] [platform=windows|linux] [format=text|json]';
  const cases: readonly { line: string; hint: { usage: string; text?: string; tag?: string } | undefined }[] = [
    { line: '', hint: undefined },
    { line: 'nonsense', hint: undefined },
    { line: 'show sections', hint: { usage, text: 'Shows sections of an eBPF file.' } },
    { line: 'show sections ', hint: { usage, tag: 'filename' } },
    { line: 'show sections x.o', hint: { usage, tag: 'filename' } },
    { line: 'show sections x.o ', hint: { usage, tag: 'section' } },
    { line: 'show sections x.o lev=', hint: { usage, tag: 'level' } },
  ];
  for (const { line, hint } of cases) {
    it(line || '(nothing)', async () => {
      const session = newSession();
      await run(session, 'ebpf');
      const got = await session.helpAt(line, line.length);
      if (hint) expect(got).toMatchObject(hint);
      else expect(got).toBeUndefined();
    });
  }
});
