import { describe, expect, it } from 'vitest';
import { Explored } from '../../src/crosscheck/follow.ts';
import { runChecked } from '../../src/engine/checked-interpreter.ts';
import { applyEdits, EditError } from '../../src/explain/fixes/edit.ts';
import { type Fix, proposeFixes } from '../../src/explain/fixes/fixes.ts';
import { interestingNumbers } from '../../src/explain/search/constants.ts';
import { InputMaker } from '../../src/explain/search/inputs.ts';
import { runnableProgram, runOptions } from '../../src/explain/search/runner.ts';
import type { Instruction } from '../../src/isa/instruction.ts';
import type { ObjectProgram } from '../../src/object/object-file.ts';
import type { Verification } from '../../src/verifier/index.ts';
import { reportSkipped } from '../corpus.ts';
import { watch } from '../verifier/soundness/watch.ts';
import { failingPrograms, verifyEntry } from './failing-programs.ts';
import { debugSample } from './open.ts';

const exit: Instruction = { kind: 'exit' };
const set = (value: number): Instruction => ({ kind: 'binary', operator: 'mov', width: 64, dst: 0, source: { kind: 'immediate', value } });
const when = (offset: number): Instruction => ({
  kind: 'branch',
  comparison: 'eq',
  width: 64,
  dst: 0,
  source: { kind: 'immediate', value: 0 },
  offset,
});
const wide: Instruction = { kind: 'lddw', dst: 1, source: 'code', low: 3, high: 0 };

function program(instructions: readonly (Instruction | undefined)[], split = instructions.length): ObjectProgram {
  const range = { section: 'xdp', sectionSlot: 0, linkage: 'static' as const };
  const line = (slot: number) => ({ slot, file: 'a.c', line: slot, column: 0, text: `line ${slot}` });
  return {
    section: 'xdp',
    name: 'prog',
    instructions,
    size: 8 * split,
    offset: 0,
    functions: [
      { ...range, name: 'prog', start: 0, end: split },
      ...(split < instructions.length ? [{ ...range, name: 'f', start: split, end: instructions.length }] : []),
    ],
    lines: [line(0), line(2)],
  };
}

describe('an edited program', () => {
  const offsets = ({ instructions }: ObjectProgram) => instructions.map((row) => (row !== undefined && 'offset' in row ? row.offset : row?.kind));

  it('moves jumps over what is inserted, and lets jumps to the place come to it', () => {
    const before = program([set(1), when(1), set(2), when(-2), exit]);
    const after = applyEdits(before, [{ at: 2, insert: [set(7), set(8)] }]);
    // 1 jumped to 3, which is now 5; 3 jumped to 2, which now begins with what was inserted.
    expect(offsets(after)).toEqual(['binary', 3, 'binary', 'binary', 'binary', -4, 'exit']);
    expect(after.lines.map(({ slot }) => slot)).toEqual([0, 2]);
    expect(after.functions.map(({ start, end }) => [start, end])).toEqual([[0, 7]]);
    expect(after.size).toBe(56);
    expect(before.instructions).toHaveLength(5);
  });

  it('moves calls, code addresses and functions', () => {
    const before = program([wide, undefined, { kind: 'call_local', offset: 1 }, exit, exit], 4);
    const low = (edited: ObjectProgram) => edited.instructions.flatMap((row) => (row?.kind === 'lddw' ? [row.low] : []));
    const inside = applyEdits(before, [{ at: 3, insert: [set(1)] }]);
    expect([low(inside), offsets(inside)[2]]).toEqual([[4], 2]);
    expect(inside.functions.map(({ start, end }) => [start, end])).toEqual([
      [0, 5],
      [5, 6],
    ]);
    const front = applyEdits(before, [{ at: 4, insert: [set(1)] }]);
    expect([low(front), offsets(front)[2]]).toEqual([[3], 1]);
    expect(front.functions.map(({ start, end }) => [start, end])).toEqual([
      [0, 4],
      [4, 6],
    ]);
  });

  it('refuses places that do not exist and jumps that do not reach', () => {
    const before = program([when(0x7fff), ...Array.from({ length: 0x8000 }, () => exit)]);
    expect(() => applyEdits(before, [{ at: 5, insert: [exit] }])).toThrow(EditError);
    expect(() => applyEdits(before, [{ at: 0x9000, insert: [exit] }])).toThrow(EditError);
    expect(() => applyEdits(program([set(1), exit]), [{ at: 0, replace: wide }])).toThrow(EditError);
  });

  it('runs as before where what is inserted does nothing', async () => {
    const { verification } = await debugSample('droppacket');
    const nothing: Instruction = { kind: 'binary', operator: 'add', width: 64, dst: 10, source: { kind: 'immediate', value: 0 } };
    const { instructions } = verification.machine.program;
    const places = instructions.flatMap((row, at) =>
      row === undefined ? [] : [{ at, insert: [{ ...nothing, operator: 'mov' as const, dst: 9 as const }] }],
    );
    const edited = applyEdits(verification.machine.program, places);
    expect(edited.instructions.length).toBeGreaterThan(instructions.length);
    const old = runnableProgram(verification);
    const maker = new InputMaker(old, interestingNumbers(verification.machine, undefined), 1);
    for (let turn = 0; turn < 100; turn++) {
      const input = maker.fresh();
      const [a, b] = [runChecked(old, input), runChecked({ ...old, instructions: edited.instructions }, input)];
      expect([b.kind, b.kind === 'exit' && b.r0]).toEqual([a.kind, a.kind === 'exit' && a.r0]);
    }
  });
});

