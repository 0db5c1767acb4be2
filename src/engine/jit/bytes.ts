/** A growable byte buffer with the encodings that a WebAssembly module consists of (WebAssembly core specification, section 5.2). */
export class Bytes {
  data: Uint8Array;
  length = 0;

  constructor(capacity = 256) {
    this.data = new Uint8Array(capacity);
  }

  #reserve(count: number): void {
    if (this.length + count <= this.data.length) return;
    const grown = new Uint8Array(Math.max(this.data.length * 2, this.length + count));
    grown.set(this.data.subarray(0, this.length));
    this.data = grown;
  }

  byte(value: number): void {
    if (this.length === this.data.length) this.#reserve(1);
    this.data[this.length++] = value;
  }

  /** Unsigned LEB128 of a number in the uint32 range. */
  u32(value: number): void {
    this.#reserve(5);
    let rest = value >>> 0;
    while (rest >= 0x80) {
      this.data[this.length++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    this.data[this.length++] = rest;
  }

  /** Signed LEB128 of an int32; the same bytes denote the number sign-extended to 64 bits. */
  s32(value: number): void {
    this.#reserve(5);
    let rest = value | 0;
    for (;;) {
      const group = rest & 0x7f;
      rest >>= 7;
      if ((rest === 0 && (group & 0x40) === 0) || (rest === -1 && (group & 0x40) !== 0)) {
        this.data[this.length++] = group;
        return;
      }
      this.data[this.length++] = group | 0x80;
    }
  }

  /** Signed LEB128 of the 64-bit value whose halves are `low` and `high`. */
  s64(low: number, high: number): void {
    this.#reserve(10);
    let lower = low | 0;
    let upper = high | 0;
    for (;;) {
      const group = lower & 0x7f;
      lower = (lower >>> 7) | (upper << 25);
      upper >>= 7;
      if ((lower === 0 && upper === 0 && (group & 0x40) === 0) || (lower === -1 && upper === -1 && (group & 0x40) !== 0)) {
        this.data[this.length++] = group;
        return;
      }
      this.data[this.length++] = group | 0x80;
    }
  }

  bytes(values: ArrayLike<number>): void {
    this.#reserve(values.length);
    this.data.set(values, this.length);
    this.length += values.length;
  }

  /** A length-prefixed UTF-8 name. */
  name(text: string): void {
    const encoded = new TextEncoder().encode(text);
    this.u32(encoded.length);
    this.bytes(encoded);
  }

  /** The bytes so far, as a view. */
  view(): Uint8Array {
    return this.data.subarray(0, this.length);
  }
}
