/** Shapes that cost some verifiers the square of their size, or two to the power of it: here the states visited stay in proportion. */
import { expect, test } from 'vitest';
import { generatedProgram } from '../../bench/generated-object.ts';
import * as shapes from '../../bench/shapes.ts';
import { linux } from '../../src/platform/linux/linux.ts';
import { verifyProgram } from '../../src/verifier/index.ts';

function verifyShape(code: shapes.Code) {
  const { object, program } = generatedProgram(code);
  return verifyProgram(object, program, { platform: linux });
}

test.each([
  ['loops nested 100 deep around one counter', shapes.nested(100), 300],
  ['loops nested 10 deep with a counter each', shapes.nestedCounters(10), 300],
  ['a thousand loops within a loop', shapes.manyLoops(1_000), 30_000],
  ['a thousand branches over a bit each', shapes.diamonds(1_000), 2_500],
  ['a block for each of 5,000 numbers', shapes.wideSwitch(5_000), 12_000],
  ['callbacks within callbacks', shapes.nestedCallbacks(6), 120],
  ['a thousand comparisons of twenty numbers', shapes.relations(1_000), 2_500],
  ['loops nested 30 deep with a counter each', shapes.nestedCounters(30), 2_000],
])('%s: accepted', (_, code, states) => {
  const report = verifyShape(code);
  expect(report.verdict).toBe('accepted');
  expect(report.statesVisited).toBeLessThan(states);
});

test.each([
  ['loops nested 129 deep', shapes.nested(129), 'The loop at instruction 129 lies within 128 others; no more than 128 are judged.'],
  ['functions that share their code', shapes.overlappingFunctions(3_000), 'The functions of the program share too much code to be judged.'],
  ['calls in a tree of 2,396,745 chains', shapes.callTree(7, 8), 'The program has more than 50000 chains of calls; each is judged on its own.'],
])('%s: refused with the limit', (_, code, message) => {
  const report = verifyShape(code);
  expect(report.verdict).toBe('error');
  expect(report.error).toEqual({ kind: 'limit', message });
});

test('a deep loop whose inner counter never moves is found', () => {
  const code = shapes.nestedCounters(4);
  const stuck = code.findLastIndex((instruction) => instruction?.kind === 'binary' && instruction.operator === 'add' && instruction.dst === 1);
  code[stuck] = { kind: 'binary', operator: 'add', width: 64, dst: 1, source: { kind: 'immediate', value: 0 } };
  const report = verifyShape(code);
  expect(report.verdict).toBe('rejected');
  expect(report.failures.map(({ id }) => id)).toContain('LOOP-01');
});
