import { defineCommand } from '../command.ts';
import { typesOf } from '../runtime-objects.ts';
import { entryText, shownEntries } from './map-entries.ts';
import { onMap } from './on-object.ts';
import { MAP_ID } from './tags.ts';
import { typedBytes } from './typed-bytes.ts';

const DEFAULT_LIMIT = 1000;

export const command = defineCommand({
  tags: [
    MAP_ID,
    {
      name: 'key',
      type: 'string',
      help: 'Only the entry with this key: a decimal number, all bytes in hexadecimal, or as the command prints it.\nThe default is every entry.',
    },
    { name: 'limit', type: 'integer', named: true, help: `How many entries are shown at most.\nThe default is ${DEFAULT_LIMIT}.` },
    { name: 'raw', type: ['no', 'yes'], named: true, help: 'yes: bytes even where the C types are known.\nThe default is no.' },
  ],
  remarks: 'Entries are decoded by their C types where the object was compiled with BTF.',
  examples: ['show map 4', 'show map 4 key=1', 'show map 4 format=json'],
  run(tags, environment) {
    return onMap(environment, tags.id, (map, runtime) => {
      const known = typesOf(runtime, map);
      const types = tags.raw === 'yes' ? undefined : known;
      const description = { id: map.id, name: map.name, type: map.specification.type.name };
      const key = tags.key === undefined ? undefined : typedBytes(tags.key, map.keySize, 'key', known);
      const { entries, more } = shownEntries(map, types, tags.limit ?? DEFAULT_LIMIT, key);
      return { ...description, entries, more };
    });
  },
  text({ id, name, type, entries, more }) {
    const end = more ? 'There are more; limit= shows them.\n' : '';
    return `\nID: ${id}  Type: ${type}  Name: ${name}\n\n${entries.map(entryText).join('')}Found ${entries.length} element${entries.length === 1 ? '' : 's'}\n${end}`;
  },
  json: (map) => ({ schema: 1, ...map }),
});
