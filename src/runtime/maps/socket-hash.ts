import { HashMap } from './hash.ts';
import { Descriptor, DescriptorKind, type MapEnvironment, type MapLayout } from './map.ts';
import type { MapSpecification } from './rules.ts';

/** BPF_MAP_TYPE_SOCKHASH: sockets by key. Their numbers are kept; a program's lookup leads to the socket that stands for all. */
export class SocketHashMap extends HashMap {
  constructor(environment: MapEnvironment, specification: MapSpecification) {
    super(environment, specification);
    this.describe(Descriptor.kind, DescriptorKind.other);
    this.describe(Descriptor.flags, 1);
  }

  override get layout(): MapLayout {
    return { kind: 'opaque' };
  }

  override programLookup(key: number): number {
    return this.find(key, 'program') < 0 ? 0 : (this.environment.standIn?.('bpf_sock') ?? 0);
  }
}
