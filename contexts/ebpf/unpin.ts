import { RuntimeError } from '../../src/runtime/result.ts';
import { defineCommand } from '../command.ts';
import { CommandError } from '../errors.ts';
import { machineOf } from '../runtime.ts';
import { reason } from '../runtime-errors.ts';
import { defaultHelp, findObject, ID_OF, type Kind, pathFor } from './pin.ts';

function unpinCommand(kind: Kind) {
  return defineCommand({
    tags: [
      ID_OF[kind],
      {
        name: 'pinpath',
        type: 'string',
        names: 'pin',
        help: `The path to unpin from; it must be a pin of this ${kind}.${defaultHelp(kind)}`,
      },
    ],
    remarks: 'What has neither pin, link nor user any more goes away.',
    examples: [`unpin ${kind} 5`, `unpin ${kind} 5 BPF:\\mine\\${kind}`],
    run(tags, environment) {
      const machine = machineOf(environment);
      return machine.transaction(() => {
        const { runtime, name } = findObject(machine, kind, tags.id);
        const path = pathFor(kind, tags.pinpath, name);
        try {
          if (runtime.pins.get(path) !== tags.id) throw notPinned(kind, tags.id, runtime.pins.canonical(path), runtime.pins.pathsOf(tags.id));
          return { id: tags.id, path: runtime.unpin(path).path };
        } catch (error) {
          if (!(error instanceof RuntimeError)) throw error;
          throw new CommandError('unpin', `error ${error.errno}: could not unpin from ${path}\n${reason(error)}`);
        }
      });
    },
    text: () => '',
    json: ({ id, path }) => ({ schema: 1, id, path }),
  });
}

/** Win32 error of what is not there. */
const NOT_FOUND = 1168;

function notPinned(kind: string, id: number, path: string, paths: readonly string[]): CommandError {
  const where = paths.length > 0 ? `It is pinned to ${paths.join(', ')}.` : 'It has no pins.';
  return new CommandError('unpin', `error ${NOT_FOUND}: ${kind} ${id} is not pinned to ${path}\n${where}`);
}

export const unpinProgram = unpinCommand('program');
export const unpinMap = unpinCommand('map');
export const unpinLink = unpinCommand('link');
