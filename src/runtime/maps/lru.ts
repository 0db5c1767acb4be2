import { HashMap } from './hash.ts';
import { Descriptor, type MapEnvironment } from './map.ts';
import type { MapSpecification } from './rules.ts';

/**
 * BPF_MAP_TYPE_LRU_HASH and LRU_PERCPU_HASH, with the eviction of eBPF for Windows (libs/execution_context/ebpf_maps.c):
 * up to 8 partitions, chosen by the CPU that touches an entry, each with a hot and a cold list. When a hot list exceeds
 * max_entries / partitions / 10 (at least 1), it is appended to the cold list and a new generation begins. A full map evicts
 * the entry whose latest use, over all partitions, is the oldest among the heads of the cold lists. Reads by user space do
 * not refresh. Linux documents no exact order; there, one partition is used.
 *
 * Each entry carries, per partition, four u32 after its values: previous, next, generation (0: in no list), time of last use.
 */
const LINK_SIZE = 16;
const PREVIOUS = 0;
const NEXT = 4;
const GENERATION = 8;
const TIME = 12;
const MAXIMUM_PARTITIONS = 8;
const GENERATIONS = 10;

interface List {
  head: number;
  tail: number;
}

interface Partition {
  readonly offset: number;
  readonly hot: List;
  readonly cold: List;
  hotSize: number;
  readonly hotLimit: number;
  generation: number;
}

function partitionCount(environment: MapEnvironment): number {
  return environment.rules.platform === 'windows' ? Math.min(environment.host.cpuCount, MAXIMUM_PARTITIONS) : 1;
}

export class LruHashMap extends HashMap {
  readonly #partitions: Partition[];
  #clock = 0;

  constructor(environment: MapEnvironment, specification: MapSpecification) {
    const count = partitionCount(environment);
    super(environment, specification, count * LINK_SIZE);
    const hotLimit = Math.max(1, Math.floor(Math.floor(specification.maxEntries / count) / GENERATIONS));
    this.#partitions = Array.from({ length: count }, (_, index) => ({
      offset: this.extraOffset + index * LINK_SIZE,
      hot: { head: 0, tail: 0 },
      cold: { head: 0, tail: 0 },
      hotSize: 0,
      hotLimit,
      generation: 1,
    }));
    this.describe(Descriptor.flags, 1);
  }

  protected override get bounded(): boolean {
    return true;
  }

  override get layout(): { readonly kind: 'opaque' } {
    return { kind: 'opaque' };
  }

  protected override find(key: number, reader: 'program' | 'user'): number {
    const address = super.find(key, reader);
    if (address > 0 && reader === 'program') this.#touch(address - this.valueOffset);
    return address;
  }

  protected override put(key: number, flags: number): number {
    const hash = this.hashOf(key);
    const present = this.entryOf(key, hash);
    const refused = this.checkFlags(flags, present !== 0);
    if (refused < 0) return refused;
    if (present !== 0) {
      // The original replaces the entry by a new, hot one.
      this.#forget(present);
      this.#touch(present);
      return present + this.valueOffset;
    }
    while (this.count >= this.maxEntries) this.#evict();
    const entry = this.insert(key, hash);
    this.#touch(entry);
    return entry + this.valueOffset;
  }

  protected override unlink(entry: number): void {
    this.#forget(entry);
    super.unlink(entry);
  }

  #partition(): Partition {
    return this.#partitions[this.environment.currentCpu() % this.#partitions.length]!;
  }

  #get(entry: number, partition: Partition, field: number): number {
    return this.memory.words[(entry + partition.offset + field) >>> 2]!;
  }
  #set(entry: number, partition: Partition, field: number, value: number): void {
    this.memory.words[(entry + partition.offset + field) >>> 2] = value;
  }

  #append(list: List, partition: Partition, entry: number): void {
    this.#set(entry, partition, PREVIOUS, list.tail);
    this.#set(entry, partition, NEXT, 0);
    if (list.tail === 0) list.head = entry;
    else this.#set(list.tail, partition, NEXT, entry);
    list.tail = entry;
  }

  #remove(list: List, partition: Partition, entry: number): void {
    const previous = this.#get(entry, partition, PREVIOUS);
    const next = this.#get(entry, partition, NEXT);
    if (previous === 0) list.head = next;
    else this.#set(previous, partition, NEXT, next);
    if (next === 0) list.tail = previous;
    else this.#set(next, partition, PREVIOUS, previous);
  }

  /** Moves an entry to the hot list of the current partition. */
  #touch(entry: number): void {
    const partition = this.#partition();
    const generation = this.#get(entry, partition, GENERATION);
    if (generation === partition.generation) return;
    if (generation !== 0) this.#remove(partition.cold, partition, entry);
    this.#set(entry, partition, GENERATION, partition.generation);
    this.#set(entry, partition, TIME, ++this.#clock);
    this.#append(partition.hot, partition, entry);
    partition.hotSize++;
    if (partition.hotSize > partition.hotLimit) this.#cool(partition);
  }

  /** Ends a generation: the hot list becomes the young end of the cold list. */
  #cool(partition: Partition): void {
    const { hot, cold } = partition;
    if (hot.head !== 0) {
      if (cold.tail === 0) cold.head = hot.head;
      else {
        this.#set(cold.tail, partition, NEXT, hot.head);
        this.#set(hot.head, partition, PREVIOUS, cold.tail);
      }
      cold.tail = hot.tail;
    }
    hot.head = 0;
    hot.tail = 0;
    partition.hotSize = 0;
    partition.generation++;
  }

  /** Takes an entry out of every list. */
  #forget(entry: number): void {
    for (const partition of this.#partitions) {
      const generation = this.#get(entry, partition, GENERATION);
      if (generation === 0) continue;
      if (generation === partition.generation) {
        this.#remove(partition.hot, partition, entry);
        partition.hotSize--;
      } else this.#remove(partition.cold, partition, entry);
      this.#set(entry, partition, GENERATION, 0);
      this.#set(entry, partition, TIME, 0);
    }
  }

  #evict(): void {
    // The original first puts the new entry on the hot list, which may end the generation before a victim is sought.
    const current = this.#partition();
    if (current.hotSize + 1 > current.hotLimit) this.#cool(current);
    if (this.#partitions.every((partition) => partition.cold.head === 0)) for (const partition of this.#partitions) this.#cool(partition);
    const victim = this.#oldest();
    if (victim !== 0) this.unlink(victim);
  }

  #oldest(): number {
    let victim = 0;
    while (victim === 0) {
      let oldest = Number.POSITIVE_INFINITY;
      let seen = false;
      for (const partition of this.#partitions) {
        const entry = partition.cold.head;
        if (entry === 0) continue;
        seen = true;
        const latest = Math.max(...this.#partitions.map((other) => this.#get(entry, other, TIME)));
        if (latest !== this.#get(entry, partition, TIME)) {
          // Used since on another CPU: this is not its age.
          this.#remove(partition.cold, partition, entry);
          this.#set(entry, partition, GENERATION, 0);
        } else if (latest < oldest) {
          oldest = latest;
          victim = entry;
        }
      }
      if (!seen) {
        // Every cold head was used later on a CPU where it is still hot: end those generations too.
        for (const partition of this.#partitions) this.#cool(partition);
      }
    }
    return victim;
  }
}
