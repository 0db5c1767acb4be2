/**
 * Plants wrong transfer functions, one at a time, and tells how many runs it takes until the experiment shows them.
 *
 *   node bench/run.mjs soundness-mutations [--pairs N] [--seed N] [--only WORDS]
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildExperiment, runExperiment } from '../test/verifier/soundness/mutant-build.ts';
import { MUTANTS } from '../test/verifier/soundness/mutants.ts';

function option(name: string, otherwise: number): number {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? otherwise : Number(process.argv[at + 1]);
}

const root = fileURLToPath(new URL('../', import.meta.url));
const pairs = option('pairs', 60_000);
const seed = option('seed', 1);
const only = process.argv.includes('--only') ? process.argv[process.argv.indexOf('--only') + 1]! : '';
const chosen = MUTANTS.filter(({ area, name }) => `${area}: ${name}`.includes(only));
const folder = await mkdtemp(join(tmpdir(), 'mutants-'));
try {
  let caught = 0;
  for (const mutant of [undefined, ...chosen]) {
    const outfile = join(folder, 'experiment.mjs');
    await buildExperiment(root, outfile, mutant);
    const started = performance.now();
    const { pairs: ran, shown } = await runExperiment(outfile, seed, pairs);
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    if (mutant !== undefined && shown !== undefined) caught++;
    const verdict = shown === undefined ? 'not caught' : `caught after ${ran} pairs`;
    console.log(
      `${mutant === undefined ? 'unchanged' : `${mutant.area}: ${mutant.name}`}\n    ${verdict}, ${seconds} s${shown === undefined ? '' : `: ${shown.slice(0, 160)}`}`,
    );
  }
  console.log(`${caught} of ${chosen.length} caught`);
  if (caught < chosen.length) process.exitCode = 1;
} finally {
  await rm(folder, { recursive: true, force: true });
}
