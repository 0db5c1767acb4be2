import { missingWords } from '../../src/explain/facts.ts';
import { defineCommand } from '../command.ts';
import { UsageError } from '../errors.ts';
import { PARAMETER_INCORRECT, unacceptableValue } from '../messages.ts';
import { type Debugger, debuggerOf } from './debugger.ts';

interface ShownFact {
  readonly subject: string;
  readonly words: string;
}

export const command = defineCommand({
  tags: [
    {
      name: 'register',
      type: 'rest',
      placeholder: 'register ...',
      help: 'Registers (r1, w2) or stack bytes (fp-8).\nThe default is everything that is known.',
    },
  ],
  examples: ['state', 'state r1 r2', 'state fp-8'],
  run({ register = [] }, { state }) {
    const debug = debuggerOf(state);
    return { pc: debug.session.pc, facts: register.length === 0 ? allFacts(debug) : register.map((name) => namedFact(debug, name)) };
  },
  text: ({ pc, facts }) => `Known before instruction ${pc}:\n${facts.map(({ subject, words }) => `  ${subject}: ${words}\n`).join('')}`,
  json: ({ pc, facts }) => ({ schema: 1, instruction: pc, facts }),
});

function allFacts({ session }: Debugger): readonly ShownFact[] {
  return session.facts().map(({ subject, words }) => ({ subject, words }));
}

/** @throws UsageError for a name that is no place. */
function namedFact({ session }: Debugger, name: string): ShownFact {
  const wanted = name.toLowerCase().replace(/^w(?=\d)/, 'r');
  const byte = /^(?:fp|r10)-(\d+)$/.exec(wanted);
  const register = /^r(\d|10)$/.exec(wanted);
  if (byte === null && register === null && wanted !== 'packet')
    throw new UsageError(`${unacceptableValue(name, 'register')}\n${PARAMETER_INCORRECT}`, { value: name });
  if (wanted === 'r10') return { subject: 'r10', words: 'the frame pointer' };
  for (const fact of session.facts()) {
    if (fact.subject === wanted || (byte !== null && fact.kind === 'stack' && covers(fact.subject, -Number(byte[1]))))
      return { subject: fact.subject, words: fact.words };
  }
  if (byte !== null) return { subject: wanted, words: 'never written, or not used any more' };
  return { subject: wanted, words: register === null ? 'nothing proved' : missingWords(session.isLive(Number(register[1]))) };
}

/** Whether `fp-8..fp-1` contains a byte. */
function covers(subject: string, place: number): boolean {
  const [from, to = from] = subject.split('..').map((word) => Number(word.slice(2)));
  return place >= from! && place <= to!;
}
