import { type Control, judgeOf } from '../../contexts/debug/judge.ts';
import type { Host } from '../../contexts/host.ts';
import { openObject, selectPrograms } from '../../contexts/objects.ts';
import { namedProgramType } from '../../contexts/platforms.ts';
import { DebugSession, NOTHING_EXPLORED } from '../../src/explain/session.ts';
import type { PlatformName } from '../../src/platform/platform.ts';
import { type RequestArguments, RequestError } from './arguments.ts';

const PLATFORMS: readonly string[] = ['windows', 'linux'] satisfies PlatformName[];

/**
 * Verifies the program that a launch request names: `program` is the object's path, `section` and `function` pick one of its programs, `platform`
 * (windows, linux) and `programType` say whose rules apply, `precision` how many states are kept apart where paths meet.
 *
 * @throws RequestError or an error that `describeError` words.
 */
export async function launch(args: RequestArguments, host: Host, control: Control): Promise<DebugSession> {
  const path = args.requiredText('program');
  const { object, choice } = await openObject(host, path, platformOf(args.text('platform')));
  const programs = selectPrograms(object, { section: args.text('section'), program: args.text('function') }, true);
  const [program] = programs;
  if (program === undefined || programs.length > 1) {
    const names = programs.map(({ section, name }) => `${section} ${name}`).join(', ');
    throw new RequestError(`There are ${programs.length} programs; "section" or "function" has to name one of: ${names}`);
  }
  const type = args.text('programType');
  const precision = args.integer('precision');
  if (precision !== undefined && precision < 1) throw new RequestError('"precision" has to be 1 or more.');
  const judge = judgeOf(object, {
    platform: choice.platform,
    ...(type === undefined ? {} : { programType: namedProgramType(choice.platform, type) }),
    ...(precision === undefined ? {} : { precision }),
  });
  const session = new DebugSession(program, await judge(program, {}, control));
  if (!session.steppable) throw new RequestError([...session.failures.map(({ failure }) => failure.message), NOTHING_EXPLORED].join(' '));
  return session;
}

function platformOf(name: string | undefined): PlatformName | undefined {
  if (name === undefined) return undefined;
  if (!PLATFORMS.includes(name)) throw new RequestError(`"platform" has to be one of ${PLATFORMS.join(', ')}.`);
  return name as PlatformName;
}
