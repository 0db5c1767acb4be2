import { type ByteOrder, SLOT_SIZE } from '../isa/decode.ts';

/** Growing instruction bytes in the object's byte order, patched by slot. Callers keep slots in range. */
export class CodeBuffer {
  readonly byteOrder: ByteOrder;
  #bytes: Uint8Array;
  #view: DataView;
  #size = 0;

  constructor(byteOrder: ByteOrder, capacity: number) {
    this.byteOrder = byteOrder;
    this.#bytes = new Uint8Array(Math.max(capacity, SLOT_SIZE));
    this.#view = new DataView(this.#bytes.buffer);
  }

  get little(): boolean {
    return this.byteOrder === 'little';
  }

  get slots(): number {
    return this.#size / SLOT_SIZE;
  }

  get bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#size);
  }

  /** Adds whole slots at the end. */
  append(code: Uint8Array): void {
    const needed = this.#size + code.length;
    if (needed > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(needed, this.#bytes.length * 2));
      larger.set(this.bytes);
      this.#bytes = larger;
      this.#view = new DataView(larger.buffer);
    }
    this.#bytes.set(code, this.#size);
    this.#size = needed;
  }

  opcode(slot: number): number {
    return this.#view.getUint8(slot * SLOT_SIZE);
  }

  /** The src field: what a call or a 64-bit immediate load means. */
  source(slot: number): number {
    const registers = this.#view.getUint8(slot * SLOT_SIZE + 1);
    return this.little ? registers >> 4 : registers & 0xf;
  }

  setSource(slot: number, source: number): void {
    const registers = this.#view.getUint8(slot * SLOT_SIZE + 1);
    this.#view.setUint8(slot * SLOT_SIZE + 1, this.little ? (registers & 0xf) | (source << 4) : (registers & 0xf0) | source);
  }

  setOffset(slot: number, offset: number): void {
    this.#view.setInt16(slot * SLOT_SIZE + 2, offset, this.little);
  }

  imm(slot: number): number {
    return this.#view.getInt32(slot * SLOT_SIZE + 4, this.little);
  }

  setImm(slot: number, imm: number): void {
    this.#view.setInt32(slot * SLOT_SIZE + 4, imm, this.little);
  }
}
