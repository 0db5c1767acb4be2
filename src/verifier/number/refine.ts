import type { Comparison, Width } from '../../isa/instruction.ts';
import { draft } from './draft.ts';
import { lessSigned, lessUnsigned, SIGN } from './halves.ts';
import { isConstant, type Scalar } from './views.ts';

/** Both sides of a comparison that holds. */
export interface RefinedPair {
  readonly a: Scalar;
  readonly b: Scalar;
}

type Refiner = (a: Scalar, b: Scalar) => RefinedPair | undefined;
type Decider = (a: Scalar, b: Scalar) => boolean | undefined;

function pair(a: Scalar, b: Scalar): RefinedPair {
  return { a, b };
}

function refineEqual(a: Scalar, b: Scalar): RefinedPair | undefined {
  draft.load(a);
  draft.meet(b);
  const both = draft.seal();
  return both === undefined ? undefined : pair(both, both);
}

function refineEqual32(a: Scalar, b: Scalar): RefinedPair | undefined {
  draft.load(a);
  draft.meetLow(b);
  const left = draft.seal();
  if (left === undefined) return undefined;
  draft.load(b);
  draft.meetLow(left);
  const right = draft.seal();
  return right === undefined ? undefined : pair(left, right);
}

/** a without the constant c, as far as c is an end of a view. */
function exclude(a: Scalar, c: Scalar): Scalar | undefined {
  const high = c.sminHigh;
  const low = c.sminLow;
  draft.load(a);
  // The lower end of one order may not be stepped past its last value: a range that ends there is the constant itself.
  if (isConstant(a)) {
    if (a.sminHigh === high && a.sminLow === low) return undefined;
    return a;
  }
  if (a.uminHigh === high && a.uminLow === low) draft.raiseUmin(low === -1 ? (high + 1) | 0 : high, (low + 1) | 0);
  if (a.umaxHigh === high && a.umaxLow === low) draft.lowerUmax(low === 0 ? (high - 1) | 0 : high, (low - 1) | 0);
  if (a.sminHigh === high && a.sminLow === low) draft.raiseSmin(low === -1 ? high + 1 : high, (low + 1) | 0);
  if (a.smaxHigh === high && a.smaxLow === low) draft.lowerSmax(low === 0 ? high - 1 : high, (low - 1) | 0);
  return draft.seal();
}

/** a without the values whose low half is x, as far as x is an end of a view. */
function exclude32(a: Scalar, x: number): Scalar | undefined {
  if (a.u32minHalf === a.u32maxHalf) return a.u32minHalf === x ? undefined : a;
  draft.load(a);
  if (a.u32minHalf === x) draft.raiseU32min(x + 1);
  if (a.u32maxHalf === x) draft.lowerU32max(x - 1);
  if (a.s32min === x) draft.raiseS32min(x + 1);
  if (a.s32max === x) draft.lowerS32max(x - 1);
  return draft.seal();
}

function refineNotEqual(a: Scalar, b: Scalar): RefinedPair | undefined {
  const left = isConstant(b) ? exclude(a, b) : a;
  if (left === undefined) return undefined;
  const right = isConstant(a) ? exclude(b, a) : b;
  return right === undefined ? undefined : pair(left, right);
}

function refineNotEqual32(a: Scalar, b: Scalar): RefinedPair | undefined {
  const left = b.u32minHalf === b.u32maxHalf ? exclude32(a, b.u32minHalf) : a;
  if (left === undefined) return undefined;
  const right = a.u32minHalf === a.u32maxHalf ? exclude32(b, a.u32minHalf) : b;
  return right === undefined ? undefined : pair(left, right);
}

/** a <= b. */
function refineLessEqual(a: Scalar, b: Scalar): RefinedPair | undefined {
  draft.load(a);
  draft.lowerUmax(b.umaxHigh, b.umaxLow);
  const left = draft.seal();
  if (left === undefined) return undefined;
  draft.load(b);
  draft.raiseUmin(left.uminHigh, left.uminLow);
  const right = draft.seal();
  return right === undefined ? undefined : pair(left, right);
}

