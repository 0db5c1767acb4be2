import type { Machine } from '../runtime.ts';
import { attempt } from './failure.ts';
import type { Kind } from './grammar.ts';
import { findOne } from './references.ts';
import { DONE, defineVerb, type Verb } from './verb.ts';

/** `prog pin PROG FILE`, and the same for maps and links. */
export function pinVerb(kind: Kind, usage: string): Verb {
  return defineVerb({
    words: ['pin'],
    usage,
    slots: [
      { kind: 'reference', name: 'object', of: kind },
      { kind: 'word', name: 'path' },
    ],
    least: 3,
    run: ({ object, path }, { machine }) => machine.transaction(() => pinOne(machine, kind, object, path)),
  });
}

function pinOne(machine: Machine, kind: Kind, reference: Parameters<typeof findOne>[2], path: string) {
  const { runtime, object } = findOne(machine, kind, reference);
  attempt(`can't pin the object (${path})`, () => runtime.pin(object.id, path));
  return DONE;
}
