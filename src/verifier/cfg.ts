import type { Instruction, InstructionList } from '../isa/instruction.ts';
import { slotCount } from '../isa/instruction.ts';

/** A straight run of instructions, entered only at its first slot and left only at its last. */
export interface Block {
  readonly id: number;
  /** First slot. */
  readonly start: number;
  /** Slot of the last instruction. */
  readonly last: number;
  /** Ids of the blocks control may continue in within the same function: for a branch the taken target first, then the fall-through. */
  readonly successors: number[];
  /** Start slot of the function the block belongs to. */
  readonly functionStart: number;
  /** Position in the function's weak topological order: every loop is a contiguous run that begins with its head. */
  order: number;
  /** Largest `order` within the loop this block heads, or -1 where it heads none. */
  loopEnd: number;
}

export interface FunctionGraph {
  readonly start: number;
  readonly entry: number;
  readonly blocks: readonly number[];
}

export interface ControlFlowGraph {
  readonly blocks: readonly Block[];
  readonly functions: ReadonlyMap<number, FunctionGraph>;
  /** Block that begins at a slot. */
  readonly blockAt: ReadonlyMap<number, number>;
  /** Slots never reached by any edge, ascending. */
  readonly unreachable: readonly number[];
}

/** The program's shape is not one that can be judged: a jump outside, a fall-through past the end. */
export class ControlFlowError extends Error {
  readonly slot: number;
  readonly id: string;
  constructor(id: string, slot: number, message: string) {
    super(message);
    this.name = 'ControlFlowError';
    this.id = id;
    this.slot = slot;
  }
}

/** Ordering deeply nested loops costs the square of their depth; beyond this many steps a program is too intricate to judge. */
const MAX_ORDERING_STEPS = 40_000_000;

/** The program is too large or too intricate for the limits of the verifier. */
export class GraphLimitError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'GraphLimitError';
  }
}

/** Target slot of a jump, branch, may_goto or local call at `pc`. */
export function targetOf(pc: number, instruction: { readonly offset: number }): number {
  return pc + 1 + instruction.offset;
}

/**
 * Builds the graph of the function at slot 0 and of every function reached from it by local calls or code addresses.
 * `isolated(instruction)` marks calls that must stand in a block of their own (calls that invoke callbacks).
 */
export function buildControlFlowGraph(instructions: InstructionList, isolated: (instruction: Instruction) => boolean, entry = 0): ControlFlowGraph {
  const blocks: Block[] = [];
  const blockAt = new Map<number, number>();
  const functions = new Map<number, FunctionGraph>();
  const reached = new Uint8Array(instructions.length);
  const pending = [entry];
  while (pending.length > 0) {
    const start = pending.pop()!;
    if (functions.has(start)) continue;
    const leaders = exploreFunction(instructions, start, isolated, reached, pending);
    const first = blocks.length;
    cutBlocks(instructions, start, leaders, blocks, blockAt);
    const ids: number[] = [];
    for (let id = first; id < blocks.length; id++) ids.push(id);
    const graph = { start, entry: blockAt.get(start)!, blocks: ids };
    functions.set(start, graph);
    orderFunction(blocks, graph);
  }
  const unreachable: number[] = [];
  for (let pc = 0; pc < instructions.length; pc++) if (instructions[pc] !== undefined && reached[pc] === 0) unreachable.push(pc);
  return { blocks, functions, blockAt, unreachable };
}

