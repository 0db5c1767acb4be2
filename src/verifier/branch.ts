import type { Branch, Comparison, Width } from '../isa/instruction.ts';
import { isOneObject, readOperand, readRegister } from './alu.ts';
import { MIN_META_OFFSET, unsignedReading } from './constraints.ts';
import { describeValue } from './describe.ts';
import type { Machine } from './machine.ts';
import {
  add,
  binary,
  constant,
  constantValue,
  fromSigned,
  fromUnsigned,
  I64_MAX,
  I64_MIN,
  type Int,
  meet,
  refine,
  type Scalar,
  sub,
  swap,
  toSigned64,
} from './number/index.ts';
import { advancedOrigins } from './origins.ts';
import { isExact, type State } from './state.ts';
import { META_OFFSET, PACKET_SIZE, type SymbolId, Value, ZERO } from './value.ts';

export const NEGATED: Record<Comparison, Comparison> = {
  eq: 'ne',
  ne: 'eq',
  gt: 'le',
  le: 'gt',
  ge: 'lt',
  lt: 'ge',
  sgt: 'sle',
  sle: 'sgt',
  sge: 'slt',
  slt: 'sge',
  set: 'nset',
  nset: 'set',
};

const SWAPPED: Record<Comparison, Comparison> = {
  eq: 'eq',
  ne: 'ne',
  gt: 'lt',
  lt: 'gt',
  ge: 'le',
  le: 'ge',
  sgt: 'slt',
  slt: 'sgt',
  sge: 'sle',
  sle: 'sge',
  set: 'set',
  nset: 'nset',
};

/** Farthest that a packet pointer may be from the packet's start for an address comparison to say anything about offsets (bytes). */
const MAX_COMPARED_OFFSET = 0x2000_0000;

export interface BranchOutcome {
  readonly taken: State | undefined;
  readonly fallthrough: State | undefined;
}

/** Splits a state at a branch; an impossible side is undefined, both are where the comparison itself fails a check. */
export function executeBranch(machine: Machine, state: State, pc: number, instruction: Branch): BranchOutcome {
  const nothing = { taken: undefined, fallthrough: undefined };
  if (comparesStale(state, instruction)) return { taken: state.clone(), fallthrough: state };
  const a = readRegister(machine, state, pc, instruction.dst, 'in {number, ctx, stack, packet, shared}');
  if (a === undefined) return nothing;
  const b = readOperand(machine, state, pc, instruction.source);
  if (b === undefined) return nothing;
  if (!checkComparable(machine, state, pc, instruction, a, b)) return nothing;
  const other = state.clone();
  return {
    taken: assume(machine, other, instruction.comparison, instruction.width, a, b) ? other : undefined,
    fallthrough: assume(machine, state, NEGATED[instruction.comparison], instruction.width, a, b) ? state : undefined,
  };
}

/** Whether an address that leads nowhere any more is compared for equality, as compilers do late: the answer does no harm. */
function comparesStale(state: State, { dst, source, comparison }: Branch): boolean {
  if (comparison !== 'eq' && comparison !== 'ne') return false;
  const value = state.registers[dst];
  if (source.kind === 'immediate') return source.value === 0 && isStale(value);
  const other = state.registers[source.register];
  return (
    value !== undefined &&
    other !== undefined &&
    (isStale(value) ? isStale(other) || other.kind !== 'invalid' : isStale(other) && value.kind !== 'invalid')
  );
}

function isStale(value: Value | undefined): boolean {
  return value?.kind === 'invalid' && (value.reason === 'stale_packet' || value.reason === 'released');
}

