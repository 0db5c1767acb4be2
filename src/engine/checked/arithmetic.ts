import type { Binary, BinaryOperator, ByteSwap, Comparison, Operand, Width } from '../../isa/instruction.ts';
import { CheckFailure } from './fault.ts';
import type { CheckedState } from './state.ts';
import { describe, numberValue, Value } from './value.ts';

const MASK32 = 0xffff_ffffn;

type Operation = (a: bigint, b: bigint, width: Width) => bigint;
const signed = (value: bigint, width: Width): bigint => BigInt.asIntN(width, value);

/** Operands are unsigned in the width, results are cut to it by the caller (RFC 9669, section 4.1). */
const OPERATIONS: { readonly [Operator in BinaryOperator]: Operation } = {
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
  div: (a, b) => (b === 0n ? 0n : a / b),
  sdiv: (a, b, width) => (b === 0n ? 0n : signed(a, width) / signed(b, width)),
  mod: (a, b) => (b === 0n ? a : a % b),
  smod: (a, b, width) => (b === 0n ? a : signed(a, width) % signed(b, width)),
  or: (a, b) => a | b,
  and: (a, b) => a & b,
  xor: (a, b) => a ^ b,
  lsh: (a, b, width) => a << (b & BigInt(width - 1)),
  rsh: (a, b, width) => a >> (b & BigInt(width - 1)),
  arsh: (a, b, width) => signed(a, width) >> (b & BigInt(width - 1)),
  mov: (_, b) => b,
};

/** The result of an operation on numbers, zero-extended to 64 bits. */
export function compute(operator: BinaryOperator, width: Width, a: bigint, b: bigint): bigint {
  if (width === 64) return BigInt.asUintN(64, OPERATIONS[operator](a, b, 64));
  return BigInt.asUintN(32, OPERATIONS[operator](a & MASK32, b & MASK32, 32));
}

const COMPARISONS: { readonly [Name in Comparison]: (a: bigint, b: bigint, width: Width) => boolean } = {
  eq: (a, b) => a === b,
  ne: (a, b) => a !== b,
  gt: (a, b) => a > b,
  ge: (a, b) => a >= b,
  lt: (a, b) => a < b,
  le: (a, b) => a <= b,
  sgt: (a, b, width) => signed(a, width) > signed(b, width),
  sge: (a, b, width) => signed(a, width) >= signed(b, width),
  slt: (a, b, width) => signed(a, width) < signed(b, width),
  sle: (a, b, width) => signed(a, width) <= signed(b, width),
  set: (a, b) => (a & b) !== 0n,
  nset: (a, b) => (a & b) === 0n,
};

export function holds(comparison: Comparison, width: Width, a: bigint, b: bigint): boolean {
  return width === 64 ? COMPARISONS[comparison](a, b, 64) : COMPARISONS[comparison](a & MASK32, b & MASK32, 32);
}

export function readOperand(state: CheckedState, operand: Operand): Value {
  return operand.kind === 'immediate' ? numberValue(BigInt(operand.value)) : state.read(operand.register);
}

/** A pointer that may serve as a number becomes one: kernel objects of unknown kind, and everything where leaks are allowed. */
export function asNumber(state: CheckedState, value: Value): Value {
  return value.region !== undefined && (value.region.lenient || state.allowLeaks) ? numberValue(value.address) : value;
}

const DIVISIONS: ReadonlySet<BinaryOperator> = new Set(['div', 'mod', 'sdiv', 'smod']);

/** dst = dst OP source, with every rule about pointers. */
export function executeBinary(state: CheckedState, instruction: Binary): void {
  const { operator, width, dst } = instruction;
  if (operator === 'mov' && width === 64 && instruction.source.kind === 'register') {
    state.registers[dst] = state.copied(instruction.source.register);
    return;
  }
  const sourceRegister = instruction.source.kind === 'register' ? instruction.source.register : dst;
  const source = readOperand(state, instruction.source);
  if (operator === 'mov') {
    state.registers[dst] = width === 64 ? source : truncate(state, source, sourceRegister);
    return;
  }
  const target = state.read(dst);
  if (target.region !== undefined || source.region !== undefined) {
    state.registers[dst] = pointerArithmetic(state, instruction, target, source, sourceRegister);
    return;
  }
  if (state.options.faultOnDivisionByZero === true && DIVISIONS.has(operator) && (width === 64 ? source.bits : source.bits & MASK32) === 0n) {
    throw new CheckFailure('division_by_zero', `The divisor ${width === 64 ? 'r' : 'w'}${sourceRegister} is 0`, sourceRegister);
  }
  // A null pointer that is moved is still a null pointer, not an address.
  const moved = width === 64 && target.fromNull && (operator === 'add' || operator === 'sub');
  state.registers[dst] = new Value(undefined, compute(operator, width, target.bits, source.bits), moved);
}

