import type { ContextLayout, Platform } from '../../platform/platform.ts';
import type { LinearMemory } from '../memory.ts';
import { RuntimeError } from '../result.ts';

/** Bytes of a stand-in for a kernel structure whose layout is not known: larger than any that programs walk (task_struct has about 10 KiB). */
const UNKNOWN_SIZE = 0x4000;

interface OwnObject {
  references: number;
  /** Bytes from one processor's copy to the next; 0: one object. */
  readonly stride: number;
}

/**
 * Objects that programs hold by pointer: stand-ins for what only a kernel has (one zeroed block per structure, made when first asked for),
 * and what programs allocate themselves (bpf_obj_new), counted by reference.
 */
export class KernelObjects {
  readonly #memory: LinearMemory;
  readonly #platform: Platform;
  readonly #standIns = new Map<string, number>();
  readonly #own = new Map<number, OwnObject>();

  constructor(memory: LinearMemory, platform: Platform) {
    this.#memory = memory;
    this.#platform = platform;
  }

  /** The block that stands for a structure of the kernel: readable everywhere, all zeros unless a hook filled it. */
  standIn(struct: string): number {
    let address = this.#standIns.get(struct);
    if (address === undefined) {
      address = this.#memory.allocate(this.layoutOf(struct)?.size ?? UNKNOWN_SIZE, 'other', struct === '' ? 'kernel object' : struct);
      this.#standIns.set(struct, address);
    }
    return address;
  }

  /** The layout of a structure that programs see by field (bpf_sock), where the platform has it. */
  layoutOf(struct: string): ContextLayout | undefined {
    return this.#platform.structs?.get(struct);
  }

  /** A zeroed object with one reference, one copy per processor where `processors` says so; 0 when there is no memory. */
  create(size: number, processors = 1): number {
    const stride = processors === 1 ? 0 : Math.ceil(size / 8) * 8;
    try {
      const address = this.#memory.allocate(processors === 1 ? size : stride * processors, 'record', 'object of the program');
      this.#own.set(address, { references: 1, stride });
      return address;
    } catch (error) {
      if (error instanceof RuntimeError && error.result === 'EBPF_NO_MEMORY') return 0;
      throw error;
    }
  }

  /** One more reference; the address again. */
  acquire(address: number): number {
    const own = this.#own.get(address);
    if (own !== undefined) own.references++;
    return address;
  }

  /** Gives a reference back; the last one frees an object that `create` made. Stand-ins stay. */
  release(address: number): void {
    const own = this.#own.get(address);
    if (own === undefined || --own.references > 0) return;
    this.#own.delete(address);
    this.#memory.free(address);
  }

  /** A processor's copy of a per-CPU object; anything else has one copy. */
  copyOf(address: number, cpu: number): number {
    return address + (this.#own.get(address)?.stride ?? 0) * cpu;
  }
}
