import { describe, expect, it } from 'vitest';
import type { ExecutionHost } from '../../src/engine/engine.ts';
import { ExecutionFault } from '../../src/engine/engine.ts';
import { createJit } from '../../src/engine/jit/jit.ts';
import { type LookupLayout, mapLookup } from '../../src/engine/jit/map-lookup.ts';
import type { Instruction } from '../../src/isa/instruction.ts';
import { assemble } from '../../src/isa/parse-conformance.ts';
import { createHost, DATA, executable } from './jit-fixture.ts';

const DESCRIPTOR = DATA + 0x1000;
const BUCKETS = DATA + 0x1100;
const ENTRIES = DATA + 0x2000;
const MASK = 3;
const SEED = 0x5bd1_e995;

/** r0 = lookup(map, key at DATA), and the helper must not have been called. */
function lookUp(host: ExecutionHost, layout: LookupLayout, key = DATA): bigint {
  const instructions: (Instruction | undefined)[] = [
    ...assemble('mov %r2, %r1'),
    { kind: 'lddw', dst: 1, source: 'map_fd', low: 0, high: 0 },
    undefined,
    ...assemble('call 1\nexit'),
  ];
  const helper = { id: 1, name: 'bpf_map_lookup_elem', parameters: ['u32', 'u32'], result: 'u32', call: () => 1 } as const;
  const program = executable(instructions, { helpers: new Map([[1, helper]]), resolve: () => BigInt(DESCRIPTOR) });
  const inlineHelpers = new Map([[1, mapLookup((handle) => (handle === DESCRIPTOR ? layout : undefined))]]);
  return createJit({ inlineHelpers }).compile(program, host).run(key);
}

function hashOf(key: Uint8Array): number {
  let hash = SEED;
  for (let at = 0; at < key.length; at += 4) {
    let word = 0;
    for (let index = 3; index >= 0; index--) word = (word << 8) | (key[at + index] ?? 0);
    hash = Math.imul(hash ^ word, 0x9e37_79b1);
    hash ^= hash >>> 15;
  }
  return hash >>> 0;
}

/** A map of the given keys in the documented layout; returns the address of each value. */
function buildHash(host: ExecutionHost, keys: readonly Uint8Array[]): Map<Uint8Array, number> {
  const view = new DataView(host.memory.buffer);
  view.setUint32(DESCRIPTOR + 24, BUCKETS, true);
  view.setUint32(DESCRIPTOR + 28, MASK, true);
  const valueOffset = 8 + Math.ceil(keys[0]!.length / 8) * 8;
  return new Map(
    keys.map((key, index) => {
      const entry = ENTRIES + index * 128;
      const bucket = BUCKETS + 4 * (hashOf(key) & MASK);
      view.setUint32(entry, view.getUint32(bucket, true), true);
      view.setUint32(entry + 4, hashOf(key), true);
      new Uint8Array(host.memory.buffer).set(key, entry + 8);
      view.setUint32(bucket, entry, true);
      return [key, entry + valueOffset];
    }),
  );
}

describe('inlined map lookups', () => {
  const array = { kind: 'array', base: ENTRIES, stride: 24, maxEntries: 5, cpuStride: 0 } as const;
  it.each([
    [0, BigInt(ENTRIES)],
    [4, BigInt(ENTRIES + 96)],
    [5, 0n],
    [0xffff_ffff, 0n],
  ])('find array element %i', (index, want) => {
    const host = createHost();
    new DataView(host.memory.buffer).setUint32(DATA, index, true);
    expect(lookUp(host, array)).toBe(want);
  });

  it.each([1, 2, 3, 4, 5, 6, 7, 8, 12, 13, 16, 20, 23, 40, 64])('find keys of %i bytes, and only those', (size) => {
    const host = createHost();
    const keys = Array.from({ length: 20 }, (_, index) => Uint8Array.from({ length: size }, (_, at) => (at === size - 1 ? index : at * 7)));
    const values = buildHash(host, keys.slice(0, 15));
    const layout: LookupLayout = {
      kind: 'hash',
      descriptor: DESCRIPTOR,
      keySize: size,
      keyOffset: 8,
      valueOffset: 8 + Math.ceil(size / 8) * 8,
      seed: SEED,
      cpuStride: 0,
    };
    const bytes = new Uint8Array(host.memory.buffer);
    for (const key of keys) {
      // What follows the key must not matter.
      bytes.fill(0xee, DATA, DATA + 128);
      bytes.set(key, DATA);
      expect(lookUp(host, layout)).toBe(BigInt(values.get(key) ?? 0));
    }
    expect(() => lookUp(host, layout, 0)).toThrow(ExecutionFault);
  });

  it.each([undefined, { kind: 'opaque' } as const, { ...array, cpuStride: 8 }])('are left to the helper for %j', (layout) => {
    expect(lookUp(createHost(), layout)).toBe(1n);
  });
});
