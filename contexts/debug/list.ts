import { sliceBackSteps } from '../../src/explain/queries/slice.ts';
import { type SourceLine, sameLine } from '../../src/explain/source.ts';
import type { ListedInstruction } from '../../src/explain/views.ts';
import { defineCommand } from '../command.ts';
import { debuggerOf } from './debugger.ts';
import { patiently } from './judge.ts';
import { readPlace } from './places.ts';
import { count, instructionLine, sourceBlock } from './render.ts';

/** Instructions shown before and after the current one. */
const AROUND = 12;

export const command = defineCommand({
  tags: [
    { name: 'what', type: ['near', 'all'], help: 'near: around the current instruction. all: its whole function.\nThe default is near.' },
    {
      name: 'slice',
      type: 'string',
      named: true,
      placeholder: 'register|fp-N',
      help: 'Leaves out what the place, before the current instruction, does not come from.',
    },
  ],
  remarks: 'The current instruction is marked ">", one that fails "!", one that no path reaches "-".',
  examples: ['list', 'list all', 'list all slice=r6'],
  async run({ what = 'near', slice: word }, { state, signal, progress }) {
    const { session } = debuggerOf(state, word !== undefined);
    const listed = session.list(what === 'all' ? undefined : AROUND);
    if (word === undefined) return { instructions: listed, hidden: 0 };
    const { instructions: made } = await patiently(sliceBackSteps(session, readPlace(word, 'slice')), 'slice', { signal, progress });
    const slice = new Set(made);
    const instructions = listed.filter(({ pc, current }) => current || slice.has(pc));
    return { instructions, hidden: listed.length - instructions.length };
  },
  text: ({ instructions, hidden }) =>
    listText(instructions) + (hidden === 0 ? '' : `${count(hidden, 'instruction is', 'instructions are')} hidden.\n`),
  json: (result) => ({ schema: 1, ...result }),
});

export function listText(instructions: readonly ListedInstruction[]): string {
  let shown: SourceLine | undefined;
  let text = '';
  for (const { pc, text: words, source, current, unreached, failures } of instructions) {
    if (!sameLine(source, shown)) text += sourceBlock(source);
    shown = source;
    text += instructionLine(pc, words, `${current ? '>' : ' '}${failures.length > 0 ? '!' : unreached ? '-' : ' '}`);
  }
  return text;
}
