import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sampleHashProvider } from '../../src/runtime/maps/custom.ts';
import { templateOf } from '../../src/runtime/maps/map-of-maps.ts';
import type { PerfEventArrayMap } from '../../src/runtime/maps/perf-event-array.ts';
import type { ProgramArrayMap } from '../../src/runtime/maps/program-array.ts';
import { BUSY_BIT, DISCARD_BIT } from '../../src/runtime/maps/ring.ts';
import type { RingBufferMap } from '../../src/runtime/maps/ringbuf.ts';
import { mapBench, outcome, toU32, u32 } from './map-fixture.ts';

const none = new Uint8Array(0);

describe('creation', () => {
  const rows: readonly [string, number, number, number, string, string][] = [
    ['hash', 0, 4, 1, 'EBPF_INVALID_ARGUMENT/22', 'EBPF_INVALID_ARGUMENT/22'],
    ['hash', 4, 0, 1, 'EBPF_INVALID_ARGUMENT/22', 'EBPF_INVALID_ARGUMENT/22'],
    ['hash', 4, 4, 0, 'EBPF_INVALID_ARGUMENT/22', 'EBPF_INVALID_ARGUMENT/22'],
    ['array', 8, 4, 1, 'EBPF_INVALID_ARGUMENT/22', 'EBPF_INVALID_ARGUMENT/22'],
    ['queue', 4, 4, 1, 'EBPF_INVALID_ARGUMENT/22', 'EBPF_INVALID_ARGUMENT/22'],
    ['queue', 0, 4, 1, 'ok', 'ok'],
    ['ringbuf', 0, 0, 4096, 'ok', 'ok'],
    ['ringbuf', 0, 0, 1000, 'EBPF_INVALID_ARGUMENT/22', 'EBPF_INVALID_ARGUMENT/22'],
    ['ringbuf', 0, 4, 4096, 'EBPF_INVALID_ARGUMENT/22', 'EBPF_INVALID_ARGUMENT/22'],
    ['lpm_trie', 3, 4, 1, 'EBPF_INVALID_ARGUMENT/22', 'EBPF_INVALID_ARGUMENT/22'],
    ['prog_array', 4, 8, 1, 'EBPF_INVALID_ARGUMENT/22', 'EBPF_INVALID_ARGUMENT/22'],
    ['array_of_maps', 4, 4, 1, 'EBPF_INVALID_FD/9', 'EBPF_INVALID_FD/9'],
    ['hash_of_maps', 4, 4, 1, 'EBPF_INVALID_FD/9', 'EBPF_INVALID_FD/9'],
    ['array', 4, 0x4000_0000, 0x4000_0000, 'EBPF_INVALID_ARGUMENT/22', 'EBPF_INVALID_ARGUMENT/22'],
  ];
  it.each(rows)('%s key %d value %d entries %d', (type, key, value, entries, onWindows, onLinux) => {
    expect(outcome(() => mapBench('windows').make(type, key, value, entries))).toBe(onWindows);
    expect(outcome(() => mapBench('linux').make(type, key, value, entries))).toBe(onLinux);
  });

  it('limits names', () => {
    expect(outcome(() => mapBench('windows').make('hash', 4, 4, 1, { name: 'n'.repeat(64) }))).toBe('EBPF_INVALID_ARGUMENT/22');
    expect(outcome(() => mapBench('windows').make('hash', 4, 4, 1, { name: 'n'.repeat(63) }))).toBe('ok');
  });

  it('gives all memory back', () => {
    const bench = mapBench('windows');
    const before = bench.environment.memory.used;
    for (const [type, key, value, entries] of [
      ['hash', 4, 4, 100],
      ['lru_hash', 4, 4, 5],
      ['array', 4, 100, 50],
      ['queue', 0, 4, 5],
      ['ringbuf', 0, 0, 4096],
      ['lpm_trie', 8, 4, 5],
      ['percpu_hash', 4, 12, 5],
    ] as const) {
      const map = bench.make(type, key, value, entries);
      if (key === 4 && type !== 'array') for (let index = 0; index < 200; index++) map.update(u32(index), new Uint8Array(map.userValueSize));
      map.destroy();
    }
    expect(bench.environment.memory.used).toBe(before);
  });
});

