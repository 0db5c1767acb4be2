/** Sets of bytes of a frame, one bit each: byte 0, the lowest address, is bit 0 of word 0. */

/** Words that a set of `size` bytes takes. */
export function wordsFor(size: number): number {
  return (size + 31) >> 5;
}

/** Adds [from, to) to the set that begins at word `base`; the range lies within it. */
export function addRange(sets: Uint32Array, base: number, from: number, to: number): void {
  for (let at = from; at < to; ) {
    const end = Math.min(to, (at & ~31) + 32);
    sets[base + (at >> 5)]! |= maskOf(at & 31, end - at);
    at = end;
  }
}

/** Takes [from, to) out of the set that begins at word `base`; the range lies within it. */
export function removeRange(sets: Uint32Array, base: number, from: number, to: number): void {
  for (let at = from; at < to; ) {
    const end = Math.min(to, (at & ~31) + 32);
    sets[base + (at >> 5)]! &= ~maskOf(at & 31, end - at);
    at = end;
  }
}

/** `count` ones from bit `first` on; at least one, and none beyond bit 31. */
function maskOf(first: number, count: number): number {
  return (0xffff_ffff >>> (32 - count)) << first;
}

/** The set that begins at word `base` as a mask of `size` bytes, 0xff for each that is in it. */
export function toMask(sets: Uint32Array, base: number, size: number): Uint32Array {
  const bytes = new Uint8Array(size);
  for (let at = 0; at < size; at++) if ((sets[base + (at >> 5)]! & (1 << (at & 31))) !== 0) bytes[at] = 0xff;
  return new Uint32Array(bytes.buffer);
}
