import { ArrayMap } from '../maps/array.ts';
import { BloomFilterMap } from '../maps/bloom-filter.ts';
import { HashMap } from '../maps/hash.ts';
import { PerfEventArrayMap } from '../maps/perf-event-array.ts';
import { ProgramArrayMap } from '../maps/program-array.ts';
import { RingBufferMap } from '../maps/ringbuf.ts';
import { type HelperEnvironment, type HelperMaker, requireBytes, requireMap, row } from './environment.ts';
import { finishRecord, reserveRecord } from './ring-records.ts';

function keyOf(environment: HelperEnvironment, handle: number, key: number) {
  const map = requireMap(environment, handle);
  if (map.keySize > 0) requireBytes(environment, key, map.keySize, 'map key');
  return map;
}

function unsupported(environment: HelperEnvironment): number {
  return -environment.rules.codes.unsupported;
}

function pushTo(environment: HelperEnvironment, handle: number, value: number, flags: number): number {
  const map = requireMap(environment, handle);
  requireBytes(environment, value, map.valueSize, 'map value');
  return map.push(value, flags);
}

function takeFrom(environment: HelperEnvironment, handle: number, value: number, remove: boolean): number {
  const map = requireMap(environment, handle);
  requireBytes(environment, value, map.valueSize, 'map value');
  return map.take(value, remove);
}

/** bpf_for_each_map_elem: the callback sees the map, the key, the value and its own argument; 1 ends the walk. */
function forEach(environment: HelperEnvironment, handle: number, callback: number, argument: bigint, flags: number): number {
  const map = requireMap(environment, handle);
  const call = environment.execution.callFunction;
  if (flags !== 0 || !(map instanceof ArrayMap || map instanceof HashMap)) return -environment.rules.codes.invalid;
  if (call === undefined) return unsupported(environment);
  let visited = 0;
  const key = environment.memory.allocate(map.keySize, 'other', 'bpf_for_each_map_elem key');
  try {
    for (let current = map.nextKey(undefined); current !== undefined; current = map.nextKey(current)) {
      environment.memory.write(key, current);
      const value = map.programLookup(key);
      if (value === 0) continue;
      visited++;
      if (call(callback, BigInt(map.handle), BigInt(key), BigInt(value), argument) !== 0n) break;
    }
  } finally {
    environment.memory.free(key);
  }
  return visited;
}

const XDP_ABORTED = 0;
const XDP_REDIRECT = 4;
/** The two lowest bits say what to do with an empty slot. */
const FALLBACK = 3n;
/** BPF_F_BROADCAST and BPF_F_EXCLUDE_INGRESS, of device maps alone. */
const BROADCAST = 8n;
const DEVICE_FLAGS = 24n;

/** bpf_redirect_map (__bpf_xdp_redirect_map of include/linux/filter.h). */
function redirectByMap(environment: HelperEnvironment, handle: number, key: number, flags: bigint): number {
  const map = requireMap(environment, handle);
  const known = FALLBACK | (map.kind === 'devmap' ? DEVICE_FLAGS : 0n);
  if (environment.rules.platform === 'linux' && (flags & ~known) !== 0n) return XDP_ABORTED;
  const bytes = new Uint8Array(map.keySize);
  if (bytes.length >= 4) new DataView(bytes.buffer).setUint32(0, key, true);
  const value = map instanceof BloomFilterMap ? undefined : map.lookup(bytes);
  const empty = value === undefined || value.every((byte) => byte === 0);
  if (empty && (flags & BROADCAST) === 0n) return Number(flags & FALLBACK);
  environment.run.redirect = { map: map.name, target: key };
  return XDP_REDIRECT;
}

const tailCall: HelperMaker = (environment) => ({
  parameters: ['u32', 'u32', 'u32'],
  result: 'i32',
  tailCall: true,
  call: (_context: number, handle: number, index: number) => {
    const map = requireMap(environment, handle);
    const { execution, rules } = environment;
    if (!(map instanceof ProgramArrayMap)) return -rules.codes.invalid;
    const id = map.idAt(index);
    const target = id === 0 ? undefined : environment.compiled(id);
    if (target === undefined) return rules.platform === 'windows' ? -rules.codes.invalid : -rules.codes.missing;
    // 33 calls after the first program (MAX_TAIL_CALL_CNT); -EBPF_NO_MORE_TAIL_CALLS.
    if ((execution.tailCallCount ?? 0) >= execution.maxTailCalls) return rules.platform === 'windows' ? -27 : -rules.codes.missing;
    execution.pendingTailCall = target;
    return 0;
  },
});

