import type { CallbackParameter, HelperPrototype } from '../platform/platform.ts';
import { type CallContext, checkArgument, nullArgument } from './arguments.ts';
import { describeValue } from './describe.ts';
import { checkTracing } from './linux-rules.ts';
import type { Machine, MapFacts } from './machine.ts';
import { clobbered } from './memory.ts';
import { fromSigned, I64_MAX, I64_MIN, type Int, sub, TOP } from './number/index.ts';
import { advancingOrigins } from './origins.ts';
import { changeRegion, openRegions, regionDepth } from './regions.ts';
import { StackFrame } from './stack.ts';
import { objectAt, PACKET_DYNPTR, placeObject } from './stack-objects.ts';
import { isExact, type State } from './state.ts';
import { type Derivation, DYNPTR, LENT, META_OFFSET, PACKET_SIZE, READ_ONLY_MEMORY, TYPED_MEMORY, Value, ZERO } from './value.ts';

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
    mapIdentity: undefined,
    memory: [],
    recordSize: 0,
    callback: undefined,
    callbackContext: undefined,
    released: undefined,
    lockTarget: undefined,
    object: undefined,
    made: undefined,
    pointedTo: undefined,
    allocated: undefined,
  };
  let sound = true;
  for (let index = 0; index < prototype.arguments.length; index++) {
    if (!checkArgument(call, index, prototype.arguments[index]!)) sound = false;
  }
  if (!sound) return undefined;
  if (prototype.releases !== undefined && !release(call, prototype.releases)) return undefined;
  if (!applyLock(call)) return undefined;
  if (prototype.name === 'bpf_dynptr_slice_rdwr' && isPacketDynptr(machine, call.object) && machine.rules.programType.packetWrite !== true) {
    machine.fail('packet_write', pc, state, { name: machine.rules.programType.name, mode: 'write', register: 1 });
    return undefined;
  }
  const callback = call.callback === undefined ? undefined : { state: invokeCallback(call), slot: call.callback };
  if (isTailCall(prototype) && !checkNothingHeld(machine, state, pc, 'The tail call')) return undefined;
  if (prototype.arguments[0]?.kind === 'timer' && !isMapOfTimer(call)) return undefined;
  if (prototype.returns.kind === 'no_return' && !checkNothingHeld(machine, state, pc, 'The exception')) return undefined;
  if (call.made !== undefined) make(call);
  finish(call);
  if (prototype.advances === true && call.object !== undefined) noteAdvance(state, call.object.identity);
  return { ...(callback === undefined ? {} : { callback }), ends: prototype.returns.kind === 'no_return' };
}

/** A timer's callback is told the map that the timer was initialised with, so it must be the one that holds it. */
function isMapOfTimer(call: CallContext): boolean {
  const { machine, state, pc, prototype } = call;
  const named = prototype.arguments.findIndex(({ kind }) => kind === 'map') + 1;
  const timer = state.registers[1];
  const map = named === 0 ? undefined : state.registers[named];
  if (map === undefined || timer?.kind !== 'map_value') return true;
  if (map.tag === timer.tag && (machine.homeOf(timer.identity) === map.identity || !machine.isInner(map.tag))) return true;
  const details = { register: named, argument: named, name: prototype.name, have: describeValue(machine, map) };
  machine.fail('argument_type', pc, state, { ...details, want: 'the map that holds the timer', types: '== map_fd' });
  return false;
}

/** Places the object that the call constructs. */
function make(call: CallContext): void {
  const { machine, state, pc, prototype, object: source } = call;
  const { address, name, size } = call.made!;
  const owed = source?.kind === 'object' && state.references.some((reference) => reference.identity === source.root) ? source.root : 0;
  const identity = placeObject(machine, state, address, { name, size, parent: owed });
  if (prototype.acquires === true)
    state.references = [
      ...state.references,
      { identity, instruction: pc, kind: name.startsWith('bpf_iter') ? 'The iterator' : 'The dynptr', frame: state.frames.length - 1 },
    ];
}

/**
 * The host ends every loop whose turns all get something from an iterator, if the iterator was there when the turn began. Whether it gave something
 * is known when its result has been compared with null.
 */
function noteAdvance(state: State, iterator: number): void {
  const result = state.registers[0];
  if (result?.isPointer === true && result.nullable && result.identity !== 0)
    state.origins = advancingOrigins(state.origins, iterator, result.identity);
}

