import { NULL_GUARD } from '../engine/engine.ts';
import { RuntimeError } from './result.ts';

/**
 * The linear memory that holds everything a program can touch, and its allocator.
 *
 * ```
 *   0          NULL_GUARD        first block          second block
 *   | never used | block | >= 64 unused bytes | block | >= 64 unused bytes | ...
 * ```
 * Bookkeeping lives outside the memory, so a wild write of a program cannot corrupt it. Blocks are 16-byte aligned and zeroed.
 * Small blocks (up to 64 KiB) come back through free lists by size, larger ones through an address-ordered list that joins neighbours.
 */

const PAGE = 0x1_0000;
const MAXIMUM_PAGES = 0x1_0000;
const ALIGNMENT = 16;
/** Unused bytes after every block: an access that runs over a block's end meets them before another block. */
export const GUARD_GAP = 64;
const SMALL_LIMIT = 0x1_0000;

/** What a block is for, for messages and for the checked engine. */
export type RegionKind = 'stack' | 'context' | 'packet' | 'map' | 'data' | 'record' | 'other';

/** Only these bytes of every `stride` of a block may be touched by programs: `size` bytes at `offset`. */
export interface ElementShape {
  readonly stride: number;
  readonly offset: number;
  readonly size: number;
}

export interface Region {
  readonly start: number;
  /** One past the last usable byte. */
  readonly end: number;
  readonly kind: RegionKind;
  /** "map flows", "stack". */
  readonly name: string;
  readonly element?: ElementShape;
  readonly writable: boolean;
}

export interface RegionOptions {
  readonly element?: ElementShape;
  readonly writable?: boolean;
}

interface Hole {
  start: number;
  size: number;
}

/** Size class of a small block: multiples of 16 up to 512, then four steps per power of two. */
function roundSmall(size: number): number {
  if (size <= 512) return Math.max(ALIGNMENT, (size + ALIGNMENT - 1) & ~(ALIGNMENT - 1));
  const step = 1 << (29 - Math.clz32(size - 1));
  return Math.ceil(size / step) * step;
}

export class LinearMemory {
  readonly memory: WebAssembly.Memory;
  /** Views of the whole memory. Growth replaces them: never keep one across an allocation. */
  bytes!: Uint8Array;
  words!: Uint32Array;
  view!: DataView;
  #top = NULL_GUARD;
  readonly #regions = new Map<number, Region>();
  readonly #capacity = new Map<number, number>();
  readonly #small = new Map<number, number[]>();
  readonly #holes: Hole[] = [];
  #sorted: Region[] | undefined;
  #used = 0;

  /** `maximumBytes` bounds growth (default 4 GiB, the most that 32-bit offsets reach). */
  constructor(initialBytes = 0x20_0000, maximumBytes = MAXIMUM_PAGES * PAGE) {
    const maximum = Math.min(MAXIMUM_PAGES, Math.ceil(maximumBytes / PAGE));
    this.memory = new WebAssembly.Memory({ initial: Math.min(maximum, Math.max(2, Math.ceil(initialBytes / PAGE))), maximum });
    this.#maximum = maximum * PAGE;
    this.#refresh();
  }
  readonly #maximum: number;

  /** Bytes handed out and not yet returned. */
  get used(): number {
    return this.#used;
  }

  /** Current size of the memory in bytes. */
  get size(): number {
    return this.bytes.length;
  }

  /**
   * Reserves `size` zeroed bytes and returns their address.
   * Throws EBPF_NO_MEMORY when the memory cannot grow enough.
   */
  allocate(size: number, kind: RegionKind, name: string, options: RegionOptions = {}): number {
    if (!Number.isSafeInteger(size) || size < 0) throw new RuntimeError('EBPF_INVALID_ARGUMENT', `${name}: ${size} is not a size in bytes.`);
    const small = size <= SMALL_LIMIT;
    const capacity = small ? roundSmall(size) : Math.ceil(size / PAGE) * PAGE;
    const recycled = small ? this.#small.get(capacity)?.pop() : this.#fromHoles(capacity);
    const start = recycled ?? this.#fromTop(capacity, name);
    if (recycled !== undefined) this.bytes.fill(0, start, start + capacity);
    const { element, writable = true } = options;
    this.#regions.set(start, { start, end: start + size, kind, name, writable, ...(element === undefined ? {} : { element }) });
    this.#capacity.set(start, capacity);
    this.#sorted = undefined;
    this.#used += capacity;
    return start;
  }

