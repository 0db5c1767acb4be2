import type { Machine } from '../verifier/machine.ts';
import type { Int, Scalar } from '../verifier/number/index.ts';
import type { State } from '../verifier/state.ts';
import { META_OFFSET, PACKET_SIZE, type Value } from '../verifier/value.ts';
import { type Fact, factsOf } from './facts.ts';

/** What a question about a place may be narrowed to: a bound of its number or offset, what it is, or whether it may be null. */
export type AspectName = 'min' | 'max' | 'type' | 'null';

/** A place, and what of it is meant; everything where no aspect is named. */
export interface Watched {
  /** `r6`, `fp-16`, `packet`. */
  readonly subject: string;
  readonly aspect: AspectName | undefined;
}

const ASPECTS: readonly AspectName[] = ['min', 'max', 'type', 'null'];

/** Reads `r6`, `w6`, `r6.max`, `fp-16`, `r10-16.type`, `packet`; undefined where the word is none of these. */
export function parseWatched(word: string): Watched | undefined {
  const found = /^(r\d|w\d|packet|(?:fp|r10)-\d+)(?:\.(\w+))?$/i.exec(word);
  if (found === null) return undefined;
  const subject = found[1]!.toLowerCase().replace(/^w/, 'r').replace(/^r10/, 'fp');
  const aspect = found[2] === undefined ? undefined : ASPECTS.find((name) => name === found[2]!.toLowerCase());
  return found[2] !== undefined && aspect === undefined ? undefined : { subject, aspect };
}

/** `r6.max`. */
export function watchedName({ subject, aspect }: Watched): string {
  return aspect === undefined ? subject : `${subject}.${aspect}`;
}

/** The fact about a place: a stack byte belongs to the fact about the bytes around it. */
export function factAbout(facts: readonly Fact[], subject: string): Fact | undefined {
  const byte = /^fp(-\d+)$/.exec(subject);
  return facts.find((fact) => fact.subject === subject || (byte !== null && fact.kind === 'stack' && covers(fact.subject, Number(byte[1]))));
}

/** Whether `fp-8..fp-1` contains a byte. */
function covers(subject: string, place: number): boolean {
  const [from, to = from] = subject.split('..').map((word) => Number(word.slice(2)));
  return place >= from! && place <= to!;
}

/** What is known of the watched in a state, in words; two states agree where the words are the same. Undefined where nothing is known. */
export function watchedWords(machine: Machine, state: State, { subject, aspect }: Watched, frame = state.frames.length - 1): string | undefined {
  if (frame >= state.frames.length) return undefined;
  const fact = factAbout(factsOf(machine, state, frame), subject);
  if (fact === undefined || aspect === undefined) return fact?.words;
  return fact.value === undefined ? undefined : ASPECT_WORDS[aspect](machine, fact.value);
}

const ASPECT_WORDS: Record<AspectName, (machine: Machine, value: Value) => string> = {
  min: (_, value) => `at least ${boundsOf(value.range).min}`,
  max: (_, value) => `at most ${boundsOf(value.range).max}`,
  type: kindWords,
  null: (_, value) => (value.nullable ? 'may be null' : value.isPointer ? 'not null' : 'not a pointer'),
};

/** The narrower of the signed and the unsigned bounds. */
function boundsOf({ smin, smax, umin, umax }: Scalar): { readonly min: Int; readonly max: Int } {
  return BigInt(umax) - BigInt(umin) < BigInt(smax) - BigInt(smin) ? { min: umin, max: umax } : { min: smin, max: smax };
}

/** What sort of thing a value is, without where in it and how much of it. */
function kindWords(machine: Machine, value: Value): string {
  switch (value.kind) {
    case 'packet':
      if (value.symbol === PACKET_SIZE) return 'end of the packet';
      return value.symbol === META_OFFSET ? 'packet metadata' : 'packet';
    case 'map_value':
      return `value of map ${machine.map(value.tag)?.name}`;
    case 'map':
      return `map ${machine.map(value.tag)?.name}`;
    default:
      return KIND_WORDS[value.kind] ?? value.kind;
  }
}

const KIND_WORDS: Readonly<Record<string, string>> = {
  number: 'number',
  ctx: 'context',
  stack: 'address in the stack',
  memory: 'record',
  socket: 'socket',
  btf: 'kernel object',
  code: 'function',
  any: 'a number on one path, a pointer on another',
  invalid: 'not usable',
};
