import type { ProgramType } from '../../src/platform/platform.ts';
import type { AttachParameters } from '../../src/runtime/links.ts';
import type { Runtime } from '../../src/runtime/runtime.ts';
import type { Tag } from '../command.ts';
import { CommandError } from '../errors.ts';

export const INTERFACE = {
  name: 'interface',
  type: 'string',
  names: 'interface',
  help: 'The interface to attach to, by index, alias or name; XDP only.\nThe default, and 0, is every interface.',
} as const satisfies Tag;

export const COMPARTMENT = {
  name: 'compartment',
  type: 'integer',
  help: 'The network compartment to attach to; socket addresses only.\nThe default is every compartment.',
} as const satisfies Tag;

/** Types whose hooks sit in a network compartment. */
const COMPARTMENT_TYPES: ReadonlySet<string> = new Set(['sock_addr', 'cgroup_sock_addr']);

/** What `interface=` and `compartment=` mean for a program. @throws CommandError in the original's words. */
export function attachParameters(
  runtime: Runtime,
  type: ProgramType,
  tags: { readonly interface?: string; readonly compartment?: number },
): AttachParameters {
  return { ...interfaceParameter(runtime, type, tags.interface), ...compartmentParameter(type, tags.compartment) };
}

function interfaceParameter(runtime: Runtime, type: ProgramType, text: string | undefined): AttachParameters {
  if (text === undefined) return {};
  if (type.name !== 'xdp') {
    throw new CommandError('interface', "Interface parameter is not allowed for program types that don't support interfaces.");
  }
  if (/^0+$/.test(text)) return {};
  const found = runtime.interfaces.find(text);
  if (!found) throw new CommandError('interface', 'Interface parameter is invalid.');
  return { interfaceIndex: found.index };
}

function compartmentParameter(type: ProgramType, id: number | undefined): AttachParameters {
  if (id === undefined) return {};
  if (!COMPARTMENT_TYPES.has(type.name)) {
    throw new CommandError('compartment', "Compartment parameter is not allowed for program types that don't support compartments.");
  }
  if (id === 0 || id > 0xffff_ffff) throw new CommandError('compartment', 'Compartment parameter is invalid.');
  return { compartmentId: id };
}
