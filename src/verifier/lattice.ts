import { Constraints, unsignedReading, wordOf } from './constraints.ts';
import type { Int } from './number/index.ts';
import { add, I64_MAX, I64_MIN, join as joinScalars, max, leq as scalarLeq, sub, widen as widenScalars } from './number/index.ts';
import { joinOrigins } from './origins.ts';
import type { Cell } from './stack.ts';
import { CELL, CellTable, FRAGMENT, joinByte, NUMERIC, StackFrame, UNWRITTEN } from './stack.ts';
import type { Frame, Reference } from './state.ts';
import { isExact, State } from './state.ts';
import type { Derivation, SymbolId, ValueKind } from './value.ts';
import { META_OFFSET, PACKET_SIZE, Value, ZERO } from './value.ts';

/** Allocates symbols and identities; one per verification. */
export interface Supply {
  symbol(): SymbolId;
  identity(): number;
}

/** Kinds whose obligations differ never merge: what must be released or unlocked is not a matter of precision. */
export function sameObligations(a: State, b: State): boolean {
  if (a.frames.length !== b.frames.length || a.references.length !== b.references.length || (a.lock === 0) !== (b.lock === 0) || a.rcu !== b.rcu)
    return false;
  for (let index = 0; index < a.references.length; index++) {
    if (a.references[index]!.instruction !== b.references[index]!.instruction) return false;
  }
  return true;
}

/**
 * A number that states share when merging them loses only ranges and relations: kinds of registers and spilled pointers, what may be null, what is
 * owed, and (where packet pointers are at hand) the bytes proved. `fine` adds which bytes of the stack are written, `constants` the registers whose
 * content is known: flags that later branches test.
 */
export function shapeOf(state: State, fine: boolean, constants: boolean): number {
  let hash = 0x811c9dc5 ^ state.frames.length;
  const mix = (x: number) => {
    hash = Math.imul(hash ^ x, 0x01000193);
  };
  mix(state.lock === 0 ? 0 : 1);
  mix(state.rcu);
  for (const reference of state.references) mix(reference.instruction);
  let packet = false;
  for (const frame of state.frames) {
    for (let r = 0; r < 10; r++) {
      const value = frame.registers[r];
      if (value === undefined) continue;
      mix((r << 8) | KIND_CODES[value.kind]);
      if (value.kind === 'packet') packet = true;
      if (value.isPointer) mix((value.tag << 1) | (value.nullable ? 1 : 0));
      else if (constants && value.symbol === ZERO) mix(Number(BigInt.asIntN(32, BigInt(value.offset))));
    }
    for (const cell of frame.stack.cells.values()) {
      if (cell.value.kind === 'number') continue;
      // Order of insertion must not matter: sum instead of chain.
      hash =
        (hash +
          Math.imul((cell.index << 8) | KIND_CODES[cell.value.kind], 0x9e3779b1) +
          Math.imul((cell.value.tag << 1) | (cell.value.nullable ? 1 : 0), 0x85ebca6b)) |
        0;
      if (cell.value.kind === 'packet') packet = true;
    }
    if (fine) {
      const { bytes } = frame.stack;
      for (let at = 0; at < bytes.length; at += 4)
        mix((bytes[at] === 0 ? 0 : 1) | (bytes[at + 1] === 0 ? 0 : 2) | (bytes[at + 2] === 0 ? 0 : 4) | (bytes[at + 3] === 0 ? 0 : 8));
    }
  }
  if (packet) mix(state.constraints.packetMin);
  return hash;
}

const KIND_CODES: Record<ValueKind, number> = {
  number: 1,
  ctx: 2,
  stack: 3,
  packet: 4,
  map_value: 5,
  map: 6,
  memory: 7,
  socket: 8,
  btf: 9,
  code: 10,
  any: 11,
  invalid: 12,
  object: 13,
};

