import { instructionText } from '../../src/explain/instruction-text.ts';
import { minimise } from '../../src/explain/minimise/minimise.ts';
import { DebugSession } from '../../src/explain/session.ts';
import { defineCommand } from '../command.ts';
import { CommandError } from '../errors.ts';
import { type Debugger, debuggerOf } from './debugger.ts';
import { chosenFailure, FAILURE } from './failure-tag.ts';
import type { Control } from './judge.ts';
import { count } from './render.ts';

export const command = defineCommand({
  tags: [FAILURE, { name: 'output', type: 'file', named: true, help: 'Where to write the program, as assembly text.' }],
  remarks:
    'Takes out instructions as long as the program still fails with the same id, so that the smallest program that shows the failure is left. Ctrl-C ends it; the debugger stays where it is.',
  examples: ['minimise', 'minimise output=small.s'],
  async run({ failure, output }, { state, host, signal, progress }) {
    const debug = debuggerOf(state);
    const chosen = chosenFailure(debug, failure);
    const { session } = debug;
    const { id } = chosen.failure;
    const { precision } = session.report;
    // Progress of the single verifications says nothing here.
    const control: Control = { signal, progress: () => undefined };
    const found = await session.asideAsync(async () => {
      session.failure(chosen.number);
      return minimise(
        session,
        async (candidate) => fails(debug, candidate, id, precision, control),
        ({ left, tries }) => progress({ title: `minimise ${id}, ${left} instructions left`, done: tries }),
      );
    });
    const small = new DebugSession(found.program, await debug.verifyAgain({}, control, found.program));
    const at = small.failures.find((one) => one.failure.id === id);
    if (at === undefined) throw new CommandError('debug', `No smaller program fails with ${id} at every precision.`);
    const lines = textOf(small);
    if (output !== undefined) await host.writeFile(output, new TextEncoder().encode(lines.join('')));
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
    const head = `${id} is left with ${after} of ${count(before, 'instruction', 'instructions')} (${count(tries, 'program', 'programs')} tried); it fails at instruction ${instruction}:\n`;
    return `${head}${lines.join('')}${kept === undefined ? '' : `Written to ${kept}.\n`}`;
  },
  json: ({ lines, kept, ...result }) => ({ schema: 1, ...result, text: lines.join(''), file: kept ?? null }),
});

/** Whether a candidate fails with the id; one that cannot be judged does not. */
async function fails(debug: Debugger, candidate: DebugSession['program'], id: string, precision: number, control: Control): Promise<boolean> {
  try {
    const { report } = await debug.verifyAgain({ precision }, control, candidate);
    return report.failures.some((one) => one.id === id);
  } catch (error) {
    if (error instanceof CommandError && error.kind === 'verification') return false;
    throw error;
  }
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
