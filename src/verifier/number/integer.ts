/**
 * Exact integers that are JavaScript numbers whenever they can be. Canonical form: a number iff it is a safe integer, else a bigint.
 * On canonical values `===` is equality, and `<`, `<=`, `>`, `>=` are exact even between a number and a bigint.
 */
export type Int = number | bigint;

export const I32_MIN = -0x8000_0000;
export const I32_MAX = 0x7fff_ffff;
export const U32_MAX = 0xffff_ffff;
export const I64_MIN = -(1n << 63n);
export const I64_MAX = (1n << 63n) - 1n;
export const U64_MAX = (1n << 64n) - 1n;

const MAX_SAFE = Number.MAX_SAFE_INTEGER;
const MIN_SAFE = Number.MIN_SAFE_INTEGER;
const BIG_MAX_SAFE = BigInt(MAX_SAFE);
const BIG_MIN_SAFE = BigInt(MIN_SAFE);

/** The canonical form of any bigint or safe integer. */
export function canonical(x: Int): Int {
  if (typeof x === 'number') return x;
  return x <= BIG_MAX_SAFE && x >= BIG_MIN_SAFE ? Number(x) : x;
}

/** a + b, unbounded. */
export function add(a: Int, b: Int): Int {
  if (typeof a === 'number' && typeof b === 'number') {
    const sum = a + b;
    if (sum <= MAX_SAFE && sum >= MIN_SAFE) return sum;
  }
  return canonical(BigInt(a) + BigInt(b));
}

/** a - b, unbounded. */
export function sub(a: Int, b: Int): Int {
  if (typeof a === 'number' && typeof b === 'number') {
    const difference = a - b;
    if (difference <= MAX_SAFE && difference >= MIN_SAFE) return difference;
  }
  return canonical(BigInt(a) - BigInt(b));
}

/** a * b, unbounded. */
export function mul(a: Int, b: Int): Int {
  if (typeof a === 'number' && typeof b === 'number') {
    const product = a * b;
    // `+ 0` turns the -0 of 0 * -1 into 0.
    if (product <= MAX_SAFE && product >= MIN_SAFE) return product + 0;
  }
  return canonical(BigInt(a) * BigInt(b));
}

/** a / b truncated towards zero; b must not be 0. */
export function div(a: Int, b: Int): Int {
  // Below 2^53 a quotient that is no integer is further than half a unit in the last place from the next one, so truncation is exact.
  if (typeof a === 'number' && typeof b === 'number') return Math.trunc(a / b) + 0;
  return canonical(BigInt(a) / BigInt(b));
}

/** Remainder of the truncated division (sign of a); b must not be 0. */
export function rem(a: Int, b: Int): Int {
  if (typeof a === 'number' && typeof b === 'number') return (a % b) + 0;
  return canonical(BigInt(a) % BigInt(b));
}

/** -a, unbounded. */
export function neg(a: Int): Int {
  return typeof a === 'number' ? 0 - a : canonical(-a);
}

export function min(a: Int, b: Int): Int {
  return a <= b ? a : b;
}

export function max(a: Int, b: Int): Int {
  return a >= b ? a : b;
}

/** a * 2^count, unbounded; count >= 0. */
export function shiftLeft(a: Int, count: number): Int {
  if (typeof a === 'number') {
    const shifted = a * 2 ** count;
    if (shifted <= MAX_SAFE && shifted >= MIN_SAFE) return shifted;
  }
  return canonical(BigInt(a) << BigInt(count));
}

/** floor(a / 2^count); count >= 0. */
export function shiftRight(a: Int, count: number): Int {
  // Division by a power of two only rounds when the exponent underflows, which it cannot here.
  if (typeof a === 'number') return Math.floor(a / 2 ** count);
  return canonical(a >> BigInt(count));
}

/** The value of the low 64 bits of x as a signed 64-bit integer. */
export function toSigned64(x: Int): Int {
  return typeof x === 'number' ? x : canonical(BigInt.asIntN(64, x));
}

/** The value of the low 64 bits of x as an unsigned 64-bit integer. */
export function toUnsigned64(x: Int): Int {
  return typeof x === 'number' && x >= 0 ? x : canonical(BigInt.asUintN(64, BigInt(x)));
}
