/** Runs engines with planted mutants, whose bundles are given as arguments, and prints what showed each of them, one JSON line each. */
import { pathToFileURL } from 'node:url';
import type { Engine, ExecutionHost } from '../../../src/engine/engine.ts';
import { createHost, DATA, executable } from '../jit-fixture.ts';
import { generate } from '../jit-generator.ts';
import { byOracle, HELPERS, inputOf, type Outcome } from '../oracle-runs.ts';
import { SPECIALS } from './specials.ts';

/** More than any mutant that the table holds needs. */
const SEEDS = 800;
/** A mutant may never end; what runs longer is caught. */
const BUDGET = 20_000;
const SPECIAL_BUDGET = 40_000_000;

interface Engines {
  readonly createInterpreter: (options: { instructionBudget: number }) => Engine;
  readonly createJit: (options: { budget: number }) => Engine;
}

const wanted: { readonly program: ReturnType<typeof generate>; readonly outcome: Outcome }[] = [];

function reference(seed: number) {
  wanted[seed] ??= { program: generate(seed), outcome: byOracle(generate(seed), seed) };
  return wanted[seed];
}

function run(engine: Engine, seed: number): Outcome {
  const host: ExecutionHost = createHost();
  const memory = new Uint8Array(host.memory.buffer);
  memory.set(inputOf(seed), DATA);
  try {
    return { result: engine.compile(executable(reference(seed).program, { helpers: HELPERS }), host).run(0, 0), memory };
  } catch {
    return { result: 'fault', memory };
  }
}

/** What shows that the engine is wrong; undefined: nothing. */
function shown(make: (budget: number) => Engine): string | undefined {
  const engine = make(BUDGET);
  for (let seed = 0; seed < SEEDS; seed++) {
    const { outcome } = reference(seed);
    const got = run(engine, seed);
    if (got.result !== outcome.result) return `random program ${seed}: result`;
    if (Buffer.compare(got.memory, outcome.memory) !== 0) return `random program ${seed}: memory`;
    if (seed !== 40) continue;
    const special = SPECIALS.find(({ run: one, expected }) => one(make(SPECIAL_BUDGET)) !== expected);
    if (special !== undefined) return special.name;
  }
  return undefined;
}

async function main(): Promise<void> {
  for (let at = 2; at + 1 < process.argv.length; at += 2) {
    const [engine, path] = [process.argv[at], process.argv[at + 1]!];
    const { createInterpreter, createJit } = (await import(pathToFileURL(path).href)) as Engines;
    const make = engine === 'jit' ? (budget: number) => createJit({ budget }) : (budget: number) => createInterpreter({ instructionBudget: budget });
    console.log(JSON.stringify({ path, shown: shown(make) }));
  }
}

await main();
