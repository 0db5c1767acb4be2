import { Errno } from '../result.ts';
import type { MapEntry, MapEnvironment } from './map.ts';
import { RecordMap } from './record-map.ts';
import { type RecordCallback, Ring } from './ring.ts';
import { type MapSpecification, mapError, UpdateFlag } from './rules.ts';

const CURRENT_CPU = 0xffff_ffff;
const CONTEXT_LENGTH_BITS = 0xf_ffff;
/** Bytes per CPU on Linux, where max_entries is a number of CPUs and perf_buffer__new picks the size. */
const LINUX_RING_SIZE = 0x1_0000;

/** The packet or data behind a program's context, for bpf_perf_event_output's capture length. */
export interface ContextData {
  readonly start: number;
  readonly end: number;
}

/** BPF_MAP_TYPE_PERF_EVENT_ARRAY: one ring per CPU. Windows: of `maxEntries` bytes each. Linux: `maxEntries` CPUs. */
export class PerfEventArrayMap extends RecordMap {
  readonly #rings: readonly Ring[];

  constructor(environment: MapEnvironment, specification: MapSpecification) {
    const { keySize, valueSize, maxEntries, name } = specification;
    const windows = environment.rules.platform === 'windows';
    const powerOfTwo = maxEntries >= 8 && (maxEntries & (maxEntries - 1)) === 0;
    if (windows && (keySize !== 0 || valueSize !== 0 || !powerOfTwo)) {
      const wanted = 'no keys, no values, and a power of two as size';
      throw mapError(environment.rules, environment.rules.codes.invalid, `Map ${name}: a perf event array has ${wanted}.`);
    }
    super(environment, specification);
    this.#rings = Array.from(
      { length: windows ? environment.host.cpuCount : Math.min(maxEntries, environment.host.cpuCount) },
      (_, cpu) => new Ring(this.memory, windows ? maxEntries : LINUX_RING_SIZE, `map ${name} cpu ${cpu}`),
    );
  }

  /** Number of per-CPU rings. */
  get bufferCount(): number {
    return this.#rings.length;
  }

  override destroy(): void {
    for (const ring of this.#rings) ring.destroy();
    super.destroy();
  }

  /**
   * bpf_perf_event_output. Flags: low 32 bits the CPU or 0xffffffff for the current one; bits 32..51 how many bytes of the
   * context's data to append.
   */
  output(context: ContextData | undefined, flags: bigint, data: number, size: number): number {
    const cpu = Number(flags & 0xffff_ffffn);
    const capture = Number((flags >> 32n) & BigInt(CONTEXT_LENGTH_BITS));
    if (flags >> 52n !== 0n) return this.fail('invalid');
    const current = this.environment.currentCpu();
    const target = cpu === CURRENT_CPU ? current : cpu;
    const windows = this.rules.platform === 'windows';
    if (!windows && target >= this.maxEntries) return -Errno.E2BIG;
    if (target !== current) return windows ? this.fail('invalid') : -Errno.EOPNOTSUPP;
    const ring = this.#rings[target];
    if (ring === undefined) return windows ? this.fail('invalid') : -Errno.E2BIG;
    if (capture > 0) {
      if (context === undefined) return this.fail('unsupported');
      if (capture > context.end - context.start) return windows ? this.fail('invalid') : -Errno.EFAULT;
    }
    const record = ring.reserve(size + capture);
    if (record === 0) return windows ? this.fail('no_memory') : -Errno.ENOSPC;
    this.memory.bytes.copyWithin(record, data, data + size);
    if (capture > 0 && context !== undefined) this.memory.bytes.copyWithin(record + size, context.start, context.start + capture);
    ring.commit(record, false);
    this.wake();
    return 0;
  }

  /** Writes a record to the current CPU's ring from user space (ebpf_perf_event_array_map_write). */
  write(bytes: Uint8Array): void {
    const ring = this.#rings[this.environment.currentCpu()];
    if (ring?.output(bytes) !== true) throw this.error(this.fail('no_memory'), 'write a record to');
    this.wake();
  }

  /** Records that found no room on a CPU. */
  lost(cpu: number): number {
    return this.#rings[cpu]?.lost ?? 0;
  }

  consume(callback: RecordCallback): number {
    let given = 0;
    for (let cpu = 0; cpu < this.#rings.length; cpu++) given += this.consumeCpu(cpu, callback);
    return given;
  }

  /** Consumes one CPU's records. */
  consumeCpu(cpu: number, callback: RecordCallback): number {
    const ring = this.#rings[cpu];
    if (ring === undefined) throw this.error(this.fail('invalid'), `consume cpu ${cpu} of`);
    return ring.consume(callback);
  }

  pendingRecords(): Uint8Array[] {
    return this.#rings.flatMap((ring) => ring.peek());
  }

  // On Linux the elements are perf events by processor, and none of them is open here; records come without.

  protected override put(key: number, flags: number): number {
    if (this.rules.platform === 'windows') return super.put(key, flags);
    if (flags !== UpdateFlag.any) return this.fail('invalid');
    return this.index(key) < this.maxEntries ? this.fail('bad_fd') : this.fail('update_range');
  }

  protected override erase(key: number): number {
    if (this.rules.platform === 'windows') return super.erase(key);
    return this.index(key) < this.maxEntries ? this.fail('absent') : this.fail('update_range');
  }

  protected override next(key: number, out: number): number {
    return this.rules.platform === 'windows' ? super.next(key, out) : this.nextIndex(key, out);
  }

  override restore(entry: MapEntry): void {
    this.#rings[0]?.output(entry.value);
  }
}
