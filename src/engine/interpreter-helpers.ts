import type { HelperImplementation } from './engine.ts';

/** Moves arguments from the register file to a helper and its result to r0. `wide` views the same file as 64-bit numbers. */
export type Invoke = (file: Int32Array, wide: BigInt64Array) => void;

type Value = number | bigint;
type Callable = (...args: Value[]) => Value | undefined;
type Reader = (file: Int32Array, wide: BigInt64Array) => Value;

/** r1 stands in words 2 and 3 of the file. */
const READERS: { readonly [Type in HelperImplementation['parameters'][number]]: (register: number) => Reader } = {
  u32: (register) => (file) => file[2 * register]! >>> 0,
  i32: (register) => (file) => file[2 * register]!,
  i64: (register) => (_, wide) => wide[register]!,
};

const WRITERS: { readonly [Type in HelperImplementation['result']]: (file: Int32Array, wide: BigInt64Array, result: Value | undefined) => void } = {
  u32: (file, _, result) => {
    file[0] = Number(result);
    file[1] = 0;
  },
  i32: (file, _, result) => {
    const low = Number(result) | 0;
    file[0] = low;
    file[1] = low >> 31;
  },
  i64: (_, wide, result) => {
    wide[0] = typeof result === 'bigint' ? result : BigInt(result ?? 0);
  },
  none: (file) => {
    file[0] = 0;
    file[1] = 0;
  },
};

/** A call of exactly the helper's arity: spreading an array costs more than most helpers do. */
export function invoker(helper: HelperImplementation): Invoke {
  const call = helper.call as unknown as Callable;
  const write = WRITERS[helper.result];
  const [a, b, c, d, e] = helper.parameters.map((type, index) => READERS[type](index + 1));
  if (a === undefined) return (file, wide) => write(file, wide, call());
  if (b === undefined) return (file, wide) => write(file, wide, call(a(file, wide)));
  if (c === undefined) return (file, wide) => write(file, wide, call(a(file, wide), b(file, wide)));
  if (d === undefined) return (file, wide) => write(file, wide, call(a(file, wide), b(file, wide), c(file, wide)));
  if (e === undefined) return (file, wide) => write(file, wide, call(a(file, wide), b(file, wide), c(file, wide), d(file, wide)));
  return (file, wide) => write(file, wide, call(a(file, wide), b(file, wide), c(file, wide), d(file, wide), e(file, wide)));
}