describe('operations and their codes', () => {
  it('array', () => {
    const rows = [
      ['windows', 'EBPF_INVALID_ARGUMENT/22', 'EBPF_INVALID_ARGUMENT/22', 'ok'],
      ['linux', 'EBPF_OUT_OF_SPACE/7', 'EBPF_OBJECT_ALREADY_EXISTS/17', 'EBPF_INVALID_ARGUMENT/22'],
    ] as const;
    for (const [platform, beyond, noExist, remove] of rows) {
      const map = mapBench(platform).make('array', 4, 4, 10);
      expect(map.lookup(u32(9))).toEqual(u32(0));
      expect(map.lookup(u32(10))).toBeUndefined();
      expect(outcome(() => map.update(u32(10), u32(1)))).toBe(beyond);
      expect(outcome(() => map.update(u32(1), u32(1), 1))).toBe(noExist);
      expect(outcome(() => map.update(u32(1), u32(7), 2))).toBe('ok');
      expect(outcome(() => map.update(u32(1), u32(7), 9))).toBe('EBPF_INVALID_ARGUMENT/22');
      expect(outcome(() => map.delete(u32(1)))).toBe(remove);
      expect(toU32(map.lookup(u32(1)))).toBe(remove === 'ok' ? 0 : 7);
      expect(outcome(() => map.lookup(none))).toBe('EBPF_INVALID_ARGUMENT/22');
      expect(outcome(() => map.update(u32(0), none))).toBe('EBPF_INVALID_ARGUMENT/22');
      expect([...map.entries()]).toHaveLength(10);
    }
  });

  it('hash', () => {
    for (const [platform, full, exists, absent] of [
      ['windows', 'ok', 'EBPF_OBJECT_ALREADY_EXISTS/17', 'EBPF_KEY_NOT_FOUND/2'],
      ['linux', 'EBPF_OUT_OF_SPACE/7', 'EBPF_OBJECT_ALREADY_EXISTS/17', 'EBPF_OBJECT_NOT_FOUND/2'],
    ] as const) {
      const map = mapBench(platform).make('hash', 4, 4, 2);
      expect(outcome(() => map.update(u32(1), u32(1), 2))).toBe(absent);
      map.update(u32(1), u32(1), 1);
      expect(outcome(() => map.update(u32(1), u32(2), 1))).toBe(exists);
      map.update(u32(2), u32(2));
      expect(outcome(() => map.update(u32(3), u32(3)))).toBe(full);
      expect(map.delete(u32(9))).toBe(false);
      expect(map.lookupAndDelete(u32(1))).toEqual(u32(1));
      expect(map.lookupAndDelete(u32(1))).toBeUndefined();
    }
  });

  it('program-side codes are negative ebpf_result_t or errno', () => {
    for (const [platform, codes] of [
      ['windows', { remove: -19, exists: -8, absent: -19, beyond: -6, pop: -7, full: -29 }],
      ['linux', { remove: -2, exists: -17, absent: -2, beyond: -7, pop: -2, full: -7 }],
    ] as const) {
      const bench = mapBench(platform);
      const hash = bench.make('hash', 4, 4, 4);
      const array = bench.make('array', 4, 4, 4);
      const queue = bench.make('queue', 0, 4, 1);
      const key = bench.place(u32(4));
      const value = bench.place(u32(5));
      expect(hash.programDelete(key)).toBe(codes.remove);
      expect(hash.programUpdate(key, value, 2)).toBe(codes.absent);
      expect(hash.programUpdate(key, value, 0)).toBe(0);
      expect(hash.programUpdate(key, value, 1)).toBe(codes.exists);
      expect(bench.environment.memory.view.getUint32(hash.programLookup(key), true)).toBe(5);
      expect(array.programUpdate(key, value, 0)).toBe(codes.beyond);
      expect(array.programLookup(key)).toBe(0);
      expect(queue.take(value, true)).toBe(codes.pop);
      expect(queue.push(value, 0)).toBe(0);
      expect(queue.push(value, 0)).toBe(codes.full);
    }
  });

  it('frozen and read-only maps', () => {
    const bench = mapBench('linux');
    const map = bench.make('hash', 4, 4, 4);
    map.freeze();
    expect(outcome(() => map.update(u32(1), u32(1)))).toBe('EBPF_ACCESS_DENIED/1');
    expect(map.programUpdate(bench.place(u32(1)), bench.place(u32(1)), 0)).toBe(0);
    const readOnly = bench.make('hash', 4, 4, 4, { flags: 1 << 7 });
    expect(readOnly.programUpdate(bench.place(u32(1)), bench.place(u32(1)), 0)).toBe(-1);
  });

  it('get_next_key with an unknown key ends on Windows and starts over on Linux', () => {
    for (const [platform, expected] of [
      ['windows', undefined],
      ['linux', u32(1)],
    ] as const) {
      const map = mapBench(platform).make('hash', 4, 4, 4);
      map.update(u32(1), u32(1));
      expect(map.nextKey(u32(77))).toEqual(expected);
      expect(map.nextKey(u32(1))).toBeUndefined();
    }
  });

  it('batches', () => {
    const map = mapBench('windows').make('hash', 4, 4, 100);
    for (let index = 0; index < 50; index++) map.update(u32(index), u32(index * 2));
    const first = map.batch(undefined, 30);
    expect(first.more).toBe(true);
    const second = map.batch(first.entries.at(-1)!.key, 30, true);
    expect(second.more).toBe(false);
    expect(new Set([...first.entries, ...second.entries].map((entry) => toU32(entry.key))).size).toBe(50);
    expect(map.count).toBe(30);
  });
});

