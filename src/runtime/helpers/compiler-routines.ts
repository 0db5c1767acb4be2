import { type HelperMaker, requireBytes, row } from './environment.ts';

/** C library functions that compilers call by themselves, as an object may leave them undefined. */
export const compilerRoutines: Readonly<Record<string, HelperMaker>> = {
  memset: row('u32 u32 u32', 'u32', (e) => (to: number, value: number, size: number) => {
    requireBytes(e, to, size, 'memset');
    e.memory.bytes.fill(value & 0xff, to, to + size);
    return to;
  }),
  ...Object.fromEntries(
    ['memcpy', 'memmove'].map((name) => [
      name,
      row('u32 u32 u32', 'u32', (e) => (to: number, from: number, size: number) => {
        requireBytes(e, to, size, name);
        requireBytes(e, from, size, name);
        e.memory.bytes.copyWithin(to, from, from + size);
        return to;
      }),
    ]),
  ),
  memcmp: row('u32 u32 u32', 'i32', (e) => (a: number, b: number, size: number) => {
    requireBytes(e, a, size, 'memcmp');
    requireBytes(e, b, size, 'memcmp');
    for (let index = 0; index < size; index++) {
      const difference = e.memory.bytes[a + index]! - e.memory.bytes[b + index]!;
      if (difference !== 0) return Math.sign(difference);
    }
    return 0;
  }),
};
