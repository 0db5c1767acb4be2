import type { BinaryOperator, ByteSwap, Size, Width } from '../../isa/instruction.ts';
import * as bits from './bits.ts';
import * as division from './division.ts';
import { draft } from './draft.ts';
import {
  addHigh,
  carry,
  mulHigh,
  shiftArithmeticHigh,
  shiftArithmeticLow,
  shiftLeftHigh,
  shiftLeftLow,
  shiftRightHigh,
  shiftRightLow,
  subHigh,
} from './halves.ts';
import type { Int } from './integer.ts';
import { I32_MAX, I32_MIN, I64_MAX, I64_MIN, max, min, mul, shiftLeft, shiftRight, U32_MAX, U64_MAX } from './integer.ts';
import { constantHalves, isConstant, type Scalar, TOP, ZERO } from './views.ts';

type Operation = (a: Scalar, b: Scalar) => Scalar;

/** How often a sum of signed high halves wraps: -1, 0 or 1. */
function wrapsSigned(high: number): number {
  return high > I32_MAX ? 1 : high < I32_MIN ? -1 : 0;
}

/** How often an exact sum or difference of two words of 32 bits wraps, unsigned. */
function wraps32(x: number): number {
  return x > U32_MAX ? 1 : x < 0 ? -1 : 0;
}

/** Narrows the low views to ranges of exact sums; a range whose ends wrap equally often wraps as a whole. */
function meetLowSums(unsignedMin: number, unsignedMax: number, signedMin: number, signedMax: number): void {
  if (wraps32(unsignedMin) === wraps32(unsignedMax)) draft.meetUnsigned32(unsignedMin | 0, unsignedMax | 0);
  if (wrapsSigned(signedMin) === wrapsSigned(signedMax)) draft.meetSigned32(signedMin | 0, signedMax | 0);
}

function addLow(a: Scalar, b: Scalar): void {
  meetLowSums(a.u32min + b.u32min, a.u32max + b.u32max, a.s32min + b.s32min, a.s32max + b.s32max);
}

function add64(a: Scalar, b: Scalar): Scalar {
  if (isConstant(a) && isConstant(b)) {
    return constantHalves(addHigh(a.sminHigh, a.sminLow, b.sminHigh, b.sminLow), (a.sminLow + b.sminLow) | 0);
  }
  if (a === TOP || b === TOP) return TOP;
  draft.top();
  const uminLow = (a.uminLow + b.uminLow) | 0;
  const umaxLow = (a.umaxLow + b.umaxLow) | 0;
  const uminHigh = (a.uminHigh >>> 0) + (b.uminHigh >>> 0) + carry(uminLow, a.uminLow);
  const umaxHigh = (a.umaxHigh >>> 0) + (b.umaxHigh >>> 0) + carry(umaxLow, a.umaxLow);
  if (wraps32(uminHigh) === wraps32(umaxHigh)) {
    draft.raiseUmin(uminHigh | 0, uminLow);
    draft.lowerUmax(umaxHigh | 0, umaxLow);
  }
  const sminLow = (a.sminLow + b.sminLow) | 0;
  const smaxLow = (a.smaxLow + b.smaxLow) | 0;
  const sminHigh = a.sminHigh + b.sminHigh + carry(sminLow, a.sminLow);
  const smaxHigh = a.smaxHigh + b.smaxHigh + carry(smaxLow, a.smaxLow);
  if (wrapsSigned(sminHigh) === wrapsSigned(smaxHigh)) {
    draft.raiseSmin(sminHigh | 0, sminLow);
    draft.lowerSmax(smaxHigh | 0, smaxLow);
  }
  addLow(a, b);
  draft.meetBits(bits.addBits(a.bits, b.bits));
  return draft.sealSome();
}

function add32(a: Scalar, b: Scalar): Scalar {
  draft.top32();
  addLow(a, b);
  draft.meetBits(bits.castBits(bits.addBits(a.bits, b.bits), 32));
  return draft.sealSome();
}

