/** Puts rows on a screen of its own and writes only those that changed. */
import type { Row, Size } from '../repl/frame.ts';

export interface Painter {
  readonly size: Size;
  /** Rows from the top, each as wide as the screen. */
  draw(rows: readonly Row[]): void;
}

/** Terminals that know synchronized output show what stands between these at once; others ignore them (DEC private mode 2026). */
const BEGIN = '\u001b[?2026h';
const END = '\u001b[?2026l';

/** A painter on a clear screen of that size. */
export function createPainter(write: (text: string) => void, size: Size): Painter {
  let shown: readonly Row[] = [];
  return {
    size,
    draw(rows) {
      // A full row leaves the cursor behind the last column, where some terminals wrap: so every row is gone to by its number.
      const changed = rows.map(({ text }, row) => (text === shown[row]?.text ? '' : `\u001b[${row + 1};1H${text}`)).join('');
      shown = rows;
      if (changed !== '') write(BEGIN + changed + END);
    },
  };
}
