import type { Load, LoadAcquire, PacketLoad, Register, Size, Store, StoreRelease } from '../isa/instruction.ts';
import { type ContextRefusal, judgeContextAccess } from '../platform/context-access.ts';
import type { ContextField } from '../platform/platform.ts';
import { type Access, isAligned, plain, span } from './access.ts';
import { low32, readOperand, readRegister } from './alu.ts';
import { checkAtomicAlignment, checkAtomicTarget } from './atomic-target.ts';
import { describeValue } from './describe.ts';
import { checkOneKind, noteDifference } from './linux-rules.ts';
import { largestPacket, type Machine } from './machine.ts';
import {
  add,
  constant,
  constantValue,
  fromSigned,
  type Int,
  type Scalar,
  signExtendLoad,
  sub,
  TOP,
  truncate,
  unsignedBytes,
} from './number/index.ts';
import { remainsOf } from './remains.ts';
import { checkSpecial, isOtherStruct, pointerField, pointerFieldValue } from './special-access.ts';
import { FRAGMENT } from './stack.ts';
import { checkObjects, endOverwritten } from './stack-objects.ts';
import { isExact, type State } from './state.ts';
import { DYNPTR, META_OFFSET, PACKET_SIZE, Value, ZERO } from './value.ts';

const DEREFERENCEABLE = 'in {ctx, stack, packet, shared, socket, alloc_mem}';

/** Checks that the access lies within its region and that the region allows it; reports and returns false otherwise. */
export function requireAccess(machine: Machine, state: State, pc: number, access: Access): boolean {
  const { pointer, register, displacement, width, mode } = access;
  const base = { register, displacement, width, mode };
  if (
    pointer.kind === 'number' ||
    pointer.kind === 'any' ||
    pointer.kind === 'map' ||
    pointer.kind === 'code' ||
    pointer.kind === 'object' ||
    pointer.kind === 'invalid'
  ) {
    if (pointer.kind === 'number' && access.argument === undefined && pointer.symbol === ZERO && pointer.offset === 0) {
      machine.fail('null_access', pc, state, base);
      return false;
    }
    const details = {
      ...base,
      have: describeValue(machine, pointer),
      want: 'a pointer',
      name: access.argument?.helper ?? '',
      argument: access.argument?.position ?? 0,
    };
    machine.fail(access.argument === undefined ? 'dereference' : 'memory_argument', pc, state, details);
    return false;
  }
  if (pointer.nullable) {
    machine.fail('null_access', pc, state, { ...base, name: originOf(machine, pointer) });
    return false;
  }
  return REGION_CHECKS[pointer.kind](machine, state, pc, access);
}

function originOf(machine: Machine, pointer: Value): string {
  return pointer.kind === 'map_value'
    ? `a lookup in map ${machine.map(pointer.tag)?.name}`
    : pointer.kind === 'memory'
      ? 'an allocation'
      : 'a lookup';
}

/**
 * After a failed packet check has been reported: goes on as if it had held, so that independent failures behind it are seen and
 * dependent ones are not. False for other failures, whose paths end.
 */
function assumeAccess(machine: Machine, state: State, pointer: Value, displacement: number, width: number): boolean {
  if (machine.rules.pathsEndAtFailure === true || pointer.kind !== 'packet' || pointer.range.smin < 0 || !isExact(pointer)) return false;
  state.relate(pointer.symbol, PACKET_SIZE, sub(0, add(pointer.offset, displacement + width)));
  return state.constraints.packetMin <= state.constraints.packetMax;
}

type RegionCheck = (machine: Machine, state: State, pc: number, access: Access) => boolean;

