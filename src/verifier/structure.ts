import type { Instruction, Register } from '../isa/instruction.ts';
import { slotCount } from '../isa/instruction.ts';
import type { ControlFlowGraph } from './cfg.ts';
import { targetOf } from './cfg.ts';
import type { Machine } from './machine.ts';
import type { State } from './state.ts';

/** Hosts round each frame up to this many bytes (round_up_stack_depth of the kernel's verifier, for translated programs). */
const FRAME_ROUNDING = 16;

interface CallSite {
  readonly pc: number;
  readonly callee: number;
}

/** What the code of one function says about the stack, without running it. */
interface FunctionUse {
  /** Bytes, rounded up. */
  readonly depth: number;
  readonly calls: readonly CallSite[];
}

/**
 * Adds up the frames along every chain of calls (combined stack; check_max_stack_depth of the kernel's verifier). Reports the call that first exceeds
 * the platform's limit.
 */
export function checkCombinedStack(machine: Machine, graph: ControlFlowGraph, state: () => State): void {
  const { limits } = machine.rules.platform;
  if (graph.functions.size < 2 || limits.combinedStack >= limits.stackSize * limits.callFrames) return;
  const uses = new Map<number, FunctionUse>();
  const use = (start: number) => {
    let known = uses.get(start);
    if (known === undefined) {
      known = functionUse(machine, graph, start);
      uses.set(start, known);
    }
    return known;
  };
  // The deepest sum with which a function was entered, per length of the chain: less deep visits find nothing new.
  const deepest = new Map<string, number>();
  const visit = (start: number, before: number, chain: readonly number[], sites: readonly number[]): boolean => {
    const { depth, calls } = use(start);
    const sum = before + depth;
    const key = `${start}:${chain.length}`;
    if ((deepest.get(key) ?? -1) >= sum) return false;
    deepest.set(key, sum);
    for (const { pc, callee } of calls) {
      if (chain.includes(callee) || chain.length >= limits.callFrames) continue;
      const total = sum + use(callee).depth;
      const next = [...chain, callee];
      if (total > limits.combinedStack) {
        machine.fail('combined_stack', pc, state(), {
          width: next.length,
          max: total,
          limit: limits.combinedStack,
          note: next.map((slot) => `${nameOf(machine, slot)} ${use(slot).depth}`).join(', '),
          callStack: sites,
        });
        return true;
      }
      if (visit(callee, sum, next, [...sites, pc])) return true;
    }
    return false;
  };
  visit(0, 0, [0], []);
}

function nameOf(machine: Machine, slot: number): string {
  return machine.program.functions.find(({ start }) => start === slot)?.name ?? `function at ${slot}`;
}

/** Helpers that run their callback later, on a stack of its own. */
const LATER: ReadonlySet<string> = new Set(['bpf_timer_set_callback', 'bpf_wq_set_callback_impl']);

function functionUse(machine: Machine, graph: ControlFlowGraph, start: number): FunctionUse {
  let lowest = 0;
  const calls: CallSite[] = [];
  for (const id of graph.functions.get(start)!.blocks) {
    const block = graph.blocks[id]!;
    const places = new Map<Register, number>([[10, 0]]);
    let callbacks: CallSite[] = [];
    for (let pc = block.start; pc <= block.last; pc += slotCount(machine.instruction(pc))) {
      const instruction = machine.instruction(pc);
      lowest = Math.min(lowest, place(places, instruction));
      if (instruction.kind === 'call_local') calls.push({ pc, callee: targetOf(pc, instruction) });
      else if (instruction.kind === 'lddw' && instruction.source === 'code') callbacks.push({ pc, callee: pc + 1 + instruction.low });
      else if (callbacks.length > 0 && (instruction.kind === 'call' || instruction.kind === 'call_btf')) {
        const called = machine.calledBy(instruction);
        if (called === undefined || !LATER.has(called.name)) calls.push(...callbacks);
        callbacks = [];
      }
    }
    calls.push(...callbacks);
  }
  return { depth: Math.ceil(Math.max(-lowest, 1) / FRAME_ROUNDING) * FRAME_ROUNDING, calls };
}

/** Follows fixed distances from r10 through one instruction; returns the lowest frame offset it names. */
function place(places: Map<Register, number>, instruction: Instruction): number {
  switch (instruction.kind) {
    case 'binary': {
      const { operator, width, dst, source } = instruction;
      const from = source.kind === 'register' ? places.get(source.register) : undefined;
      const before = places.get(dst);
      if (operator === 'mov' && width === 64 && from !== undefined) places.set(dst, from);
      else if (operator === 'add' && width === 64 && before !== undefined && source.kind === 'immediate') places.set(dst, before + source.value);
      else places.delete(dst);
      return places.get(dst) ?? 0;
    }
    case 'load':
    case 'load_acquire': {
      const lowest = (places.get(instruction.src) ?? 0) + (places.has(instruction.src) ? instruction.offset : 0);
      places.delete(instruction.dst);
      return lowest;
    }
    case 'store':
    case 'store_release':
    case 'atomic':
      return places.has(instruction.dst) ? places.get(instruction.dst)! + instruction.offset : 0;
    case 'call':
    case 'call_btf':
    case 'callx':
    case 'call_local':
    case 'packet':
      for (const register of [0, 1, 2, 3, 4, 5] as const) places.delete(register);
      return 0;
    case 'lddw':
    case 'movsx':
    case 'negate':
    case 'swap':
    case 'cast':
      places.delete(instruction.dst);
      return 0;
    default:
      return 0;
  }
}

/**
 * Instructions that no path reaches, without what compilers leave behind an `exit` written in assembly: a lone jump, and what only such jumps reach.
 */
export function unreachableCode(machine: Machine, graph: ControlFlowGraph): readonly number[] {
  const { unreachable } = graph;
  const lost = new Set(unreachable);
  const work = unreachable.flatMap((slot) => {
    const instruction = machine.instruction(slot);
    const isLone = instruction.kind === 'jump' && (slot === 0 || !lost.has(slot - 1));
    return isLone ? [slot] : [];
  });
  const remains = new Set<number>();
  while (work.length > 0) {
    const slot = work.pop()!;
    if (!lost.has(slot) || remains.has(slot)) continue;
    remains.add(slot);
    const instruction = machine.instruction(slot);
    if (instruction.kind === 'exit') continue;
    if (instruction.kind === 'jump' || instruction.kind === 'branch' || instruction.kind === 'may_goto') work.push(targetOf(slot, instruction));
    if (instruction.kind !== 'jump') work.push(slot + slotCount(instruction));
  }
  return unreachable.filter((slot) => !remains.has(slot));
}

/**
 * The first instruction in reach whose flow goes on in another function than its own, by a jump or past its end, with where it goes on (check_subprogs of
 * the kernel's verifier); undefined where there is none.
 */
export function strayFlow(machine: Machine, graph: ControlFlowGraph): { readonly from: number; readonly to: number } | undefined {
  const starts = [...graph.functions.keys()].sort((a, b) => a - b);
  if (starts.length < 2) return undefined;
  for (const { start, blocks } of graph.functions.values()) {
    const end = starts.find((other) => other > start) ?? machine.instructions.length;
    for (const id of blocks) {
      const { start: first, last, successors } = graph.blocks[id]!;
      if (first < end && last >= end) return { from: first, to: end };
      for (const successor of successors) {
        const to = graph.blocks[successor]!.start;
        if (to < start || to >= end) return { from: last, to };
      }
    }
  }
  return undefined;
}
