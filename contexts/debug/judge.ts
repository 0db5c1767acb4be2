import { getHeapStatistics } from 'node:v8';
import type { ObjectFile, ObjectProgram } from '../../src/object/object-file.ts';
import { type Verification, type VerifyOptions, verifyInSlices } from '../../src/verifier/index.ts';
import { inSlices, type Steps } from '../../src/verifier/steps.ts';
import { CommandError } from '../errors.ts';
import type { Progress } from '../session-types.ts';

/** What a command has at hand to be cancelled by and to tell how far it is. */
export interface Control {
  readonly signal: AbortSignal;
  progress(progress: Progress): void;
}

/** Does work in slices, between which it tells how far it is and listens for Ctrl-C. @throws CommandError where it is cancelled. */
export function patiently<Result>(steps: Steps<Result>, title: string, { signal, progress }: Control): Promise<Result> {
  return inSlices(steps, async (portion) => {
    progress({ title, ...portion });
    await new Promise(setImmediate);
    if (signal.aborted) throw new CommandError('cancelled', 'The command was cancelled.');
  });
}

/** What may differ from the way in which the program was opened. */
export type Judging = Pick<VerifyOptions, 'assumptions' | 'precision' | 'onLoopHead' | 'timeLimit'>;

/** Verifies a program, or a changed copy of it, in the way in which it was opened; rejects with CommandError where it could not be judged. */
export type Judge = (program: ObjectProgram, judging: Judging, control: Control) => Promise<Verification>;

/** Bytes of heap that one verification may add before it is given up. */
const MEMORY = 1024 * 2 ** 20;

/** States cannot cross threads, so verifications that are to be questioned run in this one: in slices, between which it listens for Ctrl-C. */
export function judgeOf(object: ObjectFile, options: VerifyOptions): Judge {
  return async (program, judging, { signal, progress }) => {
    const title = `${program.section} ${program.name}`;
    const before = getHeapStatistics().used_heap_size;
    let done = 0;
    const verification = await verifyInSlices(
      object,
      program,
      { ...options, ...judging, signal, onProgress: ({ steps }) => (done = steps) },
      async () => {
        progress({ title, done });
        await new Promise(setImmediate);
        if (getHeapStatistics().used_heap_size - before > MEMORY)
          throw new CommandError('verification', `The verification needs more than ${MEMORY / 2 ** 20} MB of memory.`);
      },
    );
    const { error } = verification.report;
    // Short ones are over before they look.
    if (error?.kind === 'cancelled' || signal.aborted) throw new CommandError('cancelled', 'The command was cancelled.');
    if (verification.report.verdict === 'error') throw new CommandError('verification', error?.message ?? 'The program could not be judged.');
    return verification;
  };
}