const REGION_CHECKS: Record<'ctx' | 'stack' | 'packet' | 'map_value' | 'memory' | 'socket' | 'btf', RegionCheck> = {
  ctx: checkContext,
  stack: checkStack,
  packet: checkPacket,
  map_value(machine, state, pc, access) {
    const map = machine.map(access.pointer.tag);
    if (map === undefined) return false;
    if (access.mode === 'write' && map.readOnly) {
      machine.fail('read_only', pc, state, { ...plain(access), name: `map ${map.name}` });
      return false;
    }
    if (access.mode === 'read' && map.writeOnly === true) {
      machine.fail('write_only', pc, state, { ...plain(access), name: `map ${map.name}` });
      return false;
    }
    return (
      checkSized(machine, state, pc, access, map.valueSize, 'map_value', map.name) &&
      checkSpecial(machine, state, pc, access, map.special, `a value of map ${map.name}`)
    );
  },
  memory(machine, state, pc, access) {
    const { size, readOnly, special, name } = machine.memory(access.pointer.tag);
    if (access.mode === 'write' && readOnly) {
      machine.fail('read_only', pc, state, { ...plain(access), name: 'this memory' });
      return false;
    }
    return checkSized(machine, state, pc, access, size, 'memory', 'record') && checkSpecial(machine, state, pc, access, special, `struct ${name}`);
  },
  socket(machine, state, pc, access) {
    const layout = machine.struct(access.pointer.tag);
    // What is loose is the program's own to fill: the keys of a flow dissector.
    if (access.mode === 'write' && layout?.loose !== true) {
      machine.fail('read_only', pc, state, { ...plain(access), name: 'socket memory' });
      return false;
    }
    if (layout === undefined) return checkSized(machine, state, pc, access, SOCKET_SIZE, 'memory', 'socket');
    const { min, max } = span(access);
    const write = access.mode === 'write';
    const verdict = min === max ? judgeContextAccess(layout, { offset: Number(min), size: access.width as Size, write }) : undefined;
    if (verdict?.allowed === true) return true;
    const note = verdict === undefined ? 'the offset varies' : REFUSALS[verdict.reason];
    machine.fail('socket_field', pc, state, { ...plain(access), name: layout.name, min, max, limit: layout.size, note });
    return false;
  },
  btf(machine, state, pc, access) {
    if (access.pointer.tag === DYNPTR) {
      machine.fail('stack_object', pc, state, { ...plain(access), name: 'the dynptr of a callback', min: 0 });
      return false;
    }
    if (access.mode === 'read') return true;
    machine.fail('read_only', pc, state, { ...plain(access), name: 'a kernel object' });
    return false;
  },
};

/** Bounds reads of sockets whose struct has no layout here: the largest of the kernel's uapi, struct bpf_tcp_sock (bytes). */
const SOCKET_SIZE = 116;

function checkSized(machine: Machine, state: State, pc: number, access: Access, size: number, prefix: 'map_value' | 'memory', name: string): boolean {
  const { min, max } = span(access);
  if (min < 0) {
    machine.fail(`${prefix}_lower`, pc, state, { ...plain(access), name, min, max, limit: size });
    return false;
  }
  const end = add(max, access.width);
  if (end > size) {
    machine.fail(`${prefix}_upper`, pc, state, { ...plain(access), name, min, max, limit: size, distance: sub(end, size) });
    return false;
  }
  return true;
}

function checkStack(machine: Machine, state: State, pc: number, access: Access): boolean {
  const { min, max } = span(access);
  const limit = machine.rules.stackSize;
  if (min < -limit) {
    machine.fail('stack_lower', pc, state, { ...plain(access), min, max, limit, distance: sub(-limit, min) });
    return false;
  }
  const end = add(max, access.width);
  if (end > 0) {
    machine.fail('stack_upper', pc, state, { ...plain(access), min, max, limit, distance: end });
    return false;
  }
  if (machine.rules.platform.name === 'linux' && access.argument === undefined && !isAligned(access)) {
    machine.fail('misaligned', pc, state, { ...plain(access), name: 'fp', min, max });
    return false;
  }
  return (
    !machine.hasObjects ||
    checkObjects(machine, state, pc, plain(access), { frame: access.pointer.tag, from: limit + Number(min), to: limit + Number(end) })
  );
}

