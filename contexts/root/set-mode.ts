import { defineCommand, SUCCESS } from '../command.ts';

export const command = defineCommand({
  tags: [{ name: 'mode', type: ['online', 'offline'], required: true, help: 'online: commands act at once. offline: changes wait for commit.' }],
  async run({ mode }, { session, io }) {
    if (mode === 'online') return session.goOnline(io);
    session.goOffline();
    return SUCCESS;
  },
  text: () => '',
  outcome: (outcome) => outcome,
});
