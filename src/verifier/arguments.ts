import type { ArgumentKind, HelperArgument, HelperPrototype } from '../platform/platform.ts';
import { isAligned, plain } from './access.ts';
import { low32, readRegister } from './alu.ts';
import type { CheckKind } from './checks.ts';
import { describeValue } from './describe.ts';
import { checkCallback } from './global-functions.ts';
import { checkSocketMap } from './linux-rules.ts';
import type { Machine, MapFacts } from './machine.ts';
import { requireAccess } from './memory.ts';
import { constant, constantValue, sub, U32_MAX } from './number/index.ts';
import { fieldAt, SPECIAL_WORDS, type SpecialKind } from './special-fields.ts';
import type { StackFrame } from './stack.ts';
import { endOverwritten, isObjectPlace, objectAt, PACKET_DYNPTR, PLAIN_DYNPTR } from './stack-objects.ts';
import { isExact, type State } from './state.ts';
import { DYNPTR, PACKET_SIZE, READ_ONLY_MEMORY, TYPED_MEMORY, type Value, ZERO } from './value.ts';

/** Sizes up to here may be taken at their low half (bytes); BPF_MAX_VAR_SIZ of the kernel. */
const LARGEST_NARROW_SIZE = 0x1fff_ffff;

/** Records larger than this are refused by every host (bytes). */
const MAX_RECORD = 0x3fff_ffff;

export interface HeldMemory {
  readonly register: number;
  readonly value: Value;
  readonly kind: ArgumentKind;
  readonly nullable: boolean;
  /** Register of the size. */
  readonly size: number;
}

/** What the arguments before the current one have established. */
export interface CallContext {
  readonly machine: Machine;
  readonly state: State;
  readonly pc: number;
  readonly prototype: HelperPrototype;
  map: MapFacts | undefined;
  /** Which map it is of those that share its tag: the identity of the pointer to it, 0 for one that the program names; undefined: not known. */
  mapIdentity: number | undefined;
  /** Memory arguments that wait for their size. */
  memory: HeldMemory[];
  recordSize: number;
  callback: number | undefined;
  callbackContext: Value | undefined;
  released: Value | undefined;
  lockTarget: Value | undefined;
  /** The first dynptr or iterator argument: the object on the stack, or the pointer to the host's own. */
  object: Value | undefined;
  /** The object that the call makes, and the address for it; placed when all arguments are checked. */
  made: { readonly address: Value; readonly name: string; readonly size: number } | undefined;
  /** The struct that the kernel pointer argument leads to. */
  pointedTo: string | undefined;
  /** The type that is allocated, by its id in the object's BTF. */
  allocated: number | undefined;
}

const ARGUMENT_TYPES: Partial<Record<ArgumentKind, string>> = {
  ctx: '== ctx',
  map: '== map_fd',
  size: '== number',
  size_or_zero: '== number',
  anything: '== number',
  number: '== number',
};
const MEMORY_TYPES = 'in {stack, packet, shared}';

export function checkArgument(call: CallContext, index: number, argument: HelperArgument): boolean {
  const { machine, state, pc } = call;
  const register = (index + 1) as 1 | 2 | 3 | 4 | 5;
  const value = readRegister(machine, state, pc, register, ARGUMENT_TYPES[argument.kind] ?? MEMORY_TYPES);
  if (value === undefined) return false;
  if (
    argument.nullable === true &&
    isNull(value) &&
    argument.kind !== 'memory_read' &&
    argument.kind !== 'memory_write' &&
    argument.kind !== 'memory_readwrite'
  )
    return true;
  if (value.kind === 'packet' && call.prototype.noPackets === true && argument.kind !== 'anything')
    return mismatch(call, register, value, 'no pointer into the packet, which Linux lets only some helpers see', MEMORY_TYPES);
  return ARGUMENT_CHECKS[argument.kind](call, register, value, argument);
}

type ArgumentCheck = (call: CallContext, register: number, value: Value, argument: HelperArgument) => boolean;