function subLow(a: Scalar, b: Scalar): void {
  meetLowSums(a.u32min - b.u32max, a.u32max - b.u32min, a.s32min - b.s32max, a.s32max - b.s32min);
}

function sub64(a: Scalar, b: Scalar): Scalar {
  if (isConstant(a) && isConstant(b)) {
    return constantHalves(subHigh(a.sminHigh, a.sminLow, b.sminHigh, b.sminLow), (a.sminLow - b.sminLow) | 0);
  }
  if (a === TOP || b === TOP) return TOP;
  draft.top();
  const uminHigh = (a.uminHigh >>> 0) - (b.umaxHigh >>> 0) - carry(a.uminLow, b.umaxLow);
  const umaxHigh = (a.umaxHigh >>> 0) - (b.uminHigh >>> 0) - carry(a.umaxLow, b.uminLow);
  if (wraps32(uminHigh) === wraps32(umaxHigh)) {
    draft.raiseUmin(uminHigh | 0, (a.uminLow - b.umaxLow) | 0);
    draft.lowerUmax(umaxHigh | 0, (a.umaxLow - b.uminLow) | 0);
  }
  const sminHigh = a.sminHigh - b.smaxHigh - carry(a.sminLow, b.smaxLow);
  const smaxHigh = a.smaxHigh - b.sminHigh - carry(a.smaxLow, b.sminLow);
  if (wrapsSigned(sminHigh) === wrapsSigned(smaxHigh)) {
    draft.raiseSmin(sminHigh | 0, (a.sminLow - b.smaxLow) | 0);
    draft.lowerSmax(smaxHigh | 0, (a.smaxLow - b.sminLow) | 0);
  }
  subLow(a, b);
  draft.meetBits(bits.subBits(a.bits, b.bits));
  return draft.sealSome();
}

function sub32(a: Scalar, b: Scalar): Scalar {
  draft.top32();
  subLow(a, b);
  draft.meetBits(bits.castBits(bits.subBits(a.bits, b.bits), 32));
  return draft.sealSome();
}

/** Products beyond 2^53 are rounded, but monotonically: one that fits 32 bits is exact. */
function mulLow(a: Scalar, b: Scalar): void {
  const greatest = a.u32max * b.u32max;
  if (greatest <= U32_MAX) draft.meetUnsigned32(a.u32min * b.u32min, greatest);
  const p = a.s32min * b.s32min;
  const q = a.s32min * b.s32max;
  const r = a.s32max * b.s32min;
  const s = a.s32max * b.s32max;
  const low = Math.min(p, q, r, s);
  const high = Math.max(p, q, r, s);
  if (low >= I32_MIN && high <= I32_MAX) draft.meetSigned32(low | 0, high | 0);
}

function mul64(a: Scalar, b: Scalar): Scalar {
  if (isConstant(a) && isConstant(b)) {
    return constantHalves(mulHigh(a.sminHigh, a.sminLow, b.sminHigh, b.sminLow), Math.imul(a.sminLow, b.sminLow));
  }
  draft.top();
  const known = isConstant(b) ? bits.mulBits(b.bits, a.bits) : bits.mulBits(a.bits, b.bits);
  if (a !== TOP && b !== TOP) {
    meetUnsignedProduct(a.umin, a.umax, b.umin, b.umax);
    meetSignedProduct(a.smin, a.smax, b.smin, b.smax);
    mulLow(a, b);
  }
  draft.meetBits(known);
  return draft.sealSome();
}

/** A range of products keeps its ends when they wrap equally often. */
function meetUnsignedProduct(aMin: Int, aMax: Int, bMin: Int, bMax: Int): void {
  const high = mul(aMax, bMax);
  const low = mul(aMin, bMin);
  if (high <= U64_MAX || shiftRight(high, 64) === shiftRight(low, 64)) {
    const unsigned = (x: Int): Int => (x <= U64_MAX ? x : BigInt.asUintN(64, BigInt(x)));
    draft.meetUnsigned(unsigned(low), unsigned(high));
  }
}

