import type { Size } from '../../../src/isa/instruction.ts';
import { MAX_PACKET_SIZE, rangeEdges, unsignedReading } from '../../../src/verifier/constraints.ts';
import type { Machine } from '../../../src/verifier/machine.ts';
import { add, constant, fromSigned, type Int, sub } from '../../../src/verifier/number/index.ts';
import { isExact, type State } from '../../../src/verifier/state.ts';
import { META_OFFSET, PACKET_SIZE, type SymbolId, Value, ZERO } from '../../../src/verifier/value.ts';
import type { Constraint, Place, Variable } from './constraint.ts';
import { type Base, type Entry, OFFSET_KINDS, regionOf } from './entry.ts';
import { FRAME_SIZE, PROGRAM_MAPS } from './program.ts';

/** Where the peer takes pointers to lie, unless a case says more: room for the metadata below the packet. */
const ADDRESSES: Base = { low: 1n, high: 2147418112n };
const PACKET_ADDRESSES: Base = { low: 4098n, high: 2147418112n };

/** A state to be questioned, with what the case said of its beginning. */
export interface Witness {
  readonly machine: Machine;
  readonly state: State;
  readonly entry: Entry;
}

/**
 * What a variable is in a state: an integer in [low, high]; where `value` is there, the signed reading of that value plus something in `start`, which
 * `region` names: the start of the region for addresses. `bits` tells equal words apart from others whatever their reading.
 */
interface Quantity {
  readonly low: bigint;
  readonly high: bigint;
  readonly value: Value | undefined;
  readonly start: Base;
  readonly region: string;
  readonly bits: string;
  /** An unsigned reading of this word, whatever its sign. */
  readonly word?: Value;
  /** The symbol of the unsigned reading, for words that may be negative. */
  readonly unsigned?: SymbolId;
  /** The peer's line only states a lower bound. */
  readonly lowerOnly: boolean;
}

/** `meaningless`: there is no such quantity in this state, any statement about it is empty. `unknown`: nothing is known of it. */
type Answer = Quantity | 'meaningless' | 'unknown';

/** The peer's names for what a value is. */
export function typesOf(machine: Machine, value: Value | undefined): readonly string[] {
  if (value === undefined) return [];
  switch (value.kind) {
    case 'any':
    case 'invalid':
      return [];
    case 'map_value':
      return ['shared'];
    case 'memory':
      return ['shared', 'alloc_mem'];
    case 'map':
      return [machine.map(value.tag)?.kind === 'prog_array' ? 'map_fd_programs' : 'map_fd'];
    case 'code':
      return ['func'];
    case 'btf':
      return ['btf_id'];
    default:
      return [value.kind];
  }
}

/** The lines that do not hold of every concrete state that the witness allows. `oneSided`: lines `x=y` only say `y <= x`. */
export function missingLines(witness: Witness, constraints: readonly Constraint[], lines: readonly string[], oneSided: boolean): string[] {
  const question = new Question(witness, constraints, oneSided);
  const missing = lines.filter((_, index) => !question.holds(constraints[index]!));
  return [...missing, ...question.counters()];
}

class Question {
  private readonly witness: Witness;
  private readonly constraints: readonly Constraint[];
  private readonly oneSided: boolean;

  constructor(witness: Witness, constraints: readonly Constraint[], oneSided: boolean) {
    this.witness = witness;
    this.constraints = constraints;
    this.oneSided = oneSided;
  }

  holds(line: Constraint): boolean {
    switch (line.form) {
      case 'bottom':
        return false;
      case 'type':
        return this.hasType(line.place, line.types);
      case 'same_type': {
        const types = this.typesAt(line.place);
        return types.length > 0 && this.typesAt(line.other).some((type) => types.includes(type));
      }
      case 'interval':
        return line.variable.of === 'counter' || this.within(this.quantity(line.variable), line.low, line.high);
      case 'equal': {
        if (line.variable.of === 'counter' || line.other.of === 'counter') return true;
        if (this.oneSided && line.offset === 0n) return this.atMost(this.quantity(line.other), this.quantity(line.variable), 0n);
        return this.equal(this.quantity(line.variable), this.quantity(line.other), line.offset);
      }
      case 'difference':
        return this.atMost(this.quantity(line.variable), this.quantity(line.other), line.bound);
    }
  }

