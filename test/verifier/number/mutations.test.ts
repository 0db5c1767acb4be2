/**
 * The property tests are only worth what they catch: each row plants one wrong transfer function, refinement or decision
 * and must be found within the number of states that the soundness tests run.
 */
import { describe, expect, test } from 'vitest';
import type { BinaryOperator, Comparison, Width } from '../../../src/isa/instruction.ts';
import * as bits from '../../../src/verifier/number/bits.ts';
import { draft } from '../../../src/verifier/number/draft.ts';
import { add, div, type Int, max, min, sub, toSigned64, toUnsigned64 } from '../../../src/verifier/number/integer.ts';
import { binary } from '../../../src/verifier/number/operations.ts';
import { decide, refine } from '../../../src/verifier/number/refine.ts';
import { constant, fromSigned, isConstant, type Scalar, TOP } from '../../../src/verifier/number/scalar.ts';
import { binaryCounterexample, decideCounterexample, refineCounterexample } from './properties.ts';

const STATES = 10_000;
const SEED = 20_250_101;

/** A scalar from views that may well contradict each other: then any value at all, so that only wrong views can be at fault. */
function narrowed(narrow: () => void): Scalar {
  draft.top();
  narrow();
  return draft.seal() ?? TOP;
}

/** An unsigned range whose ends are cut to 64 bits separately. */
function cutUnsigned(low: Int, high: Int): Scalar {
  return narrowed(() => draft.meetUnsigned(toUnsigned64(low), toUnsigned64(high)));
}

interface BinaryMutation {
  readonly name: string;
  readonly operator: BinaryOperator;
  readonly width: Width;
  readonly wrong: (a: Scalar, b: Scalar) => Scalar;
}

const BINARY_MUTATIONS: readonly BinaryMutation[] = [
  { name: 'add without a check for wrap-around', operator: 'add', width: 64, wrong: (a, b) => cutUnsigned(add(a.umin, b.umin), add(a.umax, b.umax)) },
  {
    name: 'signed add that saturates',
    operator: 'add',
    width: 64,
    wrong: (a, b) => {
      const low = toSigned64(add(a.smin, b.smin));
      const high = toSigned64(add(a.smax, b.smax));
      return low <= high ? fromSigned(low, high) : TOP;
    },
  },
  { name: 'sub of like ends', operator: 'sub', width: 64, wrong: (a, b) => cutUnsigned(sub(a.umin, b.umin), sub(a.umax, b.umax)) },
  { name: '32-bit add that keeps bit 32', operator: 'add', width: 32, wrong: (a, b) => binary('add', 64, a, b) },
  {
    name: 'known bits of a sum without carries',
    operator: 'add',
    width: 64,
    wrong: (a, b) => narrowed(() => draft.meetBits(bits.xorBits(a.bits, b.bits))),
  },
  { name: 'mul with the two like corners only', operator: 'mul', width: 64, wrong: (a, b) => signedCorners(a, b) },
  {
    name: 'division that forgets zero divisors',
    operator: 'div',
    width: 64,
    wrong: (a, b) => (b.umax === 0 ? constant(0) : cutUnsigned(div(a.umin, b.umax), b.umin === 0 ? a.umax : div(a.umax, b.umin))),
  },
  { name: 'remainder by zero gives zero', operator: 'mod', width: 64, wrong: (a, b) => (b.umax === 0 ? constant(0) : binary('mod', 64, a, b)) },
  {
    name: 'remainder may reach the divisor less two at most',
    operator: 'mod',
    width: 64,
    wrong: (a, b) => (b.umin > 2 && a.umin > b.umax ? cutUnsigned(0, sub(b.umax, 2)) : binary('mod', 64, a, b)),
  },
  {
    name: 'signed division rounds down',
    operator: 'sdiv',
    width: 64,
    wrong: (a, b) => (isConstant(b) && b.smin === 2 ? binary('arsh', 64, a, constant(1)) : binary('sdiv', 64, a, b)),
  },
  {
    name: 'signed remainder takes the sign of the divisor',
    operator: 'smod',
    width: 64,
    wrong: (a, b) => (b.smin > 0 ? binary('mod', 64, a, b) : binary('smod', 64, a, b)),
  },
  {
    name: 'INT_MIN s/ -1 is INT_MAX',
    operator: 'sdiv',
    width: 32,
    wrong: (a, b) =>
      a.s32min === a.s32max && a.s32min === -0x8000_0000 && b.s32min === -1 && b.s32max === -1 ? constant(0x7fff_ffff) : binary('sdiv', 32, a, b),
  },
  {
    name: 'and bounded by the signed maxima',
    operator: 'and',
    width: 64,
    wrong: (a, b) => narrowed(() => draft.meetSigned(-(1n << 63n), min(a.smax, b.smax))),
  },
  {
    name: 'or bounded by the larger operand',
    operator: 'or',
    width: 64,
    wrong: (a, b) => narrowed(() => draft.meetUnsigned(0, max(a.umax, b.umax))),
  },
  {
    name: 'xor whose known bits are those of either side',
    operator: 'xor',
    width: 64,
    wrong: (a, b) => narrowed(() => draft.meetBits(bits.orBits(a.bits, b.bits))),
  },
  { name: 'shift counts that are not masked', operator: 'lsh', width: 32, wrong: (a, b) => (b.umin > 31 ? constant(0) : binary('lsh', 32, a, b)) },
  { name: '32-bit shift with a 6-bit count', operator: 'rsh', width: 32, wrong: (a, b) => binary('rsh', 64, binary('mov', 32, a, a), b) },
  { name: 'logical instead of arithmetic shift', operator: 'arsh', width: 64, wrong: (a, b) => binary('rsh', 64, a, b) },
  {
    name: 'arithmetic shift of the minimum by the largest count',
    operator: 'arsh',
    width: 64,
    wrong: (a, b) => (b.umax < 64 ? arshOnce(a, Number(b.umax)) : TOP),
  },
  { name: '32-bit move that sign-extends', operator: 'mov', width: 32, wrong: (_a, b) => fromSigned(b.s32min, b.s32max) },
];