function meetSignedProduct(aMin: Int, aMax: Int, bMin: Int, bMax: Int): void {
  const p = mul(aMin, bMin);
  const q = mul(aMin, bMax);
  const r = mul(aMax, bMin);
  const s = mul(aMax, bMax);
  const low = min(min(p, q), min(r, s));
  const high = max(max(p, q), max(r, s));
  if (low >= I64_MIN && high <= I64_MAX) draft.meetSigned(low, high);
}

function mul32(a: Scalar, b: Scalar): Scalar {
  draft.top32();
  const low = (x: Scalar) => bits.castBits(x.bits, 32);
  const known = isConstant(b) ? bits.mulBits(low(b), low(a)) : bits.mulBits(low(a), low(b));
  mulLow(a, b);
  draft.meetBits(bits.castBits(known, 32));
  return draft.sealSome();
}

function div64(a: Scalar, b: Scalar): Scalar {
  const power = powerOfTwo(b.bits);
  if (power >= 0) return rsh64(a, constantHalves(0, power));
  division.divideUnsigned(a.umin, a.umax, b.umin, b.umax);
  draft.top();
  draft.meetUnsigned(division.resultMin, division.resultMax);
  return draft.sealSome();
}

function div32(a: Scalar, b: Scalar): Scalar {
  division.divideUnsigned(a.u32min, a.u32max, b.u32min, b.u32max);
  draft.top();
  draft.meetUnsigned(division.resultMin, division.resultMax);
  return draft.sealSome();
}

function sdiv64(a: Scalar, b: Scalar): Scalar {
  division.divideSigned(a.smin, a.smax, b.smin, b.smax, I64_MIN, I64_MAX);
  draft.top();
  draft.meetSigned(division.resultMin, division.resultMax);
  return draft.sealSome();
}

function sdiv32(a: Scalar, b: Scalar): Scalar {
  division.divideSigned(a.s32min, a.s32max, b.s32min, b.s32max, I32_MIN, I32_MAX);
  draft.top32();
  draft.meetSigned32(Number(division.resultMin), Number(division.resultMax));
  return draft.sealSome();
}

function mod64(a: Scalar, b: Scalar): Scalar {
  const power = powerOfTwo(b.bits);
  if (power >= 0) return lowBits(power, a);
  if (isIdentity(a.umax, b.umin, b.umax)) return a;
  division.remainderUnsigned(a.umin, a.umax, b.umin, b.umax);
  draft.top();
  draft.meetUnsigned(division.resultMin, division.resultMax);
  return draft.sealSome();
}

/** x % y is x when y is 0 or larger than x. */
function isIdentity(dividendMax: Int, divisorMin: Int, divisorMax: Int): boolean {
  return divisorMax === 0 || dividendMax < divisorMin;
}

function mod32(a: Scalar, b: Scalar): Scalar {
  if (isIdentity(a.u32max, b.u32min, b.u32max)) return move32(a);
  if (b.u32min === b.u32max && (b.u32min & (b.u32min - 1)) === 0) return lowBits(31 - Math.clz32(b.u32min), move32(a));
  division.remainderUnsigned(a.u32min, a.u32max, b.u32min, b.u32max);
  draft.top();
  draft.meetUnsigned(division.resultMin, division.resultMax);
  return draft.sealSome();
}

function smod64(a: Scalar, b: Scalar): Scalar {
  division.remainderSigned(a.smin, a.smax, b.smin, b.smax);
  if (b === ZERO) return a;
  draft.top();
  draft.meetSigned(division.resultMin, division.resultMax);
  return draft.sealSome();
}

