import type { Constraint } from './constraints.ts';
import type { Int } from './number/index.ts';
import { add } from './number/index.ts';
import type { SymbolId } from './value.ts';
import { ZERO } from './value.ts';

/**
 * a + b - c <= k as integers. Differences cannot say that a pointer that was moved by an amount ends where both together end, which is what programs
 * compare (`if (p + n > end)`) before they hand over p and n.
 */
export interface Total {
  readonly a: SymbolId;
  readonly b: SymbolId;
  readonly c: SymbolId;
  readonly k: Int;
}

/** Totals beyond these many are forgotten, oldest first; forgetting is always sound. */
const MAX_TOTALS = 8;

/** The totals with one more, itself the list where it tells nothing new. */
export function addTotal(totals: readonly Total[], total: Total): readonly Total[] {
  const { a, b, c, k } = total;
  // With a known number among the three it is a difference.
  if (a === ZERO || b === ZERO || c === a || c === b) return totals;
  const next: Total[] = [];
  for (const known of totals) {
    const same = known.c === c && ((known.a === a && known.b === b) || (known.a === b && known.b === a));
    if (same && known.k <= k) return totals;
    if (!same) next.push(known);
  }
  if (next.length >= MAX_TOTALS) next.shift();
  next.push(total);
  return next;
}

/** What totals and differences together tell without the symbol (Fourier-Motzkin). */
export function eliminate(totals: readonly Total[], symbol: SymbolId, differences: readonly Constraint[]): readonly Total[] {
  if (!totals.some((total) => mentions(total, symbol))) return totals;
  let result: readonly Total[] = totals.filter((total) => !mentions(total, symbol));
  for (const { a, b, c, k } of totals) {
    for (const difference of differences) {
      const sum = add(k, difference.k);
      if (c === symbol && difference.a === symbol) result = addTotal(result, { a, b, c: difference.b, k: sum });
      if (a === symbol && b !== symbol && difference.b === symbol) result = addTotal(result, { a: difference.a, b, c, k: sum });
      if (b === symbol && a !== symbol && difference.b === symbol) result = addTotal(result, { a, b: difference.a, c, k: sum });
    }
  }
  return result.filter((total) => !mentions(total, symbol));
}

function mentions({ a, b, c }: Total, symbol: SymbolId): boolean {
  return a === symbol || b === symbol || c === symbol;
}
