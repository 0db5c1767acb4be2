import type { Steps } from '../../verifier/steps.ts';

/** The least number up to `end` from which on a monotone question is answered with yes. */
export function* least(end: number, holds: (bound: number) => boolean): Steps<number | undefined> {
  if (!holds(end)) return undefined;
  let low = 0;
  let high = end;
  while (low < high) {
    yield;
    const middle = Math.floor((low + high) / 2);
    if (holds(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** The greatest number from `start` to `end` up to which a monotone question is answered with yes. */
export function* greatest(start: number, end: number, holds: (bound: number) => boolean): Steps<number | undefined> {
  if (!holds(start)) return undefined;
  let low = start;
  let high = end;
  while (low < high) {
    yield;
    const middle = Math.ceil((low + high) / 2);
    if (holds(middle)) low = middle;
    else high = middle - 1;
  }
  return low;
}
