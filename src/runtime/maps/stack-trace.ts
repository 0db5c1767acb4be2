import { HashMap } from './hash.ts';
import { Descriptor, DescriptorKind, type MapLayout } from './map.ts';

/**
 * BPF_MAP_TYPE_STACK_TRACE: stacks by u32 id. Only bpf_get_stackid fills it, and there is no kernel stack here; so it stays
 * empty unless a host puts stacks in by `restore`. User space may look up and delete, not update.
 */
export class StackTraceMap extends HashMap {
  protected override get bounded(): boolean {
    return true;
  }
  override get layout(): MapLayout {
    return { kind: 'opaque' };
  }
  override register(id: number): void {
    super.register(id);
    this.describe(Descriptor.kind, DescriptorKind.other);
    this.describe(Descriptor.flags, 1);
  }
  override programLookup(): number {
    return 0;
  }
  override programUpdate(): number {
    return this.fail('invalid');
  }
  override programDelete(): number {
    return this.fail('invalid');
  }
  /** Ids are indexes of a table of max_entries stacks. */
  protected override erase(key: number): number {
    return this.index(key) < this.maxEntries ? super.erase(key) : this.fail('update_range');
  }
  override update(): void {
    this.requireWritable('update');
    throw this.error(this.fail('invalid'), 'update');
  }
}
