import { defineCommand } from '../command.ts';

export const command = defineCommand({
  tags: [],
  remarks: 'A change that fails goes on waiting, with those after it.',
  run: (_tags, { session, io }) => session.commit(io),
  text: () => '',
  outcome: (outcome) => outcome,
});
