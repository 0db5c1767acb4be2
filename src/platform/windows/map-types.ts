/** Map types of eBPF for Windows; the numbers are its own, not Linux's (ebpf_structs.h). */
import type { MapType } from '../platform.ts';

export const mapTypes: readonly MapType[] = [
  { name: 'unspec', constant: 'BPF_MAP_TYPE_UNSPEC', id: 0, kind: 'unspec' },
  { name: 'hash', constant: 'BPF_MAP_TYPE_HASH', id: 1, kind: 'hash' },
  { name: 'array', constant: 'BPF_MAP_TYPE_ARRAY', id: 2, kind: 'array' },
  { name: 'prog_array', constant: 'BPF_MAP_TYPE_PROG_ARRAY', id: 3, kind: 'prog_array' },
  { name: 'percpu_hash', constant: 'BPF_MAP_TYPE_PERCPU_HASH', id: 4, kind: 'hash', perCpu: true },
  { name: 'percpu_array', constant: 'BPF_MAP_TYPE_PERCPU_ARRAY', id: 5, kind: 'array', perCpu: true },
  { name: 'hash_of_maps', constant: 'BPF_MAP_TYPE_HASH_OF_MAPS', id: 6, kind: 'map_of_maps_hash' },
  { name: 'array_of_maps', constant: 'BPF_MAP_TYPE_ARRAY_OF_MAPS', id: 7, kind: 'map_of_maps_array' },
  { name: 'lru_hash', constant: 'BPF_MAP_TYPE_LRU_HASH', id: 8, kind: 'hash', lru: true },
  { name: 'lpm_trie', constant: 'BPF_MAP_TYPE_LPM_TRIE', id: 9, kind: 'lpm_trie' },
  { name: 'queue', constant: 'BPF_MAP_TYPE_QUEUE', id: 10, kind: 'queue', zeroKey: true },
  { name: 'lru_percpu_hash', constant: 'BPF_MAP_TYPE_LRU_PERCPU_HASH', id: 11, kind: 'hash', perCpu: true, lru: true },
  { name: 'stack', constant: 'BPF_MAP_TYPE_STACK', id: 12, kind: 'stack', zeroKey: true },
  { name: 'ringbuf', constant: 'BPF_MAP_TYPE_RINGBUF', id: 13, kind: 'ringbuf', zeroKey: true, zeroValue: true },
  { name: 'perf_event_array', constant: 'BPF_MAP_TYPE_PERF_EVENT_ARRAY', id: 14, kind: 'perf_event_array', zeroKey: true, zeroValue: true },
  { name: 'sample_hash_map', constant: 'BPF_MAP_TYPE_SAMPLE_HASH_MAP', id: 15, kind: 'custom' },
  { name: 'xskmap', constant: 'BPF_MAP_TYPE_XSKMAP', id: 16, kind: 'xskmap' },
];
