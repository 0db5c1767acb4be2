import { defineCommand } from '../command.ts';
import { OK } from '../messages.ts';

export const command = defineCommand({
  tags: [{ name: 'format', type: ['text', 'json'], required: true, help: 'What format= is where a command does not say.' }],
  remarks: 'It lasts as long as the session. Errors follow it; commands without a JSON form answer in text.',
  examples: ['set format json'],
  run({ format }, { session }) {
    session.format = format;
  },
  text: () => OK,
});
