/** Damage of every kind that a file can take, the same for the same seed. */
export class Damage {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** A whole number below `limit`. */
  below(limit: number): number {
    // mulberry32
    this.#state = (this.#state + 0x6d2b_79f5) >>> 0;
    let word = this.#state;
    word = Math.imul(word ^ (word >>> 15), word | 1);
    word ^= word + Math.imul(word ^ (word >>> 7), word | 61);
    return Math.floor((((word ^ (word >>> 14)) >>> 0) / 2 ** 32) * limit);
  }

  pick<T>(from: readonly T[]): T {
    return from[this.below(from.length)]!;
  }

  /** A copy that differs from the original. */
  of(original: Uint8Array): Uint8Array {
    for (;;) {
      const changed = this.pick(kinds)(this, original);
      if (changed.length !== original.length || changed.some((byte, index) => byte !== original[index])) return changed;
    }
  }
}

type Kind = (damage: Damage, original: Uint8Array) => Uint8Array;

/** Values that lengths, counts and offsets go wrong with. */
const EXTREMES = [0, 1, 0x7f, 0x80, 0xff, 0x7fff, 0xffff, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff];

function place(damage: Damage, bytes: Uint8Array): number {
  // Headers are small and early: half of the damage is done there.
  return damage.below(damage.below(2) === 0 ? Math.min(bytes.length, 128) : bytes.length);
}

const kinds: readonly Kind[] = [
  (damage, original) => {
    const bytes = original.slice();
    for (let count = 1 + damage.below(4); count > 0; count--) if (bytes.length > 0) bytes[place(damage, bytes)]! ^= 1 << damage.below(8);
    return bytes;
  },
  (damage, original) => {
    const bytes = original.slice();
    if (bytes.length > 0) bytes[place(damage, bytes)] = damage.below(256);
    return bytes;
  },
  (damage, original) => {
    const bytes = original.slice();
    const size = damage.pick([2, 4]);
    if (bytes.length < size) return bytes;
    const view = new DataView(bytes.buffer);
    const at = Math.min(place(damage, bytes), bytes.length - size);
    const value = damage.pick(EXTREMES);
    if (size === 2) view.setUint16(at, value & 0xffff, damage.below(2) === 0);
    else view.setUint32(at, value, damage.below(2) === 0);
    return bytes;
  },
  (damage, original) => original.slice(0, damage.below(original.length)),
  (damage, original) => {
    const at = damage.below(original.length + 1);
    const inserted = Uint8Array.from({ length: 1 + damage.below(16) }, () => damage.below(256));
    return Uint8Array.from([...original.subarray(0, at), ...inserted, ...original.subarray(at)]);
  },
  (damage, original) => {
    const at = damage.below(original.length);
    const end = Math.min(original.length, at + 1 + damage.below(64));
    return Uint8Array.from([...original.subarray(0, at), ...original.subarray(end)]);
  },
  (damage, original) => {
    const from = damage.below(original.length);
    const part = original.subarray(from, from + 1 + damage.below(64));
    const at = damage.below(original.length + 1);
    return Uint8Array.from([...original.subarray(0, at), ...part, ...original.subarray(at)]);
  },
  (damage, original) => {
    const bytes = original.slice();
    const from = damage.below(bytes.length);
    bytes.fill(damage.pick([0, 0xff]), from, from + 1 + damage.below(32));
    return bytes;
  },
];
