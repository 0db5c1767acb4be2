import type { VirtualInterface } from '../../src/runtime/hooks/interfaces.ts';
import type { Runtime } from '../../src/runtime/runtime.ts';
import type { Tag } from '../command.ts';
import { CommandError } from '../errors.ts';

export const NAME = {
  name: 'name',
  type: 'string',
  names: 'interface',
  required: true,
  help: 'The interface, by index, alias or name.',
} as const satisfies Tag;

export const INTERFACE_PLATFORM = {
  name: 'platform',
  type: ['windows', 'linux'],
  named: true,
  help: 'The host whose XDP programs see the interface.\nThe default is windows.',
} as const satisfies Tag;

/** @throws CommandError where no interface has the name. */
export function findInterface(runtime: Runtime, text: string): VirtualInterface {
  const found = runtime.interfaces.find(text);
  if (!found) throw new CommandError('interface', `There is no interface "${text}".`);
  return found;
}
