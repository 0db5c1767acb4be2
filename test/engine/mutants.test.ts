import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { createInterpreter } from '../../src/engine/interpreter.ts';
import { createJit } from '../../src/engine/jit/jit.ts';
import { showAll } from './mutants/build.ts';
import { SPECIALS } from './mutants/specials.ts';
import { mutants } from './mutants/table.ts';

const root = fileURLToPath(new URL('../../', import.meta.url)).replace(/\/$/, '');
/** One mutant in so many is planted here; EBPFSH_MUTANTS=1 plants all, as does node bench/run.mjs engine-mutations. */
const EVERY = Number(process.env.EBPFSH_MUTANTS ?? 8);

it.each(SPECIALS)('$name', ({ run, expected }) => {
  expect(run(createInterpreter({ instructionBudget: 40_000_000 }))).toBe(expected);
  expect(run(createJit({ budget: 40_000_000 }))).toBe(expected);
});

const all = mutants(root);
const chosen = all.filter((_, index) => index % EVERY === 0);

it(`${chosen.length} of ${all.length} wrong translations are noticed, and the right ones are not`, { timeout: 1_800_000 }, async () => {
  const right = (['interpreter', 'jit'] as const).map((engine) => ({ engine, mutant: undefined }));
  const shown = await showAll(root, [...right, ...chosen.map((mutant) => ({ engine: mutant.engine, mutant }))]);
  expect(shown.slice(0, 2)).toEqual([undefined, undefined]);
  expect(chosen.filter((_, index) => shown[index + 2] === undefined).map(({ name }) => name)).toEqual([]);
});
