import { describe, expect, test } from 'vitest';
import type { ByteSwap, Size } from '../../../src/isa/instruction.ts';
import { binary, negate, signExtend, signExtendLoad, swap, truncate } from '../../../src/verifier/number/operations.ts';
import { decide, refine } from '../../../src/verifier/number/refine.ts';
import { contains, isConstant } from '../../../src/verifier/number/scalar.ts';
import { Generator } from './generator.ts';
import {
  binaryCounterexample,
  COMPARISONS,
  decideCounterexample,
  OPERATORS,
  refineCounterexample,
  unaryCounterexample,
  WIDTHS,
} from './properties.ts';
import * as reference from './reference.ts';

/** Raised by hand to look deeper: NUMBER_STATES=1000000 npx vitest run test/verifier/number. */
const STATES = Number(process.env['NUMBER_STATES'] ?? 10_000);
const SEED = Number(process.env['NUMBER_SEED'] ?? 20_250_101);
const TIMEOUT = 60_000 * Math.max(1, STATES / 10_000);

for (const width of WIDTHS) {
  describe(`${width}-bit operations hold every concrete result`, () => {
    test.each(OPERATORS)('%s', (operator) => expect(binaryCounterexample(binary, operator, width, SEED, STATES)).toBeUndefined(), TIMEOUT);
  });
  describe(`${width}-bit comparisons`, () => {
    test.each(COMPARISONS)(
      'refine by %s',
      (comparison) => expect(refineCounterexample(refine, comparison, width, SEED, STATES)).toBeUndefined(),
      TIMEOUT,
    );
    test.each(COMPARISONS)(
      'decide %s',
      (comparison) => expect(decideCounterexample(decide, comparison, width, SEED, STATES)).toBeUndefined(),
      TIMEOUT,
    );
  });
}

describe('operations on one value hold every concrete result', () => {
  const unary = (name: string, abstract: Parameters<typeof unaryCounterexample>[1], concrete: (x: bigint) => bigint): void => {
    test(name, () => expect(unaryCounterexample(name, abstract, concrete, SEED, STATES)).toBeUndefined(), TIMEOUT);
  };
  for (const width of WIDTHS) {
    unary(
      `negate ${width}`,
      (a) => negate(width, a),
      (x) => reference.negate(width, x),
    );
    for (const from of [8, 16, 32] as const) {
      unary(
        `sign-extend ${from} to ${width}`,
        (a) => signExtend(from, width, a),
        (x) => reference.signExtend(from, width, x),
      );
    }
  }
  for (const width of [16, 32, 64] as const) {
    for (const order of ['le', 'be', 'bswap'] satisfies ByteSwap['order'][]) {
      for (const big of [false, true]) {
        unary(
          `${order}${width} on a ${big ? 'big' : 'little'}-endian host`,
          (a) => swap(order, width, a, big),
          (x) => reference.swap(order, width, x, big),
        );
      }
    }
  }
  for (const size of [1, 2, 4, 8] satisfies Size[]) {
    unary(
      `load back ${size} bytes`,
      (a) => truncate(size, a),
      (x) => reference.truncate(size, x),
    );
    unary(
      `load back ${size} bytes, signed`,
      (a) => signExtendLoad(size, a),
      (x) => reference.signExtendLoad(size, x),
    );
  }
});

test(
  'the views refine each other without losing a member, and agree on constants',
  () => {
    const generator = new Generator(SEED);
    let constants = 0;
    for (let state = 0; state < 10 * STATES; state++) {
      // sample() throws when the views of a word contradict each other.
      const { scalar, members } = generator.sample();
      for (const member of members) {
        if (!reference.isMember(scalar, member) || !contains(scalar, member)) throw new Error(`lost ${member}: ${JSON.stringify(scalar)}`);
      }
      const oneElement = scalar.smin === scalar.smax || scalar.umin === scalar.umax;
      expect(isConstant(scalar)).toBe(oneElement);
      if (oneElement) constants++;
      const stranger = generator.word();
      expect(contains(scalar, stranger)).toBe(reference.isMember(scalar, stranger));
    }
    expect(constants).toBeGreaterThan(STATES / 10);
  },
  TIMEOUT,
);
