import { RuntimeError } from '../../src/runtime/result.ts';
import { defineCommand } from '../command.ts';
import { CommandError, UsageError } from '../errors.ts';
import { PARAMETER_INCORRECT } from '../messages.ts';
import { type Machine, machineOf } from '../runtime.ts';
import { reason } from '../runtime-errors.ts';
import { LINK_ID, MAP_ID, PROGRAM_ID } from './tags.ts';

export type Kind = 'program' | 'map' | 'link';

export const ID_OF = { program: PROGRAM_ID, map: MAP_ID, link: LINK_ID } as const;

/** The object with an id. @throws UsageError in the original's words where there is none. */
export function findObject(machine: Machine, kind: Kind, id: number) {
  const found = machine.object(kind, id);
  if (!found) throw new UsageError(`There is no ${kind} with ID ${id}.\n${PARAMETER_INCORRECT}`);
  return found;
}

/** The path that a command means: the one given, or the object's name. */
export function pathFor(kind: Kind, pinpath: string | undefined, name: string): string {
  const path = pinpath === undefined || pinpath === '' ? name : pinpath;
  if (path === '') throw new UsageError(`The ${kind} has no name that could serve as its path.\n${PARAMETER_INCORRECT}`);
  return path;
}

/** Links have no names. */
export function defaultHelp(kind: Kind): string {
  return kind === 'link' ? '' : `\nThe default is the name of the ${kind}.`;
}

function pinCommand(kind: Kind) {
  return defineCommand({
    tags: [ID_OF[kind], { name: 'pinpath', type: 'string', help: `The path to pin to.${defaultHelp(kind)}` }],
    remarks: 'What is pinned outlives the process. An object can have several pins.',
    examples: [`pin ${kind} 5`, `pin ${kind} 5 BPF:\\mine\\${kind}`],
    run(tags, environment) {
      const machine = machineOf(environment);
      return machine.transaction(() => {
        const { runtime, name } = findObject(machine, kind, tags.id);
        const path = pathFor(kind, tags.pinpath, name);
        try {
          return { id: tags.id, path: runtime.pin(tags.id, path) };
        } catch (error) {
          if (!(error instanceof RuntimeError)) throw error;
          throw new CommandError('pin', `error ${error.errno}: could not pin to ${path}\n${reason(error)}`);
        }
      });
    },
    text: () => '',
    json: ({ id, path }) => ({ schema: 1, id, path }),
  });
}

export const pinProgram = pinCommand('program');
export const pinMap = pinCommand('map');
export const pinLink = pinCommand('link');
