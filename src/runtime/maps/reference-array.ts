import type { MapKind } from '../../platform/platform.ts';
import { Errno } from '../result.ts';
import { ArrayMap } from './array.ts';
import { Descriptor, DescriptorKind, type MapEnvironment, type MapLayout } from './map.ts';
import { type MapSpecification, UpdateFlag } from './rules.ts';

interface ReferenceRule {
  /** Errno of a delete outside the array, and of one where there is nothing (0: that is no error). */
  readonly deleteOutside: number;
  readonly deleteEmpty: number;
  /** Updates: flags are refused; or BPF_NOEXIST fails on every element, since all "exist"; or the flags mean whether something is there. */
  readonly flags: 'refused' | 'exist' | 'present';
  /** The kernel structure that a program's lookup leads to; undefined: the value itself. */
  readonly struct?: string;
}

/** Linux 6.18, as its system calls answer (kernel/bpf/devmap.c, cpumap.c, arraymap.c, reuseport_array.c, net/core/sock_map.c, net/xdp/xskmap.c). */
const rules: Partial<Record<MapKind, ReferenceRule>> = {
  devmap: { deleteOutside: Errno.EINVAL, deleteEmpty: 0, flags: 'exist' },
  cpumap: { deleteOutside: Errno.EINVAL, deleteEmpty: 0, flags: 'exist' },
  xskmap: { deleteOutside: Errno.EINVAL, deleteEmpty: 0, flags: 'present', struct: 'xdp_sock' },
  sockmap: { deleteOutside: Errno.EINVAL, deleteEmpty: Errno.EINVAL, flags: 'present', struct: 'bpf_sock' },
  reuseport_sockarray: { deleteOutside: Errno.E2BIG, deleteEmpty: Errno.ENOENT, flags: 'present' },
  cgroup_array: { deleteOutside: Errno.E2BIG, deleteEmpty: Errno.ENOENT, flags: 'refused' },
};

/** Bytes of a CPU map's queue, at most (BPF_CPUMAP). */
const LARGEST_QUEUE = 16_384;
const EOVERFLOW = 75;

/**
 * Arrays of Linux whose elements name things outside of eBPF: interfaces, processors, sockets, cgroups. They begin empty, and a value of 0
 * empties an element. What is named is not there; its number is kept, and redirecting to it is told in a run's result.
 */
export class ReferenceArrayMap extends ArrayMap {
  readonly #rule: ReferenceRule;

  constructor(environment: MapEnvironment, specification: MapSpecification) {
    super(environment, specification);
    this.#rule = rules[specification.type.kind]!;
    this.describe(Descriptor.kind, DescriptorKind.other);
    this.describe(Descriptor.flags, 1);
  }

  override get layout(): MapLayout {
    return { kind: 'opaque' };
  }

  override get count(): number {
    let count = 0;
    for (let index = 0; index < this.maxEntries; index++) if (this.#names(this.base + index * this.stride)) count++;
    return count;
  }

  #names(address: number): boolean {
    return this.memory.words[address >>> 2] !== 0;
  }

  protected override find(key: number): number {
    const address = super.find(key);
    return address > 0 && !this.#names(address) ? this.fail('missing') : address;
  }

  override programLookup(key: number): number {
    const address = this.find(key);
    if (address < 0) return 0;
    return this.#rule.struct === undefined ? address : (this.environment.standIn?.(this.#rule.struct) ?? 0);
  }

  protected override put(key: number, flags: number): number {
    const rule = this.#rule.flags;
    if (flags > (rule === 'refused' ? UpdateFlag.any : UpdateFlag.exist) || flags < 0) return this.fail('invalid');
    const index = this.index(key);
    if (index >= this.maxEntries) return this.fail('update_range');
    const address = this.base + index * this.stride;
    if (flags === UpdateFlag.noExist && (rule === 'exist' || this.#names(address))) return this.fail('exists');
    if (flags === UpdateFlag.exist && rule === 'present' && !this.#names(address)) return this.fail('absent');
    return address;
  }

  protected override importValue(key: number, value: Uint8Array, flags: number): number {
    if (this.kind === 'cpumap') {
      const queue = new DataView(value.buffer, value.byteOffset).getUint32(0, true);
      if (queue > LARGEST_QUEUE) return -EOVERFLOW;
      if (this.index(key) < this.maxEntries && this.index(key) >= this.environment.host.cpuCount) return -Errno.ENODEV;
    }
    return super.importValue(key, value, flags);
  }

  protected override erase(key: number): number {
    const index = this.index(key);
    if (index >= this.maxEntries) return -this.#rule.deleteOutside;
    const address = this.base + index * this.stride;
    if (!this.#names(address)) return -this.#rule.deleteEmpty;
    this.memory.bytes.fill(0, address, address + this.stride);
    return 0;
  }
}
