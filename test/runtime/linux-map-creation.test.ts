import { describe, expect, it } from 'vitest';
import { templateOf } from '../../src/runtime/maps/map-of-maps.ts';
import { mapBench, outcome } from './map-fixture.ts';

const KEYS = [0, 1, 3, 4, 5, 8, 12, 16, 256, 260, 512, 513, 65536];
const VALUES = [0, 1, 3, 4, 8, 12, 16, 4096, 65536];
const ENTRIES = [0, 1, 2, 3, 4096, 8192, 4097];
const BITS = Array.from({ length: 31 }, (_, bit) => 1 << bit);
const ALL_KEYS = KEYS.slice(1);
const ALL_VALUES = VALUES.slice(1);
/** Without what a processor's part of memory cannot hold. */
const SMALL_VALUES = ALL_VALUES.slice(0, -1);
const ALL_ENTRIES = ENTRIES.slice(1);

type Definition = readonly [key: number, value: number, entries: number, flags: number];

/** What Linux 6.18 answers to BPF_MAP_CREATE: a definition that it takes, and with which one number each it still does. */
const rows: readonly [type: string, Definition, keys: readonly number[], values: readonly number[], entries: readonly number[], flags: number][] = [
  ['hash', [4, 8, 2, 0], ALL_KEYS, ALL_VALUES, ALL_ENTRIES, 0x1dd],
  ['array', [4, 8, 2, 0], [4], ALL_VALUES, ALL_ENTRIES, 0x159c],
  ['prog_array', [4, 4, 2, 0], [4], [4], ALL_ENTRIES, 0x1c],
  ['perf_event_array', [4, 4, 2, 0], [4], [4], ALL_ENTRIES, 0x81c],
  ['percpu_hash', [4, 8, 2, 0], ALL_KEYS, SMALL_VALUES, ALL_ENTRIES, 0x1d9],
  ['percpu_array', [4, 8, 2, 0], [4], SMALL_VALUES, ALL_ENTRIES, 0x198],
  ['stack_trace', [4, 8, 2, 0], [4], [8, 16], ALL_ENTRIES, 0x1c],
  ['cgroup_array', [4, 4, 2, 0], [4], [4], ALL_ENTRIES, 0x1c],
  ['lru_hash', [4, 8, 2, 0], ALL_KEYS, ALL_VALUES, ALL_ENTRIES, 0x1de],
  ['lru_percpu_hash', [4, 8, 2, 0], ALL_KEYS, SMALL_VALUES, ALL_ENTRIES, 0x1da],
  ['lpm_trie', [8, 8, 2, 1], [5, 8, 12, 16, 256, 260], ALL_VALUES, ALL_ENTRIES, 0x19d],
  ['array_of_maps', [4, 4, 2, 0], [4], [4], ALL_ENTRIES, 0x1c],
  ['hash_of_maps', [4, 4, 2, 0], ALL_KEYS, [4], ALL_ENTRIES, 0x1dd],
  ['devmap', [4, 4, 2, 0], [4], [4, 8], ALL_ENTRIES, 0x1c],
  ['sockmap', [4, 4, 2, 0], [4], [4, 8], ALL_ENTRIES, 0x1c],
  // More entries than the kernel was built for processors (CONFIG_NR_CPUS) are refused there.
  ['cpumap', [4, 4, 2, 0], [4], [4, 8], ALL_ENTRIES, 0x4],
  ['xskmap', [4, 4, 2, 0], [4], [4], ALL_ENTRIES, 0x1c],
  ['sockhash', [4, 4, 2, 0], [1, 3, 4, 5, 8, 12, 16, 256, 260, 512], [4, 8], ALL_ENTRIES, 0x1c],
  ['cgroup_storage', [16, 8, 0, 0], [8, 16], SMALL_VALUES, [0], 0x19c],
  ['reuseport_sockarray', [4, 8, 2, 0], [4], [4, 8], ALL_ENTRIES, 0x19c],
  ['percpu_cgroup_storage', [16, 8, 0, 0], [8, 16], SMALL_VALUES, [0], 0x19c],
  ['queue', [0, 8, 2, 0], [0], ALL_VALUES, ALL_ENTRIES, 0x19c],
  ['stack', [0, 8, 2, 0], [0], ALL_VALUES, ALL_ENTRIES, 0x19c],
  ['devmap_hash', [4, 4, 2, 0], [4], [4, 8], ALL_ENTRIES, 0x1c],
  ['ringbuf', [0, 0, 4096, 0], [0], [0], [4096, 8192], 0x4],
  ['bloom_filter', [0, 8, 2, 0], [0], ALL_VALUES, ALL_ENTRIES, 0x1dc],
  ['user_ringbuf', [0, 0, 4096, 0], [0], [0], [4096, 8192], 0x4],
  ['arena', [0, 0, 2, 1024], [0], [0], ALL_ENTRIES, 0x60400],
];

