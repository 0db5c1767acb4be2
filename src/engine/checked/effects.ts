import type { CallbackParameter, HelperPrototype, MapKind } from '../../platform/platform.ts';
import type { Buffer, CheckedCall } from './arguments.ts';
import { CheckFailure } from './fault.ts';
import { fillBytes } from './memory.ts';
import type { CheckedMap } from './program.ts';
import type { CallbackRun, CheckedState } from './state.ts';
import { CLOBBERED, NULL, numberValue, pointerTo, type Region, type Value, ZERO } from './value.ts';

const ARRAYS: ReadonlySet<MapKind> = new Set([
  'array',
  'map_of_maps_array',
  'prog_array',
  'perf_event_array',
  'cgroup_array',
  'devmap',
  'cpumap',
  'xskmap',
  'sockmap',
  'reuseport_sockarray',
]);
const SOCKET_MAPS: ReadonlySet<MapKind> = new Set(['sockmap', 'sockhash', 'xskmap', 'reuseport_sockarray']);

/** One map key in so many lookups finds nothing, where the map's own rules leave it open. */
const ABSENT_ONE_IN = 3;
/** Iterations of a callback over a map of unknown content, at most. */
const MAX_VISITS = 64;
/** BPF_MAX_LOOPS: more iterations are refused by bpf_loop (include/linux/bpf_verifier.h). */
const MAX_LOOPS = 0x80_0000n;

/** Fails where the program would end or leave while it owes something. */
export function requireNothingHeld(state: CheckedState, what: string): void {
  if (state.lock !== undefined) throw new CheckFailure('lock_held', `${what} while a spin lock is held`);
  const held = state.references[0];
  if (held !== undefined)
    throw new CheckFailure('reference_leak', `${what} without releasing ${held.name}, acquired at instruction ${held.instruction}`);
}

/** Fails for calls that are not allowed while a spin lock is held. */
export function requireUnlocked(state: CheckedState, prototype: HelperPrototype): void {
  if (state.lock !== undefined && prototype.name !== 'bpf_spin_unlock')
    throw new CheckFailure('lock_state', `Calls ${prototype.name} while a spin lock is held`);
}

/**
 * What a call does once its arguments have passed: releases, locks, written buffers, moved packets, and a result that the prototype allows.
 * Leaves r0 and clobbers r1..r5; with a callback, returns the run of it instead of a result.
 */
export function applyCall(call: CheckedCall): CallbackRun | undefined {
  const { state, prototype, pc } = call;
  if (call.released !== undefined) {
    const { released } = call;
    released.ended = 'released';
    state.references = state.references.filter(({ region }) => region !== released);
  }
  if (call.ended !== undefined) {
    state.references = state.references.filter((reference) => reference !== call.ended);
    state.endObject(state.registers[prototype.releases! + 1]!);
  }
  applyLock(call);
  const result = modelled(call) ?? (prototype.name === 'bpf_iter_num_next' ? nextNumber(call) : defaultResult(call));
  const callback =
    call.callback === undefined || prototype.arguments.some(({ kind }) => kind === 'timer') ? undefined : callbackRun(call, call.callback);
  applyToPacket(call, result);
  const kind = call.map?.shape.kind;
  const findsSocket = prototype.returns.kind === 'map_value' && (kind === 'sockmap' || kind === 'sockhash');
  if ((prototype.acquires === true || findsSocket) && result.region !== undefined) {
    state.references = [...state.references, { region: result.region, instruction: pc, name: `what ${prototype.name} returned` }];
  }
  const made = prototype.arguments.findIndex(({ constructs }) => constructs === true);
  const place = made < 0 ? undefined : state.registers[made + 1];
  if (place?.region !== undefined) {
    state.putObject(place, ...(prototype.name === 'bpf_iter_num_new' ? numbersOf(state) : []));
    if (prototype.acquires === true)
      state.references = [...state.references, { region: place.region, place: place.bits, instruction: pc, name: `what ${prototype.name} made` }];
  }
  state.clobber();
  state.registers[0] = prototype.returns.kind === 'void' || prototype.returns.kind === 'no_return' ? CLOBBERED : result;
  return callback;
}

function modelled(call: CheckedCall): Value | undefined {
  const { state, prototype, pc, map } = call;
  return state.options.helperModel?.({ prototype, pc, arguments: state.registers.slice(1, 6), state, map: map?.shape });
}

