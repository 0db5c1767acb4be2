/**
 * Wrong translations planted one at a time in the interpreter and the JIT, and which random or hand-made program shows each of them.
 * Exit status 1 where one goes unnoticed.
 *
 *   node bench/run.mjs engine-mutations [NAME...]     only those whose name contains one of the words
 */
import { fileURLToPath } from 'node:url';
import { showAll } from '../test/engine/mutants/build.ts';
import { mutants } from '../test/engine/mutants/table.ts';

const root = fileURLToPath(new URL('../', import.meta.url)).replace(/\/$/, '');
const words = process.argv.slice(2);
const chosen = mutants(root).filter(({ name }) => words.length === 0 || words.some((word) => name.includes(word)));
const started = performance.now();
const shown = await showAll(
  root,
  chosen.map((mutant) => ({ engine: mutant.engine, mutant })),
);
for (const [index, { engine, name }] of chosen.entries()) console.log(`${engine.padEnd(12)} ${name.padEnd(60)} ${shown[index] ?? 'NOT NOTICED'}`);
const missed = shown.filter((one) => one === undefined).length;
console.log(`${chosen.length} mutants, ${missed} not noticed, ${((performance.now() - started) / 1000).toFixed(1)} s`);
if (missed > 0) process.exitCode = 1;
