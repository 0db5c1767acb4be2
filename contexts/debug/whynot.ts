import { missingWords } from '../../src/explain/facts.ts';
import { claimNeed } from '../../src/explain/queries/need.ts';
import { type WhyNot, whyNotSteps } from '../../src/explain/queries/whynot.ts';
import { defineCommand } from '../command.ts';
import { CommandError } from '../errors.ts';
import { wrap } from '../render/wrap.ts';
import { debuggerOf } from './debugger.ts';
import { patiently } from './judge.ts';
import { PROPOSITION, readProposition } from './proposition.ts';
import { instructionLine, sourceBlock } from './render.ts';

export const command = defineCommand({
  tags: [
    {
      ...PROPOSITION,
      required: true,
      help: 'Such as packet>=24, r6 <= 63 or r0 != 0; with "at" before that instruction.',
    },
  ],
  remarks:
    'Names the check that comes nearest to proving it and what is wrong with it: too short, about another value, of the low 32 bits only, or on another path; or where it was known and then lost: where paths join, or by a call.',
  examples: ['whynot packet>=24', 'whynot r6 <= 63', 'whynot r0 != 0 at 15'],
  run({ proposition: words }, { state, signal, progress }) {
    const { session } = debuggerOf(state);
    const { text, proposition, at } = readProposition(words);
    const asked = session.asideSteps(function* () {
      if (at !== undefined && !session.goto([at])) throw new CommandError('debug', `The verifier never came to instruction ${at}.`);
      const need = claimNeed(session, text, session.pc, proposition);
      for (const register of need.registers) {
        if (session.state.registers[register] === undefined)
          throw new CommandError('debug', `r${register} is ${missingWords(session.isLive(register))} before instruction ${session.pc}.`);
      }
      if (session.prove(proposition)?.answer === 'undefined')
        throw new CommandError('debug', `${text} cannot be asked before instruction ${session.pc}: the operands cannot be compared.`);
      return { instruction: session.pc, ...(yield* whyNotSteps(session, need)) };
    });
    return patiently(asked, 'whynot', { signal, progress });
  },
  text: ({ instruction, ...answer }) => `${answer.need} before instruction ${instruction}: ${whyNotText(answer)}`,
  json: (result) => ({ schema: 1, ...result }),
});

/** The reason, the sentence, the instruction that it points at, and for a join its ways. */
export function whyNotText({ reason, words, at, ways }: WhyNot): string {
  const head = reason === undefined ? '' : `${REASONS[reason]}\n`;
  const listed = ways
    .map(({ number, pc, holds }) => `  way ${number}, from instruction ${pc}: ${holds ? 'it holds' : 'it does not hold'}\n`)
    .join('');
  return `${head}${head === '' ? '' : '  '}${wrap(words, 77, '  ')}${listed}${at === undefined ? '' : sourceBlock(at.source) + instructionLine(at.pc, at.text)}`;
}

const REASONS: Record<NonNullable<WhyNot['reason']>, string> = {
  none: 'no check',
  'wrong pointer': 'a check of something else',
  'too short': 'a check that says too little',
  'on another path': 'a check on another path',
  'lost at a join': 'lost where paths join',
  'lost by a call': 'lost by a call',
  'wrong width': 'a check of the wrong width',
  'lost by a change': 'lost by a change',
};
