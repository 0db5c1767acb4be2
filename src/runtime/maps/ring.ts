import type { LinearMemory } from '../memory.ts';

/**
 * A ring of records in linear memory: the format of BPF_MAP_TYPE_RINGBUF (kernel/bpf/ringbuf.c), also used for each CPU of a
 * perf event array.
 *
 * ```
 * record: u32 length | bit 31 busy | bit 30 discarded,  u32 page offset (0 here),  length bytes, padded to 8
 * ```
 * Positions only grow; a record lies at `data + position % size`. Kernels map the data twice so that a record that crosses
 * the end is contiguous; here the area is twice as large and such a record runs on into the second half.
 */
export const RECORD_HEADER = 8;
export const BUSY_BIT = 0x8000_0000;
export const DISCARD_BIT = 0x4000_0000;
export const LENGTH_MASK = 0x3fff_ffff;

/** What a reader receives, oldest first. */
export type RecordCallback = (record: Uint8Array) => void;

export class Ring {
  readonly size: number;
  readonly data: number;
  readonly #memory: LinearMemory;
  #producer = 0;
  #consumer = 0;
  /** Records that found no room. */
  lost = 0;

  constructor(memory: LinearMemory, size: number, name: string) {
    this.#memory = memory;
    this.size = size;
    this.data = memory.allocate(size * 2, 'record', name);
  }

  /** Bytes between the consumer and the producer. */
  get pending(): number {
    return this.#producer - this.#consumer;
  }
  get producerPosition(): number {
    return this.#producer;
  }
  get consumerPosition(): number {
    return this.#consumer;
  }

  destroy(): void {
    this.#memory.free(this.data);
  }

  /** Address of `length` bytes for a record that is busy until `commit`; 0 when there is no room now. */
  reserve(length: number): number {
    const total = Math.ceil((length + RECORD_HEADER) / 8) * 8;
    if (this.#producer + total - this.#consumer > this.size - 1) {
      this.lost++;
      return 0;
    }
    const header = this.data + (this.#producer % this.size);
    const { words } = this.#memory;
    words[header >>> 2] = (length | BUSY_BIT) >>> 0;
    words[(header >>> 2) + 1] = 0;
    this.#producer += total;
    return header + RECORD_HEADER;
  }

  /** Ends a reservation; returns false when the address is not a busy record. */
  commit(record: number, discard: boolean): boolean {
    const header = record - RECORD_HEADER;
    if (header < this.data || header >= this.data + this.size || (header & 7) !== 0) return false;
    const { words } = this.#memory;
    const word = words[header >>> 2]!;
    if ((word & BUSY_BIT) === 0) return false;
    words[header >>> 2] = ((word & LENGTH_MASK) | (discard ? DISCARD_BIT : 0)) >>> 0;
    return true;
  }

  /** Writes one record; false when there is no room. */
  output(bytes: Uint8Array): boolean {
    const address = this.reserve(bytes.length);
    if (address === 0) return false;
    this.#memory.write(address, bytes);
    this.commit(address, false);
    return true;
  }

  /** Gives up to `limit` finished records to the callback and frees them; discarded ones are skipped. Returns how many were given. */
  consume(callback: RecordCallback, limit = Number.POSITIVE_INFINITY): number {
    let given = 0;
    while (this.#consumer < this.#producer && given < limit) {
      const header = this.data + (this.#consumer % this.size);
      const word = this.#memory.words[header >>> 2]!;
      if ((word & BUSY_BIT) !== 0) break;
      const length = word & LENGTH_MASK;
      // Copied before the callback runs: it may write to the ring.
      const record = (word & DISCARD_BIT) === 0 ? this.#memory.read(header + RECORD_HEADER, length) : undefined;
      this.#consumer += Math.ceil((length + RECORD_HEADER) / 8) * 8;
      if (record !== undefined) {
        given++;
        callback(record);
      }
    }
    return given;
  }

  /** The oldest finished record in place, or undefined; `drop` frees it. */
  oldest(): { readonly address: number; readonly length: number } | undefined {
    if (this.#consumer >= this.#producer) return undefined;
    const header = this.data + (this.#consumer % this.size);
    const word = this.#memory.words[header >>> 2]!;
    return (word & BUSY_BIT) === 0 ? { address: header + RECORD_HEADER, length: word & LENGTH_MASK } : undefined;
  }

  /** Frees the record that `oldest` gave. */
  drop(record: { readonly length: number }): void {
    this.#consumer += Math.ceil((record.length + RECORD_HEADER) / 8) * 8;
  }

  /** Copies of the finished records that nobody has consumed, without consuming them. */
  peek(): Uint8Array[] {
    const records: Uint8Array[] = [];
    for (let position = this.#consumer; position < this.#producer; ) {
      const header = this.data + (position % this.size);
      const word = this.#memory.words[header >>> 2]!;
      if ((word & BUSY_BIT) !== 0) break;
      const length = word & LENGTH_MASK;
      if ((word & DISCARD_BIT) === 0) records.push(this.#memory.read(header + RECORD_HEADER, length));
      position += Math.ceil((length + RECORD_HEADER) / 8) * 8;
    }
    return records;
  }
}