function checkPacket(machine: Machine, state: State, pc: number, access: Access): boolean {
  const { pointer, displacement, width } = access;
  const { min, max } = span(access);
  if (access.mode === 'write' && machine.rules.programType.packetWrite !== true) {
    machine.fail('packet_write', pc, state, { ...plain(access), name: machine.rules.programType.name });
    return false;
  }
  if (min < 0) {
    const under = state.underMeta(pointer);
    if (under === undefined || sub(under, displacement) > 0) {
      machine.fail('packet_lower', pc, state, { ...plain(access), min, max });
      return false;
    }
  }
  const over = state.overPacketEnd(pointer, displacement + width);
  if (over === undefined || over > 0) {
    const proved = packetProved(state, pointer);
    const last = sub(add(max, width), 1);
    machine.fail('packet_upper', pc, state, {
      ...plain(access),
      limit: proved ?? 0,
      ...(last < 0x1_0000_0000 ? { max: last, min } : {}),
      ...(over !== undefined && over <= 0x1_0000 ? { distance: over } : {}),
    });
    return false;
  }
  if (machine.subtractsPackets) noteDifference(machine, state, pc, access);
  return true;
}

/** Bytes from the packet's start that are proved, where the pointer's offset is constant. */
function packetProved(state: State, pointer: Value): number | undefined {
  const over = state.overPacketEnd(pointer, 0);
  if (over === undefined) return undefined;
  const c = constantValue(pointer.range);
  return c === undefined ? undefined : Math.max(0, Number(c) - Number(over));
}

function checkContext(machine: Machine, state: State, pc: number, access: Access): boolean {
  const { context } = machine.rules;
  const { min, max } = span(access);
  const details = { ...plain(access), name: context.name, min, max, limit: context.size };
  if (min !== max) {
    machine.fail('context_variable', pc, state, details);
    return false;
  }
  if (min < 0) {
    machine.fail('context_lower', pc, state, details);
    return false;
  }
  const end = add(max, access.width);
  if (end > context.size) {
    machine.fail('context_upper', pc, state, { ...details, distance: sub(end, context.size) });
    return false;
  }
  if (access.argument !== undefined) return access.mode === 'read';
  const problem = contextProblem(machine, Number(min), access.width, access.mode);
  if (problem === undefined) return true;
  machine.fail(problem.kind, pc, state, { ...details, note: problem.note });
  return false;
}

const REFUSALS: Record<ContextRefusal, string> = {
  outside: 'it is outside the context',
  alignment: 'the access is not aligned to its width',
  field: 'there is no such field for this program',
  width: 'the field does not allow this width',
  read_only: 'the field is read-only',
  pointer: 'the field holds a pointer',
};

function contextProblem(
  machine: Machine,
  offset: number,
  width: number,
  mode: 'read' | 'write',
): { kind: 'context_field' | 'context_write'; note: string } | undefined {
  const { context, attachType } = machine.rules;
  const verdict = judgeContextAccess(context, { offset, size: width, write: mode === 'write', ...(attachType === undefined ? {} : { attachType }) });
  if (verdict.allowed) return undefined;
  if (mode === 'write' && (verdict.reason === 'read_only' || verdict.reason === 'pointer')) {
    return { kind: 'context_write', note: verdict.field === undefined ? 'The context' : `Field ${verdict.field.name}` };
  }
  return {
    kind: 'context_field',
    note: verdict.field === undefined ? REFUSALS[verdict.reason] : `${verdict.field.name}: ${REFUSALS[verdict.reason]}`,
  };
}

/** The field that begins at an offset of the context. */
export function contextFieldAt(machine: Machine, offset: number, width: number): ContextField | undefined {
  return machine.rules.context.fields.find((field) => field.offset <= offset && offset + width <= field.offset + field.size);
}

