import { describe, expect, test } from 'vitest';
import * as bits from '../../../src/verifier/number/bits.ts';
import { Bits } from '../../../src/verifier/number/bits.ts';
import { highOf, lowOf } from '../../../src/verifier/number/halves.ts';
import { Generator } from './generator.ts';

const STATES = 10_000;
const MASK = (1n << 64n) - 1n;

interface Known {
  readonly value: bigint;
  readonly mask: bigint;
  readonly members: readonly bigint[];
  readonly bits: Bits;
}

function toBits(value: bigint, mask: bigint): Bits {
  return new Bits(highOf(value), lowOf(value), highOf(mask), lowOf(mask));
}

function random(generator: Generator): Known {
  const mask = generator.word();
  const value = generator.word() & ~mask & MASK;
  const members = [value, value | mask, value | (generator.word() & mask), value | (generator.word() & mask)];
  return { value, mask, members, bits: toBits(value, mask) };
}

/** Holds the word, and no bit is both unknown and one. */
function holds(known: Bits, word: bigint): boolean {
  const wellFormed = ((known.valueHigh & known.maskHigh) | (known.valueLow & known.maskLow)) === 0;
  const mismatch = ((highOf(word) ^ known.valueHigh) & ~known.maskHigh) | ((lowOf(word) ^ known.valueLow) & ~known.maskLow);
  return wellFormed && mismatch === 0;
}

describe('operations on known bits hold every concrete result', () => {
  const binary: readonly { readonly name: string; readonly got: (a: Bits, b: Bits) => Bits; readonly want: (x: bigint, y: bigint) => bigint }[] = [
    { name: 'and', got: bits.andBits, want: (x, y) => x & y },
    { name: 'or', got: bits.orBits, want: (x, y) => x | y },
    { name: 'xor', got: bits.xorBits, want: (x, y) => x ^ y },
    { name: 'add', got: bits.addBits, want: (x, y) => x + y },
    { name: 'sub', got: bits.subBits, want: (x, y) => x - y },
    { name: 'mul', got: bits.mulBits, want: (x, y) => x * y },
    { name: 'union, left', got: bits.unionBits, want: (x) => x },
    { name: 'union, right', got: bits.unionBits, want: (_, y) => y },
  ];
  test.each(binary)('$name', ({ got, want }) => {
    const generator = new Generator(11);
    for (let state = 0; state < STATES; state++) {
      const a = random(generator);
      const b = random(generator);
      const result = got(a.bits, b.bits);
      for (const x of a.members) {
        for (const y of b.members) {
          const word = BigInt.asUintN(64, want(x, y));
          if (!holds(result, word)) throw new Error(`${x}, ${y}: ${word} not in ${JSON.stringify(result)}`);
        }
      }
    }
  });

  const unary: readonly {
    readonly name: string;
    readonly got: (a: Bits, count: number) => Bits;
    readonly want: (x: bigint, count: bigint) => bigint;
  }[] = [
    { name: 'neg', got: bits.negBits, want: (x) => -x },
    { name: 'lsh', got: bits.lshBits, want: (x, count) => x << count },
    { name: 'rsh', got: bits.rshBits, want: (x, count) => x >> count },
    { name: 'arsh', got: bits.arshBits, want: (x, count) => BigInt.asIntN(64, x) >> count },
    {
      name: 'arsh32',
      got: (a, count) => bits.arsh32Bits(a, count & 31),
      want: (x, count) => BigInt.asUintN(32, BigInt.asIntN(32, x) >> (count & 31n)),
    },
    { name: 'cast 8', got: (a) => bits.castBits(a, 8), want: (x) => BigInt.asUintN(8, x) },
    { name: 'cast 32', got: (a) => bits.castBits(a, 32), want: (x) => BigInt.asUintN(32, x) },
    { name: 'sign-extend 8', got: (a) => bits.signExtendBits(a, 8), want: (x) => BigInt.asIntN(8, x) },
    { name: 'sign-extend 16', got: (a) => bits.signExtendBits(a, 16), want: (x) => BigInt.asIntN(16, x) },
    { name: 'sign-extend 32', got: (a) => bits.signExtendBits(a, 32), want: (x) => BigInt.asIntN(32, x) },
  ];
  test.each(unary)('$name', ({ got, want }) => {
    const generator = new Generator(12);
    for (let state = 0; state < STATES; state++) {
      const a = random(generator);
      const count = generator.below(64);
      const result = got(a.bits, count);
      for (const x of a.members) {
        const word = BigInt.asUintN(64, want(x, BigInt(count)));
        if (!holds(result, word)) throw new Error(`${x}, ${count}: ${word} not in ${JSON.stringify(result)}`);
      }
    }
  });

  test('a range holds what lies in it, and intersection what is in both', () => {
    const generator = new Generator(13);
    let common = 0;
    for (let state = 0; state < STATES; state++) {
      const [low, middle, high] = [generator.word(), generator.word(), generator.word()].sort((x, y) => (x < y ? -1 : 1)) as [bigint, bigint, bigint];
      const range = bits.rangeBits(highOf(low), lowOf(low), highOf(high), lowOf(high));
      expect(holds(range, low) && holds(range, middle) && holds(range, high)).toBe(true);
      const other = random(generator);
      const both = bits.intersectBits(range, other.bits);
      const shared = other.members.filter((word) => holds(range, word));
      if (shared.length > 0) common++;
      if (both !== undefined) {
        const least = (BigInt(both.valueHigh >>> 0) << 32n) | BigInt(both.valueLow >>> 0);
        expect(holds(range, least) && holds(other.bits, least)).toBe(true);
      }
      for (const word of shared) expect(both !== undefined && holds(both, word)).toBe(true);
    }
    expect(common).toBeGreaterThan(STATES / 10);
  });
});

