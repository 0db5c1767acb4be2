import type { Instruction, InstructionList } from '../../isa/instruction.ts';
import { slotCount } from '../../isa/instruction.ts';
import type { FunctionRange, ObjectProgram } from '../../object/object-file.ts';

/** A change of the code at one slot: instructions put before it (jumps to the slot come to them first), or another one in its place. */
export interface Edit {
  readonly at: number;
  readonly insert?: readonly Instruction[];
  /** Takes as many slots as what it replaces. */
  readonly replace?: Instruction;
}

/** An edit that the program's shape does not allow. */
export class EditError extends Error {
  readonly slot: number;
  constructor(slot: number, problem: string) {
    super(`Instruction ${slot}: ${problem}`);
    this.name = 'EditError';
    this.slot = slot;
  }
}

/** Where a jump's offset field ends (RFC 9669, section 3.1: signed, 16 bits). */
const SHORT_JUMP = 0x7fff;

/**
 * A copy of a linked program with the edits applied. Jumps, local calls, code addresses, function ranges and line information follow; inserted code
 * belongs to the line and function of the slot that it stands before. Inserted instructions jump relative to one another and are not moved apart.
 *
 * @throws EditError where a slot does not exist or a jump would become too long.
 */
export function applyEdits(program: ObjectProgram, edits: readonly Edit[]): ObjectProgram {
  const { instructions } = program;
  const inserted = new Map<number, Instruction[]>();
  const replaced = new Map<number, Instruction>();
  for (const { at, insert, replace } of edits) {
    const old = instructions[at];
    if (old === undefined) throw new EditError(at, 'there is none.');
    if (insert !== undefined) inserted.set(at, [...(inserted.get(at) ?? []), ...insert]);
    if (replace === undefined) continue;
    if (slotCount(replace) !== slotCount(old)) throw new EditError(at, 'another length.');
    replaced.set(at, replace);
  }
  // By old slot: where what stood there stands now, and where those who jump there arrive.
  const moved: number[] = [];
  const arrival: number[] = [];
  let next = 0;
  for (let slot = 0; slot <= instructions.length; slot++) {
    arrival.push(next);
    for (const instruction of inserted.get(slot) ?? []) next += slotCount(instruction);
    moved.push(next);
    next++;
  }
  const result: (Instruction | undefined)[] = [];
  for (let slot = 0; slot < instructions.length; slot++) {
    for (const instruction of inserted.get(slot) ?? []) {
      result.push(instruction);
      if (slotCount(instruction) === 2) result.push(undefined);
    }
    const instruction = replaced.get(slot) ?? instructions[slot];
    result.push(instruction === undefined ? undefined : retarget(instruction, slot, moved, arrival));
  }
  const functions = program.functions.map((range): FunctionRange => ({ ...range, start: arrival[range.start]!, end: arrival[range.end]! }));
  return {
    section: program.section,
    name: program.name,
    instructions: result satisfies InstructionList,
    size: 8 * ((functions[0]?.end ?? result.length) - (functions[0]?.start ?? 0)),
    offset: program.offset,
    functions,
    lines: program.lines.map((line) => ({ ...line, slot: arrival[line.slot]! })),
    ...(program.defect === undefined ? {} : { defect: { ...program.defect, slot: arrival[program.defect.slot]! } }),
  };
}

/** For each slot of the edited program the slot of the unchanged one that stands there, or that the inserted code stands before. */
export function originOf(program: ObjectProgram, edits: readonly Edit[]): readonly number[] {
  const origins: number[] = [];
  for (let slot = 0; slot < program.instructions.length; slot++) {
    for (const { at, insert = [] } of edits)
      if (at === slot) for (const instruction of insert) origins.push(...new Array<number>(slotCount(instruction)).fill(slot));
    origins.push(slot);
  }
  return origins;
}

function retarget(instruction: Instruction, slot: number, moved: readonly number[], arrival: readonly number[]): Instruction {
  const relative = (offset: number) => {
    const target = arrival[slot + 1 + offset];
    // A jump out of the code stays one.
    return target === undefined ? offset : target - moved[slot]! - 1;
  };
  switch (instruction.kind) {
    case 'branch':
    case 'may_goto':
    case 'jump': {
      const offset = relative(instruction.offset);
      const wide = instruction.kind === 'jump' && instruction.wide;
      if (!wide && Math.abs(offset) > SHORT_JUMP) throw new EditError(slot, 'the jump would become too long.');
      return { ...instruction, offset };
    }
    case 'call_local':
      return { ...instruction, offset: relative(instruction.offset) };
    case 'lddw':
      // Code addresses count from the slot after the first half (libbpf's R_BPF_64_64 to a function).
      return instruction.source === 'code' ? { ...instruction, low: relative(instruction.low) } : instruction;
    default:
      return instruction;
  }
}
