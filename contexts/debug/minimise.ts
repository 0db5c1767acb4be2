import { instructionText } from '../../src/explain/instruction-text.ts';
import { minimise } from '../../src/explain/minimise/minimise.ts';
import { objectWith, UnwritableError } from '../../src/explain/minimise/object.ts';
import { DebugSession } from '../../src/explain/session.ts';
import { ObjectError } from '../../src/object/errors.ts';
import { loadObject } from '../../src/object/load.ts';
import type { ObjectProgram } from '../../src/object/object-file.ts';
import { helperByName } from '../../src/platform/find.ts';
import type { Failure, VerificationReport } from '../../src/verifier/report.ts';
import { defineCommand } from '../command.ts';
import { CommandError } from '../errors.ts';
import type { Host } from '../host.ts';
import { type Debugger, debuggerOf } from './debugger.ts';
import { chosenFailure, FAILURE } from './failure-tag.ts';
import { type Control, type Judge, type Judging, judgeOf } from './judge.ts';
import { count } from './render.ts';

export const command = defineCommand({
  tags: [
    FAILURE,
    {
      name: 'output',
      type: 'file',
      named: true,
      help: 'Where to write the program: as an object where the name ends in .o, with the maps, data and types of the original; else as assembly text.',
    },
  ],
  remarks:
    'Takes out instructions as long as the program still fails with the same id and in no new way, so that the smallest program that shows the failure is left. Ctrl-C ends it; the debugger stays where it is.',
  examples: ['minimise', 'minimise output=small.s', 'minimise output=small.o'],
  async run({ failure, output }, { state, host, signal, progress }) {
    const debug = debuggerOf(state);
    const chosen = chosenFailure(debug, failure);
    const { session } = debug;
    const { id } = chosen.failure;
    const { precision, milliseconds } = session.report;
    // A smaller program that fails in the same way takes no longer; one that runs round its loops for ever is none.
    const judging = { precision, timeLimit: MOMENT + PATIENCE * milliseconds };
    const had = new Set(toldBy(session.report).map((one) => one.id));
    // Progress of the single verifications says nothing here.
    const control: Control = { signal, progress: () => undefined };
    const found = await session.asideAsync(async () => {
      session.failure(chosen.number);
      return minimise(
        session,
        async (candidate) => fails(debug, candidate, id, had, judging, control),
        ({ left, tries }) => progress({ title: `minimise ${id}, ${left} instructions left`, done: tries }),
      );
    });
    const small = new DebugSession(found.program, await debug.verifyAgain({}, control, found.program));
    const at = small.failures.find((one) => one.failure.id === id);
    if (at === undefined) throw new CommandError('debug', `No smaller program fails with ${id} at every precision.`);
    const lines = textOf(small);
    const written = output === undefined ? undefined : await write(host, output, small, lines, at.failure, control);
    return {
      id,
      before: sizeOf(session),
      after: sizeOf(small),
      tries: found.tries,
      instruction: at.failure.instruction,
      message: at.failure.message,
      lines,
      written,
    };
  },
  text({ id, before, after, tries, instruction, lines, written }) {
    const tried = count(tries, 'program was', 'programs were');
    const size = `${id} is left with ${after} of ${count(before, 'instruction', 'instructions')}`;
    const head = `${size} (${tried} tried).\nIt fails at instruction ${instruction}:\n`;
    return `${head}${lines.join('')}${written === undefined ? '' : writtenText(written)}`;
  },
  json: ({ lines, written, ...result }) => ({
    schema: 1,
    ...result,
    text: lines.join(''),
    file: written?.file ?? null,
    object: written?.object ?? null,
  }),
});

/** Milliseconds that every candidate gets, and times that of the program itself that it gets besides. */
const MOMENT = 50;
const PATIENCE = 3;

/** Whether a candidate fails with the id, and with none that the program did not have; one that cannot be judged does not. */
async function fails(
  debug: Debugger,
  candidate: DebugSession['program'],
  id: string,
  had: ReadonlySet<string>,
  judging: Judging,
  control: Control,
): Promise<boolean> {
  const report = await reportOf((program, how, patience) => debug.verifyAgain(how, patience, program), candidate, judging, control);
  return report !== undefined && toldBy(report).some((one) => one.id === id) && report.failures.every((one) => had.has(one.id));
}

