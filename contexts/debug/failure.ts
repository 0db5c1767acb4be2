import { defineCommand } from '../command.ts';
import { CommandError } from '../errors.ts';
import { debuggerOf } from './debugger.ts';
import { stepText } from './render.ts';

export const command = defineCommand({
  tags: [{ name: 'number', type: 'integer', help: 'The number of the failure.\nThe default is the next one.' }],
  remarks: 'From then on the path is that of the failure: back, path and goto follow it.',
  examples: ['failure', 'failure 2'],
  run({ number }, { state }) {
    const debug = debuggerOf(state);
    const { session } = debug;
    if (session.failures.length === 0) throw new CommandError('debug', 'No check fails.');
    if (number !== undefined && (number < 1 || number > session.failures.length))
      throw new CommandError('debug', `There is no failure ${number}; they are numbered 1 to ${session.failures.length}.`);
    const found = session.failure(number);
    if (found === undefined) throw new CommandError('debug', 'The verifier kept no path to this failure.');
    debug.moved(`failure ${found.number}`, true);
    return debug.look();
  },
  text: stepText,
  json: (step) => ({ schema: 1, step }),
});
