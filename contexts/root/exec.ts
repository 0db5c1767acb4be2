import { defineCommand } from '../command.ts';
import { scriptLines } from '../script.ts';

export const command = defineCommand({
  tags: [
    { name: 'scriptfile', type: 'file', required: true, help: 'The script: one command per line, # starts a comment line.' },
    { name: 'stop-on-error', type: ['yes', 'no'], named: true, help: 'Whether the first command that fails ends the script.\nThe default is no.' },
  ],
  examples: ['exec samples/tour.nsh', 'exec samples/tour.nsh stop-on-error=yes'],
  async run({ scriptfile, 'stop-on-error': stop }, { session, host, io }) {
    return session.runScript(scriptfile, scriptLines(await host.readFile(scriptfile), scriptfile), io, { stopOnError: stop === 'yes' });
  },
  text: () => '',
  outcome: (outcome) => outcome,
});
