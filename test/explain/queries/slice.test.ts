import { describe, expect, it } from 'vitest';
import { coverageOf } from '../../../src/explain/queries/coverage.ts';
import { joinRows } from '../../../src/explain/queries/joins.ts';
import { LoopRecorder, loopHeadAt } from '../../../src/explain/queries/loops.ts';
import { sliceBack, sliceForwardSteps } from '../../../src/explain/queries/slice.ts';
import { DebugSession } from '../../../src/explain/session.ts';
import { linux } from '../../../src/platform/linux/linux.ts';
import { windows } from '../../../src/platform/windows/windows.ts';
import { verify } from '../../../src/verifier/index.ts';
import { atOnce } from '../../../src/verifier/steps.ts';
import { debugSample } from '../open.ts';
import { atFailure, hasFailures } from './corpus-failure.ts';

describe('slices', () => {
  it('keep what a register comes from and leave out the rest', async () => {
    const session = await debugSample('droppacket_unsafe');
    session.failure(1);
    const slice = sliceBack(session, 'r1');
    expect(slice.instructions).toEqual([1]);
    expect(slice.total).toBeGreaterThan(10);
  });

  it('follow who uses a register', async () => {
    const session = await debugSample('droppacket_unsafe');
    session.goto([2]);
    const uses = atOnce(sliceForwardSteps(session, 'r1')).instructions;
    expect(uses).toContain(2);
    // The byte that was read decides at instruction 3.
    expect(uses).toContain(3);
    expect(uses.every((pc) => pc >= 2)).toBe(true);
  });
});

describe.runIf(hasFailures(6))('slices, joins, loops and coverage of the failing programs', () => {
  it('go through the stack', async () => {
    const session = await atFailure('67-spilled-bound');
    const { instructions } = sliceBack(session, 'r0');
    // The index is stored, checked in its register, loaded again and scaled.
    for (const pc of [0, 1, 10, 11, 12, 13]) expect(instructions).toContain(pc);
    // The key on the stack is another place.
    expect(instructions).not.toContain(16);
    expect(atOnce(sliceForwardSteps(atStart(session), 'r1')).instructions).toContain(0);
  });

  it('go into called functions and back to their callers', async () => {
    const session = await atFailure('69-subprog-args');
    const { instructions } = sliceBack(session, 'r1');
    expect(instructions).toEqual(expect.arrayContaining([6, 7, 8]));
  });

  it('takes the branches that told more, on every path round a loop', async () => {
    const session = await atFailure('68-loop-widen-pointer');
    expect(sliceBack(session, 'r1').instructions).toEqual(expect.arrayContaining([2, 5, 9, 17, 18]));
  });

  it('joins are columns of what each way knows', async () => {
    const session = await atFailure('68-loop-widen-pointer', 1);
    session.goto([8]);
    const rows = joinRows(session);
    const counter = rows.find(({ subject }) => subject === 'r3');
    expect(counter).toMatchObject({ status: 'widened', result: '0..7' });
    expect(counter?.ways).toHaveLength(2);
    expect(rows.find(({ subject }) => subject === 'r2')?.status).toBe('kept');
  });

  it('states that were kept apart are not lost', async () => {
    const session = await atFailure('51-join-num-or-map');
    expect(joinRows(session).find(({ subject }) => subject === 'r1')?.status).toBe('apart');
  });

  it('joins show what arrives on the path itself, whatever else was kept', async () => {
    let joins = 0;
    for (const name of ['68-loop-widen-pointer', '51-join-num-or-map', '44-loop-packet-walk', '07-packet-check-via-flag']) {
      const session = await atFailure(name, 32);
      session.gotoStart();
      while (session.step(1) > 0 && session.index < 300) {
        const here = session.joinHere();
        if (here === undefined || session.waysIn().length === 0) continue;
        joins++;
        const less = joinRows(session).filter(({ status }) => status === 'lost' || status === 'weaker' || status === 'widened');
        const told = here.changes.filter(({ change }) => change !== 'gained').map(({ subject }) => subject);
        expect(told, `${name} at ${session.index}`).toEqual(expect.arrayContaining(less.map(({ subject }) => subject)));
      }
    }
    expect(joins).toBeGreaterThan(20);
  });

  it('ways that are merged into one state are not said to be kept apart', async () => {
    const statuses = new Set<string>();
    for (const name of ['68-loop-widen-pointer', '44-loop-packet-walk', '07-packet-check-via-flag', '38-helper-size-unbounded']) {
      const session = await atFailure(name, 1);
      session.gotoStart();
      while (session.step(1) > 0 && session.index < 300) {
        const { length } = session.node.processed;
        for (const { status } of joinRows(session)) if (length === 1) statuses.add(status);
      }
    }
    expect(statuses).toContain('merged');
    expect(statuses).not.toContain('apart');
  });

  it('loops are recorded turn by turn, with the widening that lost something', async () => {
    const session = await atFailure('68-loop-widen-pointer', 1);
    expect(loopHeadAt(session, 10)).toBe(8);
    expect(loopHeadAt(session, 0)).toBeUndefined();
    const recorder = new LoopRecorder(session, 8);
    verify(session.machine.object, session.program, { platform: linux, precision: 1, onLoopHead: recorder.listen });
    const { turns, loser, first } = recorder.record();
    expect(first).toContain('r3: 0');
    expect(turns[0]?.kind).toBe('kept');
    expect(turns[loser! - 1]?.kind).toBe('widened');
    expect(turns[loser! - 1]?.lost.map(({ subject }) => subject)).toContain('r1');
    const apart = new LoopRecorder(session, 8);
    verify(session.machine.object, session.program, { platform: linux, precision: 512, onLoopHead: apart.listen });
    expect(apart.record()).toMatchObject({ loser: undefined });
  });
});

