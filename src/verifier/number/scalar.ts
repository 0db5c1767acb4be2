import type { Size } from '../../isa/instruction.ts';
import type { Bits } from './bits.ts';
import { trailingZeros } from './bits.ts';
import { draft } from './draft.ts';
import { highOf, lessSigned, lessUnsigned, lowOf } from './halves.ts';
import type { Int } from './integer.ts';
import { shiftLeft, sub } from './integer.ts';
import type { Scalar } from './views.ts';
import { isConstant, TOP } from './views.ts';

export { constant, isConstant, Scalar, TOP } from './views.ts';

function sealRange(kind: string, min: Int, max: Int): Scalar {
  const scalar = min <= max ? draft.seal() : undefined;
  if (scalar === undefined) throw new TypeError(`${kind}(${min}, ${max}) is empty`);
  return scalar;
}

/** All values in [min, max], two signed 64-bit integers. Throws TypeError when min > max. */
export function fromSigned(min: Int, max: Int): Scalar {
  draft.top();
  draft.meetSigned(min, max);
  return sealRange('fromSigned', min, max);
}

/** All values in [min, max], two unsigned 64-bit integers. Throws TypeError when min > max. */
export function fromUnsigned(min: Int, max: Int): Scalar {
  draft.top();
  draft.meetUnsigned(min, max);
  return sealRange('fromUnsigned', min, max);
}

/** All zero-extended 32-bit values in [min, max]. Throws TypeError when min > max. */
export function fromU32(min: number, max: number): Scalar {
  return fromUnsigned(min, max);
}

/** All words with the given known bits. */
export function fromBits(bits: Bits): Scalar {
  draft.top();
  draft.meetBits(bits);
  return draft.sealSome();
}

const UNSIGNED_BYTES: Readonly<Record<Size, Scalar>> = { 1: fromU32(0, 0xff), 2: fromU32(0, 0xffff), 4: fromU32(0, 0xffff_ffff), 8: TOP };
const SIGNED_BYTES: Readonly<Record<Size, Scalar>> = {
  1: fromSigned(-0x80, 0x7f),
  2: fromSigned(-0x8000, 0x7fff),
  4: fromSigned(-0x8000_0000, 0x7fff_ffff),
  8: TOP,
};

/** What a zero-extending load of `size` bytes can give: 0..2^(8*size)-1. */
export function unsignedBytes(size: Size): Scalar {
  return UNSIGNED_BYTES[size];
}

/** What a sign-extending load of `size` bytes can give: -2^(8*size-1)..2^(8*size-1)-1. */
export function signedBytes(size: Size): Scalar {
  return SIGNED_BYTES[size];
}

/** The only element as a signed 64-bit integer, or undefined when there are more. */
export function constantValue(a: Scalar): Int | undefined {
  return isConstant(a) ? a.smin : undefined;
}

/** True when nothing is known. */
export function isTop(a: Scalar): boolean {
  return a === TOP;
}

/** True when the 64 bits of `value` (given signed or unsigned) satisfy every view. */
export function contains(a: Scalar, value: Int): boolean {
  const high = highOf(value);
  const low = lowOf(value);
  const bits = a.bits;
  return (
    ((high ^ bits.valueHigh) & ~bits.maskHigh) === 0 &&
    ((low ^ bits.valueLow) & ~bits.maskLow) === 0 &&
    !lessSigned(high, low, a.sminHigh, a.sminLow) &&
    !lessSigned(a.smaxHigh, a.smaxLow, high, low) &&
    !lessUnsigned(high, low, a.uminHigh, a.uminLow) &&
    !lessUnsigned(a.umaxHigh, a.umaxLow, high, low) &&
    low >= a.s32min &&
    low <= a.s32max &&
    low >>> 0 >= a.u32min &&
    low >>> 0 <= a.u32max
  );
}

/** Same views. Constants and other shared scalars are compared by identity first. */
export function equals(a: Scalar, b: Scalar): boolean {
  return a === b || (sameWide(a, b) && sameLow(a, b) && sameBits(a.bits, b.bits));
}

function sameWide(a: Scalar, b: Scalar): boolean {
  return sameSigned(a, b) && a.uminLow === b.uminLow && a.uminHigh === b.uminHigh && a.umaxLow === b.umaxLow && a.umaxHigh === b.umaxHigh;
}

function sameSigned(a: Scalar, b: Scalar): boolean {
  return a.sminLow === b.sminLow && a.sminHigh === b.sminHigh && a.smaxLow === b.smaxLow && a.smaxHigh === b.smaxHigh;
}

function sameLow(a: Scalar, b: Scalar): boolean {
  return a.s32min === b.s32min && a.s32max === b.s32max && a.u32minHalf === b.u32minHalf && a.u32maxHalf === b.u32maxHalf;
}

function sameBits(a: Bits, b: Bits): boolean {
  return a.valueLow === b.valueLow && a.maskLow === b.maskLow && a.valueHigh === b.valueHigh && a.maskHigh === b.maskHigh;
}

/**
 * Words for people: a constant as a signed number, otherwise a range and only those further views that it does not imply
 * ("[0, 255]", "[0, 60] multiple of 4", "[-1, 7] low half [0, 3]", "any number").
 */
export function format(a: Scalar): string {
  if (isConstant(a)) return String(a.smin);
  if (a === TOP) return 'any number';
  const words: string[] = [];
  let implied = TOP;
  // The narrower of the two 64-bit ranges says more; on a tie they are the same numbers or the signed one is the usual reading.
  const signed = sub(a.smax, a.smin);
  const unsigned = sub(a.umax, a.umin);
  if (unsigned < signed || (unsigned === signed && a.smin < 0 && a.smax >= 0)) {
    words.push(`[${a.umin}, ${a.umax}]`);
    implied = fromUnsigned(a.umin, a.umax);
  } else if (a.smin !== TOP.smin || a.smax !== TOP.smax) {
    words.push(`[${a.smin}, ${a.smax}]`);
    implied = fromSigned(a.smin, a.smax);
  }
  const zeros = trailingZeros(a.bits);
  if (zeros > trailingZeros(implied.bits)) {
    words.push(`multiple of ${shiftLeft(1, zeros)}`);
    draft.load(implied);
    draft.meetBitHalves(0, 0, zeros >= 32 ? -1 << (zeros - 32) : -1, zeros >= 32 ? 0 : -1 << zeros);
    implied = draft.sealSome();
  }
  if (!sameLow(a, implied)) {
    const signedLow = a.u32max - a.u32min > a.s32max - a.s32min;
    words.push(signedLow ? `low half [${a.s32min}, ${a.s32max}]` : `low half [${a.u32min}, ${a.u32max}]`);
    draft.load(implied);
    draft.meetSigned32(a.s32min, a.s32max);
    draft.meetUnsigned32(a.u32minHalf, a.u32maxHalf);
    implied = draft.sealSome();
  }
  if (!sameBits(a.bits, implied.bits)) words.push(`bits ${formatBits(a.bits)}`);
  return words.join(' ');
}

/** Hexadecimal known value and unknown mask: "0x4/0xfffb" has bit 2 set and bits 16 and up clear. */
function formatBits(bits: Bits): string {
  return `${formatHalves(bits.valueHigh, bits.valueLow)}/${formatHalves(bits.maskHigh, bits.maskLow)}`;
}

function formatHalves(high: number, low: number): string {
  if (high === 0) return `0x${(low >>> 0).toString(16)}`;
  return `0x${(high >>> 0).toString(16)}${(low >>> 0).toString(16).padStart(8, '0')}`;
}
