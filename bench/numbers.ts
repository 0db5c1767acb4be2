/**
 * Nanoseconds per operation of the numeric domain. Nothing here passes or fails.
 * Usage: node bench/run.mjs numbers
 */
import { join, leq, meet, widen } from '../src/verifier/number/lattice.ts';
import { binary, signExtend, swap, truncate } from '../src/verifier/number/operations.ts';
import { decide, refine } from '../src/verifier/number/refine.ts';
import { constant, fromSigned, fromU32, fromUnsigned, type Scalar, TOP, unsignedBytes } from '../src/verifier/number/scalar.ts';

const u8 = unsignedBytes(1);
const u32 = unsignedBytes(4);
const crossing = fromSigned(-100, 1000);
const large = fromUnsigned(1n << 62n, (1n << 63n) + 5n);
const aligned = binary('and', 64, TOP, constant(-8));
const counts = fromU32(0, 31);
/** What registers hold in practice: constants, bytes, offsets, unknowns. */
const mixed: readonly Scalar[] = [constant(0), constant(14), u8, fromU32(0, 1500), crossing, u32, TOP, constant(-1), large, aligned];

/** Everything returned goes in here, so that no call can be optimised away. */
let sink = 0;

function measure(name: string, operation: (a: Scalar, b: Scalar) => unknown, left: readonly Scalar[], right: readonly Scalar[]): void {
  const rounds = (count: number): number => {
    const start = process.hrtime.bigint();
    for (let round = 0; round < count; round++) {
      const a = left[round % left.length]!;
      const b = right[(round * 7 + (round >> 3)) % right.length]!;
      if (operation(a, b) === undefined) sink++;
    }
    return Number(process.hrtime.bigint() - start) / count;
  };
  rounds(100_000);
  const best = Math.min(rounds(200_000), rounds(200_000), rounds(200_000));
  console.log(`${name.padEnd(44)} ${best.toFixed(0).padStart(6)} ns`);
}

measure('empty loop', (a) => a, mixed, mixed);
measure('add of constants', (a, b) => binary('add', 64, a, b), [constant(1), constant(77)], [constant(14), constant(-3)]);
measure('add of unknowns', (a, b) => binary('add', 64, a, b), [TOP], [TOP]);
measure('add of a byte and a constant', (a, b) => binary('add', 64, a, b), [u8], [constant(14)]);
measure('add of a sign-crossing range and a byte', (a, b) => binary('add', 64, a, b), [crossing], [u8]);
measure('add of large ranges', (a, b) => binary('add', 64, a, b), [large], [large, u32]);
for (const operator of ['add', 'sub', 'mul', 'div', 'sdiv', 'mod', 'smod', 'or', 'and', 'xor', 'mov'] as const) {
  measure(`${operator} 64, mixed`, (a, b) => binary(operator, 64, a, b), mixed, mixed);
  measure(`${operator} 32, mixed`, (a, b) => binary(operator, 32, a, b), mixed, mixed);
}
for (const operator of ['lsh', 'rsh', 'arsh'] as const) {
  measure(`${operator} 64 by a constant, mixed`, (a, b) => binary(operator, 64, a, b), mixed, [constant(3), constant(32)]);
  measure(`${operator} 64 by [0, 31], mixed`, (a, b) => binary(operator, 64, a, b), mixed, [counts]);
}
measure('sign-extend 32, mixed', (a) => signExtend(32, 64, a), mixed, mixed);
measure('be16, mixed', (a) => swap('be', 16, a, false), mixed, mixed);
measure('truncate to 2 bytes, mixed', (a) => truncate(2, a), mixed, mixed);
for (const comparison of ['eq', 'ne', 'lt', 'sge', 'set'] as const) {
  measure(`refine by ${comparison} 64, mixed`, (a, b) => refine(comparison, 64, a, b), mixed, mixed);
  measure(`refine by ${comparison} 32, mixed`, (a, b) => refine(comparison, 32, a, b), mixed, mixed);
}
measure('decide lt 64, mixed', (a, b) => decide('lt', 64, a, b), mixed, mixed);
measure('join, mixed', join, mixed, mixed);
measure('meet, mixed', meet, mixed, mixed);
measure('leq, mixed', leq, mixed, mixed);
measure('widen, mixed', (a, b) => widen(a, b), mixed, mixed);
console.log(`infeasible or undecided: ${sink}`);