describe('per-CPU maps', () => {
  it.each(['percpu_hash', 'percpu_array', 'lru_percpu_hash'])('%s: programs see one value, users all, rounded to 8', (type) => {
    const bench = mapBench('windows', 3);
    const map = bench.make(type, 4, 12, 5);
    expect(map.userValueSize).toBe(48);
    const key = bench.place(u32(1));
    bench.cpu = 2;
    expect(map.programUpdate(key, bench.place(Uint8Array.from({ length: 12 }, () => 9)), 0)).toBe(0);
    const all = map.lookup(u32(1))!;
    expect([...all.subarray(32, 44)]).toEqual(Array(12).fill(9));
    expect(all.subarray(0, 32).every((byte) => byte === 0)).toBe(true);
    bench.cpu = 1;
    expect(bench.environment.memory.bytes[map.programLookup(key)]).toBe(0);
    expect(outcome(() => map.update(u32(1), new Uint8Array(12)))).toBe('EBPF_INVALID_ARGUMENT/22');
  });
});

describe('the semantics that map.c documents', () => {
  it.each(['queue', 'stack'])('%s', (type) => {
    const bench = mapBench('windows');
    const map = bench.make(type, 0, 4, 10);
    const cell = bench.place(u32(0));
    const push = (value: number, flags: number) => {
      bench.environment.memory.write(cell, u32(value));
      return map.push(cell, flags);
    };
    const take = (remove: boolean) => {
      bench.environment.memory.write(cell, u32(0));
      return [map.take(cell, remove), bench.environment.memory.view.getUint32(cell, true)];
    };
    expect([take(false), take(true)]).toEqual([
      [-7, 0],
      [-7, 0],
    ]);
    for (let value = 0; value < 10; value++) expect(push(value, 0)).toBe(0);
    expect(push(10, 0)).toBe(-29);
    expect(push(10, 2)).toBe(0);
    expect(take(false)).toEqual([0, type === 'stack' ? 10 : 1]);
    for (let index = 0; index < 10; index++) expect(take(true)).toEqual([0, type === 'stack' ? 10 - index : index + 1]);
    expect([take(false), take(true)]).toEqual([
      [-7, 0],
      [-7, 0],
    ]);
  });

  it.each(['lru_hash', 'lru_percpu_hash'])('%s takes capacity + 1 entries', (type) => {
    const map = mapBench('windows').make(type, 4, 4, 10);
    for (let key = 0; key < 11; key++) map.update(u32(key), new Uint8Array(map.userValueSize));
    expect(map.count).toBe(10);
  });
});

