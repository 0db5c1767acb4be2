import type { Instruction } from '../../isa/instruction.ts';
import type { ExecutableProgram } from '../engine.ts';
import { buildFlowGraph, computeDominance, type Dominance, type FlowGraph, programShape } from './flow-graph.ts';
import { effectOf, FRAME_POINTER, liveAtEntry, type RegisterSet } from './liveness.ts';
import { makeReducible } from './reducible.ts';

/** One eBPF function of a program: what starts at the entry slot, at the target of a local call, or where a code address points. */
export interface EbpfFunction {
  readonly entry: number;
  readonly graph: FlowGraph;
  readonly dominance: Dominance;
  /** Instructions in it. */
  readonly size: number;
  /** Entry slots of the functions it calls. */
  readonly callees: readonly number[];
  /** Registers other than r10 that its callers must hand over. */
  readonly parameters: RegisterSet;
  /** Registers other than r10 that it mentions. */
  readonly registers: RegisterSet;
  /** Its frame's address is needed: it reads r10, or calls something that does. */
  readonly needsFrame: boolean;
  /** Has a loop (any edge back). */
  readonly loops: boolean;
}

export interface ProgramFunctions {
  readonly functions: ReadonlyMap<number, EbpfFunction>;
  /** Entry slots whose code address is taken. */
  readonly addressTaken: readonly number[];
  /** The depth of calls is not bounded by `maxFrames` in the program's text: it must be checked while running. */
  readonly checksDepth: boolean;
}

/** Slot that an LDDW of a code address names (libbpf: relative to the slot after the LDDW's first). */
export function codeTarget(low: number, slot: number): number {
  return slot + 1 + low;
}

interface Draft {
  readonly entry: number;
  readonly graph: FlowGraph;
  readonly dominance: Dominance;
  readonly callees: Set<number>;
  readonly size: number;
  readonly registers: RegisterSet;
  readonly readsFrame: boolean;
  readonly callsOut: boolean;
  parameters: RegisterSet;
  needsFrame: boolean;
}

const HELPER_ARGUMENTS: readonly RegisterSet[] = [0, 0b10, 0b110, 0b1110, 0b11110, 0b111110];

/** Finds and analyses the functions of a program. */
export function analyseFunctions(program: ExecutableProgram, maxFrames: number): ProgramFunctions {
  const { instructions } = program;
  const shape = programShape(instructions);
  const drafts = new Map<number, Draft>();
  const addressTaken = new Set<number>();
  const pending = [0];
  for (let entry = pending.pop(); entry !== undefined; entry = pending.pop()) {
    if (drafts.has(entry)) continue;
    const draft = draftFunction(program, shape, entry, addressTaken);
    drafts.set(entry, draft);
    pending.push(...draft.callees, ...addressTaken);
  }
  const checksDepth = addressTaken.size > 0 || longestChain(drafts) > maxFrames;
  propagateParameters(program, drafts);
  propagateFrames(drafts, checksDepth, addressTaken.size > 0);
  const functions = new Map<number, EbpfFunction>();
  for (const [entry, draft] of drafts) {
    functions.set(entry, { ...draft, callees: [...draft.callees], loops: draft.dominance.loopHeader.includes(1) });
  }
  return { functions, addressTaken: [...addressTaken].sort((a, b) => a - b), checksDepth };
}

function draftFunction(program: ExecutableProgram, shape: ReturnType<typeof programShape>, entry: number, addressTaken: Set<number>): Draft {
  let graph = buildFlowGraph(program.instructions, shape, entry);
  let dominance = computeDominance(graph);
  if (!dominance.reducible) {
    graph = makeReducible(graph);
    dominance = computeDominance(graph);
  }
  const callees = new Set<number>();
  let size = 0;
  let registers = 0;
  let callsOut = false;
  for (const block of graph.blocks) {
    for (let slot = block.start; slot < block.end; slot++) {
      const instruction = program.instructions[slot];
      if (instruction === undefined) continue;
      size++;
      const { reads, writes } = effectOf(instruction);
      registers |= reads | writes;
      if (instruction.kind === 'call_local') callees.add(slot + 1 + instruction.offset);
      else if (instruction.kind === 'lddw' && instruction.source === 'code') addressTaken.add(codeTarget(instruction.low, slot));
      else if (instruction.kind === 'call' || instruction.kind === 'call_btf' || instruction.kind === 'callx') callsOut = true;
      registers |= helperReads(program, instruction);
    }
  }
  const frame = 1 << FRAME_POINTER;
  const readsFrame = (registers & frame) !== 0;
  return { entry, graph, dominance, callees, size, registers: registers & ~frame, readsFrame, callsOut, parameters: 0, needsFrame: readsFrame };
}

function helperReads(program: ExecutableProgram, instruction: Instruction): RegisterSet {
  if (instruction.kind !== 'call' && instruction.kind !== 'call_btf') return 0;
  const helper = instruction.kind === 'call' ? program.helpers.get(instruction.helper) : program.kfuncs.get(instruction.btfId);
  return helper === undefined ? 0 : (HELPER_ARGUMENTS[helper.parameters.length] ?? 0b111110);
}

/** A caller hands over what any callee may read: grows until nothing changes (recursion). */
function propagateParameters(program: ExecutableProgram, drafts: ReadonlyMap<number, Draft>): void {
  const reads = (instruction: Instruction, slot: number): RegisterSet =>
    instruction.kind === 'call_local' ? (drafts.get(slot + 1 + instruction.offset)?.parameters ?? 0) : helperReads(program, instruction);
  for (let changed = true; changed; ) {
    changed = false;
    for (const draft of drafts.values()) {
      const live = liveAtEntry(program.instructions, draft.graph, draft.dominance.order, reads) & ~(1 << FRAME_POINTER);
      if (live === draft.parameters) continue;
      draft.parameters = live;
      changed = drafts.size > 1;
    }
  }
}

function propagateFrames(drafts: ReadonlyMap<number, Draft>, checksDepth: boolean, callsBack: boolean): void {
  for (const draft of drafts.values()) if (checksDepth || (callsBack && draft.callsOut)) draft.needsFrame = true;
  for (let changed = true; changed; ) {
    changed = false;
    for (const draft of drafts.values()) {
      if (draft.needsFrame) continue;
      for (const callee of draft.callees) if (drafts.get(callee)!.needsFrame) draft.needsFrame = changed = true;
    }
  }
}

/** Functions on the longest chain of calls from the entry; Infinity with recursion. */
function longestChain(drafts: ReadonlyMap<number, Draft>): number {
  const length = new Map<number, number>();
  const path: { entry: number; rest: number[] }[] = [{ entry: 0, rest: [...drafts.get(0)!.callees] }];
  const onPath = new Set([0]);
  for (let top = path[path.length - 1]; top !== undefined; top = path[path.length - 1]) {
    const callee = top.rest.pop();
    if (callee === undefined) {
      const below = [...drafts.get(top.entry)!.callees].map((one) => length.get(one)!);
      length.set(top.entry, 1 + Math.max(0, ...below));
      onPath.delete(top.entry);
      path.pop();
    } else if (onPath.has(callee)) {
      return Number.POSITIVE_INFINITY;
    } else if (!length.has(callee)) {
      onPath.add(callee);
      path.push({ entry: callee, rest: [...drafts.get(callee)!.callees] });
    }
  }
  return length.get(0)!;
}
