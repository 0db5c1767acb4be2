import { defineCommand } from '../command.ts';
import { CommandError } from '../errors.ts';
import { OK } from '../messages.ts';
import { machineOf } from '../runtime.ts';
import { findInterface, INTERFACE_PLATFORM, NAME } from './tags.ts';

export const command = defineCommand({
  tags: [NAME, INTERFACE_PLATFORM],
  remarks: 'Nothing may be attached to it.',
  examples: ['interface delete eth1'],
  run(tags, environment) {
    return machineOf(environment).onPlatform(tags.platform ?? 'windows', (runtime) => {
      const found = findInterface(runtime, tags.name);
      const link = runtime.links().find(({ parameters, state }) => state === 'attached' && parameters.interfaceIndex === found.index);
      if (link) {
        throw new CommandError(
          'interface',
          `Interface ${found.name} is in use: link ${link.id} attaches program ${link.programId} to it. Detach it first: ebpf set program ${link.programId} ""`,
        );
      }
      runtime.interfaces.remove(found.index);
    });
  },
  text: () => OK,
});
