import type { Branch, Instruction, LoadImmediate } from '../isa/instruction.ts';
import { slotCount } from '../isa/instruction.ts';
import type { HelperPrototype } from '../platform/platform.ts';
import { checkArguments } from './checked/arguments.ts';
import { asNumber, executeBinary, holds, readNumber, readOperand, swapBytes, truncate } from './checked/arithmetic.ts';
import { applyCall, requireNothingHeld, requireUnlocked } from './checked/effects.ts';
import { type CheckedFault, CheckFailure } from './checked/fault.ts';
import { executeAtomic, executeLoad, executePacketLoad, executeStore } from './checked/memory.ts';
import type { CheckedInput, CheckedOptions, CheckedOutcome, CheckedProgram } from './checked/program.ts';
import { CheckedState } from './checked/state.ts';
import { describe, numberValue, pointerTo, type Value, ZERO } from './checked/value.ts';

export { type CheckedFault, FAULT_KINDS, type FaultKind } from './checked/fault.ts';
export type { CheckedInput, CheckedMap, CheckedOptions, CheckedOutcome, CheckedProgram, HelperCallView, HelperModel } from './checked/program.ts';
export type { CheckedState } from './checked/state.ts';
export type { Region, RegionKind, Value } from './checked/value.ts';

const DEFAULT_LIMIT = 100_000;

/** Instructions either name the next slot or end the run. */
type Next = number | Extract<CheckedOutcome, { kind: 'exit' | 'tail_call' }>['kind'];
type Execute<Kind extends Instruction['kind']> = (state: CheckedState, instruction: Extract<Instruction, { kind: Kind }>, pc: number) => Next;

const EXECUTE: { readonly [Kind in Instruction['kind']]: Execute<Kind> } = {
  binary(state, instruction, pc) {
    if (instruction.dst === 10) throw new CheckFailure('frame_pointer_write', 'r10, the frame pointer, is read-only', 10);
    executeBinary(state, instruction);
    return pc + 1;
  },
  movsx(state, { bits, width, dst, src }, pc) {
    const value = BigInt.asIntN(bits, readNumber(state, src, 'sign extension', width));
    state.registers[dst] = numberValue(width === 64 ? value : BigInt.asUintN(32, value));
    return pc + 1;
  },
  negate(state, { width, dst }, pc) {
    const value = -readNumber(state, dst, 'negation', width);
    state.registers[dst] = numberValue(width === 64 ? value : BigInt.asUintN(32, value));
    return pc + 1;
  },
  swap(state, instruction, pc) {
    state.registers[instruction.dst] = numberValue(swapBytes(instruction, readNumber(state, instruction.dst, 'a byte swap', 64)));
    return pc + 1;
  },
  cast(state, { dst, src }, pc) {
    state.registers[dst] = state.read(src);
    return pc + 1;
  },
  lddw(state, instruction, pc) {
    state.registers[instruction.dst] = loadImmediate(state, instruction, pc);
    return pc + 2;
  },
  load(state, instruction, pc) {
    executeLoad(state, pc, instruction);
    return pc + 1;
  },
  load_acquire(state, instruction, pc) {
    executeLoad(state, pc, instruction);
    return pc + 1;
  },
  store(state, instruction, pc) {
    executeStore(state, pc, instruction);
    return pc + 1;
  },
  store_release(state, instruction, pc) {
    executeStore(state, pc, instruction);
    return pc + 1;
  },
  atomic(state, instruction, pc) {
    executeAtomic(state, pc, instruction);
    return pc + 1;
  },
  packet(state, instruction, pc) {
    // Ending with result 0 outside the packet is a normal end of the function.
    return executePacketLoad(state, instruction) ? pc + 1 : leave(state);
  },
  jump: (_, { offset }, pc) => pc + 1 + offset,
  branch: (state, instruction, pc) => (takesBranch(state, instruction, pc) ? pc + 1 + instruction.offset : pc + 1),
  may_goto(state, { offset }, pc) {
    if (state.frame.mayGoto === 0) return pc + 1 + offset;
    state.frame.mayGoto--;
    return pc + 1;
  },
  call(state, { helper }, pc) {
    return call(state, pc, state.program.helper(helper) ?? unknownHelper(state, helper));
  },
  call_btf(state, { btfId }, pc) {
    const prototype = state.program.kfunc?.(btfId);
    if (prototype === undefined) throw new CheckFailure('kfunc_unknown', `Calls kernel function ${btfId}, of which nothing is known`);
    return call(state, pc, prototype);
  },
  call_local: (state, { offset }, pc) => enterFunction(state, pc, pc + 1 + offset),
  callx(state, { register }, pc) {
    const value = state.read(register);
    if (value.region?.kind === 'code') return enterFunction(state, pc, value.region.tag);
    const prototype = value.region === undefined && value.bits <= 0x7fff_ffffn ? state.program.helper(Number(value.bits)) : undefined;
    if (prototype === undefined)
      throw new CheckFailure('type', `r${register} is ${describe(value)}; a helper or a function is needed here`, register);
    return call(state, pc, prototype);
  },
  exit: (state) => leave(state),
};

