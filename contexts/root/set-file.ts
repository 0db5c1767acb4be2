import { defineCommand } from '../command.ts';
import { UsageError } from '../errors.ts';
import { MISSING_PARAMETERS } from '../messages.ts';

export const command = defineCommand({
  tags: [
    { name: 'mode', type: ['open', 'append', 'close'], required: true, help: 'open: start a new file. append: add to a file.\nclose: stop copying.' },
    { name: 'name', type: 'file', help: 'The file that receives a copy of the output.' },
  ],
  remarks: 'Commands and their output are copied until the file is closed.',
  examples: ['set file open session.log', 'set file close'],
  async run({ mode, name }, { session, host }) {
    if (mode === 'close') return session.setTranscript(undefined);
    if (name === undefined) throw new UsageError(MISSING_PARAMETERS);
    await session.setTranscript(await host.openFile(name, mode === 'append'));
  },
  text: () => '',
});
