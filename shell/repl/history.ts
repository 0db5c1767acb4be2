/** The lines typed before, in a file that all running shells append to. */
import { closeSync, constants, fchmodSync, fstatSync, mkdirSync, openSync, readSync, renameSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { printable } from './text.ts';

/** History shared by every shell that uses the same file. */
export interface History {
  /** Oldest first, without immediate repetitions. Grows in place of being replaced only on `refresh` and `add`. */
  readonly entries: readonly string[];
  /** Appends one line; lines that start with a space and repetitions of the last one are not kept. */
  add(line: string): void;
  /** Takes in what other shells have appended since. */
  refresh(): void;
}

/** Bytes of a file worth reading: far more than any limit of lines needs. */
const MAX_FILE_BYTES = 16 * 1024 * 1024;
const MAX_LINE = 64 * 1024;

function keeps(line: string, last: string | undefined): boolean {
  return line.trim() !== '' && !line.startsWith(' ') && line !== last && line.length <= MAX_LINE;
}

function lines(text: string): string[] {
  return text.split('\n').map(printable);
}

function readFrom(descriptor: number, offset: number): string {
  const size = Math.min(fstatSync(descriptor).size - offset, MAX_FILE_BYTES);
  if (size <= 0) return '';
  const bytes = Buffer.alloc(size);
  const count = readSync(descriptor, bytes, 0, size, offset);
  return bytes.toString('utf8', 0, count);
}

/**
 * Opens the history of `file` with at most `limit` lines; without a file (`undefined`), or with limit 0, it lives in memory only.
 * A file that cannot be read or written never stops the prompt: history is then this run's.
 */
export function openHistory(file: string | undefined, limit: number): History {
  const entries: string[] = [];
  const path = limit > 0 ? file : undefined;
  let offset = 0;
  let inode = -1;

  function take(text: string): void {
    for (const line of lines(text)) {
      if (keeps(line, entries.at(-1))) entries.push(line);
    }
    if (limit > 0 && entries.length > limit) entries.splice(0, entries.length - limit);
  }

  function refresh(): void {
    if (path === undefined) return;
    let descriptor: number | undefined;
    try {
      descriptor = openSync(path, 'r');
      const status = fstatSync(descriptor);
      // A shorter or another file: somebody shortened or replaced it, so it is read anew.
      if (status.ino !== inode || status.size < offset) {
        entries.length = 0;
        offset = Math.max(0, status.size - MAX_FILE_BYTES);
        inode = status.ino;
      }
      const text = readFrom(descriptor, offset);
      // A line that another shell is still writing is left for the next time.
      const whole = text.slice(0, text.lastIndexOf('\n') + 1);
      offset += Buffer.byteLength(whole);
      take(whole);
    } catch {
      // Not there yet, or not readable.
    } finally {
      if (descriptor !== undefined) closeSync(descriptor);
    }
  }

  /** Drops the oldest lines once the file holds twice the limit. Lines that others append meanwhile are carried over. */
  function shorten(): void {
    if (path === undefined) return;
    let old: number | undefined;
    let fresh: number | undefined;
    try {
      old = openSync(path, 'r');
      const text = readFrom(old, 0);
      const all = text.split('\n').filter((line) => line !== '');
      if (all.length <= limit * 2) return;
      const temporary = `${path}.${process.pid}`;
      fresh = openSync(temporary, 'w', 0o600);
      writeSync(fresh, `${all.slice(-limit).join('\n')}\n`);
      renameSync(temporary, path);
      writeSync(fresh, readFrom(old, Buffer.byteLength(text)));
    } catch {
      // A history that cannot be shortened is merely long.
    } finally {
      if (old !== undefined) closeSync(old);
      if (fresh !== undefined) closeSync(fresh);
    }
  }

  shorten();
  refresh();

  return {
    entries,
    refresh,
    add(line) {
      const clean = printable(line.replaceAll('\n', ' '));
      if (path === undefined) return take(clean);
      refresh();
      if (!keeps(clean, entries.at(-1))) return;
      let descriptor: number | undefined;
      try {
        mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
        // One write of a whole line to a file opened for appending: lines of several shells do not mix.
        descriptor = openSync(path, constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT, 0o600);
        // Also where an older file was made readable for others: lines can hold names that are nobody else's business.
        fchmodSync(descriptor, 0o600);
        writeSync(descriptor, `${clean}\n`);
      } catch {
        take(clean);
      } finally {
        if (descriptor !== undefined) closeSync(descriptor);
      }
      refresh();
    },
  };
}

/** The newest line that starts with `text` and goes on; undefined for an empty text or where there is none. */
export function suggest(entries: readonly string[], text: string): string | undefined {
  if (text.trim() === '') return undefined;
  return entries.findLast((entry) => entry.length > text.length && entry.startsWith(text));
}
