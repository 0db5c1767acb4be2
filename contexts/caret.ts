/** The lines that show where a command line is wrong. */
import type { Place } from './errors.ts';
import type { Token } from './tokens.ts';

/** A part of a line as UTF-16 offsets, `start === end` at its end. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

const INDENT = '  ';
/** Columns of the line that are shown; the rest of a longer one is cut off. */
const WIDTH = 74;
/** Columns that stay visible before the caret of a long line. */
const BEFORE = 30;
const CUT = '...';

/** Finds a place in the line that `tokens` came from; undefined where nothing there can be pointed at. */
export function placeOf(place: Place, line: string, tokens: readonly Token[]): Span | undefined {
  if ('missing' in place) return { start: line.length, end: line.length };
  if (!('value' in place)) return place;
  const { value } = place;
  const words = line.lastIndexOf(value);
  if (/\s/.test(value) && words >= 0) return { start: words, end: words + value.length };
  const whole = tokens.find(({ text }) => text === value);
  if (whole !== undefined || value === '') return whole;
  // A tag's value, or a part of it.
  for (const { start, end } of tokens) {
    const at = line.slice(start, end).lastIndexOf(value);
    if (at >= 0) return { start: start + at, end: start + at + value.length };
  }
  return undefined;
}

/**
 * The line, and carets under the part that is wrong; for a missing part the name of what belongs there.
 *
 * @param source where the line came from, for lines that nobody has just typed.
 * @returns '' where the columns of the screen cannot be told from the text.
 */
export function caret(line: string, { start, end }: Span, missing: string | undefined, source: string | undefined): string {
  const text = line.replaceAll('\t', ' ');
  // Wide and combining characters take another number of columns than they have code units.
  if (!/^[\x20-\x7e]*$/.test(text)) return '';
  const from = text.length > WIDTH && start > BEFORE ? Math.min(start - BEFORE, text.length - WIDTH / 2) : 0;
  const head = from > 0 ? CUT : '';
  const shown = text.slice(from, from + WIDTH - head.length);
  const tail = from + shown.length < text.length ? CUT : '';
  const gap = missing === undefined || text === '' ? 0 : 1;
  const at = head.length + start - from + gap;
  const length = Math.max(1, Math.min(end, from + shown.length) - start);
  const marks = `${' '.repeat(at)}${'^'.repeat(length)}${missing === undefined ? '' : ` ${missing}`}`;
  return `${source === undefined ? '' : `${source}:\n`}${INDENT}${head}${shown}${tail}\n${INDENT}${marks}\n`;
}
