import { Errno } from '../result.ts';
import type { MapEntry, MapEnvironment } from './map.ts';
import { RecordMap } from './record-map.ts';
import { LENGTH_MASK, RECORD_HEADER, type RecordCallback, Ring } from './ring.ts';
import type { MapSpecification } from './rules.ts';

const NO_KEY = new Uint8Array(0);

/**
 * BPF_MAP_TYPE_USER_RINGBUF: a ring of `maxEntries` bytes (whole pages, a power of two) that user space fills and programs drain
 * (kernel/bpf/ringbuf.c). User space writes a record by an update with an empty key.
 */
export class UserRingBufferMap extends RecordMap {
  readonly #ring: Ring;

  constructor(environment: MapEnvironment, specification: MapSpecification) {
    super(environment, specification);
    this.#ring = new Ring(this.memory, this.maxEntries, `map ${this.name}`);
  }

  override destroy(): void {
    this.#ring.destroy();
    super.destroy();
  }

  /** Adds a record (user_ring_buffer__reserve and submit). Throws E2BIG for one that never fits, ENOSPC while there is no room. */
  override update(_key: Uint8Array, value: Uint8Array): void {
    this.requireWritable('write a record to');
    if (value.length > LENGTH_MASK || value.length + RECORD_HEADER > this.#ring.size) throw this.error(-Errno.E2BIG, 'write a record to');
    if (!this.#ring.output(value)) throw this.error(-Errno.ENOSPC, 'write a record to');
    this.notify(NO_KEY);
  }

  /**
   * Gives up to `limit` records to a program: `visit` gets where each lies and its length, and ends the walk with false.
   * Returns how many were given.
   */
  drain(limit: number, visit: (address: number, length: number) => boolean): number {
    let given = 0;
    let more = true;
    while (more && given < limit) {
      const record = this.#ring.oldest();
      if (record === undefined) break;
      more = visit(record.address, record.length);
      this.#ring.drop(record);
      given++;
    }
    if (given > 0) this.notify(NO_KEY);
    return given;
  }

  consume(callback: RecordCallback): number {
    return this.#ring.consume(callback);
  }

  pendingRecords(): Uint8Array[] {
    return this.#ring.peek();
  }

  override restore(entry: MapEntry): void {
    this.#ring.output(entry.value);
  }
}