/** a < b. */
function refineLess(a: Scalar, b: Scalar): RefinedPair | undefined {
  const { umaxHigh, umaxLow } = b;
  if ((umaxHigh | umaxLow) === 0) return undefined;
  draft.load(a);
  draft.lowerUmax(umaxLow === 0 ? (umaxHigh - 1) | 0 : umaxHigh, (umaxLow - 1) | 0);
  const left = draft.seal();
  if (left === undefined) return undefined;
  draft.load(b);
  // left is below some value of b, so the step cannot wrap.
  draft.raiseUmin(left.uminLow === -1 ? (left.uminHigh + 1) | 0 : left.uminHigh, (left.uminLow + 1) | 0);
  const right = draft.seal();
  return right === undefined ? undefined : pair(left, right);
}

function refineSignedLessEqual(a: Scalar, b: Scalar): RefinedPair | undefined {
  draft.load(a);
  draft.lowerSmax(b.smaxHigh, b.smaxLow);
  const left = draft.seal();
  if (left === undefined) return undefined;
  draft.load(b);
  draft.raiseSmin(left.sminHigh, left.sminLow);
  const right = draft.seal();
  return right === undefined ? undefined : pair(left, right);
}

function refineSignedLess(a: Scalar, b: Scalar): RefinedPair | undefined {
  const { smaxHigh, smaxLow } = b;
  if (smaxHigh === SIGN && smaxLow === 0) return undefined;
  draft.load(a);
  draft.lowerSmax(smaxLow === 0 ? smaxHigh - 1 : smaxHigh, (smaxLow - 1) | 0);
  const left = draft.seal();
  if (left === undefined) return undefined;
  draft.load(b);
  draft.raiseSmin(left.sminLow === -1 ? left.sminHigh + 1 : left.sminHigh, (left.sminLow + 1) | 0);
  const right = draft.seal();
  return right === undefined ? undefined : pair(left, right);
}

/** Low halves: a <= b (strict 0) or a < b (strict 1). */
function refineLow(a: Scalar, b: Scalar, strict: 0 | 1): RefinedPair | undefined {
  if (b.u32max - strict < a.u32min) return undefined;
  draft.load(a);
  draft.lowerU32max(b.u32max - strict);
  const left = draft.seal();
  if (left === undefined) return undefined;
  draft.load(b);
  draft.raiseU32min(left.u32min + strict);
  const right = draft.seal();
  return right === undefined ? undefined : pair(left, right);
}

function refineLowSigned(a: Scalar, b: Scalar, strict: 0 | 1): RefinedPair | undefined {
  if (b.s32max - strict < a.s32min) return undefined;
  draft.load(a);
  draft.lowerS32max(b.s32max - strict);
  const left = draft.seal();
  if (left === undefined) return undefined;
  draft.load(b);
  draft.raiseS32min(left.s32min + strict);
  const right = draft.seal();
  return right === undefined ? undefined : pair(left, right);
}

const refineLess32: Refiner = (a, b) => refineLow(a, b, 1);
const refineLessEqual32: Refiner = (a, b) => refineLow(a, b, 0);
const refineSignedLess32: Refiner = (a, b) => refineLowSigned(a, b, 1);
const refineSignedLessEqual32: Refiner = (a, b) => refineLowSigned(a, b, 0);

/** Some bit within the given halves is one in both: known when only one bit can be. */
function refineTest(a: Scalar, b: Scalar, maskHigh: number, maskLow: number): RefinedPair | undefined {
  const high = (a.bits.valueHigh | a.bits.maskHigh) & (b.bits.valueHigh | b.bits.maskHigh) & maskHigh;
  const low = (a.bits.valueLow | a.bits.maskLow) & (b.bits.valueLow | b.bits.maskLow) & maskLow;
  if ((high | low) === 0) return undefined;
  const single = (high === 0 && (low & (low - 1)) === 0) || (low === 0 && (high & (high - 1)) === 0);
  const left = single ? withBits(a, high, low, ~high, ~low) : withSomeBit(a, maskHigh, high, low);
  if (left === undefined) return undefined;
  const right = single ? withBits(b, high, low, ~high, ~low) : withSomeBit(b, maskHigh, high, low);
  return right === undefined ? undefined : pair(left, right);
}