export function executeLoad(machine: Machine, state: State, pc: number, instruction: Load | LoadAcquire): boolean {
  const { dst, src, offset, size } = instruction;
  const isSigned = instruction.kind === 'load' && instruction.signed;
  const pointer = readRegister(machine, state, pc, src, DEREFERENCEABLE);
  if (pointer === undefined) return false;
  const access = { register: src, pointer, displacement: offset, width: size, mode: 'read' } as const;
  if (instruction.kind === 'load_acquire' && !checkOrdered(machine, state, pc, access)) return false;
  if (!requireAccess(machine, state, pc, access)) {
    if (!assumeAccess(machine, state, pointer, offset, size)) return false;
    state.registers[dst] = machine.number(unsignedBytes(size));
    return true;
  }
  if (!checkOneKind(machine, state, pc, src, pointer)) return false;
  if (isSigned && pointer.kind === 'ctx' && !checkSignedLoad(machine, state, pc, src, pointer, offset, size)) return false;
  const value = loadFrom(machine, state, pc, pointer, src, offset, size);
  if (value === undefined) return false;
  state.registers[dst] = isSigned && value.kind === 'number' ? machine.number(signExtendLoad(size, value.range)) : value;
  return true;
}

/** Loads that acquire and stores that release are atomic: Linux has the same rules for them. */
function checkOrdered(machine: Machine, state: State, pc: number, access: Access): boolean {
  if (machine.rules.platform.name !== 'linux') return true;
  return checkAtomicTarget(machine, state, pc, access) && checkAtomicAlignment(machine, state, pc, access);
}

/** A pointer field must not be sign-extended: what comes out would be no pointer. */
function checkSignedLoad(machine: Machine, state: State, pc: number, register: Register, pointer: Value, displacement: number, size: Size): boolean {
  const at = Number(add(pointer.offset, displacement));
  const field = contextFieldAt(machine, at, size);
  if (field === undefined || field.kind === 'number') return true;
  machine.fail('context_field', pc, state, {
    register,
    displacement,
    width: size,
    mode: 'read',
    name: machine.rules.context.name,
    min: at,
    max: at,
    note: `${field.name}: ${REFUSALS.pointer}, which a signed load cuts off`,
  });
  return false;
}

/** What a checked load yields, zero-extended. */
export function loadFrom(
  machine: Machine,
  state: State,
  pc: number,
  pointer: Value,
  register: Register,
  displacement: number,
  size: Size,
): Value | undefined {
  switch (pointer.kind) {
    case 'stack':
      return loadStack(machine, state, pc, pointer, register, displacement, size);
    case 'ctx':
      return loadContext(machine, Number(add(pointer.offset, displacement)), size);
    case 'map_value':
      return loadMapValue(machine, pointer, displacement, size);
    case 'memory':
      return pointerFieldValue(machine, machine.memory(pointer.tag).special, pointer, displacement, size) ?? machine.number(unsignedBytes(size));
    case 'btf':
      // A pointer read from a kernel object may be followed: the kernel makes faults in such reads harmless.
      return size === 8 ? machine.pointer('btf', 0, 0, false, 0) : machine.number(unsignedBytes(size));
    default:
      notePortability(machine, state, pc, pointer, register, displacement, size);
      return machine.number(unsignedBytes(size));
  }
}

function notePortability(machine: Machine, state: State, pc: number, pointer: Value, register: number, displacement: number, width: number): void {
  if (pointer.kind !== 'packet') return;
  const details = { register, displacement, width, mode: 'read' as const };
  if (pointer.symbol === PACKET_SIZE) machine.fail('packet_end_access', pc, state, details);
  else if (pointer.symbol === META_OFFSET && sub(state.constraints.metaMax, 0) > -(displacement + width))
    machine.fail('meta_access', pc, state, details);
}

/** Iterators over the elements of one map, whose context names that map in its second word. */
const ELEMENTS = /\/(bpf_map_elem|bpf_sk_storage_map)$/;

