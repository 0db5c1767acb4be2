import type { Instruction, InstructionList } from './instruction.ts';
import { slotCount } from './instruction.ts';
import { targetOf } from './validate.ts';

/** How a helper call counts: a map look-up, a call that is handed memory, or neither. */
export type CallClass = 'call_1' | 'call_mem' | 'call_nomem';

/** What the platform knows about helpers. */
export interface CallKnowledge {
  readonly classOf: (helper: number) => CallClass;
  /** Packet pointers are invalid after it. */
  readonly reallocates: (helper: number) => boolean;
}

/** One function of a linked stream, as `ObjectProgram.functions` has it: slots from `start` up to, not including, `end`. */
export interface FunctionSlots {
  readonly start: number;
  readonly end: number;
}

/** Counts by name, in the order in which the original prints them: the fixed ones, and those that occur only. */
export type InstructionStatistics = ReadonlyMap<string, number>;

const ALWAYS = [
  'arith',
  'arith32',
  'arith64',
  'assign',
  'call_1',
  'call_mem',
  'call_nomem',
  'instructions',
  'joins',
  'jumps',
  'load',
  'load_store',
  'map_in_map',
  'other',
  'packet_access',
  'reallocate',
  'store',
];

/**
 * Counts instructions by kind the way the original's verifier sees a program: one label per instruction, one per edge of a conditional
 * jump (`assume`), one each for entry and exit, and a subprogram once per call of it. `joins` and `jumps` are labels with more than one
 * predecessor or successor; `map_in_map` and `reallocate` are 0 or 1.
 *
 * @param functions the entry first.
 */
export function instructionStatistics(list: InstructionList, functions: readonly FunctionSlots[], knowledge: CallKnowledge): InstructionStatistics {
  const counts = new Map<string, number>(ALWAYS.map((name) => [name, 0]));
  const add = (name: string, amount: number) => counts.set(name, (counts.get(name) ?? 0) + amount);
  const shapes = new Map(functions.map((range) => [range.start, functionShape(list, range)]));
  const calls = callCounts(shapes, functions[0]?.start ?? 0);
  for (const [start, times] of calls) {
    for (const pc of shapes.get(start)!.slots) {
      const instruction = list[pc]!;
      add('instructions', times);
      for (const name of namesOf(instruction, knowledge)) add(name, times);
      if (instruction.kind === 'lddw' && instruction.source === 'map_fd' && instruction.low === -1) counts.set('map_in_map', 1);
      if (instruction.kind === 'call' && knowledge.reallocates(instruction.helper)) counts.set('reallocate', 1);
    }
  }
  const edges = [...calls].map(([start, times]) => ({ times, ...edgeCounts(list, shapes, start) }));
  for (const { times, assumes, joins, jumps } of edges) {
    add('instructions', assumes * times);
    if (assumes > 0) add('assume', assumes * times);
    add('joins', joins * times);
    add('jumps', jumps * times);
  }
  // Entry and exit.
  add('instructions', 2);
  add('other', 2);
  if ((shapes.get(functions[0]?.start ?? 0)?.exits ?? 0) > 1) add('joins', 1);
  return new Map([...counts].toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

interface FunctionShape {
  readonly slots: readonly number[];
  /** Call targets, one per call. */
  readonly callees: readonly number[];
  readonly exits: number;
}

function functionShape(list: InstructionList, range: FunctionSlots): FunctionShape {
  const slots: number[] = [];
  const callees: number[] = [];
  let exits = 0;
  for (let pc = range.start; pc < range.end; pc++) {
    const instruction = list[pc];
    if (!instruction) continue;
    slots.push(pc);
    if (instruction.kind === 'call_local') callees.push(pc + 1 + instruction.offset);
    if (instruction.kind === 'exit') exits++;
  }
  return { slots, callees, exits };
}

/** How often each function is inlined, by its first slot; a function that is being counted already (recursion) is not entered again. */
function callCounts(shapes: ReadonlyMap<number, FunctionShape>, entry: number): ReadonlyMap<number, number> {
  const order: number[] = [];
  const visited = new Set<number>();
  const visit = (start: number) => {
    if (visited.has(start) || !shapes.has(start)) return;
    visited.add(start);
    for (const callee of shapes.get(start)!.callees) visit(callee);
    order.push(start);
  };
  visit(entry);
  const counts = new Map<number, number>([[entry, 1]]);
  const done = new Set<number>();
  for (const start of order.toReversed()) {
    done.add(start);
    for (const callee of shapes.get(start)!.callees) {
      if (shapes.has(callee) && !done.has(callee)) counts.set(callee, (counts.get(callee) ?? 0) + (counts.get(start) ?? 0));
    }
  }
  return counts;
}

function edgeCounts(list: InstructionList, shapes: ReadonlyMap<number, FunctionShape>, start: number) {
  const incoming = new Map<number, Set<number>>();
  const arrive = (target: number, from: number) => {
    const sources = incoming.get(target);
    if (sources) sources.add(from);
    else incoming.set(target, new Set([from]));
  };
  let assumes = 0;
  let jumps = 0;
  // Predecessors that are not instructions of this function get numbers below 0.
  let foreign = -1;
  arrive(start, foreign--);
  for (const pc of shapes.get(start)!.slots) {
    const instruction = list[pc]!;
    const next = pc + slotCount(instruction);
    const target = 'offset' in instruction && isJump(instruction) ? targetOf(instruction, pc) : undefined;
    if (target !== undefined) arrive(target, pc);
    if (instruction.kind === 'branch' || instruction.kind === 'may_goto') {
      if (target !== next) {
        assumes += 2;
        jumps++;
      }
      arrive(next, pc);
    } else if (instruction.kind === 'call_local') {
      const exits = shapes.get(next + instruction.offset)?.exits ?? 1;
      for (let exit = 0; exit < exits; exit++) arrive(next, foreign--);
    } else if (instruction.kind !== 'jump' && instruction.kind !== 'exit') {
      arrive(next, pc);
    }
  }
  const joins = [...incoming.values()].filter((sources) => sources.size > 1).length;
  return { assumes, joins, jumps };
}

function isJump(instruction: Instruction): instruction is Extract<Instruction, { kind: 'jump' | 'branch' | 'may_goto' }> {
  return instruction.kind === 'jump' || instruction.kind === 'branch' || instruction.kind === 'may_goto';
}

const KIND_NAMES: { readonly [Kind in Instruction['kind']]?: readonly string[] } = {
  negate: ['arith'],
  swap: ['arith'],
  cast: ['arith'],
  load: ['load'],
  load_acquire: ['load'],
  store: ['store'],
  store_release: ['store'],
  atomic: ['load_store'],
  packet: ['packet_access'],
  callx: ['callx'],
  call_btf: ['call_btf'],
};

function namesOf(instruction: Instruction, knowledge: CallKnowledge): readonly string[] {
  switch (instruction.kind) {
    case 'binary':
      return [`arith${instruction.width}`, instruction.operator === 'mov' ? 'assign' : 'arith'];
    case 'movsx':
      return [`arith${instruction.width}`, 'assign'];
    case 'lddw':
      return instruction.source === 'immediate' ? ['arith64', 'assign'] : ['assign'];
    case 'call':
      return [knowledge.classOf(instruction.helper)];
    default:
      return KIND_NAMES[instruction.kind] ?? ['other'];
  }
}
