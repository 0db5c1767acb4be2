import type { ArgumentKind, HelperArgument, HelperPrototype, MapKind } from '../../platform/platform.ts';
import { asNumber } from './arithmetic.ts';
import { CheckFailure } from './fault.ts';
import { requireAccess } from './memory.ts';
import type { CheckedMap } from './program.ts';
import type { CheckedState, Reference } from './state.ts';
import { describe, POINTER, type Region, UNWRITTEN, type Value } from './value.ts';

/** Bytes that a helper may write, as its arguments named them. */
export interface Buffer {
  readonly region: Region;
  readonly index: number;
  readonly width: number;
}

/** What the checks of a call have established, for the helper's effect. */
export interface CheckedCall {
  readonly state: CheckedState;
  readonly pc: number;
  readonly prototype: HelperPrototype;
  readonly writes: Buffer[];
  map: { readonly index: number; readonly shape: CheckedMap } | undefined;
  key: Buffer | undefined;
  value: Buffer | undefined;
  recordSize: number;
  callback: number | undefined;
  callbackContext: Value | undefined;
  lockTarget: Region | undefined;
  released: Region | undefined;
  /** What is given back where it is an object on the stack. */
  ended: Reference | undefined;
  held: { readonly register: number; readonly value: Value; readonly kind: ArgumentKind; readonly nullable: boolean } | undefined;
}

/** Maps that programs cannot read or write through the general map helpers. */
const OPAQUE_MAPS: ReadonlySet<MapKind> = new Set([
  'prog_array',
  'perf_event_array',
  'ringbuf',
  'user_ringbuf',
  'cgroup_array',
  'stack_trace',
  'queue',
  'stack',
  'struct_ops',
  'arena',
  'bloom_filter',
]);

/** struct bpf_dynptr (include/uapi/linux/bpf.h), bytes. */
const DYNPTR_SIZE = 16;
const MAX_RECORD = 0x3fff_ffffn;
const WAITS_FOR_SIZE: ReadonlySet<ArgumentKind> = new Set(['memory_read', 'memory_write', 'memory_readwrite']);

const isNull = (value: Value): boolean => value.region === undefined && value.bits === 0n;

/** Checks all arguments of a call in order. Throws CheckFailure at the first that the prototype does not allow. */
export function checkArguments(state: CheckedState, pc: number, prototype: HelperPrototype): CheckedCall {
  const call: CheckedCall = {
    state,
    pc,
    prototype,
    writes: [],
    map: undefined,
    key: undefined,
    value: undefined,
    recordSize: 0,
    callback: undefined,
    callbackContext: undefined,
    lockTarget: undefined,
    released: undefined,
    ended: undefined,
    held: undefined,
  };
  for (const [index, argument] of prototype.arguments.entries()) {
    const register = index + 1;
    const value = state.read(register as 1 | 2 | 3 | 4 | 5);
    if (argument.nullable === true && isNull(value) && !WAITS_FOR_SIZE.has(argument.kind)) continue;
    ARGUMENTS[argument.kind](call, register, value, argument);
  }
  if (prototype.releases !== undefined) checkRelease(call, prototype.releases + 1);
  return call;
}

type Check = (call: CheckedCall, register: number, value: Value, argument: HelperArgument) => void;