const ARGUMENT_CHECKS: Record<ArgumentKind, ArgumentCheck> = {
  anything(call, register, value, argument) {
    if (call.prototype.allocatesType === true && register === 1) return checkTypeId(call, register, value);
    if (value.kind === 'number' || call.machine.rules.allowLeaks || argument.staysInside === true) return true;
    return mismatch(call, register, value, 'a number (addresses must not leave the program)', '== number');
  },
  number: (call, register, value) => value.kind === 'number' || mismatch(call, register, value, 'a number', '== number'),
  ctx(call, register, value, argument) {
    if (argument.orKernel === true && value.kind === 'btf') return !value.nullable || nullArgument(call, register, value);
    const { name } = call.machine.rules.context;
    const other = argument.struct !== undefined && argument.struct !== name;
    if (value.kind !== 'ctx' || other) return mismatch(call, register, value, other ? `struct ${argument.struct}` : 'the context', '== ctx');
    if (value.symbol === ZERO && value.offset === 0) return true;
    const { smin: min, smax: max } = value.range;
    call.machine.fail('context_modified', call.pc, call.state, { register, argument: register, name: call.prototype.name, min, max });
    return false;
  },
  map: checkMap,
  map_key: (call, register, value) => checkBuffer(call, register, value, call.map?.keySize ?? 0, 'read', `within(r${register}:key_size(r1))`),
  map_value: (call, register, value, argument) =>
    call.map?.kind === 'sockmap' || call.map?.kind === 'sockhash'
      ? ARGUMENT_CHECKS.socket(call, register, value, argument)
      : checkBuffer(call, register, value, call.map?.valueSize ?? 0, 'read', `within(r${register}:value_size(r1))`),
  map_value_out: (call, register, value) =>
    checkBuffer(call, register, value, call.map?.valueSize ?? 0, 'write', `within(r${register}:value_size(r1))`),
  memory_read: holdMemory,
  memory_write: holdMemory,
  memory_readwrite: holdMemory,
  size: (call, register, value) => checkSize(call, register, value, 1),
  size_or_zero: (call, register, value) => checkSize(call, register, value, 0),
  fixed_read: (call, register, value, argument) => checkBuffer(call, register, value, argument.size ?? 8, 'read'),
  fixed_write(call, register, value, argument) {
    if (argument.aligned === true && !checkAligned(call, register, value, argument.size ?? 8)) return false;
    if (argument.initialized === true && !checkBuffer(call, register, value, argument.size ?? 8, 'read')) return false;
    return checkBuffer(call, register, value, argument.size ?? 8, 'write');
  },
  alloc_size(call, register, value) {
    const size = value.kind === 'number' ? constantValue(value.range) : undefined;
    if (size === undefined || size < 0 || size > MAX_RECORD) {
      call.machine.fail('argument_constant', call.pc, call.state, {
        register,
        argument: register,
        name: call.prototype.name,
        min: value.range.smin,
        max: value.range.smax,
      });
      return false;
    }
    call.recordSize = Number(size);
    // The buffer that the result may be instead must have room for it.
    return call.memory.filter((held) => held.size === register).every((held) => isNull(held.value) || checkHeldMemory(call, held, value));
  },
  allocated(call, register, value) {
    const isRecord = value.kind === 'memory' && value.tag < READ_ONLY_MEMORY && value.parent === 0 && isRingRecord(call, value);
    if (isRecord && !value.nullable && value.symbol === ZERO && value.offset === 0) return true;
    if (isRecord && value.nullable) return nullArgument(call, register, value);
    return refuse(call, 'release_argument', register, value);
  },
  callback(call, register, value) {
    if (value.kind === 'code') {
      call.callback = value.tag;
      return checkCallback(call.machine, call.state, call.pc, value.tag);
    }
    return refuse(call, 'callback_argument', register, value);
  },
  callback_context(call, register, value) {
    if (value.kind === 'stack' || isNull(value)) {
      call.callbackContext = value;
      return true;
    }
    return mismatch(call, register, value, 'a pointer to the stack, or null', 'in {stack, number}');
  },
  spin_lock(call, register, value) {
    if (value.nullable) return nullArgument(call, register, value);
    if ((value.kind === 'map_value' || value.kind === 'btf' || value.kind === 'memory') && value.symbol === ZERO) {
      call.lockTarget = value;
      return value.kind === 'btf' || checkSpecialArgument(call, register, value, 4, 'spin_lock');
    }
    return mismatch(call, register, value, 'a pointer to a spin lock in a map value', '== spin_lock');
  },
  timer: (call, register, value) => checkInMapValue(call, register, value, 16, 'a pointer to a timer in a map value', 'timer'),
  kptr: (call, register, value) => checkInMapValue(call, register, value, 8, 'a pointer to a kernel pointer in a map value', 'kptr'),
  dynptr(call, register, value, argument) {
    if (argument.constructs === true) return checkObjectPlace(call, register, value, dynptrName(call), DYNPTR_SIZE);
    if (value.kind === 'btf' && value.tag === DYNPTR && value.symbol === ZERO && value.offset === 0) {
      call.object ??= value;
      return true;
    }
    return checkObject(call, register, value, 'an initialised dynptr', (name) => DYNPTRS.has(name));
  },
  iterator(call, register, value, argument) {
    const struct = argument.struct ?? '';
    if (argument.constructs === true) return checkObjectPlace(call, register, value, struct, argument.size ?? 8);
    return checkObject(call, register, value, `an initialised ${struct}`, (name) => name === struct);
  },
  socket(call, register, value) {
    if (value.nullable) return nullArgument(call, register, value);
    if (
      (value.kind === 'socket' && call.machine.struct(value.tag)?.loose !== true) ||
      (value.kind === 'btf' && value.tag !== DYNPTR && SOCKET_STRUCT.test(call.machine.kernelStruct(value.tag) ?? 'sock'))
    )
      return true;
    // Some programs have a socket for their context.
    const isContext = value.kind === 'ctx' && value.symbol === ZERO && value.offset === 0 && call.machine.rules.context.name === 'bpf_sock';
    return isContext || mismatch(call, register, value, 'a socket', '== socket');
  },
  btf(call, register, value, argument) {
    if (value.nullable) return nullArgument(call, register, value);
    if (value.kind === 'memory' && value.tag >= TYPED_MEMORY && argument.struct === '') {
      const have = call.machine.memory(value.tag).name;
      return call.pointedTo === undefined || have === call.pointedTo || mismatch(call, register, value, `struct ${call.pointedTo}`, '== btf_id');
    }
    if ((value.kind === 'btf' && value.tag !== DYNPTR && fitsStruct(call, value, argument.struct ?? '')) || value.kind === 'socket') return true;
    return mismatch(call, register, value, 'a pointer to a kernel object', '== btf_id');
  },
  const_string(call, register, value) {
    const readOnly = value.kind === 'map_value' && call.machine.map(value.tag)?.readOnly === true;
    if (readOnly && !endsWithin(call, value)) return mismatch(call, register, value, 'a constant string with a zero at its end', '== shared');
    return readOnly
      ? requireAccess(call.machine, call.state, call.pc, {
          register,
          pointer: value,
          displacement: 0,
          width: 1,
          mode: 'read',
          argument: position(call, register),
        })
      : mismatch(call, register, value, 'a constant string in read-only data', '== shared');
  },
  percpu: (call, register, value) => value.kind === 'btf' || mismatch(call, register, value, 'the address of a per-CPU variable', '== btf_id'),
  zero(call, register, value) {
    if (isNull(value)) return true;
    call.machine.fail('argument_zero', call.pc, call.state, { register, argument: register, name: call.prototype.name });
    return false;
  },
};

