import type { Candidate } from '../command.ts';
import { fileNames, startingWith } from '../completion.ts';
import { machineOf } from '../runtime.ts';
import type { Session } from '../session.ts';
import { firstMatch, type Keyword, type Kind, keywordFor, REFERENCES, type Reference, type Slot } from './grammar.ts';
import { objects } from './objects.ts';
import { optionWords, takeOptions } from './options.ts';
import { listAll } from './references.ts';

/** What may stand at the cursor. */
type Expected =
  | { readonly kind: 'words'; readonly words: readonly string[] }
  | { readonly kind: 'file' }
  | { readonly kind: 'value'; readonly of: Kind; readonly by: Reference['by'] }
  /** A name or number that only the user knows. */
  | { readonly kind: 'free' };

const FREE: Expected = { kind: 'free' };
const TOP = ['prog', 'map', 'link', 'net', 'batch', 'version', 'help'];
const ELEMENT_WORDS = ['key', 'value', 'any', 'exist', 'noexist'];

/** How a line of bpftool may go on after `words`. */
export async function complete(words: readonly string[], word: string, session: Session): Promise<readonly Candidate[]> {
  const expected = expectedAfter(takeOptions(words).rest);
  if (expected.kind === 'file') return fileNames(session, word);
  if (expected.kind === 'value') return startingWith(await valuesOf(session, expected.of, expected.by), word);
  if (expected.kind === 'free') return [];
  const options = word.startsWith('-') ? optionWords : [];
  return startingWith(
    [...expected.words, ...options].map((label) => ({ label, kind: 'value', description: '', final: true })),
    word,
  );
}

function expectedAfter([object, verb, ...rest]: readonly string[]): Expected {
  if (object === undefined) return { kind: 'words', words: TOP };
  if (firstMatch(object, ['batch'])) return verb === undefined ? { kind: 'words', words: ['file'] } : { kind: 'file' };
  const row = objects.find(({ name }) => firstMatch(object, [name]) !== undefined);
  if (!row) return FREE;
  if (verb === undefined) return { kind: 'words', words: [...row.verbs.flatMap(({ words }) => words), 'help'] };
  const found = row.verbs.find(({ words }) => firstMatch(verb, words) !== undefined);
  return found ? expectedIn(found.slots, rest) : FREE;
}

/** Walks the slots over the words that are there. */
function expectedIn(slots: readonly Slot[], given: readonly string[]): Expected {
  let at = 0;
  for (const slot of slots) {
    if (slot.kind === 'keywords') return expectedKeyword(slot.rows, given.slice(at));
    if (slot.kind === 'rest') return { kind: 'words', words: ELEMENT_WORDS };
    if (slot.kind === 'reference') {
      const expected = expectedReference(slot.of, given.slice(at));
      if (expected) return expected;
      at += 2;
      continue;
    }
    if (at >= given.length) return slot.kind === 'choice' ? { kind: 'words', words: slot.words } : slot.kind === 'file' ? { kind: 'file' } : FREE;
    at++;
  }
  return FREE;
}

/** undefined: the reference is complete. */
function expectedReference(of: Kind, [typed, value]: readonly string[]): Expected | undefined {
  if (typed === undefined) return { kind: 'words', words: REFERENCES[of] };
  const by = firstMatch(typed, REFERENCES[of]);
  if (by === undefined) return FREE;
  return value === undefined ? { kind: 'value', of, by } : undefined;
}

/** Words that each kind of keyword takes after it. */
const LENGTHS: Readonly<Record<Keyword['value'], number>> = { flag: 0, word: 1, file: 1, number: 1, map: 2, replacements: 4 };

function expectedKeyword(rows: readonly Keyword[], given: readonly string[]): Expected {
  const used = new Set<string>();
  for (let at = 0; at < given.length; ) {
    const row = keywordFor(rows, given[at]!);
    const value = given.slice(at + 1);
    if (value.length < LENGTHS[row.value]) {
      if (row.value === 'file') return { kind: 'file' };
      if (row.value === 'map') return expectedReference('map', value) ?? FREE;
      if (row.value === 'replacements')
        return value.length === 0 ? { kind: 'words', words: ['idx', 'name'] } : (expectedReference('map', value.slice(1)) ?? FREE);
      return FREE;
    }
    if (row.value !== 'replacements') used.add(row.word);
    at += 1 + LENGTHS[row.value];
  }
  return { kind: 'words', words: rows.map(({ word }) => word).filter((word) => !used.has(word)) };
}

/** Ids with names, names, or paths of the objects that are there. */
function valuesOf(session: Session, of: Kind, by: Reference['by']): Promise<readonly Candidate[]> {
  const machine = machineOf({ session, host: session.host });
  return machine.transaction(() =>
    listAll(machine, of).flatMap(({ runtime, object }): Candidate[] => {
      const name = 'name' in object ? object.name : '';
      const labels = by === 'id' ? [String(object.id)] : by === 'name' ? [name] : runtime.pins.pathsOf(object.id);
      return labels
        .filter((label) => label !== '')
        .map((label) => ({ label, kind: 'value', description: by === 'name' ? `${of} ${object.id}` : name, final: true }));
    }),
  );
}
