import { defineCommand } from '../command.ts';

export const command = defineCommand({
  tags: [],
  run: (_tags, { session }) => session.discardChanges(),
  text: () => '',
});
