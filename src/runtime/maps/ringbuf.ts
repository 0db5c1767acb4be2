import { Errno } from '../result.ts';
import type { MapEntry, MapEnvironment } from './map.ts';
import { RecordMap } from './record-map.ts';
import { LENGTH_MASK, RECORD_HEADER, type RecordCallback, Ring } from './ring.ts';
import { type MapSpecification, mapError } from './rules.ts';

/** Flags of bpf_ringbuf_output and its relatives. */
const WAKEUP_FLAGS = 3;

/** What bpf_ringbuf_query asks for (BPF_RB_AVAIL_DATA ...). */
const queries: readonly ((ring: Ring) => number)[] = [
  (ring) => ring.pending,
  (ring) => ring.size,
  (ring) => ring.consumerPosition,
  (ring) => ring.producerPosition,
];

/** BPF_MAP_TYPE_RINGBUF: one ring of `maxEntries` bytes (a power of two) for all CPUs. */
export class RingBufferMap extends RecordMap {
  readonly #ring: Ring;

  constructor(environment: MapEnvironment, specification: MapSpecification) {
    const { maxEntries, keySize, valueSize, name } = specification;
    const powerOfTwo = maxEntries >= 8 && (maxEntries & (maxEntries - 1)) === 0;
    if (keySize !== 0 || valueSize !== 0 || !powerOfTwo) {
      throw mapError(
        environment.rules,
        environment.rules.codes.invalid,
        `Map ${name}: a ring buffer has no keys, no values, and a power of two as size.`,
      );
    }
    super(environment, specification);
    this.#ring = new Ring(this.memory, maxEntries, `map ${name}`);
  }

  override destroy(): void {
    this.#ring.destroy();
    super.destroy();
  }

  /** bpf_ringbuf_output. Windows ignores the flags. */
  output(data: number, size: number, flags: number): number {
    if (this.rules.platform === 'linux' && (flags & ~WAKEUP_FLAGS) !== 0) return this.fail('invalid');
    const refused = this.#checkSize(size);
    if (refused < 0) return refused;
    const record = this.#ring.reserve(size);
    if (record === 0) return this.fail('ring_full');
    this.memory.bytes.copyWithin(record, data, data + size);
    this.#ring.commit(record, false);
    this.wake();
    return 0;
  }

  /** bpf_ringbuf_reserve: address of the record, or 0. */
  reserve(size: number, flags: number): number {
    return flags !== 0 || this.#checkSize(size) < 0 ? 0 : this.#ring.reserve(size);
  }

  /** bpf_ringbuf_submit and _discard; false when the address is not a reserved record of this map. */
  finish(record: number, discard: boolean): boolean {
    if (!this.#ring.commit(record, discard)) return false;
    this.wake();
    return true;
  }

  /** bpf_ringbuf_query; 0 for an unknown flag. */
  query(flag: number): number {
    return queries[flag]?.(this.#ring) ?? 0;
  }

  /** Writes a record from user space (ebpf_ring_buffer_map_write). */
  write(bytes: Uint8Array): void {
    const refused = this.#checkSize(bytes.length);
    if (refused < 0) throw this.error(refused, 'write a record to');
    if (!this.#ring.output(bytes)) throw this.error(this.fail('ring_full'), 'write a record to');
    this.wake();
  }

  consume(callback: RecordCallback): number {
    return this.#ring.consume(callback);
  }

  /** `consume` with a limit. */
  consumeUpTo(limit: number, callback: RecordCallback): number {
    return this.#ring.consume(callback, limit);
  }

  pendingRecords(): Uint8Array[] {
    return this.#ring.peek();
  }

  override restore(entry: MapEntry): void {
    this.#ring.output(entry.value);
  }

  #checkSize(size: number): number {
    if (size > LENGTH_MASK || size + RECORD_HEADER > this.#ring.size) return this.rules.platform === 'linux' ? -Errno.EAGAIN : this.fail('invalid');
    return size === 0 && this.rules.platform === 'windows' ? this.fail('invalid') : 0;
  }
}
