import { Failure } from './failure.ts';

/** The kinds of objects that lines refer to. */
export type Kind = 'prog' | 'map' | 'link';

/** `id 5`, `tag b11459a0e11ca14c`, `name flows`, `pinned /sys/fs/bpf/flows`. */
export type Reference = { readonly by: 'id'; readonly id: number } | { readonly by: 'tag' | 'name' | 'pinned'; readonly text: string };

/** `map idx 0 id 5`, `map name flows pinned flows`: a map of an object file and what stands in for it. */
export interface Replacement {
  readonly which: { readonly index: number } | { readonly name: string };
  readonly map: Reference;
}

/** A word that announces a value. `flag`: the word alone. `replacements` may be repeated, the others not. */
export interface Keyword {
  readonly word: string;
  readonly value: 'flag' | 'word' | 'file' | 'number' | 'map' | 'replacements';
  /** What messages call the value: "key size". */
  readonly what: string;
}

/** One part of a line after `OBJECT VERB`, in order. */
export type Slot =
  | { readonly kind: 'reference'; readonly name: string; readonly of: Kind; readonly optional?: true }
  | { readonly kind: 'word' | 'file'; readonly name: string }
  | { readonly kind: 'choice'; readonly name: string; readonly words: readonly string[]; readonly complaint: string }
  | { readonly kind: 'keywords'; readonly name: string; readonly rows: readonly Keyword[] }
  | { readonly kind: 'rest'; readonly name: string };

interface KeywordTypes {
  readonly flag: true;
  readonly word: string;
  readonly file: string;
  readonly number: number;
  readonly map: Reference;
  readonly replacements: readonly Replacement[];
}

type KeywordValues<Rows extends readonly Keyword[]> = { readonly [Row in Rows[number] as Row['word']]?: KeywordTypes[Row['value']] };

type SlotValue<S extends Slot> = S extends { kind: 'reference'; optional: true }
  ? Reference | undefined
  : S extends { kind: 'reference' }
    ? Reference
    : S extends { kind: 'choice'; words: readonly (infer Word)[] }
      ? Word
      : S extends { kind: 'keywords'; rows: infer Rows extends readonly Keyword[] }
        ? KeywordValues<Rows>
        : S extends { kind: 'rest' }
          ? readonly string[]
          : string;

/** The values of a line by the names of its slots. */
export type Values<Slots extends readonly Slot[]> = { readonly [S in Slots[number] as S['name']]: SlotValue<S> };

/** Before they are typed. */
export type ParsedValues = Readonly<Record<string, unknown>>;

/** Eight bytes of a digest of the code. */
const TAG = /^[\da-f]{16}$/i;

/** The names by which each kind is referred to; links have none of their own. */
export const REFERENCES: Readonly<Record<Kind, readonly Reference['by'][]>> = {
  prog: ['id', 'tag', 'name', 'pinned'],
  map: ['id', 'name', 'pinned'],
  link: ['id', 'pinned'],
};

/** The first of `words` that begins with `typed`: bpftool takes the first that fits, in its own order. */
export function firstMatch<Word extends string>(typed: string, words: readonly Word[]): Word | undefined {
  return typed === '' ? undefined : words.find((word) => word.startsWith(typed));
}

/** A number as C's strtoul reads it with base 0, up to 32 bits; undefined for anything else. */
export function parseNumber(text: string): number | undefined {
  const value = /^0[0-7]+$/.test(text) ? Number.parseInt(text, 8) : /^(?:0x[\da-f]+|0|[1-9]\d*)$/i.test(text) ? Number(text) : Number.NaN;
  return value <= 0xffff_ffff ? value : undefined;
}

/** The words of a line, taken one after another. */
export class Words {
  readonly #words: readonly string[];
  readonly #verb: string;
  #at = 0;

  constructor(words: readonly string[], verb: string) {
    this.#words = words;
    this.#verb = verb;
  }

  get left(): number {
    return this.#words.length - this.#at;
  }

  peek(): string | undefined {
    return this.#words[this.#at];
  }

  /** @throws Failure where the line ends too early. */
  next(): string {
    this.need(1);
    return this.#words[this.#at++]!;
  }

  rest(): readonly string[] {
    const rest = this.#words.slice(this.#at);
    this.#at = this.#words.length;
    return rest;
  }