function smod32(a: Scalar, b: Scalar): Scalar {
  division.remainderSigned(a.s32min, a.s32max, b.s32min, b.s32max);
  draft.top32();
  draft.meetSigned32(Number(division.resultMin), Number(division.resultMax));
  return draft.sealSome();
}

/** The exponent when all bits are known and exactly one is set, else -1. */
function powerOfTwo(a: bits.Bits): number {
  if ((a.maskHigh | a.maskLow) !== 0) return -1;
  if (a.valueHigh === 0) return a.valueLow !== 0 && (a.valueLow & (a.valueLow - 1)) === 0 ? 31 - Math.clz32(a.valueLow) : -1;
  return a.valueLow === 0 && (a.valueHigh & (a.valueHigh - 1)) === 0 ? 63 - Math.clz32(a.valueHigh) : -1;
}

/** a modulo 2^count, 0 <= count < 64: a range inside one block of 2^count values moves to the first block. */
function lowBits(count: number, a: Scalar): Scalar {
  const keepHigh = count <= 32 ? 0 : (1 << (count - 32)) - 1;
  const keepLow = count >= 32 ? -1 : (1 << count) - 1;
  draft.top();
  draft.meetBitHalves(a.bits.valueHigh & keepHigh, a.bits.valueLow & keepLow, a.bits.maskHigh & keepHigh, a.bits.maskLow & keepLow);
  if ((((a.uminHigh ^ a.umaxHigh) & ~keepHigh) | ((a.uminLow ^ a.umaxLow) & ~keepLow)) === 0) {
    draft.raiseUmin(a.uminHigh & keepHigh, a.uminLow & keepLow);
    draft.lowerUmax(a.umaxHigh & keepHigh, a.umaxLow & keepLow);
  }
  if (((a.u32minHalf ^ a.u32maxHalf) & ~keepLow) === 0) draft.meetUnsigned32(a.u32minHalf & keepLow, a.u32maxHalf & keepLow);
  if (keepLow === -1) draft.meetSigned32(a.s32min, a.s32max);
  return draft.sealSome();
}

/** Bits of -(x + 1) or x, whichever is not negative, for both ends: everything above their highest one is a copy of the sign. */
function spread(high: number): number {
  return high ^ (high >> 31);
}

/** Results of and, or, xor have at least as many equal leading bits as both operands. */
function meetSignCopies(a: Scalar, b: Scalar): void {
  const high = spread(a.sminHigh) | spread(a.smaxHigh) | spread(b.sminHigh) | spread(b.smaxHigh);
  const lowOf = (x: Scalar) => (x.sminLow ^ (x.sminHigh >> 31)) | (x.smaxLow ^ (x.smaxHigh >> 31));
  const maxHigh = high === 0 ? 0 : -1 >>> Math.clz32(high);
  const low = lowOf(a) | lowOf(b);
  const maxLow = high !== 0 ? -1 : low === 0 ? 0 : (-1 >>> Math.clz32(low)) | 0;
  draft.raiseSmin(~maxHigh, ~maxLow);
  draft.lowerSmax(maxHigh, maxLow);
  meetSignCopies32(a, b);
}

function meetSignCopies32(a: Scalar, b: Scalar): void {
  const low = spread(a.s32min) | spread(a.s32max) | spread(b.s32min) | spread(b.s32max);
  const greatest = low === 0 ? 0 : -1 >>> Math.clz32(low);
  draft.meetSigned32(~greatest, greatest);
}

function and64(a: Scalar, b: Scalar): Scalar {
  if (isConstant(a) && isConstant(b)) return constantHalves(a.sminHigh & b.sminHigh, a.sminLow & b.sminLow);
  const mask = isConstant(b) ? lowMask(b.bits) : -1;
  if (mask >= 0) return lowBits(mask, a);
  draft.top();
  meetSignCopies(a, b);
  draft.lowerUmax(a.umaxHigh, a.umaxLow);
  draft.lowerUmax(b.umaxHigh, b.umaxLow);
  draft.lowerU32max(a.u32maxHalf);
  draft.lowerU32max(b.u32maxHalf);
  draft.meetBits(bits.andBits(a.bits, b.bits));
  return draft.sealSome();
}

