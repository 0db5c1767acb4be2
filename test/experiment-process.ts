import { spawn } from 'node:child_process';

/** How a script that ran in a process of its own ended, and what it wrote. */
export interface ScriptRun {
  readonly status: number | null;
  readonly output: string;
  readonly errors: string;
}

/** Runs a script with this Node; rejects where it cannot be started. */
export function runScript(script: string, args: readonly string[]): Promise<ScriptRun> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [script, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    let errors = '';
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString();
    });
    child.stderr.on('data', (chunk: Buffer) => {
      errors += chunk.toString();
    });
    child.on('error', reject);
    child.on('close', (status) => resolve({ status, output, errors }));
  });
}

/** A source with one line replaced. Throws where that does not stand in it exactly once: then the table of mutants must follow the source. */
export function plant(source: string, file: string, name: string, { find, replace }: { readonly find: string; readonly replace: string }): string {
  const parts = source.split(find);
  if (parts.length !== 2) throw new Error(`mutant «${name}»: its place stands ${parts.length - 1} times in ${file}`);
  return parts.join(replace);
}