/** struct bpf_dynptr of the kernel's uapi (bytes). */
const DYNPTR_SIZE = 16;

/** Whether a pointer is to what a ring buffer handed out, released or not. */
function isRingRecord(call: CallContext, value: Value): boolean {
  const acquired = call.state.references.find((reference) => reference.identity === value.identity);
  const instruction = acquired === undefined ? undefined : call.machine.instruction(acquired.instruction);
  return instruction === undefined || (instruction.kind === 'call' && call.machine.findHelper(instruction.helper)?.name === 'bpf_ringbuf_reserve');
}

/** Structs that are sockets, by what they are called. */
const SOCKET_STRUCT = /sock(_common)?$/;

/** Structs that begin with another, and so serve where that one is wanted. */
const BEGINS_WITH: ReadonlyMap<string, string> = new Map([
  ['bpf_cpumask', 'cpumask'],
  ['cgroup', 'cgroup_subsys_state'],
  ['tcp6_sock', 'tcp_sock'],
  ['mptcp_sock', 'tcp_sock'],
]);

/** Whether a kernel object may be of the struct wanted, which is one that the program itself allocates where it has no name: what is not known is left to the host. */
function fitsStruct({ machine, pointedTo, prototype }: CallContext, value: Value, struct: string): boolean {
  if (struct === '' && pointedTo === undefined && prototype.name === 'bpf_kptr_xchg') return true;
  const wanted = struct === '' ? (pointedTo ?? '') : struct;
  const have = value.symbol === ZERO && value.offset === 0 ? machine.kernelStruct(value.tag) : undefined;
  if (have === undefined) return true;
  return wanted === '' ? !machine.isHostStruct(have) : have === wanted || BEGINS_WITH.get(have) === wanted;
}

