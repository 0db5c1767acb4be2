import type { Binary, BinaryOperator, ByteSwap, LoadImmediate, MoveSignExtended, Negate, Operand, Register, Width } from '../isa/instruction.ts';
import type { CheckKind } from './checks.ts';
import { describeValue } from './describe.ts';
import { noteNullArithmetic } from './linux-rules.ts';
import type { Machine } from './machine.ts';
import type { Int, Scalar } from './number/index.ts';
import {
  add,
  binary,
  constantValue,
  fromSigned,
  I64_MAX,
  I64_MIN,
  isConstant,
  meet,
  negate,
  signExtend,
  sub,
  swap,
  TOP,
  toSigned64,
} from './number/index.ts';
import type { State } from './state.ts';
import { isExact } from './state.ts';
import { type Derivation, type InvalidReason, Value, ZERO } from './value.ts';

const U32_MAX = 0xffff_ffff;

/** The value of a register that is about to be read, or undefined after reporting why it cannot be. */
export function readRegister(machine: Machine, state: State, pc: number, register: Register, types?: string): Value | undefined {
  const value = state.registers[register];
  if (value !== undefined && value.kind !== 'invalid') return value;
  const { kind, note } = (value?.reason === undefined ? undefined : UNUSABLE[value.reason]) ?? { kind: 'register_uninitialised' };
  machine.fail(kind, pc, state, { register, ...(types === undefined ? {} : { types }), ...(note === undefined ? {} : { note }) });
  return undefined;
}

/** What reading a value that became unusable fails. */
const UNUSABLE: Readonly<Partial<Record<InvalidReason, { readonly kind: CheckKind; readonly note?: string }>>> = {
  stale_packet: { kind: 'stale_packet' },
  released: { kind: 'use_after_release' },
  clobbered: { kind: 'clobbered' },
  frame_gone: { kind: 'register_uninitialised', note: 'it points into the frame of a function that has returned' },
};

export function readOperand(machine: Machine, state: State, pc: number, operand: Operand): Value | undefined {
  return operand.kind === 'immediate' ? machine.constant(operand.value) : readRegister(machine, state, pc, operand.register);
}

/** dst = dst OP source. Returns false where the path ends with a reported failure. */
export function executeBinary(machine: Machine, state: State, pc: number, instruction: Binary): boolean {
  const { operator, width, dst } = instruction;
  if (dst === 10) {
    machine.fail('frame_pointer_write', pc, state);
    return false;
  }
  if (operator === 'mov' && width === 64 && instruction.source.kind === 'register') {
    // A copy of an address that leads nowhere any more does no harm by itself.
    const copied = state.registers[instruction.source.register];
    if (copied?.kind === 'invalid' && (copied.reason === 'stale_packet' || copied.reason === 'released')) {
      state.registers[dst] = copied;
      return true;
    }
  }
  const source = readOperand(machine, state, pc, instruction.source);
  if (source === undefined) return false;
  if (operator === 'mov') {
    if (width === 64) {
      state.registers[dst] = source;
      return true;
    }
    if (source.kind !== 'number')
      return truncatePointer(machine, state, pc, dst, source, instruction.source.kind === 'register' ? instruction.source.register : dst);
    state.registers[dst] = low32(machine, source);
    return true;
  }
  const target = readRegister(machine, state, pc, dst, '== number');
  if (target === undefined) return false;
  const sourceRegister = instruction.source.kind === 'register' ? instruction.source.register : dst;
  if (target.kind === 'number' && source.kind === 'number') {
    const constantZero = machine.rules.platform.name === 'linux' && instruction.source.kind === 'immediate' && instruction.source.value === 0;
    if (isDivision(operator) && (!machine.rules.allowDivisionByZero || constantZero) && !excludesZero(source, width)) {
      machine.fail('division_by_zero', pc, state, {
        register: sourceRegister,
        note: constantZero ? '0 != 0' : `${width === 64 ? 'r' : 'w'}${sourceRegister} != 0`,
        ...(constantZero ? { have: 'the constant 0' } : {}),
        min: source.range.umin,
        max: source.range.umax,
      });
      return false;
    }
    if (machine.rules.platform.name === 'linux' && shiftsTooFar(instruction)) {
      machine.fail('unsupported', pc, state, { note: `Linux takes no constant shift of ${width} bits or more, nor a negative one` });
      return false;
    }
    state.registers[dst] = combineNumbers(machine, state, operator, width, target, source);
    return true;
  }
  return executePointerArithmetic(machine, state, pc, instruction, target, source, sourceRegister);
}

