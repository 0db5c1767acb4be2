import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import type { BpfMap } from '../maps/map.ts';
import { StoreError } from './files.ts';

/**
 * The two files of a map's contents.
 * ```
 * snapshot: "EBPFMAP2" | packed entries (see BpfMap.exportAll); the manifest has their SHA-256
 * journal:  records of u32 crc32 of the rest | u32 (length << 1 | 1 when set, 0 when deleted) | key | value
 * ```
 * All little endian. The manifest says how many bytes of a journal count.
 */
const MAGIC = new TextEncoder().encode('EBPFMAP2');
const RECORD_HEADER = 8;

/** The snapshot of a map, and the SHA-256 of its entries. */
export function encodeSnapshot(map: BpfMap): { readonly bytes: Uint8Array; readonly content: string } {
  const entries = map.exportAll();
  const bytes = new Uint8Array(MAGIC.length + entries.length);
  bytes.set(MAGIC);
  bytes.set(entries, MAGIC.length);
  return { bytes, content: sha256(entries) };
}

/**
 * Fills an empty map from a snapshot.
 *
 * @param cpus processors whose values it holds; undefined for maps that are not per-CPU.
 * @throws StoreError when the file is damaged or not the one whose entries have the SHA-256 `content`.
 */
export function applySnapshot(map: BpfMap, bytes: Uint8Array | undefined, content: string, cpus: number | undefined, path: string): void {
  if (bytes === undefined || !MAGIC.every((byte, index) => bytes[index] === byte)) {
    throw new StoreError('damaged', path, bytes === undefined ? 'the file is missing' : 'this is not a map snapshot');
  }
  const entries = bytes.subarray(MAGIC.length);
  if (sha256(entries) !== content) throw new StoreError('damaged', path, 'the entries were altered');
  map.importAll(cpus === undefined ? entries : forOurProcessors(map, entries, cpus));
}

/** Entries with the values of as many processors as there are here: what more there were is left out, new ones begin with zero. */
function forOurProcessors(map: BpfMap, entries: Uint8Array, cpus: number): Uint8Array {
  const there = map.keySize + map.cpuStride * Math.max(1, cpus);
  if (map.cpuStride === 0 || there === map.packedSize) return entries;
  const packed = new Uint8Array(Math.floor(entries.length / there) * map.packedSize);
  const shared = Math.min(there, map.packedSize);
  for (let from = 0, to = 0; to < packed.length; from += there, to += map.packedSize) packed.set(entries.subarray(from, from + shared), to);
  return packed;
}

/** A value with the parts of as many processors as there are here. */
function valueForOurProcessors(map: BpfMap, value: Uint8Array): Uint8Array {
  if (map.cpuStride === 0 || value.length === map.userValueSize || value.length % map.cpuStride !== 0) return value;
  const resized = new Uint8Array(map.userValueSize);
  resized.set(value.subarray(0, resized.length));
  return resized;
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
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
    if ((word & 1) === 1) map.restore({ key, value: valueForOurProcessors(map, bytes.slice(offset + RECORD_HEADER + map.keySize, end)) });
    else map.forget(key);
    offset = end;
  }
}