export function isTailCall(prototype: HelperPrototype): boolean {
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
  if (prototype.onlyForTypes?.includes(rules.programType.name) === false) {
    machine.fail('helper_unavailable', pc, state, { name: prototype.name, note: rules.programType.name });
    return false;
  }
  if (prototype.sleepableOnly === true && rules.section?.sleepable !== true && rules.programType.name !== 'syscall') {
    machine.fail('helper_unavailable', pc, state, { name: prototype.name, note: `${rules.programType.name} that may not sleep` });
    return false;
  }
  if (prototype.needsRcu === true && rules.section?.sleepable === true && regionDepth(state.rcu, 'rcu') === 0) {
    machine.fail('lock_state', pc, state, { note: `Calls ${prototype.name} outside an RCU read section in a program that may sleep` });
    return false;
  }
  if (!checkTracing(machine, state, pc, prototype)) return false;
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
  const open = prototype.sleepableOnly === true ? openRegions(state.rcu)[0] : undefined;
  if (open !== undefined) {
    machine.fail('region_open', pc, state, { name: `${prototype.name} may sleep and is called`, note: open.words });
    return false;
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
  const open = openRegions(state.rcu)[0];
  if (open !== undefined) {
    machine.fail('region_open', pc, state, { name: what, note: open.words });
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
  const object = value.kind === 'stack' ? objectAt(state, value) : undefined;
  const argument = prototype.arguments[index]!;
  // Null has nothing to give back where the call takes it.
  if (argument.nullable === true && value.kind === 'number') return true;
  const identity = (object ?? value).root;
  // What is given back is the whole object, not a place within it.
  const whole = object !== undefined || (value.symbol === ZERO && value.offset === 0);
  const owned = whole && state.references.some((reference) => reference.identity === identity);
  if (!owned) {
    machine.fail('release_argument', pc, state, { register, argument: register, name: prototype.name, have: describeValue(machine, value) });
    return false;
  }
  state.references = state.references.filter((reference) => reference.identity !== identity);
  state.rewrite((candidate) => (candidate.kind !== 'number' && candidate.root === identity ? RELEASED : candidate));
  return true;
}

const RELEASED = new Value('invalid', 0, ZERO, 0, TOP, false, 0, undefined, 'released');
const STALE = new Value('invalid', 0, ZERO, 0, TOP, false, 0, undefined, 'stale_packet');
const CLOBBERED = new Value('invalid', 0, ZERO, 0, TOP, false, 0, undefined, 'clobbered');

function applyLock(call: CallContext): boolean {
  const { machine, state, pc, prototype, lockTarget } = call;
  if (prototype.region !== undefined) {
    const { kind, enters } = prototype.region;
    const depth = changeRegion(state.rcu, kind, enters);
    if (depth !== undefined) {
      state.rcu = depth;
      return true;
    }
    machine.fail('lock_state', pc, state, { note: enters ? `${prototype.name} is nested too deeply` : `${prototype.name} without a matching begin` });
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
      return map === undefined ? machine.number(TOP) : machine.pointer('map', map.index, 0, false, call.mapIdentity ?? machine.identity());
    case 'map_key':
      return map === undefined ? machine.number(TOP) : machine.pointer('memory', READ_ONLY_MEMORY + map.keySize, 0).withParent(LENT);
    case 'map_value':
      return map === undefined ? machine.number(TOP) : mapValue(call, map, false);
    case 'callback_context':
      return call.callbackContext ?? machine.constant(0);
    case 'task':
    case 'vma':
      return machine.pointer('btf', 0, 0, false, machine.identity());
    case 'dynptr':
      return machine.pointer('btf', DYNPTR, 0, false, machine.identity());
  }
}

/** A value of the map that the call names. */
function mapValue({ machine, mapIdentity }: CallContext, map: MapFacts, nullable: boolean): Value {
  const identity = machine.identity();
  if (mapIdentity !== undefined && machine.isInner(map.index)) machine.foundIn(identity, mapIdentity);
  return machine.pointer('map_value', map.index, 0, nullable, identity);
}

/** Result and effects after all checks passed. */
function finish(call: CallContext): void {
  const { machine, state, pc, prototype } = call;
  const result = resultOf(call);
  const { registers } = state;
  if (prototype.changesPacket === true || movesPacket(call)) changePacket(machine, state);
  for (let r = 1; r <= 5; r++) registers[r] = clobbered(registers[r]);
  registers[0] = result;
  if ((prototype.acquires === true || findsSocket(call)) && result !== undefined && result.isPointer) {
    state.references = [
      ...state.references,
      { identity: result.identity, instruction: pc, kind: acquiredName(prototype), frame: state.frames.length - 1 },
    ];
  }
}

/** Writing through a dynptr may unshare a socket buffer's data; that of a frame stays where it is. */
function movesPacket({ machine, prototype, object }: CallContext): boolean {
  return prototype.name === 'bpf_dynptr_write' && isPacketDynptr(machine, object) && machine.rules.programType.name !== 'xdp';
}

/** A socket found in a map is held until it is released. */
function findsSocket({ prototype, map }: CallContext): boolean {
  return prototype.returns.kind === 'map_value' && (map?.kind === 'sockmap' || map?.kind === 'sockhash');
}

function isPacketDynptr(machine: Machine, object: Value | undefined): boolean {
  return object?.kind === 'object' && machine.objectName(object.tag) === PACKET_DYNPTR;
}

/** The packet may lie elsewhere and have another size: pointers into it are stale, and so is what was known of its size. */
export function changePacket(machine: Machine, state: State): void {
  state.rewrite((value) => {
    if (value.kind === 'packet' || (value.parent < 0 && value.parent !== LENT)) return STALE;
    if (namesPacket(value)) return machine.number(value.range);
    // What was computed from the old size says nothing of the new one.
    return value.derivation !== undefined && derivesFromPacket(value.derivation) ? value.withoutDerivation() : value;
  });
  state.constraints = state.constraints.withoutPacket();
}

function namesPacket({ symbol }: Value): boolean {
  return symbol === PACKET_SIZE || symbol === META_OFFSET;
}

function derivesFromPacket({ operand, other }: Derivation): boolean {
  return [operand, other].some(
    (value) => value !== undefined && (namesPacket(value) || (value.derivation !== undefined && derivesFromPacket(value.derivation))),
  );
}

/** What a callback was lent ends with it. */
export function endLoans(state: State): void {
  state.rewrite((value) => (value.parent === LENT ? RELEASED : value));
}

function acquiredName(prototype: HelperPrototype): string {
  return prototype.name.includes('ringbuf')
    ? 'The ring-buffer record'
    : prototype.returns.kind === 'socket' || prototype.returns.kind === 'map_value'
      ? 'The socket'
      : `What ${prototype.name} returned`;
}

function resultOf(call: CallContext): Value | undefined {
  const result = plainResult(call);
  const { prototype, state } = call;
  const owner = prototype.casts === undefined ? undefined : state.registers[prototype.casts + 1];
  if (owner !== undefined && result?.isPointer === true) return owner.root === 0 ? result : result.withParent(owner.root);
  return result;
}

/** Memory that a dynptr shows ends with what the dynptr is of. */
function sliceOf(call: CallContext, size: number, nullable: boolean): Value {
  const { machine, prototype, object } = call;
  const slice = machine.pointer('memory', (prototype.readOnlyResult === true ? READ_ONLY_MEMORY : 0) + size, 0, nullable, machine.identity());
  if (object === undefined) return slice;
  if (object.kind !== 'object') return slice.withParent(LENT);
  return slice.withParent(isPacketDynptr(machine, object) ? -object.identity : object.root);
}

function plainResult(call: CallContext): Value | undefined {
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
      if (map.kind === 'sockmap' || map.kind === 'sockhash')
        return machine.pointer('socket', machine.structTag('bpf_sock'), 0, returns.nullable, machine.identity());
      // struct bpf_xdp_sock: one word that may be read.
      if (map.kind === 'xskmap') return machine.pointer('memory', READ_ONLY_MEMORY + 4, 0, returns.nullable, machine.identity());
      return mapValue(call, map, returns.nullable);
    }
    case 'memory':
      if (call.allocated !== undefined) return machine.pointer('memory', TYPED_MEMORY + call.allocated, 0, returns.nullable, machine.identity());
      if (call.object !== undefined && returns.size === undefined) return sliceOf(call, call.recordSize, returns.nullable);
      return machine.pointer('memory', returns.size ?? call.recordSize, 0, returns.nullable, machine.identity());
    case 'socket':
      return machine.pointer('socket', machine.structTag(returns.struct), 0, returns.nullable, machine.identity());
    case 'btf':
      return machine.pointer(
        'btf',
        machine.kernelTag(returns.struct === '' ? (call.pointedTo ?? '') : returns.struct),
        0,
        returns.nullable,
        machine.identity(),
      );
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
