import type { CallbackParameter, HelperPrototype } from '../platform/platform.ts';
import { type CallContext, checkArgument, dynptrAt, nullArgument } from './arguments.ts';
import { describeValue } from './describe.ts';
import type { Machine } from './machine.ts';
import { clobbered } from './memory.ts';
import { fromSigned, I64_MAX, I64_MIN, type Int, sub, TOP } from './number/index.ts';
import { StackFrame } from './stack.ts';
import { isExact, type State } from './state.ts';
import { Value, ZERO } from './value.ts';
export interface CallOutcome {
  /** The state in which the helper invokes its callback, with the callback's frame on top, and the callback's first slot. */
  readonly callback?: { readonly state: State; readonly slot: number };
  /** Control does not come back. */
  readonly ends: boolean;
}

/** Calls a helper or kernel function: checks its arguments, then leaves its result and effects in the state. Undefined after a reported failure. */
export function executeCall(machine: Machine, state: State, pc: number, prototype: HelperPrototype): CallOutcome | undefined {
  if (!checkAvailability(machine, state, pc, prototype)) return undefined;
  const call: CallContext = {
    machine,
    state,
    pc,
    prototype,
    map: undefined,
    memory: [],
    recordSize: 0,
    callback: undefined,
    callbackContext: undefined,
    released: undefined,
    lockTarget: undefined,
  };
  let sound = true;
  for (let index = 0; index < prototype.arguments.length; index++) {
    if (!checkArgument(call, index, prototype.arguments[index]!)) sound = false;
  }
  if (!sound) return undefined;
  if (prototype.releases !== undefined && !release(call, prototype.releases)) return undefined;
  if (!applyLock(call)) return undefined;
  const callback = call.callback === undefined ? undefined : { state: invokeCallback(call), slot: call.callback };
  if (isTailCall(prototype) && !checkNothingHeld(machine, state, pc, 'The tail call')) return undefined;
  finish(call);
  return { ...(callback === undefined ? {} : { callback }), ends: prototype.returns.kind === 'no_return' };
}

function isTailCall(prototype: HelperPrototype): boolean {
  return prototype.name === 'bpf_tail_call';
}

function checkAvailability(machine: Machine, state: State, pc: number, prototype: HelperPrototype): boolean {
  const { rules } = machine;
  if (prototype.gplOnly === true && !rules.gplCompatible && rules.platform.name === 'linux') {
    machine.fail('helper_licence', pc, state, {
      name: prototype.name,
      note: machine.object.license === undefined ? 'none' : `"${machine.object.license}"`,
    });
    return false;
  }
  if (prototype.sleepableOnly === true && rules.section?.sleepable !== true && rules.programType.name !== 'syscall') {
    machine.fail('helper_unavailable', pc, state, { name: prototype.name, note: `${rules.programType.name} that may not sleep` });
    return false;
  }
  const { attachType } = rules;
  if (attachType !== undefined) {
    const excluded =
      prototype.notForAttachTypes?.includes(attachType) === true ||
      (prototype.onlyForAttachTypes !== undefined && !prototype.onlyForAttachTypes.includes(attachType));
    if (excluded) {
      machine.fail('helper_unavailable', pc, state, { name: prototype.name, note: `${rules.programType.name} attached as ${attachType}` });
      return false;
    }
  }
  if (state.lock !== 0 && prototype.name !== 'bpf_spin_unlock') {
    machine.fail('lock_state', pc, state, { note: `Calls ${prototype.name} while a spin lock is held` });
    return false;
  }
  return true;
}

/** Fails where the program would end or leave while it owes something. */
export function checkNothingHeld(machine: Machine, state: State, pc: number, what: string): boolean {
  if (state.lock !== 0) {
    machine.fail('lock_held', pc, state, { note: what });
    return false;
  }
  const held = state.references[0];
  if (held !== undefined) {
    machine.fail('reference_leak', pc, state, { name: held.kind, limit: held.instruction });
    return false;
  }
  return true;
}

function release(call: CallContext, index: number): boolean {
  const { machine, state, pc, prototype } = call;
  const register = index + 1;
  const value = state.registers[register];
  if (value === undefined) return false;
  if (value.nullable) return nullArgument(call, register, value);
  const dynptr = prototype.arguments[index]!.kind === 'dynptr' ? dynptrAt(state, value) : 0;
  const identity = dynptr === 0 ? value.identity : dynptr;
  const owned = state.references.some((reference) => reference.identity === identity);
  if (!owned) {
    machine.fail('release_argument', pc, state, { register, argument: register, name: prototype.name, have: describeValue(machine, value) });
    return false;
  }
  state.references = state.references.filter((reference) => reference.identity !== identity);
  state.rewrite((candidate) => {
    if (candidate.identity === identity && (candidate.isPointer || candidate.kind === 'any')) return RELEASED;
    // What a dynptr gave access to goes with it; which slices those are is not tracked.
    const slice = dynptr !== 0 && candidate.kind === 'memory' && !state.references.some((reference) => reference.identity === candidate.identity);
    return slice ? RELEASED : candidate;
  });
  return true;
}

const RELEASED = new Value('invalid', 0, ZERO, 0, TOP, false, 0, undefined, 'released');
const STALE = new Value('invalid', 0, ZERO, 0, TOP, false, 0, undefined, 'stale_packet');
const CLOBBERED = new Value('invalid', 0, ZERO, 0, TOP, false, 0, undefined, 'clobbered');

