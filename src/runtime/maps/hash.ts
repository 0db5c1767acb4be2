import { BpfMap, Descriptor, DescriptorKind, type MapEnvironment, type MapLayout, round8 } from './map.ts';
import type { MapSpecification } from './rules.ts';

/**
 * BPF_MAP_TYPE_HASH and PERCPU_HASH: chained buckets in linear memory, entries that never move.
 *
 * ```
 * bucket table (descriptor.data): u32[mask + 1], address of the first entry of the chain or 0
 * entry:   0 u32 next entry of the chain, or 0      4 u32 hash of the key
 *          8 key, padded to 8                       descriptor.value: value, padded to 8 (times CPUs when per-CPU)
 * ```
 * hash(key): h = seed; for every u32 w of the key (little endian, the last one zero-padded):
 * h = (h ^ w) * 0x9e3779b1; h ^= h >>> 15. The bucket is h & mask. All arithmetic is modulo 2^32.
 *
 * The table doubles when there are more entries than buckets. Entries come from slabs that double up to 64 Ki entries; freed
 * ones are reused oldest first, so a pointer that a program obtained before a delete keeps its bytes as long as possible.
 */
export const ENTRY_NEXT = 0;
export const ENTRY_HASH = 4;
export const ENTRY_KEY = 8;
export const HASH_MULTIPLIER = 0x9e37_79b1;

const SEED = 0x5bd1_e995;
const FIRST_SLAB = 16;
const LARGEST_SLAB = 0x1_0000;
/** Bytes of packed entries that an import handles at once. */
const PORTION = 0x10_0000;

export class HashMap extends BpfMap {
  readonly entrySize: number;
  readonly valueOffset: number;
  /** Bytes after the values that a subclass keeps in each entry. */
  protected readonly extraOffset: number;
  #buckets: number;
  #mask: number;
  #count = 0;
  #slabs: number[] = [];
  #slabNext = 0;
  #slabEnd = 0;
  #slabEntries = FIRST_SLAB;
  #freeHead = 0;
  #freeTail = 0;
  readonly #tailMask: number;

