import type { HelperImplementation } from '../../engine/engine.ts';
import type { HelperPrototype, Platform, ProgramType } from '../../platform/platform.ts';
import { Errno, resultValue } from '../result.ts';
import type { HelperEnvironment, HelperMaker } from './environment.ts';
import { linuxHelpers } from './linux.ts';
import { windowsHelpers } from './windows.ts';

const makers: Readonly<Record<Platform['name'], Readonly<Record<string, HelperMaker>>>> = { windows: windowsHelpers, linux: linuxHelpers };

/** Whether a helper does its work here, rather than report that it is not supported. */
export function isImplemented(platform: Platform, name: string): boolean {
  return makers[platform.name][name] !== undefined;
}

/** A helper that needs a kernel: null where it yields a pointer, else -EOPNOTSUPP (Linux) or -EBPF_OPERATION_NOT_SUPPORTED. The run notes it. */
function unsupported(platform: Platform, prototype: HelperPrototype, environment: HelperEnvironment): HelperImplementation {
  const pointer = ['map_value', 'memory', 'socket', 'btf'].includes(prototype.returns.kind);
  const code = platform.name === 'windows' ? -resultValue('EBPF_OPERATION_NOT_SUPPORTED') : -Errno.EOPNOTSUPP;
  const { id, name } = prototype;
  const call = () => {
    environment.run.notes.unsupported.add(name);
    return pointer ? 0 : code;
  };
  return { id, name, parameters: [], result: pointer ? 'u32' : 'i32', call };
}

/** The helpers that programs of a type may call, by id, bound to an environment. */
export function bindHelpers(
  platform: Platform,
  programType: ProgramType | undefined,
  environment: HelperEnvironment,
): ReadonlyMap<number, HelperImplementation> {
  const bound = new Map<number, HelperImplementation>();
  const prototypes = new Map<number, HelperPrototype>();
  for (const [id, prototype] of platform.helpers)
    if (programType?.helperIds === undefined || programType.helperIds.has(id)) prototypes.set(id, prototype);
  for (const [id, prototype] of programType?.ownHelpers ?? []) prototypes.set(id, prototype);
  for (const [id, prototype] of prototypes) bound.set(id, bindOne(platform, prototype, id, environment));
  return bound;
}

/** One helper or kernel function under an id. */
export function bindOne(platform: Platform, prototype: HelperPrototype, id: number, environment: HelperEnvironment): HelperImplementation {
  const maker = makers[platform.name][prototype.name];
  return maker === undefined ? { ...unsupported(platform, prototype, environment), id } : { id, name: prototype.name, ...maker(environment) };
}
