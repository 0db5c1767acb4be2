import { findMapType } from '../platform/index.ts';
import { BloomFilterMap } from '../runtime/maps/bloom-filter.ts';
import type { BpfMap } from '../runtime/maps/map.ts';
import { templateOf } from '../runtime/maps/map-of-maps.ts';
import { MapFlag, requireKnownFlags } from '../runtime/maps/rules.ts';
import { type Access, errnoError, type LibbpfState } from './state.ts';

export interface MapCreateOptions {
  readonly map_flags?: number;
  readonly inner_map_fd?: number;
  readonly map_extra?: number;
}

/** An id that no object has. */
const NOBODY = 0xffff_ffff;

/** In: how many entries fit. Out: how many were handled. */
export interface BatchCount {
  value: number;
}

export type MapCalls = ReturnType<typeof mapCalls>;

/** Map calls of the C interface: 0 or a count on success, a negative errno otherwise; results go to the caller's buffers. */
export function mapCalls(state: LibbpfState) {
  const { runtime } = state;
  const mapOf = (fd: number, access: Partial<Access> = {}): BpfMap => {
    const map = runtime.map(state.id(fd, 'map'));
    if (map === undefined) throw errnoError('EBADF', `${fd} is not a map.`);
    state.require(fd, access);
    return map;
  };
  /** Program arrays and maps of maps take descriptors and store ids. */
  const stored = (map: BpfMap, value: Uint8Array): Uint8Array => {
    if (!['prog_array', 'map_of_maps_array', 'map_of_maps_hash'].includes(map.kind) || value.length !== 4) return value;
    const fd = new DataView(value.buffer, value.byteOffset).getUint32(0, true);
    const bytes = new Uint8Array(4);
    // A descriptor of nothing is the id of nothing: the map has other questions first.
    new DataView(bytes.buffer).setUint32(0, state.find(fd, map.kind === 'prog_array' ? 'program' : 'map') ?? NOBODY, true);
    return bytes;
  };
  const copy = (target: Uint8Array, source: Uint8Array | undefined, what: string): void => {
    if (source === undefined) throw errnoError('ENOENT', `There is no ${what}.`);
    if (target.length < source.length) throw errnoError('EINVAL', `The buffer has ${target.length} bytes; the ${what} has ${source.length}.`);
    target.set(source);
  };
  const create = (
    type: number,
    name: string | null,
    keySize: number,
    valueSize: number,
    maxEntries: number,
    options: MapCreateOptions = {},
  ): number =>
    state.call(() => {
      const mapType = findMapType(runtime.platform, type);
      if (mapType === undefined || mapType.kind === 'unspec') throw errnoError('EINVAL', `${type} is no map type.`);
      const { map_flags: flags = 0 } = options;
      requireKnownFlags(runtime.mapRules, flags);
      const template = options.inner_map_fd === undefined ? undefined : templateOf(mapOf(options.inner_map_fd));
      const map = runtime.createMap(
        {
          name: name ?? '',
          type: mapType,
          keySize,
          valueSize,
          maxEntries,
          flags,
          ...(options.map_extra === undefined ? {} : { extra: options.map_extra }),
        },
        template === undefined ? {} : { template },
      );
      // The descriptor is limited, not the map (bpf_get_file_flag).
      return state.open(map.id, true, { read: (flags & MapFlag.writeOnly) === 0, write: (flags & MapFlag.readOnly) === 0 });
    });
  const lookupBatch = (
    fd: number,
    inBatch: Uint8Array | null,
    outBatch: Uint8Array,
    keys: Uint8Array,
    values: Uint8Array,
    count: BatchCount,
    remove: boolean,
  ): number =>
    state.call(() => {
      const map = mapOf(fd, { read: true, write: remove });
      const limit = Math.min(count.value, Math.floor(keys.length / map.keySize), Math.floor(values.length / map.userValueSize));
      const { entries, more } = map.batch(inBatch ?? undefined, limit, remove);
      for (const [index, entry] of entries.entries()) {
        keys.set(entry.key, index * map.keySize);
        values.set(entry.value, index * map.userValueSize);
      }
      count.value = entries.length;
      const last = entries.at(-1);
      // After a delete the last key is gone: the next call begins again from the start.
      if (last !== undefined && outBatch.length >= map.keySize) outBatch.set(last.key);
      return more ? 0 : -2;
    });

  return {
    bpf_map_create: create,
    /** Deprecated form. */
    bpf_create_map: (type: number, keySize: number, valueSize: number, maxEntries: number, flags: number) =>
      create(type, null, keySize, valueSize, maxEntries, { map_flags: flags }),
    /** Deprecated form. */
    bpf_create_map_in_map: (type: number, name: string | null, keySize: number, innerFd: number, maxEntries: number, flags: number) =>
      create(type, name, keySize, 4, maxEntries, { inner_map_fd: innerFd, map_flags: flags }),
    bpf_map_lookup_elem: (fd: number, key: Uint8Array | null, value: Uint8Array) =>
      state.act(() => {
        const map = mapOf(fd, { read: true });
        // A bloom filter is asked for the value that it is handed.
        if (map instanceof BloomFilterMap) copy(value, map.has(value) ? value : undefined, 'such value');
        else copy(value, map.lookup(key ?? new Uint8Array(0)), 'such key');
      }),
    bpf_map_update_elem: (fd: number, key: Uint8Array | null, value: Uint8Array, flags: number) =>
      state.call(() => {
        const map = mapOf(fd, { write: true });
        map.update(key ?? new Uint8Array(0), stored(map, value), flags);
        return 0;
      }),
    bpf_map_delete_elem: (fd: number, key: Uint8Array) =>
      state.call(() => {
        if (!mapOf(fd, { write: true }).delete(key)) throw errnoError('ENOENT', 'There is no such key.');
        return 0;
      }),
    bpf_map_lookup_and_delete_elem: (fd: number, key: Uint8Array | null, value: Uint8Array) =>
      state.act(() => copy(value, mapOf(fd, { read: true, write: true }).lookupAndDelete(key ?? new Uint8Array(0)), 'such key')),
    bpf_map_get_next_key: (fd: number, key: Uint8Array | null, next: Uint8Array) =>
      state.act(() => copy(next, mapOf(fd, { read: true }).nextKey(key ?? undefined), 'further key')),
    bpf_map_freeze: (fd: number) => state.act(() => mapOf(fd, { write: true }).freeze()),
    /** 0: there is more; -ENOENT: this was the last part, `count` tells how much of it is there. */
    bpf_map_lookup_batch: (fd: number, inBatch: Uint8Array | null, outBatch: Uint8Array, keys: Uint8Array, values: Uint8Array, count: BatchCount) =>
      lookupBatch(fd, inBatch, outBatch, keys, values, count, false),
    bpf_map_lookup_and_delete_batch: (
      fd: number,
      _inBatch: Uint8Array | null,
      outBatch: Uint8Array,
      keys: Uint8Array,
      values: Uint8Array,
      count: BatchCount,
    ) =>
      // What was handed out before is deleted, so every part begins at the start.
      lookupBatch(fd, null, outBatch, keys, values, count, true),
    bpf_map_update_batch: (fd: number, keys: Uint8Array, values: Uint8Array, count: BatchCount, options: { readonly elem_flags?: number } = {}) =>
      state.call(() => {
        const map = mapOf(fd, { write: true });
        const wanted = count.value;
        count.value = 0;
        for (let index = 0; index < wanted; index++) {
          const value = values.slice(index * map.userValueSize, (index + 1) * map.userValueSize);
          map.update(keys.slice(index * map.keySize, (index + 1) * map.keySize), stored(map, value), options.elem_flags ?? 0);
          count.value++;
        }
        return 0;
      }),
    bpf_map_delete_batch: (fd: number, keys: Uint8Array, count: BatchCount) =>
      state.call(() => {
        const map = mapOf(fd, { write: true });
        const wanted = count.value;
        count.value = 0;
        for (let index = 0; index < wanted; index++) {
          if (!map.delete(keys.slice(index * map.keySize, (index + 1) * map.keySize))) throw errnoError('ENOENT', 'There is no such key.');
          count.value++;
        }
        return 0;
      }),
  };
}
