import { describe, expect, test } from 'vitest';
import { equals, join, leq, meet, narrow, widen } from '../../../src/verifier/number/lattice.ts';
import { binary } from '../../../src/verifier/number/operations.ts';
import { refine } from '../../../src/verifier/number/refine.ts';
import { constant, format, fromSigned, fromU32, fromUnsigned, type Scalar, TOP } from '../../../src/verifier/number/scalar.ts';
import { Generator, type Sample } from './generator.ts';
import { isMember } from './reference.ts';

const STATES = 10_000;
const SEED = 7;

function forPairs(check: (a: Sample, b: Sample, generator: Generator) => void): void {
  const generator = new Generator(SEED);
  for (let state = 0; state < STATES; state++) check(generator.sample(), generator.sample(), generator);
}

function expectMembers(scalar: Scalar, members: readonly bigint[], words: string): void {
  for (const member of members) if (!isMember(scalar, member)) throw new Error(`${words} lost ${member}: {${format(scalar)}}`);
}

describe('lattice', () => {
  test('join holds both sides and is above them', () => {
    forPairs((a, b) => {
      const joined = join(a.scalar, b.scalar);
      expectMembers(joined, [...a.members, ...b.members], `join {${format(a.scalar)}} {${format(b.scalar)}}`);
      expect(leq(a.scalar, joined) && leq(b.scalar, joined)).toBe(true);
      expect(equals(joined, join(b.scalar, a.scalar))).toBe(true);
    });
  });

  test('meet holds the common members', () => {
    let feasible = 0;
    forPairs((a, b, generator) => {
      // Half of the pairs share a value for sure.
      const other = generator.below(2) === 0 ? b.scalar : join(a.scalar, b.scalar);
      const common = a.members.filter((member) => isMember(other, member));
      const met = meet(a.scalar, other);
      if (met === undefined) expect(common).toEqual([]);
      else {
        feasible++;
        expectMembers(met, common, `meet {${format(a.scalar)}} {${format(other)}}`);
        expect(leq(met, a.scalar) && leq(met, other)).toBe(true);
      }
    });
    expect(feasible).toBeGreaterThan(STATES / 3);
  });

  test('leq means inclusion', () => {
    let included = 0;
    forPairs((a, b, generator) => {
      const small = a.scalar;
      const large = generator.below(2) === 0 ? b.scalar : join(a.scalar, b.scalar);
      expect(leq(small, small) && leq(small, TOP)).toBe(true);
      if (!leq(small, large)) return;
      included++;
      expectMembers(large, a.members, `leq {${format(small)}} {${format(large)}}`);
      if (leq(large, small)) expect(equals(small, large)).toBe(true);
    });
    expect(included).toBeGreaterThan(STATES / 3);
  });

  test('widen holds both sides', () => {
    forPairs((a, b) => {
      const widened = widen(a.scalar, b.scalar);
      expectMembers(widened, [...a.members, ...b.members], `widen {${format(a.scalar)}} {${format(b.scalar)}}`);
      expect(leq(a.scalar, widened) && leq(b.scalar, widened)).toBe(true);
    });
  });

  test('narrow lies between a smaller state and the old one', () => {
    forPairs((a, b) => {
      const old = widen(a.scalar, b.scalar);
      const narrowed = narrow(old, a.scalar);
      expectMembers(narrowed, a.members, `narrow {${format(old)}} {${format(a.scalar)}}`);
      expect(leq(narrowed, old)).toBe(true);
      expect(leq(a.scalar, narrowed)).toBe(true);
    });
  });
});

