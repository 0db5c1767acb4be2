// Builds dist/: the bin with its lazy chunks, the library and its types. `npm ci` runs it.
import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { build } from 'esbuild';

/** The oldest Node that the package promises to run on. */
const NODE_FLOOR = 'node20.19';

/** Ink loads the React developer tools (and a web socket client for them) only when DEV=true; what is built here never does. */
const withoutDevtools = {
  name: 'without-devtools',
  setup(builder) {
    builder.onLoad({ filter: /[\\/]ink[\\/]build[\\/]devtools\.js$/ }, () => ({ contents: 'export {};' }));
  },
};

const common = {
  bundle: true,
  format: 'esm',
  platform: 'node',
  target: NODE_FLOOR,
  splitting: true,
  minify: true,
  // Error classes and React components keep the names that messages show.
  keepNames: true,
  legalComments: 'none',
  logLevel: 'warning',
  metafile: true,
};

/** Entry points that exist: dist name -> source. */
function existing(entries) {
  return Object.fromEntries(Object.entries(entries).filter(([, source]) => existsSync(source)));
}

/** Files of this build; what else is in dist/ is of an earlier one. */
const written = new Set();

const bin = await build({
  ...common,
  entryPoints: existing({
    'shell/main': 'shell/main.ts',
    'shell/conformance': 'shell/conformance.ts',
    'contexts/verify-worker': 'contexts/verify-worker.ts',
  }),
  outdir: 'dist',
  chunkNames: 'chunks/[name]-[hash]',
  define: { 'process.env.NODE_ENV': '"production"', 'process.env.DEV': '"false"' },
  plugins: [withoutDevtools],
});
provideRequire(bin.metafile);
remember(bin.metafile);

if (existsSync('src/index.ts')) {
  const library = await build({
    ...common,
    minify: false,
    entryPoints: { index: 'src/index.ts' },
    outdir: 'dist',
    chunkNames: 'library/[name]-[hash]',
  });
  remember(library.metafile);
}
for (const name of ['main', 'conformance']) chmodSync(`dist/shell/${name}.js`, 0o755);
for (const name of readdirSync('dist', { recursive: true })) {
  if (/^(?:shell|contexts|chunks|library)[\\/].*\.js$/.test(name) && !written.has(join('dist', name))) rmSync(join('dist', name));
}

// Node asks the nearest package.json what a file is, for each of the files that a command loads: it need not go up for it.
for (const folder of ['shell', 'contexts', 'chunks', 'library']) {
  if (existsSync(join('dist', folder))) writeFileSync(join('dist', folder, 'package.json'), '{"type":"module"}\n');
}

// Last: whatever it has to say about types, what runs is whole.
if (existsSync('src/index.ts')) {
  const compiler = createRequire(import.meta.url)
    .resolve('typescript/package.json')
    .replace('package.json', 'bin/tsc');
  execFileSync(process.execPath, [compiler, '-p', 'tsconfig.build.json'], { stdio: 'inherit' });
}

function remember({ outputs }) {
  for (const path of Object.keys(outputs)) written.add(join(path));
}

/**
 * Gives the chunk through which bundled CommonJS code asks for Node's own modules a `require`, which ECMAScript modules lack. Every start
 * loads that chunk, so nothing is made for it before somebody asks.
 */
function provideRequire({ outputs }) {
  for (const path of Object.keys(outputs)) {
    const text = readFileSync(path, 'utf8');
    if (!text.includes('Dynamic require of')) continue;
    const header = 'const require=(name)=>process.getBuiltinModule(name);\n';
    writeFileSync(path, text.startsWith('#!') ? text.replace('\n', `\n${header}`) : header + text);
  }
}
