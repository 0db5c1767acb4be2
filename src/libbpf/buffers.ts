import { PerfEventArrayMap } from '../runtime/maps/perf-event-array.ts';
import type { RecordMap } from '../runtime/maps/record-map.ts';
import { RingBufferMap } from '../runtime/maps/ringbuf.ts';
import { errnoError, type LibbpfState } from './state.ts';

/** A negative result ends the current consume or poll and becomes its result. */
export type RingBufferSample = (record: Uint8Array) => number;
export type PerfBufferSample = (cpu: number, record: Uint8Array) => void;
export type PerfBufferLost = (cpu: number, count: number) => void;

/** struct ring_buffer: several ring buffer maps with a callback each. */
export class RingBuffer {
  readonly #rings: { readonly map: RingBufferMap; readonly sample: RingBufferSample; readonly fd: number }[] = [];
  readonly #state: LibbpfState;

  constructor(state: LibbpfState) {
    this.#state = state;
  }

  add(fd: number, sample: RingBufferSample): void {
    const map = this.#state.runtime.map(this.#state.id(fd, 'map'));
    if (!(map instanceof RingBufferMap)) throw errnoError('EINVAL', `${fd} is not a ring buffer.`);
    this.#rings.push({ map, sample, fd: this.#state.open(map.id) });
  }

  /** Gives every finished record to its callback; the number of records or the first negative result. */
  consume(): number {
    let count = 0;
    for (const { map, sample } of this.#rings) {
      let stopped = 0;
      while (stopped === 0) {
        const given = map.consumeUpTo(1, (record) => {
          const result = sample(record);
          if (result < 0) stopped = result;
        });
        if (given === 0) break;
        count++;
      }
      if (stopped < 0) return stopped;
    }
    return count;
  }

  /** Consumes, waiting up to `timeout` milliseconds (-1: without limit) for the first record. */
  async poll(timeout: number): Promise<number> {
    const now = this.consume();
    if (now !== 0 || timeout === 0) return now;
    await waitForRecord(
      this.#rings.map(({ map }) => map),
      timeout,
    );
    return this.consume();
  }

  /** Records of all rings as they come; ends when `signal` is aborted. */
  async *records(signal?: AbortSignal): AsyncGenerator<Uint8Array, undefined> {
    while (signal?.aborted !== true) {
      const batch: Uint8Array[] = [];
      for (const { map } of this.#rings) map.consume((record) => batch.push(record));
      yield* batch;
      if (batch.length === 0)
        await waitForRecord(
          this.#rings.map(({ map }) => map),
          -1,
          signal,
        );
    }
    return undefined;
  }

  free(): void {
    for (const { fd } of this.#rings.splice(0)) this.#state.close(fd);
  }
}

/** struct perf_buffer: one perf event array. */
export class PerfBuffer {
  readonly #map: PerfEventArrayMap;
  readonly #fd: number;
  readonly #state: LibbpfState;
  readonly #sample: PerfBufferSample;
  readonly #lost: PerfBufferLost | undefined;
  readonly #reported: number[];

  constructor(state: LibbpfState, fd: number, sample: PerfBufferSample, lost?: PerfBufferLost) {
    const map = state.runtime.map(state.id(fd, 'map'));
    if (!(map instanceof PerfEventArrayMap)) throw errnoError('EINVAL', `${fd} is not a perf event array.`);
    this.#map = map;
    this.#state = state;
    this.#fd = state.open(map.id);
    this.#sample = sample;
    this.#lost = lost;
    this.#reported = Array.from({ length: map.bufferCount }, () => 0);
  }

  get bufferCount(): number {
    return this.#map.bufferCount;
  }

  /** Consumes one CPU's records; throws EINVAL for a CPU without a buffer. */
  consumeBuffer(cpu: number): number {
    const count = this.#map.consumeCpu(cpu, (record) => this.#sample(cpu, record));
    const lost = this.#map.lost(cpu) - (this.#reported[cpu] ?? 0);
    if (lost > 0) {
      this.#reported[cpu] = this.#map.lost(cpu);
      this.#lost?.(cpu, lost);
    }
    return count;
  }

  consume(): number {
    let count = 0;
    for (let cpu = 0; cpu < this.bufferCount; cpu++) count += this.consumeBuffer(cpu);
    return count;
  }

  async poll(timeout: number): Promise<number> {
    const now = this.consume();
    if (now !== 0 || timeout === 0) return now;
    await waitForRecord([this.#map], timeout);
    return this.consume();
  }

  /** Records with their CPU as they come; ends when `signal` is aborted. */
  async *records(signal?: AbortSignal): AsyncGenerator<{ readonly cpu: number; readonly record: Uint8Array }, undefined> {
    while (signal?.aborted !== true) {
      const batch: { cpu: number; record: Uint8Array }[] = [];
      for (let cpu = 0; cpu < this.bufferCount; cpu++) this.#map.consumeCpu(cpu, (record) => batch.push({ cpu, record }));
      yield* batch;
      if (batch.length === 0) await waitForRecord([this.#map], -1, signal);
    }
    return undefined;
  }

  free(): void {
    this.#state.close(this.#fd);
  }
}

/** Resolves at the next record of any map, after `timeout` milliseconds (unless negative), or when aborted. */
function waitForRecord(maps: readonly RecordMap[], timeout: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const finish = () => {
      for (const withdraw of withdrawals) withdraw();
      clearTimeout(timer);
      signal?.removeEventListener('abort', finish);
      resolve();
    };
    const withdrawals = maps.map((map) => map.onRecord(finish));
    const timer = timeout < 0 ? undefined : setTimeout(finish, timeout);
    signal?.addEventListener('abort', finish, { once: true });
  });
}

/** ring_buffer__* and perf_buffer__* of the C interface. */
export function bufferCalls(state: LibbpfState) {
  return {
    ring_buffer__new: (fd: number, sample: RingBufferSample): RingBuffer | null =>
      state.pointer(() => {
        const ring = new RingBuffer(state);
        ring.add(fd, sample);
        return ring;
      }),
    ring_buffer__add: (ring: RingBuffer, fd: number, sample: RingBufferSample) => state.act(() => ring.add(fd, sample)),
    ring_buffer__consume: (ring: RingBuffer) => ring.consume(),
    ring_buffer__poll: (ring: RingBuffer, timeout: number) => ring.poll(timeout),
    ring_buffer__free: (ring: RingBuffer | null) => ring?.free(),
    perf_buffer__new: (fd: number, _pages: number, sample: PerfBufferSample, lost?: PerfBufferLost): PerfBuffer | null =>
      state.pointer(() => new PerfBuffer(state, fd, sample, lost)),
    perf_buffer__buffer_cnt: (buffer: PerfBuffer) => buffer.bufferCount,
    perf_buffer__consume: (buffer: PerfBuffer) => buffer.consume(),
    perf_buffer__consume_buffer: (buffer: PerfBuffer, cpu: number) => state.call(() => buffer.consumeBuffer(cpu)),
    perf_buffer__poll: (buffer: PerfBuffer, timeout: number) => buffer.poll(timeout),
    perf_buffer__free: (buffer: PerfBuffer | null) => buffer?.free(),
  };
}
