import { Bits, belowPrefix, ceilingMember, memberHigh, memberLow } from './bits.ts';
import { highOf, lessSigned, lessUnsigned, lowOf, SIGN } from './halves.ts';
import type { Int } from './integer.ts';
import { I32_MAX, I32_MIN } from './integer.ts';
import { constantHalves, Scalar, TOP } from './views.ts';

/** Rounds of mutual refinement. Three reach the fixpoint of nearly everything; every round only shrinks, so stopping is sound. */
const MAX_ROUNDS = 6;

/**
 * A scalar under construction: five views that each over-approximate the same set, but do not know of each other yet.
 * Views are first set (`set*`) or narrowed (`raise*`, `lower*`, `meet*`); `seal` then lets them refine each other.
 * There is one shared instance, `draft`: fill it and seal it without calling another operation in between.
 */
export class Draft {
  private sminHigh = SIGN;
  private sminLow = 0;
  private smaxHigh = ~SIGN;
  private smaxLow = -1;
  private uminHigh = 0;
  private uminLow = 0;
  private umaxHigh = -1;
  private umaxLow = -1;
  private s32min = I32_MIN;
  private s32max = I32_MAX;
  private u32min = 0;
  private u32max = -1;
  private valueHigh = 0;
  private valueLow = 0;
  private maskHigh = -1;
  private maskLow = -1;
  /** Two known bits contradict each other, or no word with the known bits is left in a range. */
  private empty = false;
  /** A view shrank since this was last cleared. */
  private changed = false;
  private source: Scalar | undefined = undefined;

  /** Starts from any value. */
  top(): void {
    this.load(TOP);
  }

  /** Starts from any value below 2^32. */
  top32(): void {
    this.load(TOP);
    this.umaxHigh = 0;
    this.maskHigh = 0;
    this.changed = true;
  }

  /** Starts from the set of an existing scalar. */
  load(a: Scalar): void {
    this.sminHigh = a.sminHigh;
    this.sminLow = a.sminLow;
    this.smaxHigh = a.smaxHigh;
    this.smaxLow = a.smaxLow;
    this.uminHigh = a.uminHigh;
    this.uminLow = a.uminLow;
    this.umaxHigh = a.umaxHigh;
    this.umaxLow = a.umaxLow;
    this.s32min = a.s32min;
    this.s32max = a.s32max;
    this.u32min = a.u32minHalf;
    this.u32max = a.u32maxHalf;
    const bits = a.bits;
    this.valueHigh = bits.valueHigh;
    this.valueLow = bits.valueLow;
    this.maskHigh = bits.maskHigh;
    this.maskLow = bits.maskLow;
    this.empty = false;
    this.changed = false;
    this.source = a;
  }

  raiseSmin(high: number, low: number): void {
    if (lessSigned(this.sminHigh, this.sminLow, high, low)) {
      this.sminHigh = high;
      this.sminLow = low;
      this.changed = true;
    }
  }

  lowerSmax(high: number, low: number): void {
    if (lessSigned(high, low, this.smaxHigh, this.smaxLow)) {
      this.smaxHigh = high;
      this.smaxLow = low;
      this.changed = true;
    }
  }

  raiseUmin(high: number, low: number): void {
    if (lessUnsigned(this.uminHigh, this.uminLow, high, low)) {
      this.uminHigh = high;
      this.uminLow = low;
      this.changed = true;
    }
  }

  lowerUmax(high: number, low: number): void {
    if (lessUnsigned(high, low, this.umaxHigh, this.umaxLow)) {
      this.umaxHigh = high;
      this.umaxLow = low;
      this.changed = true;
    }
  }

  raiseS32min(x: number): void {
    if (x > this.s32min) {
      this.s32min = x;
      this.changed = true;
    }
  }

  lowerS32max(x: number): void {
    if (x < this.s32max) {
      this.s32max = x;
      this.changed = true;
    }
  }

