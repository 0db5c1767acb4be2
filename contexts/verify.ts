import type { Walk } from '../src/explain/export/walk.ts';
import type { Judgement, JudgeOptions } from '../src/explain/fixes/judgement.ts';
import type { BlockInvariant } from '../src/explain/invariants.ts';
import type { Explanation } from '../src/explain/report.ts';
import type { ObjectFile, ObjectProgram } from '../src/object/object-file.ts';
import { loadPlatform } from '../src/platform/index.ts';
import type { Platform, PlatformName } from '../src/platform/platform.ts';
import type { Verification, VerifyOptions } from '../src/verifier/index.ts';
import type { VerificationReport } from '../src/verifier/report.ts';
import { CommandError } from './errors.ts';
import type { Host } from './host.ts';
import { parseNamedObject } from './objects.ts';
import { namedProgramType } from './platforms.ts';
import type { Progress } from './session-types.ts';

/** One object to verify, as plain values that cross a thread. */
export interface VerificationJob {
  readonly path: string;
  readonly bytes: Uint8Array;
  readonly platform: PlatformName;
  /** What `type=` named; undefined: each program's section decides. */
  readonly type: string | undefined;
  readonly precision: number | undefined;
  /** The first failed check is to be attacked with inputs, and repaired. */
  readonly judge?: boolean;
  /** The report is to say what holds before and after every block. */
  readonly invariants?: boolean;
  /** The report is to record the ways to its failed checks; `all`: else the path that was taken first. */
  readonly walks?: 'failures' | 'all' | undefined;
}

/** A report, with the stories of its first failed checks. */
export interface ExplainedReport extends VerificationReport {
  readonly explanations?: readonly Explanation[];
  readonly judgements?: readonly Judgement[];
  readonly invariants?: readonly BlockInvariant[];
  readonly walks?: readonly Walk[];
}

/** Failed checks of one program whose stories are told. */
const EXPLAINED = 8;

export interface VerificationControl {
  readonly signal: AbortSignal;
  progress(progress: Progress): void;
}

/**
 * Verifies programs of an object in worker threads, as many at a time as there are processors; in the calling thread where they are small and
 * pass, or the host has no worker.
 *
 * @param programs those of `object` to verify.
 * @returns reports in the order of `programs`.
 * @throws CommandError 'cancelled' as soon as the signal is aborted.
 */
export async function verifyPrograms(
  job: VerificationJob,
  object: ObjectFile,
  programs: readonly ObjectProgram[],
  host: Host,
  control: VerificationControl,
): Promise<readonly ExplainedReport[]> {
  const indices = programs.map((program) => object.programs.indexOf(program));
  if (host.verifyWorker) {
    const { verifySmall } = await import('./verify-small.ts');
    const reports = await verifySmall(job, object, indices, control);
    if (reports !== undefined) return reports;
    const { verifyInWorkers } = await import('./verify-pool.ts');
    return verifyInWorkers(job, object, indices, host.verifyWorker, control);
  }
  const verify = await prepareVerification(job);
  const reports: ExplainedReport[] = [];
  for (const [done, index] of indices.entries()) {
    if (control.signal.aborted) throw new CommandError('cancelled', 'The command was cancelled.');
    control.progress({ title: programTitle(object, index), done, total: indices.length });
    reports.push(verify(index, control.signal));
  }
  return reports;
}

/** Loads a job's object and tables once; the result verifies one of its programs, by index, in the calling thread. */
export async function prepareVerification(job: VerificationJob): Promise<(index: number, signal?: AbortSignal) => ExplainedReport> {
  const platform = await loadPlatform(job.platform);
  const object = parseNamedObject(job.bytes, job.path, platform);
  const { verify } = await import('../src/verifier/index.ts');
  const options = verifyOptions(job, platform);
  const { judgeFailure } = await import('../src/explain/fixes/judgement.ts');
  const { runChecked } = await import('../src/engine/checked-interpreter.ts');
  const { Crosscheck } = await import('../src/crosscheck/index.ts');
  const { explainFailures } = await import('../src/explain/report.ts');
  const { invariantsOf } = await import('../src/explain/invariants.ts');
  const { recordWalks } = await import('../src/explain/export/walk.ts');
  const { DebugSession } = await import('../src/explain/session.ts');
  const judging = (verification: Verification): JudgeOptions => {
    if (verification.exploration === undefined) return { run: runChecked };
    const crosscheck = new Crosscheck(verification);
    return { run: runChecked, follow: (input) => crosscheck.follow(input).escape };
  };
  return (index, signal) => {
    const program = object.programs[index]!;
    const verification = verify(object, program, { ...options, ...(signal ? { signal } : {}) });
    const { report } = verification;
    return {
      ...report,
      ...(report.verdict === 'rejected' ? { explanations: explainFailures(new DebugSession(program, verification), EXPLAINED) } : {}),
      ...(job.judge === true && report.verdict === 'rejected' ? { judgements: [judgeFailure(verification, 0, judging(verification))] } : {}),
      ...(job.walks === undefined ? {} : { walks: recordWalks(new DebugSession(program, verification), job.walks) }),
      ...(job.invariants === true ? { invariants: invariantsOf(verification) } : {}),
    };
  };
}

/** What a job asks of the verifier. */
export function verifyOptions(job: VerificationJob, platform: Platform): VerifyOptions {
  return {
    platform,
    ...(job.type === undefined ? {} : { programType: namedProgramType(platform, job.type) }),
    ...(job.precision === undefined ? {} : { precision: job.precision }),
  };
}

/** What a progress line calls a program. */
export function programTitle(object: ObjectFile, index: number): string {
  const program = object.programs[index]!;
  return `${program.section} ${program.name}`;
}

/** The report on a program that could not be judged. */
export function unjudged(
  job: VerificationJob,
  program: ObjectProgram,
  kind: 'limit' | 'unsupported',
  message: string,
  milliseconds: number,
): VerificationReport {
  return {
    section: program.section,
    program: program.name,
    platform: job.platform,
    programType: job.type ?? 'unspec',
    verdict: 'error',
    failures: [],
    warnings: [],
    instructions: program.instructions.length,
    milliseconds,
    precision: job.precision ?? 0,
    statesVisited: 0,
    maxLoopCount: 0,
    error: { kind, message },
  };
}
