/** Draws frames at the bottom of the terminal's own scrollback, and lets output pass above them. */
import type { Frame, Row, Size } from './frame.ts';

const EMPTY: Frame = { rows: [], cursorRow: 0, cursorColumn: 0 };

/** The area of the terminal that is redrawn. Everything above it belongs to the scrollback and is never touched again. */
export interface Screen {
  /** Shows a frame in place of the one before; only rows that differ are written. */
  draw(frame: Frame): void;
  /** Takes the frame away. */
  erase(): void;
  /** Leaves the frame where it is and goes below it. */
  commit(): void;
  /** Writes output above; the frame must be erased or committed. `\n` ends lines. */
  print(text: string): void;
  /** True while the cursor is at the start of a line. */
  readonly atLineStart: boolean;
  /** The window changes its size, or is about to be somebody else's: nothing is drawn until `settle` or `forget`. */
  hold(): void;
  /** Takes what was drawn before `hold` away and lets draw again. Everything but `draw` does so by itself. */
  settle(): void;
  /** Forgets what is shown and lets draw again: something else has cleared or scrolled the screen. */
  forget(): void;
}

function up(rows: number): string {
  return rows > 0 ? `\u001b[${rows}A` : '';
}

function right(columns: number): string {
  return columns > 0 ? `\u001b[${columns}C` : '';
}

function sameRow(a: Row | undefined, b: Row | undefined): boolean {
  return a !== undefined && b !== undefined && a.text === b.text;
}

function vertical(rows: number): string {
  return rows > 0 ? `\u001b[${rows}B` : up(-rows);
}

const ASCII = /^[\x20-\x7e]*$/;

/** A full row leaves the cursor on its last column, where erasing to the end would eat that column. */
function writeRow(row: Row, columns: number): string {
  return row.width < columns ? `${row.text}\u001b[K` : row.text;
}

/** What turns one row into another, from its first column. Plain rows keep what they share, so that a screen reader hears only what is new. */
function rewriteRow(next: Row | undefined, previous: Row | undefined, columns: number): string {
  if (next === undefined || sameRow(next, previous)) return '';
  if (previous === undefined || !ASCII.test(next.text) || !ASCII.test(previous.text)) return writeRow(next, columns);
  let shared = 0;
  while (shared < next.text.length && next.text[shared] === previous.text[shared]) shared += 1;
  // A cursor cannot be moved behind the last column, so a full row is never kept whole.
  shared = Math.min(shared, columns - 1);
  const tail = next.text.slice(shared);
  return right(shared) + tail + (next.width < columns && previous.width > next.width ? '\u001b[K' : '');
}

/** Rows that a row written at one width takes at another. */
function reflowed(row: Row, columns: number): number {
  return Math.max(1, Math.ceil(row.width / columns));
}

/** The last row that has to be written. */
function lastChange(next: Frame, previous: Frame): number {
  let last = next.rows.length - 1;
  while (last > 0 && sameRow(next.rows[last], previous.rows[last])) last -= 1;
  return last;
}

/** A screen over `write`; `size` is asked on every frame. */
export function createScreen(write: (text: string) => void, size: () => Size): Screen {
  let shown = EMPTY;
  let lineStart = true;
  let held = false;

  function toTop(): string {
    return `${up(shown.cursorRow)}\r`;
  }

  /** Goes to the first row that differs, or to the last one where only rows below it have to go. */
  function descend(from: number): string {
    const existing = Math.min(from, Math.max(0, shown.rows.length - 1));
    return vertical(existing - shown.cursorRow) + (from > existing ? '\r\n' : '\r');
  }

  /** Terminals wrap rows that have become too long, so the frame may take more rows than it had. */
  function settle(): void {
    if (!held) return;
    held = false;
    if (shown.rows.length === 0) return;
    const { columns } = size();
    const above = shown.rows.slice(0, shown.cursorRow).reduce((sum, row) => sum + reflowed(row, columns), 0);
    write(`${up(above + Math.floor(shown.cursorColumn / columns))}\r\u001b[J`);
    shown = EMPTY;
    lineStart = true;
  }

  function draw(frame: Frame): void {
    if (held) return;
    const { columns } = size();
    let first = 0;
    while (first < frame.rows.length && sameRow(frame.rows[first], shown.rows[first])) first += 1;
    let out = '';
    let at = shown.cursorRow;
    if (first < frame.rows.length || shown.rows.length !== frame.rows.length) {
      at = Math.min(first, Math.max(0, frame.rows.length - 1));
      out += descend(at);
      const removed = shown.rows.length > frame.rows.length;
      const last = removed ? frame.rows.length - 1 : lastChange(frame, shown);
      for (let index = at; index <= last; index += 1) {
        if (index > at) out += '\r\n';
        out += rewriteRow(frame.rows[index], shown.rows[index], columns);
      }
      at = last;
      if (removed) {
        out += '\r\n\u001b[J';
        at += 1;
      }
    }
    const moved = shown.rows.length === 0 || frame.cursorRow !== shown.cursorRow || frame.cursorColumn !== shown.cursorColumn;
    if (out !== '' || moved) write(`${out}${vertical(frame.cursorRow - at)}\r${right(frame.cursorColumn)}`);
    shown = frame;
    lineStart = frame.rows.length === 0;
  }

  return {
    draw,
    erase() {
      settle();
      if (shown.rows.length === 0) return;
      write(`${toTop()}\u001b[J`);
      shown = EMPTY;
      lineStart = true;
    },
    commit() {
      settle();
      if (shown.rows.length === 0) return;
      write(`${'\r\n'.repeat(shown.rows.length - shown.cursorRow)}`);
      shown = EMPTY;
      lineStart = true;
    },
    print(text) {
      if (text === '') return;
      settle();
      write(text.replaceAll(/\r?\n/g, '\r\n'));
      lineStart = text.endsWith('\n');
    },
    get atLineStart() {
      return lineStart;
    },
    hold() {
      held = true;
    },
    settle,
    forget() {
      held = false;
      shown = EMPTY;
      lineStart = true;
    },
  };
}