/** Failed checks and remarks. */
function toldBy({ failures, warnings }: VerificationReport): readonly Failure[] {
  return [...failures, ...warnings];
}

/** What is said of a program; undefined where it cannot be judged. */
async function reportOf(judge: Judge, program: ObjectProgram, judging: Judging, control: Control): Promise<VerificationReport | undefined> {
  try {
    return (await judge(program, judging, control)).report;
  } catch (error) {
    if (error instanceof CommandError && error.kind === 'verification') return undefined;
    throw error;
  }
}

/** What was written; of an object, what verifying it says. */
interface Written {
  readonly file: string;
  readonly object?: {
    /** Where it fails, in its own instructions. */
    readonly instruction: number;
    /** The program type that it has to be verified with, where its section does not tell. */
    readonly type?: string;
  };
}

/** @throws CommandError where an object is wanted that cannot hold the program, or would not fail as it does. */
async function write(host: Host, file: string, small: DebugSession, lines: readonly string[], failure: Failure, control: Control): Promise<Written> {
  if (!file.toLowerCase().endsWith('.o')) {
    await host.writeFile(file, new TextEncoder().encode(lines.join('')));
    return { file };
  }
  const bytes = await objectOf(host, small);
  const object = await judged(bytes, small, failure, control);
  await host.writeFile(file, bytes);
  return { file, object };
}

async function objectOf(host: Host, { machine, program }: DebugSession): Promise<Uint8Array> {
  const { path, sha256 } = machine.object;
  const bytes = await host.readFile(path);
  try {
    if (loadObject(bytes, path).sha256 !== sha256) throw new UnwritableError(`${path} is another file by now`);
    return objectWith(bytes, machine.object, program);
  } catch (error) {
    if (!(error instanceof UnwritableError) && !(error instanceof ObjectError)) throw error;
    throw new CommandError('debug', `${error.message}; ${AS_TEXT}`);
  }
}

const AS_TEXT = 'a file whose name does not end in .o takes the program as text.';

/** Verifies an object as whoever gets it will: first without saying what its program is. */
async function judged(
  bytes: Uint8Array,
  { machine, program }: DebugSession,
  { id }: Failure,
  control: Control,
): Promise<NonNullable<Written['object']>> {
  const { platform, programType } = machine.rules;
  const object = loadObject(bytes, machine.object.path, { helperId: (name) => helperByName(platform, name)?.id });
  const [only] = object.programs.filter(({ section, name }) => section === program.section && name === program.name);
  for (const named of [{}, { programType }]) {
    const report = only && (await reportOf(judgeOf(object, { platform, ...named }), only, {}, control));
    const failed = report && toldBy(report).find((one) => one.id === id);
    if (failed !== undefined) return { instruction: failed.instruction, ...('programType' in named ? { type: programType.name } : {}) };
  }
  throw new CommandError('debug', `An object with this program would not fail with ${id}; ${AS_TEXT}`);
}

function writtenText({ file, object }: Written): string {
  if (object === undefined) return `Written to ${file}.\n`;
  const type = object.type === undefined ? '' : ` with type=${object.type}`;
  return `Written to ${file}; verified${type} it fails so at instruction ${object.instruction}.\n`;
}

function sizeOf({ program }: DebugSession): number {
  return program.instructions.filter((instruction) => instruction !== undefined).length;
}

/** The program as assembly text: functions as labels, instructions with their slots, as disassembly prints them. */
function textOf({ program, machine }: DebugSession): readonly string[] {
  return program.instructions.flatMap((instruction, slot) => {
    if (instruction === undefined) return [];
    const label = program.functions.filter(({ start }) => start === slot).map(({ name }) => `${name}:\n`);
    return [...label, `${String(slot).padStart(8)}: ${instructionText(machine, instruction, slot)}\n`];
  });
}
