import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Session } from '../../contexts/session.ts';
import { corpusPath, reportSkipped } from '../corpus.ts';
import { newSession, run } from './harness.ts';

const UNSAFE = 'ebpf debug verification samples/droppacket_unsafe.o';

async function debug(line = UNSAFE, files: Record<string, string | Uint8Array> = {}): Promise<Session> {
  const session = newSession(files);
  const { stderr } = await run(session, line);
  expect(stderr).toBe('');
  return session;
}

async function lines(session: Session, ...commands: readonly string[]): Promise<string> {
  let text = '';
  for (const command of commands) {
    const { stdout, stderr } = await run(session, command);
    text += stdout + stderr;
  }
  return text;
}

async function json(session: Session, command: string) {
  const { stdout } = await run(session, `${command} format=json`);
  return JSON.parse(stdout);
}

describe('going along the path', () => {
  it('goes by lines, events and changes', async () => {
    const session = await debug();
    expect(await json(session, 'step by=line')).toMatchObject({ steps: [{ pc: 1 }], atEnd: false });
    expect(await json(session, 'step by=event')).toMatchObject({ steps: [{ pc: 2 }] });
    expect(await json(session, 'back by=change:r1.type')).toMatchObject({ steps: [{ pc: 1 }], atStart: false });
    expect(await json(session, 'back 5 by=line')).toMatchObject({ steps: [{ pc: 0 }], atStart: true });
    expect(await lines(session, 'step by=week')).toContain('It is one of: insn, line, event, change:<place>.');
  });

  it('continues to breakpoints and watchpoints, both ways', async () => {
    const session = await debug();
    expect(await lines(session, 'break failure', 'break 3 if must r2 == 17', 'watch packet')).toBe(
      'Breakpoint 1: failure\nBreakpoint 2: 3 if must r2 == 17\nWatchpoint 3: packet, now: nothing known\n',
    );
    expect(await lines(session, 'show breakpoints')).toBe('  1. break failure\n  2. break 3 if must r2 == 17\n  3. watch packet\n');
    expect(await json(session, 'continue')).toMatchObject({ went: 2, hits: [{ number: 1 }], step: { pc: 2 } });
    expect(await lines(session, 'continue')).toMatch(/^Watchpoint 3: packet: at least 10 bytes \(was nothing known\)\n/);
    expect(await json(session, 'rcontinue')).toMatchObject({ hits: [{ number: 1 }, { number: 3 }], step: { pc: 2 } });
    expect(await lines(session, 'delete break 1', 'delete break 9')).toBe('1 breakpoint is deleted.\nThere is no breakpoint 9.\n');
    expect(await lines(session, 'delete break', 'show breakpoints')).toBe('2 breakpoints are deleted.\nThere are no breakpoints.\n');
    expect(await lines(session, 'continue')).toMatch(/The path ends here\.\n$/);
    expect(await lines(session, 'rcontinue')).toMatch(/The path begins here\.\n$/);
  });

  it('refuses breakpoints that name nothing', async () => {
    const session = await debug();
    expect(await lines(session, 'break 99')).toBe('The program has no such place: 99.\n');
    expect(await lines(session, 'break line 999')).toBe('The program has no such place: line 999.\n');
    expect(await lines(session, 'break soon')).toContain('"soon" is not an acceptable value for place.');
    expect(await lines(session, 'watch r6.size')).toContain('"r6.size" is not an acceptable value for what.');
  });

  it('goes to failures, functions, bookmarks and culprits', async () => {
    const session = await debug();
    expect(await json(session, 'goto failure 2')).toMatchObject({ step: { pc: 4 } });
    expect(await json(session, 'goto function DropPacket')).toMatchObject({ step: { pc: 0 } });
    expect(await lines(session, 'goto function nobody')).toBe('There is no function nobody.\n');
    await lines(session, 'goto 3', 'bookmark here the first branch');
    expect(await json(session, 'bookmarks')).toMatchObject({
      bookmarks: [{ name: 'here', note: 'the first branch', instruction: 3, current: true }],
    });
    await lines(session, 'goto start');
    expect(await lines(session, 'diff here')).toContain('From before instruction 3 to before instruction 0:\n');
    expect(await json(session, 'goto bookmark here')).toMatchObject({ step: { pc: 3 } });
    expect(await lines(session, 'goto bookmark there')).toBe('There is no bookmark there; "bookmarks" lists them.\n');
    expect(await lines(session, 'goto next widening')).toBe('There is no widening ahead on this path.\n');
    expect(await json(session, 'failure 1')).toMatchObject({ step: { pc: 2 } });
    expect(await lines(session, 'goto culprit')).toBe('There is no such point: Nothing on this path checks it.\n');
  });
});

