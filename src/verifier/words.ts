/** A range in words: the ends of the machine's number ranges are said as such, never as digits. */
export function rangeWords(min: number | bigint | undefined, max: number | bigint | undefined): string {
  if (min === undefined || max === undefined) return 'unknown';
  if (min === max) return `${min}`;
  const low = min < NEGATIVE_END;
  const high = max > POSITIVE_END;
  if (low && high) return 'anything, also negative';
  if (low) return `anything up to ${max}, also negative`;
  if (high) return min === 0 ? 'anything' : `anything from ${min} on`;
  return `${min} to ${max}`;
}

/** Where an access begins: `offset 8`, `offset 0 to 64`, `any offset up to 63, also a negative one,`. */
export function offsetWords(min: number | bigint | undefined, max: number | bigint | undefined): string {
  const words = rangeWords(min, max);
  return words.startsWith('anything') ? words.replace('anything', 'any offset').replace('also negative', 'also a negative one,') : `offset ${words}`;
}

/** Beyond these a bound is an end of some number range, not something the program has tested. */
const NEGATIVE_END = -0x7000_0000;
const POSITIVE_END = 0x7000_0000;

/** `a 4-byte`, `an 8-byte`: eight, eleven and eighteen begin with a vowel, and so does what begins with eight. */
export function sized(size: number | string | undefined): string {
  return `${/^(?:8|1[18](?:\d{3})*$)/.test(`${size}`) ? 'an' : 'a'} ${size}-byte`;
}
