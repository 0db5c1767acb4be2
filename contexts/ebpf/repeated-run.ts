import type { BpfProgram } from '../../src/runtime/programs.ts';
import type { Runtime } from '../../src/runtime/runtime.ts';
import type { TestRunOptions, TestRunResult } from '../../src/runtime/test-run.ts';

/** Runs of the first stretch; later ones are as long as `STRETCH` allows. */
const FIRST = 1000;
/** Milliseconds that a stretch may take: how long Ctrl-C waits. */
const STRETCH = 100;
/** A host's clock may stand still for a stretch; then it grows by this. */
const GROWTH = 16;

/**
 * Runs a program `repeat` times in stretches between which a cancellation is noticed. Context and data go on as each stretch left them.
 * The result is that of the last run; `elapsed`, `trace` and `events` are of all.
 */
export async function runRepeatedly(
  run: (options: TestRunOptions) => TestRunResult,
  options: TestRunOptions,
  repeat: number,
  signal: AbortSignal,
): Promise<Omit<TestRunResult, 'duration'>> {
  let stretch = Math.min(repeat, FIRST);
  let done = 0;
  let elapsed = 0;
  let current = options;
  const trace: TestRunResult['trace'][number][] = [];
  const events: Uint8Array[] = [];
  for (;;) {
    const started = performance.now();
    const result = run({ ...current, repeat: stretch });
    const took = performance.now() - started;
    done += stretch;
    elapsed += result.elapsed;
    trace.push(...result.trace);
    events.push(...result.events);
    if (done >= repeat || signal.aborted) {
      return { ...result, runs: done, elapsed, trace, events };
    }
    await new Promise((resolve) => setImmediate(resolve));
    stretch = Math.min(repeat - done, Math.max(1, Math.floor(stretch * Math.min(GROWTH, STRETCH / Math.max(took, 0.001)))));
    const { fields: _, ...rest } = current;
    current = { ...rest, context: result.context, ...(current.data ? { data: result.data } : {}) };
  }
}

/** A run of one program, as `runRepeatedly` wants it. */
export function runner(runtime: Runtime, program: BpfProgram): (options: TestRunOptions) => TestRunResult {
  return (options) => runtime.testRun(program, options);
}
