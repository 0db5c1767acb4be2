import type { BpfMap, MapEntry } from '../../src/runtime/maps/map.ts';
import { attempt } from './failure.ts';
import { type Json, prettyJson } from './json.ts';
import { bytesText, entryJson, isTyped, typedEntry } from './map-entry.ts';
import { mapHeader, mapHeaderJson } from './map-show.ts';
import { type Found, findAll } from './references.ts';
import { type Answer, defineVerb } from './verb.ts';

export const mapDump = defineVerb({
  words: ['dump'],
  usage: 'dump       MAP',
  slots: [{ kind: 'reference', name: 'map', of: 'map' }],
  least: 2,
  run: ({ map }, { machine }) =>
    machine.transaction((): Answer => {
      const maps = findAll(machine, 'map', map).map((found) => ({ found, entries: elements(found.object) }));
      const json = lists(maps, entryJson);
      if (maps.some(({ found }) => isTyped(found))) {
        return { json, text: `${prettyJson(lists(maps, (found, entry) => typedEntry(found, entry, true) ?? entryJson(found, entry)))}\n` };
      }
      const text = maps.map(({ found: { object }, entries }) => {
        const header = maps.length > 1 ? mapHeader(object) : '';
        return `${header}${entries.map((entry) => bytesText(object, entry)).join('')}Found ${entries.length} element${entries.length === 1 ? '' : 's'}\n`;
      });
      return { json, text: text.join('\n') };
    }),
});

interface Dumped {
  readonly found: Found<BpfMap>;
  readonly entries: readonly MapEntry[];
}

/** The elements of one map; of several, each map's with what it is. */
function lists(maps: readonly Dumped[], element: (found: Found<BpfMap>, entry: MapEntry) => Json): Json {
  const elementsOf = ({ found, entries }: Dumped) => entries.map((entry) => element(found, entry));
  return maps.length === 1 ? elementsOf(maps[0]!) : maps.map((one) => ({ ...mapHeaderJson(one.found.object), elements: elementsOf(one) }));
}

/** Key by key, as user space reads a map: what has no value is passed over. */
function elements(map: BpfMap): readonly MapEntry[] {
  const entries: MapEntry[] = [];
  const next = (key: Uint8Array | undefined) => attempt(`can't get next key`, () => map.nextKey(key));
  for (let key = next(undefined); key !== undefined; key = next(key)) {
    const value = attempt(`can't lookup element`, () => map.lookup(key!));
    if (value !== undefined) entries.push({ key, value });
  }
  return entries;
}
