import type { MapKind } from '../../platform/platform.ts';
import type { HostEnvironment } from '../host.ts';
import type { LinearMemory } from '../memory.ts';
import type { RuntimeError } from '../result.ts';
import { type MapFailure, MapFlag, type MapRules, type MapSpecification, mapError, UpdateFlag } from './rules.ts';

/**
 * Every map has a descriptor of DESCRIPTOR_SIZE bytes in linear memory. Its address is the value of a `map_fd` load, what a
 * lookup in a map of maps returns, and where generated code finds the map's parameters. All fields are u32, little endian:
 *
 * ```
 *   0 kind       1 hash, 2 array, 3 any other (call the helper)
 *   4 id
 *   8 key size   12 value size (one CPU's)
 *  16 max entries
 *  20 stride     array: bytes from one element to the next. hash: bytes of an entry
 *  24 data       array: address of element 0. hash: address of the bucket table
 *  28 mask       hash: buckets - 1
 *  32 cpu stride bytes from one CPU's value to the next within an element; 0 when the map is not per-CPU
 *  36 value      hash: offset of the value in an entry (see hash.ts)
 *  40 seed       hash: initial hash value
 *  44 count      hash: live entries
 *  48 flags      bit 0: lookups have side effects (LRU) or need checks: do not inline
 * ```
 * `data` and `mask` of a hash change when it grows; `data` of an array never does.
 */
export const DESCRIPTOR_SIZE = 64;
export const Descriptor = {
  kind: 0,
  id: 4,
  keySize: 8,
  valueSize: 12,
  maxEntries: 16,
  stride: 20,
  data: 24,
  mask: 28,
  cpuStride: 32,
  valueOffset: 36,
  seed: 40,
  count: 44,
  flags: 48,
} as const;
export const DescriptorKind = { hash: 1, array: 2, other: 3 } as const;

/** Array parameters that never change while the map lives, for inlining: element i is at base + i * stride. */
export interface ArrayLayout {
  readonly kind: 'array';
  readonly base: number;
  readonly stride: number;
  readonly maxEntries: number;
  /** 0 unless per-CPU. */
  readonly cpuStride: number;
}
/** Hash parameters; the bucket table must be read through the descriptor. */
export interface HashLayout {
  readonly kind: 'hash';
  readonly descriptor: number;
  readonly keySize: number;
  readonly keyOffset: number;
  readonly valueOffset: number;
  readonly seed: number;
  readonly cpuStride: number;
}
/** What generated code may rely on; `opaque`: call the helper. */
export type MapLayout = ArrayLayout | HashLayout | { readonly kind: 'opaque' };

/** How maps that hold programs or maps reach them and keep them alive. */
export interface ObjectAccess {
  program(id: number): { readonly id: number; readonly programType: string } | undefined;
  map(id: number): BpfMap | undefined;
  hold(id: number, holder: BpfMap): void;
  drop(id: number, holder: BpfMap): void;
}

/** What maps share: the memory, the machine, the platform's rules, the other objects. */
export interface MapEnvironment {
  readonly objects: ObjectAccess;
  readonly memory: LinearMemory;
  readonly host: HostEnvironment;
  readonly rules: MapRules;
  /** The block that stands for a structure of the kernel, where a lookup leads to one. */
  readonly standIn?: (struct: string) => number;
  /** Processor that the running program sees; `host.currentCpu()` unless a test run pins it. */
  currentCpu(): number;
}

/** Bytes of struct bpf_spin_lock, the only special part of a map value that is as small. */
const LOCK_SIZE = 4;

/** Rounds up to a multiple of 8. */
export function round8(size: number): number {
  return Math.ceil(size / 8) * 8;
}

/** A key and its value as user space sees them (all CPUs' values for per-CPU maps). */
export interface MapEntry {
  readonly key: Uint8Array;
  readonly value: Uint8Array;
}

