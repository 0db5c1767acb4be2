import type { PlatformName } from '../../platform/platform.ts';
import { RuntimeError } from '../result.ts';

/** What XDP did with the frames of an interface. */
export interface InterfaceCounters {
  received: number;
  passed: number;
  dropped: number;
  transmitted: number;
  redirected: number;
  /** Bytes received. */
  bytes: number;
}

/** A network interface that exists only here; XDP programs attach to it. */
export interface VirtualInterface {
  readonly index: number;
  /** Short name: "loopback_0", "eth1". */
  readonly name: string;
  /** What people call it: "Loopback Pseudo-Interface 1". */
  readonly alias: string;
  /** Six bytes. */
  readonly address: Uint8Array;
  readonly counters: InterfaceCounters;
}

const LOOPBACK_INDEX = 1;
const LARGEST_INDEX = 0x7fff_ffff;

/** What each host calls its loopback. */
export const LOOPBACK: Readonly<Record<PlatformName, { readonly name: string; readonly alias: string }>> = {
  windows: { name: 'loopback_0', alias: 'Loopback Pseudo-Interface 1' },
  linux: { name: 'lo', alias: 'lo' },
};

function counters(): InterfaceCounters {
  return { received: 0, passed: 0, dropped: 0, transmitted: 0, redirected: 0, bytes: 0 };
}

/** A locally administered address made from the index. */
function addressOf(index: number): Uint8Array {
  return Uint8Array.of(2, 0, (index >>> 24) & 255, (index >>> 16) & 255, (index >>> 8) & 255, index & 255);
}

/** The interfaces of a machine. The loopback is always there. */
export class InterfaceTable {
  readonly #interfaces = new Map<number, VirtualInterface>();

  constructor(platform: PlatformName) {
    this.#interfaces.set(LOOPBACK_INDEX, {
      index: LOOPBACK_INDEX,
      ...LOOPBACK[platform],
      address: new Uint8Array(6),
      counters: counters(),
    });
  }

  /** Interfaces by ascending index. */
  list(): VirtualInterface[] {
    return [...this.#interfaces.values()].sort((a, b) => a.index - b.index);
  }

  get(index: number): VirtualInterface | undefined {
    return this.#interfaces.get(index);
  }

  /** By decimal index, then alias, then name, as `interface=` resolves it; undefined when nothing matches. */
  find(text: string): VirtualInterface | undefined {
    if (/^\d+$/.test(text)) return this.#interfaces.get(Number(text));
    const all = this.list();
    return all.find(({ alias }) => alias.toLowerCase() === text.toLowerCase()) ?? all.find(({ name }) => name.toLowerCase() === text.toLowerCase());
  }

  /** Adds an interface; throws EBPF_OBJECT_ALREADY_EXISTS for a taken name and EBPF_INVALID_ARGUMENT for an empty or numeric one. */
  add(name: string, options: { readonly alias?: string; readonly index?: number } = {}): VirtualInterface {
    if (name.trim() === '' || /^\d+$/.test(name)) throw new RuntimeError('EBPF_INVALID_ARGUMENT', `"${name}" is no interface name.`);
    if (this.find(name) !== undefined || (options.alias !== undefined && this.find(options.alias) !== undefined)) {
      throw new RuntimeError('EBPF_OBJECT_ALREADY_EXISTS', `There is already an interface ${name}.`);
    }
    const index = options.index ?? Math.max(...this.#interfaces.keys()) + 1;
    // 0 stands for every interface.
    if (index < 1 || index > LARGEST_INDEX) throw new RuntimeError('EBPF_INVALID_ARGUMENT', `${index} is no interface index.`);
    if (this.#interfaces.has(index)) throw new RuntimeError('EBPF_OBJECT_ALREADY_EXISTS', `There is already an interface with index ${index}.`);
    const added = { index, name, alias: options.alias ?? name, address: addressOf(index), counters: counters() };
    this.#interfaces.set(index, added);
    return added;
  }

  /** Renames an interface for people; the same errors as `add`. */
  setAlias(index: number, alias: string): void {
    const known = this.#require(index);
    const other = this.find(alias);
    if (other !== undefined && other !== known) throw new RuntimeError('EBPF_OBJECT_ALREADY_EXISTS', `There is already an interface ${alias}.`);
    this.#interfaces.set(index, { ...known, alias });
  }

  /**
   * Makes the table what was saved, counters included; for the store. The loopback is
   * always there.
   */
  restore(saved: Iterable<Pick<VirtualInterface, 'index' | 'name' | 'alias' | 'counters'>>): void {
    const kept = new Map([...saved].map((entry) => [entry.index, entry]));
    for (const index of [...this.#interfaces.keys()]) if (index !== LOOPBACK_INDEX && !kept.has(index)) this.#interfaces.delete(index);
    for (const { index, name, alias, counters } of kept.values()) {
      const known = this.#interfaces.get(index);
      this.#interfaces.set(index, { index, name, alias, address: known?.address ?? addressOf(index), counters: { ...counters } });
    }
  }

  /** Removes an interface; the loopback stays. Errors: EBPF_OBJECT_NOT_FOUND, EBPF_ACCESS_DENIED. */
  remove(index: number): void {
    this.#require(index);
    if (index === LOOPBACK_INDEX) throw new RuntimeError('EBPF_ACCESS_DENIED', 'The loopback interface cannot be removed.');
    this.#interfaces.delete(index);
  }

  #require(index: number): VirtualInterface {
    const known = this.#interfaces.get(index);
    if (known === undefined) throw new RuntimeError('EBPF_OBJECT_NOT_FOUND', `There is no interface ${index}.`);
    return known;
  }
}