/** How many registers and cells differ in kind: the smaller, the less a join loses. */
export function dissimilarity(a: State, b: State): number {
  let count = 0;
  for (let f = 0; f < a.frames.length; f++) {
    const fa = a.frames[f]!;
    const fb = b.frames[f]!;
    for (let r = 0; r < 10; r++) {
      const va = fa.registers[r];
      const vb = fb.registers[r];
      if (va === vb) continue;
      if (va === undefined || vb === undefined) count += 8;
      else if (va.kind !== vb.kind || va.tag !== vb.tag) count += 16;
      else if (va.nullable !== vb.nullable) count += 4;
      else count += va.symbol === ZERO && vb.symbol === ZERO && va.offset !== vb.offset ? 12 : 1;
    }
    if (fa.stack !== fb.stack) {
      for (const cell of fa.stack.cells.values()) {
        const at = cell.index;
        const other = fb.stack.cells.get(at);
        if (other === undefined || other.size !== cell.size) count += 2;
        else if (other.value !== cell.value) count += other.value.kind !== cell.value.kind ? 8 : 1;
      }
    }
  }
  if (a.constraints.packetMin !== b.constraints.packetMin) count += 6;
  return count;
}

/** Whether `value - offset` as an integer is the content of a symbol: neither it nor the value's own symbol wraps around. */
function shiftsExactly(value: Value, offset: Int): boolean {
  return isExact(value) && sub(value.range.smin, offset) >= I64_MIN && sub(value.range.smax, offset) <= I64_MAX;
}

/** A symbol of which nothing is known. */
const UNRELATED = { symbol: Number.NaN, delta: 0, exact: true } as const;

/** Consistent renaming of one state's symbols and identities into another's, built up while values are compared. */
class Renaming {
  /** Symbols of the enclosing loops' heads: progress is measured against them, so they stand for themselves. */
  private readonly pinned: ReadonlySet<SymbolId>;
  private readonly symbols = new Map<SymbolId, { readonly symbol: SymbolId; readonly delta: Int; exact: boolean }>();
  private readonly identities = new Map<number, number>();
  private readonly derived: { readonly general: Derivation; readonly special: Derivation | undefined }[] = [];

  /** Identities of what the special state holds, with those of the same references in the general one. */
  private readonly held: ReadonlyMap<number, number>;

  constructor(pinned: ReadonlySet<SymbolId>, special: readonly Reference[], general: readonly Reference[]) {
    this.pinned = pinned;
    this.held = pairReferences(special, general);
  }

  /** Whether `general` may stand for `special` here: the difference to other values of its symbol must be the same in both. */
  matchSymbol(general: Value, special: Value): boolean {
    if (general.symbol === ZERO) return true;
    if (general.symbol <= META_OFFSET || this.pinned.has(general.symbol))
      return special.symbol === general.symbol && special.offset === general.offset;
    const delta = sub(special.offset, general.offset);
    const exact = delta === 0 || shiftsExactly(special, general.offset);
    const known = this.symbols.get(general.symbol);
    if (known === undefined) {
      this.symbols.set(general.symbol, { symbol: special.symbol, delta, exact });
      return true;
    }
    if (exact) known.exact = true;
    return known.symbol === special.symbol && known.delta === delta;
  }

  matchIdentity(general: number, special: number): boolean {
    // What ends with a release in the special state must end with the same one in the general state.
    if (this.held.size > 0 && (this.held.get(special) ?? general) !== general) return false;
    if (general === 0) return true;
    const known = this.identities.get(general);
    if (known === undefined) {
      this.identities.set(general, special);
      return true;
    }
    return known === special;
  }

  /** Whether both end with corresponding objects, or with none. */
  matchParent(general: number, special: number): boolean {
    if (general === 0 || special === 0) return general === special;
    return general < 0 === special < 0 && this.matchIdentity(Math.abs(general), Math.abs(special));
  }

