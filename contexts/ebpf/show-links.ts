import type { AttachParameters } from '../../src/runtime/links.ts';
import { defineCommand } from '../command.ts';
import { platformBlocks } from '../render/platform-blocks.ts';
import { table } from '../render/table.ts';
import { platformListing, platformRows } from './platform-listing.ts';
import { ONLY_PLATFORM } from './tags.ts';

interface ListedLink {
  readonly id: number;
  readonly programId: number;
  readonly attachType: string;
  readonly parameters: AttachParameters;
}

export const command = defineCommand({
  tags: [ONLY_PLATFORM],
  examples: ['show links', 'show links format=json'],
  run: (tags, environment) =>
    platformListing(environment, tags.platform, (runtime) => {
      const links = runtime.links().filter(({ state }) => state === 'attached');
      return links.map(({ id, programId, attachType, parameters }): ListedLink => ({ id, programId, attachType: attachType.name, parameters }));
    }),
  text: (blocks) => platformBlocks(blocks, linkTable),
  json: (blocks) => ({ schema: 1, links: platformRows(blocks) }),
});

function linkTable(links: readonly ListedLink[]): string {
  return table(
    [
      { title: ['Link', 'ID'], width: 7, align: 'right' },
      { title: ['Program', 'ID'], width: 7, align: 'right' },
      { title: ['Attach', 'Type'], width: 13 },
    ],
    links.map(({ id, programId, attachType }) => [String(id), String(programId), attachType]),
  );
}
