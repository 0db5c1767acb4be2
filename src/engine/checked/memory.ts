import type { Atomic, Load, LoadAcquire, PacketLoad, Register, Size, Store, StoreRelease } from '../../isa/instruction.ts';
import { judgeContextAccess } from '../../platform/context-access.ts';
import { asNumber, compute, readNumber, readOperand } from './arithmetic.ts';
import { CheckFailure, type FaultKind } from './fault.ts';
import type { CheckedState } from './state.ts';
import { describe, NULL, NUMERIC, numberValue, POINTER, pointerTo, type Region, type RegionKind, UNWRITTEN, Value } from './value.ts';

export type Mode = 'read' | 'write';

/** One access: `width` bytes at `value + displacement`, through `register`. `argument`: a helper's, whose failures have names of their own. */
export interface Access {
  readonly pc: number;
  readonly register: number;
  readonly value: Value;
  readonly displacement: number;
  readonly width: number;
  readonly mode: Mode;
  readonly argument?: string;
}

/** Bytes of struct bpf_sock and its like that programs may read (include/uapi/linux/bpf.h; the largest of them). */
const SOCKET_SIZE = 116;

const BOUNDS: Readonly<Record<Exclude<RegionKind, 'map' | 'code'>, readonly [lower: FaultKind, upper: FaultKind]>> = {
  ctx: ['context_lower', 'context_upper'],
  stack: ['stack_lower', 'stack_upper'],
  packet: ['packet_lower', 'packet_upper'],
  map_value: ['map_value_lower', 'map_value_upper'],
  memory: ['memory_lower', 'memory_upper'],
  socket: ['memory_lower', 'memory_upper'],
  btf: ['memory_lower', 'memory_upper'],
};

function verb(mode: Mode): string {
  return mode === 'read' ? 'Reads' : 'Writes';
}

/** Checks one access against its region; returns the index of its first byte in the region's bytes. */
export function requireAccess(state: CheckedState, access: Access): { readonly region: Region; readonly index: number } {
  const { value, displacement, width, mode, register, argument } = access;
  const { region } = value;
  if (region === undefined || region.kind === 'map' || region.kind === 'code') throw notAnAddress(access);
  const offset = value.bits + BigInt(displacement);
  if (region.lenient) {
    if (mode === 'read') return { region, index: 0 };
    throw new CheckFailure('read_only', `Writes to ${region.name}`, register);
  }
  const limit = region.kind === 'socket' ? SOCKET_SIZE : region.bytes.length;
  // Far offsets stay exact in the comparison because a double tells them from anything near.
  const index = Number(offset) + region.origin;
  if (index < 0 || index + width > limit || (mode === 'write' && !region.writable)) throw outOfRegion(access, region, offset, limit);
  if (region.kind === 'stack') {
    if (state.isLinux && argument === undefined && index % width !== 0) {
      throw new CheckFailure(
        'misaligned',
        `${verb(mode)} ${width} bytes at fp${offset}, which is not aligned`,
        register,
        detailOf(access, region, offset, limit),
      );
    }
  } else if (region.kind === 'ctx' && argument === undefined) requireField(state, access, index);
  state.options.onAccess?.(access.pc, region, BigInt(index), width, mode);
  return { region, index };
}

function detailOf({ width, mode }: Access, region: Region, offset: bigint, size: number): NonNullable<CheckFailure['access']> {
  return { region: region.name, offset, width, size, mode };
}

function outOfRegion(access: Access, region: Region, offset: bigint, size: number): CheckFailure {
  const { width, mode, register } = access;
  const detail = detailOf(access, region, offset, size);
  if (mode === 'write' && !region.writable) {
    if (region.kind === 'packet')
      return new CheckFailure('packet_write', 'Writes to the packet, which is read-only for this program type', register, detail);
    return new CheckFailure('read_only', `Writes to ${region.name}, which is read-only`, register, detail);
  }
  const [lower, upper] = BOUNDS[region.kind as keyof typeof BOUNDS];
  const where = `${verb(mode)} ${width} ${width === 1 ? 'byte' : 'bytes'} at offset ${offset} of ${region.name}, which has ${size}`;
  return new CheckFailure(offset + BigInt(region.origin) < 0n ? lower : upper, where, register, detail);
}

