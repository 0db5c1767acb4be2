import type { Random } from '../../../src/engine/checked/random.ts';
import type { BinaryOperator, Comparison, Instruction, InstructionList, Operand, Register, Size } from '../../../src/isa/instruction.ts';

const OPERATORS: readonly BinaryOperator[] = ['add', 'sub', 'mul', 'div', 'sdiv', 'mod', 'smod', 'or', 'and', 'xor', 'lsh', 'rsh', 'arsh', 'mov'];
const COMPARISONS: readonly Comparison[] = ['eq', 'ne', 'gt', 'ge', 'lt', 'le', 'sgt', 'sge', 'slt', 'sle', 'set'];
const SIZES: readonly Size[] = [1, 2, 4, 8];

function pick<T>(random: Random, list: readonly T[]): T {
  return list[random.below(list.length)]!;
}

function otherOperand(operand: Operand, random: Random): Operand {
  if (operand.kind === 'register') return random.chance(3) ? { kind: 'register', register: random.below(10) as Register } : operand;
  const steps = [-8, -4, -2, -1, 1, 2, 4, 8];
  return { kind: 'immediate', value: (operand.value + pick(random, steps)) | 0 };
}

/** The instruction with one constant, operator, width, size or register changed; undefined: nothing in it to change. */
function otherInstruction(instruction: Instruction, random: Random): Instruction | undefined {
  switch (instruction.kind) {
    case 'binary':
      switch (random.below(3)) {
        case 0:
          return { ...instruction, operator: pick(random, OPERATORS) };
        case 1:
          return { ...instruction, width: instruction.width === 64 ? 32 : 64 };
        default:
          return { ...instruction, source: otherOperand(instruction.source, random) };
      }
    case 'branch':
      switch (random.below(3)) {
        case 0:
          return { ...instruction, comparison: pick(random, COMPARISONS) };
        case 1:
          return { ...instruction, width: instruction.width === 64 ? 32 : 64 };
        default:
          return { ...instruction, source: otherOperand(instruction.source, random) };
      }
    case 'load':
      if (random.chance(3)) return { ...instruction, size: pick(random, SIZES), signed: false };
      if (random.chance(3)) return { ...instruction, signed: !instruction.signed && instruction.size < 8 };
      return { ...instruction, offset: instruction.offset + pick(random, [-8, -4, -1, 1, 4, 8]) };
    case 'store':
      if (random.chance(3)) return { ...instruction, size: pick(random, SIZES) };
      return { ...instruction, offset: instruction.offset + pick(random, [-8, -4, -1, 1, 4, 8]) };
    case 'movsx':
      return { ...instruction, bits: pick(random, instruction.width === 64 ? ([8, 16, 32] as const) : ([8, 16] as const)) };
    default:
      return undefined;
  }
}

/** The program with one instruction changed; programs that are right become wrong in ways nobody thought of, or stay right. */
export function mutate(instructions: InstructionList, random: Random): InstructionList {
  for (let attempt = 0; attempt < 8; attempt++) {
    const at = random.below(instructions.length);
    const instruction = instructions[at];
    const other = instruction === undefined ? undefined : otherInstruction(instruction, random);
    if (other === undefined) continue;
    const copy = instructions.slice();
    copy[at] = other;
    return copy;
  }
  return instructions;
}
