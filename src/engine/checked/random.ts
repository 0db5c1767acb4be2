/** A small seeded generator (mulberry32): the same seed gives the same run, everywhere. */
export class Random {
  private state: number;
  constructor(seed: number) {
    this.state = seed >>> 0;
  }

  /** An unsigned 32-bit number. */
  word(): number {
    this.state = (this.state + 0x6d2b79f5) >>> 0;
    let mixed = this.state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  }

  /** 0 to count - 1; count is at least 1. */
  below(count: number): number {
    return this.word() % count;
  }

  chance(oneIn: number): boolean {
    return this.below(oneIn) === 0;
  }

  wide(): bigint {
    return (BigInt(this.word()) << 32n) | BigInt(this.word());
  }

  /** Content of a structure that nobody describes: half of the time one of the small numbers that fields with named values hold. */
  field(): bigint {
    return this.chance(2) ? BigInt(this.below(16)) : this.wide();
  }

  /** A number of the closed range that likes its ends, zero and small values: where programs go wrong. */
  between(min: bigint, max: bigint): bigint {
    if (max <= min) return min;
    const clamp = (value: bigint): bigint => (value < min ? min : value > max ? max : value);
    switch (this.below(8)) {
      case 0:
      case 1:
      case 2:
        return clamp(0n);
      case 3:
        return min;
      case 4:
        return max;
      case 5:
        return clamp(BigInt(this.below(256)) - 16n);
      default:
        return min + (this.wide() % (max - min + 1n));
    }
  }

  /** Fills with words that guards are written for: zero, small numbers, all ones, anything, so that halves of 64-bit numbers differ in kind. */
  fill(bytes: Uint8Array): void {
    // A text without an end is what loops over characters go wrong on.
    if (this.chance(8)) {
      bytes.fill(0x41 + this.below(26));
      return;
    }
    for (let at = 0; at < bytes.length; at += 4) {
      let word = this.word();
      const kind = word & 7;
      if (kind === 0) word = 0;
      else if (kind <= 2) word = (word >>> 8) & 0xff;
      else if (kind === 3) word = 0xffff_ffff;
      for (let byte = at; byte < at + 4 && byte < bytes.length; byte++, word >>>= 8) bytes[byte] = word;
    }
  }
}
