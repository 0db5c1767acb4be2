import type { BpfMap } from '../../src/runtime/maps/map.ts';
import { UpdateFlag } from '../../src/runtime/maps/rules.ts';
import type { Machine } from '../runtime.ts';
import { Failure } from './failure.ts';
import { firstMatch, type Kind, parseNumber, parseReference, Words } from './grammar.ts';
import { type Found, findOne } from './references.ts';

/** `key DATA`, `value VALUE` and the update flags of a line, as bytes of the map's sizes. */
export interface Element {
  /** Empty for maps without keys. */
  readonly key: Uint8Array;
  readonly value: Uint8Array;
  readonly flags: number;
}

export interface Wanted {
  readonly value: boolean;
  readonly flags: boolean;
}

const FLAGS = { any: UpdateFlag.any, noexist: UpdateFlag.noExist, exist: UpdateFlag.exist } as const;
const FLAG_WORDS = ['any', 'noexist', 'exist'] as const;

/** The maps whose values are other objects, given by reference. */
const VALUE_KINDS: Readonly<Partial<Record<BpfMap['kind'], Kind>>> = { map_of_maps_array: 'map', map_of_maps_hash: 'map', prog_array: 'prog' };

/**
 * Reads what follows a map: its key, and where they are wanted its value and flags, in any order.
 *
 * @throws Failure in bpftool's words.
 */
export function parseElement(machine: Machine, found: Found<BpfMap>, given: readonly string[], wanted: Wanted): Element {
  const map = found.object;
  const words = new Words(given, 'map');
  const openKey = map.keySize > 0;
  const openValue = wanted.value && map.valueSize > 0;
  let key: Uint8Array | undefined;
  let value: Uint8Array | undefined;
  let flags: number | undefined;
  for (let typed = words.peek(); typed !== undefined; typed = words.peek()) {
    words.next();
    const flag = wanted.flags ? firstMatch(typed, FLAG_WORDS) : undefined;
    if (firstMatch(typed, ['key'])) {
      if (!openKey || key) throw new Failure(key ? 'duplicate key' : 'unnecessary key');
      key = parseBytes(words, 'key', map.keySize);
    } else if (firstMatch(typed, ['value'])) {
      if (!openValue || value) throw new Failure(value ? 'duplicate value' : 'unnecessary value');
      value = parseValue(machine, found, words);
    } else if (flag) {
      if (flags !== undefined) throw new Failure(`flags specified multiple times: ${typed}`);
      flags = FLAGS[flag];
    } else throw new Failure(`expected key or value, got: ${typed}`);
  }
  if (openKey && !key) throw new Failure('did not find key');
  if (openValue && !value) throw new Failure('did not find value');
  return { key: key ?? new Uint8Array(0), value: value ?? new Uint8Array(0), flags: flags ?? UpdateFlag.any };
}

function parseValue(machine: Machine, { runtime, object: map }: Found<BpfMap>, words: Words): Uint8Array {
  const kind = VALUE_KINDS[map.kind];
  if (kind) {
    const other = findOne(machine, kind, parseReference(words, kind));
    if (other.runtime !== runtime)
      throw new Failure(`${kind} ${other.object.id} belongs to ${other.runtime.platform.title}, the map to ${runtime.platform.title}`);
    return new Uint8Array(Uint32Array.of(other.object.id).buffer);
  }
  const bytes = parseBytes(words, 'value', map.valueSize);
  if (map.cpuStride === 0) return bytes;
  // Every processor gets the same value.
  const all = new Uint8Array(map.userValueSize);
  for (let start = 0; start < all.length; start += map.cpuStride) all.set(bytes, start);
  return all;
}

/** `1 2 0xff`, or hexadecimal digits after `hex`: as many words as there are bytes. */
function parseBytes(words: Words, what: string, size: number): Uint8Array {
  const hex = firstMatch(words.peek() ?? '', ['hex']) !== undefined;
  if (hex) words.next();
  const bytes = new Uint8Array(size);
  for (let index = 0; index < size; index++) {
    const word = words.peek();
    if (word === undefined) throw new Failure(`${what} expected ${size} bytes got ${index}`);
    const byte = parseNumber(hex ? `0x${word.replace(/^0x/i, '')}` : word);
    if (byte === undefined || byte > 0xff) throw new Failure(`error parsing byte: ${word}`);
    bytes[index] = byte;
    words.next();
  }
  return bytes;
}
