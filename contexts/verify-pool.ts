import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import type { ObjectFile } from '../src/object/object-file.ts';
import { CommandError } from './errors.ts';
import { type ExplainedReport, programTitle, unjudged, type VerificationControl, type VerificationJob } from './verify.ts';

/** Megabytes of heap that one worker may fill before its program is given up. */
const WORKER_MEMORY = 768;
/** Seconds after which a program is given up that the verifier's own time limit has not ended. */
const PROGRAM_SECONDS = 90;

/** What a worker sends back about the program at `index`. */
export type WorkerAnswer =
  | { readonly index: number; readonly report: ExplainedReport }
  /** Something nobody foresaw; the message is one line. */
  | { readonly index: number; readonly failure: string };

/**
 * Verifies programs of one object in worker threads. A program that exhausts its memory or time costs its worker, not the others.
 *
 * @param worker the script that answers indices with `WorkerAnswer`s.
 */
export function verifyInWorkers(
  job: VerificationJob,
  object: ObjectFile,
  indices: readonly number[],
  worker: URL,
  control: VerificationControl,
): Promise<readonly ExplainedReport[]> {
  return new Promise((settle, reject) => {
    // Large programs first, so that no worker is left alone with one at the end.
    const queue = indices.toSorted((a, b) => object.programs[b]!.size - object.programs[a]!.size);
    const reports = new Map<number, ExplainedReport>();
    const running = new Set<Worker>();

    const finish = (error?: Error) => {
      control.signal.removeEventListener('abort', cancel);
      for (const thread of running) void thread.terminate();
      running.clear();
      if (error) reject(error);
      else settle(indices.map((index) => reports.get(index)!));
    };
    const cancel = () => finish(new CommandError('cancelled', 'The command was cancelled.'));
    const record = (index: number, report: ExplainedReport) => {
      reports.set(index, report);
      if (reports.size === indices.length) finish();
    };

    const startWorker = () => {
      const thread = new Worker(worker, { workerData: job, resourceLimits: { maxOldGenerationSizeMb: WORKER_MEMORY } });
      running.add(thread);
      let current: number | undefined;
      let started = 0;
      let timer: NodeJS.Timeout | undefined;

      const next = () => {
        clearTimeout(timer);
        current = queue.shift();
        if (current === undefined) {
          running.delete(thread);
          void thread.terminate();
          return;
        }
        control.progress({ title: programTitle(object, current), done: reports.size, total: indices.length });
        started = performance.now();
        timer = setTimeout(() => giveUp('limit', `verification was given up after ${PROGRAM_SECONDS} seconds`), PROGRAM_SECONDS * 1000);
        // The worker keeps the process, its watch does not.
        timer.unref();
        thread.postMessage(current);
      };
      /** Ends this worker and its program; the rest of the queue goes to a new one. */
      const giveUp = (kind: 'limit' | 'unsupported', reason: string) => {
        clearTimeout(timer);
        if (!running.delete(thread)) return;
        void thread.terminate();
        const index = current;
        if (queue.length > 0) startWorker();
        if (index !== undefined) record(index, unjudged(job, object.programs[index]!, kind, reason, performance.now() - started));
      };
      thread.on('message', (answer: WorkerAnswer) => {
        if (!running.has(thread)) return;
        clearTimeout(timer);
        if ('report' in answer) record(answer.index, answer.report);
        else record(answer.index, unjudged(job, object.programs[answer.index]!, 'unsupported', answer.failure, performance.now() - started));
        if (running.has(thread)) next();
      });
      thread.on('error', (error: NodeJS.ErrnoException) => {
        if (error.code === 'ERR_WORKER_OUT_OF_MEMORY') giveUp('limit', `verification needs more than ${WORKER_MEMORY} MB of memory`);
        else giveUp('unsupported', `internal error: ${error.message.split('\n', 1)[0]}`);
      });
      next();
    };

    if (control.signal.aborted) {
      cancel();
      return;
    }
    control.signal.addEventListener('abort', cancel, { once: true });
    for (let count = Math.min(availableParallelism(), indices.length); count > 0; count--) startWorker();
  });
}