  constructor(environment: MapEnvironment, specification: MapSpecification, extraBytes = 0) {
    super(environment, specification);
    this.valueOffset = ENTRY_KEY + round8(specification.keySize);
    this.extraOffset = this.valueOffset + round8(this.userValueSize);
    this.entrySize = this.extraOffset + round8(extraBytes);
    const buckets = 2 ** Math.ceil(Math.log2(Math.max(16, Math.min(specification.maxEntries, 1024))));
    this.#buckets = this.memory.allocate(buckets * 4, 'other', `map ${specification.name} buckets`);
    this.#mask = buckets - 1;
    const tail = specification.keySize & 3;
    this.#tailMask = tail === 0 ? 0 : 2 ** (tail * 8) - 1;
    this.describe(Descriptor.kind, DescriptorKind.hash);
    this.describe(Descriptor.stride, this.entrySize);
    this.describe(Descriptor.data, this.#buckets);
    this.describe(Descriptor.mask, this.#mask);
    this.describe(Descriptor.valueOffset, this.valueOffset);
    this.describe(Descriptor.seed, SEED);
    this.describe(Descriptor.flags, 0);
  }

  override get layout(): MapLayout {
    return {
      kind: 'hash',
      descriptor: this.handle,
      keySize: this.keySize,
      keyOffset: ENTRY_KEY,
      valueOffset: this.valueOffset,
      seed: SEED,
      cpuStride: this.cpuStride,
    };
  }

  override get count(): number {
    return this.#count;
  }

  /** Whether `maxEntries` is a limit that refuses insertions. */
  protected get bounded(): boolean {
    return this.rules.hashBounded;
  }

  override destroy(): void {
    for (const slab of this.#slabs) this.memory.free(slab);
    this.memory.free(this.#buckets);
    super.destroy();
  }

  override elementAt(address: number): { readonly key: Uint8Array; readonly value: number } | undefined {
    const slab = this.#slabs.find((start) => address >= start && address < (this.memory.find(start)?.end ?? 0));
    if (slab === undefined) return undefined;
    const entry = slab + Math.floor((address - slab) / this.entrySize) * this.entrySize;
    // A freed entry keeps its key's bytes, but a search no longer ends at it.
    const found = this.entryOf(entry + ENTRY_KEY, this.hashOf(entry + ENTRY_KEY));
    return found === entry ? { key: this.memory.read(entry + ENTRY_KEY, this.keySize), value: entry + this.valueOffset } : undefined;
  }

  /** Hash of the key at an address, as the layout documents. */
  protected hashOf(key: number): number {
    const { view } = this.memory;
    let hash = SEED;
    const whole = key + (this.keySize & ~3);
    for (let address = key; address < whole; address += 4) {
      hash = Math.imul(hash ^ view.getInt32(address, true), HASH_MULTIPLIER);
      hash ^= hash >>> 15;
    }
    if (this.#tailMask !== 0) {
      hash = Math.imul(hash ^ this.#tail(whole), HASH_MULTIPLIER);
      hash ^= hash >>> 15;
    }
    return hash >>> 0;
  }

  /** The last one to three bytes of a key as a number; byte by byte, because the key may end where the memory ends. */
  #tail(address: number): number {
    const { bytes } = this.memory;
    let value = 0;
    for (let index = (this.keySize & 3) - 1; index >= 0; index--) value = (value << 8) | bytes[address + index]!;
    return value;
  }

  protected sameKey(entry: number, key: number): boolean {
    const { view } = this.memory;
    const size = this.keySize;
    const stored = entry + ENTRY_KEY;
    const whole = size & ~3;
    for (let offset = 0; offset < whole; offset += 4) {
      if (view.getInt32(stored + offset, true) !== view.getInt32(key + offset, true)) return false;
    }
    return this.#tailMask === 0 || this.#tail(stored + whole) === this.#tail(key + whole);
  }

  /** Address of the entry with this key, or 0. */
  protected entryOf(key: number, hash: number): number {
    const { words } = this.memory;
    let entry = words[(this.#buckets >>> 2) + (hash & this.#mask)]!;
    while (entry !== 0) {
      if (words[(entry + ENTRY_HASH) >>> 2] === hash && this.sameKey(entry, key)) return entry;
      entry = words[entry >>> 2]!;
    }
    return 0;
  }

  protected find(key: number, _reader: 'program' | 'user'): number {
    const entry = this.entryOf(key, this.hashOf(key));
    return entry === 0 ? this.fail('missing') : entry + this.valueOffset;
  }

  protected put(key: number, flags: number): number {
    const hash = this.hashOf(key);
    const present = this.entryOf(key, hash);
    const refused = this.checkFlags(flags, present !== 0);
    if (refused < 0) return refused;
    if (present !== 0) return present + this.valueOffset;
    if (this.bounded && this.#count >= this.maxEntries) return this.fail('full');
    return this.insert(key, hash) + this.valueOffset;
  }

  /** Adds an entry for a key that is not there; its value is zero. Returns the entry. */
  protected insert(key: number, hash: number): number {
    if (this.#count > this.#mask) this.#resize((this.#mask + 1) * 2);
    const entry = this.#take();
    const { words, bytes } = this.memory;
    bytes.fill(0, entry, entry + this.entrySize);
    const bucket = (this.#buckets >>> 2) + (hash & this.#mask);
    words[(entry + ENTRY_NEXT) >>> 2] = words[bucket]!;
    words[(entry + ENTRY_HASH) >>> 2] = hash;
    bytes.copyWithin(entry + ENTRY_KEY, key, key + this.keySize);
    words[bucket] = entry;
    this.#setCount(this.#count + 1);
    return entry;
  }

  protected erase(key: number): number {
    const hash = this.hashOf(key);
    const entry = this.entryOf(key, hash);
    if (entry === 0) return this.fail('absent');
    this.unlink(entry);
    return 0;
  }

  /** Takes an entry out of its chain and frees it. */
  protected unlink(entry: number): void {
    const { words } = this.memory;
    let place = (this.#buckets >>> 2) + (words[(entry + ENTRY_HASH) >>> 2]! & this.#mask);
    while (words[place] !== entry) place = words[place]! >>> 2;
    words[place] = words[entry >>> 2]!;
    this.resetSpecial(entry + this.valueOffset);
    this.#give(entry);
    this.#setCount(this.#count - 1);
  }

  protected next(key: number, out: number): number {
    const { words, bytes } = this.memory;
    const table = this.#buckets >>> 2;
    let bucket = 0;
    let entry = 0;
    if (key !== 0) {
      const hash = this.hashOf(key);
      const previous = this.entryOf(key, hash);
      if (previous !== 0) {
        entry = words[previous >>> 2]!;
        bucket = (hash & this.#mask) + 1;
      } else if (!this.rules.unknownKeyRestarts) return this.fail('no_more_keys');
    }
    while (entry === 0 && bucket <= this.#mask) entry = words[table + bucket++]!;
    if (entry === 0) return this.fail('no_more_keys');
    bytes.copyWithin(out, entry + ENTRY_KEY, entry + ENTRY_KEY + this.keySize);
    return 0;
  }

  override exportAll(): Uint8Array {
    const size = this.packedSize;
    const bytes = new Uint8Array(this.count * size);
    let offset = 0;
    this.forEachEntry((entry) => {
      const { bytes: memory } = this.memory;
      bytes.set(memory.subarray(entry + ENTRY_KEY, entry + ENTRY_KEY + this.keySize), offset);
      if (this.storesPlainValues && this.specification.special === undefined) {
        bytes.set(memory.subarray(entry + this.valueOffset, entry + this.valueOffset + this.userValueSize), offset + this.keySize);
      } else bytes.set(this.exportValue(entry + this.valueOffset), offset + this.keySize);
      offset += size;
    });
    return bytes;
  }

  override importAll(bytes: Uint8Array): void {
    const size = this.packedSize;
    if (!this.storesPlainValues || bytes.length % size !== 0 || this.specification.special !== undefined) {
      super.importAll(bytes);
      return;
    }
    // A table of the final size first: entries come in the order of the buckets, so that filling it walks through memory once.
    this.#resize(2 ** Math.ceil(Math.log2(Math.max(1, this.#count + Math.min(bytes.length / size, this.maxEntries)))));
    if (this.#importWords(bytes)) return;
    // Through linear memory in portions: `put` takes the addresses of keys.
    const portion = Math.max(1, Math.floor(PORTION / size));
    const staged = this.memory.allocate(portion * size, 'other', `map ${this.name} import`);
    try {
      for (let offset = 0; offset < bytes.length; offset += portion * size) {
        const part = bytes.subarray(offset, offset + portion * size);
        this.memory.write(staged, part);
        for (let at = staged; at < staged + part.length; at += size) {
          const address = this.put(at, 0);
          if (address < 0) throw this.error(address, 'restore');
          this.memory.bytes.copyWithin(address, at + this.keySize, at + size);
        }
      }
    } finally {
      this.memory.free(staged);
    }
  }

  /**
   * Adds packed entries of whole words to an empty map, which is several times as fast as one by one. False where the map or its entries
   * are not like that.
   */
  #importWords(bytes: Uint8Array): boolean {
    const count = bytes.length / this.packedSize;
    const whole = this.keySize % 4 === 0 && this.userValueSize % 4 === 0 && bytes.byteOffset % 4 === 0;
    // Subclasses keep more than the entry.
    if (this.constructor !== HashMap || !whole || this.#count > 0 || (this.bounded && count > this.maxEntries)) return false;
    const source = new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length >>> 2);
    const keyWords = this.keySize >>> 2;
    const valueWords = this.userValueSize >>> 2;
    const value = this.valueOffset >>> 2;
    const end = this.entrySize >>> 2;
    for (let at = 0; at < source.length; at += keyWords + valueWords) {
      let hash = SEED;
      for (let index = at; index < at + keyWords; index++) {
        hash = Math.imul(hash ^ source[index]!, HASH_MULTIPLIER);
        hash ^= hash >>> 15;
      }
      hash >>>= 0;
      const address = this.#take();
      const { words } = this.memory;
      const entry = address >>> 2;
      const bucket = (this.#buckets >>> 2) + (hash & this.#mask);
      words[entry] = words[bucket]!;
      words[entry + (ENTRY_HASH >>> 2)] = hash;
      const key = entry + (ENTRY_KEY >>> 2);
      for (let index = 0; index < keyWords; index++) words[key + index] = source[at + index]!;
      for (let index = key + keyWords; index < entry + value; index++) words[index] = 0;
      for (let index = 0; index < valueWords; index++) words[entry + value + index] = source[at + keyWords + index]!;
      for (let index = entry + value + valueWords; index < entry + end; index++) words[index] = 0;
      words[bucket] = address;
    }
    this.#setCount(count);
    return true;
  }

  /** Values are the bytes that user space sees; not so for maps of maps. */
  protected get storesPlainValues(): boolean {
    return true;
  }

  /** Calls back with every entry's address, in the order of `next`; faster than stepping key by key. */
  protected forEachEntry(visit: (entry: number) => void): void {
    const { words } = this.memory;
    for (let bucket = 0; bucket <= this.#mask; bucket++) {
      for (let entry = words[(this.#buckets >>> 2) + bucket]!; entry !== 0; entry = words[entry >>> 2]!) visit(entry);
    }
  }

  #setCount(count: number): void {
    this.#count = count;
    this.describe(Descriptor.count, count);
  }

  /** Makes the bucket table larger; `buckets` is a power of two. */
  #resize(buckets: number): void {
    if (buckets <= this.#mask + 1) return;
    const table = this.memory.allocate(buckets * 4, 'other', `map ${this.name} buckets`);
    const { words } = this.memory;
    const mask = buckets - 1;
    for (let bucket = 0; bucket <= this.#mask; bucket++) {
      let entry = words[(this.#buckets >>> 2) + bucket]!;
      while (entry !== 0) {
        const following = words[entry >>> 2]!;
        const place = (table >>> 2) + (words[(entry + ENTRY_HASH) >>> 2]! & mask);
        words[entry >>> 2] = words[place]!;
        words[place] = entry;
        entry = following;
      }
    }
    this.memory.free(this.#buckets);
    this.#buckets = table;
    this.#mask = mask;
    this.describe(Descriptor.data, table);
    this.describe(Descriptor.mask, mask);
  }

  #take(): number {
    if (this.#freeHead !== 0) {
      const entry = this.#freeHead;
      this.#freeHead = this.memory.words[entry >>> 2]!;
      if (this.#freeHead === 0) this.#freeTail = 0;
      return entry;
    }
    if (this.#slabNext === this.#slabEnd) {
      const size = this.#slabEntries * this.entrySize;
      const element = this.cpuStride === 0 ? { stride: this.entrySize, offset: this.valueOffset, size: this.valueSize } : undefined;
      this.#slabNext = this.memory.allocate(size, 'map', `map ${this.name}`, element === undefined ? {} : { element });
      this.#slabEnd = this.#slabNext + size;
      this.#slabs.push(this.#slabNext);
      this.#slabEntries = Math.min(LARGEST_SLAB, this.#slabEntries * 2);
    }
    const entry = this.#slabNext;
    this.#slabNext += this.entrySize;
    return entry;
  }

  #give(entry: number): void {
    const { words } = this.memory;
    words[entry >>> 2] = 0;
    if (this.#freeTail === 0) this.#freeHead = entry;
    else words[this.#freeTail >>> 2] = entry;
    this.#freeTail = entry;
  }
}
