import type { Size } from '../../../src/isa/instruction.ts';
import { Constraints, MAX_PACKET_SIZE, MIN_META_OFFSET } from '../../../src/verifier/constraints.ts';
import type { Machine } from '../../../src/verifier/machine.ts';
import {
  constantValue,
  fromSigned,
  fromUnsigned,
  type Int,
  isConstant,
  meet,
  type Scalar,
  TOP,
  unsignedBytes,
} from '../../../src/verifier/number/index.ts';
import { NUMERIC, StackFrame } from '../../../src/verifier/stack.ts';
import { State } from '../../../src/verifier/state.ts';
import { META_OFFSET, PACKET_SIZE, type SymbolId, Value, ZERO } from '../../../src/verifier/value.ts';
import type { Constraint, Variable } from './constraint.ts';
import { FRAME_SIZE, PROGRAM_MAPS } from './program.ts';

export const I64_MIN = -(1n << 63n);
export const I64_MAX = (1n << 63n) - 1n;
export const U64_MAX = (1n << 64n) - 1n;

/** The machine addresses a region may start at, inclusive: pointers are tracked by region and offset only, so tests keep this part of the notation. */
export interface Base {
  readonly low: bigint;
  readonly high: bigint;
}

/** A state that a case may start in. */
export interface Entry {
  readonly state: State;
  /** Absolute offset of the end of the entry's frame. */
  readonly framePointer: number;
  /** Where regions start, by `regionOf`. */
  readonly bases: Map<string, Base>;
  /** The lowest offset of the packet's metadata: it decides no check and never changes. */
  readonly metaLow: bigint;
}

/** Names the region a pointer points into: addresses of one region differ as their offsets do. */
export function regionOf(value: Value): string {
  switch (value.kind) {
    case 'memory':
    case 'socket':
      return `${value.kind}:${value.identity}`;
    case 'map_value':
      return `${value.kind}:${value.tag}:${value.identity}`;
    default:
      return `${value.kind}:${value.tag}`;
  }
}

/** The offset variable of each type. */
export const OFFSET_KINDS: Readonly<Record<string, string>> = {
  ctx: 'ctx_offset',
  packet: 'packet_offset',
  stack: 'stack_offset',
  shared: 'shared_offset',
  socket: 'socket_offset',
  alloc_mem: 'alloc_mem_offset',
  btf_id: 'btf_id_offset',
};

const READABLE_TYPES = ['number', 'ctx', 'packet', 'stack', 'shared', 'map_fd', 'map_fd_programs'] as const;

interface Bounds {
  low: bigint | undefined;
  high: bigint | undefined;
}

const keyOf = (variable: Variable): string =>
  variable.of === 'register'
    ? `r${variable.register}.${variable.kind}`
    : variable.of === 'stack'
      ? `s${variable.first}-${variable.last}.${variable.kind}`
      : variable.of === 'counter'
        ? `pc${variable.label}`
        : variable.of;

export const canonical = (value: bigint): Int => (value >= -0x1f_ffff_ffff_ffffn && value <= 0x1f_ffff_ffff_ffffn ? Number(value) : value);

function clampSigned({ low, high }: Bounds): Scalar | undefined {
  const from = low === undefined || low < I64_MIN ? I64_MIN : low;
  const to = high === undefined || high > I64_MAX ? I64_MAX : high;
  return from > to ? undefined : fromSigned(canonical(from), canonical(to));
}

function clampUnsigned({ low, high }: Bounds): Scalar | undefined {
  const from = low === undefined || low < 0n ? 0n : low;
  const to = high === undefined || high > U64_MAX ? U64_MAX : high;
  return from > to ? undefined : fromUnsigned(canonical(from), canonical(to));
}

/** Map references that the lines mention. */
export function mapTagsIn(constraints: readonly Constraint[]): Set<number> {
  const tags = new Set<number>();
  for (const line of constraints) {
    if (line.form === 'interval' && line.variable.of === 'register' && line.low !== undefined) {
      if (line.variable.kind === 'map_fd') tags.add(Number(line.low));
      if (line.variable.kind === 'map_fd_programs') tags.add(Number(line.low) + PROGRAM_MAPS);
    }
    if (line.form === 'type' && line.place.of === 'register') {
      if (line.types.includes('map_fd')) tags.add(UNKNOWN_MAPS + line.place.register);
      if (line.types.includes('map_fd_programs')) tags.add(PROGRAM_MAPS + UNKNOWN_MAPS + line.place.register);
    }
  }
  return tags;
}

/** References to maps whose descriptor is not stated, one for each register. */
const UNKNOWN_MAPS = 100;

