import type { BpfProgram } from '../../src/runtime/programs.ts';
import { RuntimeError, resultRow } from '../../src/runtime/result.ts';
import type { Runtime } from '../../src/runtime/runtime.ts';
import { defineCommand } from '../command.ts';
import { type Machine, machineOf } from '../runtime.ts';
import { PROGRAM_ID } from './tags.ts';

/** What became of the pins of a program. */
interface Deletion {
  readonly found: boolean;
  readonly unpinned: readonly { readonly id: number; readonly path: string; readonly error?: number }[];
  /** Who still refers to it, so that it goes on living. */
  readonly holders: readonly string[];
}

export const command = defineCommand({
  tags: [PROGRAM_ID],
  remarks: 'The program is unpinned, detached and unloaded. What still refers to it afterwards is named.',
  examples: ['delete program 5'],
  run(tags, environment): Promise<Deletion> {
    const machine = machineOf(environment);
    return machine.transaction(() => {
      const found = machine.program(tags.id);
      return found ? remove(machine, found.runtime, found.program) : { found: false, unpinned: [], holders: [] };
    });
  },
  text({ found, unpinned, holders }, { id }) {
    if (!found) return 'Program not found\n';
    const lines = unpinned.map((pin) =>
      pin.error === undefined ? `Unpinned ${pin.id} from ${pin.path}\n` : `Error ${pin.error} unpinning ${pin.id} from ${pin.path}\n`,
    );
    return lines.join('') + (holders.length > 0 ? `Program ${id} is still in use by ${holders.join(', ')}.\n` : '');
  },
  json: ({ found, unpinned, holders }, { id }) => ({ schema: 1, id, found, unpinned, holders }),
  outcome: ({ found }) => ({ exitCode: found ? 0 : 1 }),
});

function remove(machine: Machine, runtime: Runtime, program: BpfProgram): Deletion {
  const { id } = program;
  const unpinned = unpinAll(runtime, id);
  for (const link of runtime.links()) if (link.programId === id) runtime.detach(link.id);
  machine.release(({ programs }) => programs.includes(program));
  const remains = runtime.program(id) !== undefined;
  return { found: true, unpinned, holders: remains ? runtime.objects.holders(id) : [] };
}

/** Removes every pin of an object, in order of the paths. */
export function unpinAll(runtime: Runtime, id: number): Deletion['unpinned'] {
  return runtime.pins.pathsOf(id).map((path) => {
    try {
      runtime.unpin(path);
      return { id, path };
    } catch (error) {
      if (!(error instanceof RuntimeError)) throw error;
      return { id, path, error: resultRow(error.result).value };
    }
  });
}
