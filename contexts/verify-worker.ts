import { parentPort, workerData } from 'node:worker_threads';
import { describeError } from './errors.ts';
import { prepareVerification, type VerificationJob } from './verify.ts';
import type { WorkerAnswer } from './verify-pool.ts';

/** The thread in which programs are verified: it is told the job once and then indices, one at a time. */
const port = parentPort!;
const prepared = prepareVerification(workerData as VerificationJob);

port.on('message', async (index: number) => {
  const answer = await answerFor(index);
  port.postMessage(answer);
});

async function answerFor(index: number): Promise<WorkerAnswer> {
  try {
    const verify = await prepared;
    return { index, report: verify(index) };
  } catch (error) {
    return { index, failure: describeError(error).message };
  }
}
