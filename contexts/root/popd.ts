import { defineCommand } from '../command.ts';
import { CommandError } from '../errors.ts';

export const command = defineCommand({
  tags: [],
  run(_tags, { session }) {
    if (!session.popContext()) throw new CommandError('context', 'There is no context on the stack.');
  },
  text: () => '',
});
