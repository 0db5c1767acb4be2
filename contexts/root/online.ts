import { defineCommand } from '../command.ts';

export const command = defineCommand({
  tags: [],
  remarks: 'Changes that waited are made first.',
  run: (_tags, { session, io }) => session.goOnline(io),
  text: () => '',
  outcome: (outcome) => outcome,
});
