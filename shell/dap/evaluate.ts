import { factAbout } from '../../src/explain/aspect.ts';
import { type Fact, factsOf } from '../../src/explain/facts.ts';
import { type Answer, parseProposition } from '../../src/explain/prove.ts';
import { conditionHolds } from '../../src/explain/queries/breakpoints.ts';
import type { DebugSession } from '../../src/explain/session.ts';
import { variableNames } from '../../src/explain/variables.ts';
import { RequestError } from './arguments.ts';
import { requireCondition } from './breakpoints.ts';
import { memoryOf, registerRows, storyText } from './views.ts';

const ANSWERS: Readonly<Record<Answer, string>> = {
  always: 'always holds',
  never: 'never holds',
  unknown: 'may hold or not',
  undefined: 'the operands cannot be compared',
};

/** `EvaluateResponse`, without what is always the same. */
interface Evaluated {
  readonly result: string;
  readonly memoryReference?: string;
}

interface Form {
  readonly pattern: RegExp;
  /** @returns undefined where the words are not of this form after all. */
  answer(session: DebugSession, depth: number, found: RegExpExecArray): Evaluated | undefined;
}

/** What can be evaluated, first match first. */
const FORMS: readonly Form[] = [
  { pattern: /^(?:[rw](?:\d|10)|fp|packet)$/i, answer: (session, depth, [name]) => place(session, depth, name!.toLowerCase()) },
  { pattern: /^(?:fp|r10)-(\d{1,4})(?:\.\.fp-\d{1,4})?$/i, answer: (session, depth, found) => stackByte(session, depth, -Number(found[1])) },
  { pattern: /^why((?:[\s,]+[rw]\d)*)$/i, answer: why },
  { pattern: /^(?:must|may)\s*\(.*\)$/i, answer: (session, _, [words]) => ({ result: `${conditionHolds(session, requireCondition(words!))}` }) },
  { pattern: /^(?:prove\s+)?(.+)$/i, answer: prove },
];

/**
 * Answers a register (`r6`), a byte of the stack (`fp-8`), `packet`, a variable of the source, `why r6`, `must(r6 <= 63)`, or a comparison; a variable
 * can stand wherever a register can.
 *
 * @param depth which active function's registers and stack are meant.
 * @throws RequestError for other words.
 */
export function evaluate(session: DebugSession, depth: number, expression: string): Evaluated {
  const words = withPlaces(session, depth, expression.trim());
  for (const { pattern, answer } of FORMS) {
    const found = pattern.exec(words);
    const result = found === null ? undefined : answer(session, depth, found);
    if (result !== undefined) return result;
  }
  throw new RequestError(
    `"${expression.trim()}" cannot be evaluated. Registers (r6), fp-8, packet, variables that a register holds, why r6, r6 <= 63, must(...) and may(...) can.`,
  );
}

/** Puts the place for each variable that one holds; names that mean something of their own stay. */
function withPlaces(session: DebugSession, depth: number, expression: string): string {
  if (!/[a-z_]\w*/i.test(expression) || depth < session.state.frames.length - 1) return expression;
  const own = /^(?:[rw]\d+|fp|packet|why|must|may|prove|s)$/i;
  let places: ReadonlyMap<string, string> | undefined;
  return expression.replaceAll(/(?<![\w.>])[A-Za-z_]\w*(?!\w*\s*(?:->|\.|\(|\[))/g, (name) => {
    if (own.test(name)) return name;
    places ??= placesByName(session);
    return places.get(name) ?? name;
  });
}

/** The place that each variable is in, as `r6` or `fp-16`. */
export function placesByName(session: DebugSession): ReadonlyMap<string, string> {
  const names = variableNames(session);
  const places = new Map<string, string>();
  for (const { subject } of session.facts()) {
    const name = names(subject);
    if (name !== undefined && !places.has(name)) places.set(name, subject.split('..')[0]!);
  }
  return places;
}

function place(session: DebugSession, depth: number, name: string): Evaluated {
  const subject = name === 'fp' ? 'r10' : name.replace(/^w/, 'r');
  const fact = factsOf(session.machine, session.state, depth).find((candidate) => candidate.subject === subject);
  if (fact !== undefined) return told(fact, depth);
  if (subject === 'packet') return { result: 'nothing proved' };
  const row = registerRows(session, depth).find((candidate) => candidate.name === subject)!;
  return { result: row.value, ...(row.memoryReference === undefined ? {} : { memoryReference: row.memoryReference }) };
}

function told(fact: Fact, depth: number): Evaluated {
  return { result: fact.words, ...memoryOf(fact, depth) };
}

function stackByte(session: DebugSession, depth: number, byte: number): Evaluated {
  const fact = factAbout(factsOf(session.machine, session.state, depth), `fp${byte}`);
  return fact === undefined ? { result: 'never written, or not used any more' } : told(fact, depth);
}

function why(session: DebugSession, _: number, [, names = '']: RegExpExecArray): Evaluated {
  const named = [...names.matchAll(/[rw](\d)/gi)].map(([, register]) => Number(register));
  const registers = named.length > 0 ? named : session.relevantRegisters();
  const story = storyText(session, registers);
  if (story !== '') return { result: story };
  return {
    result: registers.length === 0 ? 'The instruction requires nothing of a register.' : 'As it was when the program was entered, or never set.',
  };
}

function prove(session: DebugSession, _: number, [, words]: RegExpExecArray): Evaluated | undefined {
  const proposition = parseProposition(words!);
  const proved = proposition && session.prove(proposition);
  return proved && { result: [ANSWERS[proved.answer], ...proved.known].join('; ') };
}