/**
 * The states that the lines describe, one for each choice of types where registers may have several. Quantities that no line mentions are unconstrained,
 * registers without a type unusable. Undefined members: none; an empty list is bottom.
 */
export function entryStates(machine: Machine, constraints: readonly Constraint[]): Entry[] {
  if (constraints.some((line) => line.form === 'bottom')) return [];
  const bounds = collectBounds(constraints);
  if ([...bounds.values()].some(({ low, high }) => low !== undefined && high !== undefined && low > high)) return [];
  const framePointer = framePointerOf(constraints, bounds);
  return typeChoices(constraints).flatMap((types) => {
    const entry = new EntryBuilder(machine, constraints, bounds, types, framePointer).build();
    return entry === undefined ? [] : [entry];
  });
}

/** Interval lines by variable; several of one variable all hold. */
function collectBounds(constraints: readonly Constraint[]): Map<string, Bounds> {
  const bounds = new Map<string, Bounds>();
  for (const line of constraints) {
    if (line.form !== 'interval') continue;
    const key = keyOf(line.variable);
    const known = bounds.get(key) ?? { low: undefined, high: undefined };
    if (line.low !== undefined && (known.low === undefined || line.low > known.low)) known.low = line.low;
    if (line.high !== undefined && (known.high === undefined || line.high < known.high)) known.high = line.high;
    bounds.set(key, known);
  }
  return bounds;
}

/** Where r10 is not stated, the frame is the lowest one that covers everything the lines mention. */
function framePointerOf(constraints: readonly Constraint[], bounds: ReadonlyMap<string, Bounds>): number {
  const stated = bounds.get('r10.stack_offset')?.low;
  if (stated !== undefined) return Number(stated);
  let top = FRAME_SIZE;
  for (const line of constraints) {
    if (line.form === 'interval' && line.variable.of === 'register' && line.variable.kind === 'stack_offset' && line.high !== undefined)
      top = Math.max(top, Number(line.high) + Number(bounds.get(`r${line.variable.register}.stack_numeric_size`)?.low ?? 0));
    if (line.form === 'type' && line.place.of === 'stack') top = Math.max(top, line.place.last + 1);
  }
  return top;
}

/** Every way to give each register one of its types, registers with "must be the same" lines agreeing. */
function typeChoices(constraints: readonly Constraint[]): ReadonlyMap<number, string>[] {
  const sets = new Map<number, readonly string[]>();
  const same: [number, number][] = [];
  for (const line of constraints) {
    if (line.form === 'same_type' && line.place.of === 'register' && line.other.of === 'register') {
      same.push([line.place.register, line.other.register]);
      for (const { register } of [line.place, line.other]) if (!sets.has(register)) sets.set(register, READABLE_TYPES);
    }
    if (line.form !== 'type' || line.place.of !== 'register') continue;
    const known = sets.get(line.place.register);
    sets.set(line.place.register, known === undefined ? line.types : known.filter((type) => line.types.includes(type)));
  }
  let choices: ReadonlyMap<number, string>[] = [new Map()];
  for (const [register, types] of sets) choices = choices.flatMap((choice) => types.map((type) => new Map(choice).set(register, type)));
  return choices.filter((choice) => same.every(([a, b]) => choice.get(a) === choice.get(b)));
}

/** Variables that lines declare equal, with what bounds them together. */
interface Class {
  range: Scalar;
  symbol: SymbolId | undefined;
}

class EntryBuilder {
  private readonly machine: Machine;
  private readonly constraints: readonly Constraint[];
  private readonly bounds: ReadonlyMap<string, Bounds>;
  private readonly types: ReadonlyMap<number, string>;
  private readonly framePointer: number;
  private readonly parents = new Map<string, string>();
  private readonly classes = new Map<string, Class>();
  private readonly bases = new Map<string, Base>();
  private contradiction = false;

  constructor(
    machine: Machine,
    constraints: readonly Constraint[],
    bounds: ReadonlyMap<string, Bounds>,
    types: ReadonlyMap<number, string>,
    framePointer: number,
  ) {
    this.machine = machine;
    this.constraints = constraints;
    this.bounds = bounds;
    this.types = types;
    this.framePointer = framePointer;
  }

