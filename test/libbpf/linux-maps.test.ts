import { describe, expect, it } from 'vitest';
import { BPF_COMMANDS, createLibbpf, type Libbpf } from '../../src/index.ts';
import { loadObject } from '../../src/object/load.ts';
import { testRuntime } from '../runtime/runtime-fixture.ts';

const { MAP_CREATE, MAP_LOOKUP_ELEM, MAP_UPDATE_ELEM, MAP_DELETE_ELEM, MAP_GET_NEXT_KEY, MAP_LOOKUP_AND_DELETE_ELEM } = BPF_COMMANDS;

const open = () => createLibbpf({ runtime: testRuntime('linux'), parseObject: (bytes, path) => loadObject(bytes, path) });

type Definition = readonly [key: number, value: number, entries: number, flags: number];

/** The calls whose errors a row lists, each on a map of its own: key 1 is within bounds and not there, key 9 is out of bounds. */
const calls: readonly { readonly command: number; readonly key?: number; readonly flags?: number }[] = [
  { command: MAP_LOOKUP_ELEM, key: 1 },
  { command: MAP_LOOKUP_ELEM, key: 9 },
  { command: MAP_DELETE_ELEM, key: 1 },
  { command: MAP_DELETE_ELEM, key: 9 },
  { command: MAP_LOOKUP_AND_DELETE_ELEM, key: 1 },
  { command: MAP_GET_NEXT_KEY },
  { command: MAP_GET_NEXT_KEY, key: 1 },
  { command: MAP_GET_NEXT_KEY, key: 9 },
  ...[0, 1, 2, 3, 4, 8, 2 ** 32].map((flags) => ({ command: MAP_UPDATE_ELEM, key: 1, flags })),
  { command: MAP_UPDATE_ELEM, key: 9 },
];

/**
 * What Linux 6.18 answers to the calls above on an empty map of 3 elements, with a value of zeros; as errno, 0 for success. Where the value is a
 * descriptor it is one of nothing (EBADF).
 */
const rows: readonly [type: string, Definition, errors: string][] = [
  ['hash', [4, 8, 3, 0], '2 2 2 2 2 2 2 2 0 0 2 22 22 22 22 0'],
  ['array', [4, 8, 3, 0], '0 2 22 22 524 0 0 0 0 17 0 22 22 22 22 7'],
  ['prog_array', [4, 4, 3, 0], '2 2 2 7 524 0 0 0 9 22 22 22 22 22 22 7'],
  ['perf_event_array', [4, 4, 3, 0], '524 524 2 7 524 0 0 0 9 22 22 22 22 22 22 7'],
  ['percpu_hash', [4, 8, 3, 0], '2 2 2 2 2 2 2 2 0 0 2 22 22 22 22 0'],
  ['percpu_array', [4, 8, 3, 0], '0 2 22 22 524 0 0 0 0 17 0 22 22 22 22 7'],
  ['stack_trace', [4, 8, 3, 0], '2 2 2 7 2 2 2 2 22 22 22 22 22 22 22 22'],
  ['lru_hash', [4, 8, 3, 0], '2 2 2 2 2 2 2 2 0 0 2 22 22 22 22 0'],
  ['lru_percpu_hash', [4, 8, 3, 0], '2 2 2 2 2 2 2 2 0 0 2 22 22 22 22 0'],
  ['lpm_trie', [8, 8, 3, 1], '2 2 2 2 524 2 2 2 0 0 2 22 22 22 22 0'],
  ['array_of_maps', [4, 4, 3, 0], '2 2 2 7 524 0 0 0 9 22 22 22 22 22 22 7'],
  ['hash_of_maps', [4, 4, 3, 0], '2 2 2 2 524 2 2 2 9 9 9 9 22 9 9 9'],
  ['devmap', [4, 4, 3, 0], '2 2 0 22 524 0 0 0 0 17 0 22 22 22 22 7'],
  ['cpumap', [4, 4, 3, 0], '2 2 0 22 524 0 0 0 0 17 0 22 22 22 22 7'],
  ['cgroup_storage', [16, 8, 0, 0], '2 2 22 22 524 2 2 2 2 22 2 22 22 22 22 2'],
  ['percpu_cgroup_storage', [16, 8, 0, 0], '2 2 22 22 524 2 2 2 2 22 2 22 22 22 22 2'],
  ['queue', [0, 8, 3, 0], '2 2 22 22 2 22 22 22 0 22 0 22 22 22 22 0'],
  ['stack', [0, 8, 3, 0], '2 2 22 22 2 22 22 22 0 22 0 22 22 22 22 0'],
  ['devmap_hash', [4, 4, 3, 0], '2 2 2 2 524 2 2 2 22 22 22 22 22 22 22 22'],
  ['ringbuf', [0, 0, 4096, 0], '524 524 524 524 524 524 524 524 524 524 524 524 22 524 524 524'],
  ['bloom_filter', [0, 8, 3, 0], '2 2 95 95 524 95 95 95 0 22 22 22 22 22 22 0'],
  ['arena', [0, 0, 4, 1024], '22 22 95 95 524 95 95 95 95 95 95 95 22 95 95 95'],
];

