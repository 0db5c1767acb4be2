import type { Branch, Instruction, LocalCall, MayGoto } from '../../isa/instruction.ts';
import { MAY_GOTO_BUDGET } from '../engine.ts';
import { type Activation, type Emission, emitFault, emitReturn, type ProgramContext, pushFrame, pushRegister, setRegister } from './emission.ts';
import type { Block } from './flow-graph.ts';
import type { FunctionWriter } from './function-writer.ts';
import type { EbpfFunction } from './functions.ts';
import { effectOf, FRAME_POINTER } from './liveness.ts';
import { lowerStraight, pushCall, pushCondition } from './lower.ts';
import { I32, I64, OP } from './wasm.ts';

/**
 * Structured control flow from the dominator tree (Ramsey, "Beyond Relooper: Recursive Translation of Unstructured Control Flow to Structured
 * Control Flow", ICFP 2022), with an explicit work list instead of recursion: programs may have hundreds of thousands of instructions.
 *
 * A block that is the target of a retreating edge opens a `loop`. Each block with several forward predecessors follows a `block` that its
 * dominator opens; a jump to it leaves that `block`. Every other block stands where its only predecessor jumps to it.
 */

/** Inlining stops at these; both were chosen by measuring recursive and leaf calls. */
const INLINE_SIZE = 48;
const INLINE_DEPTH = 3;
const INLINE_TOTAL = 2000;

interface InlineState {
  /** Instructions inlined so far into this WebAssembly function. */
  total: number;
}

/** Writes the whole body of the WebAssembly function for `activation`, the end included. */
export function writeFunction(context: ProgramContext, writer: FunctionWriter, activation: Activation): void {
  const e: Emission = { context, writer, activation, slot: activation.function.entry, constants: [] };
  if (context.functions.checksDepth && !activation.isRoot) checkDepth(e);
  writeGraph(e, { total: 0 }, 0);
  writer.op(OP.unreachable);
  writer.op(OP.end);
}

/** Writes a copy of the entry function into its exported wrapper: for small programs the call between them costs more than they do. */
export function writeInlineEntry(
  context: ProgramContext,
  writer: FunctionWriter,
  frame: Pick<Activation, 'frameLocal' | 'frameOffset'>,
  prepare: (registers: Int32Array) => void,
): number {
  const target = context.functions.functions.get(0)!;
  const registers = registerLocals(target, writer, () => undefined);
  const result = writer.local(I64);
  prepare(registers);
  const exit = writer.depth;
  writer.open(OP.block);
  const activation: Activation = {
    function: target,
    registers,
    ...frame,
    inlined: { result, exit },
    isRoot: true,
    mayGoto: mayGotoLocal(target, context, writer),
  };
  writeGraph({ context, writer, activation, slot: 0, constants: [] }, { total: 0 }, 0);
  writer.end();
  return result;
}

/** Whether the entry function is small enough for `writeInlineEntry`. */
export function inlinesEntry(target: EbpfFunction): boolean {
  return target.size <= INLINE_SIZE;
}

/** Maps the registers of a function to locals; `parameter` gives the local of one that the caller hands over. */
export function registerLocals(target: EbpfFunction, writer: FunctionWriter, parameter: (register: number) => number | undefined): Int32Array {
  const registers = new Int32Array(FRAME_POINTER).fill(-1);
  const used = target.registers | target.parameters;
  for (let register = 0; register < FRAME_POINTER; register++) {
    if ((used >> register) & 1) registers[register] = parameter(register) ?? writer.local(I64);
  }
  return registers;
}

function checkDepth(e: Emission): void {
  const { writer, context } = e;
  pushFrame(e, 0);
  const { stackBase } = context;
  const reach = (context.maxFrames - 1) * context.frameSize;
  if (stackBase.kind === 'constant') writer.i32(stackBase.address + reach);
  else {
    writer.globalGet(stackBase.index);
    writer.i32(reach);
    writer.op(OP.i32_add);
  }
  writer.op(OP.i32_gt_u);
  writer.open(OP.if);
  emitFault(e, 'frames');
  writer.end();
}

/** What is left to do, innermost last. Kinds are small integers: this list is the hot path of translation. */
const TREE = 0;
const CONTENT = 1;
const END = 2;

