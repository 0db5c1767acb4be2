import type { Int } from './number/index.ts';
import { add, sub } from './number/index.ts';
import { addTotal, eliminate, type Total } from './totals.ts';
import type { SymbolId } from './value.ts';
import { META_OFFSET, PACKET_SIZE, ZERO } from './value.ts';

/** a - b <= k over the signed 64-bit values of two symbols (or both over their unsigned readings), as integers (no wrap-around). */
export interface Constraint {
  readonly a: SymbolId;
  readonly b: SymbolId;
  readonly k: Int;
}

/**
 * The symbol that stands for the unsigned reading of the same word. The two readings of a word that may be negative are unrelated numbers, and are
 * ordered separately.
 */
export function unsignedReading(symbol: SymbolId): SymbolId {
  return symbol + 0.5;
}

/** The word whose reading the symbol is. */
export function wordOf(symbol: SymbolId): SymbolId {
  return Math.floor(symbol);
}

/** Relations beyond these many are forgotten, oldest first; forgetting is always sound. */
const MAX_CONSTRAINTS = 48;

/** The largest packet that a program can see where its platform says nothing else, and the most negative metadata offset (bytes). */
export const MAX_PACKET_SIZE = 65535;
export const MIN_META_OFFSET = -4098;

/** An immutable set of difference constraints and totals, with the bounds of the two packet symbols. */
export class Constraints {
  readonly list: readonly Constraint[];
  /** Bytes that the packet is known to have. */
  readonly packetMin: number;
  /** Upper bound of data_meta - data, at most 0. */
  readonly metaMax: number;
  /** Bytes that no packet of the platform exceeds. */
  readonly packetMax: number;
  readonly totals: readonly Total[];

  constructor(list: readonly Constraint[], packetMin: number, metaMax: number, packetMax = MAX_PACKET_SIZE, totals: readonly Total[] = []) {
    this.list = list;
    this.packetMin = packetMin;
    this.metaMax = metaMax;
    this.packetMax = packetMax;
    this.totals = totals;
  }

  static readonly NONE: Constraints = new Constraints([], 0, 0);

  with(a: SymbolId, b: SymbolId, k: Int): Constraints {
    if (a === b) return this;
    if (a === ZERO && b === PACKET_SIZE) {
      const min = -Number(k);
      return min > this.packetMin ? new Constraints(this.list, Math.min(min, this.packetMax + 1), this.metaMax, this.packetMax, this.totals) : this;
    }
    if (a === META_OFFSET && b === ZERO) {
      if (k >= this.metaMax) return this;
      return new Constraints(this.list, this.packetMin, Math.max(Number(k), MIN_META_OFFSET - 1), this.packetMax, this.totals);
    }
    if (a === ZERO || b === ZERO) return this;
    const next: Constraint[] = [];
    for (const constraint of this.list) {
      if (constraint.a === a && constraint.b === b) {
        if (constraint.k <= k) return this;
        continue;
      }
      next.push(constraint);
    }
    if (next.length >= MAX_CONSTRAINTS) next.shift();
    next.push({ a, b, k });
    return this.relating(next);
  }

  /** The same of the packet, with other relations. */
  private relating(list: readonly Constraint[], totals: readonly Total[] = this.totals): Constraints {
    return new Constraints(list, this.packetMin, this.metaMax, this.packetMax, totals);
  }

  /** Whether anything is known that names symbols. */
  get relates(): boolean {
    return this.list.length > 0 || this.totals.length > 0;
  }

  withTotal(total: Total): Constraints {
    const totals = addTotal(this.totals, total);
    return totals === this.totals ? this : this.relating(this.list, totals);
  }

  /** What the totals tell of other symbols now that this one lies in `min..max`. */
  narrowTotals(symbol: SymbolId, min: Int, max: Int): Constraints {
    let result: Constraints = this;
    for (const { a, b, c, k } of this.totals) {
      if (c === symbol) result = result.withTotal({ a, b, c: ZERO, k: add(k, max) });
      if (a === symbol) result = result.with(b, c, sub(k, min));
      if (b === symbol) result = result.with(a, c, sub(k, min));
    }
    return result;
  }

  /** Keeps only relations between symbols that are still in use. */
  retain(used: ReadonlySet<SymbolId>): Constraints {
    if (!this.relates) return this;
    const isUsed = (symbol: SymbolId) => symbol <= META_OFFSET || used.has(wordOf(symbol));
    const kept = this.list.filter(({ a, b }) => isUsed(a) && isUsed(b));
    const totals = this.totals.filter(({ a, b, c }) => isUsed(a) && isUsed(b) && isUsed(c));
    return kept.length === this.list.length && totals.length === this.totals.length ? this : this.relating(kept, totals);
  }

