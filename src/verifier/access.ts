import { add, type Int } from './number/index.ts';
import type { Value } from './value.ts';

/** One access as its checks see it: `width` bytes at `pointer + displacement`. */
export interface Access {
  readonly register: number;
  readonly pointer: Value;
  readonly displacement: number;
  readonly width: number;
  readonly mode: 'read' | 'write';
  /** Helper arguments: the register that says how many bytes, of which `width` is the most. */
  readonly sizeRegister?: number;
  /** The access is the host's own, to a special field. */
  readonly special?: boolean;
  /** Helper arguments: what the access is for. */
  readonly argument?: { readonly position: number; readonly helper: string };
}

/** Smallest and largest distance of the access from the start of its region. */
export function span(access: Access): { min: Int; max: Int } {
  const { smin, smax } = access.pointer.range;
  return { min: add(smin, access.displacement), max: add(smax, access.displacement) };
}

/** What an access is about, for a finding. */
export function plain(access: Access) {
  const { register, displacement, width, mode, sizeRegister } = access;
  return { register, displacement, width, mode, ...(sizeRegister === undefined ? {} : { sizeRegister }) } as const;
}

/** Whether the known bits of the address make it a multiple of the width; frames are aligned to 8 bytes. */
export function isAligned({ pointer, displacement, width }: Access): boolean {
  const { valueLow, maskLow } = pointer.range.bits;
  return ((maskLow | (valueLow + displacement)) & (width - 1)) === 0;
}