function shiftsTooFar({ operator, width, source }: Binary): boolean {
  const shifts = operator === 'lsh' || operator === 'rsh' || operator === 'arsh';
  return shifts && source.kind === 'immediate' && (source.value < 0 || source.value >= width);
}

function isDivision(operator: BinaryOperator): boolean {
  return operator === 'div' || operator === 'mod' || operator === 'sdiv' || operator === 'smod';
}

function excludesZero(value: Value, width: Width): boolean {
  return value.range.u32min > 0 || (width === 64 && value.range.umin > 0);
}

/** The zero-extended low half of a number: the number itself where its upper half is known to be zero. */
export function low32(machine: Machine, value: Value): Value {
  if (value.range.umax <= U32_MAX) return value;
  return derived(machine, binary('mov', 32, value.range, value.range), { operation: 'low32', operand: value });
}

function derived(machine: Machine, range: Scalar, derivation: Derivation): Value {
  if (isConstant(range)) return machine.number(range);
  return new Value('number', 0, machine.symbol(), 0, range, false, 0, derivation, undefined);
}

/** Arithmetic on two numbers; keeps what the result's relation to its operands is known to be. */
export function combineNumbers(machine: Machine, state: State, operator: BinaryOperator, width: Width, a: Value, b: Value): Value {
  const range = binary(operator, width, a.range, b.range);
  if (isConstant(range)) return machine.number(range);
  const constantB = constantValue(b.range);
  if (constantB !== undefined) {
    const kept = withConstant(machine, operator, width, a, constantB, range);
    if (kept !== undefined) return kept;
  }
  if (width === 32 && (a.range.umax > U32_MAX || b.range.umax > U32_MAX)) return machine.number(range);
  if (operator === 'add') {
    const constantA = constantValue(a.range);
    if (constantA !== undefined) {
      const kept = withConstant(machine, operator, width, b, constantA, range);
      if (kept !== undefined) return kept;
    }
    const result = machine.number(range);
    if (width === 64 || add(a.range.umax, b.range.umax) <= U32_MAX) relateSum(state, result, a, b);
    return result;
  }
  if (operator === 'sub') {
    if (a.symbol === b.symbol && a.symbol !== ZERO && width === 64) return machine.constant(toSigned64(sub(a.offset, b.offset)));
    if (width === 64 && !overflowsSub(a.range, b.range)) {
      const result = derived(machine, narrowDifference(state, range, a, b), { operation: 'difference', operand: a, other: b });
      relateDifference(state, result, a, b);
      return result;
    }
    if (width === 32 && a.range.umin >= b.range.umax) {
      const result = derived(machine, range, { operation: 'difference', operand: a, other: b });
      relateDifference(state, result, a, b);
      return result;
    }
  }
  return machine.number(range);
}

/** The range of a - b, which does not wrap, within what the relations between the two tell. */
function narrowDifference(state: State, range: Scalar, a: Value, b: Value): Scalar {
  if (state.constraints.list.length === 0 || a.symbol === ZERO || b.symbol === ZERO) return range;
  const most = state.upperDifference(a, b);
  const least = state.upperDifference(b, a);
  const min = least !== undefined && sub(0, least) > range.smin ? sub(0, least) : range.smin;
  const max = most !== undefined && most < range.smax ? most : range.smax;
  if ((min === range.smin && max === range.smax) || min > max) return range;
  return meet(range, fromSigned(min, max)) ?? range;
}

function overflowsSub(a: Scalar, b: Scalar): boolean {
  return sub(a.smax, b.smin) > I64_MAX || sub(a.smin, b.smax) < I64_MIN;
}

