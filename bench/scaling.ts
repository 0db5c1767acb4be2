/**
 * Cost per instruction on generated programs of growing size, and hostile shapes within their limits.
 *
 *   node bench/run.mjs scaling [part of a row's title]
 */
import { linux } from '../src/platform/linux/linux.ts';
import { verifyProgram } from '../src/verifier/index.ts';
import { generatedProgram } from './generated-object.ts';
import * as shapes from './shapes.ts';

const wanted = process.argv.slice(2).find((argument) => !argument.startsWith('--')) ?? '';

/** Verifies the program, prints its row and returns microseconds per slot; 0 where the row is not wanted. */
function report(title: string, create: () => shapes.Code): number {
  if (!title.includes(wanted)) return 0;
  const instructions = create();
  const { object, program } = generatedProgram(instructions);
  const started = performance.now();
  const result = verifyProgram(object, program, { platform: linux, timeLimit: 60_000 });
  const ms = performance.now() - started;
  const why = result.error?.message ?? result.failures[0]?.message ?? '';
  const cost = (ms * 1000) / instructions.length;
  console.log(
    `${title.padEnd(30)} ${`${instructions.length}`.padStart(8)} slots ${ms.toFixed(0).padStart(7)} ms ${cost.toFixed(2).padStart(9)} us/slot ${`${result.statesVisited}`.padStart(8)} states  ${result.verdict} p=${result.precision} ${why.slice(0, 90)}`,
  );
  return cost;
}
report('realistic (warm-up)', () => shapes.realistic(2_000));
const base = report('realistic', () => shapes.realistic(1_000));
report('realistic', () => shapes.realistic(10_000));
const large = report('realistic', () => shapes.realistic(100_000));
if (base > 0) console.log(`cost per instruction, 100,000 against 1,000: ${(large / base).toFixed(2)}x`);
report('branches in a row', () => shapes.branches(100_000));
report('a million blocks', () => shapes.branches(1_000_000 - 2));
report('nested loops, 100 deep', () => shapes.nested(100));
report('nested loops, 200 deep', () => shapes.nested(200));
report('nested loops, 5,000 deep', () => shapes.nested(5_000));
report('nested loops, 100,000 deep', () => shapes.nested(100_000));
report('nested counters, 20 deep', () => shapes.nestedCounters(20));
report('nested counters, 60 deep', () => shapes.nestedCounters(60));
report('nested counters, 1,000 deep', () => shapes.nestedCounters(1_000));
report('diamonds', () => shapes.diamonds(1_000));
report('diamonds', () => shapes.diamonds(100_000));
report('wide switch', () => shapes.wideSwitch(10_000));
report('irreducible mesh', () => shapes.mesh(500));
report('irreducible mesh', () => shapes.mesh(20_000));
report('calls of one subprogram', () => shapes.calls(10_000));
report('calls of one subprogram', () => shapes.calls(200_000));
report('tree of calls, 7 deep', () => shapes.callTree(7, 3));
report('tree of calls, 7 deep', () => shapes.callTree(7, 8));
report('overlapping functions', () => shapes.overlappingFunctions(10_000));
report('overlapping functions', () => shapes.overlappingFunctions(200_000));
report('callbacks within callbacks', () => shapes.nestedCallbacks(6));
report('stores to all of the stack', () => shapes.stores(500_000));
report('spilled bytes', () => shapes.spills(1_000));
report('spilled bytes', () => shapes.spills(50_000));
report('lookups', () => shapes.lookups(1_000));
report('lookups', () => shapes.lookups(50_000));
report('records never given back', () => shapes.reservations(5_000));
report('relations', () => shapes.relations(1_000));
report('relations', () => shapes.relations(50_000));
report('derived numbers', () => shapes.derivations(50_000));
report('a long loop', () => shapes.longLoop(1_000, 20));
report('a long loop', () => shapes.longLoop(1_000_000, 200));
report('loops within a loop', () => shapes.manyLoops(1_000));
report('loops within a loop', () => shapes.manyLoops(50_000));
report('predecessors of one block', () => shapes.manyPredecessors(100_000));
report('a million instructions', () => shapes.realistic(1_000_000));
console.log(`peak ${(process.resourceUsage().maxRSS / 1024).toFixed(0)} MB`);
