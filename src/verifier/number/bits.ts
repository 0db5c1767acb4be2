/**
 * Known bits of a 64-bit word ("tristate numbers" of the Linux verifier, kernel/bpf/tnum.c): a bit is unknown where the mask has a one,
 * otherwise it equals the bit of the value. The value is zero wherever the mask is one. All four halves are int32 bit patterns.
 */
import {
  addHigh,
  mulHigh,
  SIGN,
  shiftArithmeticHigh,
  shiftArithmeticLow,
  shiftLeftHigh,
  shiftLeftLow,
  shiftRightHigh,
  shiftRightLow,
  subHigh,
  swapHalf,
} from './halves.ts';

export class Bits {
  readonly valueHigh: number;
  readonly valueLow: number;
  readonly maskHigh: number;
  readonly maskLow: number;

  constructor(valueHigh: number, valueLow: number, maskHigh: number, maskLow: number) {
    this.valueHigh = valueHigh;
    this.valueLow = valueLow;
    this.maskHigh = maskHigh;
    this.maskLow = maskLow;
  }
}

/** Nothing known. */
export const UNKNOWN_BITS = new Bits(0, 0, -1, -1);
/** All bits zero. */
export const ZERO_BITS = new Bits(0, 0, 0, 0);

/** All bits known. */
export function constantBits(high: number, low: number): Bits {
  return new Bits(high, low, 0, 0);
}

export function andBits(a: Bits, b: Bits): Bits {
  const valueHigh = a.valueHigh & b.valueHigh;
  const valueLow = a.valueLow & b.valueLow;
  const canHigh = (a.valueHigh | a.maskHigh) & (b.valueHigh | b.maskHigh);
  const canLow = (a.valueLow | a.maskLow) & (b.valueLow | b.maskLow);
  return new Bits(valueHigh, valueLow, canHigh & ~valueHigh, canLow & ~valueLow);
}

export function orBits(a: Bits, b: Bits): Bits {
  const valueHigh = a.valueHigh | b.valueHigh;
  const valueLow = a.valueLow | b.valueLow;
  return new Bits(valueHigh, valueLow, (a.maskHigh | b.maskHigh) & ~valueHigh, (a.maskLow | b.maskLow) & ~valueLow);
}

export function xorBits(a: Bits, b: Bits): Bits {
  const maskHigh = a.maskHigh | b.maskHigh;
  const maskLow = a.maskLow | b.maskLow;
  return new Bits((a.valueHigh ^ b.valueHigh) & ~maskHigh, (a.valueLow ^ b.valueLow) & ~maskLow, maskHigh, maskLow);
}

/** A sum bit is known where no unknown bit and no carry that differs between the smallest and the largest sum reaches it. */
export function addBits(a: Bits, b: Bits): Bits {
  const valueLow = (a.valueLow + b.valueLow) | 0;
  const valueHigh = addHigh(a.valueHigh, a.valueLow, b.valueHigh, b.valueLow);
  const maskLow = (a.maskLow + b.maskLow) | 0;
  const maskHigh = addHigh(a.maskHigh, a.maskLow, b.maskHigh, b.maskLow);
  const largestLow = (valueLow + maskLow) | 0;
  const largestHigh = addHigh(valueHigh, valueLow, maskHigh, maskLow);
  const unknownHigh = (largestHigh ^ valueHigh) | a.maskHigh | b.maskHigh;
  const unknownLow = (largestLow ^ valueLow) | a.maskLow | b.maskLow;
  return new Bits(valueHigh & ~unknownHigh, valueLow & ~unknownLow, unknownHigh, unknownLow);
}

export function subBits(a: Bits, b: Bits): Bits {
  const valueLow = (a.valueLow - b.valueLow) | 0;
  const valueHigh = subHigh(a.valueHigh, a.valueLow, b.valueHigh, b.valueLow);
  const largestLow = (valueLow + a.maskLow) | 0;
  const largestHigh = addHigh(valueHigh, valueLow, a.maskHigh, a.maskLow);
  const smallestLow = (valueLow - b.maskLow) | 0;
  const smallestHigh = subHigh(valueHigh, valueLow, b.maskHigh, b.maskLow);
  const unknownHigh = (largestHigh ^ smallestHigh) | a.maskHigh | b.maskHigh;
  const unknownLow = (largestLow ^ smallestLow) | a.maskLow | b.maskLow;
  return new Bits(valueHigh & ~unknownHigh, valueLow & ~unknownLow, unknownHigh, unknownLow);
}

export function negBits(a: Bits): Bits {
  return subBits(ZERO_BITS, a);
}

/** Number of trailing bits known to be zero, 0..64. */
export function trailingZeros(a: Bits): number {
  const low = a.valueLow | a.maskLow;
  if (low !== 0) return 31 - Math.clz32(low & -low);
  const high = a.valueHigh | a.maskHigh;
  return high === 0 ? 64 : 63 - Math.clz32(high & -high);
}

