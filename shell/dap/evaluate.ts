import { factsOf } from '../../src/explain/facts.ts';
import { type Answer, parseProposition } from '../../src/explain/prove.ts';
import type { DebugSession } from '../../src/explain/session.ts';
import { RequestError } from './arguments.ts';
import { conditionHolds, parseCondition } from './breakpoints.ts';
import { registerRows, storyText } from './views.ts';

const ANSWERS: Readonly<Record<Answer, string>> = {
  always: 'always holds',
  never: 'never holds',
  unknown: 'may hold or not',
  undefined: 'the operands cannot be compared',
};

interface Form {
  readonly pattern: RegExp;
  /** @returns undefined where the words are not of this form after all. */
  answer(session: DebugSession, depth: number, found: RegExpExecArray): string | undefined;
}

/** What can be evaluated, first match first. */
const FORMS: readonly Form[] = [
  { pattern: /^(?:[rw](?:\d|10)|fp|packet)$/, answer: (session, depth, [name]) => place(session, depth, name!) },
  { pattern: /^fp-(\d{1,4})(?:\.\.fp-\d{1,4})?$/, answer: (session, depth, found) => stackByte(session, depth, -Number(found[1])) },
  { pattern: /^why((?:[\s,]+[rw]\d)*)$/, answer: why },
  { pattern: /^(?:must|may)\s*\(.*\)$/, answer: (session, _, [words]) => `${conditionHolds(session, parseCondition(words!))}` },
  { pattern: /^(?:prove\s+)?(.+)$/, answer: prove },
];

/**
 * Answers a register (`r6`), a byte of the stack (`fp-8`), `packet`, `why r6`, `must(r6 <= 63)`, or a comparison.
 *
 * @param depth which active function's registers and stack are meant.
 * @throws RequestError for other words.
 */
export function evaluate(session: DebugSession, depth: number, expression: string): string {
  const words = expression.trim().toLowerCase();
  for (const { pattern, answer } of FORMS) {
    const found = pattern.exec(words);
    const result = found === null ? undefined : answer(session, depth, found);
    if (result !== undefined) return result;
  }
  throw new RequestError(`"${expression.trim()}" cannot be evaluated. Registers (r6), fp-8, packet, why r6, r6 <= 63, must(...) and may(...) can.`);
}

function place(session: DebugSession, depth: number, name: string): string {
  const subject = name === 'fp' ? 'r10' : name.replace(/^w/, 'r');
  const fact = factsOf(session.machine, session.state, depth).find((candidate) => candidate.subject === subject);
  if (fact !== undefined) return fact.words;
  if (subject === 'packet') return 'nothing proved';
  return registerRows(session, depth).find((row) => row.name === subject)!.value;
}

function stackByte(session: DebugSession, depth: number, byte: number): string {
  const fact = factsOf(session.machine, session.state, depth).find(({ kind, subject }) => {
    const [from, to = from] = subject.split('..').map((end) => Number(end.slice(2)));
    return kind === 'stack' && byte >= from! && byte <= to!;
  });
  return fact?.words ?? 'never written, or not used any more';
}

function why(session: DebugSession, _: number, [, names = '']: RegExpExecArray): string {
  const named = [...names.matchAll(/[rw](\d)/g)].map(([, register]) => Number(register));
  const registers = named.length > 0 ? named : session.relevantRegisters();
  const story = storyText(session, registers);
  if (story !== '') return story;
  return registers.length === 0 ? 'The instruction requires nothing of a register.' : 'As it was when the program was entered, or never set.';
}

function prove(session: DebugSession, _: number, [, words]: RegExpExecArray): string | undefined {
  const proposition = parseProposition(words!);
  const proved = proposition && session.prove(proposition);
  return proved && [ANSWERS[proved.answer], ...proved.known].join('; ');
}
