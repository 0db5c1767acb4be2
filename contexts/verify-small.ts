import type { ObjectFile } from '../src/object/object-file.ts';
import { loadPlatform } from '../src/platform/index.ts';
import type { VerificationReport } from '../src/verifier/report.ts';
import { CommandError } from './errors.ts';
import { programTitle, type VerificationControl, type VerificationJob, verifyOptions } from './verify.ts';

/** Slots of all programs together up to which they are tried here. */
const SMALL = 4_000;
/** Milliseconds of work after which they are left to a worker after all. */
const BRIEF = 60;

/**
 * Verifies small programs in the calling thread, which starting a worker would cost several times over. What takes longer than a moment, or does
 * not pass, is left to a worker, which can be stopped and is limited in memory.
 *
 * @param brief milliseconds of work that are a moment.
 * @returns undefined where that is so.
 * @throws CommandError 'cancelled' where the signal is aborted between two slices of work.
 */
export async function verifySmall(
  job: VerificationJob,
  object: ObjectFile,
  indices: readonly number[],
  control: VerificationControl,
  brief = BRIEF,
): Promise<readonly VerificationReport[] | undefined> {
  if (job.invariants === true || job.walks !== undefined) return undefined;
  // Linking is work too, so the sizes that the file tells are asked first.
  if (indices.reduce((slots, index) => slots + object.programs[index]!.size / 8, 0) > SMALL) return undefined;
  if (indices.reduce((slots, index) => slots + object.programs[index]!.instructions.length, 0) > SMALL) return undefined;
  const options = { ...verifyOptions(job, await loadPlatform(job.platform)), signal: control.signal };
  const { verifyInSlices } = await import('../src/verifier/index.ts');
  const started = performance.now();
  const pause = async () => {
    if (performance.now() - started > brief) throw new Error('takes long');
    await new Promise((settle) => setImmediate(settle));
  };
  const reports: VerificationReport[] = [];
  for (const [done, index] of indices.entries()) {
    control.progress({ title: programTitle(object, index), done, total: indices.length });
    const report = await judgeBriefly(object, index);
    if (control.signal.aborted) throw new CommandError('cancelled', 'The command was cancelled.');
    if (report?.verdict !== 'accepted' || performance.now() - started > brief) return undefined;
    reports.push(report);
  }
  return reports;

  async function judgeBriefly(object: ObjectFile, index: number): Promise<VerificationReport | undefined> {
    try {
      return (await verifyInSlices(object, object.programs[index]!, options, pause)).report;
    } catch {
      // The moment is over; or something nobody foresaw, which is told by the worker that meets it.
      return undefined;
    }
  }
}