describe('what if', () => {
  it('measures the failure and finds enough to assume', async () => {
    const session = await debug();
    expect(await json(session, 'distance')).toMatchObject({
      id: 'PKT-01',
      margin: '10 bytes missing',
      sufficient: [{ text: 'packet >= 10', pc: 2, outcome: 'gone' }],
    });
    expect(await lines(session, 'assume packet >= 26 at 1')).toContain('The program passes.\n');
    expect(await lines(session, 'undo')).toContain('2 checks fail.\n');
  });

  it('takes a register to hold anything', async () => {
    const session = await debug('ebpf debug verification samples/droppacket.o');
    const before = await lines(session, 'havoc r0 at 0');
    expect(before).toContain('  1. r0 is any number before instruction 0\n');
    expect(before).toContain('The program passes.\n');
    const r1 = await lines(session, 'undo', 'havoc r1 at 0');
    expect(r1).toMatch(/checks? fails?\.\n/);
    expect(await lines(session, 'havoc r1 at 999')).toBe('There is no instruction 999.\n');
    expect(await lines(session, 'havoc packet')).toContain('is not an acceptable value for what.');
  });

  it('tells the possible from the impossible', async () => {
    const session = await debug();
    await lines(session, 'goto 3');
    expect(await json(session, 'possible r2 == 17')).toMatchObject({ possible: true });
    expect(await json(session, 'possible r2 > 255')).toMatchObject({ possible: false });
    expect(await json(session, 'possible r2 > 16 at 3')).toMatchObject({ instruction: 3, possible: true, states: 1 });
  });
});

describe('the program as a whole', () => {
  it('shows slices, the graph and what was reached', async () => {
    const session = await debug();
    await lines(session, 'failure 1');
    expect(await lines(session, 'slice r1')).toMatch(/^What r1 before instruction 2 comes from, 1 of 19 instructions:\n/);
    expect(await lines(session, 'slice forward=r1')).toContain('What uses r1 from instruction 2 on, ');
    expect(await lines(session, 'list all slice=r1')).toMatch(/17 instructions are hidden\.\n$/);
    expect(await lines(session, 'slice')).toContain('One or more essential parameters were not entered.');
    expect(await lines(session, 'show coverage')).toBe('19 of 19 instructions are reached.\n');
    const graph = await lines(session, 'show cfg slice=r1');
    expect(graph).toMatch(
      /^6 of 6 blocks and 19 of 19 instructions are reached; 0 loops\.\nDropPacket:\n>! 0\.\.3: line 20, a check fails, 1 state, failure 1\n {6}jumps to 19\n {6}falls through to 4\n {4}\* 1: /,
    );
    const dot = await lines(session, 'show cfg format=dot');
    expect(dot).toMatch(/^digraph "DropPacket" \{\n(?: {2}.*;\n)+\}\n$/);
    expect(dot).toContain('  b0 -> b19 [label="taken"];\n');
    expect(await json(session, 'show cfg')).toMatchObject({ complete: true, reached: 19, instructions: 19 });
  });

  it('climbs the ladder of precision', async () => {
    const session = await debug();
    const { rungs, conclusion, decided } = await json(session, 'precision');
    expect(rungs.at(-1)).toMatchObject({ precision: decided, verdict: 'rejected', failures: ['PKT-01 at instruction 2', 'PKT-02 at instruction 4'] });
    expect(conclusion).toBe('2 checks fail at every precision: more of it does not help.');
    await lines(session, '..', 'debug verification samples/droppacket.o');
    expect(await lines(session, 'precision')).toContain('The program passes with the least precision.\n');
  });

  it('finds the smallest program that fails so, and keeps the debugger where it is', async () => {
    const session = await debug();
    await lines(session, 'goto 3');
    const { after, before, instruction, text } = await json(session, 'minimise failure=1 output=small.s');
    expect(before).toBe(19);
    expect(after).toBeLessThan(6);
    expect(text).toContain(`${instruction}: `);
    expect(await json(session, 'step')).toMatchObject({ steps: [{ pc: 4 }] });
  });
});