/** n when the value is 2^n - 1 with 0 <= n < 64, else -1. */
function lowMask(a: bits.Bits): number {
  const { valueHigh, valueLow } = a;
  if (valueHigh === 0) return (valueLow & (valueLow + 1)) === 0 ? 32 - Math.clz32(valueLow) : -1;
  return valueLow === -1 && valueHigh > 0 && (valueHigh & (valueHigh + 1)) === 0 ? 64 - Math.clz32(valueHigh) : -1;
}

function and32(a: Scalar, b: Scalar): Scalar {
  const constantMask = b.u32minHalf === b.u32maxHalf;
  if (constantMask && (b.u32minHalf & (b.u32minHalf + 1)) === 0) return lowBits(32 - Math.clz32(b.u32minHalf), a);
  draft.top32();
  meetSignCopies32(a, b);
  draft.lowerU32max(a.u32maxHalf);
  draft.lowerU32max(b.u32maxHalf);
  draft.meetBits(bits.castBits(bits.andBits(a.bits, b.bits), 32));
  return draft.sealSome();
}

function or64(a: Scalar, b: Scalar): Scalar {
  if (isConstant(a) && isConstant(b)) return constantHalves(a.sminHigh | b.sminHigh, a.sminLow | b.sminLow);
  draft.top();
  meetSignCopies(a, b);
  draft.raiseUmin(a.uminHigh, a.uminLow);
  draft.raiseUmin(b.uminHigh, b.uminLow);
  draft.raiseU32min(a.u32minHalf);
  draft.raiseU32min(b.u32minHalf);
  draft.meetBits(bits.orBits(a.bits, b.bits));
  return draft.sealSome();
}

function or32(a: Scalar, b: Scalar): Scalar {
  draft.top32();
  meetSignCopies32(a, b);
  draft.raiseU32min(a.u32minHalf);
  draft.raiseU32min(b.u32minHalf);
  draft.meetBits(bits.castBits(bits.orBits(a.bits, b.bits), 32));
  return draft.sealSome();
}

function xor64(a: Scalar, b: Scalar): Scalar {
  if (isConstant(a) && isConstant(b)) return constantHalves(a.sminHigh ^ b.sminHigh, a.sminLow ^ b.sminLow);
  draft.top();
  meetSignCopies(a, b);
  draft.meetBits(bits.xorBits(a.bits, b.bits));
  return draft.sealSome();
}

function xor32(a: Scalar, b: Scalar): Scalar {
  draft.top32();
  meetSignCopies32(a, b);
  draft.meetBits(bits.castBits(bits.xorBits(a.bits, b.bits), 32));
  return draft.sealSome();
}

/** The shift count as the instruction sees it: its low 6 or 5 bits. */
function shiftCount(width: Width, b: Scalar): Scalar {
  return b.uminHigh === 0 && b.umaxHigh === 0 && b.umaxLow >>> 0 < width ? b : lowBits(width === 64 ? 6 : 5, b);
}

/** Shift counts far apart say next to nothing about single bits. */
const MAX_COUNTS = 8;

/** Union of the known bits over all counts; undefined when there are too many. */
function shiftedBits(shift: (a: bits.Bits, count: number) => bits.Bits, a: bits.Bits, least: number, greatest: number): bits.Bits | undefined {
  if (greatest - least >= MAX_COUNTS) return undefined;
  let known = shift(a, least);
  for (let count = least + 1; count <= greatest; count++) known = bits.unionBits(known, shift(a, count));
  return known;
}