/** What an iterator over numbers counts through: nothing where its ends are refused (bpf_iter_num_new of kernel/bpf/bpf_iter.c). */
function numbersOf({ registers }: CheckedState): readonly [next: bigint, end: bigint] {
  const [next, end] = [registers[2]!, registers[3]!].map(({ bits }) => BigInt.asIntN(32, bits)) as [bigint, bigint];
  return next <= end && end - next <= MAX_LOOPS ? [next, end] : [0n, 0n];
}

/** The address of the next number, or null behind the last one. */
function nextNumber({ state }: CheckedCall): Value {
  const iterator = state.objectAt(state.registers[1]!);
  if (iterator === undefined || iterator.next >= iterator.end) return NULL;
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setInt32(0, Number(iterator.next), true);
  iterator.next++;
  return pointerTo(state.region('memory', 'the number of an iterator', { bytes, writable: false }));
}

function applyLock({ state, prototype, lockTarget }: CheckedCall): void {
  if (lockTarget === undefined) return;
  const locking = prototype.name === 'bpf_spin_lock';
  if (locking && state.lock !== undefined) throw new CheckFailure('lock_state', 'Takes a second spin lock while one is held');
  if (!locking && state.lock !== lockTarget) {
    throw new CheckFailure(
      'lock_state',
      state.lock === undefined ? 'Unlocks a spin lock that is not held' : 'Unlocks another spin lock than the one held',
    );
  }
  state.lock = locking ? lockTarget : undefined;
}

/** Helpers that resize, by the end that their second argument moves; the others leave the packet's size alone. */
const RESIZERS: Readonly<Record<string, 'head' | 'tail'>> = { bpf_xdp_adjust_head: 'head', bpf_xdp_adjust_tail: 'tail' };

function applyToPacket({ state, prototype }: CheckedCall, result: Value): void {
  if (prototype.changesPacket !== true) return;
  const end = RESIZERS[prototype.name];
  const delta = state.registers[2];
  const amount = end === undefined || delta === undefined || result.bits !== 0n ? 0 : Number(BigInt.asIntN(32, delta.bits));
  const bounded = Math.max(-state.program.platform.limits.packetSize, Math.min(amount, state.packetSize));
  state.movePacket(end === 'head' ? bounded : 0, end === 'tail' ? Math.max(bounded, -state.packetSize) : 0);
}