/** What an iterator visits is null when it has come to its end (ctx_arg_info of its target); the first word, about the visit itself, never is. */
function endsWithNull(section: string, offset: number): boolean {
  return offset > 8 || (offset === 8 && !ELEMENTS.test(section));
}

function loadContext(machine: Machine, offset: number, size: Size): Value {
  const result = machine.rules.target?.result;
  if (result?.offset === offset) return machine.number(truncate(size, fromSigned(result.min, result.max)));
  if (machine.rules.context.typedArguments === true && size === 8) {
    const mayEnd = machine.rules.attachType === 'trace_iter' && endsWithNull(machine.program.section, offset);
    return machine.pointer('btf', 0, 0, mayEnd, mayEnd ? machine.identity() : 0);
  }
  const field = contextFieldAt(machine, offset, size);
  if (field === undefined) return machine.number(unsignedBytes(size));
  switch (field.kind) {
    case 'packet':
      return machine.pointer('packet', 0, 0);
    case 'packet_end':
      return new Value('packet', 0, PACKET_SIZE, 0, fromSigned(0, largestPacket(machine)), false, 0, undefined, undefined);
    case 'packet_meta':
      return new Value('packet', 0, META_OFFSET, 0, META_RANGE, false, 0, undefined, undefined);
    case 'socket':
      return machine.pointer('socket', machine.structTag(field.struct), 0, field.nullable === true, machine.identity());
    case 'btf':
      return machine.pointer('btf', 0, 0, field.nullable === true, machine.identity());
    default:
      return machine.number(unsignedBytes(size));
  }
}

const META_RANGE: Scalar = fromSigned(-4098, 0);

function loadMapValue(machine: Machine, pointer: Value, displacement: number, size: Size): Value {
  const map = machine.map(pointer.tag)!;
  const kernelPointer = pointerFieldValue(machine, map.special, pointer, displacement, size);
  if (kernelPointer !== undefined) return kernelPointer;
  const c = constantValue(pointer.range);
  if (map.data !== undefined && map.readOnly && c !== undefined) {
    const at = Number(c) + displacement;
    return machine.number(constant(readConstant(map.data, at, size, machine.rules.bigEndian)));
  }
  return machine.number(unsignedBytes(size));
}

function readConstant(bytes: Uint8Array, at: number, size: Size, bigEndian: boolean): Int {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (size === 1) return view.getUint8(at);
  if (size === 2) return view.getUint16(at, !bigEndian);
  if (size === 4) return view.getUint32(at, !bigEndian);
  const value = view.getBigInt64(at, !bigEndian);
  return value >= -0x1f_ffff_ffff_ffffn && value <= 0x1f_ffff_ffff_ffffn ? Number(value) : value;
}

function loadStack(
  machine: Machine,
  state: State,
  pc: number,
  pointer: Value,
  register: Register,
  displacement: number,
  size: Size,
): Value | undefined {
  const stack = state.frames[pointer.tag]!.stack;
  const c = constantValue(pointer.range);
  const details = { register, displacement, width: size, mode: 'read' as const };
  if (c === undefined) {
    const from = stack.size + Number(pointer.range.smin) + displacement;
    const to = stack.size + Number(pointer.range.smax) + displacement + size;
    return loadStackSomewhere(machine, state, pc, pointer, from, to, size, details);
  }
  const index = stack.size + Number(c) + displacement;
  const cell = stack.cells.get(index);
  if (cell !== undefined && cell.size === size) return cell.value;
  const unwritten = stack.firstUnwritten(index, size);
  if (unwritten >= 0) {
    machine.fail('stack_uninitialised', pc, state, { ...details, min: unwritten - stack.size });
    return undefined;
  }
  const odd = stack.firstNonNumeric(index, size);
  if (odd >= 0) {
    // Linux fills registers with whole spilled pointers or with none of them, whoever may see addresses.
    const spilled = stack.cellAt(odd)?.value;
    const isWhole = machine.rules.platform.name === 'linux' && spilled?.isPointer === true && !spilled.isWord;
    return fragment(machine, state, pc, odd - stack.size, details, size, machine.rules.allowLeaks && !isWhole);
  }
  const enclosing = stack.cellAt(index);
  if (
    enclosing !== undefined &&
    !machine.rules.bigEndian &&
    enclosing.index === index &&
    enclosing.size > size &&
    enclosing.value.range.umax <= 2 ** (8 * size) - 1
  )
    return enclosing.value;
  if (enclosing !== undefined && !machine.rules.bigEndian && enclosing.index === index && enclosing.size === 8 && size === 4)
    return low32(machine, enclosing.value);
  return machine.number(stack.assemble(index, size, machine.rules.bigEndian));
}