  /** Whether every relation of `general` holds of the renamed symbols in `special`. */
  impliesConstraints(general: Constraints, special: Constraints): boolean {
    if (special.packetMin < general.packetMin || special.metaMax > general.metaMax) return false;
    for (const { a, b, k } of general.list) {
      const x = this.target(a);
      const y = this.target(b);
      if (x === undefined || y === undefined) return false;
      if (!x.exact || !y.exact) return false;
      const bound = special.upperDifference(x.symbol, y.symbol);
      if (bound === undefined || sub(add(bound, x.delta), y.delta) > k) return false;
    }
    for (const { a, b, c, k } of general.totals) {
      const x = this.target(a);
      const y = this.target(b);
      const z = this.target(c);
      if (x?.exact !== true || y?.exact !== true || z?.exact !== true) return false;
      const bound = special.upperTotal(x.symbol, y.symbol, z.symbol);
      if (bound === undefined || sub(add(add(bound, x.delta), y.delta), z.delta) > k) return false;
    }
    return true;
  }

  /** A pair of values was matched: what the general one says of its origin is to hold of the special one. */
  matchDerivation(general: Value, special: Value | undefined): void {
    if (general.derivation !== undefined) this.derived.push({ general: general.derivation, special: special?.derivation });
  }

  /** Whether later guards may narrow operands by what `general` says its numbers were computed from; to be asked when all values are matched. */
  impliesDerivations(): boolean {
    return this.derived.every(({ general, special }) => this.derivationLeq(general, special));
  }

  private derivationLeq(general: Derivation, special: Derivation | undefined): boolean {
    if (!this.mentionsLive(general)) return true;
    if (special === undefined || special.operation !== general.operation || special.amount !== general.amount) return false;
    if (!this.operandLeq(general.operand, special.operand)) return false;
    return general.other === undefined || (special.other !== undefined && this.operandLeq(general.other, special.other));
  }

  private operandLeq(general: Value, special: Value): boolean {
    if (general.symbol === ZERO) return special.symbol === ZERO && special.offset === general.offset;
    if (general !== special && !scalarLeq(special.range, general.range)) return false;
    if (this.target(general.symbol) !== undefined && !this.matchSymbol(general, special)) return false;
    return general.derivation === undefined || this.derivationLeq(general.derivation, special.derivation);
  }

  /** A derivation from numbers that nothing holds any more says nothing. */
  private mentionsLive({ operand, other }: Derivation): boolean {
    return this.isLive(operand) || (other !== undefined && this.isLive(other));
  }

  private isLive(value: Value): boolean {
    if (value.symbol !== ZERO && this.target(value.symbol) !== undefined) return true;
    return value.derivation !== undefined && this.mentionsLive(value.derivation);
  }

  private target(symbol: SymbolId): { readonly symbol: SymbolId; readonly delta: Int; readonly exact: boolean } | undefined {
    const word = wordOf(symbol);
    if (word !== symbol) {
      const known = this.target(word);
      if (known === undefined) return undefined;
      // Unsigned readings are ordered for whole words only.
      return known.delta === 0 && known.symbol > META_OFFSET ? { symbol: unsignedReading(known.symbol), delta: 0, exact: true } : UNRELATED;
    }
    return symbol <= META_OFFSET || this.pinned.has(symbol) ? { symbol, delta: 0, exact: true } : this.symbols.get(symbol);
  }
}

/** Identities of references by those of the references at the same places of another state. */
function pairReferences(a: readonly Reference[], b: readonly Reference[]): ReadonlyMap<number, number> {
  return a.length === 0 ? NO_PAIRS : new Map(a.map((reference, index) => [reference.identity, b[index]!.identity]));
}

const NO_PAIRS: ReadonlyMap<number, number> = new Map();

/** Stands for "is null" where identities are matched. */
const NULL_IDENTITY = -0x8000_0000;

