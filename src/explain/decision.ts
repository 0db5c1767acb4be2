import { conditionText } from '../isa/format.ts';
import { NEGATED } from '../verifier/branch.ts';
import { functionName, type Node } from '../verifier/explore.ts';
import type { Machine } from '../verifier/machine.ts';

/** Where a path goes on from the end of a block. */
export interface Decision {
  readonly kind: 'taken' | 'not taken' | 'jump' | 'call' | 'return' | 'callback' | 'next';
  /** Slot it goes on at. */
  readonly target: number;
  /** `r2 == 17 holds: goes to instruction 7`. */
  readonly words: string;
  /** Another way was possible, or the function changes. */
  readonly choice: boolean;
}

/** What happens between a block and the next one on a path. */
export function decisionAt(machine: Machine, from: Node, to: Node): Decision {
  const instruction = machine.instruction(from.block.last);
  const target = to.block.start;
  const goes = `instruction ${target}`;
  switch (instruction.kind) {
    case 'branch': {
      const taken = from.block.successors[0] === to.block.id;
      const comparison = taken ? instruction.comparison : NEGATED[instruction.comparison];
      const words = `${conditionText({ ...instruction, comparison })}${instruction.width === 32 ? ' (32-bit)' : ''}: ${taken ? 'goes to' : 'goes on at'} ${goes}`;
      return { kind: taken ? 'taken' : 'not taken', target, words, choice: true };
    }
    case 'may_goto': {
      const taken = from.block.successors[0] === to.block.id;
      return {
        kind: taken ? 'taken' : 'not taken',
        target,
        words: taken ? `the host ends the loop: goes to ${goes}` : `the loop goes on at ${goes}`,
        choice: true,
      };
    }
    case 'call_local':
      return { kind: 'call', target, words: `enters ${functionName(machine, target)} at ${goes}`, choice: true };
    case 'exit':
      return { kind: 'return', target, words: `returns from ${functionName(machine, from.context.functionStart)} to ${goes}`, choice: true };
    case 'jump':
      return { kind: 'jump', target, words: `goes to ${goes}`, choice: false };
    default:
      if (to.context !== from.context)
        return { kind: 'callback', target, words: `calls back ${functionName(machine, target)} at ${goes}`, choice: true };
      return { kind: 'next', target, words: `goes on at ${goes}`, choice: false };
  }
}