function keyOf(key: Buffer | undefined): string {
  if (key === undefined) return '';
  return Array.from(key.region.bytes.subarray(key.index, key.index + key.width), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** An array's index, or undefined where the key is out of its range. */
function arrayHas(shape: CheckedMap, key: Buffer | undefined): boolean {
  if (key === undefined || key.width < 4) return true;
  return key.region.view.getUint32(key.index, true) < shape.maxEntries;
}

function lookup({ state, map, key }: CheckedCall, nullable: boolean): Value {
  if (map === undefined) return numberValue(state.random.wide());
  const { index, shape } = map;
  const isArray = ARRAYS.has(shape.kind);
  if (isArray && !arrayHas(shape, key) && nullable) return NULL;
  if (shape.kind === 'map_of_maps_array' || shape.kind === 'map_of_maps_hash') {
    if (nullable && state.random.chance(ABSENT_ONE_IN)) return NULL;
    return shape.inner === undefined ? state.kernelPointer() : state.mapPointer(shape.inner);
  }
  if (SOCKET_MAPS.has(shape.kind)) {
    return nullable && state.random.chance(ABSENT_ONE_IN) ? NULL : pointerTo(state.region('socket', 'a socket', { writable: false }));
  }
  const name = keyOf(key);
  let region = state.valueAt(index, name);
  if (region === undefined) {
    const absent = !isArray && nullable && state.random.chance(ABSENT_ONE_IN);
    if (absent) state.setValue(index, name, null);
    region = absent ? null : state.putValue(index, name, shape.data);
  }
  return region === null ? NULL : pointerTo(region);
}

/** Named effects on maps, so that what was written is found again; every other helper goes by its prototype alone. */
const MAP_EFFECTS: Readonly<Record<string, (call: CheckedCall, succeeded: boolean) => void>> = {
  bpf_map_update_elem({ state, map, key, value }, succeeded) {
    if (map === undefined || !succeeded || SOCKET_MAPS.has(map.shape.kind) || (ARRAYS.has(map.shape.kind) && !arrayHas(map.shape, key))) return;
    const content = value?.region.bytes.slice(value.index, value.index + value.width);
    const present = state.valueAt(map.index, keyOf(key));
    // Arrays are written in place; so may hash values be, as a pointer into them sees it.
    if (present !== null && present !== undefined && content !== undefined) present.bytes.set(content);
    else state.putValue(map.index, keyOf(key), content);
  },
  bpf_map_delete_elem({ state, map, key }, succeeded) {
    if (map !== undefined && succeeded && !ARRAYS.has(map.shape.kind)) state.setValue(map.index, keyOf(key), null);
  },
};

function defaultResult(call: CheckedCall): Value {
  const { state, prototype } = call;
  for (const { region, index, width } of call.writes) fillBytes(state, region, index, width);
  const { returns } = prototype;
  const absent = 'nullable' in returns && returns.nullable && state.random.chance(ABSENT_ONE_IN);
  switch (returns.kind) {
    case 'void':
    case 'no_return':
      return ZERO;
    case 'map_value':
      return lookup(call, returns.nullable);
    case 'memory': {
      const bytes = new Uint8Array(returns.size ?? call.recordSize);
      state.random.fill(bytes);
      return absent ? NULL : pointerTo(state.region('memory', 'a record', { bytes }));
    }
    case 'socket':
      return absent ? NULL : pointerTo(state.region('socket', returns.struct, { writable: false }));
    case 'btf':
      return absent ? NULL : state.kernelPointer();
    case 'number': {
      const min = BigInt(returns.min ?? -(1n << 63n));
      const bound = returns.atMostArgument === undefined ? undefined : state.registers[returns.atMostArgument + 1];
      let max = BigInt(returns.max ?? (1n << 63n) - 1n);
      if (bound !== undefined && bound.region === undefined && BigInt.asIntN(64, bound.bits) < max) max = BigInt.asIntN(64, bound.bits);
      const value = state.random.between(min, max);
      MAP_EFFECTS[prototype.name]?.(call, value === 0n);
      return numberValue(value);
    }
  }
}

function callbackRun(call: CheckedCall, slot: number): CallbackRun {
  const { state, prototype, map, callbackContext } = call;
  const loops = prototype.name === 'bpf_loop';
  const wanted = state.registers[1]?.bits ?? 0n;
  const visits = loops ? Number(wanted > MAX_LOOPS ? 0n : wanted & 0xffff_ffffn) : visitsOf(state, map?.shape);
  const parameters = prototype.callback ?? [];
  const outcome = loops && wanted > MAX_LOOPS ? numberValue(-7n) : undefined;
  const run: CallbackRun = {
    prototype,
    slot,
    count: 0,
    next(current) {
      if (run.count >= visits) return false;
      current.registers.fill(undefined, 0, 10);
      for (const [index, kind] of parameters.entries()) current.registers[index + 1] = parameter(current, kind, run.count, map, callbackContext);
      run.count++;
      return true;
    },
    result: (count) => outcome ?? numberValue(BigInt(count)),
  };
  return run;
}

function visitsOf(state: CheckedState, shape: CheckedMap | undefined): number {
  return shape !== undefined && ARRAYS.has(shape.kind) ? Math.min(shape.maxEntries, MAX_VISITS) : state.random.below(4);
}

function parameter(state: CheckedState, kind: CallbackParameter, count: number, map: CheckedCall['map'], context: Value | undefined): Value {
  switch (kind) {
    case 'number':
      return numberValue(BigInt(count));
    case 'zero':
      return ZERO;
    case 'callback_context':
      return context ?? ZERO;
    case 'map':
      return map === undefined ? ZERO : state.mapPointer(map.index);
    case 'map_key':
      return pointerTo(record(state, map?.shape.keySize ?? 0, count));
    case 'map_value':
      return map === undefined ? ZERO : pointerTo(visited(state, map, count));
    default:
      return state.kernelPointer();
  }
}

function record(state: CheckedState, size: number, count: number): Region {
  const bytes = new Uint8Array(size);
  if (size >= 4) new DataView(bytes.buffer).setUint32(0, count, true);
  return state.region('memory', 'a map key', { bytes, writable: false });
}

function visited(state: CheckedState, map: NonNullable<CheckedCall['map']>, count: number): Region {
  const region = record(state, map.shape.keySize, count);
  const key = keyOf({ region, index: 0, width: map.shape.keySize });
  return state.valueAt(map.index, key) ?? state.putValue(map.index, key, map.shape.data);
}