async function create(libbpf: Libbpf, type: string, [key_size, value_size, max_entries, map_flags]: Definition): Promise<number> {
  const make = (name: string, attributes: object) =>
    libbpf.bpf(MAP_CREATE, { map_type: testRuntime('linux').platform.mapTypes.find((row) => row.name === name)!.id, ...attributes });
  const inner = type.endsWith('_of_maps') ? await make('array', { key_size: 4, value_size: 8, max_entries: 2 }) : 0;
  return make(type, { key_size, value_size, max_entries, map_flags, ...(inner === 0 ? {} : { inner_map_fd: inner }) });
}

describe('errors of map calls on Linux', () => {
  it.each(rows)('%s', async (type, definition, errors) => {
    const [keySize, valueSize] = definition;
    const answers = [];
    for (const { command, key, flags = 0 } of calls) {
      const libbpf = open();
      const map_fd = await create(libbpf, type, definition);
      const bytes = new Uint8Array(keySize);
      if (key !== undefined) bytes[0] = key;
      const cpus = type.startsWith('percpu_') || type === 'lru_percpu_hash' ? 4 : 1;
      answers.push(
        await libbpf.bpf(command, {
          map_fd,
          ...(key === undefined || keySize === 0 ? {} : { key: bytes }),
          value: new Uint8Array(valueSize * cpus),
          next_key: new Uint8Array(keySize),
          flags,
        }),
      );
    }
    expect(answers.map((answer) => -answer + 0).join(' ')).toBe(errors);
  });

  it('a map can be frozen once, and is then written by programs alone', async () => {
    const libbpf = open();
    const map_fd = await create(libbpf, 'hash', [4, 8, 2, 0]);
    const element = { map_fd, key: new Uint8Array(4), value: new Uint8Array(8) };
    expect([libbpf.bpf_map_freeze(map_fd), libbpf.bpf_map_freeze(map_fd)]).toEqual([0, -1]);
    const written = [MAP_UPDATE_ELEM, MAP_DELETE_ELEM, MAP_LOOKUP_AND_DELETE_ELEM].map((command) => libbpf.bpf(command, element));
    expect(await Promise.all(written)).toEqual([-1, -1, -1]);
    expect(await libbpf.bpf(MAP_LOOKUP_ELEM, element)).toBe(-2);
  });

  it('BPF_F_RDONLY and BPF_F_WRONLY limit the descriptor, not the map', async () => {
    const answers = [];
    for (const flags of [8, 16]) {
      const libbpf = open();
      const made = await create(libbpf, 'hash', [4, 8, 2, flags]);
      const next = { next_id: 0 };
      await libbpf.bpf(BPF_COMMANDS.MAP_GET_NEXT_ID, next);
      const second = libbpf.bpf_map_get_fd_by_id(next.next_id);
      for (const map_fd of [made, second]) {
        const element = { map_fd, key: new Uint8Array(4), value: new Uint8Array(8) };
        answers.push(await libbpf.bpf(MAP_UPDATE_ELEM, element), await libbpf.bpf(MAP_LOOKUP_ELEM, element));
      }
    }
    expect(answers).toEqual([-1, -2, 0, 0, 0, -1, 0, 0]);
  });

  it('a bloom filter is asked with the value', async () => {
    const libbpf = open();
    const map_fd = await create(libbpf, 'bloom_filter', [0, 4, 100, 0]);
    const ask = (value: number) => libbpf.bpf(MAP_LOOKUP_ELEM, { map_fd, value: Uint8Array.of(value, 0, 0, 0) });
    expect(await libbpf.bpf(MAP_UPDATE_ELEM, { map_fd, value: Uint8Array.of(7, 0, 0, 0) })).toBe(0);
    expect([await ask(7), await ask(8)]).toEqual([0, -2]);
  });
});

describe('eBPF for Windows', () => {
  it('knows no flags of maps', async () => {
    const libbpf = createLibbpf({ runtime: testRuntime('windows'), parseObject: (bytes, path) => loadObject(bytes, path) });
    const made = [0, 1].map((map_flags) => libbpf.bpf(MAP_CREATE, { map_type: 1, key_size: 4, value_size: 4, max_entries: 2, map_flags }));
    const [plain, flagged] = await Promise.all(made);
    expect([plain! > 0, flagged]).toEqual([true, -22]);
  });
});