  /** @throws Failure `'create' needs at least 7 arguments, 2 found`. */
  need(count: number): void {
    if (this.left >= count) return;
    const before = this.#at === 0 ? this.#verb : this.#words[this.#at - 1]!;
    throw new Failure(`'${before}' needs at least ${count} arguments, ${this.left} found`);
  }
}

/**
 * Reads the words after a verb by its slots.
 *
 * @param least how many words there must be at least.
 * @throws Failure in bpftool's words.
 */
export function parseSlots(slots: readonly Slot[], words: Words, least: number): ParsedValues {
  words.need(least);
  const values: Record<string, unknown> = {};
  for (const slot of slots) values[slot.name] = parseSlot(slot, words);
  const extra = words.peek();
  if (extra !== undefined) throw new Failure(`what is '${extra}'?`);
  return values;
}

function parseSlot(slot: Slot, words: Words): unknown {
  switch (slot.kind) {
    case 'reference':
      return slot.optional && words.left === 0 ? undefined : parseReference(words, slot.of);
    case 'choice': {
      const typed = words.next();
      const found = firstMatch(typed, slot.words);
      if (found === undefined) throw new Failure(slot.complaint.replace('%', typed));
      return found;
    }
    case 'keywords':
      return parseKeywords(slot.rows, words);
    case 'rest':
      return words.rest();
    default:
      return words.next();
  }
}

/** `id N`, `tag TAG`, `name NAME` or `pinned FILE`. @throws Failure. */
export function parseReference(words: Words, kind: Kind): Reference {
  const typed = words.next();
  const names = REFERENCES[kind];
  const by = firstMatch(typed, names);
  if (by === undefined) throw new Failure(`expected ${listed(names)}, got: '${typed}'?`);
  const text = words.next();
  if (by === 'tag' && !TAG.test(text)) throw new Failure("can't parse tag");
  if (by !== 'id') return { by, text };
  const id = parseNumber(text);
  if (id === undefined) throw new Failure(`can't parse ${text} as ID`);
  return { by, id };
}

function parseKeywords(rows: readonly Keyword[], words: Words): ParsedValues {
  const values: Record<string, unknown> = {};
  for (let typed = words.peek(); typed !== undefined; typed = words.peek()) {
    const row = keywordFor(rows, typed);
    words.next();
    const before = values[row.word];
    if (row.value === 'replacements') values[row.word] = [...((before as readonly Replacement[] | undefined) ?? []), parseReplacement(words)];
    else if (before !== undefined) throw new Failure(`${row.what} already specified`);
    else values[row.word] = KEYWORD_READERS[row.value](words, row);
  }
  return values;
}

/** The keyword that a word means: the whole word, else the only one that begins so. @throws Failure. */
export function keywordFor(rows: readonly Keyword[], typed: string): Keyword {
  const exact = rows.find(({ word }) => word === typed);
  const matches = exact || typed === '' ? [] : rows.filter(({ word }) => word.startsWith(typed));
  if (matches.length > 1) throw new Failure(`ambiguous argument: '${typed}' could be ${listed(matches.map(({ word }) => word))}`);
  const found = exact ?? matches[0];
  if (found === undefined) throw new Failure(`expected no more arguments, ${listed(rows.map(({ word }) => word))}, got: '${typed}'?`);
  return found;
}

const KEYWORD_READERS: Readonly<Record<Exclude<Keyword['value'], 'replacements'>, (words: Words, row: Keyword) => unknown>> = {
  flag: () => true,
  word: (words) => words.next(),
  file: (words) => words.next(),
  number: (words, { what }) => {
    const text = words.next();
    const value = parseNumber(text);
    if (value === undefined) throw new Failure(`can't parse ${text} as ${what}`);
    return value;
  },
  map: (words) => parseReference(words, 'map'),
};

function parseReplacement(words: Words): Replacement {
  const typed = words.next();
  const by = firstMatch(typed, ['idx', 'name']);
  if (by === undefined) throw new Failure(`expected 'idx' or 'name', got: '${typed}'?`);
  const text = words.next();
  const index = parseNumber(text);
  if (by === 'idx' && index === undefined) throw new Failure(`can't parse ${text} as IDX`);
  return { which: by === 'idx' ? { index: index! } : { name: text }, map: parseReference(words, 'map') };
}

/** `'id', 'name' or 'pinned'`. */
function listed(words: readonly string[]): string {
  const quoted = words.map((word) => `'${word}'`);
  return quoted.length < 2 ? quoted.join('') : `${quoted.slice(0, -1).join(', ')} or ${quoted.at(-1)}`;
}
