import { Errno } from '../result.ts';
import { BpfMap, type MapEntry } from './map.ts';

/**
 * BPF_MAP_TYPE_ARENA: pages that a program shares with a process (kernel/bpf/arena.c). There is no such process here, and no program may
 * allocate pages, so it stays empty; it can be made, shown, pinned and named by programs. Its memory is not reached by keys.
 */
export class ArenaMap extends BpfMap {
  override get count(): number {
    return 0;
  }

  override *entries(): Generator<MapEntry, undefined> {}

  override clearAll(): void {}

  protected find(): number {
    return -Errno.EINVAL;
  }
  protected put(): number {
    return this.fail('unsupported');
  }
  protected erase(): number {
    return this.fail('unsupported');
  }
  protected next(): number {
    return this.fail('unsupported');
  }
}
