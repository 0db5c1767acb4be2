import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BuildOptions, build } from 'esbuild';
import { plant, runScript } from '../../experiment-process.ts';
import type { Mutant } from './table.ts';

const OPTIONS: BuildOptions = { bundle: true, platform: 'node', format: 'esm', target: 'node20', logLevel: 'silent' };

async function bundle(root: string, outfile: string, mutant: Mutant | undefined): Promise<void> {
  const engine = join(root, 'src', 'engine');
  const target = mutant === undefined ? undefined : join(engine, mutant.file);
  await build({
    ...OPTIONS,
    stdin: { contents: `export * from './interpreter.ts';\nexport * from './jit/jit.ts';\n`, resolveDir: engine, loader: 'ts' },
    outfile,
    plugins: [
      {
        name: 'mutant',
        setup(hooks) {
          hooks.onLoad({ filter: /src[\\/]engine[\\/].*\.ts$/ }, ({ path }) =>
            mutant !== undefined && path === target
              ? { contents: plant(readFileSync(path, 'utf8'), mutant.file, mutant.name, mutant), loader: 'ts' }
              : undefined,
          );
        },
      },
    ],
  });
}

/** What shows each mutant, in order; undefined: nothing. A mutant undefined is the engine as it is. */
export async function showAll(
  root: string,
  list: readonly { readonly engine: string; readonly mutant: Mutant | undefined }[],
): Promise<(string | undefined)[]> {
  const folder = await mkdtemp(join(tmpdir(), 'engine-mutants-'));
  try {
    const experiment = join(folder, 'experiment.mjs');
    await build({ ...OPTIONS, entryPoints: [join(root, 'test', 'engine', 'mutants', 'experiment.ts')], outfile: experiment });
    const paths = list.map((_, index) => join(folder, `${index}.mjs`));
    for (const [index, { mutant }] of list.entries()) await bundle(root, paths[index]!, mutant);
    const output = await run(
      experiment,
      list.flatMap(({ engine }, index) => [engine, paths[index]!]),
    );
    const shown = new Map(output.map(({ path, shown: what }) => [path, what]));
    return paths.map((path) => (shown.has(path) ? shown.get(path) : 'the process ended'));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function run(experiment: string, args: readonly string[]): Promise<{ readonly path: string; readonly shown?: string }[]> {
  const { status, output, errors } = await runScript(experiment, args);
  if (status !== 0) throw new Error(errors);
  return output
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
}
