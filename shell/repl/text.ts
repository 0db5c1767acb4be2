/** What a person sees as one character, how wide the terminal draws it, and where words end. */

/** One user-perceived character (Unicode UAX #29 extended grapheme cluster). */
export interface Grapheme {
  readonly text: string;
  /** UTF-16 offset of the first unit in the string it was cut from. */
  readonly start: number;
  /** Terminal columns: 0, 1 or 2. */
  readonly width: number;
}

/** East Asian Wide and Fullwidth blocks, as [first, last] pairs in ascending order (Unicode EastAsianWidth.txt, gaps inside a block counted as wide). */
const WIDE_RANGES: readonly (readonly [number, number])[] = [
  [0x1100, 0x115f],
  [0x2329, 0x232a],
  [0x2e80, 0x303e],
  [0x3041, 0x33ff],
  [0x3400, 0x4dbf],
  [0x4e00, 0xa4cf],
  [0xa960, 0xa97f],
  [0xac00, 0xd7a3],
  [0xf900, 0xfaff],
  [0xfe10, 0xfe19],
  [0xfe30, 0xfe6f],
  [0xff01, 0xff60],
  [0xffe0, 0xffe6],
  [0x16fe0, 0x18dff],
  [0x1aff0, 0x1b2ff],
  [0x1f200, 0x1f265],
  [0x20000, 0x3fffd],
];

const ZERO_WIDTH = /^[\p{Mn}\p{Me}\p{Cf}\p{Cc}]$/u;
const EMOJI_PRESENTATION = /^\p{Emoji_Presentation}/u;
const PLAIN = /^[\x20-\x7e]*$/;
/** Bytes that would move the cursor or change the terminal: C0 (not tab), DEL and C1. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what this removes
const CONTROL = /[\u0000-\u0008\u000a-\u001f\u007f-\u009f]/g;

let segmenter: Intl.Segmenter | undefined;

function isWide(codePoint: number): boolean {
  if (codePoint < 0x1100) return false;
  return WIDE_RANGES.some(([first, last]) => codePoint >= first && codePoint <= last);
}

function graphemeWidth(text: string): number {
  if (text.length === 1 && text >= ' ' && text <= '~') return 1;
  const codePoint = text.codePointAt(0) ?? 0;
  // U+FE0F asks for the emoji form, which terminals draw two columns wide.
  if (EMOJI_PRESENTATION.test(text) || text.includes('\ufe0f') || isWide(codePoint)) return 2;
  return ZERO_WIDTH.test(String.fromCodePoint(codePoint)) ? 0 : 1;
}

/** Cuts a string into graphemes. Printable ASCII takes a path that never loads the Unicode segmenter. */
export function graphemes(text: string): Grapheme[] {
  if (PLAIN.test(text)) return Array.from(text, (character, start) => ({ text: character, start, width: 1 }));
  segmenter ??= new Intl.Segmenter(undefined, { granularity: 'grapheme' });
  return Array.from(segmenter.segment(text), (part) => ({ text: part.segment, start: part.index, width: graphemeWidth(part.segment) }));
}

/** Terminal columns that `text` takes on one line. */
export function textWidth(text: string): number {
  if (PLAIN.test(text)) return text.length;
  return graphemes(text).reduce((sum, grapheme) => sum + grapheme.width, 0);
}

/** The longest beginning of `text` that fits `columns`; where something is cut, it ends in '…'. */
export function truncate(text: string, columns: number): string {
  if (textWidth(text) <= columns) return text;
  if (columns < 1) return '';
  let width = 0;
  let end = 0;
  for (const grapheme of graphemes(text)) {
    if (width + grapheme.width > columns - 1) break;
    width += grapheme.width;
    end = grapheme.start + grapheme.text.length;
  }
  return `${text.slice(0, end)}…`;
}

/** Pads with spaces on the right up to `columns`. */
export function padEnd(text: string, columns: number): string {
  return text + ' '.repeat(Math.max(0, columns - textWidth(text)));
}

/** Offset of the grapheme boundary before `position`; 0 at the start. */
export function previousBoundary(text: string, position: number): number {
  let boundary = 0;
  for (const grapheme of graphemes(text.slice(0, position))) boundary = grapheme.start;
  return boundary;
}

/** Offset of the grapheme boundary after `position`; the length at the end. */
export function nextBoundary(text: string, position: number): number {
  const [first] = graphemes(text.slice(position, position + 64));
  return first === undefined ? text.length : position + first.text.length;
}

/** `position` itself where a grapheme starts there, else the start of the grapheme it lies in. */
export function snap(text: string, position: number): number {
  if (PLAIN.test(text)) return position;
  return graphemes(text).findLast((grapheme) => grapheme.start <= position && position < grapheme.start + grapheme.text.length)?.start ?? position;
}

/** Like `snap`, but to the end of the grapheme. */
export function snapEnd(text: string, position: number): number {
  const start = snap(text, position);
  return start === position ? position : nextBoundary(text, start);
}

/** One line that is safe to keep, show and send: tabs become spaces, other control characters go. */
export function printable(text: string): string {
  return text.replaceAll('\t', ' ').replace(CONTROL, '');
}

/** Which characters belong to a word: `alphanumeric` as Emacs moves, `blank` as Ctrl-W and vi's W cut. */
export type WordKind = 'alphanumeric' | 'blank';

const WORD: Readonly<Record<WordKind, RegExp>> = { alphanumeric: /[\p{L}\p{N}_\p{M}]/u, blank: /\S/u };

function isWord(text: string, position: number, kind: WordKind): boolean {
  return WORD[kind].test(text.charAt(position));
}

/** Start of the word that ends at or before `position`. */
export function wordLeft(text: string, position: number, kind: WordKind): number {
  let at = position;
  while (at > 0 && !isWord(text, at - 1, kind)) at -= 1;
  while (at > 0 && isWord(text, at - 1, kind)) at -= 1;
  return snap(text, at);
}

/** End of the word that starts at or after `position`. */
export function wordRight(text: string, position: number, kind: WordKind): number {
  let at = position;
  while (at < text.length && !isWord(text, at, kind)) at += 1;
  while (at < text.length && isWord(text, at, kind)) at += 1;
  return snapEnd(text, at);
}