describe('a session as a script', () => {
  it('leads to the same place, changes, bookmarks and breakpoints', async () => {
    const files: Record<string, string | Uint8Array> = {};
    const session = await debug(UNSAFE, files);
    await lines(
      session,
      'step 2',
      'step',
      'step by=line',
      'bookmark here a note',
      'assume packet >= 26 at 1',
      'goto 15',
      'break 19',
      'watch r1.max',
      'save it.nsh',
    );
    const script = new TextDecoder().decode(files['it.nsh'] as Uint8Array);
    expect(script).toBe(
      `ebpf debug verification filename=samples/droppacket_unsafe.o section=xdp program=DropPacket
step 3
step 1 by=line
bookmark here a note
assume packet >= 26 at 1
goto 15
break 19
watch r1.max
`,
    );
    const again = newSession(files);
    const { stderr } = await run(again, 'exec it.nsh');
    expect(stderr).toBe('');
    expect(await lines(again, 'state')).toBe(await lines(session, 'state'));
    expect(await lines(again, 'show breakpoints', 'bookmarks')).toBe(await lines(session, 'show breakpoints', 'bookmarks'));
    await lines(again, 'save again.nsh');
    expect(new TextDecoder().decode(files['again.nsh'] as Uint8Array)).toBe(script);
  });

  it('forgets motions that another path made unnecessary', async () => {
    const files: Record<string, string | Uint8Array> = {};
    const session = await debug(UNSAFE, files);
    await lines(session, 'step 5', 'goto line 30', 'failure 2', 'back', 'undo', 'save it.nsh');
    const script = new TextDecoder().decode(files['it.nsh'] as Uint8Array);
    expect(script.split('\n').slice(1)).toEqual(['failure 2', 'back 1', '']);
  });
});

describe('being cancelled', () => {
  it('ends a verification that is under way', async () => {
    const session = await debug();
    const cancel = new AbortController();
    cancel.abort();
    expect(await run(session, 'assume packet >= 26 at 1', cancel.signal)).toMatchObject({ exitCode: 1, stderr: 'The command was cancelled.\n' });
    expect(await lines(session, 'assume')).toBe('Nothing is assumed.\n');
    expect(await run(session, 'minimise', cancel.signal)).toMatchObject({ exitCode: 1 });
  });
});

const folder = corpusPath('failures/objects');
if (folder === undefined) reportSkipped('failures', 4);

describe.runIf(folder !== undefined)('the failing programs', () => {
  const opened = (name: string, more = '') =>
    debug(`ebpf debug verification x.o platform=linux${more}`, { 'x.o': readFileSync(`${folder}/${name}.bad.o`), 'klog.txt': KERNEL_LOG });

  it('have culprits, which can be gone to', async () => {
    const session = await opened('05-packet-check-too-short');
    const text = await lines(session, 'culprit');
    expect(text).toContain('  culprit: a check that says too little\n');
    expect(text).toContain('       5: if r3 > r2 goto ');
    expect(await json(session, 'goto culprit')).toMatchObject({ step: { pc: 5 } });
    expect(await json(session, 'whynot packet>=24 at 6')).toMatchObject({ reason: 'too short', at: { pc: 5 } });
    expect(await lines(session, 'whynot r2 <= 3 at 0')).toMatch(/^r2 is never set, or not used any more before instruction 0\.\n$/);
  });

  it('are not asked what cannot be', async () => {
    const session = await opened('05-packet-check-too-short');
    expect(await lines(session, 'whynot r1 <= 3 at 6')).toBe('r1 <= 3 cannot be asked before instruction 6: the operands cannot be compared.\n');
    expect(await lines(session, 'possible r1 <= 3 at 6')).toMatch(/cannot be asked here: the operands cannot be compared\.\n$/);
    expect(await lines(session, 'whynot r0 == 0 at 99')).toBe('The verifier never came to instruction 99.\n');
  });

  it('show joins in columns', async () => {
    const session = await opened('68-loop-widen-pointer', ' precision=1');
    const text = await lines(session, 'goto next widening', 'join');
    expect(text).toMatch(/^ {2}widened {2}r3 +0 +\S+ +0\.\.7$/m);
    expect(text).toMatch(/^ +way 1 +way 2 +behind$/m);
    expect(text.split('\n').every((line) => line.length <= 80)).toBe(true);
    expect(await json(session, 'diff way=1')).toMatchObject({ changes: expect.arrayContaining([expect.objectContaining({ subject: 'r3' })]) });
  });

  it('show loops turn by turn', async () => {
    const session = await opened('68-loop-widen-pointer', ' precision=1');
    const text = await lines(session, 'loop 10');
    expect(text).toMatch(/^The loop at instruction 8 \(line 8\): \d+ states came to its head\.\nTurn 3 lost something when it was widened\.\n/);
    expect(await lines(session, 'loop 0')).toBe('Instruction 0 is in no loop.\n');
  });

  it('are compared with the kernel', async () => {
    const session = await opened('67-spilled-bound');
    const text = await lines(session, 'compare kernel log=klog.txt');
    expect(text).toContain('Both agree.\n');
    expect(text).toMatch(/^ +r6 {2}0\.\.63 {2}same$/m);
    expect(await json(session, 'compare kernel log=klog.txt at=10')).toMatchObject({ kernel: { failed: 14 }, steps: [{ pc: 10 }] });
    expect(await lines(session, 'compare kernel log=klog.txt at=3')).toBe('The log does not show instruction 3.\n');
  });
});