describe('the next word with the known bits', () => {
  test('is a member, not below the bound, and nothing lies between', () => {
    // Small enough to compare with trying every word: 8 bits at the top of the low half and the bottom of the upper one.
    const generator = new Generator(14);
    for (let state = 0; state < STATES; state++) {
      const mask = generator.below(256);
      const value = generator.below(256) & ~mask;
      const bound = generator.below(256);
      const at = (x: number): readonly [number, number] => [x >>> 4, (x << 28) | 0];
      let expected = bound;
      while (expected < 256 && (expected & ~mask) !== value) expected++;
      const found = bits.ceilingMember(...at(value), ...at(mask), ...at(bound));
      expect(found ? [bits.memberHigh, bits.memberLow] : undefined).toEqual(expected === 256 ? undefined : at(expected));
    }
  });
});

describe('known bits of examples', () => {
  const rows: readonly { readonly name: string; readonly got: Bits; readonly want: Bits }[] = [
    { name: 'even plus one is odd', got: bits.addBits(new Bits(0, 0, 0, 0xfe), bits.constantBits(0, 1)), want: new Bits(0, 1, 0, 0xfe) },
    { name: 'times eight has three zeros', got: bits.mulBits(bits.UNKNOWN_BITS, bits.constantBits(0, 8)), want: new Bits(0, 0, -1, -8) },
    { name: 'a byte times minus four', got: bits.mulBits(bits.constantBits(-1, -4), new Bits(0, 0, 0, 3)), want: new Bits(0, 0, -1, -4) },
    { name: 'byte swap moves the unknown byte', got: bits.swapBits(new Bits(0, 0x100, 0, 0xff), 16), want: new Bits(0, 1, 0, 0xff00) },
    { name: 'common prefix of [0x50, 0x57]', got: bits.rangeBits(0, 0x50, 0, 0x57), want: new Bits(0, 0x50, 0, 7) },
    { name: 'an unknown sign spreads', got: bits.arshBits(new Bits(0, 0, -0x8000_0000, 0), 4), want: new Bits(0, 0, -0x0800_0000, 0) },
  ];
  test.each(rows)('$name', ({ got, want }) => expect(got).toEqual(want));
});