/** Helpers on maps, by name; both platforms share them. */
export const mapHelpers: Readonly<Record<string, HelperMaker>> = {
  bpf_map_lookup_elem: row('u32 u32', 'u32', (e) => (map: number, key: number) => keyOf(e, map, key).programLookup(key)),
  bpf_map_update_elem: row('u32 u32 u32 flags', 'i32', (e) => (handle: number, key: number, value: number, flags: number) => {
    const map = keyOf(e, handle, key);
    requireBytes(e, value, map.valueSize, 'map value');
    return map.programUpdate(key, value, flags);
  }),
  bpf_map_delete_elem: row('u32 u32', 'i32', (e) => (map: number, key: number) => keyOf(e, map, key).programDelete(key)),
  bpf_map_lookup_and_delete_elem: row('u32 u32', 'u32', (e) => (map: number, key: number) => keyOf(e, map, key).programLookupAndDelete(key)),
  bpf_map_lookup_percpu_elem: row('u32 u32 u32', 'u32', (e) => (handle: number, key: number, cpu: number) => {
    const map = keyOf(e, handle, key);
    const value = map.programLookup(key);
    if (value === 0 || map.cpuStride === 0 || cpu >= e.host.cpuCount) return 0;
    return value + (cpu - e.currentCpu()) * map.cpuStride;
  }),
  bpf_map_push_elem: row('u32 u32 flags', 'i32', (e) => (map: number, value: number, flags: number) => pushTo(e, map, value, flags)),
  bpf_map_pop_elem: row('u32 u32', 'i32', (e) => (map: number, value: number) => takeFrom(e, map, value, true)),
  bpf_map_peek_elem: row('u32 u32', 'i32', (e) => (map: number, value: number) => takeFrom(e, map, value, false)),
  bpf_for_each_map_elem: row(
    'u32 u32 i64 flags',
    'i32',
    (e) => (map: number, callback: number, argument: bigint, flags: number) => forEach(e, map, callback, argument, flags),
  ),
  bpf_tail_call: tailCall,
  bpf_ringbuf_output: row('u32 u32 u32 flags', 'i32', (e) => (handle: number, data: number, size: number, flags: number) => {
    requireBytes(e, data, size, 'record');
    const map = requireMap(e, handle);
    return map instanceof RingBufferMap ? map.output(data, size, flags) : unsupported(e);
  }),
  bpf_ringbuf_reserve: row(
    'u32 u32 flags',
    'u32',
    (e) => (handle: number, size: number, flags: number) => reserveRecord(requireMap(e, handle), size, flags),
  ),
  bpf_ringbuf_submit: row('u32 u32', 'none', (e) => (record: number, _flags: number) => void finishRecord(e, record, false)),
  bpf_ringbuf_discard: row('u32 u32', 'none', (e) => (record: number, _flags: number) => void finishRecord(e, record, true)),
  bpf_ringbuf_query: row('u32 flags', 'u32', (e) => (handle: number, flags: number) => {
    const map = requireMap(e, handle);
    return map instanceof RingBufferMap ? map.query(flags) : 0;
  }),
  bpf_perf_event_output: row('u32 u32 i64 u32 u32', 'i32', (e) => (_context: number, handle: number, flags: bigint, data: number, size: number) => {
    requireBytes(e, data, size, 'record');
    const map = requireMap(e, handle);
    return map instanceof PerfEventArrayMap ? map.output(e.run.packet, BigInt.asUintN(64, flags), data, size) : unsupported(e);
  }),
  bpf_redirect_map: row(
    'u32 u32 i64',
    'i32',
    (e) => (handle: number, key: number, flags: bigint) => redirectByMap(e, handle, key, BigInt.asUintN(64, flags)),
  ),
};