function accepts(type: string, [key, value, entries, flags]: Definition, extra?: number): boolean {
  const { make } = mapBench('linux');
  const inner = /_of_maps$/.test(type) ? { template: templateOf(make('array', 4, 8, 2)) } : {};
  return outcome(() => make(type, key, value, entries, { flags, ...inner, ...(extra === undefined ? {} : { extra }) })) === 'ok';
}

describe('what Linux takes', () => {
  it.each(rows)('%s', (type, [key, value, entries, flags], keys, values, counts, bits) => {
    expect(KEYS.filter((size) => accepts(type, [size, value, entries, flags]))).toEqual(keys);
    expect(VALUES.filter((size) => accepts(type, [key, size, entries, flags]))).toEqual(values);
    expect(ENTRIES.filter((count) => accepts(type, [key, value, count, flags])).sort((a, b) => a - b)).toEqual([...counts].sort((a, b) => a - b));
    // One bit at a time, added to those that have to be there.
    const taken = BITS.filter((bit) => accepts(type, [key, value, entries, flags | bit]));
    expect(taken.reduce((all, bit) => all | bit, 0)).toBe(bits);
  });

  const errors: readonly [what: string, type: string, Definition, extra: number | undefined, errno: number][] = [
    ['entries of an LRU map that are not reserved', 'lru_hash', [4, 8, 2, 1], undefined, 524],
    ['a value larger than a processor holds', 'percpu_array', [4, 65536, 2, 0], undefined, 7],
    ['a key too long for a socket hash', 'sockhash', [513, 4, 2, 0], undefined, 7],
    ['a stack that is no number of frames', 'stack_trace', [4, 12, 2, 0], undefined, 22],
    ['more frames than a stack has', 'stack_trace', [4, 1024, 2, 0], undefined, 22],
    ['a frame too short for a build id', 'stack_trace', [4, 8, 2, 32], undefined, 22],
    ['read-only and write-only at once', 'hash', [4, 8, 2, 8 | 16], undefined, 22],
    ['the same for programs', 'hash', [4, 8, 2, 128 | 256], undefined, 22],
    ['map_extra where nothing knows it', 'hash', [4, 8, 2, 0], 1, 22],
    ['more hashes than a bloom filter has', 'bloom_filter', [0, 8, 2, 0], 16, 22],
    ['an arena that does not begin at a page', 'arena', [0, 0, 2, 1024], 4095, 22],
    ['an arena of more than 4 GiB', 'arena', [0, 0, 2 ** 20 + 1, 1024], undefined, 7],
    ['an arena across a boundary of 4 GiB', 'arena', [0, 0, 2, 1024], 2 ** 32 - 4096, 34],
  ];
  it.each(errors)('%s is refused', (_, type, [key, value, entries, flags], extra, errno) => {
    const made = outcome(() => mapBench('linux').make(type, key, value, entries, { flags, ...(extra === undefined ? {} : { extra }) }));
    expect(String(made)).toMatch(new RegExp(`/${errno}$`));
  });
  it('names are letters, digits, underscores and dots', () => {
    const named = (name: string) => outcome(() => mapBench('linux').make('hash', 4, 8, 2, { name }));
    expect(['a.b_c', '', 'exactly15chars_'].map(named)).toEqual(['ok', 'ok', 'ok']);
    expect(['a b', 'a-b', 'ä', 'sixteen_letters_'].map(named)).toEqual(Array(4).fill('EBPF_INVALID_ARGUMENT/22'));
  });
  it('a refusal names the flags', () => {
    const { make } = mapBench('linux');
    expect(() => make('lpm_trie', 8, 8, 2)).toThrow('Cannot create map m: BPF_MAP_TYPE_LPM_TRIE needs BPF_F_NO_PREALLOC.');
    expect(() => make('array', 4, 8, 2, { flags: 1 | (1 << 25) })).toThrow('BPF_MAP_TYPE_ARRAY does not take BPF_F_NO_PREALLOC, 0x2000000.');
  });
});

describe('an arena', () => {
  it('has no elements', () => {
    const map = mapBench('linux').make('arena', 0, 0, 4, { flags: 1024 });
    const none = new Uint8Array(0);
    expect([map.count, [...map.entries()]]).toEqual([0, []]);
    expect([() => map.lookup(none), () => map.update(none, none), () => map.delete(none), () => map.nextKey(undefined)].map(outcome)).toEqual([
      'EBPF_INVALID_ARGUMENT/22',
      'EBPF_OPERATION_NOT_SUPPORTED/95',
      'EBPF_OPERATION_NOT_SUPPORTED/95',
      'EBPF_OPERATION_NOT_SUPPORTED/95',
    ]);
  });
});

describe('a bloom filter', () => {
  it('takes as many hashes as map_extra says', () => {
    const { make, place } = mapBench('linux');
    const bits = [1, 3, 15].map((extra) => {
      const map = make('bloom_filter', 0, 4, 1000, { extra });
      map.push(place(Uint8Array.of(1, 2, 3, 4)), 0);
      const [entry] = map.entries();
      return entry!.value.reduce((count, byte) => count + byte.toString(2).replaceAll('0', '').length, 0);
    });
    expect(bits).toEqual([1, 3, 15]);
  });
});