/** The low half of a number; a pointer has none. */
export function truncate(state: CheckedState, value: Value, register: number): Value {
  const number = asNumber(state, value);
  if (number.region === undefined) return numberValue(number.bits & MASK32);
  throw new CheckFailure('pointer_truncated', `A 32-bit operation on r${register}, which is ${describe(value)}`, register);
}

function pointerArithmetic(state: CheckedState, instruction: Binary, target: Value, source: Value, sourceRegister: number): Value {
  const { operator, width, dst } = instruction;
  const pointerRegister = target.region === undefined ? sourceRegister : dst;
  const pointer = target.region === undefined ? source : target;
  if (width === 64) {
    const moved = movePointer(operator, target, source, dst, sourceRegister, state);
    if (moved !== undefined) return moved;
  }
  const a = asNumber(state, target);
  const b = asNumber(state, source);
  if (a.region === undefined && b.region === undefined) return numberValue(compute(operator, width, a.bits, b.bits));
  // The low half of a distance says nothing about addresses.
  if (operator === 'sub' && target.region === source.region) return numberValue(BigInt.asUintN(32, target.bits - source.bits));
  if (width === 32)
    throw new CheckFailure('pointer_truncated', `A 32-bit operation on r${pointerRegister}, which is ${describe(pointer)}`, pointerRegister);
  throw new CheckFailure('pointer_arithmetic', `r${pointerRegister} is ${describe(pointer)}; ${operator} works on numbers only`, pointerRegister);
}

/** pointer + number, pointer - number, and the distance of two pointers into one region; undefined: none of these. */
function movePointer(
  operator: BinaryOperator,
  target: Value,
  source: Value,
  dst: number,
  sourceRegister: number,
  state: CheckedState,
): Value | undefined {
  if (operator === 'add') {
    if (target.region !== undefined && source.region !== undefined) {
      if (asNumber(state, target).region === undefined || asNumber(state, source).region === undefined) return undefined;
      throw new CheckFailure(
        'pointer_plus_pointer',
        `r${dst} is ${describe(target)} and r${sourceRegister} is ${describe(source)}: two addresses are added`,
        sourceRegister,
      );
    }
    const [pointer, number] = target.region === undefined ? [source, target] : [target, source];
    return moved(pointer, BigInt.asIntN(64, number.bits), target.region === undefined ? sourceRegister : dst);
  }
  if (operator !== 'sub' || target.region === undefined) return undefined;
  if (source.region === undefined) return moved(target, -BigInt.asIntN(64, source.bits), dst);
  if (source.region === target.region) return numberValue(target.bits - source.bits);
  if (asNumber(state, target).region === undefined && asNumber(state, source).region === undefined) return undefined;
  throw new CheckFailure('pointer_difference', `Subtracts ${describe(source)} from ${describe(target)}: different regions`, sourceRegister);
}

function moved(pointer: Value, by: bigint, register: number): Value {
  const region = pointer.region!;
  if (by !== 0n && (region.kind === 'map' || region.kind === 'code')) {
    throw new CheckFailure('pointer_arithmetic', `r${register} is ${describe(pointer)}, which cannot be moved`, register);
  }
  return new Value(region, BigInt.asIntN(64, pointer.bits + by));
}

/** A register that must hold a number (negation, byte swaps, sign extension). */
export function readNumber(state: CheckedState, register: Parameters<CheckedState['read']>[0], what: string, width: Width): bigint {
  const value = asNumber(state, state.read(register));
  if (value.region === undefined) return value.bits;
  throw new CheckFailure(
    width === 32 ? 'pointer_truncated' : 'pointer_arithmetic',
    `r${register} is ${describe(value)}; ${what} works on numbers only`,
    register,
  );
}

/** Byte order conversion of the low `bits`; concrete runs are little-endian hosts (RFC 9669, section 4.2). */
export function swapBytes({ order, bits }: ByteSwap, value: bigint): bigint {
  const low = BigInt.asUintN(bits, value);
  if (order === 'le') return low;
  let result = 0n;
  for (let byte = 0; byte < bits / 8; byte++) result = (result << 8n) | ((low >> BigInt(8 * byte)) & 0xffn);
  return result;
}
