/** Builds the shell with made-up commands once, and starts it on a pseudo-terminal. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import type { Pty, PtyOptions } from './pty.ts';
import { openPty } from './pty.ts';

export interface ShellProgram {
  /** Path of the bundled program. */
  readonly file: string;
  /** A new folder for settings and history. */
  configDirectory(): string;
  /** Starts it; the prompt need not be there yet. */
  start(config: string, options?: PtyOptions): Pty;
  remove(): void;
}

/** Bundles the program into a folder of its own; `remove` takes everything away again. */
export async function buildShellProgram(): Promise<ShellProgram> {
  const folder = mkdtempSync(join(tmpdir(), 'ebpfsh-terminal-'));
  await build({
    entryPoints: [fileURLToPath(new URL('./fake-shell.ts', import.meta.url))],
    bundle: true,
    format: 'esm',
    platform: 'node',
    splitting: true,
    minify: true,
    outdir: folder,
    outExtension: { '.js': '.mjs' },
    define: { 'process.env.NODE_ENV': '"production"', 'process.env.DEV': '"false"' },
    // Ink's dependencies hold CommonJS code that calls require for Node's own modules.
    banner: { js: 'import { createRequire as __createRequire } from "node:module"; const require = __createRequire(import.meta.url);' },
    external: ['react-devtools-core'],
    logLevel: 'error',
  });
  const file = join(folder, 'fake-shell.mjs');
  return {
    file,
    configDirectory: () => mkdtempSync(join(folder, 'config-')),
    start: (config, options = {}) => openPty(process.execPath, [file], { ...options, env: { EBPFSH_CONFIG_DIR: config, ...options.env } }),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
