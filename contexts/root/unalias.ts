import { defineCommand } from '../command.ts';
import { CommandError } from '../errors.ts';
import { didYouMean, OK } from '../messages.ts';
import { suggest } from '../suggest.ts';

export const command = defineCommand({
  tags: [{ name: 'alias', type: 'string', required: true, placeholder: 'name', help: 'The alias to delete.' }],
  run({ alias }, { session }) {
    const near = suggest(alias, session.aliases.keys());
    if (!session.aliases.delete(alias)) throw new CommandError('alias', `The alias "${alias}" is not defined.${didYouMean(near)}`);
  },
  text: () => OK,
});