function unknownHelper(state: CheckedState, helper: number): never {
  throw new CheckFailure('helper_unknown', `Calls helper ${helper}, which programs of this type do not have on ${state.program.platform.title}`);
}

function loadImmediate(state: CheckedState, load: LoadImmediate, pc: number): Value {
  switch (load.source) {
    case 'immediate':
      return numberValue((BigInt(load.high) << 32n) | BigInt(load.low >>> 0));
    case 'map_fd':
    case 'map_index':
      return state.mapPointer(load.low);
    case 'map_value':
    case 'map_index_value': {
      const shape = state.program.maps[load.low];
      if (shape === undefined) throw new CheckFailure('unsupported', `Map ${load.low} does not exist`);
      const key = '00'.repeat(shape.keySize);
      return pointerTo(state.valueAt(load.low, key) ?? state.putValue(load.low, key, shape.data), BigInt(load.high));
    }
    case 'code':
      return state.codePointer(pc + 1 + load.low);
    case 'variable': {
      const value = state.program.variable?.(load);
      return value === undefined ? state.kernelPointer() : numberValue(value);
    }
  }
}

const SIGNED_ORDERS: ReadonlySet<Branch['comparison']> = new Set(['sgt', 'sge', 'slt', 'sle']);

function takesBranch(state: CheckedState, { comparison, width, dst, source }: Branch, pc: number): boolean {
  const left = state.read(dst);
  const right = readOperand(state, source);
  if (left.region === undefined && right.region === undefined) {
    const taken = holds(comparison, width, left.bits, right.bits);
    if (width === 64) state.options.onCompare?.(pc, left.bits, right.bits, taken);
    else state.options.onCompare?.(pc, BigInt.asUintN(32, left.bits), BigInt.asUintN(32, right.bits), taken);
    return taken;
  }
  const equality = comparison === 'eq' || comparison === 'ne';
  const sameRegion = left.region !== undefined && left.region === right.region;
  if (width === 64) {
    // Offsets into one region order like its addresses.
    if (sameRegion && left.region?.kind !== 'map' && left.region?.kind !== 'code') return holds(comparison, 64, left.address, right.address);
    const zero = (value: Value) => value.region === undefined && value.bits === 0n;
    // Unsigned, 0 lies below every address: the outcome gives nothing away but whether the pointer is null.
    if ((zero(left) || zero(right)) && !SIGNED_ORDERS.has(comparison)) return holds(comparison, 64, left.address, right.address);
    if (equality && left.region?.kind === right.region?.kind) return holds(comparison, 64, left.address, right.address);
  }
  const a = asNumber(state, left);
  const b = asNumber(state, right);
  if (a.region === undefined && b.region === undefined) return holds(comparison, width, a.bits, b.bits);
  if (width === 32 && (left.region === undefined || right.region === undefined)) truncate(state, left.region === undefined ? right : left, dst);
  throw new CheckFailure(
    'pointer_comparison',
    `Compares ${describe(left)} with ${describe(right)}; only pointers into one region can be compared`,
    dst,
  );
}

function enterFunction(state: CheckedState, pc: number, target: number): number {
  const limit = state.program.platform.limits.callFrames;
  if (state.frames.length >= limit) throw new CheckFailure('call_depth', `Calls nest deeper than ${limit} frames`);
  if (state.lock !== undefined) throw new CheckFailure('lock_state', 'Calls a function while a spin lock is held');
  state.pushFrame(pc, undefined);
  return target;
}

function call(state: CheckedState, pc: number, prototype: HelperPrototype): Next {
  requireUnlocked(state, prototype);
  const checked = checkArguments(state, pc, prototype);
  if (prototype.name === 'bpf_tail_call') {
    requireNothingHeld(state, 'The tail call leaves the program');
    if (state.random.chance(2)) return 'tail_call';
  }
  const callback = applyCall(checked);
  if (callback === undefined)
    return prototype.returns.kind === 'no_return' && prototype.name !== 'bpf_tail_call' ? 'exit' : afterCall(state, prototype, pc);
  if (state.frames.length >= state.program.platform.limits.callFrames)
    throw new CheckFailure('call_depth', `The callback of ${prototype.name} nests too deep`);
  state.pushFrame(pc, callback);
  if (callback.next(state)) return callback.slot;
  return endCallback(state);
}

/** A failed tail call goes on with an error in r0. */
function afterCall(state: CheckedState, prototype: HelperPrototype, pc: number): number {
  if (prototype.name === 'bpf_tail_call') state.registers[0] = numberValue(-2n);
  return pc + 1;
}