  /** Returns a block obtained from `allocate`. Anything else is a fault of the caller and throws EBPF_INVALID_POINTER. */
  free(start: number): void {
    const capacity = this.#capacity.get(start);
    if (capacity === undefined) throw new RuntimeError('EBPF_INVALID_POINTER', `0x${start.toString(16)} is not the start of a block.`);
    this.#regions.delete(start);
    this.#capacity.delete(start);
    this.#sorted = undefined;
    this.#used -= capacity;
    if (capacity <= SMALL_LIMIT) {
      const list = this.#small.get(capacity);
      if (list === undefined) this.#small.set(capacity, [start]);
      else list.push(start);
    } else this.#toHoles(start, capacity + GUARD_GAP);
  }

  /** The block that contains the address, or undefined in gaps, free space and outside. */
  find(address: number): Region | undefined {
    this.#sorted ??= [...this.#regions.values()].sort((a, b) => a.start - b.start);
    let low = 0;
    let high = this.#sorted.length - 1;
    while (low <= high) {
      const middle = (low + high) >>> 1;
      const region = this.#sorted[middle]!;
      if (address < region.start) high = middle - 1;
      else if (address >= region.end) low = middle + 1;
      else return region;
    }
    return undefined;
  }

  /** Whether a program may touch `size` bytes at the address: inside one block and, in a map, inside one element's value. */
  accessible(address: number, size: number, write: boolean): boolean {
    const region = this.find(address);
    if (region === undefined || address + size > region.end || (write && !region.writable)) return false;
    if (region.element === undefined) return true;
    const within = ((address - region.start) % region.element.stride) - region.element.offset;
    return within >= 0 && within + size <= region.element.size;
  }

  /** Copies bytes in. The caller has checked that they fit. */
  write(address: number, data: Uint8Array): void {
    this.bytes.set(data, address);
  }

  /** A copy of the bytes at an address. */
  read(address: number, size: number): Uint8Array {
    return this.bytes.slice(address, address + size);
  }

  /** Whether `size` bytes at the address lie inside the memory and above the null guard. */
  contains(address: number, size: number): boolean {
    return address >= NULL_GUARD && size >= 0 && address + size <= this.bytes.length;
  }

  #refresh(): void {
    this.bytes = new Uint8Array(this.memory.buffer);
    this.words = new Uint32Array(this.memory.buffer);
    this.view = new DataView(this.memory.buffer);
  }

  #fromTop(capacity: number, name: string): number {
    const start = this.#top;
    const end = start + capacity + GUARD_GAP;
    if (end > this.bytes.length) this.#grow(end, name);
    this.#top = end;
    return start;
  }

  /** Grows by at least a quarter, so that n allocations cost O(n) growth in all. */
  #grow(needed: number, name: string): void {
    const refused = () => new RuntimeError('EBPF_NO_MEMORY', `${name}: the linear memory cannot grow to ${needed} bytes (limit ${this.#maximum}).`);
    if (needed > this.#maximum) throw refused();
    const wanted = Math.min(this.#maximum, Math.max(needed, Math.floor(this.bytes.length * 1.25)));
    const pages = Math.ceil(wanted / PAGE) - this.bytes.length / PAGE;
    try {
      this.memory.grow(pages);
    } catch {
      try {
        this.memory.grow(Math.ceil(needed / PAGE) - this.bytes.length / PAGE);
      } catch {
        throw refused();
      }
    }
    this.#refresh();
  }

  #fromHoles(capacity: number): number | undefined {
    const wanted = capacity + GUARD_GAP;
    let best = -1;
    for (let index = 0; index < this.#holes.length; index++) {
      const hole = this.#holes[index]!;
      if (hole.size >= wanted && (best < 0 || hole.size < this.#holes[best]!.size)) best = index;
    }
    if (best < 0) return undefined;
    const hole = this.#holes[best]!;
    const start = hole.start;
    if (hole.size === wanted) this.#holes.splice(best, 1);
    else {
      hole.start += wanted;
      hole.size -= wanted;
    }
    return start;
  }

  #toHoles(start: number, size: number): void {
    let index = this.#holes.findIndex((hole) => hole.start > start);
    if (index < 0) index = this.#holes.length;
    this.#holes.splice(index, 0, { start, size });
    const merge = (left: number) => {
      const a = this.#holes[left];
      const b = this.#holes[left + 1];
      if (a === undefined || b === undefined || a.start + a.size !== b.start) return;
      a.size += b.size;
      this.#holes.splice(left + 1, 1);
    };
    merge(index);
    merge(index - 1);
  }
}