function valueLeq(special: Value | undefined, general: Value | undefined, renaming: Renaming): boolean {
  if (general === undefined || general.kind === 'invalid') return true;
  if (special === undefined) return false;
  if (general.kind === 'any') return special.kind !== 'invalid';
  if (special.kind !== general.kind) {
    const isNull = special.kind === 'number' && special.symbol === ZERO && special.offset === 0;
    if (!isNull || general.symbol !== ZERO || general.offset !== 0) return false;
    // Values of one identity are null together.
    return general.isWord || (general.nullable && renaming.matchIdentity(general.identity, NULL_IDENTITY));
  }
  if (special.tag !== general.tag || (special.nullable && !general.nullable)) return false;
  if (special.isWord && !general.isWord) return false;
  if (special !== general && !scalarLeq(special.range, general.range)) return false;
  renaming.matchDerivation(general, special);
  return (
    renaming.matchSymbol(general, special) &&
    renaming.matchIdentity(general.identity, special.identity) &&
    renaming.matchParent(general.parent, special.parent)
  );
}

function stackLeq(special: StackFrame, general: StackFrame, renaming: Renaming): boolean {
  if (special === general) {
    for (const cell of general.cells.values()) {
      renaming.matchDerivation(cell.value, cell.value);
      const { value } = cell;
      if (
        !renaming.matchSymbol(value, value) ||
        !renaming.matchIdentity(value.identity, value.identity) ||
        !renaming.matchParent(value.parent, value.parent)
      )
        return false;
    }
    return true;
  }
  if (special.objects && hidesObject(special, general)) return false;
  for (const cell of general.cells.values()) if (!cellLeq(special, cell, renaming)) return false;
  const { words } = general;
  for (let word = 0; word < words.length; word++) {
    if (words[word] === 0 || words[word] === special.words[word]) continue;
    for (let at = word * 4; at < word * 4 + 4; at++) {
      const wanted = general.bytes[at]!;
      if (wanted === UNWRITTEN || wanted === CELL) continue;
      const have = special.bytes[at]!;
      if (have === UNWRITTEN) return false;
      if (wanted === NUMERIC && (have === FRAGMENT || (have === CELL && special.cellAt(at)!.value.kind !== 'number'))) return false;
    }
  }
  return true;
}

/** Whether an object of the special frame is none in the general one: what must not be touched there might be here. */
function hidesObject(special: StackFrame, general: StackFrame): boolean {
  return special.cells.values().some(({ index, value }) => value.kind === 'object' && general.cells.get(index)?.value.kind !== 'object');
}

function cellLeq(special: StackFrame, cell: Cell, renaming: Renaming): boolean {
  const { index, size, value } = cell;
  const other = special.cells.get(index);
  if (other !== undefined && other.size === size) return valueLeq(other.value, value, renaming);
  if (value.kind === 'invalid') return true;
  // Another layout of the same bytes: a number is implied where the bytes are numbers in its range.
  if (value.kind === 'any') return special.firstUnwritten(index, size) < 0;
  if (value.kind !== 'number' || special.firstNonNumeric(index, size) >= 0) return false;
  // In either byte order, as the machine's is not known here.
  if (!scalarLeq(special.assemble(index, size, false), value.range) || !scalarLeq(special.assemble(index, size, true), value.range)) return false;
  renaming.matchDerivation(value, undefined);
  return value.symbol === ZERO || renaming.matchSymbol(value, new Value('number', 0, -1 - index, 0, value.range, false, 0, undefined, undefined));
}

/** The cheap part of the question, which settles most comparisons: packet bounds, kinds, ranges, and which words of the stack are written. */
function mayCover(special: State, general: State): boolean {
  if (special.constraints.packetMin < general.constraints.packetMin || special.constraints.metaMax > general.constraints.metaMax) return false;
  for (let index = general.frames.length - 1; index >= 0; index--) {
    const s = special.frames[index]!;
    const g = general.frames[index]!;
    for (let r = 0; r < 10; r++) {
      const wanted = g.registers[r];
      const have = s.registers[r];
      if (wanted === have || wanted === undefined || wanted.kind === 'invalid') continue;
      if (have === undefined) return false;
      if (
        wanted.kind === have.kind
          ? wanted.tag !== have.tag || !scalarLeq(have.range, wanted.range)
          : wanted.kind !== 'any' && !wanted.nullable && !wanted.isWord
      )
        return false;
    }
    const sw = s.stack.words;
    const gw = g.stack.words;
    if (sw !== gw) for (let word = 0; word < gw.length; word++) if (sw[word] === 0 && gw[word] !== 0) return false;
  }
  return true;
}