  build(): Entry | undefined {
    for (const line of this.constraints) if (line.form === 'equal' && line.offset === 0n) this.unite(line.variable, line.other);
    for (const line of this.constraints) {
      if (line.form === 'interval') this.narrow(line.variable, line.low, line.high);
      // Equal in two readings: the number is the same signed and unsigned.
      if (line.form === 'equal' && isValue(line.variable) && isValue(line.other) && kindOf(line.variable) !== kindOf(line.other))
        this.narrow(line.variable, 0n, I64_MAX);
    }
    const registers: (Value | undefined)[] = new Array(11).fill(undefined);
    for (const [register, type] of this.types) registers[register] = this.register(register, type);
    if (this.contradiction) return undefined;
    const state = new State([{ registers, stack: this.stack(registers) }], this.packet(), [], 0, 0, undefined, undefined);
    for (const line of this.constraints) if (line.form === 'difference') this.relate(state, line.variable, line.other, line.bound);
    this.addresses(registers);
    return this.contradiction
      ? undefined
      : {
          state,
          framePointer: this.framePointer,
          bases: this.bases,
          metaLow: BigInt(this.classes.get(this.find('meta_offset'))?.range.smin ?? MIN_META_OFFSET),
        };
  }

  /** The number that a variable stands for in this choice of types: a register's content or the offset of its pointer; undefined: no such thing here. */
  private node(variable: Variable): string | undefined {
    if (variable.of === 'packet_size' || variable.of === 'meta_offset') return variable.of;
    if (variable.of !== 'register') return undefined;
    const type = this.types.get(variable.register);
    if (type === undefined) return undefined;
    if (isValue(variable)) return type === 'number' ? `r${variable.register}` : undefined;
    return OFFSET_KINDS[type] === variable.kind ? `r${variable.register}` : undefined;
  }

  private find(node: string): string {
    const parent = this.parents.get(node);
    return parent === undefined ? node : this.find(parent);
  }

  private unite(a: Variable, b: Variable): void {
    const x = this.node(a);
    const y = this.node(b);
    if (x === undefined || y === undefined) return;
    const [from, to] = this.find(x) === 'packet_size' || this.find(x) === 'meta_offset' ? [this.find(y), this.find(x)] : [this.find(x), this.find(y)];
    if (from !== to) this.parents.set(from, to);
  }

  private class(node: string): Class {
    const root = this.find(node);
    let known = this.classes.get(root);
    if (known === undefined) {
      known = { range: TOP, symbol: root === 'packet_size' ? PACKET_SIZE : root === 'meta_offset' ? META_OFFSET : undefined };
      this.classes.set(root, known);
    }
    return known;
  }

  private narrow(variable: Variable, low: bigint | undefined, high: bigint | undefined): void {
    const node = this.node(variable);
    if (node === undefined) return;
    const shift = variable.of === 'register' && variable.kind === 'stack_offset' ? BigInt(this.framePointer) : 0n;
    // The size of the packet is a lower bound wherever it is written.
    const upper = variable.of === 'packet_size' && low === high ? BigInt(MAX_PACKET_SIZE) : high;
    const bounds = { low: low === undefined ? undefined : low - shift, high: upper === undefined ? undefined : upper - shift };
    const range = kindOf(variable) === 'uvalue' ? clampUnsigned(bounds) : clampSigned(bounds);
    const group = this.class(node);
    const met = range === undefined ? undefined : meet(group.range, range);
    if (met === undefined) this.contradiction = true;
    else group.range = met;
  }

  private position(register: number): { symbol: SymbolId; offset: Int; range: Scalar } {
    const group = this.class(`r${register}`);
    const c = constantValue(group.range);
    if (c !== undefined && group.symbol === undefined) return { symbol: ZERO, offset: c, range: group.range };
    group.symbol ??= this.machine.symbol();
    return { symbol: group.symbol, offset: 0, range: group.range };
  }

  private register(register: number, type: string): Value {
    const { symbol, offset, range } = this.position(register);
    const at = (kind: Value['kind'], tag: number, nullable = false, identity = 0) =>
      new Value(kind, tag, symbol, offset, range, nullable, identity, undefined, undefined);
    switch (type) {
      case 'number':
        return at('number', 0);
      case 'ctx':
      case 'packet':
      case 'stack':
        return at(type, 0);
      case 'shared': {
        const size = this.bounds.get(`r${register}.shared_region_size`)?.low ?? 0n;
        return at('memory', Number(size), this.mayBeNull(register), this.machine.identity());
      }
      case 'map_fd':
      case 'map_fd_programs': {
        const stated = this.bounds.get(`r${register}.${type}`)?.low;
        const distance = type === 'map_fd' ? 0 : PROGRAM_MAPS;
        return this.machine.pointer('map', distance + (stated === undefined ? UNKNOWN_MAPS + register : Number(stated)), 0);
      }
      default:
        throw new Error(`type ${type} cannot be read`);
    }
  }

