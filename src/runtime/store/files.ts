import {
  closeSync,
  existsSync,
  fdatasyncSync,
  ftruncateSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  statSync,
  unlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';

/** Why the store cannot be used; one place words it. */
export class StoreError extends Error {
  /**
   * version: written by another version. damaged: a checksum, seal or structure is wrong. busy: another process holds it. exposed: other
   * users can change it. io: the system refused.
   */
  readonly kind: 'version' | 'damaged' | 'busy' | 'exposed' | 'io';
  readonly path: string;
  constructor(kind: StoreError['kind'], path: string, message: string) {
    super(`${path}: ${message}`);
    this.name = 'StoreError';
    this.kind = kind;
    this.path = path;
  }
}

/** The system's error code, '' for other errors. */
export function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
}

/** Runs a file operation; what the system refuses becomes a StoreError of kind io. */
export function attempt<T>(path: string, operation: () => T): T {
  try {
    return operation();
  } catch (error) {
    if (error instanceof StoreError) throw error;
    throw new StoreError('io', path, error instanceof Error ? error.message : String(error));
  }
}

/** Creates a directory that only the user may enter, and those above it. */
export function makePrivateDirectory(path: string): void {
  attempt(path, () => makeDirectories(path));
}

/** Not `recursive: true`, which never comes back where the system answers ENOENT to everything, as in /proc. */
function makeDirectories(path: string): void {
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    if (codeOf(error) === 'ENOENT' && !existsSync(dirname(path))) {
      makeDirectories(dirname(path));
      makeDirectories(path);
    } else if (codeOf(error) !== 'EEXIST' || !statSync(path).isDirectory()) throw error;
  }
}

const WRITABLE_BY_OTHERS = 0o022;
const ROOT = 0;

/** Throws StoreError 'exposed' when others than `userId` could have written to a directory. Only where users have numbers. */
export function requireOwn(path: string, userId: number): void {
  const { uid, mode } = attempt(path, () => statSync(path));
  if (uid !== userId && userId !== ROOT) throw new StoreError('exposed', path, `the directory belongs to user ${uid}`);
  if ((mode & WRITABLE_BY_OTHERS) !== 0) throw new StoreError('exposed', path, 'other users can write to the directory; chmod go-w closes it');
}

/** The bytes of a file; undefined when there is none. */
export function readIfPresent(path: string): Uint8Array | undefined {
  try {
    return new Uint8Array(readFileSync(path));
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw new StoreError('io', path, error instanceof Error ? error.message : String(error));
  }
}

function writeAll(descriptor: number, bytes: Uint8Array, position: number): void {
  for (let written = 0; written < bytes.length; ) written += writeSync(descriptor, bytes, written, bytes.length - written, position + written);
}

/** Writes a new file that only the user may read; its content reaches the disk before this returns when `durable`. */
export function writePrivate(path: string, bytes: Uint8Array, durable = false): void {
  attempt(path, () => {
    const descriptor = openSync(path, 'w', 0o600);
    try {
      writeAll(descriptor, bytes, 0);
      if (durable) fdatasyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
  });
}

/** Replaces a file at once: readers see the old content or the new one. */
export function replaceFile(path: string, bytes: Uint8Array): void {
  const temporary = `${path}.new`;
  writePrivate(temporary, bytes, true);
  attempt(path, () => renameSync(temporary, path));
}

/** What link answers where a file system has no hard links. */
const WITHOUT_LINKS: ReadonlySet<string> = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK']);

/**
 * Creates a file that only the user may read, with its content in one step; false when it exists. Without hard links a reader may see
 * it empty for a moment.
 *
 * @param temporary a name in the same directory that nobody else uses.
 */
export function createWhole(path: string, bytes: Uint8Array, temporary: string): boolean {
  try {
    writePrivate(temporary, bytes);
    return linkInto(path, bytes, temporary);
  } finally {
    // Also where the disk is full: an empty file would be left behind every time.
    removeIfPresent(temporary);
  }
}

function linkInto(path: string, bytes: Uint8Array, temporary: string): boolean {
  try {
    linkSync(temporary, path);
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    if (WITHOUT_LINKS.has(codeOf(error))) return createExclusively(path, bytes);
    throw new StoreError('io', path, error instanceof Error ? error.message : String(error));
  }
}

function createExclusively(path: string, bytes: Uint8Array): boolean {
  try {
    writeFileSync(path, bytes, { flag: 'wx', mode: 0o600 });
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    throw new StoreError('io', path, error instanceof Error ? error.message : String(error));
  }
}

/** Cuts a file to `length` bytes and adds to it: what an earlier process left behind after that length never counted. */
export function appendAt(path: string, length: number, bytes: Uint8Array): void {
  attempt(path, () => {
    const descriptor = openSync(path, length === 0 ? 'w' : 'r+', 0o600);
    try {
      ftruncateSync(descriptor, length);
      writeAll(descriptor, bytes, length);
      fdatasyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
  });
}

/** Removes a file if it is there. */
export function removeIfPresent(path: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw new StoreError('io', path, error instanceof Error ? error.message : String(error));
  }
}
