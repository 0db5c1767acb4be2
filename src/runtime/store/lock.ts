import { randomUUID } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { attempt, createWhole, readIfPresent, removeIfPresent, StoreError } from './files.ts';

/** What the lock must know of processes. */
export interface ProcessTable {
  /** This process. */
  readonly pid: number;
  /** Something that tells this process from an earlier one with the same number (start time); '' when unknown. */
  readonly identity: string;
  /** Whether a process with this number and identity still runs. */
  alive(pid: number, identity: string): boolean;
}

interface Holder {
  readonly pid: number;
  readonly identity: string;
  /** Unique per acquisition. */
  readonly token: string;
}

const FIRST_PAUSE = 2;
const LONGEST_PAUSE = 50;
/** `lock.<pid>.<token>`: a lock file that is being made. */
const LEFTOVER = /\.(\d+)\.[\da-f-]{36}$/;

function encode(holder: Holder): Uint8Array {
  return new TextEncoder().encode(`${holder.pid} ${holder.token} ${holder.identity}\n`);
}

function decode(bytes: Uint8Array | undefined): Holder | undefined {
  const match = bytes && /^(\d+) (\S+) (.*)\n$/.exec(new TextDecoder().decode(bytes));
  return match ? { pid: Number(match[1]), token: match[2] ?? '', identity: match[3] ?? '' } : undefined;
}

/**
 * A lock between processes: a file that names its holder. It appears whole (hard link of a finished file), so a reader never sees
 * half of it. The lock of a dead process is broken by whoever manages to create `<lock>.break-<token>-<n>` first: tokens are unique,
 * so two processes never break the same lock, and a breaker that dies itself is succeeded by number n + 1.
 */
export class ProcessLock {
  readonly #path: string;
  readonly #processes: ProcessTable;

  constructor(path: string, processes: ProcessTable) {
    this.#path = path;
    this.#processes = processes;
  }

  /** Waits for the lock up to `timeout` milliseconds; throws StoreError 'busy' naming the holder. Returns the release function. */
  async acquire(timeout: number): Promise<() => void> {
    const deadline = Date.now() + timeout;
    const mine: Holder = { pid: this.#processes.pid, identity: this.#processes.identity, token: randomUUID() };
    for (let pause = FIRST_PAUSE; ; pause = Math.min(LONGEST_PAUSE, pause * 2)) {
      if (this.#create(this.#path, mine)) return () => this.#release(mine);
      const holder = decode(readIfPresent(this.#path));
      if (holder !== undefined && !this.#processes.alive(holder.pid, holder.identity)) {
        if (this.#break(holder, mine)) continue;
      }
      if (Date.now() >= deadline) throw new StoreError('busy', this.#path, `process ${holder?.pid ?? '?'} is using the store`);
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
  }

  #release(mine: Holder): void {
    if (decode(readIfPresent(this.#path))?.token === mine.token) removeIfPresent(this.#path);
  }

  /** Creates a lock file with its content in one step; false when it exists. */
  #create(path: string, holder: Holder): boolean {
    return createWhole(path, encode(holder), `${this.#path}.${holder.pid}.${holder.token}`);
  }

  /** Removes what processes left behind that were killed while they made a lock file. */
  #sweep(): void {
    const directory = dirname(this.#path);
    for (const name of attempt(directory, () => readdirSync(directory))) {
      const pid = LEFTOVER.exec(name)?.[1];
      if (pid !== undefined && name.startsWith(basename(this.#path)) && !this.#processes.alive(Number(pid), ''))
        removeIfPresent(join(directory, name));
    }
  }

  /** Removes the lock of a dead holder; false when another live process is doing it. */
  #break(dead: Holder, mine: Holder): boolean {
    const prefix = `${basename(this.#path)}.break-${dead.token}-`;
    const directory = dirname(this.#path);
    const breakers = attempt(directory, () => readdirSync(directory))
      .filter((name) => name.startsWith(prefix))
      .map((name) => Number(name.slice(prefix.length)))
      .sort((a, b) => a - b);
    const last = breakers.at(-1);
    if (last !== undefined) {
      const breaker = decode(readIfPresent(join(directory, `${prefix}${last}`)));
      if (breaker === undefined || this.#processes.alive(breaker.pid, breaker.identity)) return false;
    }
    const own = join(directory, `${prefix}${(last ?? 0) + 1}`);
    if (!this.#create(own, mine)) return false;
    if (decode(readIfPresent(this.#path))?.token === dead.token) removeIfPresent(this.#path);
    // The names of dead breakers go with the lock that they were for; our own last, so that nobody starts over.
    for (const number of breakers) removeIfPresent(join(directory, `${prefix}${number}`));
    removeIfPresent(own);
    this.#sweep();
    return true;
  }
}
