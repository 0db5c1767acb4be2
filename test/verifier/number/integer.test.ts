import { describe, expect, test } from 'vitest';
import type { Int } from '../../../src/verifier/number/integer.ts';
import * as integer from '../../../src/verifier/number/integer.ts';
import { Generator } from './generator.ts';

const generator = new Generator(3);

/** Signed and unsigned words of every length. */
function randomBig(): bigint {
  const word = generator.word();
  return generator.below(2) === 0 ? word : BigInt.asIntN(64, word);
}

function ascending(a: bigint, b: bigint): readonly [bigint, bigint] {
  return a < b ? [a, b] : [b, a];
}

function isCanonical(x: Int): boolean {
  return typeof x === 'number' ? Number.isSafeInteger(x) && !Object.is(x, -0) : !Number.isSafeInteger(Number(x)) || BigInt(Number(x)) !== x;
}

describe('exact integers agree with bigints and stay canonical', () => {
  const rows: readonly { readonly name: string; readonly got: (a: Int, b: Int) => Int; readonly want: (a: bigint, b: bigint) => bigint }[] = [
    { name: 'add', got: integer.add, want: (a, b) => a + b },
    { name: 'sub', got: integer.sub, want: (a, b) => a - b },
    { name: 'mul', got: integer.mul, want: (a, b) => a * b },
    { name: 'div', got: (a, b) => integer.div(a, b === 0 ? 1 : b), want: (a, b) => a / (b === 0n ? 1n : b) },
    { name: 'rem', got: (a, b) => integer.rem(a, b === 0 ? 1 : b), want: (a, b) => a % (b === 0n ? 1n : b) },
    { name: 'neg', got: (a) => integer.neg(a), want: (a) => -a },
    { name: 'min', got: integer.min, want: (a, b) => ascending(a, b)[0] },
    { name: 'max', got: integer.max, want: (a, b) => ascending(a, b)[1] },
    { name: 'shiftLeft', got: (a, b) => integer.shiftLeft(a, Number(BigInt(b) & 63n)), want: (a, b) => a << (b & 63n) },
    { name: 'shiftRight', got: (a, b) => integer.shiftRight(a, Number(BigInt(b) & 63n)), want: (a, b) => a >> (b & 63n) },
    { name: 'toSigned64', got: (a) => integer.toSigned64(a), want: (a) => BigInt.asIntN(64, a) },
    { name: 'toUnsigned64', got: (a) => integer.toUnsigned64(a), want: (a) => BigInt.asUintN(64, a) },
  ];
  test.each(rows)('$name', ({ got, want }) => {
    for (let round = 0; round < 10_000; round++) {
      const a = randomBig();
      const b = randomBig();
      const result = got(integer.canonical(a), integer.canonical(b));
      if (BigInt(result) !== want(a, b) || !isCanonical(result)) throw new Error(`${a}, ${b}: got ${result}, want ${want(a, b)}`);
    }
  });

  test('comparisons between numbers and bigints are exact', () => {
    expect(integer.canonical(1n << 53n)).toBe(1n << 53n);
    for (let round = 0; round < 10_000; round++) {
      const a = randomBig();
      const b = randomBig();
      const less = integer.canonical(a) < integer.canonical(b);
      const same = integer.canonical(a) === integer.canonical(b);
      if (less !== a < b || same !== (a === b)) throw new Error(`${a}, ${b}: less ${less}, same ${same}`);
    }
  });
});
