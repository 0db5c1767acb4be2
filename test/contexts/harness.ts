import { readFileSync } from 'node:fs';
import { CommandError } from '../../contexts/errors.ts';
import type { Host } from '../../contexts/host.ts';
import { rootContext } from '../../contexts/root/index.ts';
import { Session } from '../../contexts/session.ts';
import type { Outcome, Progress } from '../../contexts/session-types.ts';

export interface Run extends Outcome {
  readonly stdout: string;
  readonly stderr: string;
  readonly progress: readonly Progress[];
}

/** A host whose files are in memory; names that start with `samples/` are the project's own. */
export function memoryHost(files: Record<string, string | Uint8Array> = {}): Host & { readonly files: Record<string, string | Uint8Array> } {
  return {
    files,
    async readFile(path) {
      const found = files[path];
      if (found !== undefined) return typeof found === 'string' ? new TextEncoder().encode(found) : found;
      if (path.startsWith('samples/')) return readFileSync(path);
      throw new CommandError('file', `error: No such file or directory opening ${path}`);
    },
    async listDirectory(path) {
      const prefix = path === '.' ? '' : path;
      const names = Object.keys(files).filter((name) => name.startsWith(prefix));
      const entries = new Map(names.map((name) => name.slice(prefix.length).split('/')).map(([first, ...rest]) => [first!, rest.length > 0]));
      return [...entries].map(([name, directory]) => ({ name, directory }));
    },
    async writeFile(path, bytes) {
      files[path] = bytes;
    },
    async openFile(path, append) {
      if (!append || files[path] === undefined) files[path] = '';
      return {
        path,
        write: (text) => {
          files[path] += text;
        },
        close: async () => undefined,
      };
    },
  };
}

/** A session at the root, over files in memory. */
export function newSession(files: Record<string, string | Uint8Array> = {}): Session {
  return new Session(rootContext, memoryHost(files));
}

/** Runs one line and returns what it wrote. */
export async function run(session: Session, line: string, signal: AbortSignal = new AbortController().signal): Promise<Run> {
  const written = { stdout: '', stderr: '' };
  const progress: Progress[] = [];
  const outcome = await session.execute(line, {
    signal,
    write: (text, stream) => {
      written[stream] += text;
    },
    onProgress: (step) => progress.push(step),
  });
  return { ...outcome, ...written, progress };
}