/** result = a + b without wrap-around: each operand's range bounds the distance to the other. */
function relateSum(state: State, result: Value, a: Value, b: Value): void {
  if (result.symbol === ZERO || add(a.range.smax, b.range.smax) > I64_MAX || add(a.range.smin, b.range.smin) < I64_MIN) return;
  relateByDistance(state, result, a, b.range);
  relateByDistance(state, result, b, a.range);
  relateTotal(state, a, b, result);
}

/** a + b = result without wrap-around. */
function relateTotal(state: State, a: Value, b: Value, result: Value): void {
  if (a.symbol === ZERO || b.symbol === ZERO || !isExact(a) || !isExact(b) || !isExact(result)) return;
  const k = sub(sub(result.offset, a.offset), b.offset);
  state.constraints = state.constraints.withTotal({ a: a.symbol, b: b.symbol, c: result.symbol, k });
}

/** result - operand lies in `distance` (all three exact); only worth keeping where the distance is small enough to prove anything. */
function relateByDistance(state: State, result: Value, operand: Value, distance: Scalar): void {
  if (operand.symbol === ZERO || result.symbol === ZERO || !isExact(operand) || !isExact(result)) return;
  const base = sub(operand.offset, result.offset);
  if (distance.smax < 0x1_0000_0000) state.relate(result.symbol, operand.symbol, add(distance.smax, base));
  if (distance.smin > -0x1_0000_0000) state.relate(operand.symbol, result.symbol, sub(0, add(distance.smin, base)));
}

/** result = a - b without wrap-around. */
function relateDifference(state: State, result: Value, a: Value, b: Value): void {
  if (a.symbol === ZERO || result.symbol === ZERO || !isExact(a)) return;
  const base = sub(a.offset, result.offset);
  if (b.range.smin > -0x1_0000_0000) state.relate(result.symbol, a.symbol, add(sub(0, b.range.smin), base));
  if (b.range.smax < 0x1_0000_0000) state.relate(a.symbol, result.symbol, sub(b.range.smax, base));
  relateTotal(state, b, result, a);
}

/** Operations with a constant that keep the operand's symbol or a derivation from it; undefined where neither. */
function withConstant(machine: Machine, operator: BinaryOperator, width: Width, a: Value, c: Int, range: Scalar): Value | undefined {
  const inLow32 = a.range.umax <= U32_MAX;
  if (width === 32 && !inLow32 && operator !== 'and') return undefined;
  switch (operator) {
    case 'add':
    case 'sub': {
      const step = operator === 'add' ? c : sub(0, c);
      if (width === 32) {
        const step32 = Number(BigInt.asIntN(32, BigInt(step)));
        if (add(a.range.umin, step32) < 0 || add(a.range.umax, step32) > U32_MAX) return undefined;
        return new Value('number', 0, a.symbol, toSigned64(add(a.offset, step32)), range, false, 0, undefined, undefined);
      }
      return new Value('number', 0, a.symbol, toSigned64(add(a.offset, step)), range, false, 0, undefined, undefined);
    }
    case 'and': {
      if (c >= 0 && typeof c === 'number' && ((c + 1) & c) === 0 && c < 0x8000_0000 && a.range.umax <= c) return a;
      if (width === 32 && c === -1 && inLow32) return a;
      if (c === U32_MAX) return low32(machine, a);
      if (typeof c === 'number' && c >= 0) return derived(machine, range, { operation: 'mask', operand: a, amount: c });
      return undefined;
    }
    case 'or':
    case 'xor':
      return c === 0 ? a : undefined;
    case 'mul':
    case 'div':
      return c === 1 ? a : undefined;
    case 'lsh': {
      const count = shiftCount(c, width);
      if (count === 0) return a;
      return derived(machine, range, { operation: 'shift_left', operand: a, amount: width === 64 ? count : -count });
    }
    case 'rsh':
    case 'arsh': {
      const count = shiftCount(c, width);
      if (count === 0) return a;
      const before = a.derivation;
      if (before?.operation === 'shift_left' && before.amount === (width === 64 ? count : -count)) {
        const restored = undoShift(machine, operator, width, before.operand, count);
        if (restored !== undefined) return restored;
      }
      if (operator === 'rsh') return derived(machine, range, { operation: 'shift_right', operand: a, amount: count });
      return undefined;
    }
    default:
      return undefined;
  }
}