function writeGraph(e: Emission, inlining: InlineState, inlineDepth: number): void {
  const { writer, activation } = e;
  const { graph, dominance } = activation.function;
  const { blocks } = graph;
  const { order, position, dominator, loopHeader, forwardEdges } = dominance;
  const count = blocks.length;
  // Children of each block in the dominator tree that need a label, ascending in reverse postorder, as linked lists.
  const merges = new Uint8Array(count);
  for (const block of order) {
    if (forwardEdges[block]! > 1) merges[block] = 1;
    if (blocks[block]!.kind === 'dispatch') for (const successor of blocks[block]!.successors) merges[successor] = 1;
  }
  const firstChild = new Int32Array(count).fill(-1);
  const nextSibling = new Int32Array(count).fill(-1);
  for (let index = order.length - 1; index > 0; index--) {
    const block = order[index]!;
    if (merges[block] === 0) continue;
    nextSibling[block] = firstChild[dominator[block]!]!;
    firstChild[dominator[block]!] = block;
  }
  const loopLabel = new Int32Array(count);
  const blockLabel = new Int32Array(count);
  const selector = blocks.some((block) => block.kind === 'dispatch') ? writer.local(I32) : -1;
  if (activation.mayGoto >= 0) {
    writer.i32(MAY_GOTO_BUDGET);
    writer.set(activation.mayGoto);
  }

  /** A jump is a branch to a label, or, as -1, the target itself comes here. */
  const label = (from: number, to: number): number => {
    if (position[to]! <= position[from]!) return loopLabel[to]!;
    return merges[to] === 1 ? blockLabel[to]! : -1;
  };
  const work: number[] = [graph.entry, TREE];
  const goTo = (from: number, to: number): void => {
    const depth = label(from, to);
    if (depth < 0) work.push(to, TREE);
    // The end of the innermost block comes next by itself.
    else if (!(depth === writer.depth - 1 && work[work.length - 1] === END && position[to]! > position[from]!)) writer.branch(OP.br, depth);
  };
  const children: number[] = [];
  const known = new Map<number, (bigint | undefined)[]>();

  while (work.length > 0) {
    const kind = work.pop()!;
    if (kind === END) {
      writer.end();
      continue;
    }
    const block = work.pop()!;
    if (kind === TREE) {
      if (loopHeader[block] === 1) {
        loopLabel[block] = writer.depth;
        writer.open(OP.loop);
        work.push(END);
        countDown(e, blocks[block]!.start);
      }
      children.length = 0;
      for (let child = firstChild[block]!; child !== -1; child = nextSibling[child]!) children.push(child);
      for (let index = children.length - 1; index >= 0; index--) {
        blockLabel[children[index]!] = writer.depth;
        writer.open(OP.block);
        work.push(children[index]!, TREE, END);
      }
      work.push(block, CONTENT);
      continue;
    }
    const { kind: sort, successors, label: selected } = blocks[block]!;
    if (sort === 'invalid') {
      e.slot = blocks[block]!.start;
      emitFault(e, 'undefined');
    } else if (sort === 'select') {
      writer.i32(selected);
      writer.set(selector);
      goTo(block, successors[0]!);
    } else if (sort === 'dispatch') {
      writer.get(selector);
      writer.branchTable(successors.map((successor) => label(block, successor)));
    } else {
      const inherits = block !== graph.entry && forwardEdges[block] === 1 && loopHeader[block] === 0;
      e.constants = inherits ? (known.get(dominator[block]!)?.slice() ?? []) : [];
      const last = writeBlock(e, blocks[block]!, inlining, inlineDepth);
      if (e.constants.length > 0) known.set(block, e.constants);
      if (last.kind === 'exit') emitReturn(e);
      else if (successors.length < 2) goTo(block, successors[0]!);
      else writeBranch(e, last as Branch | MayGoto, work, goTo, label(block, successors[0]!), label(block, successors[1]!), block, successors);
    }
  }
}

function writeBranch(
  e: Emission,
  branch: Branch | MayGoto,
  work: number[],
  goTo: (from: number, to: number) => void,
  takenLabel: number,
  nextLabel: number,
  block: number,
  successors: readonly number[],
): void {
  const { writer } = e;
  if (takenLabel >= 0) {
    pushCondition(e, branch, false);
    writer.branch(OP.br_if, takenLabel);
    goTo(block, successors[1]!);
  } else if (nextLabel >= 0) {
    pushCondition(e, branch, true);
    writer.branch(OP.br_if, nextLabel);
    goTo(block, successors[0]!);
  } else {
    // What follows the branch goes into the `if`: neither arm falls out of its end, so no `else` is needed and nesting stays shallow.
    pushCondition(e, branch, true);
    writer.open(OP.if);
    work.push(successors[0]!, TREE, END, successors[1]!, TREE);
  }
}

