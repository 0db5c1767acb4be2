import { defineCommand } from '../command.ts';
import { aliasTable } from '../render/aliases.ts';

export const command = defineCommand({
  tags: [],
  run: (_tags, { session }) => [...session.aliases],
  text: aliasTable,
  json: (aliases) => ({ schema: 1, aliases: aliases.map(([name, words]) => ({ name, words })) }),
});