  /**
   * We count turns while exploring, not in the state. A counter is therefore taken as "some number": lines about it hold where one number exists that
   * satisfies all of them. Returns descriptions of counters for which there is none.
   */
  counters(): string[] {
    const terms = new Map<string, { variable: Variable; offset: bigint }[]>();
    const bounds = new Map<string, { low: bigint | undefined; high: bigint | undefined }>();
    for (const line of this.constraints) {
      if (line.form === 'interval' && line.variable.of === 'counter') bounds.set(line.variable.label, line);
      if (line.form !== 'equal') continue;
      // counter = other + offset, or variable = counter + offset.
      const [counter, variable, offset] =
        line.variable.of === 'counter'
          ? [line.variable, line.other, line.offset]
          : line.other.of === 'counter'
            ? [line.other, line.variable, -line.offset]
            : [];
      if (counter === undefined || variable === undefined || offset === undefined) continue;
      terms.set(counter.label, [...(terms.get(counter.label) ?? []), { variable, offset }]);
    }
    return [...terms].flatMap(([label, equal]) => {
      const { low, high } = bounds.get(label) ?? { low: undefined, high: undefined };
      const first = equal[0]!;
      const fits = equal.every(
        ({ variable, offset }) =>
          this.within(this.quantity(variable), low === undefined ? undefined : low - offset, high === undefined ? undefined : high - offset) &&
          this.equal(this.quantity(variable), this.quantity(first.variable), first.offset - offset),
      );
      return fits ? [] : [`pc[${label}] with its equalities`];
    });
  }

  private hasType(place: Place, types: readonly string[]): boolean {
    if (place.of === 'register') return this.typesAt(place).some((type) => types.includes(type));
    const { state, entry } = this.witness;
    const size = place.last - place.first + 1;
    if (types.includes('number') && state.frames[0]!.stack.firstNonNumeric(indexOf(entry, place.first), size) < 0) return true;
    return this.typesAt(place).some((type) => types.includes(type));
  }

  private typesAt(place: Place): readonly string[] {
    return typesOf(this.witness.machine, this.valueAt(place));
  }

  /** What stands in a place as one value; undefined: nothing that is one. */
  private valueAt(place: Place): Value | undefined {
    const { machine, state, entry } = this.witness;
    if (place.of === 'register') return state.frames[0]!.registers[place.register];
    const { stack } = state.frames[0]!;
    const at = indexOf(entry, place.first);
    const size = place.last - place.first + 1;
    if (at < 0 || at + size > stack.size) return undefined;
    const cell = stack.cells.get(at);
    if (cell?.size === size) return cell.value;
    if (size > 8 || stack.firstNonNumeric(at, size) >= 0) return undefined;
    return machine.number(stack.assemble(at, size as Size, machine.rules.bigEndian));
  }

