import { decodeValue, type PlainValue } from '../../src/object/btf-value.ts';
import type { BpfMap, MapEntry } from '../../src/runtime/maps/map.ts';
import { PerfEventArrayMap } from '../../src/runtime/maps/perf-event-array.ts';
import { QueueMap } from '../../src/runtime/maps/queue.ts';
import { RingBufferMap } from '../../src/runtime/maps/ringbuf.ts';
import { CommandError } from '../errors.ts';
import type { MapTypes } from '../runtime-objects.ts';
import { hex, plainText, valuesIn } from '../runtime-values.ts';

/** One entry as people and programs read it. */
export interface ShownEntry {
  /** Hex digits. */
  readonly key: string;
  /** Hex digits; of per-CPU maps one per CPU. */
  readonly values: readonly string[];
  /** By the map's C types, where they are known. */
  readonly decodedKey?: PlainValue;
  readonly decodedValues?: readonly PlainValue[];
}

/**
 * Entries of maps with keys; elements of queues and stacks have no key.
 *
 * @param key only this entry.
 * @throws CommandError for streams, which have none, and for a key that is not there.
 */
export function shownEntries(
  map: BpfMap,
  types: MapTypes | undefined,
  limit: number,
  key?: Uint8Array,
): { readonly entries: readonly ShownEntry[]; readonly more: boolean } {
  if (map instanceof RingBufferMap || map instanceof PerfEventArrayMap) {
    throw new CommandError('map', `${map.name} is a stream (${map.specification.type.name}): it has no entries.`);
  }
  if (key) {
    const value = map.lookup(key);
    if (!value) throw new CommandError('key', `Map ${map.id} (${map.name}) has no entry with this key.`);
    return { entries: [shown(map, types, { key, value })], more: false };
  }
  const entries: ShownEntry[] = [];
  for (const entry of rawEntries(map)) {
    if (entries.length === limit) return { entries, more: true };
    entries.push(shown(map, types, entry));
  }
  return { entries, more: false };
}

function* rawEntries(map: BpfMap): Generator<MapEntry, undefined> {
  if (!(map instanceof QueueMap)) {
    yield* map.entries();
    return;
  }
  const packed = map.exportAll();
  for (let at = 0; at + map.valueSize <= packed.length; at += map.valueSize)
    yield { key: new Uint8Array(0), value: packed.subarray(at, at + map.valueSize) };
}

function shown(map: BpfMap, types: MapTypes | undefined, { key, value }: MapEntry): ShownEntry {
  const values = valuesIn(map, value);
  const decode = (typeId: number | undefined, bytes: Uint8Array) =>
    types && typeId !== undefined && typeId !== 0 ? decodeValue(types.btf, typeId, bytes, types.byteOrder) : undefined;
  const decodedKey = decode(types?.definition.keyTypeId, key);
  const decodedValues = values.map((bytes) => decode(types?.definition.valueTypeId, bytes)).filter((decoded) => decoded !== undefined);
  return {
    key: hex(key),
    values: values.map((bytes) => hex(bytes)),
    ...(decodedKey === undefined ? {} : { decodedKey }),
    ...(decodedValues.length === 0 ? {} : { decodedValues }),
  };
}

/** `key: 00 00 00 00  value: 2a 00 00 00` and, decoded, `key: 0  value: 42`; one line per CPU where there are several values. */
export function entryText({ key, values, decodedKey, decodedValues }: ShownEntry): string {
  const keyText = decodedKey === undefined ? key : plainText(decodedKey);
  const head = key === '' ? '' : `key: ${keyText}  `;
  const texts = decodedValues ? decodedValues.map(plainText) : values;
  if (texts.length === 1) return `${head}value: ${texts[0]}\n`;
  return `${key === '' ? '' : `key: ${keyText}\n`}${texts.map((text, cpu) => `  value (CPU ${String(cpu).padStart(2, '0')}): ${text}\n`).join('')}`;
}