function notAnAddress({ value, register, argument, mode }: Access): CheckFailure {
  if (value.region === undefined && (value.fromNull || value.bits === 0n)) {
    return new CheckFailure(
      'null_access',
      `r${register} is null${argument === undefined ? ` and is used as an address` : `, which ${argument} does not accept`}`,
      register,
    );
  }
  if (argument === undefined) return new CheckFailure('dereference', `r${register} is ${describe(value)} and is used as an address`, register);
  return new CheckFailure(
    'memory_argument',
    `r${register} of ${argument} must point to ${mode === 'write' ? 'writable' : 'readable'} memory; it is ${describe(value)}`,
    register,
  );
}

const CONTEXT_FAULTS = {
  outside: 'context_upper',
  alignment: 'context_field',
  field: 'context_field',
  width: 'context_field',
  read_only: 'context_write',
  pointer: 'context_write',
} as const;

/** Why a context access is refused, for people. */
const CONTEXT_WORDS: Readonly<Record<keyof typeof CONTEXT_FAULTS, string>> = {
  outside: 'outside the structure',
  alignment: 'not aligned',
  field: 'no field',
  width: 'not the width of the field',
  read_only: 'read-only',
  pointer: 'a pointer field',
};

function requireField(state: CheckedState, { width, mode, register }: Access, offset: number): void {
  const { programType, attachType } = state.program;
  if (programType === undefined) return;
  const verdict = judgeContextAccess(programType.context, {
    offset,
    size: width,
    write: mode === 'write',
    ...(attachType === undefined ? {} : { attachType }),
  });
  if (verdict.allowed) return;
  const kind = mode === 'write' && verdict.reason === 'width' ? 'context_field' : CONTEXT_FAULTS[verdict.reason];
  const field = verdict.field === undefined ? '' : ` (field ${verdict.field.name})`;
  throw new CheckFailure(
    kind,
    `${verb(mode)} ${width === 1 ? '1 byte' : `${width} bytes`} at offset ${offset} of ${programType.context.name}${field}: ${CONTEXT_WORDS[verdict.reason]}`,
    register,
  );
}

export function executeLoad(state: CheckedState, pc: number, instruction: Load | LoadAcquire): void {
  const { dst, src, offset, size } = instruction;
  const value = loadValue(state, { pc, register: src, value: state.read(src), displacement: offset, width: size, mode: 'read' }, size);
  const signed = instruction.kind === 'load' && instruction.signed && value.region === undefined;
  state.registers[dst] = signed ? numberValue(BigInt.asIntN(8 * size, value.bits)) : value;
}

function loadValue(state: CheckedState, access: Access, size: Size): Value {
  const { region, index } = requireAccess(state, access);
  if (region.lenient) return size === 8 ? state.kernelPointer() : numberValue(BigInt.asUintN(8 * size, state.random.field()));
  if (region.kind === 'stack') return loadStack(state, access, region, index, size);
  if (region.kind === 'ctx') return loadContext(state, region, index, size);
  if (region.kind === 'socket') return numberValue(BigInt.asUintN(8 * size, state.random.field()));
  if (state.input.shared === true && region.kind === 'map_value' && region.writable) changeMeanwhile(state, region, index, size);
  return numberValue(readBits(region.view, index, size));
}

/** Another CPU or user space may write to what the program has read before. */
function changeMeanwhile(state: CheckedState, region: Region, index: number, size: Size): void {
  const place = `${region.id}:${index}`;
  if (state.lock === undefined && state.readOnce.has(place) && state.random.chance(2)) state.random.fill(region.bytes.subarray(index, index + size));
  state.readOnce.add(place);
}

