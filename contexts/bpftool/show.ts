import type { Runtime } from '../../src/runtime/runtime.ts';
import type { Kind } from './grammar.ts';
import type { Json } from './json.ts';
import { type Found, findAll, listAll, type Objects } from './references.ts';
import { type Answer, defineVerb, type Verb } from './verb.ts';

/** One object in both forms. */
interface Shown {
  readonly json: Json;
  readonly text: string;
}

/** `{ show | list } [PROG]`, and the same for maps and links. */
export function showVerb<K extends Kind>(kind: K, usage: string, describe: (found: Found<Objects[K]>, withPins: boolean) => Shown): Verb {
  return defineVerb({
    words: ['show', 'list'],
    usage,
    slots: [{ kind: 'reference', name: 'object', of: kind, optional: true }],
    run: ({ object }, { machine, options }) =>
      machine.transaction((): Answer => {
        const found = object ? findAll(machine, kind, object) : listAll(machine, kind);
        const shown = found.map((one) => describe(one, options.pins));
        const json = shown.map((one) => one.json);
        // One that was asked for stands alone; a list is a list, however short.
        return { json: object && json.length === 1 ? json[0]! : json, text: shown.map(({ text }) => text).join('') };
      }),
  });
}

/** One line more for each pin, where they are asked for. */
export function pinLines(runtime: Runtime, id: number, withPins: boolean): string {
  if (!withPins) return '';
  return runtime.pins
    .pathsOf(id)
    .map((path) => `\n\tpinned ${path}`)
    .join('');
}
