import type { BpfMap } from '../maps/map.ts';
import { RingBufferMap } from '../maps/ringbuf.ts';
import type { HelperEnvironment } from './environment.ts';

/** Address of a reserved record of a ring buffer, or 0 when there is no room or the map is none. */
export function reserveRecord(map: BpfMap, size: number, flags: number): number {
  return map instanceof RingBufferMap ? map.reserve(size, flags) : 0;
}

/** Submits or discards a reserved record, whichever ring buffer it lies in. */
export function finishRecord(environment: HelperEnvironment, record: number, discard: boolean): void {
  for (const map of environment.mapsByHandle.values()) if (map instanceof RingBufferMap && map.finish(record, discard)) return;
}