const DYNPTRS: ReadonlySet<string> = new Set([PLAIN_DYNPTR, PACKET_DYNPTR]);

/** A copy shows what its source shows. */
function dynptrName(call: CallContext): string {
  if (call.object !== undefined && call.object.kind === 'object') return call.machine.objectName(call.object.tag);
  return call.prototype.dynptrOf === 'packet' ? PACKET_DYNPTR : PLAIN_DYNPTR;
}

/** Where the call may make an object: writable, aligned, constant bytes of the stack that hold none that must be given back. */
function checkObjectPlace(call: CallContext, register: number, value: Value, name: string, size: number): boolean {
  const { machine, state, pc } = call;
  if (!isObjectPlace(value)) return mismatch(call, register, value, 'a place on the stack at a constant multiple of 8 bytes', '== stack');
  const access = { register, pointer: value, displacement: 0, width: size, mode: 'write' as const, argument: position(call, register) };
  if (!requireAccess(machine, state, pc, access)) return false;
  call.made = { address: value, name, size };
  return true;
}

function checkObject(call: CallContext, register: number, value: Value, want: string, fits: (name: string) => boolean): boolean {
  const object = objectAt(call.state, value);
  if (object === undefined || !fits(call.machine.objectName(object.tag))) return mismatch(call, register, value, want, '== object');
  call.object ??= object;
  return true;
}

function checkAligned(call: CallContext, register: number, value: Value, size: number): boolean {
  // Packets begin in the middle of a word, and kernel objects are the host's to align.
  if (call.machine.rules.platform.name !== 'linux' || value.kind === 'packet' || value.kind === 'btf') return true;
  const access = { register, pointer: value, displacement: 0, width: size, mode: 'write' } as const;
  if (isAligned(access)) return true;
  const { smin: min, smax: max } = value.range;
  const name = value.kind === 'stack' ? 'fp' : 'the start of the memory + ';
  call.machine.fail('misaligned', call.pc, call.state, { ...plain(access), name, min, max });
  return false;
}

/** The id of a struct of the object's BTF, as bpf_core_type_id_local gives it. */
function checkTypeId(call: CallContext, register: number, value: Value): boolean {
  const id = value.kind === 'number' ? constantValue(value.range) : undefined;
  if (typeof id === 'number' && id > 0 && call.machine.memory(TYPED_MEMORY + id).size > 0) {
    call.allocated = id;
    return true;
  }
  return mismatch(call, register, value, "the id of a type in the object's BTF", '== number');
}

/** Whether a zero byte ends the string within its data; content that is not known is the host's to check. */
function endsWithin(call: CallContext, value: Value): boolean {
  const data = call.machine.map(value.tag)?.data;
  const at = constantValue(value.range);
  return data === undefined || at === undefined || at < 0 || data.indexOf(0, Number(at)) >= 0;
}

function isNull(value: Value): boolean {
  return value.kind === 'number' && value.symbol === ZERO && value.offset === 0;
}

function position(call: CallContext, register: number) {
  return { position: register, helper: call.prototype.name };
}

/** Fails an argument for what it is. */
function refuse(call: CallContext, kind: CheckKind, register: number, value: Value): false {
  const { machine, state, pc, prototype } = call;
  machine.fail(kind, pc, state, { register, argument: register, name: prototype.name, have: describeValue(machine, value) });
  return false;
}

