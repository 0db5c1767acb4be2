import { closeSync, constants, type Dirent, openSync, writeSync } from 'node:fs';
import { readdir, writeFile } from 'node:fs/promises';
import { availableParallelism, cpus } from 'node:os';
import { join } from 'node:path';
import { CommandError } from '../contexts/errors.ts';
import type { DirectoryEntry, Host, HostProcess, OutputFile } from '../contexts/host.ts';
import type { SettingsStore } from '../contexts/settings.ts';
import { readWholeFile } from './read-file.ts';
import { configDirectory, openSettings } from './settings.ts';

/**
 * The machine as Node sees it.
 *
 * @param verifyWorker the built worker script.
 */
export function nodeHost(verifyWorker?: URL): Host {
  let settings: SettingsStore | undefined;
  return {
    ...files,
    process: nodeProcess,
    storeDirectory: storeDirectory(),
    ...(verifyWorker ? { verifyWorker } : {}),
    // Read when they are first asked for: most one-shot commands do not.
    get settings() {
      settings ??= openSettings(configDirectory(process.env));
      return settings;
    },
    loadBuild: async () => (await import('./node-build.ts')).nodeBuild,
  };
}

/** EBPFSH_STORE, else beside the settings. */
function storeDirectory(): string {
  return process.env['EBPFSH_STORE'] || join(configDirectory(process.env), 'store');
}

const nodeProcess: HostProcess = {
  pid: process.pid,
  hrtime: process.hrtime,
  get cpuCount() {
    // All that the machine has, whatever this process may use: per-CPU maps outlive it.
    return cpus().length || availableParallelism();
  },
  command: 'ebpfsh',
  ...(process.getuid && process.getgid ? { userId: process.getuid(), groupId: process.getgid() } : {}),
  get startedAt() {
    // The global loads a module of Node's that few commands need.
    return performance.timeOrigin;
  },
  admin: process.getuid?.() === 0,
  probe: (pid) => {
    process.kill(pid, 0);
  },
};

const files: Host = {
  async readFile(path) {
    try {
      return await readWholeFile(path);
    } catch (error) {
      throw await fileError(error, path);
    }
  },

  async listDirectory(path) {
    try {
      const entries = await readdir(path, { withFileTypes: true });
      return entries.map((entry): DirectoryEntry => ({ name: entry.name, directory: isDirectory(entry) }));
    } catch {
      return [];
    }
  },

  async writeFile(path, bytes) {
    try {
      await writeFile(path, bytes);
    } catch (error) {
      throw await fileError(error, path);
    }
  },

  async openFile(path, append) {
    try {
      const flags = constants.O_WRONLY | constants.O_CREAT | (append ? constants.O_APPEND : constants.O_TRUNC);
      return outputFile(path, openSync(path, flags));
    } catch (error) {
      throw await fileError(error, path);
    }
  },
};

function isDirectory(entry: Dirent): boolean {
  return entry.isDirectory();
}

/** Written at once, so that the file is complete whatever happens to the process. */
function outputFile(path: string, descriptor: number): OutputFile {
  return {
    path,
    write: (text) => {
      writeSync(descriptor, text);
    },
    close: async () => closeSync(descriptor),
  };
}

/** Where Node has other words than the C library. */
const REASONS: Readonly<Record<string, string>> = { EISDIR: 'is a directory' };

/** `error: No such file or directory opening nosuchfile.o`, the words of the original for every reason of the system. */
async function fileError(error: unknown, path: string): Promise<CommandError> {
  if (error instanceof CommandError) return error;
  const { getSystemErrorMap } = await import('node:util');
  const errno = error instanceof Error && 'errno' in error && typeof error.errno === 'number' ? error.errno : undefined;
  const [code = '', words] = (errno === undefined ? undefined : getSystemErrorMap().get(errno)) ?? [];
  const reason = REASONS[code] ?? words ?? (error instanceof Error ? error.message : String(error));
  return new CommandError('file', `error: ${reason.charAt(0).toUpperCase()}${reason.slice(1)} opening ${path}`);
}
