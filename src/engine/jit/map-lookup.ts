import type { FunctionWriter } from './function-writer.ts';
import type { InlineCall, InlineHelper } from './inline-helper.ts';
import { I32, I64, OP } from './wasm.ts';

/** An array whose element i lies at `base + i * stride`, one value for all CPUs when `cpuStride` is 0. */
export interface ArrayLookup {
  readonly kind: 'array';
  readonly base: number;
  readonly stride: number;
  readonly maxEntries: number;
  readonly cpuStride: number;
}

/**
 * A hash map of chained entries, described by u32 fields in the memory at `descriptor`: the address of the bucket table (u32 addresses of
 * first entries, 0 for none) at 24 and the number of buckets less one at 28. An entry starts with the u32 address of the next one (or 0)
 * and the u32 hash of its key. Hash of a key: h = seed; for each of its little-endian u32 words w (the last one zero-padded)
 * h = (h ^ w) * 0x9e3779b1, h ^= h >>> 15.
 */
export interface HashLookup {
  readonly kind: 'hash';
  readonly descriptor: number;
  readonly keySize: number;
  readonly keyOffset: number;
  readonly valueOffset: number;
  readonly seed: number;
  readonly cpuStride: number;
}

/** How the map with a handle is searched; `opaque` or undefined: by its helper only. */
export type LookupLayout = ArrayLookup | HashLookup | { readonly kind: 'opaque' } | undefined;

const DESCRIPTOR_BUCKETS = 24;
const DESCRIPTOR_MASK = 28;
const ENTRY_NEXT = 0;
const ENTRY_HASH = 4;
const MULTIPLIER = 0x9e37_79b1;
const HASH_SHIFT = 15;
/** Longer keys are unrolled into more code than a call costs. */
const LONGEST_KEY = 64;

/**
 * bpf_map_lookup_elem(map, key) in place: arrays in a few instructions, hash maps with the search written out for their key size.
 * `layoutOf` is asked with the map handle where it is known when the program is translated.
 */
export function mapLookup(layoutOf: (handle: number) => LookupLayout): InlineHelper {
  return {
    expand: ({ constants }) => {
      const handle = constants[0];
      const layout = handle === undefined ? undefined : layoutOf(Number(handle));
      if (layout === undefined || layout.kind === 'opaque' || layout.cpuStride !== 0) return undefined;
      if (layout.kind === 'array') return (call) => lookUpArray(call, layout);
      return layout.keySize > LONGEST_KEY ? undefined : (call) => lookUpHash(call, layout);
    },
  };
}

function lookUpArray(call: InlineCall, layout: ArrayLookup): void {
  const { writer } = call;
  const index = writer.scratch(I32, 'map index');
  const offset = call.address(2, 0);
  call.mayTrap();
  writer.memory(OP.i32_load, offset);
  writer.tee(index);
  writer.i32(layout.maxEntries);
  writer.op(OP.i32_lt_u);
  writer.open(OP.if, I64);
  writer.get(index);
  writer.i32(layout.stride);
  writer.op(OP.i32_mul);
  writer.i32(layout.base);
  writer.op(OP.i32_add);
  writer.op(OP.i64_extend_i32_u);
  writer.else();
  writer.i64(0);
  writer.end();
}

/** Pieces of a key that are loaded at once: as few as there can be, none reaching beyond its end. */
function pieces(size: number, widest: 4 | 8): { readonly at: number; readonly size: 1 | 2 | 4 | 8 }[] {
  const list: { at: number; size: 1 | 2 | 4 | 8 }[] = [];
  for (let at = 0; at < size; ) {
    const left = size - at;
    const step = left >= 8 && widest === 8 ? 8 : left >= 4 ? 4 : left >= 2 ? 2 : 1;
    list.push({ at, size: step });
    at += step;
  }
  return list;
}

const LOAD = { 1: OP.i32_load8_u, 2: OP.i32_load16_u, 4: OP.i32_load, 8: OP.i64_load } as const;

function lookUpHash(call: InlineCall, layout: HashLookup): void {
  const { writer } = call;
  const key = writer.scratch(I32, 'map key');
  const hash = writer.scratch(I32, 'map hash');
  const entry = writer.scratch(I32, 'map entry');
  const keyOffset = call.address(2, 0);
  writer.set(key);
  writeHash(call, layout, key, keyOffset, hash);
  writer.i32(layout.descriptor);
  writer.memory(OP.i32_load, DESCRIPTOR_BUCKETS);
  writer.get(hash);
  writer.i32(layout.descriptor);
  writer.memory(OP.i32_load, DESCRIPTOR_MASK);
  writer.op(OP.i32_and);
  writer.i32(2);
  writer.op(OP.i32_shl);
  writer.op(OP.i32_add);
  writer.memory(OP.i32_load, 0);
  writer.set(entry);

  const found = writer.depth;
  writer.open(OP.block, I64);
  const search = writer.depth;
  writer.open(OP.loop);
  writer.get(entry);
  writer.op(OP.i32_eqz);
  writer.open(OP.if);
  writer.i64(0);
  writer.branch(OP.br, found);
  writer.end();
  writer.get(entry);
  writer.memory(OP.i32_load, ENTRY_HASH);
  writer.get(hash);
  writer.op(OP.i32_eq);
  writer.open(OP.if);
  writeComparison(writer, layout, key, keyOffset, entry);
  writer.open(OP.if);
  writer.get(entry);
  writer.i32(layout.valueOffset);
  writer.op(OP.i32_add);
  writer.op(OP.i64_extend_i32_u);
  writer.branch(OP.br, found);
  writer.end();
  writer.end();
  writer.get(entry);
  writer.memory(OP.i32_load, ENTRY_NEXT);
  writer.set(entry);
  writer.branch(OP.br, search);
  writer.end();
  writer.op(OP.unreachable);
  writer.end();
}

function writeHash(call: InlineCall, layout: HashLookup, key: number, keyOffset: number, hash: number): void {
  const { writer } = call;
  const whole = layout.keySize & ~3;
  writer.i32(layout.seed);
  writer.set(hash);
  for (let at = 0; at < layout.keySize; at += 4) {
    writer.get(hash);
    for (const piece of at < whole ? [{ at: 0, size: 4 as const }] : pieces(layout.keySize - whole, 4)) {
      writer.get(key);
      call.mayTrap();
      writer.memory(LOAD[piece.size], keyOffset + at + piece.at);
      if (piece.at > 0) {
        writer.i32(8 * piece.at);
        writer.op(OP.i32_shl);
      }
      writer.op(OP.i32_xor);
    }
    writer.i32(MULTIPLIER);
    writer.op(OP.i32_mul);
    writer.tee(hash);
    writer.get(hash);
    writer.i32(HASH_SHIFT);
    writer.op(OP.i32_shr_u);
    writer.op(OP.i32_xor);
    writer.set(hash);
  }
}

/** Pushes whether the key equals the entry's. */
function writeComparison(writer: FunctionWriter, layout: HashLookup, key: number, keyOffset: number, entry: number): void {
  pieces(layout.keySize, 8).forEach((piece, index) => {
    writer.get(key);
    writer.memory(LOAD[piece.size], keyOffset + piece.at);
    writer.get(entry);
    writer.memory(LOAD[piece.size], layout.keyOffset + piece.at);
    writer.op(piece.size === 8 ? OP.i64_eq : OP.i32_eq);
    if (index > 0) writer.op(OP.i32_and);
  });
}