  /** The argument is an int32 bit pattern or the unsigned value. */
  raiseU32min(x: number): void {
    if (x >>> 0 > this.u32min >>> 0) {
      this.u32min = x | 0;
      this.changed = true;
    }
  }

  lowerU32max(x: number): void {
    if (x >>> 0 < this.u32max >>> 0) {
      this.u32max = x | 0;
      this.changed = true;
    }
  }

  /** Narrows the signed view to [min, max], two signed 64-bit integers. */
  meetSigned(min: Int, max: Int): void {
    this.raiseSmin(highOf(min), lowOf(min));
    this.lowerSmax(highOf(max), lowOf(max));
  }

  /** Narrows the unsigned view to [min, max], two unsigned 64-bit integers. */
  meetUnsigned(min: Int, max: Int): void {
    this.raiseUmin(highOf(min), lowOf(min));
    this.lowerUmax(highOf(max), lowOf(max));
  }

  meetSigned32(min: number, max: number): void {
    this.raiseS32min(min);
    this.lowerS32max(max);
  }

  meetUnsigned32(min: number, max: number): void {
    this.raiseU32min(min);
    this.lowerU32max(max);
  }

  meetBits(bits: Bits): void {
    this.meetBitHalves(bits.valueHigh, bits.valueLow, bits.maskHigh, bits.maskLow);
  }

  meetBitHalves(valueHigh: number, valueLow: number, maskHigh: number, maskLow: number): void {
    const conflictHigh = (this.valueHigh ^ valueHigh) & ~this.maskHigh & ~maskHigh;
    const conflictLow = (this.valueLow ^ valueLow) & ~this.maskLow & ~maskLow;
    if ((conflictHigh | conflictLow) !== 0) {
      this.empty = true;
      this.changed = true;
      return;
    }
    if (((this.maskHigh & ~maskHigh) | (this.maskLow & ~maskLow)) === 0) return;
    this.valueHigh |= valueHigh;
    this.valueLow |= valueLow;
    this.maskHigh &= maskHigh;
    this.maskLow &= maskLow;
    this.changed = true;
  }

  /** Narrows every view to that of b. */
  meet(b: Scalar): void {
    this.raiseSmin(b.sminHigh, b.sminLow);
    this.lowerSmax(b.smaxHigh, b.smaxLow);
    this.raiseUmin(b.uminHigh, b.uminLow);
    this.lowerUmax(b.umaxHigh, b.umaxLow);
    this.meetLow(b);
    this.meetBits(b.bits);
  }

  /** Narrows the views of the low half to those of the low half of b. */
  meetLow(b: Scalar): void {
    this.meetSigned32(b.s32min, b.s32max);
    this.meetUnsigned32(b.u32minHalf, b.u32maxHalf);
    this.meetBitHalves(0, b.bits.valueLow, -1, b.bits.maskLow);
  }

  /** Marks the set as empty. */
  contradict(): void {
    this.empty = true;
    this.changed = true;
  }

  /**
   * Lets the views refine each other until nothing changes and returns the scalar, or undefined when no value satisfies all views.
   * An unchanged `load` gives back the loaded scalar itself.
   */
  seal(): Scalar | undefined {
    if (!this.changed) return this.source;
    if (this.umaxHigh === 0 && (this.umaxLow >= 0 || this.u32max >= 0)) return this.sealSmall();
    for (let round = 0; round < MAX_ROUNDS && this.changed; round++) {
      this.changed = false;
      this.crossSigns();
      this.crossSigns32();
      this.lowFromWide();
      this.wideFromLow();
      this.bitsFromRanges();
      this.rangesFromBits();
      if (this.empty || this.hasEmptyRange()) return undefined;
    }
    return this.freeze();
  }

  /** `seal` for sets that hold at least one value by construction. */
  sealSome(): Scalar {
    const sealed = this.seal();
    if (sealed === undefined) throw new Error('a scalar operation produced contradicting views');
    return sealed;
  }