describe('LRU', () => {
  it('evicts the entry that programs have not used for longest; user reads do not refresh', () => {
    const bench = mapBench('windows', 1);
    const map = bench.make('lru_hash', 4, 4, 4);
    for (let key = 0; key < 4; key++) map.update(u32(key), u32(key));
    map.programLookup(bench.place(u32(0)));
    map.lookup(u32(1));
    map.update(u32(4), u32(4));
    expect([0, 1, 2, 3, 4].filter((key) => map.lookup(u32(key)) !== undefined)).toEqual([0, 2, 3, 4]);
  });

  it('stays bounded and keeps its newest entry, on several CPUs', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 12 }),
        fc.integer({ min: 1, max: 9 }),
        fc.array(fc.record({ key: fc.nat(30), cpu: fc.nat(8), read: fc.boolean() }), { maxLength: 200 }),
        (capacity, cpus, steps) => {
          const bench = mapBench('windows', cpus);
          const map = bench.make('lru_hash', 4, 4, capacity);
          const key = bench.place(u32(0));
          for (const step of steps) {
            bench.cpu = step.cpu % cpus;
            bench.environment.memory.write(key, u32(step.key));
            if (step.read) map.programLookup(key);
            else {
              if (map.programUpdate(key, key, 0) !== 0 || map.lookup(u32(step.key)) === undefined) return false;
            }
            if (map.count > capacity) return false;
          }
          return [...map.entries()].length === map.count;
        },
      ),
      { numRuns: 200 },
    );
  });
});

describe('hash against a plain Map', () => {
  it.each([1, 3, 4, 6, 8, 13])('key size %d', (keySize) => {
    const operation = fc.record({
      kind: fc.constantFrom('update', 'delete', 'lookup', 'insert', 'replace', 'take'),
      key: fc.nat(40),
      value: fc.nat(255),
    });
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 150 }), (operations) => {
        const map = mapBench('windows').make('hash', keySize, 5, 10);
        const model = new Map<string, number>();
        for (const { kind, key, value } of operations) {
          const bytes = Uint8Array.from({ length: keySize }, (_, index) => (index === keySize - 1 ? key : key % 3));
          const name = bytes.join();
          const content = new Uint8Array(5).fill(value);
          if (kind === 'update') {
            map.update(bytes, content);
            model.set(name, value);
          } else if (kind === 'delete') {
            if (map.delete(bytes) !== model.delete(name)) return false;
          } else if (kind === 'take') {
            if (map.lookupAndDelete(bytes)?.[0] !== model.get(name)) return false;
            model.delete(name);
          } else if (kind === 'lookup') {
            if (map.lookup(bytes)?.[4] !== model.get(name)) return false;
          } else {
            const allowed = model.has(name) === (kind === 'replace');
            if ((outcome(() => map.update(bytes, content, kind === 'insert' ? 1 : 2)) === 'ok') !== allowed) return false;
            if (allowed) model.set(name, value);
          }
        }
        const seen = new Map([...map.entries()].map((entry) => [entry.key.join(), entry.value[0]]));
        return map.count === model.size && seen.size === model.size && [...model].every(([key, value]) => seen.get(key) === value);
      }),
      { numRuns: 100 },
    );
  });

  it('holds a million entries', () => {
    const bench = mapBench('windows');
    const map = bench.make('hash', 4, 8, 1_000_000);
    const key = bench.place(u32(0));
    const value = bench.place(new Uint8Array(8));
    const { memory } = bench.environment;
    for (let index = 0; index < 1_000_000; index++) {
      memory.view.setUint32(key, index, true);
      memory.view.setUint32(value, index ^ 0x5555, true);
      map.programUpdate(key, value, 0);
    }
    expect(map.count).toBe(1_000_000);
    for (const probe of [0, 1, 499_999, 999_999]) expect(toU32(map.lookup(u32(probe)))).toBe(probe ^ 0x5555);
    expect(map.lookup(u32(1_000_000))).toBeUndefined();
  });
});

