import type { DebugSession } from '../../src/explain/session.ts';
import type { ObjectFile, ObjectProgram } from '../../src/object/object-file.ts';
import { defineCommand, type Environment, type Tag, type TagValues } from '../command.ts';
import { Debugger, type ShownStep } from '../debug/debugger.ts';
import { debugContext } from '../debug/index.ts';
import { judgeOf } from '../debug/judge.ts';
import { count, stepText } from '../debug/render.ts';
import { CommandError } from '../errors.ts';
import { openObject, selectPrograms } from '../objects.ts';
import { namedProgramType, platformNote } from '../platforms.ts';
import { wrap } from '../render/wrap.ts';
import type { Session } from '../session.ts';
import { joinWords } from '../tokens.ts';
import { ebpfContext } from './index.ts';
import { FILENAME, PLATFORM, PROGRAM, SECTION } from './tags.ts';

interface Opening {
  readonly note: string;
  readonly session: DebugSession;
  readonly first: ShownStep | undefined;
}

/** What names a program to debug. */
export const DEBUGGED = [
  FILENAME,
  SECTION,
  PROGRAM,
  PLATFORM,
  {
    name: 'type',
    type: 'program-type',
    named: true,
    help: 'The program type, by its name or as if it were a section name.\nThe default is what the section name stands for.',
  },
  {
    name: 'precision',
    type: 'integer',
    named: true,
    help: 'How many states are kept apart where paths meet.\nThe default rises until the verdict is settled.',
  },
] as const satisfies readonly Tag[];

export const command = defineCommand({
  tags: DEBUGGED,
  remarks:
    'Enters the debug context, whose commands step through what the verifier knew at each instruction, whether the program passes or fails. Editors step in the same way over the Debug Adapter Protocol: "ebpfsh dap" serves it.',
  examples: ['debug verification samples/droppacket_unsafe.o', 'debug verification samples/bpf2.o program=func'],
  async run(tags, environment): Promise<Opening> {
    const { debug, note } = await openForDebugging(tags, environment);
    return { note, session: debug.session, first: debug.session.steppable ? debug.look() : undefined };
  },
  text: ({ note, session, first }) => `${note}${titleText(session)}${first === undefined ? '' : stepText(first)}`,
  json: ({ session, first }) => ({
    schema: 1,
    section: session.report.section,
    program: session.report.program,
    platform: session.report.platform,
    verdict: session.report.verdict,
    failures: session.failures.map(({ number, failure }) => ({ number, id: failure.id, instruction: failure.instruction, message: failure.message })),
    followedFailure: session.followedFailure,
    step: first ?? null,
  }),
});

/** Verifies a program and enters the debug context with it. @throws CommandError where it cannot be judged, or several are meant. */
export async function openForDebugging(
  tags: TagValues<typeof DEBUGGED>,
  { host, session, signal, progress }: Environment,
): Promise<{ readonly debug: Debugger; readonly note: string }> {
  const { object, choice } = await openObject(host, tags.filename, tags.platform);
  const program = oneProgram(object, tags);
  if (tags.precision === 0) throw new CommandError('precision', 'At least 1 state has to be kept.');
  const judge = judgeOf(object, {
    platform: choice.platform,
    ...(tags.type === undefined ? {} : { programType: namedProgramType(choice.platform, tags.type) }),
    ...(tags.precision === undefined ? {} : { precision: tags.precision }),
  });
  const debug = await Debugger.open(program, judge, openingLine(tags, program), { signal, progress });
  enterDebugger(session, debug);
  return { debug, note: platformNote(choice) };
}

/** @throws CommandError where the words mean several programs. */
function oneProgram(object: ObjectFile, tags: { readonly section?: string; readonly program?: string }): ObjectProgram {
  const programs = selectPrograms(object, tags, true);
  if (programs.length > 1) {
    const names = programs.map((program) => `  ${program.section} ${program.name}`).join('\n');
    throw new CommandError('program', `There are ${programs.length} programs; name one by its section or program:\n${names}`);
  }
  return programs[0]!;
}

/** The line that opens the same program again, from wherever it is given. */
function openingLine(tags: object, program: ObjectProgram): string {
  const named: Readonly<Record<string, unknown>> = { ...tags, section: program.section, program: program.name };
  const words = OPENING_TAGS.flatMap((name) => {
    const value = named[name];
    return value === undefined ? [] : [`${name}=${joinWords([`${value}`])}`];
  });
  return ['ebpf debug verification', ...words].join(' ');
}

const OPENING_TAGS = ['filename', 'section', 'program', 'platform', 'type', 'precision'];

/** Enters `netsh ebpf debug>` from wherever the command was given; a debugger that is open already is replaced. */
function enterDebugger(session: Session, opened: Debugger): void {
  while (session.chain.includes(debugContext)) session.leave();
  if (!session.chain.includes(ebpfContext)) session.enter(ebpfContext);
  session.enter(debugContext, opened);
}

function titleText(session: DebugSession): string {
  const { report, failures } = session;
  const remarks = report.warnings.length === 0 ? '' : `, ${count(report.warnings.length, 'remark', 'remarks')}`;
  const head = `Program ${report.program} in section ${report.section} (${report.programType}, ${report.platform}): ${report.verdict}${report.failures.length === 0 ? '' : `, ${count(report.failures.length, 'failed check', 'failed checks')}`}${remarks}.`;
  const listed = failures.map(({ number, failure }) => {
    const source = session.source.at(failure.instruction);
    const line = source === undefined || source.line === 0 ? '' : ` (line ${source.line})`;
    return `  ${wrap(`${number}. ${failure.id} at instruction ${failure.instruction}${line}: ${failure.message}`, 77, '     ')}`;
  });
  return wrap(head, 79, '  ') + listed.join('') + wayText(session);
}

const COMMANDS =
  'Commands: guide, screen, step, back, goto, state, why, whynot, culprit, distance, assume, fix, attack, list, path; "help" lists all, ".." leaves.';

function wayText(session: DebugSession): string {
  if (!session.steppable) return 'The verifier did not explore any path; "list" shows the instructions.\n';
  const way =
    session.followedFailure > 0 ? `The path to failure ${session.followedFailure} is followed` : 'The path that was taken first is followed';
  return `${way}.\n${wrap(COMMANDS, 79, '  ')}\n`;
}
