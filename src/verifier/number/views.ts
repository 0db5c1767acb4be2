import type { Bits } from './bits.ts';
import { constantBits, UNKNOWN_BITS } from './bits.ts';
import { highOf, lowOf, SIGN, signedOf, unsignedOf } from './halves.ts';
import type { Int } from './integer.ts';
import { I32_MAX, I32_MIN } from './integer.ts';

/**
 * A non-empty set of 64-bit values as five views that all hold: the signed and the unsigned range of the 64 bits, the signed and the unsigned
 * range of the low 32 bits, and the known bits. Immutable; made by `Draft.seal`, which lets the views refine each other, so that a scalar
 * is constant iff its mask is zero and unknown iff it is `TOP`. Fields are int32 bit patterns (see halves.ts); integers come from the getters.
 */
export class Scalar {
  readonly sminHigh: number;
  readonly sminLow: number;
  readonly smaxHigh: number;
  readonly smaxLow: number;
  readonly uminHigh: number;
  readonly uminLow: number;
  readonly umaxHigh: number;
  readonly umaxLow: number;
  /** Least low half, read as signed. */
  readonly s32min: number;
  readonly s32max: number;
  readonly u32minHalf: number;
  readonly u32maxHalf: number;
  readonly bits: Bits;

  constructor(
    sminHigh: number,
    sminLow: number,
    smaxHigh: number,
    smaxLow: number,
    uminHigh: number,
    uminLow: number,
    umaxHigh: number,
    umaxLow: number,
    s32min: number,
    s32max: number,
    u32minHalf: number,
    u32maxHalf: number,
    bits: Bits,
  ) {
    this.sminHigh = sminHigh;
    this.sminLow = sminLow;
    this.smaxHigh = smaxHigh;
    this.smaxLow = smaxLow;
    this.uminHigh = uminHigh;
    this.uminLow = uminLow;
    this.umaxHigh = umaxHigh;
    this.umaxLow = umaxLow;
    this.s32min = s32min;
    this.s32max = s32max;
    this.u32minHalf = u32minHalf;
    this.u32maxHalf = u32maxHalf;
    this.bits = bits;
  }

  /** Least value, read as signed 64-bit. */
  get smin(): Int {
    return signedOf(this.sminHigh, this.sminLow);
  }
  get smax(): Int {
    return signedOf(this.smaxHigh, this.smaxLow);
  }
  /** Least value, read as unsigned 64-bit. */
  get umin(): Int {
    return unsignedOf(this.uminHigh, this.uminLow);
  }
  get umax(): Int {
    return unsignedOf(this.umaxHigh, this.umaxLow);
  }
  /** Least low half, read as unsigned. */
  get u32min(): number {
    return this.u32minHalf >>> 0;
  }
  get u32max(): number {
    return this.u32maxHalf >>> 0;
  }
}

/** Any 64-bit value; the only scalar that knows nothing, so `===` tests for it. */
export const TOP = new Scalar(SIGN, 0, ~SIGN, -1, 0, 0, -1, -1, I32_MIN, I32_MAX, 0, -1, UNKNOWN_BITS);

function newConstant(high: number, low: number): Scalar {
  return new Scalar(high, low, high, low, high, low, high, low, low, low, low, low, constantBits(high, low));
}

const SMALLEST_CACHED = -256;
const LARGEST_CACHED = 1024;
const cache: Scalar[] = [];
for (let value = SMALLEST_CACHED; value <= LARGEST_CACHED; value++) cache.push(newConstant(value < 0 ? -1 : 0, value));

/** The constant with the given halves; small ones are shared. */
export function constantHalves(high: number, low: number): Scalar {
  if (high === low >> 31 && low >= SMALLEST_CACHED && low <= LARGEST_CACHED) return cache[low - SMALLEST_CACHED]!;
  return newConstant(high, low);
}

/** The constant whose 64 bits are those of `value`, given signed or unsigned. */
export function constant(value: Int): Scalar {
  return constantHalves(highOf(value), lowOf(value));
}

export const ZERO = constantHalves(0, 0);

/** True when the set has one element. */
export function isConstant(a: Scalar): boolean {
  return (a.bits.maskHigh | a.bits.maskLow) === 0;
}