describe('LPM trie', () => {
  const key = (text: string) => {
    const [address, length] = text.split('/');
    return Uint8Array.from([...u32(Number(length)), ...address!.split('.').map(Number)]);
  };
  it('finds the longest prefix, refuses lengths beyond the key', () => {
    const map = mapBench('windows').make('lpm_trie', 8, 4, 10);
    map.update(key('10.0.0.0/8'), u32(8));
    map.update(key('10.1.0.0/16'), u32(16));
    map.update(key('10.1.2.128/25'), u32(25));
    map.update(key('0.0.0.0/0'), u32(100));
    const rows: readonly [string, number | undefined][] = [
      ['10.1.2.200/32', 25],
      ['10.1.2.100/32', 16],
      ['10.9.9.9/32', 8],
      ['11.0.0.0/32', 100],
      ['10.1.2.200/20', 16],
      ['10.1.2.200/7', 100],
    ];
    for (const [address, value] of rows) expect([address, toU32(map.lookup(key(address)))]).toEqual([address, value]);
    expect(outcome(() => map.update(key('1.1.1.1/33'), u32(1)))).toBe('EBPF_INVALID_ARGUMENT/22');
    expect(outcome(() => map.lookupAndDelete(key('10.0.0.0/8')))).toBe('EBPF_INVALID_ARGUMENT/22');
    expect(map.delete(key('10.1.255.255/16'))).toBe(true);
    expect(toU32(map.lookup(key('10.1.2.100/32')))).toBe(8);
    expect(map.delete(key('10.1.0.0/16'))).toBe(false);
  });
  it('agrees with a scan over all prefixes', () => {
    const prefix = fc.record({ length: fc.nat(16), data: fc.tuple(fc.nat(255), fc.nat(3)) });
    fc.assert(
      fc.property(fc.array(prefix, { maxLength: 30 }), fc.array(prefix, { maxLength: 30 }), (stored, probes) => {
        const map = mapBench('linux').make('lpm_trie', 6, 4, 100, { flags: 1 });
        const bits = (data: readonly number[]) => data.map((byte) => byte.toString(2).padStart(8, '0')).join('');
        const model = new Map<string, number>();
        for (const [index, { length, data }] of stored.entries()) {
          map.update(Uint8Array.from([...u32(length), ...data]), u32(index));
          model.set(bits(data).slice(0, length), index);
        }
        return probes.every(({ length, data }) => {
          let expected: number | undefined;
          for (let size = 0; size <= length; size++) expected = model.get(bits(data).slice(0, size)) ?? expected;
          return toU32(map.lookup(Uint8Array.from([...u32(length), ...data]))) === expected;
        });
      }),
      { numRuns: 150 },
    );
  });
});