const KERNEL_LOG = `0: (61) r6 = *(u32 *)(r1 +16)         ; R1=ctx() R6=scalar(smin=0,smax=umax=0xffffffff,var_off=(0x0; 0xffffffff))
10: (25) if r6 > 0x3f goto pc+5       ; R6=scalar(id=1,smin=smin32=0,smax=umax=smax32=umax32=63,var_off=(0x0; 0x3f))
14: (71) r0 = *(u8 *)(r0 +0)
invalid access to map value, value_size=64 off=126 size=1
processed 14 insns (limit 1000000) max_states_per_insn 0 total_states 1 peak_states 1 mark_read 0
`;

/** With packets, maps, functions of its own, read-only data, locks, and a remark instead of a failure. */
const OBJECTS = [
  ['05-packet-check-too-short', 'PKT-02'],
  ['15-map-value-oob-variable', 'MAP-02'],
  ['69-subprog-args', 'NUL-06'],
  ['25-rodata-write', 'MAP-06'],
  ['56-spin-lock-missing-unlock', 'REF-03'],
  ['03-null-arith-before-check', 'NUL-03'],
] as const;

describe('minimise output=', () => {
  const folder = corpusPath('failures/objects');
  if (folder === undefined) reportSkipped('failures/objects', OBJECTS.length);

  it.skipIf(folder === undefined).each(OBJECTS)('writes an object of %s that fails with %s where it says', async (name, id) => {
    const session = newSession({ 'x.o': readFileSync(`${folder}/${name}.bad.o`) });
    await run(session, 'ebpf debug verification x.o platform=linux');
    const answer = JSON.parse((await run(session, 'minimise output=small.o format=json')).stdout);
    expect(answer).toMatchObject({ id, file: 'small.o' });
    expect(answer.after).toBeLessThanOrEqual(answer.before);
    await run(session, '..');
    const { programs } = JSON.parse((await run(session, 'show verification small.o platform=linux format=json')).stdout);
    expect(programs).toHaveLength(1);
    const told = [...programs[0].failures, ...programs[0].warnings];
    expect(told.find((one: { id: string }) => one.id === id)).toMatchObject({ instruction: answer.object.instruction });
  });

  it.skipIf(folder === undefined)('refuses an object that would not fail so, and one whose file has changed', async () => {
    const session = newSession({ 'x.o': readFileSync(`${folder}/70-global-subprog-arg.bad.o`) });
    await run(session, 'ebpf debug verification x.o platform=linux');
    expect((await run(session, 'minimise output=small.o')).stderr).toMatch(/^An object with this program would not fail with CALL-02;/);
    await session.host.writeFile('x.o', readFileSync('samples/bpf.o'));
    expect((await run(session, 'minimise output=small.o')).stderr).toMatch(/^x\.o is another file by now;/);
    expect((await run(session, 'minimise output=small.s')).stdout).toMatch(/Written to small\.s\.\n$/);
  });
});