function lsh64(a: Scalar, b: Scalar): Scalar {
  const counts = shiftCount(64, b);
  const count = counts.uminLow;
  if (isConstant(counts)) return count === 0 ? a : lshByConstant(a, count);
  const greatest = counts.umaxLow;
  draft.top();
  const top = shiftLeft(a.umax, greatest);
  if (top <= U64_MAX) draft.meetUnsigned(shiftLeft(a.umin, count), top);
  const { smin, smax } = a;
  const signedLow = shiftLeft(smin, smin < 0 ? greatest : count);
  const signedHigh = shiftLeft(smax, smax < 0 ? count : greatest);
  if (signedLow >= I64_MIN && signedHigh <= I64_MAX) draft.meetSigned(signedLow, signedHigh);
  draft.meetBits(bits.multipleBits(Math.min(64, bits.trailingZeros(a.bits) + count)));
  const known = shiftedBits(bits.lshBits, a.bits, count, greatest);
  if (known !== undefined) draft.meetBits(known);
  return draft.sealSome();
}

/** Whether shifting the ends left by 63 - keep wraps them around the signed circle equally often: the same multiple of 2^keep, rounded to even. */
function wrapEqually(minHigh: number, minLow: number, maxHigh: number, maxLow: number, keep: number): boolean {
  const leastHigh = shiftArithmeticHigh(minHigh, keep);
  const leastLow = shiftArithmeticLow(minHigh, minLow, keep);
  const greatestHigh = shiftArithmeticHigh(maxHigh, keep);
  const greatestLow = shiftArithmeticLow(maxHigh, maxLow, keep);
  if (leastHigh === greatestHigh && leastLow === greatestLow) return true;
  // -1 and 0, 1 and 2, ... are on the same turn.
  return (leastLow & 1) === 1 && ((leastLow + 1) | 0) === greatestLow && leastHigh + (leastLow === -1 ? 1 : 0) === greatestHigh;
}

/** 0 < count < 64. A range keeps its ends when the bits shifted out are the same at both. */
function lshByConstant(a: Scalar, count: number): Scalar {
  if (isConstant(a)) return constantHalves(shiftLeftHigh(a.sminHigh, a.sminLow, count), shiftLeftLow(a.sminLow, count));
  draft.top();
  const out = 64 - count;
  const { uminHigh, uminLow, umaxHigh, umaxLow, sminHigh, sminLow, smaxHigh, smaxLow } = a;
  if (
    shiftRightHigh(uminHigh, out) === shiftRightHigh(umaxHigh, out) &&
    shiftRightLow(uminHigh, uminLow, out) === shiftRightLow(umaxHigh, umaxLow, out)
  ) {
    draft.raiseUmin(shiftLeftHigh(uminHigh, uminLow, count), shiftLeftLow(uminLow, count));
    draft.lowerUmax(shiftLeftHigh(umaxHigh, umaxLow, count), shiftLeftLow(umaxLow, count));
  }
  if (wrapEqually(sminHigh, sminLow, smaxHigh, smaxLow, out - 1)) {
    draft.raiseSmin(shiftLeftHigh(sminHigh, sminLow, count), shiftLeftLow(sminLow, count));
    draft.lowerSmax(shiftLeftHigh(smaxHigh, smaxLow, count), shiftLeftLow(smaxLow, count));
  }
  if (count < 32) lshLow(a, count);
  else lshLowIntoHigh(a, count - 32);
  draft.meetBits(bits.lshBits(a.bits, count));
  return draft.sealSome();
}

/** Whether 0 <= count < 32 bits shifted out of the low half are the same at both unsigned ends. */
function samePrefix32(a: Scalar, count: number): boolean {
  return count === 0 || a.u32minHalf >>> (32 - count) === a.u32maxHalf >>> (32 - count);
}

/** The 32-bit form of `wrapEqually`. */
function wrapEqually32(a: Scalar, count: number): boolean {
  const least = a.s32min >> (31 - count);
  const greatest = a.s32max >> (31 - count);
  return least === greatest || ((least & 1) === 1 && least + 1 === greatest);
}

