import { type Bits, bitsLeq, multipleBits, trailingZeros, unionBits } from './bits.ts';
import { draft } from './draft.ts';
import { lessSigned, lessUnsigned } from './halves.ts';
import type { Int } from './integer.ts';
import { I32_MAX, I32_MIN, I64_MAX, I64_MIN, max, min, U32_MAX, U64_MAX } from './integer.ts';
import { type Scalar, TOP } from './views.ts';

export { equals } from './scalar.ts';

/** Every value of a is one of b, judged view by view. */
export function leq(a: Scalar, b: Scalar): boolean {
  if (a === b || b === TOP) return true;
  return (
    !lessSigned(a.sminHigh, a.sminLow, b.sminHigh, b.sminLow) &&
    !lessSigned(b.smaxHigh, b.smaxLow, a.smaxHigh, a.smaxLow) &&
    !lessUnsigned(a.uminHigh, a.uminLow, b.uminHigh, b.uminLow) &&
    !lessUnsigned(b.umaxHigh, b.umaxLow, a.umaxHigh, a.umaxLow) &&
    a.s32min >= b.s32min &&
    a.s32max <= b.s32max &&
    a.u32minHalf >>> 0 >= b.u32minHalf >>> 0 &&
    a.u32maxHalf >>> 0 <= b.u32maxHalf >>> 0 &&
    bitsLeq(a.bits, b.bits)
  );
}

/** The values of a and those of b: per view the smallest that holds both. */
export function join(a: Scalar, b: Scalar): Scalar {
  if (leq(a, b)) return b;
  if (leq(b, a)) return a;
  draft.top();
  const lowerSigned = lessSigned(a.sminHigh, a.sminLow, b.sminHigh, b.sminLow) ? a : b;
  draft.raiseSmin(lowerSigned.sminHigh, lowerSigned.sminLow);
  const upperSigned = lessSigned(a.smaxHigh, a.smaxLow, b.smaxHigh, b.smaxLow) ? b : a;
  draft.lowerSmax(upperSigned.smaxHigh, upperSigned.smaxLow);
  const lower = lessUnsigned(a.uminHigh, a.uminLow, b.uminHigh, b.uminLow) ? a : b;
  draft.raiseUmin(lower.uminHigh, lower.uminLow);
  const upper = lessUnsigned(a.umaxHigh, a.umaxLow, b.umaxHigh, b.umaxLow) ? b : a;
  draft.lowerUmax(upper.umaxHigh, upper.umaxLow);
  draft.meetSigned32(Math.min(a.s32min, b.s32min), Math.max(a.s32max, b.s32max));
  draft.meetUnsigned32(Math.min(a.u32min, b.u32min), Math.max(a.u32max, b.u32max));
  draft.meetBits(unionBits(a.bits, b.bits));
  return draft.sealSome();
}

/** The values in both a and b; undefined when the views leave none. */
export function meet(a: Scalar, b: Scalar): Scalar | undefined {
  if (a === b || b === TOP) return a;
  if (a === TOP) return b;
  draft.load(a);
  draft.meet(b);
  return draft.seal();
}

const EXPONENTS = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 20, 24, 28, 48];
const UPPER_STEPS: readonly Int[] = [-1, 0, 1, ...EXPONENTS.map((exponent) => 2 ** exponent - 1), I32_MAX, U32_MAX, I64_MAX, U64_MAX].sort(ascending);
const LOWER_STEPS: readonly Int[] = [I64_MIN, I32_MIN, ...EXPONENTS.map((exponent) => -(2 ** exponent)), -1, 0, 1].sort(ascending);
const NO_THRESHOLDS: readonly Int[] = [];

function ascending(a: Int, b: Int): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Least threshold >= bound, or `limit`. */
function stepUp(bound: Int, limit: Int, thresholds: readonly Int[]): Int {
  let best = limit;
  for (const step of UPPER_STEPS) {
    if (step < bound) continue;
    best = min(best, step);
    break;
  }
  for (const step of thresholds) if (step >= bound && step < best) best = step;
  return best;
}

/** Greatest threshold <= bound, or `limit`. */
function stepDown(bound: Int, limit: Int, thresholds: readonly Int[]): Int {
  let best = limit;
  for (let index = LOWER_STEPS.length - 1; index >= 0; index--) {
    const step = LOWER_STEPS[index]!;
    if (step > bound) continue;
    best = max(best, step);
    break;
  }
  for (const step of thresholds) if (step <= bound && step > best) best = step;
  return best;
}

const ALIGNMENTS = [32, 16, 8, 4, 3, 2, 1, 0];

/** Stable bits are kept; otherwise only the trailing zeros both share, at one of a few alignments, so that a loop cannot peel bit after bit. */
function widenBits(old: Bits, next: Bits): Bits {
  if (bitsLeq(next, old)) return old;
  const zeros = Math.min(trailingZeros(old), trailingZeros(next));
  return multipleBits(ALIGNMENTS.find((alignment) => alignment <= zeros)!);
}

/**
 * A scalar that holds old and next and that a chain `x = widen(x, ...)` reaches in few steps: a bound that moved goes on to the next threshold
 * (0, 1, -1, powers of two less one and their negatives, limits of the types, and `thresholds`, given as signed or unsigned integers in any order).
 */
export function widen(old: Scalar, next: Scalar, thresholds: readonly Int[] = NO_THRESHOLDS): Scalar {
  if (leq(next, old)) return old;
  draft.top();
  const lowerSigned = lessSigned(next.sminHigh, next.sminLow, old.sminHigh, old.sminLow) ? stepDown(next.smin, I64_MIN, thresholds) : old.smin;
  const upperSigned = lessSigned(old.smaxHigh, old.smaxLow, next.smaxHigh, next.smaxLow) ? stepUp(next.smax, I64_MAX, thresholds) : old.smax;
  draft.meetSigned(lowerSigned, upperSigned);
  const lower = lessUnsigned(next.uminHigh, next.uminLow, old.uminHigh, old.uminLow) ? stepDown(next.umin, 0, thresholds) : old.umin;
  const upper = lessUnsigned(old.umaxHigh, old.umaxLow, next.umaxHigh, next.umaxLow) ? stepUp(next.umax, U64_MAX, thresholds) : old.umax;
  draft.meetUnsigned(lower, upper);
  // Bounds of a half lie between its limits, so the thresholds found are numbers too.
  draft.meetSigned32(
    next.s32min < old.s32min ? Number(stepDown(next.s32min, I32_MIN, thresholds)) : old.s32min,
    next.s32max > old.s32max ? Number(stepUp(next.s32max, I32_MAX, thresholds)) : old.s32max,
  );
  draft.meetUnsigned32(
    next.u32min < old.u32min ? Number(stepDown(next.u32min, 0, thresholds)) : old.u32min,
    next.u32max > old.u32max ? Number(stepUp(next.u32max, U32_MAX, thresholds)) : old.u32max,
  );
  draft.meetBits(widenBits(old.bits, next.bits));
  return draft.sealSome();
}

/**
 * Takes back what `widen` gave too much: next as far as it lies inside old. With next computed from old by a sound step the result is sound, too.
 * Descending chains may be long; bound the number of applications (one or two recover the exit bound of a counted loop).
 */
export function narrow(old: Scalar, next: Scalar): Scalar {
  return meet(old, next) ?? next;
}