/** The object file that defines a map. */
export interface MapOrigin {
  readonly source: { readonly fileName: string; readonly sha256: string; readonly bytes: Uint8Array | undefined };
  /** Index among the object's maps. */
  readonly index: number;
}

/** A change that user space or a helper made, for those who mirror the map. `value` undefined: deleted. */
export type MapListener = (key: Uint8Array) => void;

/**
 * A map. Operations come in two forms: for programs with addresses in linear memory (`programLookup` ...) returning a code
 * (0, or a negative code of the platform), and for user space with bytes (`lookup` ...) throwing RuntimeError.
 *
 * A kind implements `find`, `put`, `erase` and `next`, which take key addresses and return an address or a negative code.
 */
export abstract class BpfMap {
  readonly name: string;
  readonly specification: MapSpecification;
  /** Address of the descriptor: the map's value in registers. */
  readonly handle: number;
  /** Given by the object table. */
  id = 0;
  /** Where its definition stands, and with it the C types of its keys and values; undefined for maps that no object describes. */
  origin: MapOrigin | undefined;
  /** Set by `freeze`: user space may not write any more. */
  frozen = false;
  protected readonly environment: MapEnvironment;
  protected readonly memory: LinearMemory;
  /** Bytes of all CPUs' values of one element. */
  readonly userValueSize: number;
  /** Distance between two CPUs' values; 0: one value for all. */
  readonly cpuStride: number;
  /** Told the key of every change made by user space or by a helper; stores through a value pointer are not seen. */
  readonly listeners = new Set<MapListener>();
  readonly #scratch: number;

  constructor(environment: MapEnvironment, specification: MapSpecification) {
    this.environment = environment;
    this.memory = environment.memory;
    this.specification = specification;
    this.name = specification.name;
    const perCpu = specification.type.perCpu === true;
    this.cpuStride = perCpu ? round8(specification.valueSize) : 0;
    this.userValueSize = perCpu ? this.cpuStride * environment.host.cpuCount : specification.valueSize;
    this.handle = this.memory.allocate(DESCRIPTOR_SIZE, 'other', `map ${specification.name} descriptor`, { writable: false });
    this.#scratch = this.memory.allocate(Math.max(16, round8(specification.keySize) * 2), 'other', `map ${specification.name} keys`);
    this.describe(Descriptor.kind, DescriptorKind.other);
    this.describe(Descriptor.keySize, specification.keySize);
    this.describe(Descriptor.valueSize, specification.valueSize);
    this.describe(Descriptor.maxEntries, specification.maxEntries);
    this.describe(Descriptor.cpuStride, this.cpuStride);
    this.describe(Descriptor.flags, 1);
  }

  get kind(): MapKind {
    return this.specification.type.kind;
  }
  get keySize(): number {
    return this.specification.keySize;
  }
  get valueSize(): number {
    return this.specification.valueSize;
  }
  get maxEntries(): number {
    return this.specification.maxEntries;
  }
  get flags(): number {
    return this.specification.flags;
  }
  /** What generated code may inline. */
  get layout(): MapLayout {
    return { kind: 'opaque' };
  }
  /** Number of live entries; arrays count every element. */
  abstract get count(): number;
  get rules(): MapRules {
    return this.environment.rules;
  }

  /** Called once the id is known. */
  register(id: number): void {
    this.id = id;
    this.describe(Descriptor.id, id);
  }

  /** Called when no handle and no pin is left, although programs may still use the map (program arrays empty themselves). */
  userReleased(): void {}

  /** Puts an entry from `entries` into a fresh map, past freezing. */
  restore(entry: MapEntry): void {
    const result = this.importValue(this.stageKey(entry.key), entry.value, 0);
    if (result < 0) throw this.error(result, 'restore');
  }

  /** Bytes of an entry in `exportAll`, or 0 when entries differ in length and each is preceded by a u32 length. */
  get packedSize(): number {
    return this.keySize + this.userValueSize;
  }

