import { defineCommand } from '../command.ts';
import { NO_SCREEN, showScreen } from '../debug/screen.ts';
import { CommandError } from '../errors.ts';
import { DEBUGGED, openForDebugging } from './debug-verification.ts';

export const command = defineCommand({
  tags: DEBUGGED,
  remarks:
    'Enters the debug context and shows its screen: the story, the source with its instructions, and what is known, side by side. ? lists the keys.',
  examples: ['debug screen samples/droppacket_unsafe.o'],
  async run(tags, environment) {
    if (environment.io.openDebugger === undefined) throw new CommandError('screen', NO_SCREEN);
    const { note } = await openForDebugging(tags, environment);
    await showScreen(environment);
    return note;
  },
  text: (note) => note,
});
