import type { Operand, Register } from '../../isa/instruction.ts';
import type { ExecutableProgram, HelperImplementation } from '../engine.ts';
import { NULL_GUARD } from '../engine.ts';
import type { FunctionWriter } from './function-writer.ts';
import type { EbpfFunction, ProgramFunctions } from './functions.ts';
import type { InlineHelper } from './inline-helper.ts';
import { FRAME_POINTER } from './liveness.ts';
import { I64, OP } from './wasm.ts';

/** A helper or kernel function that the module imports. */
export interface ImportedHelper {
  readonly implementation: HelperImplementation;
  readonly index: number;
  readonly inline: InlineHelper | undefined;
  /** Function indexes of what the inline form imports, in its order. */
  readonly inlineImports: readonly number[];
}

/** Why generated code gives up: the first argument of the imported `fault` function. */
export const FAULTS = ['undefined', 'frames', 'budget', 'unsupported'] as const;
export type FaultName = (typeof FAULTS)[number];

/** Function indexes of the imports that every module has. */
export interface ServiceImports {
  /** (fault number, slot): never returns. */
  readonly fault: number;
  /** (): never returns; leaves the program from a function below the entry for a tail call. */
  readonly leave: number;
  /** (r6, offset, size) -> f64, -1 outside the packet. */
  readonly packetLoad: number;
  /** (value, r1 .. r5) -> r0: a helper whose id was in a register. */
  readonly callHelper: number;
}

/** What all functions of one program share while they are written. */
export interface ProgramContext {
  readonly program: ExecutableProgram;
  readonly functions: ProgramFunctions;
  readonly services: ServiceImports;
  readonly helpers: ReadonlyMap<number, ImportedHelper>;
  readonly kfuncs: ReadonlyMap<number, ImportedHelper>;
  readonly frameSize: number;
  /** Address of the first frame, or the index of the global that holds it. */
  readonly stackBase: { readonly kind: 'constant'; readonly address: number } | { readonly kind: 'global'; readonly index: number };
  readonly maxFrames: number;
  /** Index of the global with the frame for functions that helpers call; undefined in programs that take no code address. */
  readonly callbackFrame: number | undefined;
  /** Index of the i64 global counting down turns of loops and calls; undefined without a budget. */
  readonly budget: number | undefined;
  /** Pushes the i64 that an LDDW other than `immediate` and `code` loads; `value` is known when it is baked in. */
  readonly resolved: (writer: FunctionWriter, slot: number) => bigint | undefined;
  /** WebAssembly function of the eBPF function at an entry slot. */
  readonly functionIndex: (entry: number) => number;
}

/** One instance of an eBPF function in the code being written: the function itself or an inlined copy of a callee. */
export interface Activation {
  readonly function: EbpfFunction;
  /** Local of each register r0..r9; -1 when the function has no use for it. */
  readonly registers: Int32Array;
  /** Lowest address of its stack frame: local + offset, or just offset when local is -1. */
  readonly frameLocal: number;
  readonly frameOffset: number;
  /** Where an inlined copy leaves its result and goes at exit. */
  readonly inlined: { readonly result: number; readonly exit: number } | undefined;
  /** The program's entry, called from outside only: leaving it leaves the program. */
  readonly isRoot: boolean;
  /** Counter of may_goto; -1 without. */
  readonly mayGoto: number;
}

/** The state of writing one function; what the lowering of an instruction gets. */
export interface Emission {
  readonly context: ProgramContext;
  readonly writer: FunctionWriter;
  readonly activation: Activation;
  slot: number;
  /** Values of registers known from the instructions before it; by register. */
  constants: (bigint | undefined)[];
}

export function pushRegister(e: Emission, register: Register): void {
  if (register === FRAME_POINTER) {
    pushFrame(e, e.context.frameSize);
    e.writer.op(OP.i64_extend_i32_u);
    return;
  }
  const local = e.activation.registers[register]!;
  if (local < 0) e.writer.i64(0);
  else e.writer.get(local);
}

export function pushRegister32(e: Emission, register: Register): void {
  if (register === FRAME_POINTER) {
    pushFrame(e, e.context.frameSize);
    return;
  }
  pushRegister(e, register);
  e.writer.op(OP.i32_wrap_i64);
}

export function pushOperand(e: Emission, operand: Operand): void {
  if (operand.kind === 'register') pushRegister(e, operand.register);
  else e.writer.i64(operand.value);
}

export function pushOperand32(e: Emission, operand: Operand): void {
  if (operand.kind === 'register') pushRegister32(e, operand.register);
  else e.writer.i32(operand.value);
}

/** Pops the i64 on the stack into a register. r10 is read-only: the decoder refuses programs that write it, the value is dropped. */
export function setRegister(e: Emission, register: Register): void {
  const local = register === FRAME_POINTER ? -1 : e.activation.registers[register]!;
  if (local < 0) e.writer.op(OP.drop);
  else e.writer.set(local);
}

/** Pushes the i32 address `delta` bytes above the lowest of the current frame. */
export function pushFrame(e: Emission, delta: number): void {
  const { frameLocal, frameOffset } = e.activation;
  if (frameLocal < 0) {
    e.writer.i32(frameOffset + delta);
    return;
  }
  e.writer.get(frameLocal);
  if (frameOffset + delta === 0) return;
  e.writer.i32(frameOffset + delta);
  e.writer.op(OP.i32_add);
}

/**
 * Pushes the index for a memory access at `register + offset` and returns the offset to put in the access itself.
 *
 * An eBPF pointer is an offset into the memory; its upper 32 bits are zero in a verified program and ignored here: whatever they are, the
 * access stays inside the memory. Addresses below `NULL_GUARD` must trap, although they exist: the index is the address less `NULL_GUARD`,
 * which wraps around to nearly 4 GiB for them, and the access adds `NULL_GUARD` without wrapping, which puts them beyond any memory.
 * With offset 0 and up the subtraction depends on the register alone, so that V8 makes it once for several fields of one structure;
 * then a base register below `NULL_GUARD` traps whatever the offset is.
 */
export function pushAddress(e: Emission, register: Register, offset: number): number {
  const { writer, activation, context } = e;
  if (register === FRAME_POINTER && offset >= -context.frameSize) {
    const delta = activation.frameOffset + context.frameSize + offset;
    if (activation.frameLocal < 0) {
      writer.i32(delta);
      return 0;
    }
    writer.get(activation.frameLocal);
    return delta;
  }
  pushRegister32(e, register);
  if (offset >= 0) {
    writer.i32(-NULL_GUARD);
    writer.op(OP.i32_add);
    return NULL_GUARD + offset;
  }
  writer.i32(offset - NULL_GUARD);
  writer.op(OP.i32_add);
  return NULL_GUARD;
}

/** Leaves the current function; r0 is the result. */
export function emitReturn(e: Emission): void {
  const { inlined, registers } = e.activation;
  if (inlined === undefined) {
    pushRegister(e, 0);
    e.writer.op(OP.return);
    return;
  }
  if (inlined.result >= 0 && registers[0]! !== inlined.result) {
    pushRegister(e, 0);
    e.writer.set(inlined.result);
  }
  e.writer.branch(OP.br, inlined.exit);
}

export function emitFault(e: Emission, fault: FaultName): void {
  e.writer.i32(FAULTS.indexOf(fault));
  e.writer.i32(e.slot);
  e.writer.call(e.context.services.fault);
  e.writer.op(OP.unreachable);
}

export function scratch64(e: Emission, name: string): number {
  return e.writer.scratch(I64, name);
}
