import { defineCommand } from '../command.ts';
import type { ContextDefinition } from '../context.ts';
import { type ManualCommand, manualPage } from '../manual-page.ts';

export const command = defineCommand({
  tags: [],
  remarks: 'It is made of the same tables as the help: ebpfsh man > ebpfsh.1; man ./ebpfsh.1',
  examples: ['man'],
  run: (_tags, { session }) => manualCommands(session.root, ''),
  text: manualPage,
});

/** Every command of a context and of those below it, by its words from the root. */
async function manualCommands(context: ContextDefinition, path: string): Promise<readonly ManualCommand[]> {
  const own = await Promise.all(
    context.commands.map(async ({ words, summary, load }) => ({ words: `${path}${words}`, summary, command: await load() })),
  );
  const below = await Promise.all(context.contexts.map((inner) => manualCommands(inner, `${path}${inner.name} `)));
  return [...own, ...below.flat()];
}