function endCallback(state: CheckedState): number {
  const { callback, callSite } = state.popFrame();
  state.registers.fill(undefined, 1, 6);
  state.registers[0] = callback?.result(callback.count, state) ?? ZERO;
  return callSite + 1;
}

/** exit: from a callback to its helper, from a function to its caller, from the entry out. */
function leave(state: CheckedState): Next {
  const { callback, callSite } = state.frame;
  if (callback !== undefined) return leaveCallback(state, callback);
  if (state.frames.length > 1) {
    state.popFrame();
    state.clobber();
    return callSite + 1;
  }
  const value = state.read(0);
  const result = asNumber(state, value);
  if (result.region !== undefined) throw new CheckFailure('leak_return', `Returns ${describe(value)}; the result of a program must be a number`, 0);
  requireReturnRange(state, result.bits);
  requireNothingHeld(state, 'The program ends');
  state.registers[0] = result;
  return 'exit';
}

function leaveCallback(state: CheckedState, callback: NonNullable<CheckedState['frame']['callback']>): number {
  const value = state.read(0);
  const range = callback.prototype.callbackReturns;
  const signed = BigInt.asIntN(64, value.bits);
  if (value.region !== undefined || (range !== undefined && (signed < BigInt(range.min) || signed > BigInt(range.max)))) {
    throw new CheckFailure('callback_return', `The callback of ${callback.prototype.name} returns ${describe(value)}`, 0);
  }
  const { stack } = state.frame;
  if (value.bits === 0n && callback.next(state)) {
    // The next invocation has a frame of its own.
    stack.cells.fill(0);
    stack.spilled.clear();
    state.registers[10] = pointerTo(stack);
    return callback.slot;
  }
  return endCallback(state);
}

/** Hosts check the range in the width in which they read the result; a value that fits in either passes. */
function requireReturnRange(state: CheckedState, bits: bigint): void {
  const { programType, platform, attachType } = state.program;
  const range = platform.attachTypes.find((type) => type.name === attachType && type.returns !== undefined)?.returns ?? programType?.returns;
  if (range === undefined) return;
  const fits = (value: bigint) => value >= BigInt(range.min) && value <= BigInt(range.max);
  if (!fits(BigInt.asIntN(64, bits)) && !fits(BigInt.asIntN(32, bits))) {
    throw new CheckFailure('exit_value', `Returns ${BigInt.asIntN(64, bits)}; programs of this type may return ${range.min} to ${range.max}`, 0);
  }
}

function enterProgram(state: CheckedState): void {
  const { memory } = state.input;
  if (state.program.programType === undefined) {
    state.registers[1] = memory === undefined ? ZERO : pointerTo(state.region('memory', 'the memory', { bytes: memory.slice() }));
    state.registers[2] = numberValue(BigInt(memory?.length ?? 0));
  } else if (state.context !== undefined) state.registers[1] = pointerTo(state.context);
}

/**
 * Runs a program once, with every value tagged by the region it points into and every rule of the verifier checked on the concrete values.
 * The first violation ends the run; nothing is thrown for what the program does. The same input gives the same run.
 */
export function runChecked(program: CheckedProgram, input: CheckedInput = {}, options: CheckedOptions = {}): CheckedOutcome {
  const state = new CheckedState(program, input, options);
  enterProgram(state);
  const limit = options.instructionLimit ?? DEFAULT_LIMIT;
  const { instructions } = program;
  const { onStep } = options;
  let pc = 0;
  for (let steps = 0; ; steps++) {
    if (steps >= limit) return { kind: 'limit', instruction: pc, steps };
    const instruction = instructions[pc];
    try {
      if (instruction === undefined) throw new CheckFailure('control_flow', `Control reaches slot ${pc}, which is no instruction`);
      onStep?.(pc, state);
      const execute = EXECUTE[instruction.kind] as (state: CheckedState, instruction: Instruction, pc: number) => Next;
      const next = execute(state, instruction, pc);
      if (next === 'tail_call') return { kind: 'tail_call', steps: steps + 1 };
      if (next === 'exit') return { kind: 'exit', r0: state.registers[0]?.bits ?? 0n, steps: steps + 1 };
      if (next < 0 || next >= instructions.length) {
        throw new CheckFailure(
          'control_flow',
          next === pc + slotCount(instruction) ? 'Control runs off the end of the program' : `The jump to ${next} leaves the program`,
        );
      }
      pc = next;
    } catch (error) {
      if (!(error instanceof CheckFailure)) throw error;
      return { kind: 'fault', fault: faultOf(error, pc, state), steps: steps + 1 };
    }
  }
}

function faultOf(failure: CheckFailure, instruction: number, state: CheckedState): CheckedFault {
  return {
    kind: failure.check,
    instruction,
    callStack: state.callStack,
    message: failure.message,
    ...(failure.register === undefined ? {} : { register: failure.register }),
    ...(failure.access === undefined ? {} : { access: failure.access }),
  };
}
