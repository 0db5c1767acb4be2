import { type SourceLine, sameLine } from '../../src/explain/source.ts';
import type { ListedInstruction } from '../../src/explain/views.ts';
import { defineCommand } from '../command.ts';
import { debuggerOf } from './debugger.ts';
import { instructionLine, sourceBlock } from './render.ts';

/** Instructions shown before and after the current one. */
const AROUND = 12;

export const command = defineCommand({
  tags: [{ name: 'what', type: ['near', 'all'], help: 'near: around the current instruction. all: its whole function.\nThe default is near.' }],
  remarks: 'The current instruction is marked ">", one that fails "!", one that no path reaches "-".',
  examples: ['list', 'list all'],
  run: ({ what = 'near' }, { state }) => debuggerOf(state, false).session.list(what === 'all' ? undefined : AROUND),
  text: listText,
  json: (instructions) => ({ schema: 1, instructions }),
});

function listText(instructions: readonly ListedInstruction[]): string {
  let shown: SourceLine | undefined;
  let text = '';
  for (const { pc, text: words, source, current, unreached, failures } of instructions) {
    if (!sameLine(source, shown)) text += sourceBlock(source);
    shown = source;
    text += instructionLine(pc, words, `${current ? '>' : ' '}${failures.length > 0 ? '!' : unreached ? '-' : ' '}`);
  }
  return text;
}