  /** Every entry, packed: key and value without padding, one after the other. */
  exportAll(): Uint8Array {
    const size = this.packedSize;
    const entries = [...this.entries()];
    const bytes = new Uint8Array(entries.reduce((total, { key, value }) => total + (size === 0 ? 4 : 0) + key.length + value.length, 0));
    const view = new DataView(bytes.buffer);
    let offset = 0;
    for (const { key, value } of entries) {
      if (size === 0) {
        view.setUint32(offset, value.length, true);
        offset += 4;
      }
      bytes.set(key, offset);
      bytes.set(value, offset + key.length);
      offset += key.length + value.length;
    }
    return bytes;
  }

  /** Adds packed entries, past freezing. Throws EBPF_INVALID_ARGUMENT when they do not fit the map. */
  importAll(bytes: Uint8Array): void {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    const fixed = this.packedSize;
    for (let offset = 0; offset < bytes.length; ) {
      const size = fixed > 0 ? fixed : offset + 4 <= bytes.length ? view.getUint32(offset, true) : Number.POSITIVE_INFINITY;
      if (fixed === 0) offset += 4;
      if (offset + size > bytes.length) throw this.error(this.fail('invalid'), 'restore');
      this.restore({ key: bytes.slice(offset, offset + this.keySize), value: bytes.slice(offset + this.keySize, offset + size) });
      offset += size;
    }
  }

  /** Removes an entry past freezing and without telling listeners; for restoring. */
  forget(key: Uint8Array): void {
    this.erase(this.stageKey(key));
  }

  /** Removes every entry past freezing; arrays become zero. */
  clearAll(): void {
    for (let key = this.nextKey(undefined); key !== undefined; key = this.nextKey(undefined)) this.forget(key);
  }

  /** The element that an address inside a value belongs to: its key and where its value begins; undefined where there is none (any more). */
  elementAt(_address: number): { readonly key: Uint8Array; readonly value: number } | undefined {
    return undefined;
  }

  /** Clears the parts of a value that belong to the runtime: they never take bytes from outside, and end with the element. */
  protected resetSpecial(value: number): void {
    for (const { offset, size } of this.specification.special ?? []) this.memory.bytes.fill(0, value + offset, value + offset + size);
  }

