import { RuntimeError } from '../../src/runtime/result.ts';
import type { Runtime } from '../../src/runtime/runtime.ts';
import { type Command, defineCommand, type Tag } from '../command.ts';
import { CommandError, UsageError } from '../errors.ts';
import { PARAMETER_INCORRECT } from '../messages.ts';
import { type Machine, machineOf } from '../runtime.ts';
import { reason } from '../runtime-errors.ts';
import { LINK_ID, MAP_ID, PROGRAM_ID } from './tags.ts';

type Kind = 'program' | 'map' | 'link';

/** An object and the path that a command means. */
export interface Pinning {
  readonly kind: Kind;
  readonly runtime: Runtime;
  readonly id: number;
  readonly path: string;
}

interface PathCommand {
  readonly words: 'pin' | 'unpin';
  /** How the message about a failure goes on after its number. */
  readonly failed: string;
  readonly tag: (about: { readonly kind: Kind; readonly defaultHelp: string }) => Tag & { readonly name: 'pinpath'; readonly type: 'string' };
  readonly remarks: string;
  /** Returns the canonical path. @throws RuntimeError, CommandError. */
  readonly act: (pinning: Pinning) => string;
}

const ID_OF = { program: PROGRAM_ID, map: MAP_ID, link: LINK_ID } as const;

/** `pin map 4 [pinpath]` and its like, for each kind of object. */
export function pathCommand({ words, failed, tag, remarks, act }: PathCommand): (kind: Kind) => Command {
  return (kind) =>
    defineCommand({
      // Links have no names.
      tags: [ID_OF[kind], tag({ kind, defaultHelp: kind === 'link' ? '' : `\nThe default is the name of the ${kind}.` })],
      remarks,
      examples: [`${words} ${kind} 5`, `${words} ${kind} 5 BPF:\\mine\\${kind}`],
      run({ id, pinpath }, environment) {
        const machine = machineOf(environment);
        return machine.transaction(() => {
          const { runtime, name } = findObject(machine, kind, id);
          const path = pathFor(kind, pinpath, name);
          try {
            return { id, path: act({ kind, runtime, id, path }) };
          } catch (error) {
            if (!(error instanceof RuntimeError)) throw error;
            throw new CommandError(words, `error ${error.errno}: ${failed} ${path}\n${reason(error)}`);
          }
        });
      },
      text: () => '',
      json: ({ id, path }) => ({ schema: 1, id, path }),
    });
}

/** The object with an id. @throws UsageError in the original's words where there is none. */
function findObject(machine: Machine, kind: Kind, id: number) {
  const found = machine.object(kind, id);
  if (!found) throw new UsageError(`There is no ${kind} with ID ${id}.\n${PARAMETER_INCORRECT}`);
  return found;
}

/** The path that a command means: the one given, or the object's name. */
function pathFor(kind: Kind, pinpath: string | undefined, name: string): string {
  const path = pinpath === undefined || pinpath === '' ? name : pinpath;
  if (path === '') throw new UsageError(`The ${kind} has no name that could serve as its path.\n${PARAMETER_INCORRECT}`);
  return path;
}
