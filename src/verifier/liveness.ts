import type { Instruction, InstructionList } from '../isa/instruction.ts';
import { slotCount } from '../isa/instruction.ts';
import type { ControlFlowGraph } from './cfg.ts';
import { targetOf } from './cfg.ts';

/** Bit set of registers r0..r10. */
export type RegisterSet = number;

const CALL_ARGUMENTS = 0b111110;
const CALL_CLOBBERS = 0b111111;

/** Registers an instruction reads and writes; `arguments_` gives how many argument registers a call reads (5 where unknown). */
export function registerEffects(
  instruction: Instruction,
  argumentCount: (instruction: Instruction) => number,
): { reads: RegisterSet; writes: RegisterSet } {
  switch (instruction.kind) {
    case 'binary': {
      const source = instruction.source.kind === 'register' ? 1 << instruction.source.register : 0;
      const self = instruction.operator === 'mov' ? 0 : 1 << instruction.dst;
      return { reads: source | self, writes: 1 << instruction.dst };
    }
    case 'movsx':
    case 'cast':
    case 'load':
    case 'load_acquire':
      return { reads: 1 << instruction.src, writes: 1 << instruction.dst };
    case 'negate':
    case 'swap':
      return { reads: 1 << instruction.dst, writes: 1 << instruction.dst };
    case 'lddw':
      return { reads: 0, writes: 1 << instruction.dst };
    case 'store':
      return { reads: (1 << instruction.dst) | (instruction.source.kind === 'register' ? 1 << instruction.source.register : 0), writes: 0 };
    case 'store_release':
      return { reads: (1 << instruction.dst) | (1 << instruction.src), writes: 0 };
    case 'atomic': {
      const exchange = instruction.operator === 'cmpxchg';
      const fetched = !instruction.fetch ? 0 : exchange ? 1 : 1 << instruction.src;
      return { reads: (1 << instruction.dst) | (1 << instruction.src) | (exchange ? 1 : 0), writes: fetched };
    }
    case 'packet':
      return { reads: (1 << 6) | (instruction.index === undefined ? 0 : 1 << instruction.index), writes: CALL_CLOBBERS };
    case 'branch':
      return { reads: (1 << instruction.dst) | (instruction.source.kind === 'register' ? 1 << instruction.source.register : 0), writes: 0 };
    case 'call':
    case 'call_btf': {
      const count = argumentCount(instruction);
      return { reads: ((1 << (count + 1)) - 1) & CALL_ARGUMENTS, writes: CALL_CLOBBERS };
    }
    case 'callx':
      return { reads: (1 << instruction.register) | CALL_ARGUMENTS, writes: CALL_CLOBBERS };
    case 'exit':
      return { reads: 1, writes: 0 };
    case 'jump':
    case 'may_goto':
    case 'call_local':
      return { reads: 0, writes: 0 };
  }
}

/** Registers whose value may still be read, at the start of every block. r10 is always live. */
export interface Liveness {
  readonly atBlock: Int32Array;
  /** Live registers right after the local call that ends a block, for the frame that waits. */
  readonly afterCall: ReadonlyMap<number, RegisterSet>;
}

/** Backward data flow over all functions of the graph; arguments of local calls are what the callee reads. */
export function computeLiveness(
  instructions: InstructionList,
  graph: ControlFlowGraph,
  argumentCount: (instruction: Instruction) => number,
): Liveness {
  const { blocks } = graph;
  const atBlock = new Int32Array(blocks.length);
  const afterCall = new Map<number, RegisterSet>();
  const uses = new Int32Array(blocks.length);
  const kills = new Int32Array(blocks.length);
  const callee = new Int32Array(blocks.length).fill(-1);
  for (const block of blocks) {
    let use = 0;
    let kill = 0;
    for (let pc = block.start; pc <= block.last; ) {
      const instruction = instructions[pc]!;
      if (instruction.kind === 'call_local') {
        callee[block.id] = graph.functions.get(targetOf(pc, instruction))!.entry;
      } else {
        const effects = registerEffects(instruction, argumentCount);
        use |= effects.reads & ~kill;
        kill |= effects.writes;
      }
      pc += slotCount(instruction);
    }
    uses[block.id] = use;
    kills[block.id] = kill;
  }
  // Against the flow, callees before their callers: straight code is done in one round, each loop or call adds few.
  const order: number[] = [];
  for (const { blocks: ids } of [...graph.functions.values()].reverse())
    for (const id of ids.toSorted((a, b) => blocks[b]!.order - blocks[a]!.order)) order.push(id);
  for (let changed = true; changed; ) {
    changed = false;
    for (const id of order) {
      let out = 0;
      for (const successor of blocks[id]!.successors) out |= atBlock[successor]!;
      if (callee[id]! >= 0) {
        afterCall.set(id, out & ~CALL_CLOBBERS);
        out = (out & ~CALL_CLOBBERS) | (atBlock[callee[id]!]! & CALL_ARGUMENTS);
      }
      const live = uses[id]! | (out & ~kills[id]!) | (1 << 10);
      if (live === atBlock[id]) continue;
      atBlock[id] = live;
      changed = true;
    }
  }
  return { atBlock, afterCall };
}