/** Part of a spilled pointer: an unknown number where that is allowed, a failure elsewhere. */
function fragment(
  machine: Machine,
  state: State,
  pc: number,
  at: number,
  details: { register: number; displacement: number; width: number; mode: 'read' },
  size: Size,
  allowed: boolean,
): Value | undefined {
  if (allowed) return machine.number(unsignedBytes(size));
  machine.fail('stack_not_numeric', pc, state, { ...details, min: at });
  return undefined;
}

function loadStackSomewhere(
  machine: Machine,
  state: State,
  pc: number,
  pointer: Value,
  from: number,
  to: number,
  size: Size,
  details: { register: number; displacement: number; width: number; mode: 'read' },
): Value | undefined {
  const stack = state.frames[pointer.tag]!.stack;
  const unwritten = stack.firstUnwritten(from, to - from);
  if (unwritten >= 0) {
    machine.fail('stack_uninitialised', pc, state, { ...details, min: unwritten - stack.size });
    return undefined;
  }
  const odd = stack.firstNonNumeric(from, to - from);
  if (odd >= 0) return fragment(machine, state, pc, odd - stack.size, details, size, machine.rules.allowLeaks);
  return machine.number(unsignedBytes(size));
}

export function executeStore(machine: Machine, state: State, pc: number, instruction: Store | StoreRelease): boolean {
  const { dst, offset, size } = instruction;
  const pointer = readRegister(machine, state, pc, dst, DEREFERENCEABLE);
  if (pointer === undefined) return false;
  const operand = instruction.kind === 'store' ? instruction.source : ({ kind: 'register', register: instruction.src } as const);
  const value = readOperand(machine, state, pc, operand);
  if (value === undefined) return false;
  const register = operand.kind === 'register' ? operand.register : dst;
  const access = { register: dst, pointer, displacement: offset, width: size, mode: 'write' } as const;
  if (instruction.kind === 'store_release' && !checkOrdered(machine, state, pc, access)) return false;
  if (!requireAccess(machine, state, pc, access)) return assumeAccess(machine, state, pointer, offset, size);
  if (!checkOneKind(machine, state, pc, dst, pointer)) return false;
  return storeTo(machine, state, pc, pointer, dst, offset, size, value, register);
}

function storeTo(
  machine: Machine,
  state: State,
  pc: number,
  pointer: Value,
  register: number,
  displacement: number,
  size: Size,
  value: Value,
  valueRegister: number,
): boolean {
  if (pointer.kind === 'stack') {
    storeStack(machine, state, pointer, displacement, size, value);
    return true;
  }
  const fields =
    pointer.kind === 'map_value' ? machine.map(pointer.tag)!.special : pointer.kind === 'memory' ? machine.memory(pointer.tag).special : undefined;
  const field = pointerField(fields, pointer, displacement, size);
  if (field !== undefined) {
    if (
      (value.kind === 'btf' && !isOtherStruct(machine, value, field.struct)) ||
      (value.kind === 'number' && value.symbol === ZERO && value.offset === 0)
    )
      return true;
    machine.fail('type', pc, state, {
      register: valueRegister,
      have: describeValue(machine, value),
      want: 'a kernel pointer or null',
      types: '== btf_id',
    });
    return false;
  }
  if (value.kind !== 'number' && !machine.rules.allowLeaks) {
    machine.fail('leak_store', pc, state, {
      register,
      have: describeValue(machine, value),
      want: describeRegion(machine, pointer),
      note: `r${register}.type != stack -> r${valueRegister}.type == number`,
    });
    return false;
  }
  return true;
}