function checkComparable(machine: Machine, state: State, pc: number, instruction: Branch, a: Value, b: Value): boolean {
  if (a.kind === 'number' && b.kind === 'number') return true;
  if (machine.rules.allowLeaks) return true;
  const equality = instruction.comparison === 'eq' || instruction.comparison === 'ne';
  // Compilers test the low half of what they loaded as 32 bits.
  if (equality && instruction.width === 32 && a.kind === 'packet' && isZero(b)) return true;
  // A slice of a dynptr is either the buffer that was lent for it or not.
  if (equality && instruction.width === 64 && ((isSlice(a) && b.kind === 'stack') || (isSlice(b) && a.kind === 'stack'))) return true;
  if (instruction.width === 64) {
    // Unsigned, zero is the least address: the outcome tells null from not null at most.
    if ((isZero(a) || isZero(b)) && !SIGNED_ORDERS.has(instruction.comparison)) return true;
    if (a.isPointer && b.isPointer && a.kind === b.kind && a.tag === b.tag && a.kind !== 'map' && a.kind !== 'code') return true;
    if (a.isPointer && b.isPointer && equality && a.kind === b.kind) return true;
  }
  if (a.kind === 'any' || b.kind === 'any') {
    if (equality && (isZero(a) || isZero(b))) return true;
    const register = a.kind === 'any' ? instruction.dst : instruction.source.kind === 'register' ? instruction.source.register : instruction.dst;
    machine.fail('type', pc, state, {
      register,
      have: describeValue(machine, a.kind === 'any' ? a : b),
      want: 'a number or a pointer of one kind',
      types: '== number',
    });
    return false;
  }
  const second = instruction.source.kind === 'register' ? `r${instruction.source.register}` : 'the constant';
  machine.fail('pointer_comparison', pc, state, {
    register: instruction.dst,
    have: describeValue(machine, a),
    want: describeValue(machine, b),
    note:
      b.kind === 'number' || a.kind === 'number'
        ? `r${instruction.dst}.type == number`
        : `r${instruction.dst}.type == ${second}.type in {ctx, stack, packet}`,
  });
  return false;
}

function isSlice(value: Value): boolean {
  return value.kind === 'memory' && value.parent !== 0;
}

function isZero(value: Value): boolean {
  return value.kind === 'number' && value.symbol === ZERO && value.offset === 0;
}

/** Narrows the state by `a CMP b`; false where that is impossible. */
export function assume(machine: Machine, state: State, comparison: Comparison, width: Width, a: Value, b: Value): boolean {
  if (a.kind === 'number' && b.kind === 'number') return assumeNumbers(machine, state, comparison, width, a, b);
  if (width === 32) return true;
  if (a.isPointer && isZero(b)) return assumeNull(state, comparison, a);
  if (b.isPointer && isZero(a)) return assumeNull(state, SWAPPED[comparison], b);
  if (comparison === 'eq' && a.isPointer && a.kind === b.kind && a.nullable !== b.nullable) {
    // What equals a pointer that is not null is not null.
    const maybe = a.nullable ? a : b;
    if (maybe.symbol === ZERO && maybe.offset === 0 && isWhole(a.nullable ? b : a)) return assumeNull(state, 'ne', maybe);
  }
  if (a.kind === 'packet' && b.kind === 'packet') return assumePacketOrder(machine, state, comparison, a, b);
  if (
    a.isPointer &&
    b.isPointer &&
    a.kind === b.kind &&
    a.tag === b.tag &&
    a.symbol === b.symbol &&
    a.identity === b.identity &&
    !a.nullable &&
    !b.nullable &&
    isOneObject(a, b)
  ) {
    return comparison === 'eq' ? a.offset === b.offset : comparison === 'ne' ? a.offset !== b.offset : true;
  }
  return true;
}

/** Whether a pointer is the start of what it leads to: others might be null by arithmetic. */
function isWhole(value: Value): boolean {
  return value.symbol === ZERO && value.offset === 0 && !value.isWord;
}

function assumeNumbers(machine: Machine, state: State, comparison: Comparison, width: Width, a: Value, b: Value): boolean {
  const refined = refine(comparison, width, a.range, b.range);
  if (refined === undefined) return false;
  // Facts between two symbols come first: they hold of the values as they are now.
  if (a.symbol !== ZERO && b.symbol !== ZERO && !assumeOrder(state, comparison, width, a, b)) return false;
  return narrow(machine, state, a, refined.a, 4) && narrow(machine, state, b, refined.b, 4);
}

/** Whether the comparison of two words orders them as the signed 64-bit comparison of their contents does. */
function agrees(comparison: Comparison, width: Width, a: Scalar, b: Scalar): boolean {
  if (SIGNED_ORDERS.has(comparison)) return width === 64 || (within(a, -0x8000_0000, 0x7fff_ffff) && within(b, -0x8000_0000, 0x7fff_ffff));
  if (width === 64) return comparison === 'eq' || comparison === 'ne' || (a.smin >= 0 && b.smin >= 0) || (a.smax < 0 && b.smax < 0);
  return (within(a, 0, 0xffff_ffff) && within(b, 0, 0xffff_ffff)) || (within(a, -0x8000_0000, -1) && within(b, -0x8000_0000, -1));
}

