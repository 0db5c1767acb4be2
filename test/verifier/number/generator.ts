import { draft } from '../../../src/verifier/number/draft.ts';
import { canonical, type Int } from '../../../src/verifier/number/integer.ts';
import { constant, type Scalar, TOP } from '../../../src/verifier/number/scalar.ts';
import { isMember } from './reference.ts';

const WORD = 1n << 64n;

/** An abstract state with some of its values, as unsigned words. */
export interface Sample {
  readonly scalar: Scalar;
  readonly members: readonly bigint[];
}

/** Where operations have special cases: 0, +-1, 2, the limits of both widths. */
const CORNERS: readonly bigint[] = [0n, 1n, 2n, -1n, 0x8000_0000n, -0x8000_0000n, 0xffff_ffffn, -(WORD >> 1n), (WORD >> 1n) - 1n];

/** Seeded source of words and abstract states that like to sit where arithmetic goes wrong. */
export class Generator {
  private state: number;

  constructor(seed: number) {
    this.state = seed | 0;
  }

  /** Mulberry32: a uniform unsigned 32-bit number. */
  uint32(): number {
    this.state = (this.state + 0x6d2b79f5) | 0;
    let x = Math.imul(this.state ^ (this.state >>> 15), this.state | 1);
    x ^= x + Math.imul(x ^ (x >>> 7), x | 61);
    return (x ^ (x >>> 14)) >>> 0;
  }

  /** 0 <= result < limit. */
  below(limit: number): number {
    return this.uint32() % limit;
  }

  private word64(): bigint {
    return (BigInt(this.uint32()) << 32n) | BigInt(this.uint32());
  }

  /** A number of up to 64 bits, every length equally often. */
  private magnitude(): bigint {
    return this.word64() >> BigInt(this.below(65));
  }

  /** An unsigned 64-bit word: small, near a power of two, near its negative, near a limit, with few or many ones, or anything. */
  word(): bigint {
    const near = BigInt(this.below(5) - 2);
    const edges = [0n, 1n << 31n, 1n << 32n, 1n << 63n, (1n << 64n) - (1n << 31n), (1n << 63n) - (1n << 32n), 1n << 53n, 0x7fff_ffff_8000_0000n];
    const shapes = [
      () => near,
      () => edges[this.below(edges.length)]! + near,
      () => (1n << BigInt(this.below(64))) + near,
      () => -(1n << BigInt(this.below(64))) + near,
      () => this.magnitude(),
      () => -this.magnitude(),
      () => this.word64() & this.word64() & this.word64(),
      () => this.word64() | this.word64() | this.word64(),
      () => this.word64(),
      () => BigInt(this.below(70)),
    ];
    return BigInt.asUintN(64, shapes[this.below(shapes.length)]!());
  }

  /** An abstract state around a random word: some views narrowed, all of them holding the word. `normalise` is under test here, too. */
  sample(): Sample {
    const word = this.word();
    const kind = this.below(12);
    if (kind === 0) return { scalar: constant(canonical(BigInt.asIntN(64, word))), members: [word] };
    if (kind === 1) return { scalar: TOP, members: [word, this.word()] };
    const build = this.views(word);
    const sealed = build();
    if (sealed === undefined) throw new Error(`lost ${word}: no value left`);
    return { scalar: sealed, members: this.members(sealed, word) };
  }

  /** A constant special case. */
  corner(): Sample {
    const value = CORNERS[this.below(CORNERS.length)]!;
    return { scalar: constant(canonical(value)), members: [BigInt.asUintN(64, value)] };
  }

  /** Two operands: now and then the same set twice or two special cases, which would seldom meet by chance. */
  pair(): readonly [Sample, Sample] {
    const kind = this.below(16);
    if (kind === 0) return [this.corner(), this.corner()];
    const first = this.sample();
    if (kind === 1) return [first, first];
    return [first, kind === 2 ? this.corner() : this.sample()];
  }

  /** A function that narrows the shared draft and seals it, so that a failing state can be rebuilt. */
  private views(word: bigint): () => Scalar | undefined {
    const choice = 1 + this.below(31);
    const signedWord = BigInt.asIntN(64, word);
    const signedRange = this.range(signedWord, -(WORD >> 1n), (WORD >> 1n) - 1n);
    const unsignedRange = this.range(word, 0n, WORD - 1n);
    const low = BigInt.asUintN(32, word);
    const lowRange = this.range(low, 0n, 0xffff_ffffn);
    const signedLowRange = this.range(BigInt.asIntN(32, low), -0x8000_0000n, 0x7fff_ffffn);
    const mask = this.mask();
    return () => {
      draft.top();
      if (choice & 1) draft.meetSigned(signedRange[0], signedRange[1]);
      if (choice & 2) draft.meetUnsigned(unsignedRange[0], unsignedRange[1]);
      if (choice & 4) draft.meetUnsigned32(Number(lowRange[0]), Number(lowRange[1]));
      if (choice & 8) draft.meetSigned32(Number(signedLowRange[0]), Number(signedLowRange[1]));
      if (choice & 16) {
        const high = Number(mask >> 32n) | 0;
        const half = Number(mask & 0xffff_ffffn) | 0;
        draft.meetBitHalves(Number(word >> 32n) & ~high, Number(low) & ~half, high, half);
      }
      return draft.seal();
    };
  }

  /** A mask of unknown bits: runs, single bits, anything. */
  private mask(): bigint {
    const shapes = [
      () => this.magnitude(),
      () => BigInt.asUintN(64, -1n << BigInt(this.below(64))),
      () => (1n << BigInt(this.below(64))) | (1n << BigInt(this.below(64))),
      () => this.word64(),
      () => 0xffn << BigInt(this.below(57)),
    ];
    return shapes[this.below(shapes.length)]!();
  }

  /** A range around x: one-sided, tight, wide or reaching a limit. */
  private range(x: bigint, least: bigint, greatest: bigint): [Int, Int] {
    const reach = (room: bigint): bigint => {
      const kind = this.below(6);
      if (kind === 0) return 0n;
      if (kind === 1) return room;
      const step = kind === 2 ? BigInt(this.below(4)) : this.magnitude();
      return step < room ? step : room;
    };
    return [canonical(x - reach(x - least)), canonical(x + reach(greatest - x))];
  }

  /** The word, the ends of the views and random neighbours, as far as they belong to the set. */
  private members(scalar: Scalar, word: bigint): bigint[] {
    const { valueHigh, valueLow, maskHigh, maskLow } = scalar.bits;
    const mask = (BigInt(maskHigh >>> 0) << 32n) | BigInt(maskLow >>> 0);
    const value = (BigInt(valueHigh >>> 0) << 32n) | BigInt(valueLow >>> 0);
    const ends = [scalar.smin, scalar.smax, scalar.umin, scalar.umax].map((end) => BigInt.asUintN(64, BigInt(end)));
    const candidates = [...ends, value | (this.word64() & mask), (word & ~0xffn) | (this.word64() & 0xffn), ends[0]! + 1n, ends[3]! - 1n];
    const members = candidates.map((candidate) => BigInt.asUintN(64, candidate)).filter((candidate) => isMember(scalar, candidate));
    return [word, ...members];
  }
}
