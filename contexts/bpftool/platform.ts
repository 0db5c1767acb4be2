import type { PlatformName } from '../../src/platform/platform.ts';
import { Failure } from './failure.ts';
import { firstMatch, type Keyword } from './grammar.ts';

/** Which host's rules apply, where the object or the map type does not tell: the one word that bpftool itself does not have. */
export const PLATFORM = { word: 'platform', value: 'word', what: 'platform' } as const satisfies Keyword;

/** @throws Failure for anything but windows and linux. */
export function namedPlatform(text: string): PlatformName {
  const found = firstMatch(text.toLowerCase(), ['windows', 'linux']);
  if (found === undefined) throw new Failure(`expected 'windows' or 'linux', got: '${text}'?`);
  return found;
}
