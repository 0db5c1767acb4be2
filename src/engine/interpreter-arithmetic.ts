/**
 * 64-bit arithmetic on registers kept as two 32-bit halves in an Int32Array: `file[at]` is the low half, `file[at + 1]` the high one.
 * No BigInt: products of 16-bit pieces and quotients of numbers below 2^53 are exact in a double.
 */
type File = Int32Array;

const TWO_16 = 0x1_0000;
const TWO_32 = 0x1_0000_0000;

/** The high 32 bits of the unsigned product of two 32-bit numbers. */
function highProduct(a: number, b: number): number {
  const aLow = a & 0xffff;
  const aHigh = a >>> 16;
  const bLow = b & 0xffff;
  const bHigh = b >>> 16;
  const low = Math.imul(aLow, bLow) >>> 0;
  const middle = Math.imul(aHigh, bLow) + (low >>> 16);
  const cross = Math.imul(aLow, bHigh) + (middle & 0xffff);
  return (Math.imul(aHigh, bHigh) + (middle >>> 16) + (cross >>> 16)) | 0;
}

/** file[dst] *= file[src], modulo 2^64. */
export function multiply(file: File, dst: number, src: number): void {
  const a = file[dst]!;
  const b = file[src]!;
  file[dst + 1] = (highProduct(a, b) + Math.imul(a, file[src + 1]!) + Math.imul(file[dst + 1]!, b)) | 0;
  file[dst] = Math.imul(a, b);
}

/** Quotient and remainder of the last `divide`, as halves. */
let quotientLow = 0;
let quotientHigh = 0;
let remainderLow = 0;
let remainderHigh = 0;

/** Unsigned 64-bit division of halves; the divisor is not zero. */
function divide(aLow: number, aHigh: number, bLow: number, bHigh: number): void {
  if (bHigh === 0) divideByWord(aLow >>> 0, aHigh >>> 0, bLow >>> 0);
  else divideByWide(aLow, aHigh, bLow, bHigh);
}

/** Schoolbook division by one 32-bit word: every intermediate number is below 2^53, every digit below 2^16. */
function divideByWord(low: number, high: number, divisor: number): void {
  quotientHigh = 0;
  remainderHigh = 0;
  if (high === 0) {
    const quotient = (low / divisor) >>> 0;
    quotientLow = quotient | 0;
    remainderLow = (low - quotient * divisor) | 0;
    return;
  }
  let rest = high;
  if (high >= divisor) {
    const top = (high / divisor) >>> 0;
    quotientHigh = top | 0;
    rest = high - top * divisor;
  }
  const upper = rest * TWO_16 + (low >>> 16);
  const middle = (upper / divisor) | 0;
  const lower = (upper - middle * divisor) * TWO_16 + (low & 0xffff);
  const bottom = (lower / divisor) | 0;
  quotientLow = (middle << 16) | bottom;
  remainderLow = (lower - bottom * divisor) | 0;
}

/** More than the quotient of two 64-bit numbers below 2^32 can be off when both are rounded to doubles. */
const ESTIMATE_ERROR = 2 ** -19;

/** The divisor is at least 2^32: the quotient fits 32 bits, and the estimate is made so that it is never too large and at most one too small. */
function divideByWide(aLow: number, aHigh: number, bLow: number, bHigh: number): void {
  const estimate = ((aHigh >>> 0) * TWO_32 + (aLow >>> 0)) / ((bHigh >>> 0) * TWO_32 + (bLow >>> 0)) - ESTIMATE_ERROR;
  let quotient = estimate <= 0 ? 0 : estimate >>> 0;
  const productLow = Math.imul(quotient, bLow);
  const productHigh = (highProduct(quotient, bLow) + Math.imul(quotient, bHigh)) | 0;
  let low = (aLow - productLow) | 0;
  let high = (aHigh - productHigh - (aLow >>> 0 < productLow >>> 0 ? 1 : 0)) | 0;
  if (!isLess(low, high, bLow, bHigh)) {
    quotient++;
    const borrow = low >>> 0 < bLow >>> 0 ? 1 : 0;
    low = (low - bLow) | 0;
    high = (high - bHigh - borrow) | 0;
  }
  quotientLow = quotient | 0;
  quotientHigh = 0;
  remainderLow = low;
  remainderHigh = high;
}

function isLess(aLow: number, aHigh: number, bLow: number, bHigh: number): boolean {
  return aHigh === bHigh ? aLow >>> 0 < bLow >>> 0 : aHigh >>> 0 < bHigh >>> 0;
}

/** file[dst] /= file[src], unsigned; x / 0 = 0 (RFC 9669, section 4.1). */
export function divideUnsigned(file: File, dst: number, src: number): void {
  const low = file[src]!;
  const high = file[src + 1]!;
  if ((low | high) === 0) {
    file[dst] = 0;
    file[dst + 1] = 0;
    return;
  }
  divide(file[dst]!, file[dst + 1]!, low, high);
  file[dst] = quotientLow;
  file[dst + 1] = quotientHigh;
}

/** file[dst] %= file[src], unsigned; x % 0 = x. */
export function moduloUnsigned(file: File, dst: number, src: number): void {
  const low = file[src]!;
  const high = file[src + 1]!;
  if ((low | high) === 0) return;
  divide(file[dst]!, file[dst + 1]!, low, high);
  file[dst] = remainderLow;
  file[dst + 1] = remainderHigh;
}

/** Divides magnitudes; the module variables hold the unsigned result. False: the divisor is zero. */
function divideMagnitudes(file: File, dst: number, src: number): boolean {
  let aLow = file[dst]!;
  let aHigh = file[dst + 1]!;
  let bLow = file[src]!;
  let bHigh = file[src + 1]!;
  if ((bLow | bHigh) === 0) return false;
  if (aHigh < 0) {
    aHigh = (~aHigh + (aLow === 0 ? 1 : 0)) | 0;
    aLow = -aLow | 0;
  }
  if (bHigh < 0) {
    bHigh = (~bHigh + (bLow === 0 ? 1 : 0)) | 0;
    bLow = -bLow | 0;
  }
  divide(aLow, aHigh, bLow, bHigh);
  return true;
}

/** file[dst] = -file[dst]. */
export function negate(file: File, dst: number): void {
  const low = file[dst]!;
  file[dst] = -low | 0;
  file[dst + 1] = (~file[dst + 1]! + (low === 0 ? 1 : 0)) | 0;
}

/** file[dst] /= file[src], rounding towards zero; x / 0 = 0, and the smallest number / -1 is itself. */
export function divideSigned(file: File, dst: number, src: number): void {
  const negative = file[dst + 1]! < 0 !== file[src + 1]! < 0;
  if (!divideMagnitudes(file, dst, src)) {
    file[dst] = 0;
    file[dst + 1] = 0;
    return;
  }
  file[dst] = quotientLow;
  file[dst + 1] = quotientHigh;
  if (negative) negate(file, dst);
}

/** file[dst] %= file[src] with the sign of the dividend; x % 0 = x. */
export function moduloSigned(file: File, dst: number, src: number): void {
  const negative = file[dst + 1]! < 0;
  if (!divideMagnitudes(file, dst, src)) return;
  file[dst] = remainderLow;
  file[dst + 1] = remainderHigh;
  if (negative) negate(file, dst);
}

/** The bytes of a 32-bit word in reverse order. */
export function swap32(word: number): number {
  return ((word & 0xff) << 24) | ((word & 0xff00) << 8) | ((word >>> 8) & 0xff00) | (word >>> 24);
}