/** Zeros below `count`, everything above unknown; 0 <= count <= 64. */
export function multipleBits(count: number): Bits {
  if (count >= 64) return ZERO_BITS;
  return new Bits(0, 0, shiftLeftHigh(-1, -1, count), shiftLeftLow(-1, count));
}

/** True when nothing but trailing zeros is known. */
function isMultiple(a: Bits, zeros: number): boolean {
  return zeros < 64 && a.maskHigh === shiftLeftHigh(-1, -1, zeros) && a.maskLow === shiftLeftLow(-1, zeros);
}

/** Long multiplication in which every row of an unknown bit contributes all its bits as unknown. Cheapest with the fewer set or unknown bits in a. */
export function mulBits(a: Bits, b: Bits): Bits {
  const zerosA = trailingZeros(a);
  const zerosB = trailingZeros(b);
  if (isMultiple(a, zerosA) || isMultiple(b, zerosB)) return multipleBits(zerosA + zerosB);
  if (a.valueHigh < 0 && (a.maskHigh | a.maskLow) === 0 && !(a.valueHigh === SIGN && a.valueLow === 0)) {
    // A negative constant has a long run of ones, its negative has not.
    return negBits(mulBits(negBits(a), b));
  }
  let rowsHigh = a.valueHigh | a.maskHigh;
  let rowsLow = a.valueLow | a.maskLow;
  let sum = ZERO_BITS;
  let shift = 0;
  while ((rowsHigh | rowsLow) !== 0) {
    const skip = rowsLow !== 0 ? 31 - Math.clz32(rowsLow & -rowsLow) : 63 - Math.clz32(rowsHigh & -rowsHigh);
    const low = shiftRightLow(rowsHigh, rowsLow, skip);
    const high = shiftRightHigh(rowsHigh, skip);
    shift += skip;
    const certain = shiftRightLow(a.maskHigh, a.maskLow, shift) & 1;
    const unknownHigh = certain === 0 ? b.maskHigh : b.valueHigh | b.maskHigh;
    const unknownLow = certain === 0 ? b.maskLow : b.valueLow | b.maskLow;
    sum = addBits(sum, new Bits(0, 0, shiftLeftHigh(unknownHigh, unknownLow, shift), shiftLeftLow(unknownLow, shift)));
    // Drop the row just handled but keep the alignment at `shift`.
    rowsLow = low & ~1;
    rowsHigh = high;
  }
  const valueHigh = mulHigh(a.valueHigh, a.valueLow, b.valueHigh, b.valueLow);
  return addBits(constantBits(valueHigh, Math.imul(a.valueLow, b.valueLow)), sum);
}

/** a << count, 0 <= count < 64. */
export function lshBits(a: Bits, count: number): Bits {
  return new Bits(
    shiftLeftHigh(a.valueHigh, a.valueLow, count),
    shiftLeftLow(a.valueLow, count),
    shiftLeftHigh(a.maskHigh, a.maskLow, count),
    shiftLeftLow(a.maskLow, count),
  );
}

/** Logical a >> count, 0 <= count < 64. */
export function rshBits(a: Bits, count: number): Bits {
  return new Bits(
    shiftRightHigh(a.valueHigh, count),
    shiftRightLow(a.valueHigh, a.valueLow, count),
    shiftRightHigh(a.maskHigh, count),
    shiftRightLow(a.maskHigh, a.maskLow, count),
  );
}

/** Arithmetic a >> count, 0 <= count < 64: an unknown sign makes the bits shifted in unknown. */
export function arshBits(a: Bits, count: number): Bits {
  return new Bits(
    shiftArithmeticHigh(a.valueHigh, count),
    shiftArithmeticLow(a.valueHigh, a.valueLow, count),
    shiftArithmeticHigh(a.maskHigh, count),
    shiftArithmeticLow(a.maskHigh, a.maskLow, count),
  );
}

/** Zero-extended low 32 bits shifted right arithmetically inside 32 bits, 0 <= count < 32. */
export function arsh32Bits(a: Bits, count: number): Bits {
  return new Bits(0, a.valueLow >> count, 0, a.maskLow >> count);
}

/** What is known when the word is either a or b. */
export function unionBits(a: Bits, b: Bits): Bits {
  const maskHigh = a.maskHigh | b.maskHigh | (a.valueHigh ^ b.valueHigh);
  const maskLow = a.maskLow | b.maskLow | (a.valueLow ^ b.valueLow);
  return new Bits(a.valueHigh & ~maskHigh, a.valueLow & ~maskLow, maskHigh, maskLow);
}