const SIGNED_ORDERS: ReadonlySet<Comparison> = new Set(['sgt', 'sge', 'slt', 'sle']);

function within(range: Scalar, min: number, max: number): boolean {
  return range.smin >= min && range.smax <= max;
}

/** Adds what a comparison of two unknown numbers says about their difference; false where it contradicts what is known. */
function assumeOrder(state: State, comparison: Comparison, width: Width, a: Value, b: Value): boolean {
  if (!isExact(a) || !isExact(b)) return true;
  if (!agrees(comparison, width, a.range, b.range)) return width === 64 ? assumeUnsignedOrder(state, comparison, a, b) : true;
  switch (comparison) {
    case 'eq':
      return relateAtMost(state, a, b, 0) && relateAtMost(state, b, a, 0);
    case 'ne': {
      const above = state.upperDifference(a, b);
      const below = state.upperDifference(b, a);
      if (above === 0 && below === 0) return false;
      if (above === 0) return relateAtMost(state, a, b, -1);
      return below === 0 ? relateAtMost(state, b, a, -1) : true;
    }
    case 'lt':
    case 'slt':
      return relateAtMost(state, a, b, -1);
    case 'le':
    case 'sle':
      return relateAtMost(state, a, b, 0);
    case 'gt':
    case 'sgt':
      return relateAtMost(state, b, a, -1);
    case 'ge':
    case 'sge':
      return relateAtMost(state, b, a, 0);
    default:
      return true;
  }
}

/** Orders the unsigned readings of two words that may be negative; false where it contradicts what is known. */
function assumeUnsignedOrder(state: State, comparison: Comparison, a: Value, b: Value): boolean {
  if (a.offset !== 0 || b.offset !== 0 || a.symbol <= META_OFFSET || b.symbol <= META_OFFSET || a.symbol === b.symbol) return true;
  const order = UNSIGNED_ORDERS[comparison];
  if (order === undefined) return true;
  const low = unsignedReading(order.swapped ? b.symbol : a.symbol);
  const high = unsignedReading(order.swapped ? a.symbol : b.symbol);
  const opposite = state.constraints.upperDifference(high, low);
  if (opposite !== undefined && sub(0, opposite) > order.bound) return false;
  state.relate(low, high, order.bound);
  return true;
}

/** a CMP b as a - b <= bound, or b - a <= bound where swapped. */
const UNSIGNED_ORDERS: Partial<Record<Comparison, { readonly swapped: boolean; readonly bound: number }>> = {
  lt: { swapped: false, bound: -1 },
  le: { swapped: false, bound: 0 },
  gt: { swapped: true, bound: -1 },
  ge: { swapped: true, bound: 0 },
};

/** a - b <= k. */
function relateAtMost(state: State, a: Value, b: Value, k: Int): boolean {
  const opposite = state.upperDifference(b, a);
  // b - a <= opposite, so a - b >= -opposite: impossible above k.
  if (opposite !== undefined && sub(0, opposite) > k) return false;
  state.relate(a.symbol, b.symbol, sub(add(k, b.offset), a.offset));
  return true;
}

/** Narrows every value of the symbol to what `range` of this one implies, then the operands it was derived from; false where nothing is left. */
export function narrow(machine: Machine, state: State, value: Value, range: Scalar, depth: number): boolean {
  if (range === value.range) return true;
  if (value.symbol !== ZERO && !narrowSymbol(state, value.symbol, value.offset, range)) return false;
  if (value.derivation !== undefined && depth > 0) return narrowOperand(machine, state, value, range, depth - 1);
  return true;
}