function atStart<Session extends { gotoStart(): void }>(session: Session): Session {
  session.gotoStart();
  return session;
}

describe('coverage', () => {
  it('tells reached blocks from failing ones, and who dominates whom', async () => {
    const coverage = coverageOf(await debugSample('droppacket_unsafe'))!;
    const [entry] = coverage.blocks;
    expect(entry).toMatchObject({ start: 0, status: 'failing', dominator: undefined, failures: [1] });
    expect(coverage.reached).toBe(coverage.instructions);
    expect(coverage.blocks.slice(1).every(({ dominator, start }) => dominator !== undefined && dominator < start)).toBe(true);
    expect(coverage.blocks.flatMap(({ edges }) => edges).every(({ possible }) => possible)).toBe(true);
    // What both sides of a branch lead to is dominated by the branch, not by one side.
    expect(coverage.blocks.at(-1)?.dominator).toBe(0);
  });

  it('finds code that no state reaches', async () => {
    const session = await debugSample('droppacket_unsafe');
    const branch = session.list().find(({ text }) => text.startsWith('if r2 != 17'))!.pc;
    const above = { kind: 'branch', comparison: 'gt', width: 64, dst: 2, source: { kind: 'immediate', value: 17 }, offset: 0 } as const;
    const assumptions = new Map([[branch, [{ kind: 'comparison', branch: above } as const]]]);
    const assumed = new DebugSession(session.program, verify(session.machine.object, session.program, { platform: windows, assumptions }));
    const coverage = coverageOf(assumed)!;
    expect(coverage.reached).toBeLessThan(coverage.instructions);
    expect(coverage.blocks.filter(({ status }) => status === 'unreached').length).toBeGreaterThan(0);
    const edges = coverage.blocks.find(({ last }) => last === branch)!.edges;
    expect(edges.map(({ kind, possible }) => [kind, possible])).toEqual([
      ['taken', true],
      ['fall-through', false],
    ]);
    expect(coverage.lines.some(({ reached }) => reached === 0)).toBe(true);
  });
});
