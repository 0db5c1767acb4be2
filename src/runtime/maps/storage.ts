import { HashMap } from './hash.ts';
import { Descriptor, DescriptorKind, type MapEntry, type MapEnvironment, type MapLayout } from './map.ts';
import { type MapSpecification, UpdateFlag } from './rules.ts';

/**
 * BPF_MAP_TYPE_SK_STORAGE and its relatives for inodes, tasks and cgroups: a value per object, made by the helper that first asks for it
 * (kernel/bpf/bpf_local_storage.c). The key is the object as user space names it; max_entries is 0: objects are the bound.
 */
export class StorageMap extends HashMap {
  constructor(environment: MapEnvironment, specification: MapSpecification) {
    super(environment, specification);
    this.describe(Descriptor.kind, DescriptorKind.other);
    this.describe(Descriptor.flags, 1);
  }

  override get layout(): MapLayout {
    return { kind: 'opaque' };
  }

  protected override get bounded(): boolean {
    return false;
  }
}

/** BPF_MAP_TYPE_CGROUP_STORAGE and its per-CPU form: user space changes values but neither adds nor removes any (kernel/bpf/local_storage.c). */
export class CgroupStorageMap extends StorageMap {
  protected override importValue(key: number, value: Uint8Array, flags: number): number {
    // BPF_NOEXIST never succeeds: user space adds nothing.
    const known = this.baseFlags(flags);
    if (known !== UpdateFlag.any && known !== UpdateFlag.exist) return this.fail('invalid');
    return this.find(key, 'user') < 0 ? this.fail('missing') : super.importValue(key, value, 0);
  }

  override delete(): boolean {
    this.requireWritable('delete from');
    throw this.error(this.fail('invalid'), 'delete from');
  }

  override restore(entry: MapEntry): void {
    const key = this.stageKey(entry.key);
    this.put(key, 0);
    super.importValue(key, entry.value, 0);
  }
}