function applyLock(call: CallContext): boolean {
  const { machine, state, pc, prototype, lockTarget } = call;
  if (prototype.region !== undefined) {
    state.rcu += prototype.region.enters ? 1 : -1;
    if (state.rcu >= 0) return true;
    machine.fail('lock_state', pc, state, { note: `${prototype.name} without a matching begin` });
    return false;
  }
  if (lockTarget === undefined) return true;
  const locking = prototype.name === 'bpf_spin_lock';
  if (locking && state.lock !== 0) {
    machine.fail('lock_state', pc, state, { note: 'Takes a second spin lock while one is held' });
    return false;
  }
  if (!locking && state.lock !== lockTarget.identity) {
    machine.fail('lock_state', pc, state, {
      note: state.lock === 0 ? 'Unlocks a spin lock that is not held' : 'Unlocks another spin lock than the one held',
    });
    return false;
  }
  state.lock = locking ? lockTarget.identity : 0;
  return true;
}

/** The state in which a callback starts: its parameters in r1.., an empty frame, everything else as at the call. */
function invokeCallback(call: CallContext): State {
  const { machine, state, prototype } = call;
  const invoked = state.clone();
  const parameters = prototype.callback ?? [];
  const registers: (Value | undefined)[] = new Array(11).fill(undefined);
  for (let index = 0; index < parameters.length; index++) registers[index + 1] = callbackParameter(call, parameters[index]!);
  registers[10] = machine.pointer('stack', invoked.frames.length, 0);
  invoked.frames.push({ registers, stack: new StackFrame(machine.rules.stackSize) });
  return invoked;
}

function callbackParameter(call: CallContext, kind: CallbackParameter): Value {
  const { machine, map } = call;
  switch (kind) {
    case 'number':
      return machine.number(TOP);
    case 'zero':
      return machine.constant(0);
    case 'map':
      return map === undefined ? machine.number(TOP) : machine.pointer('map', map.index, 0, false, machine.identity());
    case 'map_key':
      return map === undefined ? machine.number(TOP) : machine.pointer('memory', map.keySize, 0);
    case 'map_value':
      return map === undefined ? machine.number(TOP) : machine.pointer('map_value', map.index, 0, false, machine.identity());
    case 'callback_context':
      return call.callbackContext ?? machine.constant(0);
    case 'task':
    case 'vma':
      return machine.pointer('btf', 0, 0, false, 0);
    case 'dynptr':
      return machine.pointer('btf', 0, 0, false, 0);
  }
}

/** Result and effects after all checks passed. */
function finish(call: CallContext): void {
  const { machine, state, pc, prototype } = call;
  const result = resultOf(call);
  const { registers } = state;
  if (prototype.changesPacket === true) {
    state.rewrite((value) => (value.kind === 'packet' ? STALE : value.symbol === 1 || value.symbol === 2 ? machine.number(value.range) : value));
    state.constraints = state.constraints.withoutPacket();
  }
  for (let r = 1; r <= 5; r++) registers[r] = clobbered(registers[r]);
  registers[0] = result;
  if (prototype.acquires === true && result !== undefined && result.isPointer) {
    state.references = [...state.references, { identity: result.identity, instruction: pc, kind: acquiredName(prototype) }];
  }
}

function acquiredName(prototype: HelperPrototype): string {
  return prototype.name.includes('ringbuf')
    ? 'The ring-buffer record'
    : prototype.returns.kind === 'socket'
      ? 'The socket'
      : `What ${prototype.name} returned`;
}

function resultOf(call: CallContext): Value | undefined {
  const { machine, prototype } = call;
  const { returns } = prototype;
  switch (returns.kind) {
    case 'void':
    case 'no_return':
      return CLOBBERED;
    case 'number':
      return numericResult(call, returns.min ?? I64_MIN, returns.max ?? I64_MAX, returns.atMostArgument);
    case 'map_value': {
      const map = call.map;
      if (map === undefined) return machine.number(TOP);
      if (map.kind === 'map_of_maps_array' || map.kind === 'map_of_maps_hash') {
        return map.inner === undefined
          ? machine.pointer('btf', 0, 0, returns.nullable, machine.identity())
          : machine.pointer('map', map.inner, 0, returns.nullable, machine.identity());
      }
      if (map.kind === 'sockmap' || map.kind === 'sockhash' || map.kind === 'xskmap' || map.kind === 'reuseport_sockarray')
        return machine.pointer('socket', 0, 0, returns.nullable, machine.identity());
      return machine.pointer('map_value', map.index, 0, returns.nullable, machine.identity());
    }
    case 'memory':
      return machine.pointer('memory', returns.size ?? call.recordSize, 0, returns.nullable, machine.identity());
    case 'socket':
      return machine.pointer('socket', machine.structTag(returns.struct), 0, returns.nullable, machine.identity());
    case 'btf':
      return machine.pointer('btf', 0, 0, returns.nullable, machine.identity());
  }
}

function numericResult(call: CallContext, min: Int, max: Int, atMost: number | undefined): Value {
  const { machine, state } = call;
  const bound = atMost === undefined ? undefined : state.registers[atMost + 1];
  const top = bound?.kind === 'number' && bound.range.smax < max ? bound.range.smax : max;
  const result = machine.number(fromSigned(min, min > top ? max : top));
  if (bound !== undefined && bound.symbol !== ZERO && result.symbol !== ZERO && isExact(bound))
    state.relate(result.symbol, bound.symbol, sub(bound.offset, 0));
  return result;
}