  /**
   * `seal` for values below 2^31, which most lengths, offsets and indices are: all four ranges are one range, and only the low known bits
   * can add to it.
   */
  private sealSmall(): Scalar | undefined {
    if (this.empty || this.uminHigh !== 0 || this.sminHigh > 0 || this.smaxHigh < 0 || this.s32max < 0 || this.valueHigh !== 0) return undefined;
    // The ends that are not below 2^31 say nothing beside the one that is.
    const least = Math.max(this.uminLow >>> 0, this.u32min >>> 0, this.s32min, this.sminHigh < 0 ? 0 : this.sminLow >>> 0);
    const greatest = Math.min(this.umaxLow >>> 0, this.u32max >>> 0, this.s32max, this.smaxHigh > 0 ? I32_MAX : this.smaxLow >>> 0);
    if (least > greatest) return undefined;
    let low = least | 0;
    let high = greatest | 0;
    let value = this.valueLow;
    let mask = this.maskLow;
    for (let round = 0; round < MAX_ROUNDS; round++) {
      const below = belowPrefix(low, high);
      if (((low ^ value) & ~below & ~mask) !== 0) return undefined;
      value |= low & ~below;
      mask &= below;
      // Nothing known but the prefix: every value in between is a member.
      if (mask === below) break;
      if (!ceilingMember(0, value, 0, mask, 0, low)) return undefined;
      const first = memberLow;
      if (!ceilingMember(0, ~(value | mask), 0, mask, 0, ~high)) return undefined;
      const last = ~memberLow;
      if (first > last) return undefined;
      if (first === low && last === high) break;
      low = first;
      high = last;
    }
    if (mask === 0) return constantHalves(0, value);
    return new Scalar(0, low, 0, high, 0, low, 0, high, low, high, low, high, new Bits(0, value, 0, mask));
  }

  private hasEmptyRange(): boolean {
    return (
      this.s32min > this.s32max ||
      this.u32min >>> 0 > this.u32max >>> 0 ||
      lessSigned(this.smaxHigh, this.smaxLow, this.sminHigh, this.sminLow) ||
      lessUnsigned(this.umaxHigh, this.umaxLow, this.uminHigh, this.uminLow)
    );
  }

  private freeze(): Scalar {
    if ((this.maskHigh | this.maskLow) === 0) return constantHalves(this.valueHigh, this.valueLow);
    if ((this.maskHigh & this.maskLow & this.umaxHigh & this.umaxLow) === -1 && (this.uminHigh | this.uminLow) === 0) {
      const fullLow = this.u32min === 0 && this.u32max === -1 && this.s32min === I32_MIN && this.s32max === I32_MAX;
      const fullSigned = this.sminHigh === SIGN && this.sminLow === 0 && this.smaxHigh === ~SIGN && this.smaxLow === -1;
      if (fullLow && fullSigned) return TOP;
    }
    return new Scalar(
      this.sminHigh,
      this.sminLow,
      this.smaxHigh,
      this.smaxLow,
      this.uminHigh,
      this.uminLow,
      this.umaxHigh,
      this.umaxLow,
      this.s32min,
      this.s32max,
      this.u32min,
      this.u32max,
      new Bits(this.valueHigh, this.valueLow, this.maskHigh, this.maskLow),
    );
  }

  /** Signed and unsigned range are arcs of one circle; each is cut to the hull of their intersection. */
  private crossSigns(): void {
    if (this.sminHigh >= 0 || this.smaxHigh < 0) {
      this.raiseUmin(this.sminHigh, this.sminLow);
      this.lowerUmax(this.smaxHigh, this.smaxLow);
    }
    if ((this.uminHigh ^ this.umaxHigh) >= 0) {
      this.raiseSmin(this.uminHigh, this.uminLow);
      this.lowerSmax(this.umaxHigh, this.umaxLow);
    } else if (this.sminHigh < 0 && this.smaxHigh >= 0) {
      // Both cross: the unsigned range may miss the non-negative or the negative part of the signed one.
      if (lessUnsigned(this.smaxHigh, this.smaxLow, this.uminHigh, this.uminLow)) {
        this.lowerSmax(this.umaxHigh, this.umaxLow);
        this.raiseUmin(this.sminHigh, this.sminLow);
      } else if (lessUnsigned(this.umaxHigh, this.umaxLow, this.sminHigh, this.sminLow)) {
        this.raiseSmin(this.uminHigh, this.uminLow);
        this.lowerUmax(this.smaxHigh, this.smaxLow);
      }
    }
  }

