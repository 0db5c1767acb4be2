import { defineCommand } from '../command.ts';
import { debuggerOf } from './debugger.ts';
import { count } from './render.ts';

export const command = defineCommand({
  tags: [{ name: 'filename', type: 'file', required: true, help: 'Where to write the script.' }],
  remarks:
    'The script opens the program again, makes the same changes, sets the same bookmarks and breakpoints, and goes where this session stands; "exec" runs it.',
  examples: ['save session.nsh'],
  async run({ filename }, { state, host }) {
    const lines = debuggerOf(state, false).script();
    await host.writeFile(filename, new TextEncoder().encode(`${lines.join('\n')}\n`));
    return { filename, lines };
  },
  text: ({ filename, lines }) => `${count(lines.length, 'command is', 'commands are')} written to ${filename}; "exec ${filename}" runs them.\n`,
  json: (result) => ({ schema: 1, ...result }),
});
