import { BpfMap, type MapEntry, type MapEnvironment, round8 } from './map.ts';
import { MapFlag, type MapSpecification, mapError, UpdateFlag } from './rules.ts';

const NO_KEY = new Uint8Array(0);

/**
 * BPF_MAP_TYPE_QUEUE (first in, first out) and STACK (last in, first out): `maxEntries` values in a ring, no keys.
 * A push on a full map fails, or replaces the oldest value with BPF_EXIST. User space pushes by update, peeks by lookup and
 * pops by lookup-and-delete, each with an empty key.
 */
export class QueueMap extends BpfMap {
  readonly #order: 'queue' | 'stack';
  readonly #base: number;
  readonly #stride: number;
  #first = 0;
  #count = 0;

  constructor(environment: MapEnvironment, specification: MapSpecification, order: 'queue' | 'stack') {
    if (specification.keySize !== 0) {
      throw mapError(environment.rules, environment.rules.codes.invalid, `Map ${specification.name}: ${specification.type.constant} has no keys.`);
    }
    super(environment, specification);
    this.#order = order;
    this.#stride = round8(specification.valueSize);
    this.#base = this.memory.allocate(this.#stride * specification.maxEntries, 'map', `map ${specification.name}`, {
      element: { stride: this.#stride, offset: 0, size: specification.valueSize },
    });
  }

  override get count(): number {
    return this.#count;
  }

  override destroy(): void {
    this.memory.free(this.#base);
    super.destroy();
  }

  #slot(position: number): number {
    return this.#base + ((this.#first + position) % this.maxEntries) * this.#stride;
  }

  protected find(): number {
    if (this.#count === 0) return this.fail('missing');
    return this.#order === 'queue' ? this.#slot(0) : this.#slot(this.#count - 1);
  }

  protected put(_key: number, flags: number): number {
    if (flags !== UpdateFlag.any && flags !== UpdateFlag.exist) return this.fail('invalid');
    if (this.#count === this.maxEntries) {
      if (flags !== UpdateFlag.exist) return this.fail('queue_full');
      this.#first = (this.#first + 1) % this.maxEntries;
      this.#count--;
    }
    return this.#slot(this.#count++);
  }

  protected erase(): number {
    return this.#noKeys();
  }

  protected next(): number {
    return this.#noKeys();
  }

  #noKeys(): number {
    return this.rules.platform === 'linux' ? this.fail('invalid') : this.fail('unsupported');
  }

  override push(value: number, flags: number): number {
    if ((this.flags & MapFlag.readOnlyProgram) !== 0) return this.fail('frozen');
    const address = this.put(0, flags);
    if (address < 0) return address;
    this.memory.bytes.copyWithin(address, value, value + this.valueSize);
    this.notify(NO_KEY);
    return 0;
  }

  override take(value: number, remove: boolean): number {
    const address = this.find();
    if (address < 0) {
      // queue_stack_maps.c clears the destination, so that a program never reads uninitialised bytes.
      if (this.rules.platform === 'linux') this.memory.bytes.fill(0, value, value + this.valueSize);
      return address;
    }
    this.memory.bytes.copyWithin(value, address, address + this.valueSize);
    if (remove) {
      this.#drop();
      this.notify(NO_KEY);
    }
    return 0;
  }

  override programUpdate(_key: number, value: number, flags: number): number {
    return this.push(value, flags);
  }

  override programLookupAndDelete(): number {
    const address = this.find();
    if (address < 0) return 0;
    this.#drop();
    this.notify(NO_KEY);
    return address;
  }

  override lookupAndDelete(key: Uint8Array): Uint8Array | undefined {
    this.requireWritable('pop from');
    const value = this.lookup(key);
    if (value !== undefined) {
      this.#drop();
      this.notify(NO_KEY);
    }
    return value;
  }

  /** From the oldest to the newest, so that pushing them in this order recreates the map. */
  override *entries(): Generator<MapEntry, undefined> {
    for (let position = 0; position < this.#count; position++) {
      yield { key: NO_KEY, value: this.memory.read(this.#slot(position), this.valueSize) };
    }
  }

  override clearAll(): void {
    this.#first = 0;
    this.#count = 0;
  }

  #drop(): void {
    if (this.#order === 'queue') this.#first = (this.#first + 1) % this.maxEntries;
    this.#count--;
  }
}