/** What is known when the word is both a and b; undefined when they contradict each other. */
export function intersectBits(a: Bits, b: Bits): Bits | undefined {
  const conflictHigh = (a.valueHigh ^ b.valueHigh) & ~a.maskHigh & ~b.maskHigh;
  const conflictLow = (a.valueLow ^ b.valueLow) & ~a.maskLow & ~b.maskLow;
  if ((conflictHigh | conflictLow) !== 0) return undefined;
  return new Bits(a.valueHigh | b.valueHigh, a.valueLow | b.valueLow, a.maskHigh & b.maskHigh, a.maskLow & b.maskLow);
}

/** Mask of the bits below the common prefix of two halves. */
export function belowPrefix(a: number, b: number): number {
  return a === b ? 0 : (-1 >>> Math.clz32(a ^ b)) | 0;
}

/** The common prefix of the ends of an unsigned range is known. */
export function rangeBits(minHigh: number, minLow: number, maxHigh: number, maxLow: number): Bits {
  const maskHigh = belowPrefix(minHigh, maxHigh);
  const maskLow = maskHigh !== 0 ? -1 : belowPrefix(minLow, maxLow);
  return new Bits(minHigh & ~maskHigh, minLow & ~maskLow, maskHigh, maskLow);
}

/** The low `width` bits, zero-extended. */
export function castBits(a: Bits, width: 8 | 16 | 32): Bits {
  const keep = width === 32 ? -1 : (1 << width) - 1;
  return new Bits(0, a.valueLow & keep, 0, a.maskLow & keep);
}

/** The low `width` bits, sign-extended to 64. */
export function signExtendBits(a: Bits, width: 8 | 16 | 32): Bits {
  const shift = 32 - width;
  const valueLow = (a.valueLow << shift) >> shift;
  const maskLow = (a.maskLow << shift) >> shift;
  return new Bits(valueLow >> 31, valueLow, maskLow >> 31, maskLow);
}

/** The low `width` bits with their bytes reversed, zero-extended. */
export function swapBits(a: Bits, width: 16 | 32 | 64): Bits {
  const valueLow = swapHalf(a.valueLow);
  const maskLow = swapHalf(a.maskLow);
  if (width === 64) return new Bits(valueLow, swapHalf(a.valueHigh), maskLow, swapHalf(a.maskHigh));
  const shift = 32 - width;
  return new Bits(0, (valueLow >>> shift) | 0, 0, (maskLow >>> shift) | 0);
}

/** Every word with the bits of a also has the bits of b. */
export function bitsLeq(a: Bits, b: Bits): boolean {
  return (
    ((a.maskHigh & ~b.maskHigh) |
      (a.maskLow & ~b.maskLow) |
      ((a.valueHigh ^ b.valueHigh) & ~b.maskHigh) |
      ((a.valueLow ^ b.valueLow) & ~b.maskLow)) ===
    0
  );
}

/** Result of the last successful `ceilingMember`. */
export let memberHigh = 0;
export let memberLow = 0;

/**
 * Finds the smallest unsigned word >= x with the given known bits; false when there is none. The result is left in `memberHigh`/`memberLow`.
 * At the highest known bit where x disagrees the word either may drop everything below (the bit is one), or has to
 * carry into the next unknown bit above that is zero in x (the bit is zero).
 */
export function ceilingMember(valueHigh: number, valueLow: number, maskHigh: number, maskLow: number, xHigh: number, xLow: number): boolean {
  const wrongHigh = (xHigh ^ valueHigh) & ~maskHigh;
  const wrongLow = (xLow ^ valueLow) & ~maskLow;
  memberHigh = xHigh;
  if (wrongHigh === 0) {
    if (wrongLow === 0) {
      memberLow = xLow;
      return true;
    }
    const below = -1 >>> Math.clz32(wrongLow);
    if (((valueLow ^ xLow) & valueLow & ~(below >>> 1) & below) !== 0) {
      memberLow = (xLow & ~below) | (valueLow & below);
      return true;
    }
    const candidates = maskLow & ~xLow & ~below;
    if (candidates !== 0) {
      memberLow = carryInto(candidates, valueLow, xLow);
      return true;
    }
    memberLow = valueLow;
    const carries = maskHigh & ~xHigh;
    if (carries === 0) return false;
    memberHigh = carryInto(carries, valueHigh, xHigh);
    return true;
  }
  memberLow = valueLow;
  const below = -1 >>> Math.clz32(wrongHigh);
  if ((wrongHigh & valueHigh & ~(below >>> 1) & below) !== 0) {
    memberHigh = (xHigh & ~below) | (valueHigh & below);
    return true;
  }
  const candidates = maskHigh & ~xHigh & ~below;
  if (candidates === 0) return false;
  memberHigh = carryInto(candidates, valueHigh, xHigh);
  return true;
}

/** Sets the lowest candidate bit of x and makes everything below it as small as the known bits allow. */
function carryInto(candidates: number, value: number, x: number): number {
  const bit = candidates & -candidates;
  const under = bit - 1;
  return (x & ~(bit | under)) | bit | (value & under);
}