const NO_SYMBOLS: ReadonlySet<SymbolId> = new Set();

/** Whether everything that `special` allows, `general` allows too; what is dead has been removed from both beforehand. */
export function stateLeq(special: State, general: State, pinned: ReadonlySet<SymbolId> = NO_SYMBOLS): boolean {
  if (!sameObligations(special, general) || !mayCover(special, general)) return false;
  const renaming = new Renaming(pinned, special.references, general.references);
  for (let index = 0; index < general.frames.length; index++) {
    const s = special.frames[index]!;
    const g = general.frames[index]!;
    for (let r = 0; r < 10; r++) if (!valueLeq(s.registers[r], g.registers[r], renaming)) return false;
  }
  for (let index = 0; index < general.references.length; index++) {
    if (!renaming.matchIdentity(general.references[index]!.identity, special.references[index]!.identity)) return false;
  }
  if (!renaming.matchIdentity(general.lock, special.lock)) return false;
  for (let index = 0; index < general.frames.length; index++) {
    if (!stackLeq(special.frames[index]!.stack, general.frames[index]!.stack, renaming)) return false;
  }
  return renaming.impliesDerivations() && renaming.impliesConstraints(general.constraints, special.constraints);
}

/** The pairs of symbols that a join maps to new symbols: `fresh` stands for `a` on one side and `b + delta` on the other. */
export interface JoinedSymbol {
  readonly fresh: SymbolId;
  readonly a: SymbolId;
  readonly b: SymbolId;
  readonly delta: Int;
  /** The shift by delta does not wrap around, so that relations may speak of it. */
  readonly exact: boolean;
}

class Joining {
  readonly joined: JoinedSymbol[] = [];
  private readonly bySymbols = new Map<string, JoinedSymbol>();
  private readonly identities = new Map<string, number>();
  readonly kept = new Set<SymbolId>();
  private readonly supply: Supply;
  private readonly thresholds: readonly Int[] | undefined;
  /** What each side holds, by the identity in it, with the identity of the same reference in the other. */
  private readonly heldByA: ReadonlyMap<number, number>;
  private readonly heldByB: ReadonlyMap<number, number>;

  constructor(supply: Supply, thresholds: readonly Int[] | undefined, a: readonly Reference[], b: readonly Reference[]) {
    this.supply = supply;
    this.thresholds = thresholds;
    this.heldByA = pairReferences(a, b);
    this.heldByB = pairReferences(b, a);
  }

  /** Whether two identities may become one: what ends with a release on one side must end with the same release on the other. */
  private endTogether(a: number, b: number): boolean {
    return (this.heldByA.get(a) ?? b) === b && (this.heldByB.get(b) ?? a) === a;
  }

  /** Whether both values live in the same object, or one that will be the same; values that end differently have nothing in common. */
  private sameEnd(a: Value, b: Value): boolean {
    if (a.parent === 0 && b.parent === 0) return this.heldByA.size === 0 || this.endTogether(a.identity, b.identity);
    return (
      a.parent !== 0 &&
      b.parent !== 0 &&
      a.parent < 0 === b.parent < 0 &&
      this.endTogether(Math.abs(a.parent), Math.abs(b.parent)) &&
      this.endTogether(a.identity, b.identity)
    );
  }

  private parent(a: Value, b: Value): number {
    if (a.parent === b.parent) return a.parent;
    const parent = this.identity(Math.abs(a.parent), Math.abs(b.parent));
    return a.parent < 0 ? -parent : parent;
  }