describe('maps of objects', () => {
  it('map-of-maps checks the template and yields the inner map', () => {
    for (const [platform, error] of [
      ['windows', 'EBPF_INVALID_OBJECT/22'],
      ['linux', 'EBPF_INVALID_ARGUMENT/22'],
    ] as const) {
      for (const type of ['array_of_maps', 'hash_of_maps']) {
        const bench = mapBench(platform);
        const inner = bench.make('array', 4, 4, 3);
        const wrong = bench.make('array', 4, 8, 3);
        const outer = bench.make(type, 4, 4, 2, { template: templateOf(inner) });
        expect(outcome(() => outer.update(u32(0), u32(wrong.id)))).toBe(error);
        expect(outcome(() => outer.update(u32(0), u32(99)))).toBe('EBPF_INVALID_FD/9');
        outer.update(u32(0), u32(inner.id));
        expect(bench.held).toEqual([inner.id]);
        expect(toU32(outer.lookup(u32(0)))).toBe(inner.id);
        expect(outer.programLookup(bench.place(u32(0)))).toBe(inner.handle);
        expect(outer.programLookup(bench.place(u32(1)))).toBe(0);
        expect(outer.lookup(u32(1))).toBeUndefined();
        expect(outer.delete(u32(0))).toBe(true);
        expect(bench.held).toEqual([]);
      }
    }
  });

  it('a program array takes one program type', () => {
    const bench = mapBench('windows');
    bench.programs.set(70, 'xdp').set(71, 'bind').set(72, 'xdp');
    const map = bench.make('prog_array', 4, 4, 4) as ProgramArrayMap;
    map.update(u32(1), u32(70));
    expect(outcome(() => map.update(u32(2), u32(71)))).toBe('EBPF_INVALID_FD/9');
    map.update(u32(1), u32(72));
    expect(bench.held).toEqual([72]);
    expect([map.idAt(1), map.idAt(0), map.idAt(99)]).toEqual([72, 0, 0]);
    expect(map.programLookup()).toBe(0);
    map.userReleased();
    expect(bench.held).toEqual([72]);
    map.clear();
    expect(bench.held).toEqual([]);
  });
});

describe('ring buffer', () => {
  it('has the documented record format, skips discarded records, wraps without splitting', () => {
    const bench = mapBench('windows');
    const { memory } = bench.environment;
    const map = bench.make('ringbuf', 0, 0, 64) as RingBufferMap;
    const a = map.reserve(5, 0);
    expect(memory.words[(a - 8) >>> 2]).toBe((BUSY_BIT | 5) >>> 0);
    const b = map.reserve(8, 0);
    memory.bytes.fill(7, b, b + 8);
    map.finish(b, false);
    const seen: number[][] = [];
    expect(map.consume((record) => seen.push([...record]))).toBe(0);
    expect(map.finish(a, true)).toBe(true);
    expect(memory.words[(a - 8) >>> 2]).toBe((DISCARD_BIT | 5) >>> 0);
    expect(map.finish(a, true)).toBe(false);
    expect(map.consume((record) => seen.push([...record]))).toBe(1);
    expect(seen).toEqual([Array(8).fill(7)]);
    const data = bench.place(Uint8Array.from({ length: 40 }, (_, index) => index));
    expect(map.output(data, 40, 99)).toBe(0);
    expect(map.output(data, 16, 0)).toBe(-12);
    expect(map.output(data, 0, 0)).toBe(-6);
    expect(map.output(data, 64, 0)).toBe(-6);
    map.consume((record) => expect([...record]).toEqual(Array.from({ length: 40 }, (_, index) => index)));
    expect(map.query(1)).toBe(64);
  });

  it('yields records as they come', async () => {
    const map = mapBench('linux').make('ringbuf', 0, 0, 4096) as RingBufferMap;
    const abort = new AbortController();
    const got: number[] = [];
    const reader = (async () => {
      for await (const record of map.records(abort.signal)) {
        got.push(record[0]!);
        if (got.length === 3) abort.abort();
      }
    })();
    map.write(Uint8Array.of(1));
    await Promise.resolve();
    map.write(Uint8Array.of(2));
    await new Promise((resolve) => setTimeout(resolve, 1));
    map.write(Uint8Array.of(3));
    await reader;
    expect(got).toEqual([1, 2, 3]);
  });
});

