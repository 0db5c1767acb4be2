import { parseWatched } from '../../src/explain/aspect.ts';
import { UsageError } from '../errors.ts';
import { PARAMETER_INCORRECT, unacceptableValue } from '../messages.ts';

/** `r6` or `fp-16`. @throws UsageError for a word that is neither. */
export function readPlace(word: string, tag: string): string {
  const watched = parseWatched(word);
  if (watched === undefined || watched.aspect !== undefined || watched.subject === 'packet')
    throw new UsageError(`${unacceptableValue(word, tag)}\n${PARAMETER_INCORRECT}`, { value: word });
  return watched.subject;
}