/** The low bits that count: of a constant beyond 2^53 a JavaScript number no longer has them. */
function shiftCount(c: Int, width: Width): number {
  return Number(BigInt.asUintN(6, BigInt(c))) & (width - 1);
}

/** (x << n) >> n gives back the low bits of x: x itself where nothing was lost. */
function undoShift(machine: Machine, operator: 'rsh' | 'arsh', width: Width, operand: Value, count: number): Value | undefined {
  const kept = width - count;
  if (operator === 'rsh') {
    const limit = kept >= 53 ? 2n ** BigInt(kept) - 1n : 2 ** kept - 1;
    if (operand.range.umax <= limit) return operand;
    return kept === 32 && width === 64 ? low32(machine, operand) : undefined;
  }
  if (width !== 64) return undefined;
  const half = kept > 53 ? 2n ** BigInt(kept - 1) : 2 ** (kept - 1);
  if (operand.range.smin >= -half && operand.range.smax < half) return operand;
  if (kept !== 32) return undefined;
  return derived(machine, signExtend(32, 64, operand.range), { operation: 'sign_extend', operand, amount: 32 });
}

function executePointerArithmetic(
  machine: Machine,
  state: State,
  pc: number,
  instruction: Binary,
  target: Value,
  source: Value,
  sourceRegister: number,
): boolean {
  const { operator, width, dst } = instruction;
  const pointerRegister = target.kind === 'number' ? sourceRegister : dst;
  const pointer = target.kind === 'number' ? source : target;
  if (pointer.isWord && (width === 32 || (operator !== 'add' && operator !== 'sub') || (target.isPointer && source.isPointer))) {
    // A word that may be either counts as any number here: what a mask leaves of it is bounded like that of another.
    const number = (value: Value) => (value.kind === 'number' ? value : machine.number(TOP));
    state.registers[dst] = combineNumbers(machine, state, operator, width, number(target), number(source));
    return true;
  }
  if (pointer.kind === 'any') {
    machine.fail('type', pc, state, {
      register: pointerRegister,
      have: describeValue(machine, pointer),
      want: 'a number or a pointer of one kind',
      types: '== number',
    });
    return false;
  }
  if (width === 32) {
    if (operator === 'sub' && target.kind === 'packet' && source.kind === 'packet') {
      // The low half of a distance within the packet gives nothing away.
      if (!subtractPointers(machine, state, pc, dst, target, source, sourceRegister)) return false;
      state.registers[dst] = low32(machine, state.registers[dst]!);
      return true;
    }
    if (operator === 'sub' && machine.rules.allowLeaks) {
      state.registers[dst] = machine.number(binary('mov', 32, TOP, TOP));
      return true;
    }
    machine.fail('pointer_truncated', pc, state, { register: pointerRegister, have: describeValue(machine, pointer) });
    return false;
  }
  if (operator === 'add') {
    if (target.isPointer && source.isPointer) {
      machine.fail('pointer_plus_pointer', pc, state, {
        register: sourceRegister,
        note: `r${sourceRegister}.type in {ctx, stack, packet, shared} -> r${dst}.type == number`,
      });
      return false;
    }
    const result = movePointer(machine, state, pc, pointerRegister, pointer, target.isPointer ? source : target);
    if (result === undefined) return false;
    state.registers[dst] = result;
    return true;
  }
  if (operator === 'sub') {
    if (target.isPointer && source.kind === 'number') {
      const result = movePointer(machine, state, pc, dst, target, combineNumbers(machine, state, 'sub', 64, machine.constant(0), source));
      if (result === undefined) return false;
      state.registers[dst] = result;
      return true;
    }
    if (target.isPointer && source.isPointer) return subtractPointers(machine, state, pc, dst, target, source, sourceRegister);
  }
  if (machine.rules.allowLeaks && operator === 'sub') {
    state.registers[dst] = machine.number(TOP);
    return true;
  }
  machine.fail('pointer_arithmetic', pc, state, {
    register: pointerRegister,
    have: describeValue(machine, pointer),
    want: OPERATION_NAMES[operator],
  });
  return false;
}

