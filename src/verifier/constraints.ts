import type { Int } from './number/index.ts';
import { add, sub } from './number/index.ts';
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

/** An immutable set of difference constraints, with the bounds of the two packet symbols. */
export class Constraints {
  readonly list: readonly Constraint[];
  /** Bytes that the packet is known to have. */
  readonly packetMin: number;
  /** Upper bound of data_meta - data, at most 0. */
  readonly metaMax: number;
  /** Bytes that no packet of the platform exceeds. */
  readonly packetMax: number;

  constructor(list: readonly Constraint[], packetMin: number, metaMax: number, packetMax = MAX_PACKET_SIZE) {
    this.list = list;
    this.packetMin = packetMin;
    this.metaMax = metaMax;
    this.packetMax = packetMax;
  }

  static readonly NONE: Constraints = new Constraints([], 0, 0);

  with(a: SymbolId, b: SymbolId, k: Int): Constraints {
    if (a === b) return this;
    if (a === ZERO && b === PACKET_SIZE) {
      const min = -Number(k);
      return min > this.packetMin ? new Constraints(this.list, Math.min(min, this.packetMax + 1), this.metaMax, this.packetMax) : this;
    }
    if (a === META_OFFSET && b === ZERO) {
      return k < this.metaMax ? new Constraints(this.list, this.packetMin, Math.max(Number(k), MIN_META_OFFSET - 1), this.packetMax) : this;
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
    return new Constraints(next, this.packetMin, this.metaMax, this.packetMax);
  }

  /** Keeps only relations between symbols that are still in use. */
  retain(used: ReadonlySet<SymbolId>): Constraints {
    if (this.list.length === 0) return this;
    const kept = this.list.filter((c) => (c.a <= META_OFFSET || used.has(wordOf(c.a))) && (c.b <= META_OFFSET || used.has(wordOf(c.b))));
    return kept.length === this.list.length ? this : new Constraints(kept, this.packetMin, this.metaMax, this.packetMax);
  }

  /**
   * What the relations say of the symbols still in use alone: the others are eliminated (Fourier-Motzkin), so that what followed through them stays
   * known. A state that others are compared with must not rest on symbols that nothing names.
   */
  project(used: ReadonlySet<SymbolId>): Constraints {
    const isUsed = (symbol: SymbolId) => symbol <= META_OFFSET || used.has(wordOf(symbol));
    let result: Constraints = this;
    for (;;) {
      const found = result.list.find((c) => !isUsed(c.a) || !isUsed(c.b));
      if (found === undefined) return result;
      result = result.without(isUsed(found.a) ? found.b : found.a);
    }
  }

  private without(symbol: SymbolId): Constraints {
    let result = new Constraints(
      this.list.filter((c) => c.a !== symbol && c.b !== symbol),
      this.packetMin,
      this.metaMax,
      this.packetMax,
    );
    for (const above of this.list) {
      if (above.b !== symbol) continue;
      for (const below of this.list) if (below.a === symbol) result = result.with(above.a, below.b, add(above.k, below.k));
    }
    return result;
  }

  /** A new packet: what was known of the old one's size no longer holds. */
  withoutPacket(): Constraints {
    return new Constraints(
      this.list.filter((c) => c.a !== PACKET_SIZE && c.b !== PACKET_SIZE && c.a !== META_OFFSET && c.b !== META_OFFSET),
      0,
      0,
      this.packetMax,
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
}

/** Edges that tie a symbol to zero by the range of one of its values: `min <= symbol + offset <= max`. */
export function rangeEdges(symbol: SymbolId, offset: Int, min: Int, max: Int): Constraint[] {
  if (symbol === ZERO) return [];
  return [
    { a: symbol, b: ZERO, k: sub(max, offset) },
    { a: ZERO, b: symbol, k: sub(offset, min) },
  ];
}
