/** Clang and changing files, as `ebpf watch` needs them. Loaded with its first use. */
import { execFile } from 'node:child_process';
import { existsSync, type FSWatcher, type Stats, statSync, watch } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { CommandError } from '../contexts/errors.ts';
import type { Compilation, CompileJob, FileWatch, HostBuild } from '../contexts/host.ts';

/** Milliseconds that a file must stay as it is: an editor that saves writes more than once, or renames. */
const SETTLE = 80;
/** Milliseconds between looks where no event comes: network file systems send none. */
const LOOK = 1000;
/** Messages of clang that are kept, in bytes. */
const MESSAGE_LIMIT = 4 * 1024 * 1024;

export const nodeBuild: HostBuild = { compile, resolvePath, watch: (paths) => new NodeFileWatch(paths) };

function resolvePath(path: string, directory = '.'): string {
  return resolve(directory, path);
}

async function compile({ source, flags, directory, signal }: CompileJob): Promise<Compilation> {
  if (directory !== undefined && !existsSync(directory)) throw new CommandError('file', `error: No such file or directory opening ${directory}`);
  const workspace = await mkdtemp(join(tmpdir(), 'ebpfsh-watch-'));
  const [object, headers] = [join(workspace, 'object.o'), join(workspace, 'headers.d')];
  try {
    const { failed, messages } = await runClang([...flags, '-MMD', '-MF', headers, '-c', '-o', object, '--', source], directory, signal);
    if (failed) return { object: undefined, messages, inputs: [] };
    const inputs = makeDependencies(await readFile(headers, 'utf8')).map((path) => resolvePath(path, directory));
    return { object: await readFile(object), messages, inputs };
  } finally {
    await rm(workspace, { recursive: true, force: true });
  }
}

/** EBPFSH_CLANG names another clang than the one on the PATH. */
function runClang(args: readonly string[], directory: string | undefined, signal: AbortSignal): Promise<{ failed: boolean; messages: string }> {
  const clang = process.env['EBPFSH_CLANG'] || 'clang';
  return new Promise((settle, reject) => {
    execFile(
      clang,
      [...args],
      { ...(directory === undefined ? {} : { cwd: directory }), signal, maxBuffer: MESSAGE_LIMIT },
      (error, _stdout, stderr) => {
        if (signal.aborted) reject(new CommandError('cancelled', 'The command was cancelled.'));
        else if (error?.code === 'ENOENT' || error?.code === 'EACCES') reject(new CommandError('clang', missingClang(clang)));
        else settle({ failed: error !== null, messages: stderr === '' && error !== null ? `${error.message}\n` : stderr });
      },
    );
  });
}

function missingClang(clang: string): string {
  return `error: ${clang} cannot be run\nInstall LLVM, or name clang in EBPFSH_CLANG; an object file can be watched without.`;
}

/** The files of a make rule: `a.o: a.c b\ c.h \`, line ends and blanks escaped. */
function makeDependencies(rule: string): readonly string[] {
  const words = rule.replace(/\\\r?\n/g, ' ').match(/(?:\\[\s#]|[^\s])+/g) ?? [];
  const start = words.findIndex((word) => word.endsWith(':'));
  return words.slice(start + 1).map((word) => word.replace(/\\([\s#])/g, '$1').replaceAll('$$', '$'));
}

/** What tells one state of a file from another; '' where there is none. */
function fingerprint(path: string): string {
  let stats: Stats | undefined;
  try {
    stats = statSync(path, { throwIfNoEntry: false });
  } catch {
    // A folder on the way that is no folder any more: there is no such file.
  }
  return stats ? `${stats.mtimeMs} ${stats.ctimeMs} ${stats.size} ${stats.ino}` : '';
}

/**
 * Watches the folders, not the files: an editor that renames a new file into place leaves a watched file behind. Events only say when to
 * look; what a file is, its state on disk decides.
 */
class NodeFileWatch implements FileWatch {
  readonly #known = new Map<string, string>();
  readonly #folders = new Map<string, FSWatcher>();
  #wake: (() => void) | undefined;

  constructor(paths: readonly string[]) {
    for (const path of paths) this.#add(path);
  }

  async next(paths: readonly string[], signal: AbortSignal): Promise<readonly string[]> {
    for (const path of paths) this.#add(path);
    for (;;) {
      signal.throwIfAborted();
      const changed = paths.filter((path) => fingerprint(path) !== this.#known.get(path));
      if (changed.length > 0) return this.#settled(changed, signal);
      await this.#event(signal);
    }
  }

  close(): void {
    for (const folder of this.#folders.values()) folder.close();
    this.#folders.clear();
  }

  #add(path: string): void {
    if (!this.#known.has(path)) this.#known.set(path, fingerprint(path));
    const folder = dirname(path);
    if (this.#folders.has(folder)) return;
    try {
      const watcher = watch(folder, () => this.#wake?.());
      // Without events the regular looks remain; a folder that comes back is watched again.
      watcher.on('error', () => {
        watcher.close();
        this.#folders.delete(folder);
      });
      this.#folders.set(folder, watcher);
    } catch {
      // No folder yet, or no more watches to be had: the regular looks remain.
    }
  }

  /** Waits until the files stay as they are, and takes that as known. */
  async #settled(paths: readonly string[], signal: AbortSignal): Promise<readonly string[]> {
    for (;;) {
      const before = paths.map(fingerprint);
      await pause(SETTLE, undefined, { signal });
      const after = paths.map(fingerprint);
      if (before.join('\n') !== after.join('\n')) continue;
      for (const [index, path] of paths.entries()) this.#known.set(path, after[index]!);
      return paths;
    }
  }

  /** Resolves at the next event or look, or when the signal is aborted; leaves nothing behind on a signal that lives for days. */
  #event(signal: AbortSignal): Promise<void> {
    return new Promise((settle) => {
      const wake = () => {
        clearTimeout(timer);
        signal.removeEventListener('abort', wake);
        this.#wake = undefined;
        settle();
      };
      const timer = setTimeout(wake, LOOK);
      signal.addEventListener('abort', wake);
      this.#wake = wake;
    });
  }
}
