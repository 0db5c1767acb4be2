import { ArrayMap } from './array.ts';
import { Descriptor, DescriptorKind, type MapEntry, type MapEnvironment, type MapLayout } from './map.ts';
import { type MapSpecification, mapError, UpdateFlag } from './rules.ts';

/**
 * Arrays whose elements name other objects. In memory an element is a u32 (`stored`), 0 for none; user space sees and writes
 * object ids. Every element keeps its object alive.
 */
export abstract class ObjectArrayMap extends ArrayMap {
  constructor(environment: MapEnvironment, specification: MapSpecification) {
    if (specification.valueSize !== 4) {
      throw mapError(
        environment.rules,
        environment.rules.codes.invalid,
        `Map ${specification.name}: the value size of ${specification.type.constant} is 4.`,
      );
    }
    super(environment, specification);
    this.describe(Descriptor.kind, DescriptorKind.other);
    this.describe(Descriptor.flags, 1);
  }

  override get layout(): MapLayout {
    return { kind: 'opaque' };
  }

  /** Id of the object at an index; 0: none or out of range. */
  idAt(index: number): number {
    return index < this.maxEntries ? this.idOf(this.memory.words[(this.base + index * this.stride) >>> 2]!) : 0;
  }

  override get count(): number {
    let count = 0;
    for (let index = 0; index < this.maxEntries; index++) if (this.idAt(index) !== 0) count++;
    return count;
  }

  /** What is stored for an object; a negative code when it may not be put in. */
  protected abstract storedFor(id: number): number;
  protected abstract idOf(stored: number): number;

  protected override find(key: number): number {
    const address = super.find(key);
    return address > 0 && this.memory.words[address >>> 2] === 0 ? this.fail('missing') : address;
  }

  protected override importValue(key: number, value: Uint8Array, flags: number): number {
    // bpf_fd_array_map_update_elem of Linux takes BPF_ANY alone.
    if (this.rules.platform === 'linux' && flags !== UpdateFlag.any) return this.fail('invalid');
    const address = this.put(key, flags);
    if (address < 0) return address;
    const id = new DataView(value.buffer, value.byteOffset, 4).getUint32(0, true);
    const stored = id === 0 ? 0 : this.storedFor(id);
    if (stored < 0) return stored;
    if (id !== 0) this.environment.objects.hold(id, this);
    this.#clear(address);
    this.memory.words[address >>> 2] = stored;
    return 0;
  }

  protected override exportValue(address: number): Uint8Array {
    const value = new Uint8Array(4);
    new DataView(value.buffer).setUint32(0, this.idOf(this.memory.words[address >>> 2]!), true);
    return value;
  }

  /** Deleting takes the object out on both platforms; an empty element is an error on Linux only. */
  protected override erase(key: number): number {
    const index = this.index(key);
    if (index >= this.maxEntries) return this.rules.platform === 'windows' ? this.fail('missing') : this.fail('update_range');
    const address = this.base + index * this.stride;
    if (this.memory.words[address >>> 2] === 0) return this.rules.platform === 'windows' ? 0 : this.fail('absent');
    this.#clear(address);
    return 0;
  }

  /** Values are objects: programs cannot write them. */
  override programUpdate(): number {
    return this.fail('unsupported');
  }

  override *entries(): Generator<MapEntry, undefined> {
    for (let index = 0; index < this.maxEntries; index++) {
      const id = this.idAt(index);
      if (id === 0) continue;
      const key = new Uint8Array(4);
      const value = new Uint8Array(4);
      new DataView(key.buffer).setUint32(0, index, true);
      new DataView(value.buffer).setUint32(0, id, true);
      yield { key, value };
    }
  }

  override forget(key: Uint8Array): void {
    this.erase(this.stageKey(key));
  }

  override clearAll(): void {
    this.clear();
  }

  /** Takes every object out. */
  clear(): void {
    for (let index = 0; index < this.maxEntries; index++) this.#clear(this.base + index * this.stride);
  }

  override destroy(): void {
    this.clear();
    super.destroy();
  }

  #clear(address: number): void {
    const old = this.memory.words[address >>> 2]!;
    if (old === 0) return;
    this.memory.words[address >>> 2] = 0;
    this.environment.objects.drop(this.idOf(old), this);
  }
}
