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
}

/** What eBPF programs and the store's lock learn of the process and its machine. */
export interface HostProcess {
  readonly pid: number;
  readonly hrtime: { bigint(): bigint };
  readonly cpuCount: number;
  /** What process listings call this program. */
  readonly command: string;
  readonly userId?: number;
  readonly groupId?: number;
  /** Milliseconds since 1970 when the process started. */
  readonly startedAt: number;
  readonly admin: boolean;
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
