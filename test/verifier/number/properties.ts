/**
 * Soundness as functions of an implementation: each runs random abstract states with members through it and returns the first
 * counterexample in words, or undefined. The tests give the real domain, the mutation check gives broken ones.
 */
import type { BinaryOperator, Comparison, Width } from '../../../src/isa/instruction.ts';
import { leq } from '../../../src/verifier/number/lattice.ts';
import type { Scalar } from '../../../src/verifier/number/scalar.ts';
import { format } from '../../../src/verifier/number/scalar.ts';
import { Generator, type Sample } from './generator.ts';
import { compare, isMember, binary as referenceBinary } from './reference.ts';

export const OPERATORS: readonly BinaryOperator[] = [
  'add',
  'sub',
  'mul',
  'div',
  'sdiv',
  'mod',
  'smod',
  'or',
  'and',
  'xor',
  'lsh',
  'rsh',
  'arsh',
  'mov',
];
export const COMPARISONS: readonly Comparison[] = ['eq', 'ne', 'gt', 'ge', 'lt', 'le', 'sgt', 'sge', 'slt', 'sle', 'set', 'nset'];
export const WIDTHS: readonly Width[] = [32, 64];

type BinaryFunction = (operator: BinaryOperator, width: Width, a: Scalar, b: Scalar) => Scalar;
type RefineFunction = (comparison: Comparison, width: Width, a: Scalar, b: Scalar) => { readonly a: Scalar; readonly b: Scalar } | undefined;
type DecideFunction = (comparison: Comparison, width: Width, a: Scalar, b: Scalar) => boolean | undefined;

/** A few pairs of members: the first of one with each of the other, both ways. */
function* memberPairs(a: Sample, b: Sample): IterableIterator<readonly [bigint, bigint]> {
  for (const y of b.members) yield [a.members[0]!, y];
  for (const x of a.members) yield [x, b.members[b.members.length - 1]!];
  yield [a.members[a.members.length - 1]!, b.members[0]!];
}

/** The result of a binary operation holds the concrete result of every pair of members. */
export function binaryCounterexample(
  binary: BinaryFunction,
  operator: BinaryOperator,
  width: Width,
  seed: number,
  states: number,
): string | undefined {
  const generator = new Generator(seed);
  for (let state = 0; state < states; state++) {
    const [a, b] = generator.pair();
    const result = binary(operator, width, a.scalar, b.scalar);
    for (const [x, y] of memberPairs(a, b)) {
      const expected = referenceBinary(operator, width, x, y);
      if (!isMember(result, expected)) {
        return `${operator}${width}: ${x} in {${format(a.scalar)}}, ${y} in {${format(b.scalar)}} give ${expected}, not in {${format(result)}}`;
      }
    }
  }
  return undefined;
}

/** Every pair of members for which the comparison holds survives `refine`, and nothing new comes in. */
export function refineCounterexample(refine: RefineFunction, comparison: Comparison, width: Width, seed: number, states: number): string | undefined {
  const generator = new Generator(seed);
  for (let state = 0; state < states; state++) {
    const [a, b] = generator.pair();
    const refined = refine(comparison, width, a.scalar, b.scalar);
    const words = `${comparison}${width}: {${format(a.scalar)}}, {${format(b.scalar)}}`;
    if (refined !== undefined && !(leq(refined.a, a.scalar) && leq(refined.b, b.scalar))) return `${words} grow`;
    for (const [x, y] of memberPairs(a, b)) {
      if (!compare(comparison, width, x, y)) continue;
      if (refined === undefined) return `${words} judged infeasible, but ${x}, ${y}`;
      if (!isMember(refined.a, x)) return `${words} lose ${x} on the left (with ${y}): {${format(refined.a)}}`;
      if (!isMember(refined.b, y)) return `${words} lose ${y} on the right (with ${x}): {${format(refined.b)}}`;
    }
  }
  return undefined;
}

/** A decision agrees with every pair of members. */
export function decideCounterexample(decide: DecideFunction, comparison: Comparison, width: Width, seed: number, states: number): string | undefined {
  const generator = new Generator(seed);
  for (let state = 0; state < states; state++) {
    const [a, b] = generator.pair();
    const decision = decide(comparison, width, a.scalar, b.scalar);
    if (decision === undefined) continue;
    for (const [x, y] of memberPairs(a, b)) {
      if (compare(comparison, width, x, y) === decision) continue;
      return `${comparison}${width}: {${format(a.scalar)}}, {${format(b.scalar)}} decided ${decision}, but ${x}, ${y}`;
    }
  }
  return undefined;
}

/** An operation on one scalar holds the concrete result of every member. */
export function unaryCounterexample(
  name: string,
  abstract: (a: Scalar) => Scalar,
  concrete: (x: bigint) => bigint,
  seed: number,
  states: number,
): string | undefined {
  const generator = new Generator(seed);
  for (let state = 0; state < states; state++) {
    const a = generator.sample();
    const result = abstract(a.scalar);
    for (const x of a.members) {
      const expected = concrete(x);
      if (!isMember(result, expected)) return `${name}: ${x} in {${format(a.scalar)}} gives ${expected}, not in {${format(result)}}`;
    }
  }
  return undefined;
}
