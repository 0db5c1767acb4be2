import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { build, type Plugin } from 'esbuild';
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
        for (const { find, replace } of [mutant, mutant.also ?? []].flat()) {
          const parts = source.split(find);
          if (parts.length !== 2) throw new Error(`mutant «${mutant.name}»: a line stands ${parts.length - 1} times in ${mutant.file}`);
          source = parts.join(replace);
        }
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
export function runExperiment(outfile: string, seed: number, pairs: number): Promise<Experiment> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [outfile, `${seed}`, `${pairs}`], { stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    let errors = '';
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString();
    });
    child.stderr.on('data', (chunk: Buffer) => {
      errors += chunk.toString();
    });
    child.on('error', reject);
    child.on('close', (status) => {
      if (status === 0) resolve(JSON.parse(output) as Experiment);
      else resolve({ pairs: 0, accepted: 0, programs: 0, shown: `crashed: ${errors.trim().split('\n').at(-1)}` });
    });
  });
}
