import { UsageError } from './errors.ts';

/** One word of a command line. `start`/`end` are UTF-16 offsets into the line, quotes included. */
export interface Token {
  readonly text: string;
  readonly start: number;
  readonly end: number;
  /** Some part was quoted: it is neither a help request nor a comment. */
  readonly quoted: boolean;
  /** Offset in `text` before which an unquoted `=` separates a tag from its value; undefined without one. */
  readonly equals?: number;
}

const SPACE = /\s/;

/**
 * Splits a line into words as netsh does: blanks separate, double quotes keep blanks together and may stand inside a word
 * (`name="a b"`), `""` is an empty word, a backslash is an ordinary character.
 *
 * @throws UsageError for a quotation mark that is never closed.
 */
export function tokenize(line: string): readonly Token[] {
  const { tokens, openQuote } = scan(line);
  if (openQuote !== undefined)
    throw new UsageError(`The quotation mark at column ${openQuote + 1} is not closed.`, { start: openQuote, end: openQuote + 1 });
  return tokens;
}

/** The same for a line that is still being typed: a quotation mark that is not closed extends to the end. */
export function tokenizeUnfinished(line: string): readonly Token[] {
  return scan(line).tokens;
}

/** Words that another shell has split already (a process's arguments), as they stand in the line of `joinWords`. */
export function tokensFromWords(words: readonly string[]): readonly Token[] {
  let position = 0;
  return words.map((text) => {
    const start = position;
    const end = start + writeWord(text).length;
    position = end + 1;
    const equals = text.indexOf('=');
    return { text, start, end, quoted: text === '', ...(equals >= 0 ? { equals } : {}) };
  });
}

/** Writes words so that `tokenize` gives them back. */
export function joinWords(words: readonly string[]): string {
  return words.map(writeWord).join(' ');
}

function writeWord(word: string): string {
  return word === '' || SPACE.test(word) ? `"${word}"` : word;
}

function scan(line: string): { tokens: Token[]; openQuote: number | undefined } {
  const tokens: Token[] = [];
  let at = 0;
  while (at < line.length) {
    if (SPACE.test(line[at]!)) {
      at++;
      continue;
    }
    const start = at;
    let text = '';
    let quoted = false;
    let equals: number | undefined;
    let openQuote: number | undefined;
    for (; at < line.length; at++) {
      const character = line[at]!;
      if (character === '"') {
        openQuote = openQuote === undefined ? at : undefined;
        quoted = true;
        continue;
      }
      if (openQuote === undefined) {
        if (SPACE.test(character)) break;
        if (character === '=' && equals === undefined && !quoted) equals = text.length;
      }
      text += character;
    }
    tokens.push({ text, start, end: at, quoted, ...(equals !== undefined ? { equals } : {}) });
    if (openQuote !== undefined) return { tokens, openQuote };
  }
  return { tokens, openQuote: undefined };
}
