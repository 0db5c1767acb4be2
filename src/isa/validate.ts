import type { Instruction, InstructionList } from './instruction.ts';
import { slotCount } from './instruction.ts';

/** One reason why a decoded list is no program, at the slot of the instruction to blame. */
export interface Problem {
  readonly slot: number;
  readonly reason: string;
}

/** Slots that the instruction at `pc` may transfer control to by name: jump targets, call targets, code addresses; not the fall-through. */
export function targetOf(instruction: Instruction, pc: number): number | undefined {
  switch (instruction.kind) {
    case 'jump':
    case 'branch':
    case 'may_goto':
    case 'call_local':
      return pc + 1 + instruction.offset;
    case 'lddw':
      return instruction.source === 'code' ? pc + 1 + instruction.low : undefined;
    default:
      return undefined;
  }
}

/** Whether control can reach the next instruction. A loop without exit does not fall through either. */
export function fallsThrough(instruction: Instruction): boolean {
  return instruction.kind !== 'exit' && instruction.kind !== 'jump';
}

/**
 * Checks what no single instruction shows: a program is not empty, jumps and calls land on instructions and not in the middle of an LDDW,
 * and the last instruction does not run off the end (RFC 9669, sections 4.3 and 5.4). All problems, in slot order; none = a program.
 * For linked programs: an unresolved call in an object file still holds whatever the relocation wants.
 */
export function validate(list: InstructionList): readonly Problem[] {
  if (list.length === 0) return [{ slot: 0, reason: 'the program has no instructions' }];
  const problems: Problem[] = [];
  let last = 0;
  for (let pc = 0; pc < list.length; pc++) {
    const instruction = list[pc];
    if (instruction === undefined) {
      problems.push({ slot: pc, reason: 'empty slot outside a 64-bit immediate load' });
      continue;
    }
    last = pc;
    const target = targetOf(instruction, pc);
    if (target !== undefined) {
      const what = TARGET_NOUN[instruction.kind] ?? 'jump';
      if (target < 0 || target >= list.length)
        problems.push({ slot: pc, reason: `${what} to ${target} leaves the program (0 to ${list.length - 1})` });
      else if (list[target] === undefined) problems.push({ slot: pc, reason: `${what} to ${target} lands in the middle of a 64-bit immediate load` });
    }
    if (slotCount(instruction) === 2) {
      if (pc + 1 >= list.length || list[pc + 1] !== undefined)
        problems.push({ slot: pc, reason: 'the second half of a 64-bit immediate load is missing' });
      else pc++;
    }
  }
  const end = list[last];
  if (end !== undefined && fallsThrough(end)) problems.push({ slot: last, reason: 'control runs off the end of the program' });
  return problems;
}

const TARGET_NOUN: Partial<Record<Instruction['kind'], string>> = { call_local: 'call', lddw: 'code address' };
