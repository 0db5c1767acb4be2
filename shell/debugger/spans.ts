/** Text with looks, cut and filled to columns: what the debugger's panes are made of. */
import type { Row } from '../repl/frame.ts';
import { graphemes, padEnd, printable, textWidth, truncate } from '../repl/text.ts';
import type { Role, Theme } from '../repl/theme.ts';
import { paint } from '../repl/theme.ts';

export interface Span {
  readonly text: string;
  readonly role: Role;
}

/** One row of a pane, from left to right. */
export type Line = readonly Span[];

export const EMPTY_LINE: Line = [];

/** A piece of text with a look; what could move the cursor is taken out. */
export function span(text: string, role: Role = 'text'): Span {
  return { text: printable(text.replaceAll('\t', '    ')), role };
}

export function line(text: string, role: Role = 'text'): Line {
  return [span(text, role)];
}

/** What panes are mostly made of: one column a letter, and no need to look at graphemes. */
const SIMPLE = /^[\x20-\x7e─│┬…]*$/;

/** Columns of a text; the same as `textWidth`, quick for what this screen draws itself. */
export function columnsOf(text: string): number {
  return SIMPLE.test(text) ? text.length : textWidth(text);
}

export function lineWidth(spans: Line): number {
  return spans.reduce((sum, { text }) => sum + columnsOf(text), 0);
}

/** Exactly `columns` wide: filled with blanks, or cut with `…`. */
export function filled(spans: Line, columns: number): Line {
  const width = lineWidth(spans);
  if (width <= columns) return width === columns ? spans : [...spans, { text: ' '.repeat(columns - width), role: spans.at(-1)?.role ?? 'text' }];
  const cut: Span[] = [];
  let room = columns;
  for (const part of spans) {
    const taken = columnsOf(part.text);
    // What follows has to leave room for the mark.
    if (taken < room) {
      cut.push(part);
      room -= taken;
      continue;
    }
    cut.push({ ...part, text: padEnd(truncate(`${part.text} `, room), room) });
    break;
  }
  return cut;
}

export function plainText(spans: Line): string {
  return spans.map(({ text }) => text).join('');
}

/** The same text in one look, for a row that is chosen. */
export function inRole(spans: Line, role: Role): Line {
  return [{ text: plainText(spans), role }];
}

/**
 * Breaks text at blanks into lines of at most `columns`; a word that is longer is broken where the line ends.
 *
 * @param indent of every line but the first.
 */
export function wrapWords(text: string, columns: number, indent = 0): readonly string[] {
  const lines: string[] = [];
  let current = '';
  let fresh = true;
  const begin = () => (lines.length === 0 ? '' : ' '.repeat(Math.min(indent, Math.max(0, columns - 1))));
  for (const word of printable(text).split(' ')) {
    for (const piece of pieces(word, Math.max(1, columns - indent))) {
      if (!fresh && columnsOf(current) + 1 + columnsOf(piece) > columns) {
        lines.push(current);
        current = begin() + piece;
      } else {
        current = fresh ? begin() + piece : `${current} ${piece}`;
      }
      fresh = false;
    }
  }
  return [...lines, current];
}

function pieces(word: string, columns: number): readonly string[] {
  if (columnsOf(word) <= columns) return [word];
  const parts: string[] = [];
  let part = '';
  let width = 0;
  for (const grapheme of graphemes(word)) {
    if (width + grapheme.width > columns) {
      parts.push(part);
      part = '';
      width = 0;
    }
    part += grapheme.text;
    width += grapheme.width;
  }
  return [...parts, part];
}

/** A paragraph in one look. */
export function paragraph(text: string, columns: number, role: Role = 'text', indent = 0): readonly Line[] {
  return wrapWords(text, columns, indent).map((words) => [{ text: words, role }]);
}

/** The row as it is written. */
export function paintLine(theme: Theme, spans: Line): Row {
  return { text: spans.map(({ text, role }) => paint(theme, role, text)).join(''), width: lineWidth(spans) };
}
