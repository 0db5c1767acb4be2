import type { SystemProcess } from '../src/runtime/host.ts';
import type { SettingsStore } from './settings.ts';

/** What commands may ask of the machine around them; the bin hands in Node's, tests a made-up one. */
export interface Host {
  /** @throws CommandError of kind 'file' with the words `error: <reason> opening <path>`. */
  readFile(path: string): Promise<Uint8Array>;
  /** Names in a directory; [] where it cannot be read. */
  listDirectory(path: string): Promise<readonly DirectoryEntry[]>;
  /** Creates the file, empties it unless `append`. @throws CommandError of kind 'file'. */
  openFile(path: string, append: boolean): Promise<OutputFile>;
  /** Creates or replaces a file. @throws CommandError of kind 'file'. */
  writeFile(path: string, bytes: Uint8Array): Promise<void>;
  /** The process that runs this program; absent: programs see a made-up, repeatable one. */
  readonly process?: HostProcess;
  /** Where pinned things outlive the process; absent: they end with the session. */
  readonly storeDirectory?: string;
  /** The script of verify-worker.ts as the host can start it; absent: verification runs in the calling thread. */
  readonly verifyWorker?: URL;
  /** What a person has set, kept between runs; absent: there is nothing to set. */
  readonly settings?: SettingsStore;
  /** Loads what compiles sources and notices changes to files; absent: nothing can be watched. */
  loadBuild?(): Promise<HostBuild>;
}

/** What eBPF programs and the store's lock learn of the process and its machine. */
export interface HostProcess extends SystemProcess {
  /** Sends signal 0; throws ESRCH where there is no such process. */
  probe(pid: number): void;
}

export interface DirectoryEntry {
  readonly name: string;
  readonly directory: boolean;
}

export interface OutputFile {
  readonly path: string;
  write(text: string): void;
  close(): Promise<void>;
}

/** Compiling sources and noticing that they change. */
export interface HostBuild {
  /**
   * Runs clang on one source.
   *
   * @throws CommandError 'clang' where there is no clang, 'cancelled' when the signal is aborted.
   */
  compile(job: CompileJob): Promise<Compilation>;
  /** An absolute path, from `directory` or else from where the process runs. */
  resolvePath(path: string, directory?: string): string;
  /** Starts to watch; the files' present state counts as known. */
  watch(paths: readonly string[]): FileWatch;
}

export interface CompileJob {
  readonly source: string;
  /** Everything but the source, the output and what lists the headers. */
  readonly flags: readonly string[];
  /** Where relative paths of the flags start; undefined: where the process runs. */
  readonly directory: string | undefined;
  readonly signal: AbortSignal;
}

export interface Compilation {
  /** The object; undefined where the source does not compile. */
  readonly object: Uint8Array | undefined;
  /** What clang said: errors and warnings. */
  readonly messages: string;
  /** Absolute paths of the source and of the headers that it includes, those of the system left out; [] where it does not compile. */
  readonly inputs: readonly string[];
}

/** Files that are looked at for changes, also when an editor puts a new file in the old one's place. */
export interface FileWatch {
  /**
   * Waits until one of the files differs from what it was at the last call and has come to rest.
   *
   * @param paths what to watch from now on; changes to a file that was watched before are not lost.
   * @returns the changed ones. Rejects with an AbortError when the signal is aborted.
   */
  next(paths: readonly string[], signal: AbortSignal): Promise<readonly string[]>;
  close(): void;
}