  private mayBeNull(register: number): boolean {
    const excludes = (bounds: Bounds | undefined) =>
      bounds !== undefined && ((bounds.low !== undefined && bounds.low > 0n) || (bounds.high !== undefined && bounds.high < 0n));
    return !excludes(this.bounds.get(`r${register}.uvalue`)) && !excludes(this.bounds.get(`r${register}.svalue`));
  }

  /** Where the regions of the pointers start, as far as their addresses are stated. */
  private addresses(registers: readonly (Value | undefined)[]): void {
    for (const [register, value] of registers.entries()) {
      if (value === undefined || !value.isPointer) continue;
      const shift = value.kind === 'stack' ? BigInt(this.framePointer) : 0n;
      for (const kind of ['svalue', 'uvalue']) {
        const bounds = this.bounds.get(`r${register}.${kind}`);
        if (bounds?.low === undefined || bounds.high === undefined) continue;
        const known = this.bases.get(regionOf(value));
        const low = bounds.low - BigInt(value.range.smax) - shift;
        const high = bounds.high - BigInt(value.range.smin) - shift;
        this.bases.set(regionOf(value), {
          low: known === undefined || low > known.low ? low : known.low,
          high: known === undefined || high < known.high ? high : known.high,
        });
      }
    }
  }

  private packet(): Constraints {
    const size = this.classes.get(this.find('packet_size'))?.range ?? TOP;
    const meta = this.classes.get(this.find('meta_offset'))?.range ?? TOP;
    let constraints = Constraints.NONE;
    if (size.smin > 0) constraints = constraints.with(ZERO, PACKET_SIZE, canonical(-BigInt(size.smin)));
    if (meta.smax < 0) constraints = constraints.with(META_OFFSET, ZERO, meta.smax);
    return constraints;
  }

  private stack(registers: readonly (Value | undefined)[]): StackFrame {
    const frame = new StackFrame(FRAME_SIZE);
    const index = (absolute: number) => absolute - this.framePointer + FRAME_SIZE;
    const numeric = (first: number, last: number) => {
      for (let at = Math.max(0, index(first)); at <= Math.min(FRAME_SIZE - 1, index(last)); at++) frame.bytes[at] = NUMERIC;
    };
    for (const line of this.constraints)
      if (line.form === 'type' && line.place.of === 'stack' && line.types.length === 1 && line.types[0] === 'number')
        numeric(line.place.first, line.place.last);
    for (const [register, value] of registers.entries()) {
      const size = this.bounds.get(`r${register}.stack_numeric_size`)?.low;
      if (size === undefined || value?.kind !== 'stack' || !isConstant(value.range)) continue;
      const first = Number(value.range.smin) + this.framePointer;
      numeric(first, first + Number(size) - 1);
    }
    for (const line of this.constraints) {
      if (line.form !== 'interval' || line.variable.of !== 'stack' || !isValue(line.variable)) continue;
      const { first, last } = line.variable;
      const size = last - first + 1;
      const at = index(first);
      if (at < 0 || at + size > FRAME_SIZE || ![1, 2, 4, 8].includes(size)) continue;
      const known = frame.cells.get(at)?.value.range ?? TOP;
      const range = kindOf(line.variable) === 'uvalue' ? clampUnsigned(line) : clampSigned(line);
      const met = range === undefined ? undefined : meet(meet(known, range) ?? unsignedBytes(size as Size), unsignedBytes(size as Size));
      if (met !== undefined && frame.firstNonNumeric(at, size) < 0) frame.store(at, size, this.machine.number(met));
    }
    return frame;
  }

  private relate(state: State, a: Variable, b: Variable, bound: bigint): void {
    const x = this.node(a);
    const y = this.node(b);
    if (x === undefined || y === undefined) return;
    const value = (node: string) => (node.startsWith('r') ? state.registers[Number(node.slice(1))] : undefined);
    const symbol = (node: string) => value(node)?.symbol ?? this.class(node).symbol;
    const offset = (node: string) => BigInt(value(node)?.offset ?? 0);
    // Relations are between signed readings.
    if ([a, b].some((variable, i) => kindOf(variable) === 'uvalue' && this.class([x, y][i]!).range.smin < 0)) return;
    const left = symbol(x);
    const right = symbol(y);
    if (left !== undefined && right !== undefined) state.relate(left, right, canonical(bound + offset(y) - offset(x)));
  }
}

const isValue = (variable: Variable): boolean => kindOf(variable) === 'svalue' || kindOf(variable) === 'uvalue';

export function kindOf(variable: Variable): string {
  return variable.of === 'register' || variable.of === 'stack' ? variable.kind : variable.of;
}