const ARGUMENTS: Readonly<Record<ArgumentKind, Check>> = {
  anything: requireNumber,
  number: requireNumber,
  ctx(call, register, value) {
    if (value.region?.kind !== 'ctx') throw mismatch(call, register, value, 'the context');
    if (value.bits !== 0n)
      throw new CheckFailure('context_modified', `r${register} is ${describe(value)}; ${call.prototype.name} needs the unmodified context`, register);
  },
  map: checkMap,
  map_key(call, register, value) {
    if (call.map === undefined) return;
    call.key = buffer(call, register, value, call.map.shape.keySize, 'read');
  },
  map_value(call, register, value) {
    if (call.map === undefined) return;
    call.value = buffer(call, register, value, call.map.shape.valueSize, 'read');
  },
  map_value_out(call, register, value) {
    if (call.map !== undefined) buffer(call, register, value, call.map.shape.valueSize, 'write');
  },
  memory_read: hold,
  memory_write: hold,
  memory_readwrite: hold,
  size: (call, register, value) => checkSize(call, register, value, 1n),
  size_or_zero: (call, register, value) => checkSize(call, register, value, 0n),
  fixed_read: (call, register, value, argument) => void buffer(call, register, value, argument.size ?? 8, 'read'),
  fixed_write(call, register, value, argument) {
    if (argument.initialized === true) buffer(call, register, value, argument.size ?? 8, 'read');
    buffer(call, register, value, argument.size ?? 8, 'write');
  },
  alloc_size(call, register, value) {
    if (value.region !== undefined || value.bits > MAX_RECORD)
      throw new CheckFailure('argument_constant', `r${register} is ${describe(value)}; a record size is needed`, register);
    call.recordSize = Number(value.bits);
  },
  allocated(call, register, value) {
    if (isNull(value)) throw nullArgument(call, register);
    if (value.region?.kind !== 'memory' || value.bits !== 0n)
      throw new CheckFailure('release_argument', `r${register} is ${describe(value)}; ${call.prototype.name} needs a record it gave out`, register);
  },
  callback(call, register, value) {
    if (value.region?.kind !== 'code')
      throw new CheckFailure(
        'callback_argument',
        `r${register} is ${describe(value)}; ${call.prototype.name} needs the address of a function`,
        register,
      );
    call.callback = value.region.tag;
  },
  callback_context(call, register, value) {
    if (value.region?.kind !== 'stack' && !isNull(value)) throw mismatch(call, register, value, 'a pointer to the stack, or null');
    call.callbackContext = value;
  },
  spin_lock(call, register, value) {
    if (isNull(value)) throw nullArgument(call, register);
    const kind = value.region?.kind;
    if (kind !== 'map_value' && kind !== 'btf' && kind !== 'memory') throw mismatch(call, register, value, 'a pointer to a spin lock in a map value');
    if (kind !== 'btf') inside(call, register, value, 4);
    call.lockTarget = value.region;
  },
  timer: (call, register, value) => inMapValue(call, register, value, 16, 'a pointer to a timer in a map value'),
  kptr: (call, register, value) => inMapValue(call, register, value, 8, 'a pointer to a kernel pointer in a map value'),
  dynptr(call, register, value, argument) {
    if (value.region?.kind === 'btf') return;
    if (value.region?.kind !== 'stack') throw mismatch(call, register, value, 'a pointer to a dynptr on the stack');
    stackObject(call, register, value, DYNPTR_SIZE, argument, 'an initialised dynptr');
  },
  iterator(call, register, value, argument) {
    if (value.region?.kind !== 'stack') throw mismatch(call, register, value, 'a pointer to an iterator on the stack');
    stackObject(call, register, value, argument.size ?? 8, argument, 'an initialised iterator');
  },
  socket(call, register, value) {
    if (isNull(value)) throw nullArgument(call, register);
    const kind = value.region?.kind;
    if (kind !== 'socket' && kind !== 'btf' && kind !== 'ctx') throw mismatch(call, register, value, 'a socket');
  },
  btf(call, register, value) {
    if (isNull(value)) throw nullArgument(call, register);
    if (value.region?.kind !== 'btf' && value.region?.kind !== 'socket') throw mismatch(call, register, value, 'a pointer to a kernel object');
  },
  const_string(call, register, value) {
    if (value.region?.kind !== 'map_value' || value.region.writable) throw mismatch(call, register, value, 'a constant string in read-only data');
    requireAccess(call.state, { pc: call.pc, register, value, displacement: 0, width: 1, mode: 'read', argument: call.prototype.name });
  },
  percpu(call, register, value) {
    if (value.region?.kind !== 'btf') throw mismatch(call, register, value, 'the address of a per-CPU variable');
  },
  zero(call, register, value) {
    if (!isNull(value)) throw new CheckFailure('argument_zero', `r${register} is ${describe(value)}; ${call.prototype.name} wants 0`, register);
  },
};

function mismatch(call: CheckedCall, register: number, value: Value, want: string): CheckFailure {
  return new CheckFailure('argument_type', `r${register} is ${describe(value)}; ${call.prototype.name} needs ${want}`, register);
}

function nullArgument(call: CheckedCall, register: number): CheckFailure {
  return new CheckFailure('null_access', `r${register} is null, which ${call.prototype.name} does not accept`, register);
}

function requireNumber(call: CheckedCall, register: number, value: Value): void {
  if (asNumber(call.state, value).region !== undefined) throw mismatch(call, register, value, 'a number');
}

function checkMap(call: CheckedCall, register: number, value: Value): void {
  const { prototype, state } = call;
  if (isNull(value) && value.fromNull) throw nullArgument(call, register);
  if (value.region?.kind !== 'map')
    throw new CheckFailure('map_argument', `r${register} is ${describe(value)}; ${prototype.name} needs a map`, register);
  const index = value.region.tag;
  const shape = state.program.maps[index];
  if (shape === undefined) throw new CheckFailure('map_argument', `r${register} names map ${index}, which does not exist`, register);
  const fits = prototype.mapKinds === undefined ? !OPAQUE_MAPS.has(shape.kind) : prototype.mapKinds.includes(shape.kind);
  if (!fits) throw new CheckFailure('map_kind', `${prototype.name} does not work on map ${shape.name}, a ${shape.kind}`, register);
  // The map of a timer is the one that holds it (bpf_timer_init).
  const holder = prototype.arguments[0]?.kind === 'timer' ? state.registers[1]?.region : undefined;
  if (holder !== undefined && holder.tag !== index) throw mismatch(call, register, value, 'the map that holds the timer');
  call.map = { index, shape };
}

function isMemory(value: Value): boolean {
  const kind = value.region?.kind;
  return kind === 'stack' || kind === 'packet' || kind === 'map_value' || kind === 'memory' || kind === 'btf';
}

