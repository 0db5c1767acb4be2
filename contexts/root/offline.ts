import { defineCommand } from '../command.ts';

export const command = defineCommand({
  tags: [],
  remarks: 'Commands that change something wait for commit or online; abort forgets them.',
  run: (_tags, { session }) => session.goOffline(),
  text: () => '',
});
