import { errorText } from '../../src/libbpf/names.ts';
import type { BpfMap } from '../../src/runtime/maps/map.ts';
import { Errno } from '../../src/runtime/result.ts';
import type { Machine } from '../runtime.ts';
import { attempt, Failure, NOT_FOUND, refusal } from './failure.ts';
import { hexLines, hexStrings } from './hex.ts';
import { parseElement, type Wanted } from './map-element.ts';
import { entryJson, entryText } from './map-entry.ts';
import { type Found, findOne } from './references.ts';
import { type Answer, DONE, defineVerb, type Verb } from './verb.ts';

const MAP = { kind: 'reference', name: 'map', of: 'map' } as const;
const KEY_ONLY: Wanted = { value: false, flags: false };

/** A verb about one map and what the rest of the line says of an element. */
function elementVerb(
  words: readonly string[],
  usage: string,
  run: (found: Found<BpfMap>, element: readonly string[], machine: Machine) => Answer,
): Verb {
  return defineVerb({
    words,
    usage,
    slots: [MAP, { kind: 'rest', name: 'element' }],
    least: 2,
    run: ({ map, element }, { machine }) => machine.transaction(() => run(findOne(machine, 'map', map), element, machine)),
  });
}

/** A verb about one map and nothing else. */
function mapVerb(words: readonly string[], usage: string, run: (found: Found<BpfMap>) => Answer): Verb {
  return defineVerb({
    words,
    usage,
    slots: [MAP],
    least: 2,
    run: ({ map }, { machine }) => machine.transaction(() => run(findOne(machine, 'map', map))),
  });
}

function updateVerb(words: readonly string[], usage: string): Verb {
  return elementVerb(words, usage, (found, element, machine) => {
    const { key, value, flags } = parseElement(machine, found, element, { value: true, flags: true });
    attempt('update failed', () => found.object.update(key, value, flags));
    return DONE;
  });
}

function lookupVerb(words: readonly string[], usage: string): Verb {
  return elementVerb(words, usage, (found, element, machine) => {
    const { key } = parseElement(machine, found, element, KEY_ONLY);
    const value = attempt('lookup failed', () => found.object.lookup(key));
    if (value === undefined) return { json: null, text: `key:\n${hexLines(key)}\n\nNot found\n`, exitCode: NOT_FOUND };
    return { json: entryJson(found, { key, value }), text: entryText(found, { key, value }) };
  });
}

function popVerb(words: readonly string[], usage: string): Verb {
  return mapVerb(words, usage, (found) => {
    const key = new Uint8Array(0);
    const value = attempt('pop failed', () => found.object.lookupAndDelete(key));
    if (value === undefined) return { json: null, text: 'Error: empty map\n', exitCode: NOT_FOUND };
    return { json: entryJson(found, { key, value }), text: entryText(found, { key, value }) };
  });
}

export const mapUpdate = updateVerb(['update'], 'update     MAP [key DATA] [value VALUE] [UPDATE_FLAGS]');
export const mapPush = updateVerb(['push'], 'push       MAP value VALUE');
export const mapEnqueue = updateVerb(['enqueue'], 'enqueue    MAP value VALUE');
export const mapLookup = lookupVerb(['lookup'], 'lookup     MAP [key DATA]');
export const mapPeek = lookupVerb(['peek'], 'peek       MAP');
export const mapPop = popVerb(['pop'], 'pop        MAP');
export const mapDequeue = popVerb(['dequeue'], 'dequeue    MAP');

export const mapDelete = elementVerb(['delete'], 'delete     MAP  key DATA', (found, element, machine) => {
  const { key } = parseElement(machine, found, element, KEY_ONLY);
  if (!attempt('delete failed', () => found.object.delete(key))) throw refusal('delete failed', Errno.ENOENT);
  return DONE;
});

export const mapGetNext = elementVerb(['getnext'], 'getnext    MAP [key DATA]', (found, element, machine) => {
  const key = element.length === 0 ? undefined : parseElement(machine, found, element, KEY_ONLY).key;
  const next = attempt(`can't get next key`, () => found.object.nextKey(key));
  if (next === undefined) throw refusal(`can't get next key`, Errno.ENOENT);
  return {
    json: { key: key ? hexStrings(key) : null, next_key: hexStrings(next) },
    text: `${key ? `key:\n${hexLines(key)}\n` : 'key: None\n'}next key:\n${hexLines(next)}\n`,
  };
});

export const mapFreeze = mapVerb(['freeze'], 'freeze     MAP', ({ object }) => {
  if (object.frozen) throw new Failure(`failed to freeze map: ${errorText(Errno.EPERM)}`);
  object.freeze();
  return DONE;
});