export function readBits(view: DataView, index: number, size: Size): bigint {
  if (size === 8) return view.getBigUint64(index, true);
  return BigInt(size === 4 ? view.getUint32(index, true) : size === 2 ? view.getUint16(index, true) : view.getUint8(index));
}

function writeBits(view: DataView, index: number, size: Size, bits: bigint): void {
  if (size === 8) view.setBigUint64(index, bits, true);
  else if (size === 4) view.setUint32(index, Number(bits & 0xffff_ffffn), true);
  else if (size === 2) view.setUint16(index, Number(bits & 0xffffn), true);
  else view.setUint8(index, Number(bits & 0xffn));
}

function loadStack(state: CheckedState, access: Access, region: Region, index: number, size: Size): Value {
  const whole = size === 8 ? region.spilled.get(index) : undefined;
  if (whole !== undefined) {
    // A spilled pointer dies with its region, like one in a register.
    const ended = whole.region?.ended;
    if (ended === undefined) return whole;
    const kind = ended === 'stale_packet' ? 'stale_packet' : ended === 'released' ? 'use_after_release' : 'stack_uninitialised';
    throw new CheckFailure(kind, `The pointer at fp${index - region.origin} is dead: what it points to was released or has moved`, access.register);
  }
  for (let at = index; at < index + size; at++) {
    if (region.cells[at] === UNWRITTEN)
      throw new CheckFailure('stack_uninitialised', `Reads the stack byte at fp${at - region.origin}, which was never written`, access.register);
    if (region.cells[at] === POINTER && !state.allowLeaks) {
      throw new CheckFailure('stack_not_numeric', `Reads the stack byte at fp${at - region.origin}, which is part of a pointer`, access.register);
    }
  }
  return numberValue(readBits(region.view, index, size));
}

function loadContext(state: CheckedState, region: Region, index: number, size: Size): Value {
  const layout = state.program.programType?.context;
  const field = layout?.fields.find((row) => row.offset <= index && index + size <= row.offset + row.size);
  switch (field?.kind) {
    case 'packet':
      return state.packet === undefined ? NULL : pointerTo(state.packet);
    case 'packet_end':
      return state.packet === undefined ? NULL : pointerTo(state.packet, BigInt(state.packetSize));
    case 'packet_meta':
      return state.packet === undefined ? NULL : pointerTo(state.packet, BigInt(-state.packet.origin));
    case 'socket':
      return field.nullable === true && state.random.chance(3)
        ? NULL
        : pointerTo(state.region('socket', field.struct ?? 'a socket', { writable: false }));
    case 'btf':
      return field.nullable === true && state.random.chance(3) ? NULL : state.kernelPointer();
    default:
      // A traced function's arguments are of any kind: a kernel pointer that is a number as well stands for both.
      if (layout?.typedArguments === true && size === 8) return state.kernelPointer();
      return numberValue(readBits(region.view, index, size));
  }
}

export function executeStore(state: CheckedState, pc: number, instruction: Store | StoreRelease): void {
  const { dst, offset, size } = instruction;
  const value = state.read(dst);
  const source = readOperand(state, instruction.kind === 'store' ? instruction.source : { kind: 'register', register: instruction.src });
  const { region, index } = requireAccess(state, { pc, register: dst, value, displacement: offset, width: size, mode: 'write' });
  storeValue(state, region, index, size, source, dst);
}

function storeValue(state: CheckedState, region: Region, index: number, size: Size, value: Value, register: number): void {
  if (region.kind === 'stack') {
    writeStack(region, index, size, value);
    return;
  }
  const number = asNumber(state, value);
  if (number.region !== undefined)
    throw new CheckFailure('leak_store', `Stores ${describe(value)} into ${region.name}, which is visible outside the program`, register);
  writeBits(region.view, index, size, number.bits);
}

function writeStack(region: Region, index: number, size: Size, value: Value): void {
  forget(region, index, size);
  writeBits(region.view, index, size, value.address);
  region.cells.fill(value.region === undefined ? NUMERIC : POINTER, index, index + size);
  if (size === 8 && (value.region !== undefined || value.fromNull)) region.spilled.set(index, value);
}

