import { defineCommand } from '../command.ts';
import { CommandError } from '../errors.ts';
import { debuggerOf } from './debugger.ts';
import { count } from './render.ts';

export const command = defineCommand({
  tags: [{ name: 'number', type: 'integer', help: 'The number of the breakpoint or watchpoint.\nThe default is all of them.' }],
  examples: ['delete break 2', 'delete break'],
  run({ number }, { state }) {
    const { breakpoints } = debuggerOf(state, false);
    const gone = number === undefined ? [...breakpoints.keys()] : [number];
    for (const one of gone) if (!breakpoints.delete(one)) throw new CommandError('debug', `There is no breakpoint ${one}.`);
    return { deleted: gone };
  },
  text: ({ deleted }) => `${count(deleted.length, 'breakpoint is', 'breakpoints are')} deleted.\n`,
  json: (result) => ({ schema: 1, ...result }),
});
