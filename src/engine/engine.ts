import type { InstructionList, LoadImmediate } from '../isa/instruction.ts';
import type { Repetition } from './repeat.ts';

/**
 * The one interface behind the interpreter, the checked interpreter, the JIT and native images.
 *
 * All that a program can touch lives in one linear memory; an eBPF pointer is a byte offset into it (zero-extended to 64 bits).
 * Offset 0 up to `NULL_GUARD` is never handed out, so null and small offsets from null fault.
 */
export const NULL_GUARD = 0x1_0000;

/**
 * How one argument register reaches a helper: `u32` = low 32 bits as an unsigned number (pointers, sizes), `i32` = low 32 bits signed, `i64` = all
 * bits as a signed BigInt, `flags` = all bits of flags that fit 32: as `u32`, and 0xffffffff where there are more, which no helper knows.
 */
export type ArgumentType = 'u32' | 'i32' | 'i64' | 'flags';

/** How a helper's result fills r0: `u32` zero-extended, `i32` sign-extended (error codes), `i64` from a BigInt, `none` r0 = 0. */
export type ResultType = 'u32' | 'i32' | 'i64' | 'none';

export interface HelperImplementation {
  readonly id: number;
  readonly name: string;
  /** r1, r2, ... as many as it reads. */
  readonly parameters: readonly ArgumentType[];
  readonly result: ResultType;
  readonly call: (...args: never[]) => number | bigint | undefined;
  /** bpf_tail_call: after a call that returned 0, the engine leaves the program and continues with `ExecutionHost.pendingTailCall`. */
  readonly tailCall?: boolean;
}

/** What surrounds a running program. One per linear memory. */
export interface ExecutionHost {
  readonly memory: WebAssembly.Memory;
  /** Lowest address of the stack area; frames grow upward by `frameSize` per call level, r10 is the end of the frame. */
  readonly stackBase: number;
  readonly frameSize: number;
  readonly maxFrames: number;
  /** Set by the tail-call helper. */
  pendingTailCall: CompiledProgram | undefined;
  readonly maxTailCalls: number;
  /** Tail calls followed since the outermost `run`; engines keep it, the tail-call helper fails once it has reached `maxTailCalls`. */
  tailCallCount?: number;
  /**
   * Calls the subprogram whose code address (`codeAddress`) a helper was given, with r1, r2, ... one frame above the caller; returns r0.
   * Set by the engine while a program that takes code addresses runs.
   */
  callFunction?: ((address: number, ...registers: bigint[]) => bigint) | undefined;
  /**
   * Legacy packet loads (LD_ABS, LD_IND): the value in host order, or -1 when it lies outside the packet (the program then ends with r0 = 0).
   * `context` is r6, `offset` the signed 32-bit sum of imm and index register.
   */
  readonly packetLoad?: ((context: number, offset: number, size: 1 | 2 | 4) => number) | undefined;
}

/** How often the `may_goto` instructions of one function invocation fall through before the jump is taken (BPF_MAX_LOOPS, include/linux/bpf_verifier.h). */
export const MAY_GOTO_BUDGET = 0x80_0000;

/** The value of an LDDW that takes the address of the function at `slot`: never a data address, never a helper id. */
export function codeAddress(slot: number): number {
  return CODE_ADDRESS_BASE + slot;
}
/** The slot that `codeAddress` was made of. */
export function slotOfCodeAddress(address: number): number {
  return address - CODE_ADDRESS_BASE;
}
const CODE_ADDRESS_BASE = 0xf000_0000;

export interface ExecutableProgram {
  readonly name: string;
  /** Linked instructions; entry at slot 0. */
  readonly instructions: InstructionList;
  readonly helpers: ReadonlyMap<number, HelperImplementation>;
  /** Functions called by BTF id, keyed by `KfuncCall.btfId`. */
  readonly kfuncs: ReadonlyMap<number, HelperImplementation>;
  /** The 64-bit value of an LDDW whose source is not `immediate` nor `code` (map handle, address of global data, ksym). */
  readonly resolve: (load: LoadImmediate) => bigint;
}

/** Why an execution stopped without a result; engines throw it. */
export class ExecutionFault extends Error {
  readonly kind: 'memory' | 'budget' | 'frames' | 'unsupported' | 'undefined' | 'check';
  /** Slot, where the engine knows it. */
  readonly instruction: number | undefined;
  constructor(kind: ExecutionFault['kind'], message: string, instruction?: number) {
    super(message);
    this.name = 'ExecutionFault';
    this.kind = kind;
    this.instruction = instruction;
  }
}

export interface CompiledProgram {
  readonly name: string;
  /** Runs with r1 and r2 (second argument only for raw-memory programs), follows tail calls, returns r0 as an unsigned 64-bit BigInt. */
  run(r1: number, r2?: number): bigint;
  /** The same, but only the low 32 bits of r0 as an unsigned number: no BigInt on the way. */
  run32(r1: number, r2?: number): number;
  /** `run32` so many times (at least once) until one throws, faster than one by one; engines need not have it: `repeat` in repeat.ts. */
  repeat32?(r1: number, r2: number, runs: number): Repetition;
  /** Runs this program alone: a successful tail call ends it with `ExecutionHost.pendingTailCall` set. The step that `followTailCalls` repeats. */
  enter(r1: number, r2: number): bigint;
  /** `enter` with the low 32 bits of r0. */
  enter32(r1: number, r2: number): number;
}

export interface Engine {
  readonly name: 'interpreter' | 'checked' | 'jit' | 'native';
  compile(program: ExecutableProgram, host: ExecutionHost): CompiledProgram;
}