  private crossSigns32(): void {
    if (this.s32min >= 0 || this.s32max < 0) {
      this.raiseU32min(this.s32min);
      this.lowerU32max(this.s32max);
    }
    if ((this.u32min ^ this.u32max) >= 0) {
      this.raiseS32min(this.u32min);
      this.lowerS32max(this.u32max);
    } else if (this.s32min < 0 && this.s32max >= 0) {
      if (this.s32max >>> 0 < this.u32min >>> 0) {
        this.lowerS32max(this.u32max);
        this.raiseU32min(this.s32min);
      } else if (this.u32max >>> 0 < this.s32min >>> 0) {
        this.raiseS32min(this.u32min);
        this.lowerU32max(this.s32max);
      }
    }
  }

  /** A 64-bit range shorter than 2^32 bounds the low half: by equal upper halves unsigned, by neighbouring ones perhaps signed. */
  private lowFromWide(): void {
    if (this.uminHigh === this.umaxHigh) {
      this.raiseU32min(this.uminLow);
      this.lowerU32max(this.umaxLow);
    } else if (((this.uminHigh + 1) | 0) === this.umaxHigh && this.uminLow < 0 && this.umaxLow >= 0) {
      this.raiseS32min(this.uminLow);
      this.lowerS32max(this.umaxLow);
    }
    if (((this.sminHigh + 1) | 0) === this.smaxHigh && this.sminLow < 0 && this.smaxLow >= 0) {
      this.raiseS32min(this.sminLow);
      this.lowerS32max(this.smaxLow);
    }
  }

  /** Moves the ends of the 64-bit ranges to the next value whose low half is allowed. */
  private wideFromLow(): void {
    if (this.u32min !== 0 || this.u32max !== -1) this.wideFromUnsignedLow();
    if (this.s32min < 0 && this.s32max >= 0 && (this.s32min !== I32_MIN || this.s32max !== I32_MAX)) this.wideFromSignedLow();
  }

  private wideFromUnsignedLow(): void {
    const least = this.u32min >>> 0;
    const greatest = this.u32max >>> 0;
    if (this.uminLow >>> 0 < least) this.raiseUmin(this.uminHigh, this.u32min);
    else if (this.uminLow >>> 0 > greatest) {
      if (this.uminHigh === -1) this.contradict();
      else this.raiseUmin((this.uminHigh + 1) | 0, this.u32min);
    }
    if (this.umaxLow >>> 0 > greatest) this.lowerUmax(this.umaxHigh, this.u32max);
    else if (this.umaxLow >>> 0 < least) {
      if (this.umaxHigh === 0) this.contradict();
      else this.lowerUmax((this.umaxHigh - 1) | 0, this.u32max);
    }
    if (this.sminLow >>> 0 < least) this.raiseSmin(this.sminHigh, this.u32min);
    else if (this.sminLow >>> 0 > greatest) {
      if (this.sminHigh === I32_MAX) this.contradict();
      else this.raiseSmin(this.sminHigh + 1, this.u32min);
    }
    if (this.smaxLow >>> 0 > greatest) this.lowerSmax(this.smaxHigh, this.u32max);
    else if (this.smaxLow >>> 0 < least) {
      if (this.smaxHigh === I32_MIN) this.contradict();
      else this.lowerSmax(this.smaxHigh - 1, this.u32max);
    }
  }

