import type { Instruction, InstructionList, Operand } from '../../isa/instruction.ts';
import type { FlowGraph } from './flow-graph.ts';

/** A set of registers: bit n is rn. */
export type RegisterSet = number;

export const FRAME_POINTER = 10;
const ARGUMENTS: RegisterSet = 0b111110;

/** What one instruction reads and writes; `calls` is asked for what a call reads. */
export interface Effect {
  readonly reads: RegisterSet;
  readonly writes: RegisterSet;
}

/** Registers that a call at `slot` reads. */
export type CallReads = (instruction: Instruction, slot: number) => RegisterSet;

const ofOperand = (operand: Operand): RegisterSet => (operand.kind === 'register' ? 1 << operand.register : 0);

type Effects = { readonly [K in Instruction['kind']]: (instruction: Extract<Instruction, { kind: K }>) => Effect };

/** Calls write only r0 here: r1 to r5 are lost after a call, so nothing may read them and nothing needs to know. */
const EFFECTS: Effects = {
  binary: (i) => ({ reads: ofOperand(i.source) | (i.operator === 'mov' ? 0 : 1 << i.dst), writes: 1 << i.dst }),
  movsx: (i) => ({ reads: 1 << i.src, writes: 1 << i.dst }),
  negate: (i) => ({ reads: 1 << i.dst, writes: 1 << i.dst }),
  swap: (i) => ({ reads: 1 << i.dst, writes: 1 << i.dst }),
  cast: (i) => ({ reads: 1 << i.src, writes: 1 << i.dst }),
  lddw: (i) => ({ reads: 0, writes: 1 << i.dst }),
  load: (i) => ({ reads: 1 << i.src, writes: 1 << i.dst }),
  store: (i) => ({ reads: ofOperand(i.source) | (1 << i.dst), writes: 0 }),
  atomic: (i) =>
    i.operator === 'cmpxchg'
      ? { reads: (1 << i.dst) | (1 << i.src) | 1, writes: 1 }
      : { reads: (1 << i.dst) | (1 << i.src), writes: i.fetch ? 1 << i.src : 0 },
  load_acquire: (i) => ({ reads: 1 << i.src, writes: 1 << i.dst }),
  store_release: (i) => ({ reads: (1 << i.src) | (1 << i.dst), writes: 0 }),
  packet: (i) => ({ reads: (1 << 6) | (i.index === undefined ? 0 : 1 << i.index), writes: 1 }),
  jump: () => ({ reads: 0, writes: 0 }),
  branch: (i) => ({ reads: ofOperand(i.source) | (1 << i.dst), writes: 0 }),
  may_goto: () => ({ reads: 0, writes: 0 }),
  call: () => ({ reads: 0, writes: 1 }),
  call_local: () => ({ reads: 0, writes: 1 }),
  call_btf: () => ({ reads: 0, writes: 1 }),
  callx: (i) => ({ reads: ARGUMENTS | (1 << i.register), writes: 1 }),
  exit: () => ({ reads: 1, writes: 0 }),
};

/** Registers read and written by an instruction, apart from what calls read. */
export function effectOf(instruction: Instruction): Effect {
  const effect = EFFECTS[instruction.kind] as (instruction: Instruction) => Effect;
  return effect(instruction);
}

/** Registers whose value at the function's entry may be read in it. */
export function liveAtEntry(instructions: InstructionList, graph: FlowGraph, order: Int32Array, callReads: CallReads): RegisterSet {
  const count = graph.blocks.length;
  const reads = new Int32Array(count);
  const writes = new Int32Array(count);
  const live = new Int32Array(count);
  graph.blocks.forEach((block, index) => {
    for (let slot = block.start; slot < block.end; slot++) {
      const instruction = instructions[slot];
      if (instruction === undefined) continue;
      const effect = effectOf(instruction);
      reads[index] = reads[index]! | ((effect.reads | callReads(instruction, slot)) & ~writes[index]!);
      writes[index] = writes[index]! | effect.writes;
    }
  });
  for (let changed = true; changed; ) {
    changed = false;
    for (let step = order.length - 1; step >= 0; step--) {
      const index = order[step]!;
      let after = 0;
      for (const successor of graph.blocks[index]!.successors) after |= live[successor]!;
      const before = reads[index]! | (after & ~writes[index]!);
      if (before === live[index]) continue;
      live[index] = before;
      changed = true;
    }
  }
  return live[graph.entry]!;
}