function signedCorners(a: Scalar, b: Scalar): Scalar {
  if (a.smin < -1000 || a.smax > 1000 || b.smin < -1000 || b.smax > 1000) return TOP;
  const p = Number(a.smin) * Number(b.smin);
  const q = Number(a.smax) * Number(b.smax);
  return fromSigned(Math.min(p, q) + 0, Math.max(p, q) + 0);
}

function arshOnce(a: Scalar, count: number): Scalar {
  return binary('arsh', 64, a, constant(count));
}

describe('wrong operations are caught', () => {
  test.each(BINARY_MUTATIONS)('$name', ({ operator, width, wrong }) => {
    const mutated = (_operator: BinaryOperator, _width: Width, a: Scalar, b: Scalar): Scalar => wrong(a, b);
    expect(binaryCounterexample(mutated, operator, width, SEED, STATES)).toMatch(operator);
  });
});

interface RefineMutation {
  readonly name: string;
  readonly comparison: Comparison;
  readonly width: Width;
  readonly wrong: (a: Scalar, b: Scalar) => { readonly a: Scalar; readonly b: Scalar } | undefined;
}

const REFINE_MUTATIONS: readonly RefineMutation[] = [
  { name: 'le as lt', comparison: 'le', width: 64, wrong: (a, b) => refine('lt', 64, a, b) },
  { name: 'signed as unsigned', comparison: 'sgt', width: 64, wrong: (a, b) => refine('gt', 64, a, b) },
  { name: 'a 32-bit comparison as a 64-bit one', comparison: 'lt', width: 32, wrong: (a, b) => refine('lt', 64, a, b) },
  { name: 'a 32-bit equality as a 64-bit one', comparison: 'eq', width: 32, wrong: (a, b) => refine('eq', 64, a, b) },
  {
    name: 'ne drops the end although the other side is no constant',
    comparison: 'ne',
    width: 64,
    wrong: (a, b) => (a.umin === b.umin ? refine('gt', 64, a, constant(toSigned64(b.umin))) : { a, b }),
  },
  {
    name: 'a set bit is known although several may be',
    comparison: 'set',
    width: 64,
    wrong: (a, b) => (isConstant(b) ? refine('eq', 64, binary('and', 64, a, b), b) && refine('ge', 64, a, b) : { a, b }),
  },
  { name: 'no common bit as zero', comparison: 'nset', width: 64, wrong: (a, b) => refine('eq', 64, a, constant(0)) && { a: constant(0), b } },
];

describe('wrong refinements are caught', () => {
  test.each(REFINE_MUTATIONS)('$name', ({ comparison, width, wrong }) => {
    const mutated = (_comparison: Comparison, _width: Width, a: Scalar, b: Scalar) => wrong(a, b);
    expect(refineCounterexample(mutated, comparison, width, SEED, STATES)).toMatch(comparison);
  });
});

interface DecideMutation {
  readonly name: string;
  readonly comparison: Comparison;
  readonly width: Width;
  readonly wrong: (a: Scalar, b: Scalar) => boolean | undefined;
}

const DECIDE_MUTATIONS: readonly DecideMutation[] = [
  { name: 'le decided as lt', comparison: 'le', width: 64, wrong: (a, b) => decide('lt', 64, a, b) },
  { name: 'signed decided as unsigned', comparison: 'sle', width: 32, wrong: (a, b) => decide('le', 32, a, b) },
  { name: '32-bit equality decided on 64 bits', comparison: 'eq', width: 32, wrong: (a, b) => decide('eq', 64, a, b) },
  { name: 'touching ranges decided', comparison: 'lt', width: 64, wrong: (a, b) => (a.umax <= b.umin ? true : undefined) },
];

describe('wrong decisions are caught', () => {
  test.each(DECIDE_MUTATIONS)('$name', ({ comparison, width, wrong }) => {
    const mutated = (_comparison: Comparison, _width: Width, a: Scalar, b: Scalar) => wrong(a, b);
    expect(decideCounterexample(mutated, comparison, width, SEED, STATES)).toMatch(comparison);
  });
});