  /** A symbol of the first side that has become one of the second side: where they meet it is that one. */
  know({ a, fresh }: JoinedSymbol): void {
    const key = `${a},${fresh},0`;
    if (a === fresh || this.bySymbols.has(key)) return;
    const joined = { fresh, a, b: fresh, delta: 0, exact: true };
    this.bySymbols.set(key, joined);
    this.joined.push(joined);
  }

  identity(a: number, b: number): number {
    if (a === b) return a;
    const key = `${a},${b}`;
    let identity = this.identities.get(key);
    if (identity === undefined) {
      identity = this.supply.identity();
      this.identities.set(key, identity);
    }
    return identity;
  }

  value(a: Value | undefined, b: Value | undefined): Value | undefined {
    if (a === undefined || b === undefined) return undefined;
    if (a === b) {
      this.kept.add(a.symbol);
      return a;
    }
    if (a.kind === 'invalid') return a;
    if (b.kind === 'invalid') return b;
    if (a.kind !== b.kind || a.tag !== b.tag) return this.mixed(a, b);
    if (a.kind === 'any') return a;
    if (!this.sameEnd(a, b)) return this.anything(a, b);
    const range =
      this.thresholds === undefined ? joinScalars(a.range, b.range) : widenScalars(a.range, joinScalars(a.range, b.range), this.thresholds);
    const nullable = a.nullable || b.nullable;
    // Words are null each for itself: one stands for pointers that are not null, and shares no identity with those that may be.
    const isWord = a.isWord || b.isWord;
    if (isWord && nullable) return this.anything(a, b);
    const identity = isWord ? 0 : this.identity(a.identity, b.identity);
    const derivation = a.derivation === b.derivation ? a.derivation : undefined;
    if (a.symbol === b.symbol && a.offset === b.offset) {
      this.kept.add(a.symbol);
      return new Value(a.kind, a.tag, a.symbol, a.offset, range, nullable, identity, derivation, undefined, this.parent(a, b));
    }
    const delta = sub(b.offset, a.offset);
    const key = `${a.symbol},${b.symbol},${delta}`;
    let joined = this.bySymbols.get(key);
    if (joined === undefined) {
      joined = { fresh: this.supply.symbol(), a: a.symbol, b: b.symbol, delta, exact: delta === 0 || shiftsExactly(b, a.offset) };
      this.bySymbols.set(key, joined);
      this.joined.push(joined);
    }
    return new Value(a.kind, a.tag, joined.fresh, a.offset, range, nullable, identity, undefined, undefined, this.parent(a, b));
  }

  /** Different kinds: null merges with a pointer at offset 0, all else becomes a value of unknown kind. */
  private mixed(a: Value, b: Value): Value {
    const pointer = a.isPointer ? a : b;
    const number = a.isPointer ? b : a;
    const held = a === pointer ? this.heldByA : this.heldByB;
    if (
      pointer.isPointer &&
      !held.has(pointer.root) &&
      number.kind === 'number' &&
      number.symbol === ZERO &&
      number.offset === 0 &&
      pointer.symbol === ZERO &&
      pointer.offset === 0 &&
      (pointer.kind === 'map_value' || pointer.kind === 'map' || pointer.kind === 'memory' || pointer.kind === 'socket' || pointer.kind === 'btf')
    ) {
      if (pointer.isWord) return pointer;
      const identity = a === pointer ? this.identity(pointer.identity, NULL_IDENTITY) : this.identity(NULL_IDENTITY, pointer.identity);
      return new Value(pointer.kind, pointer.tag, ZERO, 0, pointer.range, true, identity, undefined, undefined, pointer.parent);
    }
    return this.anything(a, b);
  }

  /** Values that have nothing in common but that they are initialised. */
  private anything(a: Value, b: Value): Value {
    return new Value('any', 0, this.supply.symbol(), 0, joinScalars(a.range, b.range), false, 0, undefined, undefined);
  }