/** Low half of a << count, 0 <= count < 32. */
function lshLow(a: Scalar, count: number): void {
  if (samePrefix32(a, count)) draft.meetUnsigned32(a.u32minHalf << count, a.u32maxHalf << count);
  if (wrapEqually32(a, count)) draft.meetSigned32(a.s32min << count, a.s32max << count);
}

/** a << (32 + count): only the low half survives, as the upper one. */
function lshLowIntoHigh(a: Scalar, count: number): void {
  if (samePrefix32(a, count)) {
    draft.raiseUmin(a.u32minHalf << count, 0);
    draft.lowerUmax(a.u32maxHalf << count, 0);
  }
  if (wrapEqually32(a, count)) {
    draft.raiseSmin(a.s32min << count, 0);
    draft.lowerSmax(a.s32max << count, 0);
  }
}

function lsh32(a: Scalar, b: Scalar): Scalar {
  const counts = shiftCount(32, b);
  const least = counts.uminLow;
  const greatest = counts.umaxLow;
  draft.top32();
  if (least === greatest) lshLow(a, least);
  else {
    const top = a.u32max * 2 ** greatest;
    if (top <= U32_MAX) draft.meetUnsigned32(a.u32min * 2 ** least, top);
    const signedLow = a.s32min * 2 ** (a.s32min < 0 ? greatest : least);
    const signedHigh = a.s32max * 2 ** (a.s32max < 0 ? least : greatest);
    if (signedLow >= I32_MIN && signedHigh <= I32_MAX) draft.meetSigned32(signedLow, signedHigh);
    draft.meetBits(bits.castBits(bits.multipleBits(Math.min(64, bits.trailingZeros(a.bits) + least)), 32));
  }
  const known = shiftedBits(bits.lshBits, a.bits, least, greatest);
  if (known !== undefined) draft.meetBits(bits.castBits(known, 32));
  return draft.sealSome();
}

function rsh64(a: Scalar, b: Scalar): Scalar {
  const counts = shiftCount(64, b);
  const least = counts.uminLow;
  const greatest = counts.umaxLow;
  if (greatest === 0) return a;
  draft.top();
  draft.raiseUmin(shiftRightHigh(a.uminHigh, greatest), shiftRightLow(a.uminHigh, a.uminLow, greatest));
  draft.lowerUmax(shiftRightHigh(a.umaxHigh, least), shiftRightLow(a.umaxHigh, a.umaxLow, least));
  const known = shiftedBits(bits.rshBits, a.bits, least, greatest);
  if (known !== undefined) draft.meetBits(known);
  return draft.sealSome();
}

function rsh32(a: Scalar, b: Scalar): Scalar {
  const counts = shiftCount(32, b);
  const least = counts.uminLow;
  const greatest = counts.umaxLow;
  draft.top32();
  draft.meetUnsigned32(a.u32minHalf >>> greatest, a.u32maxHalf >>> least);
  const known = shiftedBits(bits.rshBits, bits.castBits(a.bits, 32), least, greatest);
  if (known !== undefined) draft.meetBits(known);
  return draft.sealSome();
}

function arsh64(a: Scalar, b: Scalar): Scalar {
  const counts = shiftCount(64, b);
  const least = counts.uminLow;
  const greatest = counts.umaxLow;
  if (greatest === 0) return a;
  draft.top();
  const forMin = a.sminHigh < 0 ? least : greatest;
  const forMax = a.smaxHigh < 0 ? greatest : least;
  draft.raiseSmin(shiftArithmeticHigh(a.sminHigh, forMin), shiftArithmeticLow(a.sminHigh, a.sminLow, forMin));
  draft.lowerSmax(shiftArithmeticHigh(a.smaxHigh, forMax), shiftArithmeticLow(a.smaxHigh, a.smaxLow, forMax));
  const known = shiftedBits(bits.arshBits, a.bits, least, greatest);
  if (known !== undefined) draft.meetBits(known);
  return draft.sealSome();
}

