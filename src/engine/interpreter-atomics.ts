import { ATOMIC_FETCH } from './interpreter-code.ts';

/** An atomic operation (RFC 9669, section 5.3): the old value goes to src (r0 for cmpxchg) with fetch. `address` has been checked. */
export function atomic(file: Int32Array, view: DataView, address: number, src: number, extra: number, wide: boolean): void {
  const low = view.getInt32(address, true);
  const high = wide ? view.getInt32(address + 4, true) : 0;
  const sourceLow = file[src]!;
  const sourceHigh = file[src + 1]!;
  let newLow = sourceLow;
  let newHigh = sourceHigh;
  let receiver = src;
  switch ((extra >> 16) & 0xff) {
    case 0:
      newLow = (low + sourceLow) | 0;
      newHigh = (high + sourceHigh + (newLow >>> 0 < low >>> 0 ? 1 : 0)) | 0;
      break;
    case 1:
      newLow |= low;
      newHigh |= high;
      break;
    case 2:
      newLow &= low;
      newHigh &= high;
      break;
    case 3:
      newLow ^= low;
      newHigh ^= high;
      break;
    case 4:
      break;
    default:
      receiver = 0;
      if (low !== file[0] || (wide && high !== file[1])) {
        newLow = low;
        newHigh = high;
      }
  }
  view.setInt32(address, newLow, true);
  if (wide) view.setInt32(address + 4, newHigh, true);
  if ((extra & ATOMIC_FETCH) === 0) return;
  file[receiver] = low;
  file[receiver + 1] = high;
}