  constraints(a: Constraints, b: Constraints): Constraints {
    let result = new Constraints([], Math.min(a.packetMin, b.packetMin), Math.max(a.metaMax, b.metaMax), a.packetMax);
    if (!a.relates && !b.relates && this.joined.length === 0) return result;
    const entries: JoinedSymbol[] = this.joined.filter((joined) => joined.exact);
    for (const symbol of this.kept) if (symbol > META_OFFSET) entries.push({ fresh: symbol, a: symbol, b: symbol, delta: 0, exact: true });
    const inA = new Set<SymbolId>([PACKET_SIZE]);
    const inB = new Set<SymbolId>([PACKET_SIZE]);
    for (const c of a.list) inA.add(c.a).add(c.b);
    for (const c of b.list) inB.add(c.a).add(c.b);
    const related = entries
      .filter((e) => (e.a !== ZERO || e.b !== ZERO ? inA.has(e.a) || inB.has(e.b) || e.a === ZERO || e.b === ZERO : false))
      .slice(0, 40);
    const fixed: JoinedSymbol[] = [
      { fresh: PACKET_SIZE, a: PACKET_SIZE, b: PACKET_SIZE, delta: 0, exact: true },
      { fresh: META_OFFSET, a: META_OFFSET, b: META_OFFSET, delta: 0, exact: true },
    ];
    const all = [...related, ...fixed];
    for (const x of all) {
      for (const y of all) {
        if (x === y || (x.fresh <= META_OFFSET && y.fresh <= META_OFFSET)) continue;
        if (x.a === ZERO && y.a === ZERO && x.b === ZERO && y.b === ZERO) continue;
        const inLeft = a.upperDifference(x.a, y.a);
        if (inLeft === undefined) continue;
        const bound = b.upperDifference(x.b, y.b);
        if (bound === undefined) continue;
        const inRight = sub(add(bound, x.delta), y.delta);
        if (this.thresholds !== undefined && inRight > inLeft) continue;
        result = result.with(x.fresh, y.fresh, max(inLeft, inRight));
      }
    }
    // Two known amounts may each be closer to the packet's end than the bytes proved on both sides tell.
    for (const { fresh, a: left, b: right, delta, exact } of this.joined) {
      if (!exact || left !== ZERO || right !== ZERO) continue;
      const inLeft = 0 - a.packetMin;
      const inRight = sub(delta, b.packetMin);
      if (this.thresholds !== undefined && inRight > inLeft) continue;
      const most = max(inLeft, inRight);
      if (most < sub(max(delta, 0), result.packetMin)) result = result.with(fresh, PACKET_SIZE, most);
    }
    // A symbol that moved by a constant stays related to what it was: loops are proved to make progress by it.
    for (const { fresh, a: left, b: right, delta, exact } of this.joined) {
      if (!exact || left !== right || left <= META_OFFSET) continue;
      result = result.with(fresh, left, max(delta, 0)).with(left, fresh, max(sub(0, delta), 0));
    }
    return this.totals(a, b, entries, result);
  }

  /** Totals of the first side that hold on the second one too. */
  private totals(a: Constraints, b: Constraints, entries: readonly JoinedSymbol[], joined: Constraints): Constraints {
    if (a.totals.length === 0 || b.totals.length === 0) return joined;
    const named = (symbol: SymbolId): readonly JoinedSymbol[] =>
      symbol <= META_OFFSET
        ? [{ fresh: symbol, a: symbol, b: symbol, delta: 0, exact: true }]
        : entries.filter((entry) => entry.a === symbol).slice(0, 4);
    let result = joined;
    for (const total of a.totals) {
      for (const x of named(total.a)) {
        for (const y of named(total.b)) {
          for (const z of named(total.c)) {
            const bound = b.upperTotal(x.b, y.b, z.b);
            if (bound === undefined) continue;
            const inRight = sub(add(add(bound, x.delta), y.delta), z.delta);
            if (this.thresholds !== undefined && inRight > total.k) continue;
            result = result.withTotal({ a: x.fresh, b: y.fresh, c: z.fresh, k: max(total.k, inRight) });
          }
        }
      }
    }
    return result;
  }
}