  private quantity(variable: Variable): Answer {
    const { machine, entry, state } = this.witness;
    if (variable.of === 'packet_size') {
      const value = new Value(
        'packet',
        0,
        PACKET_SIZE,
        0,
        fromSigned(Math.min(state.constraints.packetMin, MAX_PACKET_SIZE), MAX_PACKET_SIZE),
        false,
        0,
        undefined,
        undefined,
      );
      return { ...signedQuantity(value, 0n), lowerOnly: true };
    }
    if (variable.of === 'meta_offset') {
      const value = new Value(
        'packet',
        0,
        META_OFFSET,
        0,
        fromSigned(Number(entry.metaLow), Math.max(state.constraints.metaMax, Number(entry.metaLow))),
        false,
        0,
        undefined,
        undefined,
      );
      return signedQuantity(value, 0n);
    }
    if (variable.of === 'counter') return 'unknown';
    const value = this.valueAt(variable);
    const types = typesOf(machine, value);
    if (value === undefined || types.length === 0) return 'unknown';
    switch (variable.kind) {
      case 'svalue':
        if (value.kind === 'number') return signedQuantity(value, 0n);
        break;
      case 'uvalue':
        if (value.kind === 'number') return unsignedQuantity(value);
        break;
      case 'map_fd':
      case 'map_fd_programs':
        return types.includes(variable.kind) ? exactly(BigInt(value.tag - (variable.kind === 'map_fd' ? 0 : PROGRAM_MAPS)), false) : 'meaningless';
      case 'shared_region_size':
      case 'alloc_mem_size':
        if (value.kind === 'memory') return exactly(BigInt(value.tag), true);
        return value.kind === 'map_value' ? exactly(BigInt(machine.map(value.tag)?.valueSize ?? 0), true) : 'meaningless';
      case 'stack_numeric_size':
        return value.kind === 'stack' ? exactly(BigInt(numericBytes(state, value)), true) : 'meaningless';
      default:
        if (!types.some((type) => OFFSET_KINDS[type] === variable.kind)) return 'meaningless';
        return signedQuantity(value, value.kind === 'stack' ? BigInt(entry.framePointer) : 0n);
    }
    // Where the place may also hold a number, the line is about that number.
    if (this.mayBeNumber(variable)) return 'meaningless';
    return addressQuantity(value, entry.bases.get(regionOf(value)), value.kind === 'stack' ? BigInt(entry.framePointer) : 0n);
  }

  private mayBeNumber(place: Place): boolean {
    const same = (other: Place) => JSON.stringify({ ...other, kind: '' }) === JSON.stringify({ ...place, kind: '' });
    return this.constraints.some((line) => {
      if (line.form === 'type') return same(line.place) && line.types.includes('number');
      return line.form === 'same_type' && same(line.place) && this.mayBeNumber(line.other);
    });
  }

  private within(quantity: Answer, low: bigint | undefined, high: bigint | undefined): boolean {
    if (quantity === 'meaningless' || quantity === 'unknown') return quantity === 'meaningless';
    const zero = exactly(0n, false);
    const above = low === undefined || quantity.low >= low || this.atMost(zero, quantity, -low);
    return above && (high === undefined || quantity.lowerOnly || quantity.high <= high || this.atMost(quantity, zero, high));
  }

  private equal(a: Answer, b: Answer, offset: bigint): boolean {
    if (typeof a !== 'string' && typeof b !== 'string' && offset === 0n && a.bits !== '' && a.bits === b.bits) return true;
    if (this.atMost(a, b, offset) && this.atMost(b, a, -offset)) return true;
    // Words that are equal in one reading are so in the other.
    if (typeof a === 'string' || typeof b === 'string' || a.word === undefined || b.word === undefined || offset !== 0n) return false;
    return this.upperDifference(a.word, b.word) === 0 && this.upperDifference(b.word, a.word) === 0;
  }

  /** The least bound of a - b that the whole state implies: relations together with the ranges of all values. */
  private upperDifference(a: Value, b: Value): Int | undefined {
    if (!isExact(a) || !isExact(b)) return undefined;
    const { registers, stack } = this.witness.state.frames[0]!;
    const values = [a, b, ...registers.filter((value) => value !== undefined), ...stack.cells.values().map((cell) => cell.value)];
    const edges = values.filter(isExact).flatMap((value) => rangeEdges(value.symbol, value.offset, value.range.smin, value.range.smax));
    const most = this.witness.state.constraints.upperDifference(a.symbol, b.symbol, edges);
    return most === undefined ? undefined : sub(add(most, a.offset), b.offset);
  }

