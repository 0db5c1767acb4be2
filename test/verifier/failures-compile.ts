import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { corpusPath } from '../corpus.ts';

/** Whether programs in C can be compiled here: clang is installed, and the corpus with its common.h is beside the project. */
export function canCompile(): boolean {
  if (corpusPath('failures/programs') === undefined) return false;
  try {
    return /clang version/.test(execFileSync('clang', ['--version'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }));
  } catch {
    return false;
  }
}

/** Compiles an eBPF program in C as the corpus' own objects were; throws with clang's messages. */
export function compile(source: string, object: string, cpu: 'v1' | 'v2' | 'v3', defines: readonly string[] = []): void {
  const systems = readdirSync('/usr/include').filter((name) => name.endsWith('-linux-gnu'));
  const headers = [corpusPath('failures/programs')!, ...systems.map((name) => `/usr/include/${name}`)].flatMap((path) => ['-I', path]);
  execFileSync(
    'clang',
    ['-target', 'bpf', '-O2', '-g', `-mcpu=${cpu}`, ...defines.map((name) => `-D${name}`), ...headers, '-c', source, '-o', object],
    {
      stdio: ['ignore', 'ignore', 'pipe'],
    },
  );
}
