import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { build, type Plugin } from 'esbuild';
import { plant, runScript } from '../../experiment-process.ts';
import type { Mutant } from './mutants.ts';

/** Replaces the mutant's line while bundling. Throws where the line is not there exactly once: then the table must follow the source. */
function planting(root: string, mutant: Mutant): Plugin {
  const target = join(root, 'src', 'verifier', mutant.file);
  return {
    name: 'mutant',
    setup(hooks) {
      hooks.onLoad({ filter: /src[\\/]verifier[\\/][a-z-]+\.ts$/ }, ({ path }) => {
        if (path !== target) return undefined;
        let source = readFileSync(path, 'utf8');
        for (const change of [mutant, mutant.also ?? []].flat()) source = plant(source, mutant.file, mutant.name, change);
        return { contents: source, loader: 'ts' };
      });
    },
  };
}

/** Bundles the experiment of the project at `root`, with a mutant or without. */
export async function buildExperiment(root: string, outfile: string, mutant: Mutant | undefined): Promise<void> {
  await build({
    entryPoints: [join(root, 'test', 'verifier', 'soundness', 'mutant-run.ts')],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    logLevel: 'silent',
    plugins: mutant === undefined ? [] : [planting(root, mutant)],
  });
}

/** How an experiment ended: how many pairs until something showed, and what; `shown` undefined: nothing. */
export interface Experiment {
  readonly pairs: number;
  readonly accepted: number;
  readonly programs: number;
  readonly shown: string | undefined;
}

/** Runs a bundled experiment in a process of its own. */
export async function runExperiment(outfile: string, seed: number, pairs: number): Promise<Experiment> {
  const { status, output, errors } = await runScript(outfile, [`${seed}`, `${pairs}`]);
  if (status === 0) return JSON.parse(output) as Experiment;
  return { pairs: 0, accepted: 0, programs: 0, shown: `crashed: ${errors.trim().split('\n').at(-1)}` };
}