const OPERATION_NAMES: Record<BinaryOperator, string> = {
  add: 'addition',
  sub: 'subtraction',
  mul: 'multiplication',
  div: 'division',
  sdiv: 'signed division',
  mod: 'the remainder',
  smod: 'the signed remainder',
  or: 'bitwise or',
  and: 'bitwise and',
  xor: 'bitwise exclusive or',
  lsh: 'a shift',
  rsh: 'a shift',
  arsh: 'a shift',
  mov: 'a move',
};

/** Kinds of which a program sees one object for each tag. */
const SINGLE_OBJECTS: ReadonlySet<Value['kind']> = new Set(['ctx', 'stack', 'packet']);

/** Whether two pointers certainly lead into one object, so that their offsets tell how far they are apart. */
export function isOneObject(a: Value, b: Value): boolean {
  if (a.kind !== b.kind || a.tag !== b.tag) return false;
  // A map named by the program is one object; those found in other maps share their template's tag and have identities.
  return SINGLE_OBJECTS.has(a.kind) || (a.identity === b.identity && (a.identity !== 0 || a.kind === 'map'));
}

function subtractPointers(machine: Machine, state: State, pc: number, dst: Register, a: Value, b: Value, sourceRegister: number): boolean {
  const sameRegion = isOneObject(a, b);
  if (!sameRegion || a.kind === 'map' || a.kind === 'code') {
    if (machine.rules.allowLeaks) {
      state.registers[dst] = machine.number(TOP);
      return true;
    }
    machine.fail('pointer_difference', pc, state, {
      register: sourceRegister,
      have: describeValue(machine, a),
      want: describeValue(machine, b),
      note: `r${dst}.type == r${sourceRegister}.type in {ctx, stack, packet}`,
    });
    return false;
  }
  if (a.kind === 'packet') machine.subtractsPackets = true;
  // Offsets from one base: their difference is the difference of the addresses, modulo 2^64 as in the machine.
  const numberA = new Value('number', 0, a.symbol, a.offset, a.range, false, 0, undefined, undefined);
  const numberB = new Value('number', 0, b.symbol, b.offset, b.range, false, 0, undefined, undefined);
  if (b.symbol === ZERO) {
    const range = binary('sub', 64, a.range, b.range);
    state.registers[dst] = isConstant(range)
      ? machine.number(range)
      : new Value('number', 0, a.symbol, toSigned64(sub(a.offset, b.offset)), range, false, 0, undefined, undefined);
    return true;
  }
  state.registers[dst] = combineNumbers(machine, state, 'sub', 64, numberA, numberB);
  return true;
}

/** pointer + number; undefined after reporting that this kind of pointer cannot be moved. */
export function movePointer(machine: Machine, state: State, pc: number, register: number, pointer: Value, distance: Value): Value | undefined {
  if (pointer.kind === 'map' || pointer.kind === 'code') {
    machine.fail('pointer_arithmetic', pc, state, { register, have: describeValue(machine, pointer), want: 'addition' });
    return undefined;
  }
  if (pointer.nullable) noteNullArithmetic(machine, state, pc, register, pointer);
  const range = binary('add', 64, pointer.range, distance.range);
  if (isConstant(range)) return pointer.withPosition(ZERO, constantValue(range)!, range);
  const c = constantValue(distance.range);
  if (c !== undefined) return pointer.withPosition(pointer.symbol, toSigned64(add(pointer.offset, c)), range);
  if (pointer.symbol === ZERO) return pointer.withPosition(distance.symbol, toSigned64(add(distance.offset, pointer.offset)), range);
  const result = pointer.withPosition(machine.symbol(), 0, range);
  relateSum(state, result, pointer, distance);
  return result;
}

