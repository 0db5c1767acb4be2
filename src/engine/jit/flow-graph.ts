import type { Instruction, InstructionList } from '../../isa/instruction.ts';

/**
 * The control-flow graph of one eBPF function. Blocks are numbered from 0 (the entry) in order of discovery.
 *
 * `code`: the slots `start` to `end` (exclusive). Successors: none after exit, the target of a jump, [taken, next] after a branch, else the next slot.
 * `invalid`: control left the program; running it is a fault. `select` and `dispatch` are made by `makeReducible`: a `select` notes the number
 * of the block it stands for and goes on to its dispatch block, which goes to the successor of that number.
 */
export interface Block {
  readonly kind: 'code' | 'invalid' | 'select' | 'dispatch';
  readonly start: number;
  readonly end: number;
  /** Slot of the last instruction; -1 unless `code`. */
  readonly last: number;
  readonly successors: number[];
  /** `select` only: the position of its target among the successors of the dispatch block. */
  readonly label: number;
}

export interface FlowGraph {
  readonly entry: number;
  readonly blocks: Block[];
}

/** What the whole program's slots say about control flow; shared by the graphs of all its functions. */
export interface ProgramShape {
  /** 1 where a block must begin. */
  readonly leaders: Uint8Array;
}

/** Slot that a jump, branch or may_goto at `slot` goes to when it is taken. */
export function jumpTarget(instruction: Instruction, slot: number): number | undefined {
  return instruction.kind === 'jump' || instruction.kind === 'branch' || instruction.kind === 'may_goto' ? slot + 1 + instruction.offset : undefined;
}

export function programShape(instructions: InstructionList): ProgramShape {
  const leaders = new Uint8Array(instructions.length + 1);
  for (let slot = 0; slot < instructions.length; slot++) {
    const instruction = instructions[slot];
    if (instruction === undefined) continue;
    const target = jumpTarget(instruction, slot);
    if (target === undefined) continue;
    if (target >= 0 && target < instructions.length) leaders[target] = 1;
    leaders[slot + 1] = 1;
  }
  return { leaders };
}

/** Builds the graph of the function whose first instruction is at `entry`: all blocks reachable without calls. */
export function buildFlowGraph(instructions: InstructionList, shape: ProgramShape, entry: number): FlowGraph {
  const blocks: Block[] = [];
  const blockOf = new Map<number, number>();
  const block = (slot: number): number => {
    const known = blockOf.get(slot);
    if (known !== undefined) return known;
    const made = scanBlock(instructions, shape, slot);
    blockOf.set(slot, blocks.length);
    return blocks.push(made) - 1;
  };
  block(entry);
  for (let index = 0; index < blocks.length; index++) {
    const { kind, last, end, successors } = blocks[index]!;
    if (kind !== 'code') continue;
    const instruction = instructions[last]!;
    if (instruction.kind === 'exit') continue;
    const target = jumpTarget(instruction, last);
    if (target !== undefined) successors.push(block(target));
    if (instruction.kind !== 'jump') successors.push(block(end));
  }
  return { entry: 0, blocks };
}

function scanBlock(instructions: InstructionList, shape: ProgramShape, start: number): Block {
  let last = -1;
  let slot = start;
  while (slot >= 0 && slot < instructions.length) {
    const instruction = instructions[slot];
    if (instruction === undefined || (slot > start && shape.leaders[slot] === 1)) break;
    last = slot;
    slot += instruction.kind === 'lddw' ? 2 : 1;
    if (instruction.kind === 'exit' || instruction.kind === 'jump' || instruction.kind === 'branch' || instruction.kind === 'may_goto') break;
  }
  return { kind: last < 0 ? 'invalid' : 'code', start, end: slot, last, successors: [], label: 0 };
}

