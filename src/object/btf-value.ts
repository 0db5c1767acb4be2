import type { ByteOrder } from '../isa/decode.ts';
import type { Btf, BtfMember, BtfType } from './btf.ts';
import { membersOf, resolveId, resolveType, sizeOf } from './btf-types.ts';

/** A decoded value; `Leaf`: what a style makes of numbers and text beyond the words of JSON. */
export type DecodedValue<Leaf> =
  | Leaf
  | string
  | number
  | boolean
  | null
  | readonly DecodedValue<Leaf>[]
  | { readonly [member: string]: DecodedValue<Leaf> };

/** A decoded value that serialises to JSON: integers beyond 2^53 are decimal strings, pointers hexadecimal strings, raw bytes "0x..." strings. */
export type PlainValue = DecodedValue<never>;

/** How a decoder writes what has more than one form. */
export interface ValueStyle<Leaf> {
  /** A number of so many bits: a type's own, or those of a bit-field. */
  integer(value: bigint, bits: number, bitField: boolean): DecodedValue<Leaf>;
  pointer(value: bigint): DecodedValue<Leaf>;
  /** An array of char as text; undefined: a list of its numbers. */
  text(bytes: Uint8Array): DecodedValue<Leaf> | undefined;
  /** A data section by its variables. */
  section(name: string, variables: readonly (readonly [name: string, value: DecodedValue<Leaf>])[]): DecodedValue<Leaf>;
}

const MAX_DEPTH = 32;
/** Elements decoded per array; a last string element tells how many were left out. */
const MAX_ELEMENTS = 4096;

const PLAIN: ValueStyle<never> = {
  integer,
  pointer: (value) => `0x${value.toString(16)}`,
  /** Text up to the first zero when the rest is zero too and all of it prints, else the raw bytes. */
  text(bytes) {
    const end = bytes.indexOf(0);
    const used = end < 0 ? bytes : bytes.subarray(0, end);
    const plain = used.every((byte) => byte >= 0x20 && byte < 0x7f) && bytes.subarray(used.length).every((byte) => byte === 0);
    return plain ? String.fromCharCode(...used.subarray(0, MAX_ELEMENTS)) : hex(bytes);
  },
  section: (_name, variables) => Object.fromEntries(variables),
};

/**
 * Decodes a value's bytes by its BTF type: structs, unions and data sections to objects, arrays to lists, arrays of char to text, enums to their enumerator's
 * name where there is one. Bytes that are missing decode to null. Nothing throws: hostile BTF gives raw bytes.
 */
export function decodeValue(btf: Btf, typeId: number, bytes: Uint8Array, byteOrder: ByteOrder): PlainValue {
  return decodeStyled(btf, typeId, bytes, byteOrder, PLAIN);
}

/** The same in another style. */
export function decodeStyled<Leaf>(btf: Btf, typeId: number, bytes: Uint8Array, byteOrder: ByteOrder, style: ValueStyle<Leaf>): DecodedValue<Leaf> {
  return new Decoder(btf, bytes, byteOrder === 'little', style).at(typeId, 0, 0);
}

class Decoder<Leaf> {
  readonly #btf: Btf;
  readonly #bytes: Uint8Array;
  readonly #little: boolean;
  readonly #style: ValueStyle<Leaf>;
  /** Bounds the work of deeply nested arrays of arrays in hostile BTF. */
  #budget = 1 << 20;

  constructor(btf: Btf, bytes: Uint8Array, little: boolean, style: ValueStyle<Leaf>) {
    this.#btf = btf;
    this.#bytes = bytes;
    this.#little = little;
    this.#style = style;
  }

