/**
 * 64-bit words as two int32 halves (`high`, `low`), the representation of everything hot in this folder: int32 values are unboxed in V8,
 * bigints are not. A pair is a bit pattern; signed or unsigned is the reader's choice.
 */
import type { Int } from './integer.ts';
import { I64_MAX, I64_MIN, U64_MAX } from './integer.ts';

/** Bit pattern of the sign bit of a half. */
export const SIGN = -0x8000_0000;
const TWO_32 = 0x1_0000_0000;
/** Halves of at least this magnitude make no safe integer: 2^53 / 2^32. */
const SAFE_HIGH = 0x20_0000;

const scratch = new BigInt64Array(1);
const scratchUnsigned = new BigUint64Array(scratch.buffer);
const scratchHalves = new Int32Array(scratch.buffer);
scratch[0] = 1n;
const LOW = scratchHalves[0] === 1 ? 0 : 1;
const HIGH = 1 - LOW;

/** a < b, both unsigned. */
export function lessUnsigned(aHigh: number, aLow: number, bHigh: number, bLow: number): boolean {
  return aHigh === bHigh ? aLow >>> 0 < bLow >>> 0 : aHigh >>> 0 < bHigh >>> 0;
}

/** a < b, both signed. */
export function lessSigned(aHigh: number, aLow: number, bHigh: number, bLow: number): boolean {
  return aHigh === bHigh ? aLow >>> 0 < bLow >>> 0 : aHigh < bHigh;
}

/** Bits 63..32 of an integer, as int32. */
export function highOf(x: Int): number {
  if (typeof x === 'number') return Math.floor(x / TWO_32) | 0;
  if (x === U64_MAX) return -1;
  scratchUnsigned[0] = x;
  return scratchHalves[HIGH]!;
}

/** Bits 31..0 of an integer, as int32. */
export function lowOf(x: Int): number {
  if (typeof x === 'number') return x | 0;
  if (x === U64_MAX) return -1;
  scratchUnsigned[0] = x;
  return scratchHalves[LOW]!;
}

/** The signed value of a pair, canonical. */
export function signedOf(high: number, low: number): Int {
  if (high < SAFE_HIGH && (high > -SAFE_HIGH || (high === -SAFE_HIGH && low !== 0))) return high * TWO_32 + (low >>> 0);
  if (high === SIGN && low === 0) return I64_MIN;
  if (high === ~SIGN && low === -1) return I64_MAX;
  scratchHalves[HIGH] = high;
  scratchHalves[LOW] = low;
  return scratch[0]!;
}

/** The unsigned value of a pair, canonical. */
export function unsignedOf(high: number, low: number): Int {
  if (high >>> 0 < SAFE_HIGH) return high * TWO_32 + (low >>> 0);
  if (high === -1 && low === -1) return U64_MAX;
  if (high === ~SIGN && low === -1) return I64_MAX;
  scratchHalves[HIGH] = high;
  scratchHalves[LOW] = low;
  return scratchUnsigned[0]!;
}

/** Carry out of the low halves of a sum: 1 when `sumLow` wrapped. */
export function carry(sumLow: number, addendLow: number): number {
  return sumLow >>> 0 < addendLow >>> 0 ? 1 : 0;
}

/** High half of a + b. */
export function addHigh(aHigh: number, aLow: number, bHigh: number, bLow: number): number {
  return (aHigh + bHigh + carry((aLow + bLow) | 0, aLow)) | 0;
}

/** High half of a - b. */
export function subHigh(aHigh: number, aLow: number, bHigh: number, bLow: number): number {
  return (aHigh - bHigh - carry(aLow, bLow)) | 0;
}

/** High half of the low 64 bits of a * b (the low half is Math.imul of the low halves). */
export function mulHigh(aHigh: number, aLow: number, bHigh: number, bLow: number): number {
  const a0 = aLow & 0xffff;
  const a1 = aLow >>> 16;
  const b0 = bLow & 0xffff;
  const b1 = bLow >>> 16;
  const middle = a1 * b0 + ((a0 * b0) >>> 16);
  const upper = a1 * b1 + Math.floor(middle / 0x1_0000) + Math.floor(((middle & 0xffff) + a0 * b1) / 0x1_0000);
  return (upper + Math.imul(aHigh, bLow) + Math.imul(aLow, bHigh)) | 0;
}

/** High half of x << count, 0 <= count < 64. */
export function shiftLeftHigh(high: number, low: number, count: number): number {
  if (count >= 32) return low << (count - 32);
  return count === 0 ? high : (high << count) | (low >>> (32 - count));
}

/** Low half of x << count, 0 <= count < 64. */
export function shiftLeftLow(low: number, count: number): number {
  return count >= 32 ? 0 : low << count;
}

/** High half of the logical x >> count, 0 <= count < 64. */
export function shiftRightHigh(high: number, count: number): number {
  return count >= 32 ? 0 : (high >>> count) | 0;
}

/** Low half of the logical x >> count, 0 <= count < 64. */
export function shiftRightLow(high: number, low: number, count: number): number {
  if (count >= 32) return (high >>> (count - 32)) | 0;
  return count === 0 ? low : (low >>> count) | (high << (32 - count));
}

/** High half of the arithmetic x >> count, 0 <= count < 64. */
export function shiftArithmeticHigh(high: number, count: number): number {
  return count >= 32 ? high >> 31 : high >> count;
}

/** Low half of the arithmetic x >> count, 0 <= count < 64. */
export function shiftArithmeticLow(high: number, low: number, count: number): number {
  if (count >= 32) return high >> (count - 32);
  return count === 0 ? low : (low >>> count) | (high << (32 - count));
}

/** Reverses the four bytes of a half. */
export function swapHalf(x: number): number {
  return (x << 24) | ((x & 0xff00) << 8) | ((x >>> 8) & 0xff00) | (x >>> 24);
}
