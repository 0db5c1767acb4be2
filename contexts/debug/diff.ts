import { defineCommand } from '../command.ts';
import { CommandError } from '../errors.ts';
import { debuggerOf } from './debugger.ts';
import { changesText } from './render.ts';

export const command = defineCommand({
  tags: [
    {
      name: 'from',
      type: 'integer',
      placeholder: 'instruction',
      help: 'The instruction to compare with, where the path was there.\nThe default is where the last command left from.',
    },
  ],
  remarks: 'Facts that were lost come first. Both points are before their instruction.',
  examples: ['diff', 'diff 2'],
  run({ from }, { state }) {
    const { session } = debuggerOf(state);
    const found = from === undefined ? session.changesSince() : withPlace(from, session.changesFrom(from));
    if (found === undefined)
      throw new CommandError(
        'debug',
        from === undefined ? 'There is no earlier point yet: step first.' : `The path was not at instruction ${from} before.`,
      );
    return { from: found.pc, to: session.pc, changes: found.changes };
  },
  text: ({ from, to, changes }) =>
    `From before instruction ${from} to before instruction ${to}:\n${changes.length === 0 ? `${' '.repeat(10)}nothing changes\n` : changesText(changes, true)}`,
  json: ({ from, to, changes }) => ({ schema: 1, from, to, changes }),
});

function withPlace<Changes>(pc: number, changes: Changes | undefined) {
  return changes === undefined ? undefined : { pc, changes };
}