  at(typeId: number, offset: number, depth: number): DecodedValue<Leaf> {
    const id = resolveId(this.#btf, typeId);
    const type = id === undefined ? undefined : this.#btf.types[id];
    const size = sizeOf(this.#btf, typeId);
    this.#budget--;
    if (type === undefined || size === undefined || depth > MAX_DEPTH || this.#budget < 0) return null;
    if (offset + size > this.#bytes.length) return null;
    switch (type.kind) {
      case 'struct':
      case 'union':
        return Object.fromEntries(this.#members(membersOf(this.#btf, type) ?? [], offset, depth));
      case 'datasec':
        return this.#style.section(type.name, this.#members(membersOf(this.#btf, type) ?? [], offset, depth));
      case 'array':
        return this.#array(type, offset, depth);
      case 'float':
        return this.#float(offset, size);
      default:
        return this.#scalar(type, this.#bits(offset, size), size * 8, false);
    }
  }

  /** Members of anonymous members count as the struct's own. */
  #members(members: readonly BtfMember[], offset: number, depth: number): [string, DecodedValue<Leaf>][] {
    return members.flatMap((member): [string, DecodedValue<Leaf>][] => {
      if (member.name === '' && member.bitSize === 0) return this.#unnamed(member, offset, depth);
      return member.name === '' ? [] : [[member.name, this.#member(member, offset, depth)]];
    });
  }

  #unnamed(member: BtfMember, offset: number, depth: number): [string, DecodedValue<Leaf>][] {
    const type = resolveType(this.#btf, member.type);
    this.#budget--;
    if (type === undefined || depth >= MAX_DEPTH || this.#budget < 0) return [];
    return this.#members(membersOf(this.#btf, type) ?? [], offset + Math.floor(member.bitOffset / 8), depth + 1);
  }

  #member(member: BtfMember, offset: number, depth: number): DecodedValue<Leaf> {
    if (member.bitSize === 0) return this.at(member.type, offset + Math.floor(member.bitOffset / 8), depth + 1);
    const first = Math.floor(member.bitOffset / 8);
    const bytes = Math.ceil((member.bitOffset + member.bitSize) / 8) - first;
    if (offset + first + bytes > this.#bytes.length) return null;
    const window = this.#bits(offset + first, bytes);
    const skipped = member.bitOffset - first * 8;
    const shift = this.#little ? skipped : bytes * 8 - skipped - member.bitSize;
    const type = resolveType(this.#btf, member.type);
    const value = (window >> BigInt(shift)) & ((1n << BigInt(member.bitSize)) - 1n);
    return type === undefined ? null : this.#scalar(type, value, member.bitSize, true);
  }

  #array(type: Extract<BtfType, { kind: 'array' }>, offset: number, depth: number): DecodedValue<Leaf> {
    const element = resolveType(this.#btf, type.type);
    const size = sizeOf(this.#btf, type.type) ?? 0;
    if (element?.kind === 'int' && element.size === 1 && (element.char || element.name === 'char')) {
      const text = this.#style.text(this.#bytes.subarray(offset, offset + type.count));
      if (text !== undefined) return text;
    }
    const shown = Math.min(type.count, MAX_ELEMENTS);
    const items = Array.from({ length: shown }, (_, index) => this.at(type.type, offset + index * size, depth + 1));
    return shown < type.count ? [...items, `... ${type.count - shown} more`] : items;
  }

  #float(offset: number, size: number): number | string {
    const view = new DataView(this.#bytes.buffer, this.#bytes.byteOffset + offset, size);
    if (size === 4) return finite(view.getFloat32(0, this.#little));
    return size === 8 ? finite(view.getFloat64(0, this.#little)) : hex(this.#bytes.subarray(offset, offset + size));
  }

  #bits(offset: number, size: number): bigint {
    let value = 0n;
    for (let index = 0; index < Math.min(size, 16); index++) {
      const byte = this.#bytes[offset + (this.#little ? size - 1 - index : index)] ?? 0;
      value = (value << 8n) | BigInt(byte);
    }
    return value;
  }

  #scalar(type: BtfType, raw: bigint, bits: number, bitField: boolean): DecodedValue<Leaf> {
    const integer = (value: bigint) => this.#style.integer(value, bits, bitField);
    switch (type.kind) {
      case 'int': {
        if (type.bool) return raw !== 0n;
        return integer(type.signed ? BigInt.asIntN(bits, raw) : raw);
      }
      case 'enum':
      case 'enum64': {
        const value = type.signed ? BigInt.asIntN(bits, raw) : raw;
        return type.values.find((candidate) => candidate.value === value)?.name ?? integer(value);
      }
      case 'ptr':
        return this.#style.pointer(raw);
      default:
        return integer(raw);
    }
  }
}

function integer(value: bigint): number | string {
  const small = Number(value);
  return Number.isSafeInteger(small) ? small : value.toString();
}

/** JSON has no infinities. */
function finite(value: number): number | string {
  return Number.isFinite(value) ? value : String(value);
}

function hex(bytes: Uint8Array): string {
  return `0x${Array.from(bytes.subarray(0, MAX_ELEMENTS), (byte) => byte.toString(16).padStart(2, '0')).join('')}`;
}
