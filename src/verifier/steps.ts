/** How far work has come, where it can be counted. */
export interface Portion {
  readonly done: number;
  readonly total: number;
}

/** Work in small steps: it yields every few hundred microseconds of its own, so that it can be paused or given up. */
export type Steps<Result> = Generator<Portion | undefined, Result>;

/** Milliseconds of work between two pauses. */
const SLICE = 10;

/** Does all of the work without a pause. */
export function atOnce<Result>(steps: Steps<Result>): Result {
  for (;;) {
    const { done, value } = steps.next();
    if (done === true) return value;
  }
}

/**
 * Does the work in slices of milliseconds.
 *
 * @param pause called after each slice, with how far the work says it is; what it throws ends the work.
 */
export async function inSlices<Result>(steps: Steps<Result>, pause: (portion: Portion | undefined) => Promise<void>): Promise<Result> {
  let since = performance.now();
  for (;;) {
    const { done, value } = steps.next();
    if (done === true) return value;
    if (performance.now() - since < SLICE) continue;
    try {
      await pause(value);
    } catch (reason) {
      // The work puts back what it has changed.
      steps.throw(reason);
      throw reason;
    }
    since = performance.now();
  }
}