  /** A signed low range that crosses zero leaves a gap in the middle of the unsigned low halves. */
  private wideFromSignedLow(): void {
    if (this.uminLow > this.s32max || this.uminLow < this.s32min) this.raiseUmin(this.uminHigh, this.s32min);
    if (this.umaxLow > this.s32max || this.umaxLow < this.s32min) this.lowerUmax(this.umaxHigh, this.s32max);
    if (this.sminLow > this.s32max || this.sminLow < this.s32min) this.raiseSmin(this.sminHigh, this.s32min);
    if (this.smaxLow > this.s32max || this.smaxLow < this.s32min) this.lowerSmax(this.smaxHigh, this.s32max);
  }

  /** The common prefix of the ends of an unsigned range is known. */
  private bitsFromRanges(): void {
    const maskHigh = belowPrefix(this.uminHigh, this.umaxHigh);
    const maskLow = maskHigh !== 0 ? -1 : belowPrefix(this.uminLow, this.umaxLow);
    if ((maskHigh & maskLow) !== -1) this.meetBitHalves(this.uminHigh & ~maskHigh, this.uminLow & ~maskLow, maskHigh, maskLow);
    const mask32 = belowPrefix(this.u32min, this.u32max);
    if (mask32 !== -1) this.meetBitHalves(0, this.u32min & ~mask32, -1, mask32);
  }

  /** Moves the ends of every range to the next word that has the known bits. */
  private rangesFromBits(): void {
    const { valueHigh, valueLow, maskHigh, maskLow } = this;
    if ((maskHigh & maskLow) === -1) return;
    // Upper ends are lower ends of the complement.
    const coHigh = ~(valueHigh | maskHigh);
    const coLow = ~(valueLow | maskLow);
    this.seek(valueHigh, valueLow, maskHigh, maskLow, this.uminHigh, this.uminLow);
    this.raiseUmin(memberHigh, memberLow);
    this.seek(coHigh, coLow, maskHigh, maskLow, ~this.umaxHigh, ~this.umaxLow);
    this.lowerUmax(~memberHigh, ~memberLow);
    // Signed order is unsigned order with the sign bit flipped.
    const flip = maskHigh < 0 ? 0 : SIGN;
    this.seek(valueHigh ^ flip, valueLow, maskHigh, maskLow, this.sminHigh ^ SIGN, this.sminLow);
    this.raiseSmin(memberHigh ^ SIGN, memberLow);
    this.seek(coHigh ^ flip, coLow, maskHigh, maskLow, ~this.smaxHigh ^ SIGN, ~this.smaxLow);
    this.lowerSmax(~memberHigh ^ SIGN, ~memberLow);
    if (maskLow !== -1) this.lowRangesFromBits(valueLow, coLow, maskLow);
  }

  /** `ceilingMember`; where there is none the set is empty and the member of no account. */
  private seek(valueHigh: number, valueLow: number, maskHigh: number, maskLow: number, xHigh: number, xLow: number): void {
    if (!ceilingMember(valueHigh, valueLow, maskHigh, maskLow, xHigh, xLow)) this.contradict();
  }

  private lowRangesFromBits(valueLow: number, coLow: number, maskLow: number): void {
    this.seek(0, valueLow, 0, maskLow, 0, this.u32min);
    this.raiseU32min(memberLow);
    this.seek(0, coLow, 0, maskLow, 0, ~this.u32max);
    this.lowerU32max(~memberLow);
    const flip = maskLow < 0 ? 0 : SIGN;
    this.seek(0, valueLow ^ flip, 0, maskLow, 0, this.s32min ^ SIGN);
    this.raiseS32min(memberLow ^ SIGN);
    this.seek(0, coLow ^ flip, 0, maskLow, 0, ~this.s32max ^ SIGN);
    this.lowerS32max(~memberLow ^ SIGN);
  }
}

/** The shared instance. */
export const draft = new Draft();
