import { instructionText } from '../../src/explain/instruction-text.ts';
import { minimise } from '../../src/explain/minimise/minimise.ts';
import { minimalObject } from '../../src/explain/minimise/object.ts';
import { DebugSession } from '../../src/explain/session.ts';
import { defineCommand } from '../command.ts';
import { CommandError } from '../errors.ts';
import { type Debugger, debuggerOf } from './debugger.ts';
import { chosenFailure, FAILURE } from './failure-tag.ts';
import type { Control, Judging } from './judge.ts';
import { count } from './render.ts';

export const command = defineCommand({
  tags: [
    FAILURE,
    {
      name: 'output',
      type: 'file',
      named: true,
      help: 'Where to write the program: as an object where the name ends in .o and it has neither functions of its own nor global data, else as assembly text.',
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
    const had = new Set(session.report.failures.map((one) => one.id));
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
    if (output !== undefined) await host.writeFile(output, fileOf(small, output, lines));
    return {
      id,
      before: sizeOf(session),
      after: sizeOf(small),
      tries: found.tries,
      instruction: at.failure.instruction,
      message: at.failure.message,
      lines,
      kept: output,
    };
  },
  text({ id, before, after, tries, instruction, lines, kept }) {
    const tried = count(tries, 'program was', 'programs were');
    const size = `${id} is left with ${after} of ${count(before, 'instruction', 'instructions')}`;
    const head = `${size} (${tried} tried).\nIt fails at instruction ${instruction}:\n`;
    return `${head}${lines.join('')}${kept === undefined ? '' : `Written to ${kept}.\n`}`;
  },
  json: ({ lines, kept, ...result }) => ({ schema: 1, ...result, text: lines.join(''), file: kept ?? null }),
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
  try {
    const { report } = await debug.verifyAgain(judging, control, candidate);
    return report.failures.some((one) => one.id === id) && report.failures.every((one) => had.has(one.id));
  } catch (error) {
    if (error instanceof CommandError && error.kind === 'verification') return false;
    throw error;
  }
}

/** @throws CommandError where an object is wanted that cannot hold the program. */
function fileOf({ program, machine }: DebugSession, path: string, lines: readonly string[]): Uint8Array {
  if (!path.toLowerCase().endsWith('.o')) return new TextEncoder().encode(lines.join(''));
  const bytes = minimalObject(machine.object, program);
  if (bytes === undefined)
    throw new CommandError(
      'debug',
      `What is left has functions of its own, global data, inner maps or kernel symbols; name a file that does not end in .o.`,
    );
  return bytes;
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
