import { spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export const projectRoot = fileURLToPath(new URL('../../', import.meta.url));
export const binPath = `${projectRoot}dist/shell/main.js`;

if (!existsSync(binPath)) throw new Error('dist/shell/main.js is missing: run "npm run build" before the end-to-end tests.');

export interface Finished {
  readonly stdout: string;
  readonly stderr: string;
  readonly exitCode: number | null;
}

export interface BinOptions {
  readonly input?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** Runs the built bin to its end, from the project's root. Without `input`, standard input is empty. */
export function ebpfsh(args: readonly string[], { input = '', env = {} }: BinOptions = {}): Finished {
  const { stdout, stderr, status } = spawnSync(process.execPath, [binPath, ...args], {
    cwd: projectRoot,
    input,
    encoding: 'utf8',
    env: { ...process.env, ...env },
  });
  return { stdout, stderr, exitCode: status };
}

/** Starts the built bin with pipes. */
export function startEbpfsh(args: readonly string[], env: NodeJS.ProcessEnv = process.env) {
  return spawn(process.execPath, [binPath, ...args], { cwd: projectRoot, stdio: ['pipe', 'pipe', 'pipe'], env });
}
