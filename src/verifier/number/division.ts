/**
 * Quotients and remainders of ranges, the same for both widths: RFC 9669, section 4.1: x / 0 = 0, x % 0 = x,
 * INT_MIN s/ -1 = INT_MIN, INT_MIN s% -1 = 0. Results are left in `resultMin`, `resultMax`.
 */
import type { Int } from './integer.ts';
import { div, max, min, neg, rem, sub } from './integer.ts';

export let resultMin: Int = 0;
export let resultMax: Int = 0;

function result(low: Int, high: Int): void {
  resultMin = low;
  resultMax = high;
}

/** [aMin, aMax] / [bMin, bMax], unsigned. */
export function divideUnsigned(aMin: Int, aMax: Int, bMin: Int, bMax: Int): void {
  if (bMax === 0) result(0, 0);
  else if (bMin === 0) result(0, aMax);
  else result(div(aMin, bMax), div(aMax, bMin));
}

/** [aMin, aMax] % [bMin, bMax], unsigned. */
export function remainderUnsigned(aMin: Int, aMax: Int, bMin: Int, bMax: Int): void {
  if (bMax === 0 || aMax < bMin) result(aMin, aMax);
  else if (bMin === 0) result(0, aMax);
  else if (bMin === bMax && div(aMin, bMin) === div(aMax, bMin)) result(rem(aMin, bMin), rem(aMax, bMin));
  else result(0, min(aMax, sub(bMax, 1)));
}

/** Grows the result by the quotients of a and a divisor range without zero. */
function includeQuotients(aMin: Int, aMax: Int, bMin: Int, bMax: Int): void {
  const p = div(aMin, bMin);
  const q = div(aMin, bMax);
  const r = div(aMax, bMin);
  const s = div(aMax, bMax);
  result(min(resultMin, min(min(p, q), min(r, s))), max(resultMax, max(max(p, q), max(r, s))));
}

/** [aMin, aMax] s/ [bMin, bMax] in a type from `least` to `greatest`. */
export function divideSigned(aMin: Int, aMax: Int, bMin: Int, bMax: Int, least: Int, greatest: Int): void {
  const zeroDivides = bMin <= 0 && bMax >= 0;
  if (zeroDivides) result(0, 0);
  else result(greatest, least);
  if (bMin < 0) includeQuotients(aMin, aMax, bMin, bMax < 0 ? bMax : -1);
  if (bMax > 0) includeQuotients(aMin, aMax, bMin > 0 ? bMin : 1, bMax);
  // Only least / -1 leaves the type, and wraps to least.
  if (resultMax > greatest) result(least, aMin === aMax && bMin === bMax ? least : greatest);
}

/** [aMin, aMax] s% [bMin, bMax]: the sign is that of a, the magnitude not above that of a and below that of a non-zero divisor. */
export function remainderSigned(aMin: Int, aMax: Int, bMin: Int, bMax: Int): void {
  const zeroDivides = bMin <= 0 && bMax >= 0;
  const leastDivisor = zeroDivides ? 0 : bMin > 0 ? bMin : neg(bMax);
  const greatestDividend = max(neg(aMin), aMax);
  if ((bMin === 0 && bMax === 0) || greatestDividend < leastDivisor) result(aMin, aMax);
  else if (bMin === bMax && (aMin >= 0 || aMax <= 0) && div(aMin, bMin) === div(aMax, bMin)) result(rem(aMin, bMin), rem(aMax, bMin));
  else {
    const limit = zeroDivides ? greatestDividend : sub(max(neg(bMin), bMax), 1);
    result(aMin >= 0 ? 0 : max(aMin, neg(limit)), aMax <= 0 ? 0 : min(aMax, limit));
  }
}
