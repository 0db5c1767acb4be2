import type { Instruction, InstructionList } from '../../isa/instruction.ts';
import { slotCount } from '../../isa/instruction.ts';
import type { ObjectProgram } from '../../object/object-file.ts';

/** Where an instruction may send control, as offsets to retarget. */
type Jump = Extract<Instruction, { readonly kind: 'branch' | 'jump' | 'may_goto' | 'call_local' }>;

const JUMPS: ReadonlySet<Instruction['kind']> = new Set(['branch', 'jump', 'may_goto', 'call_local']);

function isJump(instruction: Instruction): instruction is Jump {
  return JUMPS.has(instruction.kind);
}

/**
 * A copy of a program without some of its instructions and without what control then no longer reaches. Jumps to what is gone arrive at what stood
 * behind it.
 *
 * @param removed slots of instructions.
 * @param jumping slots of branches that are to jump always.
 * @returns undefined where nothing that could run is left: control would leave the code, or a called function is gone.
 */
export function without(program: ObjectProgram, removed: ReadonlySet<number>, jumping: ReadonlySet<number> = new Set()): ObjectProgram | undefined {
  const instructions = program.instructions.map((instruction, slot) =>
    instruction === undefined || removed.has(slot) ? undefined : toJump(instruction, jumping.has(slot)),
  );
  const reached = reachable(program, instructions);
  if (reached === undefined) return undefined;
  return compacted(program, instructions, reached);
}

function toJump(instruction: Instruction, always: boolean): Instruction {
  return always && instruction.kind === 'branch' ? { kind: 'jump', offset: instruction.offset, wide: false } : instruction;
}

/** The first instruction at or behind a slot, within its function. */
function settle(program: ObjectProgram, instructions: InstructionList, slot: number): number | undefined {
  const end = program.functions.find((range) => slot >= range.start && slot < range.end)?.end ?? program.instructions.length;
  for (let at = slot; at < end; at++) if (instructions[at] !== undefined) return at;
  return undefined;
}

/** Slots that control may come to from the entry; undefined where it may leave the code. */
function reachable(program: ObjectProgram, instructions: InstructionList): ReadonlySet<number> | undefined {
  const reached = new Set<number>();
  const work = [0];
  while (work.length > 0) {
    const slot = settle(program, instructions, work.pop()!);
    if (slot === undefined) return undefined;
    if (reached.has(slot)) continue;
    reached.add(slot);
    const instruction = instructions[slot]!;
    if (instruction.kind !== 'exit' && instruction.kind !== 'jump') work.push(slot + slotCount(instruction));
    if (isJump(instruction)) work.push(slot + 1 + instruction.offset);
    if (instruction.kind === 'lddw' && instruction.source === 'code') work.push(slot + 1 + instruction.low);
  }
  return reached;
}

function compacted(program: ObjectProgram, instructions: InstructionList, reached: ReadonlySet<number>): ObjectProgram {
  // By old slot: where what stands there, or behind it, stands now.
  const moved: number[] = [];
  let next = 0;
  for (let slot = 0; slot < instructions.length; slot++) {
    moved.push(next);
    if (reached.has(slot)) next += slotCount(instructions[slot]!);
    // The second slot of a wide load has been counted with the first.
  }
  moved.push(next);
  const result: (Instruction | undefined)[] = [];
  const target = (slot: number, offset: number) => moved[settle(program, instructions, slot + 1 + offset)!]! - moved[slot]! - 1;
  for (const slot of [...reached].sort((a, b) => a - b)) {
    const instruction = instructions[slot]!;
    if (isJump(instruction)) result.push({ ...instruction, offset: target(slot, instruction.offset) });
    else if (instruction.kind === 'lddw' && instruction.source === 'code') result.push({ ...instruction, low: target(slot, instruction.low) });
    else result.push(instruction);
    if (slotCount(instruction) === 2) result.push(undefined);
  }
  const functions = program.functions
    .map((range) => ({ ...range, start: moved[range.start]!, end: moved[range.end]! }))
    .filter(({ start, end }) => end > start);
  const { defect: _, ...rest } = program;
  return {
    ...rest,
    instructions: result,
    size: 8 * ((functions[0]?.end ?? result.length) - (functions[0]?.start ?? 0)),
    functions,
    lines: program.lines.filter(({ slot }) => reached.has(slot)).map((line) => ({ ...line, slot: moved[line.slot]! })),
  };
}
