import { defineCommand } from '../command.ts';
import { tokensFromWords } from '../tokens.ts';

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
  run: ({ command: words = [] }, { session, io }) => session.executeTokens([...tokensFromWords(words), ...tokensFromWords(['?'])], io),
  text: () => '',
  outcome: (outcome) => outcome,
});