/** The range that a value now has, which may be tighter than the snapshot a derivation holds. */
function narrowSymbol(state: State, symbol: SymbolId, offset: Int, range: Scalar): boolean {
  let possible = true;
  state.rewrite((candidate) => {
    if (candidate.symbol !== symbol) return candidate;
    const delta = sub(candidate.offset, offset);
    const implied = delta === 0 ? range : binary('add', 64, range, constant(toSigned64(delta)));
    const narrowed = meet(candidate.range, implied);
    if (narrowed === undefined) {
      possible = false;
      return candidate;
    }
    if (narrowed === candidate.range) return candidate;
    const c = constantValue(narrowed);
    // A symbol whose value is known needs no name any more, except where the packet's facts hang on it.
    if (c !== undefined && symbol > META_OFFSET && candidate.kind === 'number')
      return new Value('number', 0, ZERO, c, narrowed, false, 0, undefined, undefined);
    return candidate.withRange(narrowed);
  });
  if (!possible) return false;
  narrowTotals(state, symbol, offset, range);
  if (symbol === PACKET_SIZE) {
    const min = sub(range.smin, offset);
    if (min > state.constraints.packetMax || sub(range.smax, offset) < state.constraints.packetMin) return false;
    if (min > 0) state.relate(ZERO, PACKET_SIZE, sub(0, min));
  }
  if (symbol === META_OFFSET) {
    const max = sub(range.smax, offset);
    if (max < MIN_META_OFFSET) return false;
    state.relate(META_OFFSET, ZERO, max);
  }
  return true;
}

function narrowTotals(state: State, symbol: SymbolId, offset: Int, range: Scalar): void {
  if (state.constraints.totals.length === 0 || sub(range.smin, offset) < I64_MIN || sub(range.smax, offset) > I64_MAX) return;
  state.constraints = state.constraints.narrowTotals(symbol, sub(range.smin, offset), sub(range.smax, offset));
}

/** What a narrower result says about the operand it was computed from. */
function narrowOperand(machine: Machine, state: State, value: Value, range: Scalar, depth: number): boolean {
  const { operation, operand, other, amount } = value.derivation!;
  const current = currentRange(state, operand);
  switch (operation) {
    case 'low32': {
      const refined = refine('eq', 32, current, range);
      return refined !== undefined && narrow(machine, state, operand, refined.a, depth);
    }
    case 'sign_extend': {
      if (amount !== 32) return true;
      const refined = refine('eq', 32, current, range);
      return refined !== undefined && narrow(machine, state, operand, refined.a, depth);
    }
    case 'swap': {
      if (amount !== 64 && current.umax >= 2 ** amount!) return true;
      const c = constantValue(range);
      if (c === undefined) return true;
      const refined = meet(current, swap('bswap', amount as 16 | 32 | 64, range, machine.rules.bigEndian));
      return refined !== undefined && narrow(machine, state, operand, refined, depth);
    }
    case 'shift_right': {
      const min = binary('lsh', 64, constant(range.umin), constant(amount!));
      if (range.umax >= 2 ** 53) return true;
      const max = add(BigInt(range.umax) << BigInt(amount!), (1n << BigInt(amount!)) - 1n);
      const refined = meet(current, fromUnsigned(min.umin, canonicalUnsigned(max)));
      return refined !== undefined && narrow(machine, state, operand, refined, depth);
    }
    case 'shift_left': {
      const count = amount!;
      if (count < 0 || (count < 53 && current.umax >= 2 ** (64 - count)) || count >= 53) return true;
      const shifted = binary('rsh', 64, range, constant(count));
      const refined = meet(current, shifted);
      return refined !== undefined && narrow(machine, state, operand, refined, depth);
    }
    case 'difference': {
      if (other === undefined || !isExact(operand) || !isExact(other) || operand.symbol === other.symbol) return true;
      return relateBounded(state, operand, other, range.smax) && relateBounded(state, other, operand, sub(0, range.smin));
    }
    case 'mask': {
      const c = constantValue(range);
      if (c === undefined) return true;
      if (c !== 0) {
        const refined = refine('set', 64, current, constant(amount!));
        return refined !== undefined && narrow(machine, state, operand, refined.a, depth);
      }
      const refined = refine('nset', 64, current, constant(amount!));
      return refined !== undefined && narrow(machine, state, operand, refined.a, depth);
    }
    case 'bool':
      return true;
  }
}

function relateBounded(state: State, a: Value, b: Value, k: Int): boolean {
  if (a.symbol === ZERO && b.symbol === ZERO) return true;
  if (a.symbol === ZERO || b.symbol === ZERO) {
    state.relate(a.symbol, b.symbol, sub(add(k, b.offset), a.offset));
    return true;
  }
  return relateAtMost(state, a, b, k);
}

