import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Constraints } from '../../src/verifier/constraints.ts';
import { FIRST_FREE_SYMBOL, META_OFFSET, PACKET_SIZE, type SymbolId, ZERO } from '../../src/verifier/value.ts';

/** What the symbols denote in one run; symbols 0 to 2 are zero, the packet's size and its metadata's offset. */
type Run = readonly number[];

const SYMBOLS = FIRST_FREE_SYMBOL + 6;
const symbol = fc.integer({ min: ZERO, max: SYMBOLS - 1 });
const run: fc.Arbitrary<Run> = fc
  .tuple(
    fc.integer({ min: 0, max: 300 }),
    fc.integer({ min: -8, max: 0 }),
    fc.array(fc.integer({ min: -50, max: 300 }), { minLength: 6, maxLength: 6 }),
  )
  .map(([size, meta, others]) => [0, size, meta, ...others]);

interface Fact {
  readonly a: SymbolId;
  readonly b: SymbolId;
  readonly c: SymbolId | undefined;
  readonly slack: number;
}

const facts = fc.array(fc.record({ a: symbol, b: symbol, c: fc.option(symbol, { nil: undefined }), slack: fc.integer({ min: 0, max: 5 }) }), {
  maxLength: 14,
});

/** Constraints that hold in the run: each fact is as tight as it is there, but for its slack. */
function holding(values: Run, list: readonly Fact[]): Constraints {
  let constraints = Constraints.NONE;
  for (const { a, b, c, slack } of list) {
    constraints =
      c === undefined
        ? constraints.with(a, b, values[a]! - values[b]! + slack)
        : constraints.withTotal({ a, b, c, k: values[a]! + values[b]! - values[c]! + slack });
  }
  return constraints;
}

/** What the constraints claim that the run contradicts. */
function contradictions({ list, totals, packetMin, metaMax }: Constraints, values: Run): string[] {
  return [
    ...list.filter(({ a, b, k }) => values[a]! - values[b]! > k).map((relation) => `relation ${JSON.stringify(relation)}`),
    ...totals.filter(({ a, b, c, k }) => values[a]! + values[b]! - values[c]! > k).map((total) => `total ${JSON.stringify(total)}`),
    ...(packetMin > values[PACKET_SIZE]! ? [`packet ${packetMin}`] : []),
    ...(metaMax < values[META_OFFSET]! ? [`metadata ${metaMax}`] : []),
  ];
}

describe('constraints, against numbers that they hold of', () => {
  it('stay true when symbols are forgotten', () => {
    fc.assert(
      fc.property(run, facts, fc.subarray([3, 4, 5, 6, 7, 8]), (values, list, used) => {
        const constraints = holding(values, list);
        const kept = new Set(used);
        expect(contradictions(constraints.project(kept), values)).toEqual([]);
        expect(contradictions(constraints.retain(kept), values)).toEqual([]);
        const named = constraints.project(kept);
        for (const { a, b } of named.list) for (const each of [a, b]) expect(each <= META_OFFSET || kept.has(each)).toBe(true);
        for (const { a, b, c } of named.totals) for (const each of [a, b, c]) expect(each <= META_OFFSET || kept.has(each)).toBe(true);
      }),
      { numRuns: 20_000 },
    );
  });

  it('bound differences and totals from above', () => {
    fc.assert(
      fc.property(run, facts, symbol, symbol, symbol, (values, list, a, b, c) => {
        const constraints = holding(values, list);
        const difference = constraints.upperDifference(a, b);
        if (difference !== undefined) expect(difference).toBeGreaterThanOrEqual(values[a]! - values[b]!);
        const total = constraints.upperTotal(a, b, c);
        if (total !== undefined) expect(total).toBeGreaterThanOrEqual(values[a]! + values[b]! - values[c]!);
      }),
      { numRuns: 20_000 },
    );
  });

  it('stay true when a symbol is narrowed to where it is', () => {
    fc.assert(
      fc.property(run, facts, symbol, fc.nat(5), fc.nat(5), (values, list, narrowed, below, above) => {
        const constraints = holding(values, list);
        const value = values[narrowed]!;
        expect(contradictions(constraints.narrowTotals(narrowed, value - below, value + above), values)).toEqual([]);
      }),
      { numRuns: 20_000 },
    );
  });

  it('stay true of a new packet', () => {
    fc.assert(
      fc.property(run, facts, fc.integer({ min: 0, max: 300 }), (values, list, size) => {
        expect(contradictions(holding(values, list).withoutPacket(), [0, size, 0, ...values.slice(FIRST_FREE_SYMBOL)])).toEqual([]);
      }),
      { numRuns: 5_000 },
    );
  });

  it('say as much without a symbol as they said with it', () => {
    // p + n = s and s <= end, without s: p + n <= end.
    const [p, n, s] = [3, 4, 5];
    const constraints = Constraints.NONE.withTotal({ a: p, b: n, c: s, k: 0 }).with(s, PACKET_SIZE, 0);
    expect(constraints.project(new Set([p, n])).upperTotal(p, n, PACKET_SIZE)).toBe(0);
    // p + d = end and n <= d, without d.
    const [d, m] = [6, 7];
    const distance = Constraints.NONE.withTotal({ a: p, b: d, c: PACKET_SIZE, k: 0 }).with(m, d, -2);
    expect(distance.project(new Set([p, m])).upperTotal(m, p, PACKET_SIZE)).toBe(-2);
  });
});
