import { defineCommand } from '../command.ts';
import { CommandError } from '../errors.ts';
import { OK } from '../messages.ts';
import { aliasTable } from '../render/aliases.ts';
import { joinWords } from '../tokens.ts';

export const command = defineCommand({
  tags: [
    { name: 'alias', type: 'string', placeholder: 'name', help: 'The name; without it, every alias is listed.' },
    { name: 'words', type: 'rest', placeholder: 'words', help: 'What the name stands for; without it, the alias is shown.' },
  ],
  remarks: 'Words after the alias on a command line are added to its own.',
  examples: ['alias sec ebpf show sections', 'sec samples/bpf.o'],
  run({ alias, words }, { session }) {
    if (alias === undefined) return { defined: false, aliases: [...session.aliases] };
    if (words && words.length > 0) {
      session.aliases.set(alias, joinWords(words));
      return { defined: true, aliases: [] };
    }
    const text = session.aliases.get(alias);
    if (text === undefined) throw new CommandError('alias', `The alias "${alias}" is not defined.`);
    return { defined: false, aliases: [[alias, text] as const] };
  },
  text: ({ defined, aliases }) => (defined ? OK : aliasTable(aliases)),
});
