import { defineCommand } from '../command.ts';
import { OK } from '../messages.ts';
import { machineOf } from '../runtime.ts';
import { INTERFACE_PLATFORM } from './tags.ts';

export const command = defineCommand({
  tags: [
    { name: 'name', type: 'string', required: true, help: 'The short name, such as eth1.' },
    { name: 'alias', type: 'string', help: 'What people call it.\nThe default is the name.' },
    { name: 'index', type: 'integer', named: true, help: 'Its index.\nThe default is the next free one.' },
    INTERFACE_PLATFORM,
  ],
  remarks: 'XDP programs attach to it with interface=, and set feeds it with packets. It outlives the process.',
  examples: ['interface add eth1', 'interface add eth2 "Office LAN"'],
  run(tags, environment) {
    return machineOf(environment).onPlatform(tags.platform ?? 'windows', ({ interfaces }) =>
      interfaces.add(tags.name, {
        ...(tags.alias === undefined ? {} : { alias: tags.alias }),
        ...(tags.index === undefined ? {} : { index: tags.index }),
      }),
    );
  },
  text: () => OK,
  json: ({ index, name, alias }) => ({ schema: 1, index, name, alias }),
});
