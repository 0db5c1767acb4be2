import type { ObjectProgram } from '../../src/object/object-file.ts';
import type { PlatformName } from '../../src/platform/platform.ts';
import { defineCommand } from '../command.ts';
import { CommandError, UsageError } from '../errors.ts';
import type { Host } from '../host.ts';
import { PARAMETER_INCORRECT, unacceptableValue } from '../messages.ts';
import { openObject, type Selection, selectPrograms } from '../objects.ts';
import { namedProgramType, platformNote, typeName } from '../platforms.ts';
import { sourceAt } from '../render/source.ts';
import { verificationJson, verificationText } from '../render/verification.ts';
import { joinWords } from '../tokens.ts';
import { verifyPrograms } from '../verify.ts';
import { exitCodeOf, type FailOn, INPUT_ERROR, parseFailOn } from './fail-on.ts';
import { FILENAME, PLATFORM, PROGRAM, SECTION } from './tags.ts';

export const command = defineCommand({
  tags: [
    FILENAME,
    SECTION,
    PROGRAM,
    {
      name: 'type',
      type: 'program-type',
      help: 'The program type, by its name or as if it were a section name.\nThe default is what the section name stands for.',
    },
    {
      name: 'level',
      type: ['normal', 'informational', 'verbose'],
      help: 'normal: failed checks. informational: with the reasoning and the path.\nverbose: with figures and warnings as well.\nThe default is normal.',
    },
    PLATFORM,
    {
      name: 'precision',
      type: 'integer',
      named: true,
      help: 'How many states are kept apart where paths meet.\nThe default rises until the verdict is settled.',
    },
    {
      name: 'format',
      type: ['text', 'json', 'sarif', 'html'],
      named: true,
      help: 'text for people, json for programs, sarif for code scanning\n(SARIF 2.1.0), html for a page to step through the paths.\nThe default is text.',
    },
    {
      name: 'attack',
      type: ['yes', 'no'],
      named: true,
      help: 'yes: looks for an input with which the first failed check goes wrong, and for changes that repair it. no: does not.\nThe default is yes.',
    },
    {
      name: 'fail-on',
      type: 'string',
      named: true,
      placeholder: 'confirmed|limit|undetermined|rule|any|none',
      help: 'Which verdicts make the command fail, several separated by commas. Then the exit code tells the worst of them: 1 confirmed bug, 2 likely precision limit, 3 undetermined, 4 rule; 5 where the object cannot be read or linked.\nWithout it every failed program gives exit code 1.',
    },
  ],
  remarks: 'Without a section or program, every program is verified; the functions of .text only where there is nothing else.',
  examples: [
    'show verification samples/droppacket.o',
    'show verification samples/droppacket_unsafe.o xdp level=informational',
    'show verification samples/bpf.o type=sample_ext',
    'show verification samples/droppacket_unsafe.o fail-on=confirmed,rule',
  ],
  async run(tags, { host, signal, progress }) {
    if (tags.precision === 0) throw new UsageError(`${unacceptableValue('0', 'precision')}\n${PARAMETER_INCORRECT}`, { value: '0' });
    const failOn = tags['fail-on'] === undefined ? undefined : parseFailOn(tags['fail-on']);
    const { object, bytes, choice, programs } = await opened(host, tags, failOn);
    if (tags.type !== undefined) namedProgramType(choice.platform, tags.type);
    const job = {
      path: tags.filename,
      bytes,
      platform: choice.platform.name,
      type: tags.type,
      precision: tags.precision,
      invariants: tags.level === 'verbose',
      judge: tags.attack !== 'no',
      walks: walksFor(tags.format, programs.length),
    };
    const reports = await verifyPrograms(job, object, programs, host, { signal, progress });
    const verified = reports.map((report, index) => ({
      report,
      program: programs[index]!,
      typeInferred: tags.type === undefined && typeName(choice.platform, report.section) !== report.programType,
      opening: openingLine(tags, programs[index]!, object.programs.length > 1),
    }));
    const document =
      tags.format === 'sarif' || tags.format === 'html'
        ? (await import('../render/exported.ts')).exportedDocument(tags.format, object, choice.platform.name, verified)
        : undefined;
    return { choice, verified, document, failOn };
  },
  text: ({ choice, verified, document }, { level = 'normal' }) =>
    document ?? [{ stream: 'stdout', text: platformNote(choice) }, ...verificationText(verified, level)],
  json: ({ choice, verified }) => ({
    schema: 1,
    platform: choice.platform.name,
    ...(choice.inferredFrom === undefined ? {} : { platformInferredFrom: choice.inferredFrom }),
    programs: verified.map(({ report, program, typeInferred }) => ({
      ...verificationJson(report, (slot) => sourceAt(program, slot)),
      ...(typeInferred ? { typeInferred } : {}),
    })),
  }),
  outcome({ verified, failOn }) {
    const reports = verified.map(({ report }) => report);
    if (failOn !== undefined) return { exitCode: exitCodeOf(reports, failOn) };
    return { exitCode: reports.every(({ verdict }) => verdict === 'accepted') ? 0 : 1 };
  },
});

/** The object and the programs of it that are meant. @throws CommandError; with `fail-on=` its exit code is that of an input error. */
async function opened(host: Host, tags: Selection & { readonly filename: string; readonly platform?: PlatformName }, failOn: FailOn | undefined) {
  try {
    const { object, bytes, choice, types } = await openObject(host, tags.filename, tags.platform);
    if (types) throw new CommandError('image', `error: ${tags.filename} is a native image; the object that it was made from can be verified`);
    return { object, bytes, choice, programs: selectPrograms(object, tags, true) };
  } catch (error) {
    throw error instanceof CommandError && failOn !== undefined ? new CommandError(error.kind, error.message, INPUT_ERROR) : error;
  }
}

/** The command that leads from the failure to its repair, and into the debugger; as short as it is clear. */
function openingLine(
  tags: { readonly filename: string; readonly platform?: string; readonly type?: string },
  { section, name }: ObjectProgram,
  several: boolean,
): string {
  const words = [tags.filename, ...(several ? [section, name] : [])];
  const named = (['platform', 'type'] as const).flatMap((tag) => (tags[tag] === undefined ? [] : [`${tag}=${joinWords([tags[tag]])}`]));
  return ['ebpf debug guide', ...words.map((word) => joinWords([word])), ...named].join(' ');
}

/** Paths of programs that pass are worth a page that is about a few of them. */
const STEPPED_PROGRAMS = 8;

function walksFor(format: string | undefined, programs: number): 'failures' | 'all' | undefined {
  if (format === 'html') return programs <= STEPPED_PROGRAMS ? 'all' : 'failures';
  return format === 'sarif' ? 'failures' : undefined;
}