/** Walks one function, returns the slots at which blocks begin; appends functions it refers to. */
function exploreFunction(
  instructions: InstructionList,
  start: number,
  isolated: (instruction: Instruction) => boolean,
  reached: Uint8Array,
  functions: number[],
): Set<number> {
  const leaders = new Set([start]);
  const seen = new Set<number>();
  const work = [start];
  const flow = (from: number, to: number) => {
    if (to < 0 || to >= instructions.length) {
      throw to >= instructions.length && from + 1 === to
        ? new ControlFlowError('CFG-02', from, 'control can run past the last instruction')
        : new ControlFlowError('CFG-03', from, `jump to instruction ${to} is outside the program (0 to ${instructions.length - 1})`);
    }
    if (instructions[to] === undefined)
      throw new ControlFlowError('CFG-03', from, `jump into the middle of the 64-bit load at instruction ${to - 1}`);
    work.push(to);
  };
  while (work.length > 0) {
    const pc = work.pop()!;
    if (seen.has(pc)) continue;
    seen.add(pc);
    reached[pc] = 1;
    const instruction = instructions[pc];
    if (instruction === undefined) throw new ControlFlowError('CFG-03', pc, `instruction ${pc} is not the start of an instruction`);
    const next = pc + slotCount(instruction);
    switch (instruction.kind) {
      case 'exit':
        break;
      case 'jump':
        leaders.add(targetOf(pc, instruction));
        flow(pc, targetOf(pc, instruction));
        break;
      case 'branch':
      case 'may_goto':
        leaders.add(targetOf(pc, instruction));
        leaders.add(next);
        flow(pc, targetOf(pc, instruction));
        flow(pc, next);
        break;
      case 'call_local': {
        const callee = targetOf(pc, instruction);
        if (callee < 0 || callee >= instructions.length || instructions[callee] === undefined) {
          throw new ControlFlowError('CFG-03', pc, `call to instruction ${callee}, which is no function of this program`);
        }
        functions.push(callee);
        leaders.add(next);
        flow(pc, next);
        break;
      }
      case 'lddw':
        if (instruction.source === 'code') {
          const callee = pc + 1 + instruction.low;
          if (callee < 0 || callee >= instructions.length || instructions[callee] === undefined) {
            throw new ControlFlowError('CFG-03', pc, `address of instruction ${callee}, which is no function of this program`);
          }
          functions.push(callee);
        }
        flow(pc, next);
        break;
      default:
        if (isolated(instruction)) {
          leaders.add(pc);
          leaders.add(next);
        }
        flow(pc, next);
    }
  }
  for (const leader of leaders) if (!seen.has(leader)) leaders.delete(leader);
  return leaders;
}

function cutBlocks(
  instructions: InstructionList,
  functionStart: number,
  leaders: ReadonlySet<number>,
  blocks: Block[],
  blockAt: Map<number, number>,
): void {
  const starts = [...leaders].sort((a, b) => a - b);
  const local = new Map<number, number>();
  for (const start of starts) {
    local.set(start, blocks.length);
    // A slot shared by two functions (a jump out of one into the other) belongs to the first that reached it for look-ups by slot.
    if (!blockAt.has(start)) blockAt.set(start, blocks.length);
    let last = start;
    for (;;) {
      const instruction = instructions[last]!;
      const next = last + slotCount(instruction);
      if (endsBlock(instruction) || leaders.has(next)) break;
      last = next;
    }
    blocks.push({ id: blocks.length, start, last, successors: [], functionStart, order: -1, loopEnd: -1 });
  }
  for (const start of starts) {
    const block = blocks[local.get(start)!]!;
    const instruction = instructions[block.last]!;
    const next = block.last + slotCount(instruction);
    if (instruction.kind === 'exit') continue;
    if (instruction.kind === 'jump' || instruction.kind === 'branch' || instruction.kind === 'may_goto') {
      block.successors.push(local.get(targetOf(block.last, instruction))!);
    }
    if (instruction.kind !== 'jump') block.successors.push(local.get(next)!);
  }
}

function endsBlock(instruction: Instruction): boolean {
  return (
    instruction.kind === 'exit' ||
    instruction.kind === 'jump' ||
    instruction.kind === 'branch' ||
    instruction.kind === 'may_goto' ||
    instruction.kind === 'call_local'
  );
}