function joinStacks(a: StackFrame, b: StackFrame, joining: Joining): StackFrame {
  if (a === b) {
    for (const cell of a.cells.values()) joining.value(cell.value, cell.value);
    a.shared = true;
    return a;
  }
  const bytes = new Uint8Array(a.size);
  const cells: Cell[] = [];
  for (const cellA of a.cells.values()) {
    const cellB = b.cells.get(cellA.index);
    if (cellB === undefined || cellB.size !== cellA.size) continue;
    cells.push({ index: cellA.index, size: cellA.size, value: joining.value(cellA.value, cellB.value)! });
    bytes.fill(CELL, cellA.index, cellA.index + cellA.size);
  }
  for (let word = 0; word < a.words.length; word++) {
    if (a.words[word] === 0 || b.words[word] === 0) continue;
    for (let at = word * 4; at < word * 4 + 4; at++) {
      if (bytes[at] === CELL) continue;
      bytes[at] = joinByte(numericByte(a, at, a.bytes[at]!), numericByte(b, at, b.bytes[at]!));
    }
  }
  const frame = new StackFrame(a.size, bytes, new CellTable(cells));
  frame.objects = a.objects && b.objects;
  return frame;
}

function numericByte(stack: StackFrame, at: number, state: number): number {
  if (state !== CELL) return state;
  return stack.cellAt(at)!.value.kind === 'number' ? NUMERIC : FRAGMENT;
}

function joinReferences(a: readonly Reference[], b: readonly Reference[], joining: Joining): readonly Reference[] {
  return a === b ? a : a.map((reference, index) => ({ ...reference, identity: joining.identity(reference.identity, b[index]!.identity) }));
}

/**
 * The least state this domain has that covers both; with `thresholds` a widening of `a` by `b`: ranges jump to the next threshold and
 * relations that weaken are dropped, so that any chain of widenings ends. Requires `sameObligations`.
 */
export function joinStates(a: State, b: State, supply: Supply, thresholds?: readonly Int[]): State {
  return joinBy(new Joining(supply, thresholds, a.references, b.references), a, b);
}

/**
 * Like `joinStates`, of two states of one loop head; the result tells what became of the symbols of `a`. `known` tells it of the enclosing loop, where
 * `a` belongs to a turn that began before that loop's state was generalised.
 */
export function generalise(a: State, b: State, supply: Supply, thresholds: readonly Int[] | undefined, known: readonly JoinedSymbol[]): State {
  const joining = new Joining(supply, thresholds, a.references, b.references);
  for (const pair of known) joining.know(pair);
  const joined = joinBy(joining, a, b);
  joined.grownFrom = { state: a, symbols: joining.joined };
  return joined;
}

function joinBy(joining: Joining, a: State, b: State): State {
  const frames: Frame[] = a.frames.map((frame, index) => {
    const other = b.frames[index]!;
    const registers = frame.registers.map((value, r) => joining.value(value, other.registers[r]));
    return { registers, stack: frame.stack };
  });
  for (let index = 0; index < frames.length; index++) frames[index]!.stack = joinStacks(a.frames[index]!.stack, b.frames[index]!.stack, joining);
  if (joining.joined.length > 0) for (let origin = a.origins; origin !== undefined; origin = origin.previous) origin.state.addSymbols(joining.kept);
  const references = joinReferences(a.references, b.references, joining);
  const lock = a.lock === 0 ? 0 : joining.identity(a.lock, b.lock);
  const constraints = joining.constraints(a.constraints, b.constraints);
  return new State(frames, constraints, references, lock, a.rcu, a.trail, joinOrigins(a.origins, b.origins));
}