/** Writes all but a terminator and returns the last instruction. */
function writeBlock(e: Emission, block: Block, inlining: InlineState, inlineDepth: number): Instruction {
  const { instructions } = e.context.program;
  for (let slot = block.start; slot <= block.last; slot++) {
    const instruction = instructions[slot];
    if (instruction === undefined) continue;
    e.slot = slot;
    switch (instruction.kind) {
      case 'jump':
      case 'branch':
      case 'may_goto':
      case 'exit':
        break;
      case 'call_local':
        writeCall(e, instruction, inlining, inlineDepth);
        forgetCalled(e);
        break;
      default: {
        const { source } = instruction.kind === 'binary' && instruction.operator === 'mov' ? instruction : { source: undefined };
        const copied =
          source?.kind === 'register' && instruction.kind === 'binary' && instruction.width === 64 ? e.constants[source.register] : undefined;
        if (e.constants.length > 0) forget(e, effectOf(instruction).writes);
        lowerStraight(e, instruction);
        if (copied !== undefined && instruction.kind === 'binary') e.constants[instruction.dst] = copied;
        if (instruction.kind === 'call' || instruction.kind === 'call_btf' || instruction.kind === 'callx') forgetCalled(e);
      }
    }
  }
  return instructions[block.last]!;
}

function forget(e: Emission, written: number): void {
  for (let register = 0; written !== 0; register++, written >>= 1) if (written & 1) e.constants[register] = undefined;
}

/** r0 to r5 after a call. */
function forgetCalled(e: Emission): void {
  if (e.constants.length > 0) forget(e, 0b111111);
}

/** Faults when the budget, where there is one, is used up at a slot. */
function countDown(e: Emission, slot: number): void {
  const { writer, context } = e;
  const { budget } = context;
  if (budget === undefined) return;
  writer.globalGet(budget);
  writer.op(OP.i64_eqz);
  writer.open(OP.if);
  e.slot = slot;
  emitFault(e, 'budget');
  writer.end();
  writer.globalGet(budget);
  writer.i64(1);
  writer.op(OP.i64_sub);
  writer.globalSet(budget);
}

/** A local call, or a copy of the callee: V8 does not inline WebAssembly functions, and a call costs as much as ten instructions. */
function writeCall(e: Emission, call: LocalCall, inlining: InlineState, inlineDepth: number): void {
  const entry = e.slot + 1 + call.offset;
  countDown(e, e.slot);
  const callee = e.context.functions.functions.get(entry)!;
  if (callee.size > INLINE_SIZE || inlineDepth >= INLINE_DEPTH || inlining.total + callee.size > INLINE_TOTAL) {
    pushCall(e, entry);
    setRegister(e, 0);
    return;
  }
  inlining.total += callee.size;
  const { writer, activation, context, slot } = e;
  const registers = registerLocals(callee, writer, () => undefined);
  for (let register = 0; register < FRAME_POINTER; register++) {
    if (((callee.parameters >> register) & 1) === 0) continue;
    pushRegister(e, register as 0);
    writer.set(registers[register]!);
  }
  const exit = writer.depth;
  writer.open(OP.block);
  const inner: Emission = {
    context,
    writer,
    slot: entry,
    constants: [],
    activation: {
      function: callee,
      registers,
      frameLocal: activation.frameLocal,
      frameOffset: activation.frameOffset + context.frameSize,
      inlined: { result: activation.registers[0]!, exit },
      isRoot: false,
      mayGoto: mayGotoLocal(callee, context, writer),
    },
  };
  if (context.functions.checksDepth) checkDepth(inner);
  writeGraph(inner, inlining, inlineDepth + 1);
  writer.end();
  e.slot = slot;
}

/** The local that counts a function's may_goto instructions; -1 when it has none. */
export function mayGotoLocal(target: EbpfFunction, context: ProgramContext, writer: FunctionWriter): number {
  const has = target.graph.blocks.some((block) => block.kind === 'code' && context.program.instructions[block.last]!.kind === 'may_goto');
  return has ? writer.local(I32) : -1;
}