  /**
   * What the relations say of the symbols still in use alone: the others are eliminated (Fourier-Motzkin), so that what followed through them stays
   * known. A state that others are compared with must not rest on symbols that nothing names.
   */
  project(used: ReadonlySet<SymbolId>): Constraints {
    const isUsed = (symbol: SymbolId) => symbol <= META_OFFSET || used.has(wordOf(symbol));
    let result: Constraints = this;
    for (;;) {
      const unused = result.firstNamed((symbol) => !isUsed(symbol));
      if (unused === undefined) return result;
      result = result.without(unused);
    }
  }

  /** A symbol that some relation mentions and that is `wanted`. */
  private firstNamed(wanted: (symbol: SymbolId) => boolean): SymbolId | undefined {
    for (const { a, b } of this.list) {
      if (wanted(a)) return a;
      if (wanted(b)) return b;
    }
    for (const { a, b, c } of this.totals) {
      if (wanted(a)) return a;
      if (wanted(b)) return b;
      if (wanted(c)) return c;
    }
    return undefined;
  }

  private without(symbol: SymbolId): Constraints {
    let result = this.relating(
      this.list.filter((c) => c.a !== symbol && c.b !== symbol),
      eliminate(this.totals, symbol, this.list),
    );
    for (const above of this.list) {
      if (above.b !== symbol) continue;
      for (const below of this.list) if (below.a === symbol) result = result.with(above.a, below.b, add(above.k, below.k));
    }
    return result;
  }

  /** A new packet: what was known of the old one's size no longer holds. */
  withoutPacket(): Constraints {
    const isPackets = (symbol: SymbolId) => symbol === PACKET_SIZE || symbol === META_OFFSET;
    return new Constraints(
      this.list.filter(({ a, b }) => !isPackets(a) && !isPackets(b)),
      0,
      0,
      this.packetMax,
      this.totals.filter(({ a, b, c }) => !isPackets(a) && !isPackets(b) && !isPackets(c)),
    );
  }

  /** Whether any edge begins at the symbol: most symbols have none, so nothing bounds them. */
  private leaves(symbol: SymbolId, extra: readonly Constraint[]): boolean {
    if (symbol <= META_OFFSET) return true;
    for (const edge of this.list) if (edge.a === symbol) return true;
    for (const edge of extra) if (edge.a === symbol) return true;
    return false;
  }

  /** Whether any edge ends at the symbol. */
  private reaches(symbol: SymbolId, extra: readonly Constraint[]): boolean {
    if (symbol <= META_OFFSET) return true;
    for (const edge of this.list) if (edge.b === symbol) return true;
    for (const edge of extra) if (edge.b === symbol) return true;
    return false;
  }

  /**
   * The least upper bound of a - b that follows from the relations, the packet bounds, and `extra` edges (the operands' own ranges);
   * undefined where nothing bounds it.
   */
  upperDifference(a: SymbolId, b: SymbolId, extra: readonly Constraint[] = []): Int | undefined {
    if (a === b) return 0;
    if (!this.leaves(a, extra) || !this.reaches(b, extra)) return undefined;
    const distance = new Map<SymbolId, Int>([[a, 0]]);
    const edges: Constraint[] = [
      ...extra,
      ...this.list,
      { a: ZERO, b: PACKET_SIZE, k: -this.packetMin },
      { a: PACKET_SIZE, b: ZERO, k: this.packetMax },
      { a: META_OFFSET, b: ZERO, k: this.metaMax },
      { a: ZERO, b: META_OFFSET, k: -MIN_META_OFFSET },
    ];
    // Bellman-Ford; a negative cycle means a contradictory (unreachable) state, for which any answer is right.
    for (let round = 0; round < edges.length; round++) {
      let changed = false;
      for (const edge of edges) {
        const from = distance.get(edge.a);
        if (from === undefined) continue;
        const reached = add(from, edge.k);
        const known = distance.get(edge.b);
        if (known === undefined || reached < known) {
          distance.set(edge.b, reached);
          changed = true;
        }
      }
      if (!changed) break;
      if (round > 8) break;
    }
    return distance.get(b);
  }

  /** The least upper bound of a + b - c that follows from a total and the relations; undefined where nothing bounds it. */
  upperTotal(a: SymbolId, b: SymbolId, c: SymbolId, extra: readonly Constraint[] = []): Int | undefined {
    let least: Int | undefined;
    for (const total of this.totals) {
      for (const [first, second] of [
        [total.a, total.b],
        [total.b, total.a],
      ] as const) {
        const parts = [this.upperDifference(a, first, extra), this.upperDifference(b, second, extra), this.upperDifference(total.c, c, extra)];
        const bound = parts.reduce((sum, part) => (sum === undefined || part === undefined ? undefined : add(sum, part)), total.k);
        if (bound !== undefined && (least === undefined || bound < least)) least = bound;
      }
    }
    return least;
  }
}

/** Edges that tie a symbol to zero by the range of one of its values: `min <= symbol + offset <= max`. */
export function rangeEdges(symbol: SymbolId, offset: Int, min: Int, max: Int): Constraint[] {
  if (symbol === ZERO) return [];
  return [
    { a: symbol, b: ZERO, k: sub(max, offset) },
    { a: ZERO, b: symbol, k: sub(offset, min) },
  ];
}
