import type { PinnedObject } from '../../src/runtime/runtime.ts';
import { defineCommand } from '../command.ts';
import { platformBlocks } from '../render/platform-blocks.ts';
import { table } from '../render/table.ts';
import { platformListing, platformRows } from './platform-listing.ts';
import { ONLY_PLATFORM } from './tags.ts';

export const command = defineCommand({
  tags: [ONLY_PLATFORM],
  remarks: 'Programs, maps and links, by path.',
  examples: ['show pins', 'show pins format=json'],
  run: (tags, environment) => platformListing(environment, tags.platform, (runtime) => runtime.pinned()),
  text: (blocks) => platformBlocks(blocks, pinTable),
  json: (blocks) => ({ schema: 1, pins: platformRows(blocks) }),
});

const KINDS: Readonly<Record<PinnedObject['kind'], string>> = { program: 'Program', map: 'Map', link: 'Link' };

function pinTable(pins: readonly PinnedObject[]): string {
  return table(
    [
      { title: ['ID'], width: 7, align: 'right' },
      { title: ['Type'], width: 7, align: 'right' },
      { title: ['Path'], width: 14 },
    ],
    pins.map(({ id, kind, path }) => [String(id), KINDS[kind], path]),
  );
}
