import type { Fix } from '../../src/explain/fixes/fixes.ts';
import type { Judgement } from '../../src/explain/fixes/judgement.ts';
import { verdictText } from '../../src/explain/search/verdict.ts';
import { wrap } from './wrap.ts';

const INDENT = '    ';
/** Where the words of a row begin: under those of the explanation. */
const COLUMN = 17;
const WIDTH = 79;

/** How sure a fix is. */
export const SURE: Readonly<Record<Fix['applicability'], string>> = {
  verified: 'verified',
  'verified-changes-behaviour': 'verified, changes behaviour',
  text: 'text only',
};

/** Whether a failed check is a bug, and what repairs it: the verdict, the compiler's part in it, and the first fixes. */
export function judgementText({ verdict, fixes, lowering }: Judgement): string {
  const rows = [row('verdict', verdictText(verdict))];
  if (lowering !== undefined) rows.push(row('compiler', lowering.words));
  for (const [index, { letter, title, applicability, c }] of fixes.entries()) {
    rows.push(row(`fix ${letter}`, `${title} (${SURE[applicability]})`));
    // One fix is spelled out; the others can be listed in the debugger.
    if (index === 0) rows.push(...c.map((line) => `${' '.repeat(COLUMN)}${line}\n`));
  }
  return rows.join('');
}

/** The label keeps its width because it is one word to `wrap`. */
function row(name: string, words: string): string {
  const label = `${INDENT}${name}`.padEnd(COLUMN).replaceAll(' ', HARD_SPACE);
  return wrap(`${label}${words}`, WIDTH, ' '.repeat(COLUMN)).replaceAll(HARD_SPACE, ' ');
}

const HARD_SPACE = '\u00a0';
