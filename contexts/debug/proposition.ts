import { type Proposition, parseProposition } from '../../src/explain/prove.ts';
import { UsageError } from '../errors.ts';
import { PARAMETER_INCORRECT, unacceptableValue } from '../messages.ts';

/** The tag of commands that take a proposition. */
export const PROPOSITION = {
  name: 'proposition',
  type: 'rest',
  placeholder: 'register comparison value [at instruction]',
} as const;

export interface PlacedProposition {
  readonly text: string;
  readonly proposition: Proposition;
  /** The instruction named with `at`. */
  readonly at: number | undefined;
}

/** Reads `r6 <= 63 at 12`. @throws UsageError where the words are no proposition. */
export function readProposition(words: readonly string[]): PlacedProposition {
  const at = words.length > 2 && words.at(-2)!.toLowerCase() === 'at' && /^\d+$/.test(words.at(-1)!) ? Number(words.at(-1)) : undefined;
  const text = words.slice(0, at === undefined ? undefined : -2).join(' ');
  const proposition = parseProposition(text);
  if (proposition === undefined) throw new UsageError(`${unacceptableValue(text, 'proposition')}\n${PARAMETER_INCORRECT}`, { value: text });
  return { text, proposition, at };
}