export function mismatch(call: CallContext, register: number, value: Value, want: string, types: string): boolean {
  call.machine.fail('argument_type', call.pc, call.state, {
    register,
    argument: register,
    name: call.prototype.name,
    have: describeValue(call.machine, value),
    want,
    types,
  });
  return false;
}

export function nullArgument(call: CallContext, register: number, value: Value, note?: string): boolean {
  const map = value.kind === 'map_value' ? call.machine.map(value.tag)?.name : undefined;
  call.machine.fail('null_access', call.pc, call.state, {
    register,
    argument: register,
    name: map === undefined ? 'a call' : `a lookup in map ${map}`,
    note: note ?? `r${register}.value != 0`,
  });
  return false;
}

/** Whether the argument points at a field of that kind; values whose type is not known may have one anywhere. */
function checkSpecialArgument(call: CallContext, register: number, value: Value, width: number, kind: SpecialKind): boolean {
  const { machine, state, pc } = call;
  const fields = value.kind === 'map_value' ? machine.map(value.tag)?.special : machine.memory(value.tag).special;
  const offset = Number(value.offset);
  if (fields !== undefined && fieldAt(fields, offset, kind) === undefined) {
    machine.fail('special_argument', pc, state, {
      register,
      argument: register,
      name: call.prototype.name,
      want: SPECIAL_WORDS[kind],
      have: describeValue(machine, value),
    });
    return false;
  }
  const access = { register, pointer: value, displacement: 0, width, mode: 'write' as const, special: true, argument: position(call, register) };
  return requireAccess(machine, state, pc, access);
}

function checkInMapValue(call: CallContext, register: number, value: Value, width: number, want: string, kind: SpecialKind): boolean {
  if (value.nullable) return nullArgument(call, register, value);
  const typed = value.kind === 'memory' && kind === 'kptr' && value.tag >= TYPED_MEMORY;
  if ((value.kind !== 'map_value' && !typed) || value.symbol !== ZERO) return mismatch(call, register, value, want, '== shared');
  // A timer's callback gets the map that holds the timer.
  if (!typed && call.map === undefined) {
    call.map = call.machine.map(value.tag);
    call.mapIdentity = call.machine.homeOf(value.identity);
  }
  if (kind === 'kptr') {
    const fields = typed ? call.machine.memory(value.tag).special : call.machine.map(value.tag)?.special;
    call.pointedTo = fields === undefined ? undefined : fieldAt(fields, Number(value.offset), 'kptr')?.struct;
  }
  return checkSpecialArgument(call, register, value, width, kind);
}

function checkMap(call: CallContext, register: number, value: Value): boolean {
  const { machine, state, pc, prototype } = call;
  const programs = prototype.mapKinds?.includes('prog_array') === true;
  const types = programs ? 'map_fd_programs' : 'map_fd';
  if (value.kind !== 'map') {
    machine.fail('map_argument', pc, state, { register, argument: register, name: prototype.name, have: describeValue(machine, value), types });
    return false;
  }
  if (value.nullable) return nullArgument(call, register, value);
  const map = machine.map(value.tag);
  if (map === undefined) return false;
  const { mapKinds, perCpuOnly } = prototype;
  const isKind = mapKinds === undefined || mapKinds.includes(map.kind);
  if (!isKind || (perCpuOnly === true && map.perCpu !== true)) {
    machine.fail('map_kind', pc, state, {
      register,
      argument: register,
      name: prototype.name,
      have: map.typeName,
      want: `${perCpuOnly === true ? 'a per-CPU ' : ''}${mapKinds?.join(' or ') ?? 'a map of data'}`,
      types,
    });
    return false;
  }
  if (!checkSocketMap(machine, state, pc, prototype, map)) return false;
  call.map = map;
  call.mapIdentity = value.identity;
  return true;
}

