import type { DebugSession } from '../../src/explain/session.ts';
import { placesByName } from './evaluate.ts';

/** `CompletionItem` of the protocol. */
interface Completion {
  readonly label: string;
  readonly type: 'variable' | 'keyword' | 'function';
  readonly detail?: string;
  /** Where the word begins that it takes the place of, and how long that is. */
  readonly start: number;
  readonly length: number;
}

const WORDS: readonly (readonly [string, Completion['type'], string])[] = [
  ['why', 'keyword', 'how a register came to hold what it holds'],
  ['prove', 'keyword', 'whether a comparison always holds'],
  ['must(', 'function', 'true where the verifier can prove it'],
  ['may(', 'function', 'true where the verifier cannot rule it out'],
];

/**
 * What the word before the cursor may become: what is known here, variables that a register holds, and words of the language.
 *
 * @param cursor characters of the text before it.
 */
export function completionsOf(session: DebugSession, text: string, cursor: number): readonly Completion[] {
  const word = /[\w-]*$/.exec(text.slice(0, cursor))![0];
  const facts = session.facts().filter(({ kind }) => kind === 'register' || kind === 'stack' || kind === 'packet');
  const known = facts.map(({ subject, words }) => [subject.split('..')[0]!, 'variable', words] as const);
  const named = [...placesByName(session)].map(([name, place]) => [name, 'variable', `in ${place}`] as const);
  return [...named, ...known, ...WORDS]
    .filter(([label]) => label.toLowerCase().startsWith(word.toLowerCase()) && label !== 'packet metadata')
    .map(([label, type, detail]) => ({ label, type, detail, start: cursor - word.length, length: word.length }));
}
