import type { MapKind } from '../../platform/platform.ts';
import { ArenaMap } from './arena.ts';
import { ArrayMap } from './array.ts';
import { BloomFilterMap } from './bloom-filter.ts';
import { CustomMap, type MapProvider } from './custom.ts';
import { DeviceHashMap } from './device-hash.ts';
import { HashMap } from './hash.ts';
import { refusedByLinux } from './linux-creation.ts';
import { LpmTrieMap } from './lpm-trie.ts';
import { LruHashMap } from './lru.ts';
import type { BpfMap, MapEnvironment } from './map.ts';
import { ArrayOfMaps, HashOfMaps, type InnerTemplate } from './map-of-maps.ts';
import { PerfEventArrayMap } from './perf-event-array.ts';
import { ProgramArrayMap } from './program-array.ts';
import { QueueMap } from './queue.ts';
import { ReferenceArrayMap } from './reference-array.ts';
import { RingBufferMap } from './ringbuf.ts';
import { type MapSpecification, mapError } from './rules.ts';
import { SocketHashMap } from './socket-hash.ts';
import { StackTraceMap } from './stack-trace.ts';
import { CgroupStorageMap, StorageMap } from './storage.ts';
import { UserRingBufferMap } from './user-ringbuf.ts';

/** What only some kinds need. */
export interface MapExtras {
  readonly template?: InnerTemplate;
  readonly provider?: MapProvider;
}

type Creator = (environment: MapEnvironment, specification: MapSpecification, extras: MapExtras) => BpfMap;

const hash: Creator = (environment, specification) =>
  specification.type.lru === true ? new LruHashMap(environment, specification) : new HashMap(environment, specification);
const array: Creator = (environment, specification) => {
  if (specification.keySize !== 4) {
    throw mapError(
      environment.rules,
      environment.rules.codes.invalid,
      `Map ${specification.name}: the key of ${specification.type.constant} is a u32 index.`,
    );
  }
  return new ArrayMap(environment, specification);
};

/** On Windows the only one of them, xskmap, is a plain array of what its provider puts in. */
const reference: Creator = (environment, specification, extras) =>
  environment.rules.platform === 'windows' ? array(environment, specification, extras) : new ReferenceArrayMap(environment, specification);
const storage: Creator = (environment, specification) => new StorageMap(environment, specification);

/** Kinds that this runtime can make. Those that stand for kernel objects (devices, sockets) hold plain numbers here. */
const creators: Partial<Record<MapKind, Creator>> = {
  hash,
  array,
  prog_array: (environment, specification) => new ProgramArrayMap(environment, specification),
  map_of_maps_array: (environment, specification, extras) => new ArrayOfMaps(environment, specification, extras.template),
  map_of_maps_hash: (environment, specification, extras) => new HashOfMaps(environment, specification, extras.template),
  lpm_trie: (environment, specification) => new LpmTrieMap(environment, specification),
  queue: (environment, specification) => new QueueMap(environment, specification, 'queue'),
  stack: (environment, specification) => new QueueMap(environment, specification, 'stack'),
  ringbuf: (environment, specification) => new RingBufferMap(environment, specification),
  perf_event_array: (environment, specification) => new PerfEventArrayMap(environment, specification),
  stack_trace: (environment, specification) => new StackTraceMap(environment, specification),
  bloom_filter: (environment, specification) => new BloomFilterMap(environment, specification),
  custom: (environment, specification, extras) => new CustomMap(environment, specification, extras.provider),
  cgroup_array: reference,
  devmap: (environment, specification, extras) =>
    specification.type.name === 'devmap_hash' ? new DeviceHashMap(environment, specification) : reference(environment, specification, extras),
  cpumap: reference,
  xskmap: reference,
  sockmap: reference,
  reuseport_sockarray: reference,
  sockhash: (environment, specification) => new SocketHashMap(environment, specification),
  cgroup_storage: (environment, specification) => new CgroupStorageMap(environment, specification),
  socket_storage: storage,
  inode_storage: storage,
  task_storage: storage,
  cgrp_storage: storage,
  user_ringbuf: (environment, specification) => new UserRingBufferMap(environment, specification),
  arena: (environment, specification) => new ArenaMap(environment, specification),
};

/** Why the kinds that are missing cannot be there. */
const reasons: Partial<Record<MapKind, string>> = {
  struct_ops: 'its values are function tables of a kernel, and there is none here',
};

const MAXIMUM_ALLOCATION = 2 ** 37;

/**
 * Makes a map. Throws EBPF_INVALID_ARGUMENT (EINVAL) for impossible sizes and names, EBPF_OPERATION_NOT_SUPPORTED (ENOTSUP)
 * for kinds without an implementation, EBPF_INVALID_FD for a map of maps without template, EBPF_NO_MEMORY when it does not fit.
 */
export function createMap(environment: MapEnvironment, specification: MapSpecification, extras: MapExtras = {}): BpfMap {
  const { rules } = environment;
  const { name, type, keySize, valueSize, maxEntries } = specification;
  const refuse = (why: string, code = rules.codes.invalid) => mapError(rules, code, `Cannot create map ${name}: ${why}.`);
  if (name.length > rules.maximumName) throw refuse(`its name is longer than ${rules.maximumName} characters`);
  for (const [what, size] of [
    ['key size', keySize],
    ['value size', valueSize],
    ['max_entries', maxEntries],
  ] as const) {
    if (!Number.isInteger(size) || size < 0 || size > 0xffff_ffff) throw refuse(`${size} is no ${what}`);
  }
  const refused = rules.platform === 'linux' ? refusedByLinux(specification) : refusedByWindows(specification);
  if (refused !== undefined) throw refuse(refused.why, refused.errno);
  for (const { offset, size } of specification.special ?? []) if (offset + size > valueSize) throw refuse('a part of its value lies outside of it');
  const creator = creators[type.kind];
  if (creator === undefined) {
    const reason = reasons[type.kind];
    throw refuse(`${type.constant} is not supported${reason === undefined ? '' : ` (${reason})`}`, rules.codes.unsupported);
  }
  if (contiguous.has(type.kind) && valueSize * maxEntries > MAXIMUM_ALLOCATION) throw refuse('it is larger than 128 GiB');
  return creator(environment, specification, extras);
}

/** What every map of eBPF for Windows has to have; its kinds check the rest themselves. */
function refusedByWindows({ type, keySize, valueSize, maxEntries }: MapSpecification): { readonly why: string; readonly errno?: number } | undefined {
  if (keySize === 0 && type.zeroKey !== true) return { why: 'its key size is 0' };
  if (valueSize === 0 && type.zeroValue !== true) return { why: 'its value size is 0' };
  return maxEntries === 0 ? { why: 'max_entries is 0' } : undefined;
}

const contiguous: ReadonlySet<MapKind> = new Set(['array', 'queue', 'stack', 'prog_array', 'map_of_maps_array']);