function arsh32(a: Scalar, b: Scalar): Scalar {
  const counts = shiftCount(32, b);
  const least = counts.uminLow;
  const greatest = counts.umaxLow;
  draft.top32();
  draft.meetSigned32(a.s32min >> (a.s32min < 0 ? least : greatest), a.s32max >> (a.s32max < 0 ? greatest : least));
  const known = shiftedBits(bits.arsh32Bits, a.bits, least, greatest);
  if (known !== undefined) draft.meetBits(known);
  return draft.sealSome();
}

function move64(_a: Scalar, b: Scalar): Scalar {
  return b;
}

/** The low half, zero-extended. */
function move32(a: Scalar): Scalar {
  if (a.umaxHigh === 0) return a;
  return lowBits(32, a);
}

const OPERATIONS: Readonly<Record<BinaryOperator, Operation>> = {
  add: add64,
  sub: sub64,
  mul: mul64,
  div: div64,
  sdiv: sdiv64,
  mod: mod64,
  smod: smod64,
  or: or64,
  and: and64,
  xor: xor64,
  lsh: lsh64,
  rsh: rsh64,
  arsh: arsh64,
  mov: move64,
};

const OPERATIONS_32: Readonly<Record<BinaryOperator, Operation>> = {
  add: add32,
  sub: sub32,
  mul: mul32,
  div: div32,
  sdiv: sdiv32,
  mod: mod32,
  smod: smod32,
  or: or32,
  and: and32,
  xor: xor32,
  lsh: lsh32,
  rsh: rsh32,
  arsh: arsh32,
  mov: (_a, b) => move32(b),
};

/**
 * a OPERATOR b with wrap-around (RFC 9669, section 4.1): division by zero gives 0, the remainder by zero the dividend, shift counts are taken
 * modulo the width; a 32-bit operation reads the low halves and zero-extends its result. The operands are independent values.
 */
export function binary(operator: BinaryOperator, width: Width, a: Scalar, b: Scalar): Scalar {
  return width === 64 ? OPERATIONS[operator](a, b) : OPERATIONS_32[operator](a, b);
}

/** -a in `width` bits, zero-extended. */
export function negate(width: Width, a: Scalar): Scalar {
  return width === 64 ? sub64(ZERO, a) : sub32(ZERO, a);
}

/** The low `bits` of a sign-extended to `width` bits and zero-extended to 64 (MOVSX). */
export function signExtend(from: 8 | 16 | 32, width: Width, a: Scalar): Scalar {
  const shift = constantHalves(0, 64 - from);
  const extended = arsh64(lsh64(a, shift), shift);
  return width === 64 ? extended : move32(extended);
}

/** Byte order conversion of the low `width` bits, zero-extended (RFC 9669, section 4.2). `le` and `be` swap when the host has the other order. */
export function swap(order: ByteSwap['order'], width: ByteSwap['bits'], a: Scalar, hostBigEndian: boolean): Scalar {
  const keeps = order === (hostBigEndian ? 'be' : 'le');
  if (keeps) return width === 64 ? a : lowBits(width, a);
  draft.top();
  draft.meetBits(bits.swapBits(a.bits, width));
  return draft.sealSome();
}

/** What a zero-extending load of `size` bytes reads after a store of a. */
export function truncate(size: Size, a: Scalar): Scalar {
  return size === 8 ? a : lowBits(8 * size, a);
}

/** What a sign-extending load of `size` bytes reads after a store of a. */
export function signExtendLoad(size: Size, a: Scalar): Scalar {
  return size === 8 ? a : signExtend(SIGN_BITS[size], 64, a);
}

const SIGN_BITS = { 1: 8, 2: 16, 4: 32 } as const;
