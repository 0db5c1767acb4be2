import { HashMap } from './hash.ts';
import { Descriptor, DescriptorKind, type MapLayout } from './map.ts';
import { UpdateFlag } from './rules.ts';

/** BPF_MAP_TYPE_DEVMAP_HASH: interfaces by number (__dev_map_hash_update_elem of kernel/bpf/devmap.c). */
export class DeviceHashMap extends HashMap {
  override register(id: number): void {
    super.register(id);
    this.describe(Descriptor.kind, DescriptorKind.other);
    this.describe(Descriptor.flags, 1);
  }

  override get layout(): MapLayout {
    return { kind: 'opaque' };
  }

  protected override importValue(key: number, value: Uint8Array, flags: number): number {
    const interfaceIndex = new DataView(value.buffer, value.byteOffset).getUint32(0, true);
    if (interfaceIndex === 0) return this.fail('invalid');
    // BPF_EXIST asks nothing of it.
    return super.importValue(key, value, flags === UpdateFlag.exist ? UpdateFlag.any : flags);
  }
}