/** A buffer of `width` bytes: inside its region, and when it is read from the stack, written and free of pointers. */
function buffer(call: CheckedCall, register: number, value: Value, width: number, mode: 'read' | 'write'): Buffer | undefined {
  const { state, pc, prototype } = call;
  if (isNull(value) || value.fromNull) throw nullArgument(call, register);
  if (!isMemory(value))
    throw new CheckFailure('memory_argument', `r${register} is ${describe(value)}; ${prototype.name} needs a pointer to memory`, register);
  if (width === 0) return undefined;
  const { region, index } = requireAccess(state, { pc, register, value, displacement: 0, width, mode, argument: prototype.name });
  if (region.lenient) return undefined;
  if (mode === 'write') call.writes.push({ region, index, width });
  else if (region.kind === 'stack' && !state.allowLeaks) checkContent(call, register, region, index, width);
  return { region, index, width };
}

function checkContent(call: CheckedCall, register: number, region: Region, index: number, width: number): void {
  for (let at = index; at < index + width; at++) {
    if (region.cells[at] === UNWRITTEN) {
      throw new CheckFailure(
        'stack_argument',
        `Argument ${register} of ${call.prototype.name} includes the stack byte at fp${at - region.origin}, which was never written`,
        register,
      );
    }
  }
  for (let at = index; at < index + width; at++) {
    if (region.cells[at] === POINTER) {
      throw new CheckFailure(
        'leak_argument',
        `Argument ${register} of ${call.prototype.name} includes a pointer at fp${at - region.origin}`,
        register,
      );
    }
  }
}

function inside(call: CheckedCall, register: number, value: Value, width: number): void {
  requireAccess(call.state, { pc: call.pc, register, value, displacement: 0, width, mode: 'write', argument: call.prototype.name });
}

function inMapValue(call: CheckedCall, register: number, value: Value, width: number, want: string): void {
  if (isNull(value)) throw nullArgument(call, register);
  if (value.region?.kind !== 'map_value') throw mismatch(call, register, value, want);
  inside(call, register, value, width);
}

/** A dynptr or iterator: bytes that a call makes one of, or that are one. */
function stackObject(call: CheckedCall, register: number, value: Value, width: number, { constructs }: HelperArgument, want: string): void {
  if (constructs !== true && call.state.objectAt(value) === undefined) throw mismatch(call, register, value, want);
  buffer(call, register, value, width, constructs === true ? 'write' : 'read');
}

function hold(call: CheckedCall, register: number, value: Value, argument: HelperArgument): void {
  const nullable = argument.nullable === true;
  if (!isMemory(value) && !(nullable && isNull(value))) {
    if (isNull(value) && value.fromNull) throw nullArgument(call, register);
    throw new CheckFailure('memory_argument', `r${register} is ${describe(value)}; ${call.prototype.name} needs a pointer to memory`, register);
  }
  call.held = { register, value, kind: argument.kind, nullable };
}

/** Sizes up to here are taken at their low half (bytes); BPF_MAX_VAR_SIZ of the kernel. */
const LARGEST_NARROW_SIZE = 0x1fff_ffffn;

function checkSize(call: CheckedCall, register: number, value: Value, least: 0n | 1n): void {
  if (value.region !== undefined) throw mismatch(call, register, value, 'a number');
  let size = BigInt.asIntN(64, value.bits);
  // A host that takes u32 sizes sees the low half; a huge one is reported for what it is.
  if (call.prototype.narrowSizes === true && (value.bits & 0xffff_ffffn) <= LARGEST_NARROW_SIZE) size = value.bits & 0xffff_ffffn;
  if (size < 0n) throw new CheckFailure('size_negative', `r${register}, a size for ${call.prototype.name}, is ${size}`, register);
  if (size < least) throw new CheckFailure('size_zero', `r${register}, a size for ${call.prototype.name}, is 0`, register);
  const { held } = call;
  call.held = undefined;
  if (held === undefined || size === 0n) return;
  // Sizes beyond any region fail its bounds; the cap keeps the width an exact number.
  const width = size > 0x7fff_ffffn ? 0x7fff_ffff : Number(size);
  if (held.kind !== 'memory_write') buffer(call, held.register, held.value, width, 'read');
  if (held.kind !== 'memory_read') buffer(call, held.register, held.value, width, 'write');
}

function checkRelease(call: CheckedCall, register: number): void {
  const { state, prototype } = call;
  const value = state.registers[register];
  if (value === undefined || isNull(value)) throw nullArgument(call, register);
  const { region } = value;
  const onStack = region?.kind === 'stack';
  // A clone stands elsewhere than what it is a clone of.
  const owned = state.references.find(({ region: each, place }) => each === region && (!onStack || place === value.bits));
  const reference = owned ?? (onStack ? state.references.find(({ place }) => place !== undefined) : undefined);
  if (region === undefined || reference === undefined) {
    throw new CheckFailure(
      'release_argument',
      `r${register} is ${describe(value)}; ${prototype.name} needs something acquired and not yet released`,
      register,
    );
  }
  if (onStack) call.ended = reference;
  else call.released = region;
}