/** No bit within the given halves is one in both: zero in the one where it is known to be one in the other. */
function refineNoTest(a: Scalar, b: Scalar, maskHigh: number, maskLow: number): RefinedPair | undefined {
  const left = withBits(a, 0, 0, ~(b.bits.valueHigh & maskHigh), ~(b.bits.valueLow & maskLow));
  if (left === undefined) return undefined;
  const right = withBits(b, 0, 0, ~(left.bits.valueHigh & maskHigh), ~(left.bits.valueLow & maskLow));
  return right === undefined ? undefined : pair(left, right);
}

function withBits(a: Scalar, valueHigh: number, valueLow: number, maskHigh: number, maskLow: number): Scalar | undefined {
  draft.load(a);
  draft.meetBitHalves(valueHigh, valueLow, maskHigh, maskLow);
  return draft.seal();
}

/** A word (or, without the upper mask, a low half) that has one of the given bits is at least the lowest of them, and not zero. */
function withSomeBit(a: Scalar, maskHigh: number, high: number, low: number): Scalar | undefined {
  draft.load(a);
  if (maskHigh === 0) {
    draft.raiseU32min(low & -low);
    if (a.s32min === 0) draft.raiseS32min(1);
    if (a.s32max === 0) draft.lowerS32max(-1);
  } else {
    draft.raiseUmin(low === 0 ? high & -high : 0, low & -low);
    if ((a.sminHigh | a.sminLow) === 0) draft.raiseSmin(0, 1);
    if ((a.smaxHigh | a.smaxLow) === 0) draft.lowerSmax(-1, -1);
  }
  return draft.seal();
}

function swapped(refiner: Refiner): Refiner {
  return (a, b) => {
    const refined = refiner(b, a);
    return refined === undefined ? undefined : pair(refined.b, refined.a);
  };
}

const REFINERS: Readonly<Record<Comparison, Refiner>> = {
  eq: refineEqual,
  ne: refineNotEqual,
  gt: swapped(refineLess),
  ge: swapped(refineLessEqual),
  lt: refineLess,
  le: refineLessEqual,
  sgt: swapped(refineSignedLess),
  sge: swapped(refineSignedLessEqual),
  slt: refineSignedLess,
  sle: refineSignedLessEqual,
  set: (a, b) => refineTest(a, b, -1, -1),
  nset: (a, b) => refineNoTest(a, b, -1, -1),
};

const REFINERS_32: Readonly<Record<Comparison, Refiner>> = {
  eq: refineEqual32,
  ne: refineNotEqual32,
  gt: swapped(refineLess32),
  ge: swapped(refineLessEqual32),
  lt: refineLess32,
  le: refineLessEqual32,
  sgt: swapped(refineSignedLess32),
  sge: swapped(refineSignedLessEqual32),
  slt: refineSignedLess32,
  sle: refineSignedLessEqual32,
  set: (a, b) => refineTest(a, b, 0, -1),
  nset: (a, b) => refineNoTest(a, b, 0, -1),
};

/**
 * What is left of a and b when `a comparison b` holds (RFC 9669, section 4.3); a 32-bit comparison looks at the low halves, and reaches the
 * 64-bit views where the upper halves are known. Undefined when it cannot hold. Unchanged operands are returned as they are.
 */
export function refine(comparison: Comparison, width: Width, a: Scalar, b: Scalar): RefinedPair | undefined {
  return width === 64 ? REFINERS[comparison](a, b) : REFINERS_32[comparison](a, b);
}

function decideEqual(a: Scalar, b: Scalar): boolean | undefined {
  if (isConstant(a) && isConstant(b)) return a.sminLow === b.sminLow && a.sminHigh === b.sminHigh;
  const unsigned = disjoint(lessUnsigned(a.umaxHigh, a.umaxLow, b.uminHigh, b.uminLow), lessUnsigned(b.umaxHigh, b.umaxLow, a.uminHigh, a.uminLow));
  const signed = disjoint(lessSigned(a.smaxHigh, a.smaxLow, b.sminHigh, b.sminLow), lessSigned(b.smaxHigh, b.smaxLow, a.sminHigh, a.sminLow));
  if (unsigned || signed || disjointLow(a, b)) return false;
  return ((a.bits.valueHigh ^ b.bits.valueHigh) & ~a.bits.maskHigh & ~b.bits.maskHigh) !== 0 ? false : undefined;
}