function canonicalUnsigned(value: Int): Int {
  return value > 0xffff_ffff_ffff_ffffn ? 0xffff_ffff_ffff_ffffn : value;
}

function currentRange(state: State, operand: Value): Scalar {
  if (operand.symbol === ZERO) return operand.range;
  for (const frame of state.frames) {
    for (const value of frame.registers) {
      if (value !== undefined && value.symbol === operand.symbol && value.offset === operand.offset) return value.range;
    }
  }
  return operand.range;
}

/** Compares a pointer with null. */
function assumeNull(state: State, comparison: Comparison, pointer: Value): boolean {
  // 0 is the least address: > 0 is != 0, <= 0 is == 0.
  const equal = comparison === 'eq' || comparison === 'le';
  const unequal = comparison === 'ne' || comparison === 'gt';
  if (!equal && !unequal) return comparison !== 'lt' && comparison !== 'set';
  if (!pointer.nullable) return unequal || pointer.isWord;
  if (pointer.symbol !== ZERO || pointer.offset !== 0) return true;
  const { identity } = pointer;
  state.rewrite((value) => {
    if (value.identity !== identity || value.kind !== pointer.kind || !value.nullable) return value;
    if (unequal) return value.withNullable(false);
    return new Value('number', 0, value.symbol, value.offset, value.range, false, 0, undefined, undefined);
  });
  if (equal) state.references = state.references.filter((reference) => reference.identity !== identity);
  state.origins = advancedOrigins(state.origins, identity, unequal);
  return true;
}

/** Orders two packet pointers: the source of all knowledge about the packet's size. */
function assumePacketOrder(machine: Machine, state: State, comparison: Comparison, a: Value, b: Value): boolean {
  const comparable = (value: Value) => {
    if (value.symbol === PACKET_SIZE || value.symbol === META_OFFSET)
      return value.offset >= -MAX_COMPARED_OFFSET && value.offset <= MAX_COMPARED_OFFSET;
    if (value.range.smin < MIN_META_OFFSET) return false;
    if (value.range.smax <= MAX_COMPARED_OFFSET) return true;
    const over = state.overPacketEnd(value, 0);
    return over !== undefined && over <= MAX_COMPARED_OFFSET;
  };
  if (!comparable(a) || !comparable(b)) return true;
  const order = (x: Value, y: Value, k: Int): boolean => {
    if (!isExact(x) || !isExact(y)) return true;
    const opposite = state.upperDifference(y, x);
    if (opposite !== undefined && sub(0, opposite) > k) return false;
    state.relate(x.symbol, y.symbol, sub(add(k, y.offset), x.offset));
    return packetPossible(state) && narrowBelow(machine, state, x, add(y.range.smax, k));
  };
  switch (comparison) {
    case 'eq':
      return order(a, b, 0) && order(b, a, 0);
    case 'ne': {
      if (!isExact(a) || !isExact(b)) return true;
      const above = state.upperDifference(a, b);
      const below = state.upperDifference(b, a);
      if (above === 0 && below === 0) return false;
      if (above === 0) return order(a, b, -1);
      return below === 0 ? order(b, a, -1) : true;
    }
    case 'lt':
    case 'slt':
      return order(a, b, -1);
    case 'le':
    case 'sle':
      return order(a, b, 0);
    case 'gt':
    case 'sgt':
      return order(b, a, -1);
    case 'ge':
    case 'sge':
      return order(b, a, 0);
    default:
      return true;
  }
}

/** A packet pointer is at most so far from the packet's start: loops that walk to the packet's end stay within it whatever their counters are. */
function narrowBelow(machine: Machine, state: State, pointer: Value, most: Int): boolean {
  if (pointer.symbol <= META_OFFSET || most >= pointer.range.smax) return true;
  const range = meet(pointer.range, fromSigned(pointer.range.smin, most));
  return range !== undefined && narrow(machine, state, pointer, range, 0);
}

function packetPossible(state: State): boolean {
  return state.constraints.packetMin <= state.constraints.packetMax && state.constraints.metaMax >= MIN_META_OFFSET;
}
