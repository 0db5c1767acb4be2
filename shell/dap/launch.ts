import type { Host } from '../../contexts/host.ts';
import { openObject, selectPrograms } from '../../contexts/objects.ts';
import { namedProgramType } from '../../contexts/platforms.ts';
import { verifyPrograms } from '../../contexts/verify.ts';
import { DebugSession, NOTHING_EXPLORED } from '../../src/explain/session.ts';
import type { PlatformName } from '../../src/platform/platform.ts';
import { verify } from '../../src/verifier/index.ts';
import { type RequestArguments, RequestError } from './arguments.ts';

const PLATFORMS: readonly string[] = ['windows', 'linux'] satisfies PlatformName[];

/**
 * Verifies the program that a launch request names: `program` is the object's path, `section` and `function` pick one of its programs, `platform`
 * (windows, linux) and `programType` say whose rules apply.
 *
 * @throws RequestError or an error that `describeError` words.
 */
export async function launch(args: RequestArguments, host: Host, signal: AbortSignal): Promise<DebugSession> {
  const path = args.requiredText('program');
  const { object, bytes, choice } = await openObject(host, path, platformOf(args.text('platform')));
  const programs = selectPrograms(object, { section: args.text('section'), program: args.text('function') }, true);
  const [program] = programs;
  if (program === undefined || programs.length > 1) {
    const names = programs.map(({ section, name }) => `${section} ${name}`).join(', ');
    throw new RequestError(`There are ${programs.length} programs; "section" or "function" has to name one of: ${names}`);
  }
  const type = args.text('programType');
  let precision: number | undefined;
  if (host.verifyWorker) {
    // The states cannot cross threads, so the program is verified here as well: once a worker has shown that it ends in reasonable time.
    const job = { path, bytes, platform: choice.platform.name, type, precision: undefined };
    const [report] = await verifyPrograms(job, object, [program], host, { signal, progress: () => undefined });
    if (report?.verdict === 'error') throw new RequestError(report.error?.message ?? 'The program could not be judged.');
    if (report !== undefined && report.precision > 0) precision = report.precision;
  }
  const verification = verify(object, program, {
    platform: choice.platform,
    ...(type === undefined ? {} : { programType: namedProgramType(choice.platform, type) }),
    ...(precision === undefined ? {} : { precision }),
    signal,
  });
  if (verification.report.verdict === 'error') throw new RequestError(verification.report.error?.message ?? 'The program could not be judged.');
  const session = new DebugSession(program, verification);
  if (!session.steppable) throw new RequestError([...session.failures.map(({ failure }) => failure.message), NOTHING_EXPLORED].join(' '));
  return session;
}

function platformOf(name: string | undefined): PlatformName | undefined {
  if (name === undefined) return undefined;
  if (!PLATFORMS.includes(name)) throw new RequestError(`"platform" has to be one of ${PLATFORMS.join(', ')}.`);
  return name as PlatformName;
}