function decideEqual32(a: Scalar, b: Scalar): boolean | undefined {
  if (a.u32minHalf === a.u32maxHalf && b.u32minHalf === b.u32maxHalf) return a.u32minHalf === b.u32minHalf;
  return disjointLow(a, b) ? false : undefined;
}

function disjoint(below: boolean, above: boolean): boolean {
  return below || above;
}

function disjointLow(a: Scalar, b: Scalar): boolean {
  if (((a.bits.valueLow ^ b.bits.valueLow) & ~a.bits.maskLow & ~b.bits.maskLow) !== 0) return true;
  return a.u32max < b.u32min || b.u32max < a.u32min || a.s32max < b.s32min || b.s32max < a.s32min;
}

function decideLess(a: Scalar, b: Scalar): boolean | undefined {
  if (lessUnsigned(a.umaxHigh, a.umaxLow, b.uminHigh, b.uminLow)) return true;
  return lessUnsigned(a.uminHigh, a.uminLow, b.umaxHigh, b.umaxLow) ? undefined : false;
}

function decideSignedLess(a: Scalar, b: Scalar): boolean | undefined {
  if (lessSigned(a.smaxHigh, a.smaxLow, b.sminHigh, b.sminLow)) return true;
  return lessSigned(a.sminHigh, a.sminLow, b.smaxHigh, b.smaxLow) ? undefined : false;
}

function decideLess32(a: Scalar, b: Scalar): boolean | undefined {
  if (a.u32max < b.u32min) return true;
  return a.u32min < b.u32max ? undefined : false;
}

function decideSignedLess32(a: Scalar, b: Scalar): boolean | undefined {
  if (a.s32max < b.s32min) return true;
  return a.s32min < b.s32max ? undefined : false;
}

function decideTest(a: Scalar, b: Scalar): boolean | undefined {
  if (((a.bits.valueHigh & b.bits.valueHigh) | (a.bits.valueLow & b.bits.valueLow)) !== 0) return true;
  const high = (a.bits.valueHigh | a.bits.maskHigh) & (b.bits.valueHigh | b.bits.maskHigh);
  const low = (a.bits.valueLow | a.bits.maskLow) & (b.bits.valueLow | b.bits.maskLow);
  return (high | low) === 0 ? false : undefined;
}

function decideTest32(a: Scalar, b: Scalar): boolean | undefined {
  if ((a.bits.valueLow & b.bits.valueLow) !== 0) return true;
  return ((a.bits.valueLow | a.bits.maskLow) & (b.bits.valueLow | b.bits.maskLow)) === 0 ? false : undefined;
}

function negated(decider: Decider): Decider {
  return (a, b) => {
    const decision = decider(a, b);
    return decision === undefined ? undefined : !decision;
  };
}

function mirrored(decider: Decider): Decider {
  return (a, b) => decider(b, a);
}

function deciders(equal: Decider, less: Decider, signedLess: Decider, test: Decider): Readonly<Record<Comparison, Decider>> {
  return {
    eq: equal,
    ne: negated(equal),
    gt: mirrored(less),
    ge: negated(less),
    lt: less,
    le: negated(mirrored(less)),
    sgt: mirrored(signedLess),
    sge: negated(signedLess),
    slt: signedLess,
    sle: negated(mirrored(signedLess)),
    set: test,
    nset: negated(test),
  };
}

const DECIDERS = deciders(decideEqual, decideLess, decideSignedLess, decideTest);
const DECIDERS_32 = deciders(decideEqual32, decideLess32, decideSignedLess32, decideTest32);

/** Whether `a comparison b` holds for all values (true), for none (false), or for some at most (undefined). */
export function decide(comparison: Comparison, width: Width, a: Scalar, b: Scalar): boolean | undefined {
  return width === 64 ? DECIDERS[comparison](a, b) : DECIDERS_32[comparison](a, b);
}
