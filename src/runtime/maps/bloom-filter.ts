import { Errno } from '../result.ts';
import { HASH_MULTIPLIER } from './hash.ts';
import { BpfMap, type MapEntry, type MapEnvironment } from './map.ts';
import type { MapSpecification } from './rules.ts';

const DEFAULT_HASHES = 5;

/** BPF_MAP_TYPE_BLOOM_FILTER: push adds a value, peek tells whether it may be there (kernel/bpf/bloom_filter.c). */
export class BloomFilterMap extends BpfMap {
  readonly #bits: number;
  readonly #mask: number;
  readonly #hashes: number;
  #pushed = 0;

  /** map_extra is the number of hashes; 0 means 5. */
  constructor(environment: MapEnvironment, specification: MapSpecification) {
    super(environment, specification);
    this.#hashes = specification.extra || DEFAULT_HASHES;
    // max_entries * hashes / ln 2 bits, rounded up to a power of two.
    const bits = 2 ** Math.max(6, Math.ceil(Math.log2((specification.maxEntries * this.#hashes * 7) / 5)));
    this.#mask = bits - 1;
    this.#bits = this.memory.allocate(bits / 8, 'other', `map ${specification.name} bits`);
  }

  override get count(): number {
    return this.#pushed;
  }

  override destroy(): void {
    this.memory.free(this.#bits);
    super.destroy();
  }

  override push(value: number, flags: number): number {
    if (flags !== 0) return this.fail('invalid');
    for (let index = 0; index < this.#hashes; index++) {
      const bit = this.#bit(value, index);
      this.memory.bytes[this.#bits + (bit >>> 3)]! |= 1 << (bit & 7);
    }
    this.#pushed++;
    return 0;
  }

  override take(value: number, remove: boolean): number {
    if (remove) return this.fail('unsupported');
    for (let index = 0; index < this.#hashes; index++) {
      const bit = this.#bit(value, index);
      if ((this.memory.bytes[this.#bits + (bit >>> 3)]! & (1 << (bit & 7))) === 0) return -Errno.ENOENT;
    }
    return 0;
  }

  protected find(): number {
    return this.fail('unsupported');
  }
  protected put(): number {
    return this.fail('unsupported');
  }
  protected erase(): number {
    return this.fail('unsupported');
  }
  protected next(): number {
    return this.fail('unsupported');
  }

  /** User space pushes by update with an empty key. */
  override update(_key: Uint8Array, value: Uint8Array, flags = 0): void {
    this.requireWritable('push to');
    const result = value.length === this.valueSize ? this.#withValue(value, (address) => this.push(address, flags)) : this.fail('invalid');
    if (result < 0) throw this.error(result, 'push to');
    this.notify(new Uint8Array(0));
  }

  /** Whether a value may have been pushed. */
  has(value: Uint8Array): boolean {
    return value.length === this.valueSize && this.#withValue(value, (address) => this.take(address, false)) === 0;
  }

  /** One entry: the bits. */
  override *entries(): Generator<MapEntry, undefined> {
    yield { key: new Uint8Array(0), value: this.memory.read(this.#bits, (this.#mask + 1) / 8) };
  }

  override get packedSize(): number {
    return (this.#mask + 1) / 8;
  }

  override clearAll(): void {
    this.memory.bytes.fill(0, this.#bits, this.#bits + (this.#mask + 1) / 8);
    this.#pushed = 0;
  }

  override restore(entry: MapEntry): void {
    if (entry.value.length !== (this.#mask + 1) / 8) throw this.error(this.fail('invalid'), 'restore');
    this.memory.write(this.#bits, entry.value);
  }

  #withValue(value: Uint8Array, use: (address: number) => number): number {
    const address = this.memory.allocate(value.length, 'other', `map ${this.name} value`);
    try {
      this.memory.write(address, value);
      return use(address);
    } finally {
      this.memory.free(address);
    }
  }

  #bit(value: number, seed: number): number {
    const { bytes } = this.memory;
    let hash = Math.imul(seed + 1, 0x85eb_ca6b);
    for (let index = 0; index < this.valueSize; index++) {
      hash = Math.imul(hash ^ bytes[value + index]!, HASH_MULTIPLIER);
      hash ^= hash >>> 15;
    }
    return hash & this.#mask;
  }
}
