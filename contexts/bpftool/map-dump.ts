import type { BpfMap, MapEntry } from '../../src/runtime/maps/map.ts';
import { attempt } from './failure.ts';
import { entryJson, entryText } from './map-entry.ts';
import { mapHeader, mapHeaderJson } from './map-show.ts';
import { findAll } from './references.ts';
import { type Answer, defineVerb } from './verb.ts';

export const mapDump = defineVerb({
  words: ['dump'],
  usage: 'dump       MAP',
  slots: [{ kind: 'reference', name: 'map', of: 'map' }],
  least: 2,
  run: ({ map }, { machine }) =>
    machine.transaction((): Answer => {
      const dumps = findAll(machine, 'map', map).map(({ runtime, object }) => {
        const entries = elements(object);
        const text = `${entries.map((entry) => entryText(object, entry)).join('')}Found ${entries.length} element${entries.length === 1 ? '' : 's'}\n`;
        return { object, text, json: entries.map((entry) => entryJson(runtime, object, entry)) };
      });
      if (dumps.length === 1) return { json: dumps[0]!.json, text: dumps[0]!.text };
      return {
        json: dumps.map(({ object, json }) => ({ ...mapHeaderJson(object), elements: json })),
        text: dumps.map(({ object, text }) => mapHeader(object) + text).join('\n'),
      };
    }),
});

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