/** Inputs on which both programs run; whatever went well before must end as it did. */
function compare(before: Verification, fix: Fix): { readonly same: number; readonly repaired: number } {
  const { verification } = fix.applied!;
  const old = runnableProgram(before);
  const now = runnableProgram(verification);
  const options = { ...runOptions(before), instructionLimit: 2_000 };
  const explored = new Explored(verification);
  const maker = new InputMaker(old, interestingNumbers(before.machine, undefined), 5);
  let same = 0;
  let repaired = 0;
  for (let turn = 0; turn < 160; turn++) {
    const input = maker.fresh();
    const [a, b] = [runChecked(old, input, options), runChecked(now, input, options)];
    expect(b.kind === 'fault' ? b.fault : undefined, fix.title).toBeUndefined();
    expect(watch(explored, now, input, { replays: turn % 4 === 0, instructionLimit: 2_000 }), fix.title).toBeUndefined();
    if (a.kind === 'fault') repaired++;
    else if (a.kind === 'exit' && b.kind === 'exit') {
      if (a.r0 === b.r0) same++;
      else expect(fix.applicability, fix.title).toBe('verified-changes-behaviour');
    }
  }
  return { same, repaired };
}

/** Failures whose first fix must be verified, with the C that it proposes. */
const REPAIRED: readonly (readonly [id: string, pattern: Fix['pattern'], c: string])[] = [
  ['NUL-01', 'null_check', 'if (!v) return XDP_PASS;'],
  ['NUL-02', 'null_check', 'if (!y) return XDP_PASS;'],
  ['PKT-01', 'packet_check', 'if (data + 14 > end) return XDP_PASS;'],
  ['PKT-02', 'packet_check', 'if (data + 24 > end) return XDP_PASS;'],
  ['PKT-03', 'packet_check', 'if ((void *)(tcp + 1) > end) return XDP_PASS;'],
  ['PKT-04', 'reload', 'if (data + 14 > end) return XDP_PASS;'],
  ['PKT-06', 'packet_check', 'if ((void *)(&p[i] + 1) > end) return XDP_PASS;'],
  ['MAP-02', 'index_check', 'if (i > 63) return XDP_PASS;'],
  ['MAP-03', 'index_check', 'if (i > 63) return XDP_PASS;'],
  ['MAP-04', 'index_check', 'if (i < 0 || i > 63) return XDP_PASS;'],
  ['MAP-05', 'index_check', 'if (checked > 63) return XDP_PASS;'],
  ['MAP-07', 'index_check', 'if (i > 63) return XDP_PASS;'],
  ['STK-02', 'index_check', 'if (i > 15) return XDP_PASS;'],
  ['STK-03', 'initialise', '__builtin_memset(&e, 0, sizeof(e))'],
  ['UNI-01', 'initialise', 'return XDP_PASS;'],
  ['UNI-02', 'initialise', '= 0;'],
  ['HLP-06', 'size_check', 'if ((__u64)n > 64) return 0;'],
  ['HLP-07', 'size_check', 'if ((__u64)n > 64) return 0;'],
  ['NUL-05', 'null_check', 'if (!e) return XDP_PASS;'],
  ['NUL-06', 'null_check', 'if (!v) return 0;'],
  ['REF-01', 'release', 'bpf_ringbuf_discard(e, 0);'],
  ['LEAK-03', 'result', 'return 0;'],
];

