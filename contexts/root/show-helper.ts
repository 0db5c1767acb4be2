import { defineCommand } from '../command.ts';
import type { ContextDefinition } from '../context.ts';
import { table } from '../render/table.ts';

interface Helper {
  readonly guid: string;
  readonly command: string;
}

export const command = defineCommand({
  tags: [],
  run: (_tags, { session }) => helpersBelow(session.root, ''),
  text: (helpers) =>
    table(
      [
        { title: ['Helper GUID'], width: 38 },
        { title: ['Command'], width: 7 },
      ],
      helpers.map(({ guid, command: words }) => [`{${guid.toUpperCase()}}`, words]),
    ),
  json: (helpers) => ({ schema: 1, helpers }),
});

function helpersBelow(context: ContextDefinition, path: string): readonly Helper[] {
  return context.contexts.flatMap((inner) => {
    const words = path + inner.name;
    return [...(inner.guid === undefined ? [] : [{ guid: inner.guid, command: words }]), ...helpersBelow(inner, `${words} `)];
  });
}
