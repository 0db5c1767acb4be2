import type { BpfProgram } from '../../src/runtime/programs.ts';
import type { Runtime } from '../../src/runtime/runtime.ts';
import { type Found, findAll, listAll } from './references.ts';
import { type Answer, defineVerb } from './verb.ts';

export const progShow = defineVerb({
  words: ['show', 'list'],
  usage: '{ show | list } [PROG]',
  slots: [{ kind: 'reference', name: 'program', of: 'prog', optional: true }],
  run: ({ program }, { machine, options }) =>
    machine.transaction((): Answer => {
      const found = program ? findAll(machine, 'prog', program) : listAll(machine, 'prog');
      const shown = found.map((one) => describe(one, options.pins));
      const json = shown.map((one) => one.json);
      // One program that was asked for stands alone; a list is a list, however short.
      return { json: program && json.length === 1 ? json[0]! : json, text: shown.map(({ text }) => text).join('') };
    }),
});

function describe({ runtime, object }: Found<BpfProgram>, withPins: boolean) {
  const { id, type, name, mapIds } = object;
  const pinned = withPins ? runtime.pins.pathsOf(id) : [];
  return {
    json: {
      id,
      type: type.name,
      ...(name === '' ? {} : { name }),
      ...(mapIds.length > 0 ? { map_ids: [...mapIds] } : {}),
      ...(withPins ? { pinned } : {}),
    },
    text: `${programHeader(object)}${mapIds.length > 0 ? `  map_ids ${mapIds.join(',')}` : ''}${pinLines(runtime, id, withPins)}\n`,
  };
}

/** `5: xdp  name DropPacket  `, with the line's end. */
export function programHeader({ id, type, name }: BpfProgram): string {
  return `${id}: ${type.name}  ${name === '' ? '' : `name ${name}  `}\n`;
}

/** One line more for each pin, where they are asked for. */
export function pinLines(runtime: Runtime, id: number, withPins: boolean): string {
  if (!withPins) return '';
  return runtime.pins
    .pathsOf(id)
    .map((path) => `\n\tpinned ${path}`)
    .join('');
}