describe('perf event array', () => {
  it('keeps a ring per CPU, appends context data, counts losses', () => {
    const bench = mapBench('windows', 2);
    const map = bench.make('perf_event_array', 0, 0, 64) as PerfEventArrayMap;
    const data = bench.place(Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8));
    const context = { start: data, end: data + 4 };
    expect(map.output(undefined, 0xffff_ffffn, data, 8)).toBe(0);
    expect(map.output(undefined, 1n, data, 8)).toBe(-6);
    expect(map.output(undefined, (2n << 32n) | 0xffff_ffffn, data, 8)).toBe(-18);
    expect(map.output(context, (5n << 32n) | 0xffff_ffffn, data, 8)).toBe(-6);
    expect(map.output(context, (4n << 32n) | 0xffff_ffffn, data, 8)).toBe(0);
    bench.cpu = 1;
    expect(map.output(context, 1n, data, 2)).toBe(0);
    const records: number[][] = [];
    map.consumeCpu(0, (record) => records.push([...record]));
    expect(records).toEqual([
      [1, 2, 3, 4, 5, 6, 7, 8],
      [1, 2, 3, 4, 5, 6, 7, 8, 1, 2, 3, 4],
    ]);
    expect(map.consume(() => undefined)).toBe(1);
    for (let index = 0; index < 5; index++) map.output(undefined, 1n, data, 8);
    expect(map.lost(1)).toBe(2);
  });
});

describe('custom maps and bloom filters', () => {
  it('need a provider', () => {
    expect(outcome(() => mapBench('windows').make('sample_hash_map', 4, 4, 1))).toBe('EBPF_OPERATION_NOT_SUPPORTED/95');
    const map = mapBench('windows').make('sample_hash_map', 4, 4, 1, { provider: sampleHashProvider });
    map.update(u32(1), u32(2));
    expect(toU32(map.lookup(u32(1)))).toBe(2);
  });
  it('a provider that rewrites values keeps programs out', () => {
    const bench = mapBench('windows');
    const map = bench.make('sample_hash_map', 4, 4, 1, {
      provider: {
        typeName: 'x',
        updatesOriginalValue: true,
        convertIn: (value) => value.map((byte) => byte ^ 255),
        convertOut: (value) => value.map((byte) => byte ^ 255),
      },
    });
    map.update(u32(1), u32(2));
    expect(toU32(map.lookup(u32(1)))).toBe(2);
    expect(map.programLookup(bench.place(u32(1)))).toBe(0);
  });
  it('a bloom filter never forgets', () => {
    const map = mapBench('linux').make('bloom_filter', 0, 4, 100) as unknown as {
      update(key: Uint8Array, value: Uint8Array): void;
      has(value: Uint8Array): boolean;
    };
    for (let index = 0; index < 100; index++) map.update(none, u32(index));
    expect(Array.from({ length: 100 }, (_, index) => map.has(u32(index))).every(Boolean)).toBe(true);
    expect(Array.from({ length: 1000 }, (_, index) => map.has(u32(index + 5000))).filter(Boolean).length).toBeLessThan(100);
  });
});

describe('flags that programs pass to arrays of Linux', () => {
  const rows: readonly [key: number, flags: number, errno: number][] = [
    [1, 4, 22],
    [1, 5, 17],
    [1, 6, 22],
    [1, 7, 22],
    [9, 4, 7],
    [9, 5, 7],
    [9, 7, 22],
    [9, 0xffff_ffff, 22],
    [1, 8, 22],
  ];
  it.each(rows)('key %d, flags %d: errno %d', (key, flags, errno) => {
    const { make, place } = mapBench('linux');
    const map = make('array', 4, 4, 2);
    expect(map.programUpdate(place(u32(key)), place(u32(7)), flags)).toBe(-errno);
  });
});