/** Whole values that a write of `size` bytes at `index` destroys; what is left of a pointer is part of one. */
function forget(region: Region, index: number, size: number): void {
  if (region.spilled.size === 0) return;
  for (let at = Math.max(index - 7, 0); at < index + size; at++) region.spilled.delete(at);
}

/** The helper wrote numbers: random ones, or those given. */
export function fillBytes(state: CheckedState, region: Region, index: number, width: number, content?: Uint8Array): void {
  const target = region.bytes.subarray(index, index + width);
  if (content === undefined) state.random.fill(target);
  else target.set(content.subarray(0, width));
  if (region.kind !== 'stack') return;
  forget(region, index, width);
  region.cells.fill(NUMERIC, index, index + width);
}

export function executeAtomic(state: CheckedState, pc: number, instruction: Atomic): void {
  const { dst, src, offset, size, operator, fetch } = instruction;
  const pointer = state.read(dst);
  const source = state.read(src);
  const expected = operator === 'cmpxchg' ? state.read(0) : undefined;
  const kind = pointer.region?.kind;
  if (kind === 'ctx' || (state.isLinux && (kind === 'packet' || kind === 'socket' || kind === 'btf'))) {
    throw new CheckFailure('atomic_target', `Atomic operation on ${describe(pointer)}`, dst);
  }
  const operand = asNumber(state, source);
  const compared = expected === undefined ? undefined : asNumber(state, expected);
  if (operand.region !== undefined || compared?.region !== undefined) {
    const [register, bad] = operand.region !== undefined ? [src, operand] : [0, compared!];
    throw new CheckFailure(
      kind === 'stack' ? 'type' : 'leak_store',
      `r${register} is ${describe(bad)}; an atomic operation needs a number`,
      register,
    );
  }
  const access = { pc, register: dst, value: pointer, displacement: offset, width: size };
  requireAccess(state, { ...access, mode: 'write' });
  const old = loadValue(state, { ...access, mode: 'read' }, size);
  if (old.region !== undefined)
    throw new CheckFailure('stack_not_numeric', `The stack bytes at r${dst} hold ${describe(old)}; an atomic operation needs a number`, dst);
  const { region, index } = requireAccess(state, { ...access, mode: 'write' });
  const width = size === 8 ? 64 : 32;
  let result = operand.bits;
  if (compared !== undefined) result = BigInt.asUintN(width, compared.bits) === old.bits ? operand.bits : old.bits;
  else if (operator !== 'xchg' && operator !== 'cmpxchg') result = compute(operator, width, old.bits, operand.bits);
  storeValue(state, region, index, size, numberValue(result), dst);
  if (fetch) state.registers[operator === 'cmpxchg' ? 0 : src] = numberValue(old.bits);
}

/** Legacy packet load: r0 in host order; false where it lies outside the packet, which ends the function with r0 = 0 (RFC 9669, section 5.5). */
export function executePacketLoad(state: CheckedState, instruction: PacketLoad): boolean {
  const context = state.read(6 as Register);
  if (state.program.programType?.legacyPacketAccess !== true) {
    throw new CheckFailure('legacy_packet', 'Legacy packet loads are not available to programs of this type');
  }
  if (context.region?.kind !== 'ctx' || context.bits !== 0n)
    throw new CheckFailure('type', `r6 is ${describe(context)}; the context is needed here`, 6);
  const index = instruction.index === undefined ? 0n : readNumber(state, instruction.index, 'a packet load', 64);
  const offset = Number(BigInt.asIntN(32, BigInt(instruction.imm) + index));
  state.clobber();
  const { packet } = state;
  if (packet === undefined || offset < 0 || offset + instruction.size > state.packetSize) {
    state.registers[0] = new Value(undefined, 0n);
    return false;
  }
  let bits = 0n;
  for (let at = 0; at < instruction.size; at++) bits = (bits << 8n) | BigInt(packet.bytes[packet.origin + offset + at] ?? 0);
  state.registers[0] = numberValue(bits);
  return true;
}
