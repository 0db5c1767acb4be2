import { wrap } from './wrap.ts';

const INDENT = '    ';
/** Where the words of a row begin. */
const COLUMN = 17;
const WIDTH = 79;

/** A named row of a report: `    verdict      CONFIRMED BUG: ...`, wrapped under itself within 80 columns; `code` is never wrapped. */
export function row(name: string, words: string, kind: 'words' | 'code' = 'words'): string {
  const label = `${INDENT}${name}`.padEnd(COLUMN);
  if (kind === 'code') return `${label}${words}\n`;
  const lines = wrap(words, WIDTH - COLUMN, '')
    .trimEnd()
    .split('\n');
  return lines.map((line, index) => `${index === 0 ? label : ' '.repeat(COLUMN)}${line}\n`).join('');
}