const entries = failingPrograms();
if (entries.length === 0) reportSkipped('failures', REPAIRED.length);

describe.skipIf(entries.length === 0)('the first fix', () => {
  it.each(REPAIRED)('of %s passes, and input that went well goes on as it did', { timeout: 180_000 }, (id, pattern, c) => {
    const verification = verifyEntry(entries.find(({ stable_id }) => stable_id === id)!, 'bad');
    const { fixes } = proposeFixes(verification, verification.report.failures[0]!, { budgetMilliseconds: 20_000 });
    const [first] = fixes;
    expect(first).toMatchObject({ letter: 'A', pattern });
    expect(first?.applied?.verification.report.verdict).toBe('accepted');
    expect(first?.c.join('\n')).toContain(c);
    expect(first?.patch.length).toBeGreaterThan(0);
    for (const fix of fixes) if (fix.applied !== undefined) compare(verification, fix);
    expect(compare(verification, first!).repaired).toBeGreaterThan(0);
  });

  it('is never one that the verifier refuses', () => {
    let offered = 0;
    for (const entry of entries) {
      const verification = verifyEntry(entry, 'bad');
      for (const failure of verification.report.failures) {
        for (const fix of proposeFixes(verification, failure, { budgetMilliseconds: 20_000 }).fixes) {
          offered++;
          if (fix.applicability === 'text') expect(fix.applied).toBeUndefined();
          else
            expect(fix.applied?.verification.report.failures.length, `${entry.file} ${fix.title}`).toBeLessThan(verification.report.failures.length);
          expect(`${fix.title} ${fix.c.join(' ')} ${fix.effect}`).not.toMatch(/undefined(?! behaviour)|NaN|\[object/);
        }
      }
    }
    expect(offered).toBeGreaterThan(30);
  });
});

describe('several failures', () => {
  it('are repaired each at its place, so that what needs less is not refused', async () => {
    const { verification } = await debugSample('droppacket_unsafe');
    const { fixes } = proposeFixes(verification, verification.report.failures[0]!, { budgetMilliseconds: 20_000 });
    expect(fixes[0]?.c).toEqual(['if ((void *)ip + 10 > ctx->data_end) return XDP_PASS;', 'if ((void *)ip + 26 > ctx->data_end) return XDP_PASS;']);
    expect(fixes[0]?.applied?.verification.report.verdict).toBe('accepted');
    expect(compare(verification, fixes[0]!)).toMatchObject({ repaired: expect.any(Number) });
    // The listing counts as the changed program does.
    const { instructions } = fixes[0]!.applied!.program;
    for (const { sign, pc, text } of fixes[0]!.patch) if (sign === '+' && text === 'exit') expect(instructions[pc]?.kind).toBe('exit');
  });
});

describe.skipIf(entries.length === 0)('the lowering detective', () => {
  it('names a 32-bit test of a 64-bit index, with the cure', () => {
    const verification = verifyEntry(entries.find(({ stable_id }) => stable_id === 'MAP-05')!, 'bad');
    const { lowering } = proposeFixes(verification, verification.report.failures[0]!);
    expect(lowering).toMatchObject({ kind: 'narrow_guard', instruction: 15 });
    expect(lowering?.cure.join('\n')).toContain('asm volatile');
  });

  it('is silent where the compiler has nothing to do with it', () => {
    for (const id of ['NUL-01', 'PKT-02', 'MAP-02', 'UNI-01']) {
      const verification = verifyEntry(entries.find(({ stable_id }) => stable_id === id)!, 'bad');
      expect(proposeFixes(verification, verification.report.failures[0]!).lowering, id).toBeUndefined();
    }
  });
});