export function describeRegion(machine: Machine, pointer: Value): string {
  if (pointer.kind === 'map_value') return `a value of map ${machine.map(pointer.tag)?.name}`;
  return pointer.kind === 'packet' ? 'the packet' : pointer.kind === 'ctx' ? 'the context' : pointer.kind === 'memory' ? 'a record' : 'memory';
}

/** Writes a value through a checked stack pointer; a write at a varying offset may or may not hit each byte. */
export function storeStack(machine: Machine, state: State, pointer: Value, displacement: number, size: Size, value: Value): void {
  const stack = state.writableStack(pointer.tag);
  const c = constantValue(pointer.range);
  if (c === undefined) {
    const from = stack.size + Number(pointer.range.smin) + displacement;
    const to = stack.size + Number(pointer.range.smax) + displacement + size;
    if (machine.hasObjects) endOverwritten(state, pointer.tag, from, to);
    stack.storeSomewhere(from, to, value.kind === 'number');
    return;
  }
  const index = stack.size + Number(c) + displacement;
  if (machine.hasObjects) endOverwritten(state, pointer.tag, index, index + size);
  const remains = remainsOf(machine, stack, index, index + size);
  if (size === 8) stack.store(index, 8, value);
  else if (value.kind === 'number') stack.store(index, size, lowBytes(machine, value, size));
  else {
    stack.dissolve(index, index + size);
    stack.bytes.fill(FRAGMENT, index, index + size);
  }
  for (const cell of remains) stack.store(cell.index, cell.size, cell.value);
}

/** What the low `size` bytes of a number are, zero-extended. */
function lowBytes(machine: Machine, value: Value, size: 1 | 2 | 4): Value {
  if (value.range.umax < 2 ** (8 * size)) return value;
  return size === 4 ? low32(machine, value) : machine.number(truncate(size, value.range));
}

export function executePacketLoad(machine: Machine, state: State, pc: number, instruction: PacketLoad): boolean {
  const context = readRegister(machine, state, pc, 6, '== ctx');
  if (context === undefined) return false;
  if (machine.rules.programType.legacyPacketAccess !== true) {
    machine.fail('legacy_packet', pc, state, { name: machine.rules.programType.name });
    return false;
  }
  if (context.kind !== 'ctx' || context.symbol !== ZERO || context.offset !== 0) {
    machine.fail('type', pc, state, { register: 6, have: describeValue(machine, context), want: 'the context', types: '== ctx' });
    return false;
  }
  if (instruction.index !== undefined) {
    const index = readRegister(machine, state, pc, instruction.index, '== number');
    if (index === undefined) return false;
    if (index.kind !== 'number') {
      machine.fail('type', pc, state, { register: instruction.index, have: describeValue(machine, index), want: 'a number', types: '== number' });
      return false;
    }
  }
  // A load outside the packet ends the program with result 0, so holding something at that point leaks it.
  if (state.references.length > 0 || state.lock !== 0) {
    const held = state.references[0];
    machine.fail('reference_leak', pc, state, { name: held?.kind ?? 'The spin lock', limit: held?.instruction ?? pc });
    return false;
  }
  for (let r = 1; r <= 5; r++) state.registers[r] = clobbered(state.registers[r]);
  state.registers[0] = machine.number(unsignedBytes(instruction.size));
  return true;
}

/** What a call leaves in r1..r5. */
export function clobbered(value: Value | undefined): Value | undefined {
  return value === undefined ? undefined : CLOBBERED;
}

const CLOBBERED = new Value('invalid', 0, ZERO, 0, TOP, false, 0, undefined, 'clobbered');
