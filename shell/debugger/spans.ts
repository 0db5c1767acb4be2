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
  const begin = ' '.repeat(Math.min(indent, Math.max(0, columns - 1)));
  let current = '';
  const next = () => {
    lines.push(current);
    current = begin;
  };
  printable(text)
    .split(' ')
    .forEach((word, index) => {
      const blank = index === 0 ? '' : ' ';
      if (columnsOf(current) + blank.length + columnsOf(word) <= columns) {
        current += blank + word;
        return;
      }
      if (index > 0) next();
      const [first = '', ...more] = pieces(word, columns - columnsOf(current), columns - begin.length);
      current += first;
      for (const piece of more) {
        next();
        current += piece;
      }
    });
  return [...lines, current];
}

/** A word as the parts that fit into the rest of one line and into the lines behind it. */
function pieces(word: string, first: number, others: number): readonly string[] {
  const parts: string[] = [''];
  let room = first;
  for (const { text, width } of graphemes(word)) {
    if (width > room && parts.at(-1) !== '') {
      parts.push('');
      room = others;
    }
    parts[parts.length - 1] += text;
    room -= width;
  }
  return parts;
}

/** A line that is longer than there is room, as several: broken at blanks where that is possible, with the looks of its parts. */
export function wrappedLine(spans: Line, columns: number, indent: number): readonly Line[] {
  if (lineWidth(spans) <= columns) return [spans];
  const text = plainText(spans);
  const roles = spans.flatMap(({ text: part, role }) => Array.from({ length: part.length }, () => role));
  let at = 0;
  return wrapWords(text, columns, indent).map((words, row): Line => {
    const shown = row === 0 ? words : words.trimStart();
    // Between two rows lie the blanks at which the text was broken.
    at = text.indexOf(shown, at);
    const parts: Span[] = [];
    for (let index = 0; index < shown.length; index++) {
      const role = roles[at + index]!;
      const last = parts.at(-1);
      if (last?.role === role) parts[parts.length - 1] = { text: last.text + shown[index], role };
      else parts.push({ text: shown[index]!, role });
    }
    at += shown.length;
    return row === 0 ? parts : [{ text: ' '.repeat(words.length - shown.length), role: roles[0]! }, ...parts];
  });
}

/** A paragraph in one look. */
export function paragraph(text: string, columns: number, role: Role = 'text', indent = 0): readonly Line[] {
  return wrapWords(text, columns, indent).map((words) => [{ text: words, role }]);
}

/** The row as it is written. */
export function paintLine(theme: Theme, spans: Line): Row {
  return { text: spans.map(({ text, role }) => paint(theme, role, text)).join(''), width: lineWidth(spans) };
}