/** Blocks still to be ordered, and where control enters them, most natural entry first. */
interface Region {
  readonly members: readonly number[];
  readonly roots: readonly number[];
}

/**
 * Numbers the blocks so that loops are contiguous and begin with their head (a weak topological order after Bourdoncle,
 * "Efficient chaotic iteration strategies with widenings", 1993), without recursion: nesting depth is an attacker's choice.
 */
function orderFunction(blocks: Block[], graph: FunctionGraph): void {
  let next = 0;
  let steps = 0;
  // Work items are emitted in order; a region expands into its components, first one on top of the stack.
  type Item = { region: Region } | { block: number; loop?: Region };
  const stack: Item[] = [{ region: { members: graph.blocks, roots: [graph.entry] } }];
  const closes: { head: number; depth: number }[] = [];
  while (stack.length > 0) {
    while (closes.length > 0 && stack.length <= closes[closes.length - 1]!.depth) {
      blocks[closes.pop()!.head]!.loopEnd = next - 1;
    }
    const item = stack.pop()!;
    if ('block' in item) {
      blocks[item.block]!.order = next++;
      if (item.loop !== undefined) {
        closes.push({ head: item.block, depth: stack.length });
        if (item.loop.members.length > 0) stack.push({ region: item.loop });
      }
      continue;
    }
    steps += item.region.members.length;
    if (steps > MAX_ORDERING_STEPS) throw new GraphLimitError('Loops are nested too deeply to be judged.');
    const components = stronglyConnected(blocks, item.region);
    // Tarjan yields components in reverse topological order, which is the order a stack wants.
    for (const component of components) {
      const head = component.head;
      const single = component.members.length === 1;
      if (single && !blocks[head]!.successors.includes(head)) stack.push({ block: head });
      else {
        const members = component.members.filter((id) => id !== head).sort((a, b) => blocks[a]!.start - blocks[b]!.start);
        stack.push({ block: head, loop: { members, roots: [...blocks[head]!.successors, ...members] } });
      }
    }
  }
  while (closes.length > 0) blocks[closes.pop()!.head]!.loopEnd = next - 1;
}

interface Component {
  readonly head: number;
  readonly members: readonly number[];
}

/** Tarjan's algorithm with an explicit stack, over the subgraph of the region; a component's head is its first block in depth-first order. */
function stronglyConnected(blocks: readonly Block[], region: Region): Component[] {
  const inside = new Set(region.members);
  const index = new Map<number, number>();
  const low = new Map<number, number>();
  const onStack = new Set<number>();
  const stack: number[] = [];
  const components: Component[] = [];
  let counter = 0;
  for (const root of region.roots) {
    if (index.has(root) || !inside.has(root)) continue;
    const calls: { block: number; edge: number }[] = [{ block: root, edge: 0 }];
    index.set(root, counter);
    low.set(root, counter++);
    stack.push(root);
    onStack.add(root);
    while (calls.length > 0) {
      const call = calls[calls.length - 1]!;
      const successors = blocks[call.block]!.successors;
      if (call.edge < successors.length) {
        const target = successors[call.edge++]!;
        if (!inside.has(target)) continue;
        if (!index.has(target)) {
          index.set(target, counter);
          low.set(target, counter++);
          stack.push(target);
          onStack.add(target);
          calls.push({ block: target, edge: 0 });
        } else if (onStack.has(target)) {
          low.set(call.block, Math.min(low.get(call.block)!, index.get(target)!));
        }
        continue;
      }
      calls.pop();
      const parent = calls[calls.length - 1];
      if (parent !== undefined) low.set(parent.block, Math.min(low.get(parent.block)!, low.get(call.block)!));
      if (low.get(call.block) === index.get(call.block)) {
        const members: number[] = [];
        for (;;) {
          const member = stack.pop()!;
          onStack.delete(member);
          members.push(member);
          if (member === call.block) break;
        }
        components.push({ head: call.block, members });
      }
    }
  }
  return components;
}
