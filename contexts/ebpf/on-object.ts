import type { BpfMap } from '../../src/runtime/maps/map.ts';
import type { BpfProgram } from '../../src/runtime/programs.ts';
import type { Runtime } from '../../src/runtime/runtime.ts';
import type { Environment } from '../command.ts';
import { CommandError } from '../errors.ts';
import { machineOf } from '../runtime.ts';

type Around = Pick<Environment, 'session' | 'host'>;

/** Does something with the map that has an ID, in a transaction. @throws CommandError in the original's words where there is none. */
export function onMap<T>(environment: Around, id: number, action: (map: BpfMap, runtime: Runtime) => T | Promise<T>): Promise<T> {
  const machine = machineOf(environment);
  return machine.transaction(() => {
    const found = machine.map(id);
    if (!found) throw missing('Map');
    return action(found.map, found.runtime);
  });
}

/** The same with a program. */
export function onProgram<T>(environment: Around, id: number, action: (program: BpfProgram, runtime: Runtime) => T | Promise<T>): Promise<T> {
  const machine = machineOf(environment);
  return machine.transaction(() => {
    const found = machine.program(id);
    if (!found) throw missing('Program');
    return action(found.program, found.runtime);
  });
}

function missing(what: 'Program' | 'Map'): CommandError {
  return new CommandError('id', `${what} not found.`);
}
