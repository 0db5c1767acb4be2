import { defineCommand } from '../command.ts';

export const command = defineCommand({
  tags: [
    {
      name: 'command',
      type: 'rest',
      placeholder: 'command',
      help: 'The command to explain; without it, everything that is available here is listed.',
    },
  ],
  examples: ['help', 'help show alias'],
  run: ({ command: words = [] }, { session, io }) => session.runWords([...words, '?'], io),
  text: () => '',
  outcome: (outcome) => outcome,
});
