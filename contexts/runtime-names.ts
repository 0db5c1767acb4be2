import { machineOf } from './runtime.ts';
import type { Session } from './session.ts';

/** What of the runtime a tag's values name. */
export type RuntimeNames = 'program' | 'map' | 'link' | 'pin' | 'interface';

interface Named {
  readonly name: string;
  readonly description: string;
}

/** What is there now, for completion, each once. @throws CommandError where the store cannot be read. */
export async function runtimeNames(session: Session, kind: RuntimeNames): Promise<readonly Named[]> {
  const machine = machineOf({ session, host: session.host });
  return machine.transaction(() => LISTS[kind](machine));
}

type Machine = ReturnType<typeof machineOf>;

const LISTS: Readonly<Record<RuntimeNames, (machine: Machine) => readonly Named[]>> = {
  program: (machine) =>
    machine
      .runtimes()
      .flatMap((runtime) => runtime.programs())
      .map(({ id, name, type, mode }) => ({ name: `${id}`, description: `${name} (${type.name}, ${mode.toUpperCase()})` })),
  map: (machine) =>
    machine
      .runtimes()
      .flatMap((runtime) => runtime.maps())
      .map(({ id, name, kind, maxEntries }) => ({
        name: `${id}`,
        description: `${name === '' ? 'nameless' : name} (${kind}, ${maxEntries} entries)`,
      })),
  link: (machine) =>
    machine
      .runtimes()
      .flatMap((runtime) => runtime.links())
      .map(({ id, programId, attachType, state }) => ({ name: `${id}`, description: `${attachType.name}, program ${programId} (${state})` })),
  pin: (machine) =>
    machine.runtimes().flatMap((runtime) => runtime.pinned().map(({ path, id, kind }) => ({ name: path, description: `${kind} ${id}` }))),
  interface(machine) {
    const all = machine.runtimes().flatMap((runtime) => runtime.interfaces.list());
    return [...new Map(all.map(({ name, alias }) => [name, { name, description: alias }])).values()];
  },
};
