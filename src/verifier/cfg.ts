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
  successors: readonly number[];
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

/** Loops within one another; compilers give a handful, and each costs a round over all that it contains. */
const MAX_NESTING = 128;
/** Ordering nested loops looks at a block once for every loop around it; beyond this many looks a program is too intricate to judge. */
const MAX_ORDERING_STEPS = 10_000_000;
/** Slots looked at for all functions: those that share code are looked at once for each. */
const MAX_WALKED_SLOTS = 4_000_000;

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
  const walk: Walk = { by: new Int32Array(instructions.length), function: 0, steps: 0 };
  const pending = [entry];
  while (pending.length > 0) {
    const start = pending.pop()!;
    if (functions.has(start)) continue;
    walk.function++;
    const leaders = exploreFunction(instructions, start, isolated, walk, pending);
    const first = blocks.length;
    cutBlocks(instructions, start, leaders, blocks, blockAt);
    const ids: number[] = [];
    for (let id = first; id < blocks.length; id++) ids.push(id);
    const graph = { start, entry: ids.find((id) => blocks[id]!.start === start)!, blocks: ids };
    functions.set(start, graph);
    orderFunction(blocks, graph);
  }
  const unreachable: number[] = [];
  for (let pc = 0; pc < instructions.length; pc++) if (instructions[pc] !== undefined && walk.by[pc] === 0) unreachable.push(pc);
  return { blocks, functions, blockAt, unreachable };
}

/** Which slots have been looked at. */
interface Walk {
  /** By slot: the number of the function that looked last, 0 where none did. */
  readonly by: Int32Array;
  /** Number of the function that is being looked at. */
  function: number;
  steps: number;
}

/** Walks one function, returns the slots at which blocks begin; appends functions it refers to. */
function exploreFunction(
  instructions: InstructionList,
  start: number,
  isolated: (instruction: Instruction) => boolean,
  walk: Walk,
  functions: number[],
): Set<number> {
  const leaders = new Set([start]);
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
    if (walk.by[pc] === walk.function) continue;
    walk.by[pc] = walk.function;
    if (++walk.steps > MAX_WALKED_SLOTS) throw new GraphLimitError('The functions of the program share too much code to be judged.');
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
  for (const leader of leaders) if (walk.by[leader] !== walk.function) leaders.delete(leader);
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
    blocks.push({ id: blocks.length, start, last, successors: NONE, functionStart, order: -1, loopEnd: -1 });
  }
  for (let id = blocks.length - starts.length; id < blocks.length; id++) {
    const block = blocks[id]!;
    const instruction = instructions[block.last]!;
    const next = block.last + slotCount(instruction);
    // Written as literals: a list that grows takes room for many more.
    if (instruction.kind === 'exit') block.successors = NONE;
    else if (instruction.kind === 'jump') block.successors = [local.get(targetOf(block.last, instruction))!];
    else if (instruction.kind === 'branch' || instruction.kind === 'may_goto')
      block.successors = [local.get(targetOf(block.last, instruction))!, local.get(next)!];
    else block.successors = [local.get(next)!];
  }
}

const NONE: readonly number[] = [];

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
  /** Ids, ascending by slot. */
  readonly members: readonly number[];
  readonly roots: readonly number[];
  /** Loops around the region. */
  readonly depth: number;
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
  const stack: Item[] = [{ region: { members: graph.blocks, roots: [graph.entry], depth: 0 } }];
  const closes: { head: number; depth: number }[] = [];
  const search = new ComponentSearch(blocks, graph.blocks);
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
    const { region } = item;
    steps += region.members.length;
    if (steps > MAX_ORDERING_STEPS) throw new GraphLimitError('The loops of the program are too entangled to be judged.');
    // Components come in reverse topological order, which is the order a stack wants.
    for (const { head, members } of search.componentsOf(region)) {
      const single = members.length === 1;
      if (single && !blocks[head]!.successors.includes(head)) stack.push({ block: head });
      else {
        const depth = region.depth + 1;
        if (depth > MAX_NESTING) {
          const { start } = blocks[head]!;
          throw new GraphLimitError(`The loop at instruction ${start} lies within ${MAX_NESTING} others; no more than ${MAX_NESTING} are judged.`);
        }
        const inner = members.filter((id) => id !== head);
        stack.push({ block: head, loop: { members: inner, roots: [...blocks[head]!.successors, ...inner], depth } });
      }
    }
  }
  while (closes.length > 0) blocks[closes.pop()!.head]!.loopEnd = next - 1;
}

