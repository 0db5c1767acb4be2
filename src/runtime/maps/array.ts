import { BpfMap, Descriptor, DescriptorKind, type MapEnvironment, type MapLayout, round8 } from './map.ts';
import { MapFlag, type MapSpecification, UpdateFlag } from './rules.ts';

/** All flags of an update together. */
const LARGEST_FLAGS = 7;

/**
 * BPF_MAP_TYPE_ARRAY and PERCPU_ARRAY: `maxEntries` elements, always present, keyed by a u32 index.
 * Element i lies at `base + i * stride`, stride = value size rounded up to 8 (times the number of CPUs when per-CPU).
 */
export class ArrayMap extends BpfMap {
  readonly base: number;
  readonly stride: number;

  constructor(environment: MapEnvironment, specification: MapSpecification) {
    super(environment, specification);
    this.stride = this.cpuStride === 0 ? round8(specification.valueSize) : this.userValueSize;
    const size = this.cpuStride === 0 ? specification.valueSize : this.cpuStride;
    this.base = this.memory.allocate(this.stride * specification.maxEntries, 'map', `map ${specification.name}`, {
      writable: (specification.flags & MapFlag.readOnlyProgram) === 0,
      element: { stride: this.cpuStride === 0 ? this.stride : this.cpuStride, offset: 0, size: Math.min(size, specification.valueSize) },
    });
    this.describe(Descriptor.kind, DescriptorKind.array);
    this.describe(Descriptor.stride, this.stride);
    this.describe(Descriptor.data, this.base);
    this.describe(Descriptor.flags, 0);
  }

  override get layout(): MapLayout {
    return { kind: 'array', base: this.base, stride: this.stride, maxEntries: this.maxEntries, cpuStride: this.cpuStride };
  }

  override get count(): number {
    return this.maxEntries;
  }

  override elementAt(address: number): { readonly key: Uint8Array; readonly value: number } | undefined {
    const index = Math.floor((address - this.base) / this.stride);
    if (index < 0 || index >= this.maxEntries) return undefined;
    const key = new Uint8Array(4);
    new DataView(key.buffer).setUint32(0, index, true);
    return { key, value: this.base + index * this.stride };
  }

  override destroy(): void {
    this.memory.free(this.base);
    super.destroy();
  }

  override exportAll(): Uint8Array {
    if (!this.#wholeWords) return super.exportAll();
    const valueWords = this.userValueSize >>> 2;
    const packed = new Uint32Array(this.maxEntries * (1 + valueWords));
    const { words } = this.memory;
    for (let index = 0, to = 0; index < this.maxEntries; index++) {
      packed[to++] = index;
      const from = (this.base + index * this.stride) >>> 2;
      for (let word = 0; word < valueWords; word++) packed[to++] = words[from + word]!;
    }
    return new Uint8Array(packed.buffer);
  }

  override importAll(bytes: Uint8Array): void {
    if (!this.#wholeWords || bytes.byteOffset % 4 !== 0 || bytes.length % this.packedSize !== 0) {
      super.importAll(bytes);
      return;
    }
    const valueWords = this.userValueSize >>> 2;
    const packed = new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length >>> 2);
    const { words } = this.memory;
    for (let from = 0; from < packed.length; ) {
      const index = packed[from++]!;
      if (index >= this.maxEntries) throw this.error(this.fail('update_range'), 'restore');
      const to = (this.base + index * this.stride) >>> 2;
      for (let word = 0; word < valueWords; word++) words[to + word] = packed[from++]!;
    }
  }

  /** Whether elements are plain bytes in whole words, so that all of them can be copied without looking at each. */
  get #wholeWords(): boolean {
    return this.constructor === ArrayMap && this.userValueSize % 4 === 0 && this.specification.special === undefined;
  }

  protected find(key: number): number {
    const index = this.index(key);
    return index < this.maxEntries ? this.base + index * this.stride : this.fail('missing');
  }

  protected put(key: number, flags: number): number {
    const base = this.baseFlags(flags);
    // Linux asks last whether there is a lock to take (array_map_update_elem).
    const locking = this.rules.platform === 'linux' ? base & ~UpdateFlag.lock : base;
    if (flags > LARGEST_FLAGS || flags < 0 || locking < 0 || locking > UpdateFlag.exist) return this.fail('invalid');
    const index = this.index(key);
    if (index >= this.maxEntries) return this.fail('update_range');
    if (locking === UpdateFlag.noExist) return this.fail('array_exists');
    return base === locking ? this.base + index * this.stride : this.fail('invalid');
  }

  protected erase(key: number): number {
    if (!this.rules.arrayDeleteZeroes) return this.fail('invalid');
    const index = this.index(key);
    if (index >= this.maxEntries) return this.fail('update_range');
    const start = this.base + index * this.stride;
    this.memory.bytes.fill(0, start, start + this.stride);
    return 0;
  }

  override forget(key: Uint8Array): void {
    const start = this.find(this.stageKey(key));
    if (start > 0) this.memory.bytes.fill(0, start, start + this.stride);
  }

  override clearAll(): void {
    this.memory.bytes.fill(0, this.base, this.base + this.maxEntries * this.stride);
  }

  /** The elements cannot go: Windows refuses the combination, Linux has no such operation for arrays. */
  override programLookupAndDelete(): number {
    return 0;
  }

  protected next(key: number, out: number): number {
    return this.nextIndex(key, out);
  }
}
