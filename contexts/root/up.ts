import { defineCommand } from '../command.ts';

export const command = defineCommand({
  tags: [],
  remarks: 'At the root it does nothing.',
  run: (_tags, { session }) => session.leave(),
  text: () => '',
});