  /** Gives all memory back. */
  destroy(): void {
    this.memory.free(this.#scratch);
    this.memory.free(this.handle);
  }

  protected describe(field: number, value: number): void {
    this.memory.words[(this.handle + field) >>> 2] = value;
  }

  /** A negative code. */
  protected fail(failure: MapFailure): number {
    return -this.environment.rules.codes[failure];
  }

  /** Address of the element's value (first CPU's), or a negative code. `reader` tells whether a program asks (refreshes LRU). */
  protected abstract find(key: number, reader: 'program' | 'user'): number;
  /** Address of the value of an element that now exists (zeroed when new), or a negative code. */
  protected abstract put(key: number, flags: number): number;
  protected abstract erase(key: number): number;
  /** Writes the key after `key` (0: the first) to `out`; 0 or a negative code. */
  protected abstract next(key: number, out: number): number;

  /** The index that the key at an address is, for maps of `maxEntries` elements. */
  protected index(key: number): number {
    return this.memory.view.getUint32(key, true);
  }

  /** `next` of such maps. An index beyond the end restarts on Linux, and ends the iteration on Windows. */
  protected nextIndex(key: number, out: number): number {
    let index = key === 0 ? 0 : this.index(key) + 1;
    if (key !== 0 && index > this.maxEntries && this.rules.unknownKeyRestarts) index = 0;
    if (index >= this.maxEntries) return this.fail('no_more_keys');
    this.memory.view.setUint32(out, index, true);
    return 0;
  }

  // Program side ------------------------------------------------------------------------------------------------------

  /** Address of the value as the current CPU sees it, or 0. */
  programLookup(key: number): number {
    const address = this.find(key, 'program');
    if (address < 0) return 0;
    return this.cpuStride === 0 ? address : address + this.cpuStride * this.environment.currentCpu();
  }

  /** 0 or a negative code. */
  programUpdate(key: number, value: number, flags: number): number {
    if ((this.flags & MapFlag.readOnlyProgram) !== 0) return this.fail('frozen');
    const address = this.put(key, flags);
    if (address < 0) return address;
    const target = this.cpuStride === 0 ? address : address + this.cpuStride * this.environment.currentCpu();
    this.memory.bytes.copyWithin(target, value, value + this.specification.valueSize);
    this.resetSpecial(target);
    if (this.listeners.size > 0) this.notify(this.memory.read(key, this.keySize));
    return 0;
  }

  /** 0 or a negative code. */
  programDelete(key: number): number {
    if ((this.flags & MapFlag.readOnlyProgram) !== 0) return this.fail('frozen');
    const bytes = this.listeners.size > 0 ? this.memory.read(key, this.keySize) : undefined;
    const result = this.erase(key);
    if (result >= 0 && bytes !== undefined) this.notify(bytes);
    return result;
  }

  /** Address of the value of the entry that was removed, or 0. The bytes stay readable until entries are added. */
  programLookupAndDelete(key: number): number {
    const address = this.programLookup(key);
    return address === 0 || this.programDelete(key) < 0 ? 0 : address;
  }

  /** bpf_map_push_elem. */
  push(_value: number, _flags: number): number {
    return this.fail('unsupported');
  }
  /** bpf_map_pop_elem and bpf_map_peek_elem. */
  take(_value: number, _remove: boolean): number {
    return this.fail('unsupported');
  }

  // User side ---------------------------------------------------------------------------------------------------------

  /** The value, or undefined when there is none. Throws for wrong sizes and unsupported operations. */
  lookup(key: Uint8Array): Uint8Array | undefined {
    const address = this.find(this.stageKey(key), 'user');
    if (address < 0) {
      if (this.#missing(address)) return undefined;
      throw this.error(address, 'look up');
    }
    return this.exportValue(address);
  }

  /** Adds or replaces. `flags`: BPF_ANY 0, BPF_NOEXIST 1, BPF_EXIST 2. */
  update(key: Uint8Array, value: Uint8Array, flags = 0): void {
    this.requireWritable('update');
    if (value.length !== this.userValueSize) {
      throw this.error(this.fail('invalid'), `update (the value has ${value.length} bytes, the map wants ${this.userValueSize})`);
    }
    const staged = this.stageKey(key);
    // The whole call is refused for BPF_F_LOCK without a lock, whatever the type would say.
    const locking = (this.baseFlags(flags) & UpdateFlag.lock) !== 0 && this.rules.platform === 'linux';
    const result = locking ? this.fail('invalid') : this.importValue(staged, value, flags);
    if (result < 0) throw this.error(result, 'update');
    if (this.listeners.size > 0) this.notify(key.slice());
  }

  /** Removes; false when the key was not there. */
  delete(key: Uint8Array): boolean {
    this.requireWritable('delete from');
    const result = this.erase(this.stageKey(key));
    if (result < 0) {
      if (this.#missing(result)) return false;
      throw this.error(result, 'delete from');
    }
    if (this.listeners.size > 0) this.notify(key.slice());
    return true;
  }

  /** Returns the value and removes the entry; undefined when there is none. */
  lookupAndDelete(key: Uint8Array): Uint8Array | undefined {
    this.requireWritable('take from');
    if (!this.rules.takes(this.kind)) throw this.error(this.fail('no_take'), 'look up and delete in');
    const value = this.lookup(key);
    if (value !== undefined) this.delete(key);
    return value;
  }

  /** The key after the given one (undefined: the first), or undefined at the end. */
  nextKey(key: Uint8Array | undefined): Uint8Array | undefined {
    const out = this.#scratch + round8(this.keySize);
    const result = this.next(key === undefined ? 0 : this.stageKey(key), out);
    if (result < 0) {
      if (this.#missing(result)) return undefined;
      throw this.error(result, 'iterate');
    }
    return this.memory.read(out, this.keySize);
  }

  /** All entries. The map may be changed meanwhile; entries added then may or may not be seen. */
  *entries(): Generator<MapEntry, undefined> {
    for (let key = this.nextKey(undefined); key !== undefined; ) {
      const value = this.lookup(key);
      if (value !== undefined) yield { key, value };
      key = this.nextKey(key);
    }
  }

  /** Up to `limit` entries after `previous`, and whether there are more (bpf_map_lookup_batch). `remove` also deletes them. */
  batch(previous: Uint8Array | undefined, limit: number, remove = false): { readonly entries: MapEntry[]; readonly more: boolean } {
    const entries: MapEntry[] = [];
    let key = this.nextKey(previous);
    while (key !== undefined && entries.length < limit) {
      const value = this.lookup(key);
      if (value !== undefined) entries.push({ key, value });
      key = this.nextKey(key);
    }
    if (remove) for (const entry of entries) this.delete(entry.key);
    return { entries, more: key !== undefined };
  }

  /** BPF_MAP_FREEZE: from now on only programs write. Throws EPERM on Linux when that is so already. */
  freeze(): void {
    if (this.rules.platform === 'linux') this.requireWritable('freeze');
    this.frozen = true;
  }

  /** The error for a negative code: "Cannot update map flows: EBPF_INVALID_ARGUMENT." */
  error(negativeCode: number, doing: string): RuntimeError {
    const error = mapError(this.rules, -negativeCode, '');
    error.message = `Cannot ${doing} map ${this.name}: ${this.rules.platform === 'windows' ? error.result : `errno ${error.errno}`}.`;
    return error;
  }

  /** Copies a user value into the element. Kinds whose values are not plain bytes (programs, maps) override it. */
  protected importValue(key: number, value: Uint8Array, flags: number): number {
    const address = this.put(key, flags);
    if (address < 0) return address;
    this.memory.write(address, value);
    this.resetSpecial(address);
    return 0;
  }

  /** The value as user space sees it: without what belongs to the runtime. */
  protected exportValue(address: number): Uint8Array {
    const value = this.memory.read(address, this.userValueSize);
    for (const { offset, size } of this.specification.special ?? []) value.fill(0, offset, offset + size);
    return value;
  }

  protected notify(key: Uint8Array): void {
    for (const listener of this.listeners) listener(key);
  }

  protected stageKey(key: Uint8Array): number {
    if (key.length !== this.keySize) {
      throw this.error(this.fail('invalid'), `use a key of ${key.length} bytes (${this.keySize} wanted) in`);
    }
    this.memory.write(this.#scratch, key);
    return this.#scratch;
  }

  #missing(result: number): boolean {
    const { codes } = this.rules;
    return -result === codes.missing || -result === codes.absent || -result === codes.no_more_keys || -result === codes.lpm_missing;
  }

  protected requireWritable(doing: string): void {
    if (this.frozen) throw this.error(this.fail('frozen'), doing);
  }

  /** Update flags without BPF_F_LOCK, which only values with a lock may have. */
  protected baseFlags(flags: number): number {
    const locked = this.specification.special?.some(({ size }) => size === LOCK_SIZE) === true;
    return locked ? flags & ~UpdateFlag.lock : flags;
  }

  /** BPF_EXIST and BPF_NOEXIST against what is there; 0 or a negative code. Unknown flags are refused. */
  protected checkFlags(flags: number, present: boolean): number {
    const base = this.baseFlags(flags);
    if (base > UpdateFlag.exist || flags < 0) return this.fail('invalid');
    if (base === UpdateFlag.noExist && present) return this.fail('exists');
    if (base === UpdateFlag.exist && !present) return this.fail('absent');
    return 0;
  }
}
