import { BpfMap, type MapEntry } from './map.ts';
import type { RecordCallback } from './ring.ts';

/** Maps whose content is a stream of records that user space consumes: ring buffers and perf event arrays. */
export abstract class RecordMap extends BpfMap {
  readonly #waiting = new Set<() => void>();

  /** Gives every finished record to the callback; returns how many. */
  abstract consume(callback: RecordCallback): number;
  /** Unread records, without consuming them. */
  abstract pendingRecords(): Uint8Array[];

  override get count(): number {
    return this.pendingRecords().length;
  }

  /** Calls back once, when the next record is finished. Returns a function that withdraws the request. */
  onRecord(callback: () => void): () => void {
    this.#waiting.add(callback);
    return () => this.#waiting.delete(callback);
  }

  /** Records as they come; ends when `signal` is aborted. */
  async *records(signal?: AbortSignal): AsyncGenerator<Uint8Array, undefined> {
    while (signal?.aborted !== true) {
      const batch: Uint8Array[] = [];
      this.consume((record) => batch.push(record));
      yield* batch;
      if (batch.length > 0) continue;
      await new Promise<void>((resolve) => {
        const withdraw = this.onRecord(resolve);
        signal?.addEventListener(
          'abort',
          () => {
            withdraw();
            resolve();
          },
          { once: true },
        );
      });
    }
    return undefined;
  }

  override get packedSize(): number {
    return 0;
  }

  override clearAll(): void {
    this.consume(() => undefined);
  }

  protected wake(): void {
    const callbacks = [...this.#waiting];
    this.#waiting.clear();
    for (const callback of callbacks) callback();
    this.notify(new Uint8Array(0));
  }

  protected find(): number {
    return this.fail('no_operation');
  }
  protected put(_key: number, _flags: number): number {
    return this.fail('no_operation');
  }
  protected erase(_key: number): number {
    return this.fail('no_operation');
  }
  protected next(_key: number, _out: number): number {
    return this.fail('no_operation');
  }

  override *entries(): Generator<MapEntry, undefined> {
    for (const value of this.pendingRecords()) yield { key: new Uint8Array(0), value };
  }
}
