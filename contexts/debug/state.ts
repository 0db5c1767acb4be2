import { type Fact, missingWords } from '../../src/explain/facts.ts';
import { mapWords } from '../../src/explain/memory.ts';
import { type Value, ZERO } from '../../src/verifier/value.ts';
import { defineCommand } from '../command.ts';
import { UsageError } from '../errors.ts';
import { PARAMETER_INCORRECT, unacceptableValue } from '../messages.ts';
import { wrap } from '../render/wrap.ts';
import { type Debugger, debuggerOf } from './debugger.ts';

const WIDTH = 79;

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
      help: 'Registers (r1, w2), stack bytes (fp-8), or whole groups: registers, stack, packet, held (what must be given back, locks), maps.\nThe default is everything that is known.',
    },
    {
      name: 'raw',
      type: ['yes', 'no'],
      named: true,
      help: 'yes: every view that the verifier has of a number, and the symbol that it is counted from.\nThe default is no.',
    },
  ],
  examples: ['state', 'state r1 r2', 'state fp-8', 'state stack', 'state r2 raw=yes'],
  run({ register = [], raw = 'no' }, { state }) {
    const debug = debuggerOf(state);
    const facts = register.length === 0 ? debug.session.facts() : register.flatMap((name) => named(debug, name));
    return { pc: debug.session.pc, facts: facts.map((fact) => ({ subject: fact.subject, words: raw === 'yes' ? rawWords(fact) : fact.words })) };
  },
  text: ({ pc, facts }) =>
    `Known before instruction ${pc}:\n${facts.map(({ subject, words }) => `  ${wrap(`${subject}: ${words}`, WIDTH - 2, '    ')}`).join('')}`,
  json: ({ pc, facts }) => ({ schema: 1, instruction: pc, facts }),
});

/** What a group's facts are about. */
const GROUPS: Readonly<Record<string, readonly Fact['kind'][]>> = {
  registers: ['register'],
  stack: ['stack'],
  packet: ['packet'],
  held: ['reference', 'lock'],
};

function named(debug: Debugger, name: string): readonly (ShownFact & { readonly value?: Value })[] {
  const word = name.toLowerCase();
  if (word === 'maps') return mapFacts(debug);
  const kinds = GROUPS[word];
  if (kinds === undefined || word === 'packet') return [namedFact(debug, name)];
  const found = debug.session.facts().filter(({ kind }) => kinds.includes(kind));
  return found.length > 0 ? found : [{ subject: word, words: 'nothing known' }];
}

/** The program's maps, and the places that lead into them. */
function mapFacts({ session }: Debugger): readonly ShownFact[] {
  const { maps } = session.machine;
  if (maps.length === 0) return [{ subject: 'maps', words: 'the program has none' }];
  const facts = session.facts();
  return maps.map((map) => {
    const leading = facts.filter(({ value }) => (value?.kind === 'map' || value?.kind === 'map_value') && value.tag === map.index);
    const places =
      leading.length === 0 ? '' : `; ${leading.map(({ subject }) => subject).join(', ')} ${leading.length === 1 ? 'leads' : 'lead'} to it`;
    return { subject: map.name === '' ? `map ${map.index}` : map.name, words: `${mapWords(map)}${places}` };
  });
}

/** Everything of a value that the verifier goes by; the words where a fact is about none. */
function rawWords({ words, value }: ShownFact & { readonly value?: Value }): string {
  if (value === undefined) return words;
  const { smin, smax, umin, umax, s32min, s32max, u32min, u32max, bits } = value.range;
  const half = (number: number) => (number >>> 0).toString(16).padStart(8, '0');
  const views = [
    `unsigned ${umin}..${umax}`,
    `signed ${smin}..${smax}`,
    `low half unsigned ${u32min}..${u32max}`,
    `low half signed ${s32min}..${s32max}`,
    `bits 0x${half(bits.valueHigh)}${half(bits.valueLow)}, of which 0x${half(bits.maskHigh)}${half(bits.maskLow)} are open`,
  ];
  const symbol = value.symbol === ZERO ? '' : `symbol ${value.symbol} + ${value.offset}; `;
  return `${value.kind}${value.nullable ? ' or null' : ''}; ${symbol}${views.join('; ')}`;
}

/** @throws UsageError for a name that is no place. */
function namedFact({ session }: Debugger, name: string): ShownFact & { readonly value?: Value } {
  const wanted = name.toLowerCase().replace(/^w(?=\d)/, 'r');
  const byte = /^(?:fp|r10)-(\d+)$/.exec(wanted);
  const register = /^r(\d|10)$/.exec(wanted);
  if (byte === null && register === null && wanted !== 'packet')
    throw new UsageError(`${unacceptableValue(name, 'register')}\n${PARAMETER_INCORRECT}`, { value: name });
  if (wanted === 'r10') return { subject: 'r10', words: 'the frame pointer' };
  for (const fact of session.facts()) {
    if (fact.subject === wanted || (byte !== null && fact.kind === 'stack' && covers(fact.subject, -Number(byte[1])))) return fact;
  }
  if (byte !== null) return { subject: wanted, words: 'never written, or not used any more' };
  return { subject: wanted, words: register === null ? 'nothing proved' : missingWords(session.isLive(Number(register[1]))) };
}

/** Whether `fp-8..fp-1` contains a byte. */
function covers(subject: string, place: number): boolean {
  const [from, to = from] = subject.split('..').map((word) => Number(word.slice(2)));
  return place >= from! && place <= to!;
}
