/**
 * 64-bit arithmetic on registers kept as two 32-bit halves in an Int32Array: `file[at]` is the low half, `file[at + 1]` the high one.
 * No BigInt: quotients of numbers below 2^53 are exact in a double, and longer ones are put together of such.
 */
type File = Int32Array;

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

/** Quotient and remainder of the last `divide`, as halves. */
let quotientLow = 0;
let quotientHigh = 0;
let remainderLow = 0;
let remainderHigh = 0;

/** With a high half below this a number is below 2^53: doubles hold it exactly, and the quotient of two such numbers never rounds up to the next integer. */
const EXACT_HIGH = 2 ** 21;
const PER_TWO_32 = 2 ** -32;
/** More than the quotient of two 64-bit numbers can be off that fits 32 bits, when both are rounded to doubles. */
const ESTIMATE_ERROR = 2 ** -19;

/** Unsigned 64-bit division of halves; the divisor is not zero. */
function divide(aLow: number, aHigh: number, bLow: number, bHigh: number): void {
  const low = aLow >>> 0;
  const high = aHigh >>> 0;
  if (bHigh !== 0) {
    quotientHigh = 0;
    divideByWide(low, high, bLow, bHigh);
    return;
  }
  const divisor = bLow >>> 0;
  if (high < EXACT_HIGH) {
    const quotient = (high * TWO_32 + low) / divisor;
    quotientLow = quotient | 0;
    quotientHigh = (quotient * PER_TWO_32) | 0;
    remainderLow = (low - Math.imul(quotientLow, divisor)) | 0;
    remainderHigh = 0;
    return;
  }
  // Long division in two digits of 32 bits: what the first leaves is less than the divisor, so the second fits.
  const top = (high / divisor) >>> 0;
  const rest = (high - Math.imul(top, divisor)) >>> 0;
  quotientHigh = top | 0;
  if (rest >= EXACT_HIGH) {
    divideByWide(low, rest, bLow, 0);
    return;
  }
  quotientLow = ((rest * TWO_32 + low) / divisor) | 0;
  remainderLow = (low - Math.imul(quotientLow, divisor)) | 0;
  remainderHigh = 0;
}

/** The quotient fits 32 bits. The estimate is made so that it is never too large and at most one too small. */
function divideByWide(aLow: number, aHigh: number, bLow: number, bHigh: number): void {
  const estimate = (aHigh * TWO_32 + aLow) / ((bHigh >>> 0) * TWO_32 + (bLow >>> 0)) - ESTIMATE_ERROR;
  let quotient = estimate <= 0 ? 0 : estimate >>> 0;
  const productLow = Math.imul(quotient, bLow);
  const productHigh = (highProduct(quotient, bLow) + Math.imul(quotient, bHigh)) | 0;
  let low = (aLow - productLow) | 0;
  let high = (aHigh - productHigh - (aLow < productLow >>> 0 ? 1 : 0)) | 0;
  if (!isLess(low, high, bLow, bHigh)) {
    quotient++;
    const borrow = low >>> 0 < bLow >>> 0 ? 1 : 0;
    low = (low - bLow) | 0;
    high = (high - bHigh - borrow) | 0;
  }
  quotientLow = quotient | 0;
  remainderLow = low;
  remainderHigh = high;
}

function isLess(aLow: number, aHigh: number, bLow: number, bHigh: number): boolean {
  return aHigh === bHigh ? aLow >>> 0 < bLow >>> 0 : aHigh >>> 0 < bHigh >>> 0;
}

/** file[dst] /= file[src], unsigned; x / 0 = 0 (RFC 9669, section 4.1). The commonest cases come first and leave no remainder behind. */
export function divideUnsigned(file: File, dst: number, src: number): void {
  const low = file[src]!;
  const high = file[src + 1]!;
  if (high === 0) {
    const divisor = low >>> 0;
    if (divisor === 0) {
      file[dst] = 0;
      file[dst + 1] = 0;
      return;
    }
    let rest = file[dst + 1]! >>> 0;
    let top = 0;
    if (rest >= EXACT_HIGH) {
      top = (rest / divisor) >>> 0;
      rest = (rest - Math.imul(top, divisor)) >>> 0;
    }
    if (rest < EXACT_HIGH) {
      const quotient = (rest * TWO_32 + (file[dst]! >>> 0)) / divisor;
      file[dst] = quotient;
      file[dst + 1] = top + ((quotient * PER_TWO_32) | 0);
      return;
    }
  }
  divide(file[dst]!, file[dst + 1]!, low, high);
  file[dst] = quotientLow;
  file[dst + 1] = quotientHigh;
}

/** file[dst] %= file[src], unsigned; x % 0 = x. */
export function moduloUnsigned(file: File, dst: number, src: number): void {
  const low = file[src]!;
  const high = file[src + 1]!;
  if (high === 0) {
    if (low === 0) return;
    const divisor = low >>> 0;
    let rest = file[dst + 1]! >>> 0;
    if (rest >= EXACT_HIGH) rest = (rest - Math.imul((rest / divisor) >>> 0, divisor)) >>> 0;
    if (rest < EXACT_HIGH) {
      const dividend = file[dst]!;
      file[dst] = dividend - Math.imul(((rest * TWO_32 + (dividend >>> 0)) / divisor) | 0, divisor);
      file[dst + 1] = 0;
      return;
    }
  }
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
