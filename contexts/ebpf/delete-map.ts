import { defineCommand } from '../command.ts';
import { CommandError } from '../errors.ts';
import { OK } from '../messages.ts';
import { typesOf } from '../runtime-objects.ts';
import { onMap } from './on-object.ts';
import { MAP_ID } from './tags.ts';
import { typedBytes } from './typed-bytes.ts';

export const command = defineCommand({
  tags: [
    MAP_ID,
    {
      name: 'key',
      type: 'string',
      required: true,
      help: 'The key of the entry: a decimal number, all bytes in hexadecimal, or as show map prints it.',
    },
  ],
  remarks: 'Deletes one entry; the map stays. Entries of arrays become zero.',
  examples: ['delete map 4 1', 'delete map 4 key=0x0a000001'],
  run(tags, environment) {
    return onMap(environment, tags.id, (map, runtime) => {
      if (!map.delete(typedBytes(tags.key, map.keySize, 'key', typesOf(runtime, map))))
        throw new CommandError('key', `Map ${map.id} (${map.name}) has no entry with this key.`);
    });
  },
  text: () => OK,
});