  /** a - b <= bound. */
  private atMost(a: Answer, b: Answer, bound: bigint): boolean {
    if (a === 'meaningless' || b === 'meaningless') return true;
    if (a === 'unknown' || b === 'unknown') return false;
    if (a.high - b.low <= bound) return true;
    if (a.unsigned !== undefined && b.unsigned !== undefined) {
      const most = this.witness.state.constraints.upperDifference(a.unsigned, b.unsigned);
      if (most !== undefined && most <= bound) return true;
    }
    if (a.value === undefined || b.value === undefined) return false;
    const most = this.upperDifference(a.value, b.value);
    if (most === undefined) return false;
    // Where a region starts is unknown but the same for all its addresses.
    const starts = a.region === b.region && a.region !== '' ? 0n : a.start.high - b.start.low;
    return BigInt(most) + starts <= bound;
  }
}

const NOWHERE: Base = { low: 0n, high: 0n };
const WRAPPED: Base = { low: 1n << 64n, high: 1n << 64n };

const indexOf = (entry: Entry, absolute: number) => absolute - entry.framePointer + FRAME_SIZE;

const wordOf = (value: Value, reading: string) => `${reading}:${value.symbol}:${value.offset}`;

function signedQuantity(value: Value, shift: bigint): Quantity {
  const { smin, smax } = value.range;
  return {
    low: BigInt(smin) + shift,
    high: BigInt(smax) + shift,
    value,
    start: { low: shift, high: shift },
    region: shift === 0n ? '' : 'frame',
    bits: shift === 0n ? wordOf(value, 's') : '',
    lowerOnly: false,
  };
}

function unsignedQuantity(value: Value): Quantity {
  const { umin, umax, smin, smax } = value.range;
  // Of one sign, the two readings differ by a constant.
  const start = smin >= 0 ? NOWHERE : smax < 0 ? WRAPPED : undefined;
  const bits = wordOf(value, start === NOWHERE ? 's' : 'u');
  return {
    low: BigInt(umin),
    high: BigInt(umax),
    value: start && value,
    start: start ?? NOWHERE,
    region: '',
    bits,
    lowerOnly: false,
    ...(start === undefined ? { word: value, ...(value.offset === 0 ? { unsigned: unsignedReading(value.symbol) } : {}) } : {}),
  };
}

/** Without a word of the case, a pointer's address is anywhere that the peer allows; signed and unsigned readings agree there. */
function addressQuantity(value: Value, base: Base | undefined, shift: bigint): Quantity {
  const start = base ?? (value.kind === 'packet' ? PACKET_ADDRESSES : ADDRESSES);
  const low = base === undefined ? start.low : start.low + BigInt(value.range.smin) + shift;
  const high = base === undefined ? start.high : start.high + BigInt(value.range.smax) + shift;
  const range = { low: start.low + shift, high: start.high + shift };
  return { low: value.nullable ? 0n : low, high, value, start: range, region: regionOf(value), bits: '', lowerOnly: false };
}

function exactly(amount: bigint, lowerOnly: boolean): Quantity {
  const small = Number(amount);
  return {
    low: amount,
    high: amount,
    value: new Value('number', 0, ZERO, small, constant(small), false, 0, undefined, undefined),
    start: NOWHERE,
    region: '',
    bits: '',
    lowerOnly,
  };
}

/** How many bytes from the pointer on are numbers, whichever of its offsets it has. */
function numericBytes(state: State, pointer: Value): number {
  const stack = state.frames[pointer.tag]!.stack;
  const from = stack.size + Number(pointer.range.smin);
  const to = stack.size + Number(pointer.range.smax);
  if (from < 0 || to > stack.size) return 0;
  const odd = stack.firstNonNumeric(from, stack.size - from);
  const end = odd < 0 ? stack.size : odd;
  return Math.max(0, end - to);
}
