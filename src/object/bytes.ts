import type { ByteOrder } from '../isa/decode.ts';
import type { ObjectErrorKind, ObjectLocation } from './errors.ts';

/** Builds the error that a reader throws; the caller knows the file and whether it is an ELF or a BTF matter. */
export type Fail = (kind: ObjectErrorKind, reason: string, location: ObjectLocation) => Error;

/**
 * Bounded reads from a piece of a file in its byte order. Every read checks its bounds and throws what `fail` builds,
 * located by section and offset. Offsets and sizes are bytes.
 */
export class Reader {
  readonly bytes: Uint8Array;
  readonly little: boolean;
  readonly section: string | undefined;
  readonly #view: DataView;
  readonly #fail: Fail;

  constructor(bytes: Uint8Array, byteOrder: ByteOrder, section: string | undefined, fail: Fail) {
    this.bytes = bytes;
    this.little = byteOrder === 'little';
    this.section = section;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#fail = fail;
  }

  get size(): number {
    return this.bytes.length;
  }

  /** The error for something wrong at `offset`. */
  error(kind: ObjectErrorKind, reason: string, offset?: number): Error {
    return this.#fail(kind, reason, { section: this.section, offset });
  }

  /** Throws unless `size` bytes stand at `offset`. `what` names them. */
  need(offset: number, size: number, what: string): void {
    if (!(offset >= 0 && size >= 0 && offset + size <= this.bytes.length)) {
      throw this.error('truncated', `${what} needs ${size} bytes, ${Math.max(0, this.bytes.length - offset)} are left`, offset);
    }
  }

  u8(offset: number, what: string): number {
    this.need(offset, 1, what);
    return this.#view.getUint8(offset);
  }

  u16(offset: number, what: string): number {
    this.need(offset, 2, what);
    return this.#view.getUint16(offset, this.little);
  }

  u32(offset: number, what: string): number {
    this.need(offset, 4, what);
    return this.#view.getUint32(offset, this.little);
  }

  i32(offset: number, what: string): number {
    this.need(offset, 4, what);
    return this.#view.getInt32(offset, this.little);
  }

  /** A 64-bit size or file offset as a number. Beyond 2^53 it is rounded, which is still out of every file's range. */
  size64(offset: number, what: string): number {
    this.need(offset, 8, what);
    const low = this.#view.getUint32(this.little ? offset : offset + 4, this.little);
    const high = this.#view.getUint32(this.little ? offset + 4 : offset, this.little);
    return high * 0x1_0000_0000 + low;
  }

  slice(offset: number, size: number, what: string): Uint8Array {
    this.need(offset, size, what);
    return this.bytes.subarray(offset, offset + size);
  }
}

const decoder = new TextDecoder('utf-8');

/** Longer names are cut: a file of one long string with many references into it must not cost their product. */
const MAX_STRING = 1024;

/** The zero-terminated string at `offset`, at most 1024 bytes of it, or undefined where it starts outside or has no end. */
export function stringAt(bytes: Uint8Array, offset: number): string | undefined {
  if (offset < 0 || offset >= bytes.length) return undefined;
  const window = bytes.subarray(offset, offset + MAX_STRING);
  const end = window.indexOf(0);
  if (end < 0 && window.length < MAX_STRING) return undefined;
  return decoder.decode(end < 0 ? window : window.subarray(0, end));
}
