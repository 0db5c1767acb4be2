/** What commands may ask of the machine around them; the bin hands in Node's, tests a made-up one. */
export interface Host {
  /** @throws CommandError of kind 'file' with the words `error: <reason> opening <path>`. */
  readFile(path: string): Promise<Uint8Array>;
  /** Names in a directory; [] where it cannot be read. */
  listDirectory(path: string): Promise<readonly DirectoryEntry[]>;
  /** Creates the file, empties it unless `append`. @throws CommandError of kind 'file'. */
  openFile(path: string, append: boolean): Promise<OutputFile>;
  /** The script of verify-worker.ts as the host can start it; absent: verification runs in the calling thread. */
  readonly verifyWorker?: URL;
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
