import type { BpfMap } from '../../src/runtime/maps/map.ts';
import { ArrayOfMaps, HashOfMaps } from '../../src/runtime/maps/map-of-maps.ts';
import type { Runtime } from '../../src/runtime/runtime.ts';
import { defineCommand } from '../command.ts';
import { platformBlocks } from '../render/platform-blocks.ts';
import { table } from '../render/table.ts';
import { platformListing, platformRows } from './platform-listing.ts';
import { ONLY_PLATFORM } from './tags.ts';

interface ListedMap {
  readonly id: number;
  readonly name: string;
  readonly type: string;
  readonly keySize: number;
  readonly valueSize: number;
  readonly maxEntries: number;
  /** Of maps that hold maps; 0 elsewhere. */
  readonly innerId: number;
  readonly entries: number;
  readonly pins: number;
}

export const command = defineCommand({
  tags: [ONLY_PLATFORM],
  examples: ['show maps', 'show maps format=json'],
  run: (tags, environment) => platformListing(environment, tags.platform, (runtime) => runtime.maps().map((map) => listed(runtime, map))),
  text: (blocks) => platformBlocks(blocks, mapTable),
  json: (blocks) => ({ schema: 1, maps: platformRows(blocks) }),
});

function listed(runtime: Runtime, map: BpfMap): ListedMap {
  const { id, name, specification, keySize, valueSize, maxEntries, count } = map;
  const template = map instanceof ArrayOfMaps || map instanceof HashOfMaps ? map.template.id : 0;
  return { id, name, type: specification.type.name, keySize, valueSize, maxEntries, innerId: template, entries: count, pins: runtime.pinCount(id) };
}

function mapTable(maps: readonly ListedMap[]): string {
  return table(
    [
      { title: ['ID'], width: 7, align: 'right' },
      { title: ['Map Type'], width: 18, align: 'right' },
      { title: ['Key', 'Size'], width: 4, align: 'right' },
      { title: ['Value', 'Size'], width: 5, align: 'right' },
      { title: ['Max', 'Entries'], width: 7, align: 'right' },
      { title: ['Inner', 'ID'], width: 5, align: 'right' },
      { title: ['Pins'], width: 4, align: 'right' },
      { title: ['Name'], width: 8 },
    ],
    maps.map(({ id, type, keySize, valueSize, maxEntries, innerId, pins, name }) => [
      ...[id, type, keySize, valueSize, maxEntries, innerId, pins].map(String),
      name,
    ]),
  );
}