describe('widening', () => {
  test('any chain of random states ends', () => {
    const generator = new Generator(SEED);
    let longest = 0;
    for (let chain = 0; chain < 200; chain++) {
      let current = generator.sample().scalar;
      let steps = 0;
      for (let turn = 0; turn < 400; turn++) {
        const next = widen(current, generator.sample().scalar);
        if (!equals(next, current)) steps++;
        current = next;
      }
      longest = Math.max(longest, steps);
    }
    expect(longest).toBeLessThanOrEqual(16);
  });

  const loops: readonly { readonly name: string; readonly start: Scalar; readonly step: (x: Scalar) => Scalar; readonly limit: number }[] = [
    { name: 'i++', start: constant(0), step: (x) => binary('add', 64, x, constant(1)), limit: 40 },
    { name: 'i += 8', start: constant(0), step: (x) => binary('add', 64, x, constant(8)), limit: 40 },
    { name: 'i--', start: constant(0), step: (x) => binary('sub', 64, x, constant(1)), limit: 40 },
    { name: 'w++', start: constant(0), step: (x) => binary('add', 32, x, constant(1)), limit: 40 },
    { name: 'i *= 2', start: constant(1), step: (x) => binary('lsh', 64, x, constant(1)), limit: 40 },
    { name: 'i *= -3', start: constant(1), step: (x) => binary('mul', 64, x, constant(-3)), limit: 40 },
    { name: 'i = ~i + 5', start: constant(1), step: (x) => binary('add', 64, binary('xor', 64, x, constant(-1)), constant(5)), limit: 40 },
    { name: 'i = i * 5 + 1', start: constant(0), step: (x) => binary('add', 64, binary('mul', 64, x, constant(5)), constant(1)), limit: 40 },
  ];
  test.each(loops)('$name is stable within $limit steps', ({ start, step, limit }) => {
    let current = start;
    let steps = 0;
    for (; ; steps++) {
      const next = widen(current, join(current, step(current)));
      if (equals(next, current)) break;
      expect(steps).toBeLessThan(limit);
      current = next;
    }
    expect(leq(step(current), current)).toBe(true);
  });

  test('a counted loop is found exactly by widening and narrowing', () => {
    const start = constant(0);
    // for (i = 0; i < 100; i += 4): the state at the head, before the test.
    const around = (head: Scalar): Scalar => {
      const inside = refine('lt', 64, head, constant(100));
      return inside === undefined ? start : join(start, binary('add', 64, inside.a, constant(4)));
    };
    let head = start;
    for (let next = widen(head, around(head)); !equals(next, head); next = widen(head, around(head))) head = next;
    for (let next = narrow(head, around(head)); !equals(next, head); next = narrow(head, around(head))) head = next;
    expect(format(head)).toBe('[0, 100] multiple of 4');
  });

  const steps: readonly { readonly old: Scalar; readonly next: Scalar; readonly thresholds?: readonly number[]; readonly want: string }[] = [
    { old: constant(0), next: fromU32(0, 1), want: '[0, 1]' },
    { old: fromU32(0, 1), next: fromU32(0, 2), want: '[0, 3]' },
    { old: fromU32(0, 100), next: fromU32(0, 130), want: '[0, 255]' },
    { old: fromU32(0, 100), next: fromU32(0, 130), thresholds: [1500, 200], want: '[0, 200]' },
    { old: fromU32(5, 100), next: fromU32(3, 100), want: '[1, 100]' },
    { old: fromU32(0, 100), next: fromSigned(-3, 100), want: '[-4, 100]' },
    { old: fromU32(0, 0x7fff_0000), next: fromU32(0, 0x8000_0000), want: '[0, 4294967295]' },
  ];
  test.each(steps)('to $want', ({ old, next, thresholds, want }) => {
    const got = widen(old, next, thresholds);
    expect(got.smin <= next.smin && got.smax >= next.smax).toBe(true);
    expect(format(got)).toBe(want);
  });
});

describe('joins of examples', () => {
  const rows: readonly { readonly a: Scalar; readonly b: Scalar; readonly join: string; readonly meet: string | undefined }[] = [
    { a: constant(0), b: constant(8), join: '[0, 8] multiple of 8', meet: undefined },
    { a: fromU32(0, 10), b: fromU32(5, 20), join: '[0, 20]', meet: '[5, 10]' },
    { a: fromSigned(-3, 3), b: fromUnsigned(0, 100), join: '[-3, 100]', meet: '[0, 3]' },
    { a: fromSigned(-5, -1), b: fromU32(0, 4), join: '[-5, 4]', meet: undefined },
    { a: TOP, b: constant(5), join: 'any number', meet: '5' },
  ];
  test.each(rows)('$join', (row) => {
    expect(format(join(row.a, row.b))).toBe(row.join);
    const met = meet(row.a, row.b);
    expect(met === undefined ? undefined : format(met)).toBe(row.meet);
  });
});
