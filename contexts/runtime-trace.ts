import { appendFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Runtime } from '../src/runtime/runtime.ts';
import { attempt, readIfPresent, replaceFile } from '../src/runtime/store/files.ts';

/** One line that a program printed, without what only its process knows. */
export interface TraceLine {
  /** Nanoseconds since boot. */
  readonly time: bigint;
  readonly cpu: number;
  readonly program: string;
  readonly text: string;
}

const NEWLINE = 10;
/** Bytes above which the older half of the log is forgotten. */
const LIMIT = 0x10_0000;

/** What programs printed, kept for `show trace` of other processes: one JSON array per line. */
export class TraceLog {
  readonly #path: string;
  readonly #seen = new WeakMap<Runtime, number>();

  constructor(storeDirectory: string) {
    this.#path = join(storeDirectory, 'trace');
  }

  /** Adds what a runtime's programs printed since the last time. */
  append(runtime: Runtime): void {
    const messages = runtime.trace.since(this.#seen.get(runtime) ?? 0);
    if (messages.length === 0) return;
    this.#seen.set(runtime, runtime.trace.last);
    const text = messages.map(({ time, cpu, program, text: line }) => `${JSON.stringify([String(time), cpu, program, line])}\n`).join('');
    attempt(this.#path, () => appendFileSync(this.#path, this.#endsMidLine() ? `\n${text}` : text, { mode: 0o600 }));
    if (statSync(this.#path).size > LIMIT) this.#cut();
  }

  /** A process that was killed while it wrote leaves half a line, which must not swallow the next. */
  #endsMidLine(): boolean {
    const bytes = readIfPresent(this.#path);
    return bytes !== undefined && bytes.length > 0 && bytes.at(-1) !== NEWLINE;
  }

  read(): readonly TraceLine[] {
    const lines = new TextDecoder().decode(readIfPresent(this.#path)).split('\n');
    return lines.flatMap((line) => parseLine(line) ?? []);
  }

  #cut(): void {
    const bytes = readIfPresent(this.#path) ?? new Uint8Array(0);
    const middle = bytes.indexOf(NEWLINE, bytes.length >> 1);
    replaceFile(this.#path, bytes.subarray(middle + 1));
  }
}

/** A half-written last line and foreign text count as nothing. */
function parseLine(line: string): TraceLine | undefined {
  try {
    const value: unknown = JSON.parse(line);
    if (!Array.isArray(value) || value.length !== 4) return undefined;
    const [time, cpu, program, text] = value as unknown[];
    if (typeof time !== 'string' || !/^\d+$/.test(time) || typeof cpu !== 'number' || typeof program !== 'string' || typeof text !== 'string')
      return undefined;
    return { time: BigInt(time), cpu, program, text };
  } catch {
    return undefined;
  }
}
