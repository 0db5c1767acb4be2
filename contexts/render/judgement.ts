import { SURE } from '../../src/explain/fixes/fixes.ts';
import type { CauseClass, Judgement } from '../../src/explain/fixes/judgement.ts';
import { verdictText } from '../../src/explain/search/verdict.ts';
import { row } from './rows.ts';

/** What the verdict alone does not say about the cause. */
const CLASS_WORDS: Readonly<Partial<Record<CauseClass, string>>> = {
  lowering: 'The compiler separated a check of the source from its use.',
  environment: 'The cause is how the object was made or loaded, not what the program does.',
};

/** Whether a failed check is a bug, and what repairs it: the verdict, the compiler's part in it, and the first fixes. */
export function judgementText({ verdict, class: cause, fixes, lowering, rejected }: Judgement): string {
  const more = CLASS_WORDS[cause];
  const rows = [row('verdict', `${verdictText(verdict)}${more === undefined ? '' : ` ${more}`}`)];
  if (lowering !== undefined) rows.push(row('compiler', lowering.words));
  for (const [index, { letter, title, applicability, c, effect }] of fixes.entries()) {
    rows.push(row(`fix ${letter}`, `${title} (${SURE[applicability]})`));
    // One fix is spelled out; the others can be listed in the debugger.
    if (index === 0) rows.push(...c.map((line) => row('', line, 'code')), ...(applicability === 'text' ? [] : [row('', effect)]));
  }
  if (rejected.length > 0) rows.push(row('rejected', `tried, not accepted: ${rejected.slice(0, MAX_REJECTED).join('; ')}`));
  return rows.join('');
}

/** Rejected changes named at most. */
const MAX_REJECTED = 2;