/** Orders and dominators of a flow graph, as arrays by block. */
export interface Dominance {
  /** Blocks in reverse postorder. */
  readonly order: Int32Array;
  /** Position in `order`. */
  readonly position: Int32Array;
  /** Immediate dominator; the entry's is itself. */
  readonly dominator: Int32Array;
  /** Whether each retreating edge goes to a block that dominates its source. */
  readonly reducible: boolean;
  /** Whether a retreating edge ends here. */
  readonly loopHeader: Uint8Array;
  /** Number of forward edges that end here. */
  readonly forwardEdges: Int32Array;
}

/** Reverse postorder without recursion. */
export function reversePostorder(graph: FlowGraph): Int32Array {
  const count = graph.blocks.length;
  const order = new Int32Array(count);
  const next = new Int32Array(count);
  const seen = new Uint8Array(count);
  const stack = new Int32Array(count);
  let depth = 0;
  let free = count;
  stack[depth++] = graph.entry;
  seen[graph.entry] = 1;
  while (depth > 0) {
    const block = stack[depth - 1]!;
    const { successors } = graph.blocks[block]!;
    const step = next[block]!;
    if (step === successors.length) {
      depth--;
      order[--free] = block;
      continue;
    }
    next[block] = step + 1;
    // The last successor first: what falls through stays close behind its predecessor in the order.
    const successor = successors[successors.length - 1 - step]!;
    if (seen[successor] === 1) continue;
    seen[successor] = 1;
    stack[depth++] = successor;
  }
  return order.subarray(free);
}

/** Dominators after Cooper, Harvey and Kennedy, "A Simple, Fast Dominance Algorithm" (2001). Unreachable blocks have none and are not in `order`. */
export function computeDominance(graph: FlowGraph): Dominance {
  const { blocks } = graph;
  const count = blocks.length;
  const order = reversePostorder(graph);
  const position = new Int32Array(count);
  for (let index = 0; index < order.length; index++) position[order[index]!] = index;
  const { first, list } = predecessors(graph);

  const dominator = new Int32Array(count).fill(-1);
  dominator[graph.entry] = graph.entry;
  for (let changed = true; changed; ) {
    changed = false;
    for (let index = 1; index < order.length; index++) {
      const block = order[index]!;
      let best = -1;
      for (let edge = first[block]!; edge < first[block + 1]!; edge++) {
        const predecessor = list[edge]!;
        if (dominator[predecessor] === -1) continue;
        best = best === -1 ? predecessor : common(dominator, position, best, predecessor);
      }
      if (dominator[block] !== best) {
        dominator[block] = best;
        changed = true;
      }
    }
  }

  let reducible = true;
  const loopHeader = new Uint8Array(count);
  const forwardEdges = new Int32Array(count);
  for (const block of order) {
    for (const successor of blocks[block]!.successors) {
      if (position[successor]! > position[block]!) {
        forwardEdges[successor] = forwardEdges[successor]! + 1;
      } else {
        loopHeader[successor] = 1;
        if (reducible && common(dominator, position, block, successor) !== successor) reducible = false;
      }
    }
  }
  return { order, position, dominator, reducible, loopHeader, forwardEdges };
}

function common(dominator: Int32Array, position: Int32Array, a: number, b: number): number {
  while (a !== b) {
    while (position[a]! > position[b]!) a = dominator[a]!;
    while (position[b]! > position[a]!) b = dominator[b]!;
  }
  return a;
}

/** Predecessors of all blocks in one list; those of block b are `list[first[b]]` to `list[first[b + 1] - 1]`. */
function predecessors(graph: FlowGraph): { first: Int32Array; list: Int32Array } {
  const count = graph.blocks.length;
  const first = new Int32Array(count + 2);
  let edges = 0;
  for (const { successors } of graph.blocks) {
    edges += successors.length;
    for (const successor of successors) first[successor + 2] = first[successor + 2]! + 1;
  }
  for (let block = 2; block < first.length; block++) first[block] = first[block]! + first[block - 1]!;
  const list = new Int32Array(edges);
  for (let block = 0; block < count; block++) {
    for (const successor of graph.blocks[block]!.successors) {
      const slot = first[successor + 1]!;
      list[slot] = block;
      first[successor + 1] = slot + 1;
    }
  }
  return { first, list };
}
