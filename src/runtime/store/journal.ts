import { crc32 } from 'node:zlib';
import type { BpfMap } from '../maps/map.ts';
import { StoreError } from './files.ts';

/**
 * The two files of a map's contents.
 * ```
 * snapshot: "EBPFMAP1" | u32 crc32 of the rest | u32 0 | packed entries (see BpfMap.exportAll)
 * journal:  records of u32 crc32 of the rest | u32 (length << 1 | 1 when set, 0 when deleted) | key | value
 * ```
 * All little endian. The manifest says how many bytes of a journal count.
 */
const MAGIC = 'EBPFMAP1';
const SNAPSHOT_HEADER = 16;
const RECORD_HEADER = 8;

/** The snapshot of a map. */
export function encodeSnapshot(map: BpfMap): Uint8Array {
  const entries = map.exportAll();
  const bytes = new Uint8Array(SNAPSHOT_HEADER + entries.length);
  bytes.set(new TextEncoder().encode(MAGIC));
  bytes.set(entries, SNAPSHOT_HEADER);
  new DataView(bytes.buffer).setUint32(8, crc32(entries), true);
  return bytes;
}

/** Fills an empty map from a snapshot. Throws StoreError when the file is damaged. */
export function applySnapshot(map: BpfMap, bytes: Uint8Array | undefined, path: string): void {
  if (bytes === undefined || bytes.length < SNAPSHOT_HEADER || new TextDecoder().decode(bytes.subarray(0, 8)) !== MAGIC) {
    throw new StoreError('damaged', path, 'this is not a map snapshot');
  }
  const entries = bytes.subarray(SNAPSHOT_HEADER);
  if (new DataView(bytes.buffer, bytes.byteOffset).getUint32(8, true) !== crc32(entries))
    throw new StoreError('damaged', path, 'its checksum is wrong');
  map.importAll(entries);
}

/** One record per key: its value now, or that it is gone. */
export function encodeJournal(map: BpfMap, keys: Iterable<Uint8Array>): Uint8Array {
  const parts: Uint8Array[] = [];
  let total = 0;
  for (const key of keys) {
    const value = map.lookup(key);
    const part = new Uint8Array(RECORD_HEADER + key.length + (value?.length ?? 0));
    part.set(key, RECORD_HEADER);
    if (value !== undefined) part.set(value, RECORD_HEADER + key.length);
    const view = new DataView(part.buffer);
    view.setUint32(4, ((part.length - RECORD_HEADER) << 1) | (value === undefined ? 0 : 1), true);
    view.setUint32(0, crc32(part.subarray(4)), true);
    parts.push(part);
    total += part.length;
  }
  const bytes = new Uint8Array(total);
  let offset = 0;
  for (const part of parts) {
    bytes.set(part, offset);
    offset += part.length;
  }
  return bytes;
}

/** Applies the records of a journal between two offsets. Throws StoreError when one is damaged. */
export function applyJournal(map: BpfMap, bytes: Uint8Array, from: number, to: number, path: string): void {
  if (to > bytes.length) throw new StoreError('damaged', path, `it has ${bytes.length} bytes; ${to} are needed`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let offset = from; offset < to; ) {
    const word = offset + RECORD_HEADER <= to ? view.getUint32(offset + 4, true) : 0xffff_ffff;
    const length = word >>> 1;
    const end = offset + RECORD_HEADER + length;
    if (end > to || length < map.keySize || view.getUint32(offset, true) !== crc32(bytes.subarray(offset + 4, end))) {
      throw new StoreError('damaged', path, `the record at offset ${offset} is damaged`);
    }
    const key = bytes.slice(offset + RECORD_HEADER, offset + RECORD_HEADER + map.keySize);
    if ((word & 1) === 1) map.restore({ key, value: bytes.slice(offset + RECORD_HEADER + map.keySize, end) });
    else map.forget(key);
    offset = end;
  }
}