function truncatePointer(machine: Machine, state: State, pc: number, dst: Register, source: Value, register: number): boolean {
  if (machine.rules.allowLeaks) {
    state.registers[dst] = machine.number(binary('mov', 32, TOP, TOP));
    return true;
  }
  machine.fail('pointer_truncated', pc, state, { register, have: describeValue(machine, source) });
  return false;
}

export function executeMoveSignExtended(machine: Machine, state: State, pc: number, instruction: MoveSignExtended): boolean {
  const source = readRegister(machine, state, pc, instruction.src, '== number');
  if (source === undefined) return false;
  if (source.kind !== 'number') return truncatePointer(machine, state, pc, instruction.dst, source, instruction.src);
  const { bits, width } = instruction;
  const half = 2 ** (bits - 1);
  if (width === 64 && source.range.smin >= -half && source.range.smax < half) {
    state.registers[instruction.dst] = source;
    return true;
  }
  const range = signExtend(bits, width, source.range);
  state.registers[instruction.dst] =
    width === 64 ? derived(machine, range, { operation: 'sign_extend', operand: source, amount: bits }) : machine.number(range);
  return true;
}

export function executeNegate(machine: Machine, state: State, pc: number, instruction: Negate): boolean {
  const source = readNumber(machine, state, pc, instruction.dst, 'negation');
  if (source === undefined) return false;
  state.registers[instruction.dst] = machine.number(negate(instruction.width, source.range));
  return true;
}

export function executeByteSwap(machine: Machine, state: State, pc: number, instruction: ByteSwap): boolean {
  const source = readNumber(machine, state, pc, instruction.dst, 'a byte swap');
  if (source === undefined) return false;
  const { order, bits } = instruction;
  const range = swap(order, bits, source.range, machine.rules.bigEndian);
  const swaps = order === 'bswap' || (order === 'be') !== machine.rules.bigEndian;
  if (swaps) state.registers[instruction.dst] = derived(machine, range, { operation: 'swap', operand: source, amount: bits });
  else state.registers[instruction.dst] = bits === 64 || source.range.umax < 2 ** bits ? source : machine.number(range);
  return true;
}

function readNumber(machine: Machine, state: State, pc: number, register: Register, operation: string): Value | undefined {
  if (register === 10) {
    machine.fail('frame_pointer_write', pc, state);
    return undefined;
  }
  const value = readRegister(machine, state, pc, register, '== number');
  if (value === undefined || value.kind === 'number') return value;
  machine.fail('pointer_arithmetic', pc, state, { register, have: describeValue(machine, value), want: operation });
  return undefined;
}

export function executeLoadImmediate(machine: Machine, state: State, pc: number, instruction: LoadImmediate): boolean {
  const value = immediateValue(machine, state, pc, instruction);
  if (value === undefined) return false;
  state.registers[instruction.dst] = value;
  return true;
}

function immediateValue(machine: Machine, state: State, pc: number, instruction: LoadImmediate): Value | undefined {
  switch (instruction.source) {
    case 'immediate':
      return machine.constant(toSigned64((BigInt(instruction.high) << 32n) | BigInt(instruction.low >>> 0)));
    case 'map_fd':
    case 'map_index': {
      if (machine.map(instruction.low) === undefined) break;
      return machine.pointer('map', instruction.low, 0);
    }
    case 'map_value':
    case 'map_index_value': {
      if (machine.map(instruction.low) === undefined) break;
      return machine.pointer('map_value', instruction.low, instruction.high, false, -1 - instruction.low);
    }
    case 'variable': {
      const name = machine.object.externs[instruction.low];
      if (name === undefined) break;
      // The address of a kernel variable: typed ones may be read through, untyped ones are plain numbers.
      return name.kind === 'ksym' && name.btfId !== undefined ? machine.pointer('btf', 0, 0, name.weak, machine.identity()) : machine.number(TOP);
    }
    case 'code':
      return machine.pointer('code', pc + 1 + instruction.low, 0);
  }
  machine.fail('unsupported', pc, state, {
    note: `The 64-bit load refers to ${instruction.source.startsWith('map') ? 'map' : 'symbol'} ${instruction.low}, which the object does not define`,
  });
  return undefined;
}
