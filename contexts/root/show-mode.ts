import { defineCommand } from '../command.ts';

export const command = defineCommand({
  tags: [],
  run: (_tags, { session }) => session.mode,
  text: (mode) => `${mode}\n`,
  json: (mode) => ({ schema: 1, mode }),
});
