// Bundles bench/<name>.ts and runs it with this Node, which need not know TypeScript: node bench/run.mjs engines [arguments]
import { mkdtemp, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';

const [name, ...rest] = process.argv.slice(2);
if (name === undefined) {
  console.error('usage: node bench/run.mjs NAME [ARGUMENT...]   (runs bench/NAME.ts)');
  process.exit(2);
}
const folder = dirname(fileURLToPath(import.meta.url));
const root = dirname(folder);
// Inside node_modules, so that packages left out of the bundle are still found.
const out = await mkdtemp(join(root, 'node_modules', '.bench-'));
try {
  const outfile = join(out, `${name}.mjs`);
  await build({
    entryPoints: [join(folder, `${name}.ts`)],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    packages: 'external',
    define: { 'import.meta.url': JSON.stringify(pathToFileURL(join(folder, `${name}.ts`)).href) },
  });
  process.argv = [process.argv[0], outfile, ...rest];
  await import(pathToFileURL(outfile).href);
} finally {
  await rm(out, { recursive: true, force: true });
}
