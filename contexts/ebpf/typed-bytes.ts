import type { BtfMember, BtfType } from '../../src/object/btf.ts';
import { membersOf, resolveType, sizeOf } from '../../src/object/btf-types.ts';
import { UsageError } from '../errors.ts';
import { didYouMean, PARAMETER_INCORRECT, unacceptableValue } from '../messages.ts';
import type { MapTypes } from '../runtime-objects.ts';
import { parseHex, sizedBytes } from '../runtime-values.ts';
import { suggest } from '../suggest.ts';

/** What `show map` prints, read back: words, lists and members by name. */
type Written = string | readonly Written[] | ReadonlyMap<string, Written>;

const MAX_DEPTH = 32;
const MAX_ELEMENTS = 0x1_0000;

/** Why a text cannot be written by its type; the caller adds which tag it was. */
class Misfit extends Error {}

/**
 * A key or value as a decimal number, as all its bytes in hexadecimal, or, where its C type is known, as `show map` prints it:
 * `{id: 3, color: GREEN}`. Members that are left out keep what `base` has, or are zero.
 *
 * @throws UsageError where it does not fit.
 */
export function typedBytes(text: string, size: number, tag: 'key' | 'value', types: MapTypes | undefined, base?: Uint8Array): Uint8Array {
  const typeId = tag === 'key' ? types?.definition.keyTypeId : types?.definition.valueTypeId;
  const known = types !== undefined && typeId !== undefined && typeId !== 0 && sizeOf(types.btf, typeId) === size;
  if (!known || /^-?\d+$/.test(text.trim()) || (!/^[[{]/.test(text.trim()) && parseHex(text)?.length === size)) return sizedBytes(text, size, tag);
  try {
    const bytes = base?.slice() ?? new Uint8Array(size);
    new Encoder(types, bytes).at(new Reader(text).whole(), typeId, 0, 0);
    return bytes;
  } catch (error) {
    if (error instanceof Misfit) throw new UsageError(`${unacceptableValue(text, tag)} ${error.message}\n${PARAMETER_INCORRECT}`);
    throw error;
  }
}

/** `{a: 1, b: [2, 0 x 3], c: some text}`. */
class Reader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  whole(): Written {
    const value = this.#value(0);
    this.#blanks();
    if (this.#at < this.#text.length) throw new Misfit(`There is more after column ${this.#at}.`);
    return value;
  }

  #value(depth: number): Written {
    if (depth > MAX_DEPTH) throw new Misfit(`It is nested deeper than ${MAX_DEPTH} levels.`);
    this.#blanks();
    if (this.#take('{')) return this.#members(depth);
    if (this.#take('[')) return this.#elements(depth);
    return this.#word(/[,\]}]/);
  }

  #members(depth: number): Written {
    const members = new Map<string, Written>();
    if (this.#take('}')) return members;
    do {
      const name = this.#word(/[:,\]}]/);
      if (!this.#take(':')) throw new Misfit(`"${name}" has no value; members are written as name: value.`);
      members.set(name, this.#value(depth + 1));
    } while (this.#take(','));
    if (!this.#take('}')) throw new Misfit('A { is not closed.');
    return members;
  }

  #elements(depth: number): Written {
    const elements: Written[] = [];
    if (this.#take(']')) return elements;
    do {
      const value = this.#value(depth + 1);
      // "0 x 62" stands for 62 zeros.
      const run = typeof value === 'string' ? /^(.*\S) x (\d+)$/.exec(value) : this.#run();
      const count = Number(run?.[2] ?? 1);
      if (elements.length + count > MAX_ELEMENTS) throw new Misfit(`A list has more than ${MAX_ELEMENTS} elements.`);
      for (let index = 0; index < count; index++) elements.push(typeof value === 'string' ? (run?.[1] ?? value) : value);
    } while (this.#take(','));
    if (!this.#take(']')) throw new Misfit('A [ is not closed.');
    return elements;
  }

  /** The number of times that a structure in a list repeats. */
  #run(): RegExpExecArray | null {
    const pattern = /\s*() x (\d+)/y;
    pattern.lastIndex = this.#at;
    const run = pattern.exec(this.#text);
    if (run) this.#at = pattern.lastIndex;
    return run;
  }

  #word(end: RegExp): string {
    this.#blanks();
    const start = this.#at;
    while (this.#at < this.#text.length && !end.test(this.#text[this.#at]!)) this.#at++;
    return this.#text.slice(start, this.#at).trim();
  }

  #take(character: string): boolean {
    this.#blanks();
    if (this.#text[this.#at] !== character) return false;
    this.#at++;
    return true;
  }

  #blanks(): void {
    while (/\s/.test(this.#text[this.#at] ?? '')) this.#at++;
  }
}

/** Writes values into bytes by their BTF types: the reverse of `decodeValue`. */
class Encoder {
  readonly #types: MapTypes;
  readonly #bytes: Uint8Array;

  constructor(types: MapTypes, bytes: Uint8Array) {
    this.#types = types;
    this.#bytes = bytes;
  }

  at(value: Written, typeId: number, offset: number, depth: number): void {
    const { btf } = this.#types;
    const type = resolveType(btf, typeId);
    const size = sizeOf(btf, typeId);
    if (type === undefined || size === undefined || depth > MAX_DEPTH || offset + size > this.#bytes.length) throw new Misfit('Its type is unknown.');
    if (type.kind === 'struct' || type.kind === 'union' || type.kind === 'datasec') this.#members(value, type, offset, depth);
    else if (type.kind === 'array') this.#array(value, type, offset, size, depth);
    else if (typeof value !== 'string') throw new Misfit('A number stands where a list or members were given.');
    else if (type.kind === 'float') this.#float(value, offset, size);
    else this.#store(scalar(value, type, size * 8), offset * 8, size * 8);
  }

  #members(value: Written, type: BtfType, offset: number, depth: number): void {
    if (!(value instanceof Map)) throw new Misfit('It is a structure: {name: value, name: value}.');
    const members = this.#named(type, 0, depth);
    for (const [name, written] of value) {
      const found = members.find(({ member }) => member.name === name);
      if (found === undefined) {
        const names = members.map(({ member }) => member.name);
        throw new Misfit(`It has no member "${name}": it has ${names.join(', ')}.${didYouMean(suggest(name, names))}`);
      }
      const bit = offset * 8 + found.bit;
      if (found.member.bitSize === 0) this.at(written, found.member.type, bit / 8, depth + 1);
      else this.#bitField(written, found.member, bit);
    }
  }

  /** Members by name, those of anonymous members among them, with their bit offsets. */
  #named(type: BtfType, base: number, depth: number): { readonly member: BtfMember; readonly bit: number }[] {
    if (depth > MAX_DEPTH) return [];
    return (membersOf(this.#types.btf, type) ?? []).flatMap((member) => {
      const bit = base + member.bitOffset;
      const inner = member.name === '' ? resolveType(this.#types.btf, member.type) : undefined;
      return inner === undefined ? [{ member, bit }] : this.#named(inner, bit, depth + 1);
    });
  }

  #bitField(value: Written, { type, bitSize }: BtfMember, bit: number): void {
    const resolved = resolveType(this.#types.btf, type);
    if (typeof value !== 'string' || resolved === undefined) throw new Misfit('A number stands where a list or members were given.');
    this.#store(scalar(value, resolved, bitSize), bit, bitSize);
  }

  #array(value: Written, type: Extract<BtfType, { kind: 'array' }>, offset: number, size: number, depth: number): void {
    if (typeof value === 'string') {
      const raw = /^0x/i.test(value) ? parseHex(value) : undefined;
      const bytes = raw ?? Uint8Array.from([...value].map((character) => character.charCodeAt(0)));
      if (sizeOf(this.#types.btf, type.type) !== 1) throw new Misfit(`It is a list of ${type.count} elements: [1, 2, 0 x 3].`);
      if (bytes.length > size) throw new Misfit(`"${value}" has more than ${size} bytes.`);
      this.#bytes.fill(0, offset, offset + size);
      this.#bytes.set(bytes, offset);
      return;
    }
    if (!Array.isArray(value)) throw new Misfit(`It is a list of ${type.count} elements: [1, 2, 0 x 3].`);
    if (value.length > type.count) throw new Misfit(`The list has ${value.length} elements, the array ${type.count}.`);
    for (const [index, element] of value.entries()) this.at(element as Written, type.type, offset + (index * size) / type.count, depth + 1);
  }

  #float(value: string, offset: number, size: number): void {
    const number = Number(value);
    const view = new DataView(this.#bytes.buffer, this.#bytes.byteOffset + offset, size);
    const little = this.#types.byteOrder === 'little';
    if (value === '' || (Number.isNaN(number) && value !== 'NaN')) throw new Misfit(`"${value}" is no number.`);
    if (size === 4) view.setFloat32(0, number, little);
    else if (size === 8) view.setFloat64(0, number, little);
    else throw new Misfit(`Floating-point numbers of ${size} bytes cannot be written.`);
  }

  /** Bits count from the least significant one of the first byte, or, big endian, from the most significant one. */
  #store(value: bigint, bit: number, bits: number): void {
    const little = this.#types.byteOrder === 'little';
    for (let index = 0; index < bits; index++) {
      const position = bit + index;
      const source = little ? index : bits - 1 - index;
      const mask = little ? 1 << (position & 7) : 0x80 >>> (position & 7);
      const at = position >>> 3;
      if ((value >> BigInt(source)) & 1n) this.#bytes[at]! |= mask;
      else this.#bytes[at]! &= ~mask;
    }
  }
}

/** A number, an enumerator's name, or true and false, as `bits` bits. */
function scalar(text: string, type: BtfType, bits: number): bigint {
  const named = type.kind === 'enum' || type.kind === 'enum64' ? type.values.find(({ name }) => name === text)?.value : undefined;
  const truth = type.kind === 'int' && type.bool ? ({ true: 1n, false: 0n } as const)[text] : undefined;
  const value = named ?? truth ?? (/^-?(?:\d+|0x[\da-f]+)$/i.test(text) ? number(text) : undefined);
  if (value === undefined) {
    const names = type.kind === 'enum' || type.kind === 'enum64' ? type.values.map(({ name }) => name) : [];
    throw new Misfit(names.length > 0 ? `"${text}" is none of ${names.join(', ')}.${didYouMean(suggest(text, names))}` : `"${text}" is no number.`);
  }
  if (value >= 1n << BigInt(bits) || value < -(1n << BigInt(bits - 1))) throw new Misfit(`${text} does not fit into ${bits} bits.`);
  return BigInt.asUintN(bits, value);
}

function number(text: string): bigint {
  return text.startsWith('-') ? -BigInt(text.slice(1)) : BigInt(text);
}
