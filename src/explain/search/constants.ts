import type { Operand } from '../../isa/instruction.ts';
import type { Finding, Machine } from '../../verifier/machine.ts';

/** Where ranges of every width end. */
const EDGES: readonly bigint[] = [
  0n,
  1n,
  2n,
  7n,
  8n,
  14n,
  64n,
  127n,
  128n,
  255n,
  256n,
  511n,
  512n,
  1500n,
  0x7fffn,
  0x8000n,
  0xffffn,
  0x7fff_ffffn,
  0x8000_0000n,
  0xffff_ffffn,
  -1n,
  -8n,
];

/** Enough for any program to try; beyond it the first ones are kept. */
const MAX_CONSTANTS = 512;

/**
 * Numbers worth trying in inputs: where ranges end, what the program compares with or masks by and their neighbours, and the ends of what the verifier
 * held possible at the failing point.
 */
export function interestingNumbers(machine: Machine, finding: Finding | undefined): readonly bigint[] {
  const numbers = new Set<bigint>();
  const put = (value: bigint) => {
    if (numbers.size >= MAX_CONSTANTS) return;
    for (const near of [value, value - 1n, value + 1n]) numbers.add(BigInt.asUintN(64, near));
  };
  for (const register of finding?.state.frames.at(-1)?.registers ?? []) {
    if (register?.kind !== 'number') continue;
    const { smin, smax, umin, umax } = register.range;
    for (const end of [smin, smax, umin, umax]) put(BigInt(end));
  }
  const operand = (source: Operand) => {
    if (source.kind === 'immediate') put(BigInt(source.value));
  };
  for (const instruction of machine.instructions) {
    if (instruction?.kind === 'branch' || (instruction?.kind === 'binary' && instruction.operator !== 'lsh' && instruction.operator !== 'rsh'))
      operand(instruction.source);
    else if (instruction?.kind === 'lddw' && instruction.source === 'immediate')
      put((BigInt(instruction.high) << 32n) | BigInt(instruction.low >>> 0));
  }
  for (const edge of EDGES) put(edge);
  return [...numbers];
}