/** A buffer of a size known from the prototype or the map. */
function checkBuffer(call: CallContext, register: number, value: Value, width: number, mode: 'read' | 'write', within?: string): boolean {
  const { machine, state, pc } = call;
  if (!isMemory(value)) {
    machine.fail('memory_argument', pc, state, {
      register,
      argument: register,
      name: call.prototype.name,
      have: describeValue(machine, value),
      mode,
      want: 'memory',
    });
    return false;
  }
  if (value.nullable) return nullArgument(call, register, value, within);
  if (width === 0) return true;
  if (!requireAccess(machine, state, pc, { register, pointer: value, displacement: 0, width, mode, argument: position(call, register) }))
    return false;
  if (value.kind !== 'stack') return true;
  return mode === 'read' ? checkStackContent(call, register, value, width, { within }) : writeBuffer(call, register, value, width, width);
}

function isMemory(value: Value): boolean {
  return value.kind === 'stack' || value.kind === 'packet' || value.kind === 'map_value' || value.kind === 'memory' || value.kind === 'btf';
}

/** What leaves the program through a helper must be written, and no address. */
function checkStackContent(
  call: CallContext,
  register: number,
  value: Value,
  width: number,
  { within, sizeRegister }: { readonly within?: string | undefined; readonly sizeRegister?: number },
): boolean {
  const { machine, state, pc } = call;
  if (machine.rules.allowLeaks) return true;
  const stack = state.frames[value.tag]!.stack;
  const from = stack.size + Number(value.range.smin);
  const to = stack.size + Number(value.range.smax) + width;
  const unwritten = stack.firstUnwritten(from, to - from);
  const at = unwritten >= 0 ? unwritten : stack.firstNonNumeric(from, to - from);
  if (at < 0) return true;
  const total = machine.rules.stackSize * machine.rules.callFrames;
  const absolute = total - value.tag * machine.rules.stackSize - stack.size;
  const region = `[${absolute + from}-${absolute + to})`;
  machine.fail(unwritten >= 0 ? 'stack_argument' : 'leak_argument', pc, state, {
    register,
    argument: register,
    name: call.prototype.name,
    min: at - stack.size,
    max: to - stack.size,
    note:
      within === undefined
        ? `Stack content is not numeric (valid_access(r${register}.offset, width=${sizeRegister === undefined ? width : `r${sizeRegister}`}) for read)`
        : `Illegal map update with a non-numerical value ${region} (${within})`,
  });
  return false;
}

/** The helper fills `certain` bytes and may fill up to `possible`. */
function writeBuffer(call: CallContext, register: number, value: Value, certain: number, possible: number): boolean {
  // The call must not write over the object that it works on.
  if (call.object?.kind === 'object' && overwrites(call, value, possible)) {
    const details = { register, displacement: 0, width: possible, mode: 'write' as const, min: value.range.smin };
    call.machine.fail('stack_object', call.pc, call.state, { ...details, name: call.machine.objectName(call.object.tag) });
    return false;
  }
  const stack = call.state.writableStack(value.tag);
  const c = constantValue(value.range);
  const from = stack.size + Number(value.range.smin);
  const to = stack.size + Number(value.range.smax) + possible;
  if (call.machine.hasObjects) {
    endOverwritten(call.state, value.tag, from, to);
    return fillBuffer(call.state.writableStack(value.tag), c !== undefined, from, to, certain);
  }
  return fillBuffer(stack, c !== undefined, from, to, certain);
}

function overwrites(call: CallContext, value: Value, width: number): boolean {
  const stack = call.state.frames[value.tag]!.stack;
  const from = stack.size + Number(value.range.smin);
  const to = stack.size + Number(value.range.smax) + width;
  return stack.overlapping(from, to).some((cell) => cell.value.kind === 'object' && cell.value.identity === call.object!.identity);
}

function fillBuffer(stack: StackFrame, exact: boolean, from: number, to: number, certain: number): boolean {
  if (!exact) {
    stack.storeSomewhere(from, to, true);
    return true;
  }
  if (to > from + certain) stack.storeSomewhere(from + certain, to, true);
  if (certain > 0) stack.fillNumeric(from, certain);
  return true;
}