interface Component {
  /** The first block in depth-first order. */
  readonly head: number;
  /** Ids, ascending by slot. */
  readonly members: readonly number[];
}

/** Tarjan's algorithm with an explicit stack, over one region of a function after the other; its tables are shared by all of them. */
class ComponentSearch {
  private readonly blocks: readonly Block[];
  private readonly first: number;
  /** By block of the function: the region looked at last, and what is known of the block there. */
  private readonly region: Int32Array;
  private readonly index: Int32Array;
  private readonly low: Int32Array;
  private readonly component: Int32Array;
  private regions = 0;

  /** @param ids the function's blocks, which are numbered in one run. */
  constructor(blocks: readonly Block[], ids: readonly number[]) {
    this.blocks = blocks;
    this.first = ids[0] ?? 0;
    this.region = new Int32Array(ids.length);
    this.index = new Int32Array(ids.length);
    this.low = new Int32Array(ids.length);
    this.component = new Int32Array(ids.length);
  }

  /** The strongly connected parts that can be entered from the region's roots, last ones first. */
  componentsOf({ members, roots }: Region): readonly Component[] {
    const { first, region, index, component } = this;
    const stamp = ++this.regions;
    for (const id of members) {
      region[id - first] = stamp;
      index[id - first] = UNSEEN;
      component[id - first] = UNSEEN;
    }
    const heads: number[] = [];
    let counter = 0;
    for (const root of roots) {
      if (region[root - first] === stamp && index[root - first] === UNSEEN) counter = this.search(root, stamp, counter, heads);
    }
    const lists: number[][] = heads.map(() => []);
    for (const id of members) {
      const of = component[id - first]!;
      if (of !== UNSEEN) lists[of]!.push(id);
    }
    return heads.map((head, at) => ({ head, members: lists[at]! }));
  }

  /** Numbers what can be reached from the root, from `counter` on, and appends the heads of the components found; returns the next number. */
  private search(root: number, stamp: number, counter: number, heads: number[]): number {
    const { blocks, first, region, index, low, component } = this;
    let next = counter;
    const open: number[] = [];
    const path: number[] = [];
    const edges: number[] = [];
    const enter = (id: number) => {
      index[id - first] = next;
      low[id - first] = next++;
      open.push(id);
      path.push(id);
      edges.push(0);
    };
    enter(root);
    while (path.length > 0) {
      const top = path.length - 1;
      const id = path[top]!;
      const at = id - first;
      const { successors } = blocks[id]!;
      if (edges[top]! < successors.length) {
        const target = successors[edges[top]!++]! - first;
        if (region[target] !== stamp) continue;
        if (index[target] === UNSEEN) enter(target + first);
        else if (component[target] === UNSEEN && index[target]! < low[at]!) low[at] = index[target]!;
        continue;
      }
      path.pop();
      edges.pop();
      if (top > 0) {
        const parent = path[top - 1]! - first;
        if (low[at]! < low[parent]!) low[parent] = low[at]!;
      }
      if (low[at] !== index[at]) continue;
      for (;;) {
        const member = open.pop()!;
        component[member - first] = heads.length;
        if (member === id) break;
      }
      heads.push(id);
    }
    return next;
  }
}

const UNSEEN = -1;