function holdMemory(call: CallContext, register: number, value: Value, argument: HelperArgument): boolean {
  const nullable = argument.nullable === true;
  if (argument.inMapValue === true && value.kind !== 'map_value' && call.machine.rules.platform.name === 'linux')
    return mismatch(call, register, value, 'memory in the value of a map', '== shared');
  if (!isMemory(value) && !(nullable && isNull(value)) && value.kind !== 'invalid') {
    call.machine.fail('memory_argument', call.pc, call.state, {
      register,
      argument: register,
      name: call.prototype.name,
      have: describeValue(call.machine, value),
      mode: argument.kind === 'memory_write' ? 'write' : 'read',
      want: 'memory',
    });
    return false;
  }
  call.memory.push({
    register,
    value,
    kind: argument.kind,
    nullable,
    size: argument.sizeArgument === undefined ? register + 1 : argument.sizeArgument + 1,
  });
  return true;
}

function checkSize(call: CallContext, register: number, value: Value, least: 0 | 1): boolean {
  const { machine, state, pc, prototype } = call;
  if (value.kind !== 'number') return mismatch(call, register, value, 'a number', '== number');
  if (prototype.narrowSizes === true && value.range.umax > U32_MAX) {
    // The host looks at the low half only; where that is bounded, it is the size.
    const low = low32(machine, value);
    if (low.range.umax <= LARGEST_NARROW_SIZE) return checkSize(call, register, low, least);
  }
  const { smin: min, smax: max } = value.range;
  const details = { register, argument: register, name: prototype.name, min, max };
  if (min < 0) {
    machine.fail('size_negative', pc, state, { ...details, note: least === 1 ? '> 0' : '>= 0' });
    return false;
  }
  if (min < least) {
    machine.fail('size_zero', pc, state, details);
    return false;
  }
  return call.memory.filter((held) => held.size === register).every((held) => checkHeldMemory(call, held, value));
}

function checkHeldMemory(call: CallContext, held: HeldMemory, size: Value): boolean {
  const { machine, state, pc } = call;
  const { register, value, kind } = held;
  const { smin, smax } = size.range;
  if (isNull(value)) {
    if (smax === 0) return true;
    return nullArgument(call, register, value, `Non-zero access size with null pointer`);
  }
  if (value.nullable && !(held.nullable && smax === 0)) return nullArgument(call, register, value);
  if (smax === 0) return true;
  // Sizes beyond any region fail the bounds check; the width is capped so that it stays an exact JavaScript integer.
  const width = smax > 0x7fff_ffff ? 0x7fff_ffff : Number(smax);
  for (const mode of kind === 'memory_read' ? (['read'] as const) : kind === 'memory_write' ? (['write'] as const) : (['read', 'write'] as const)) {
    const access = {
      register,
      ...span(call, value, size, width),
      displacement: 0,
      mode,
      sizeRegister: held.size,
      argument: position(call, register),
    };
    const bounded = (mode === 'read' || machine.rules.programType.packetWrite === true) && packetBoundedBySize(call, value, size);
    if (!bounded && !requireAccess(machine, state, pc, access)) return false;
    if (value.kind !== 'stack') continue;
    if (mode === 'read') {
      if (!checkStackContent(call, register, value, width, { sizeRegister: held.size })) return false;
    } else if (!writeBuffer(call, register, value, Number(smin), width)) return false;
  }
  return true;
}

/** The size may be tied to the packet itself (size = data_end - data): then its own range says too little. */
function packetBoundedBySize(call: CallContext, value: Value, size: Value): boolean {
  if (value.kind !== 'packet' || size.symbol === ZERO || !isExact(size) || !isExact(value) || value.range.smin < 0) return false;
  const start = constantValue(value.range);
  const over = start === undefined ? call.state.upperTotal(value, size, PACKET_SIZE) : call.state.overPacketEnd(size, Number(start));
  return over !== undefined && over <= 0;
}

/** What a call may touch: where the address and the size were bounded together, from the first byte to the last that both allow. */
function span(call: CallContext, value: Value, size: Value, width: number): { readonly pointer: Value; readonly width: number } {
  const plain = { pointer: value, width };
  if (value.kind !== 'map_value' && value.kind !== 'memory') return plain;
  const start = value.range.smin;
  const end = call.state.upperTotal(value, size, ZERO);
  const limit = value.kind === 'memory' ? call.machine.memory(value.tag).size : call.machine.map(value.tag)?.valueSize;
  if (start < 0 || end === undefined || limit === undefined || end > limit || end <= start) return plain;
  return { pointer: value.withPosition(ZERO, start, constant(start)), width: Number(sub(end, start)) };
}
