import type { Answer } from '../../src/explain/prove.ts';
import { defineCommand } from '../command.ts';
import { CommandError } from '../errors.ts';
import { debuggerOf } from './debugger.ts';
import { PROPOSITION, readProposition } from './proposition.ts';

const ANSWERS: Record<Answer, string> = {
  always: 'proved: it always holds',
  never: 'refuted: it never holds',
  unknown: 'not decided: it may hold or not',
  undefined: 'cannot be asked: the operands cannot be compared',
};

export const command = defineCommand({
  tags: [
    {
      ...PROPOSITION,
      required: true,
      help: 'Such as r6 <= 63, w1 s> -1, r1 == r2 or packet >= 34; unsigned without the s.\nWith "at" an instruction is meant on every path, not the current one on this path.',
    },
  ],
  examples: ['prove r6 <= 63', 'prove r0 != 0 at 15', 'prove packet >= 34'],
  run({ proposition: words }, { state }) {
    const { session } = debuggerOf(state);
    const { text, proposition, at } = readProposition(words);
    const answered = session.prove(proposition, at);
    if (answered === undefined) throw new CommandError('debug', `The verifier never came to instruction ${at}.`);
    return { text, pc: at ?? session.pc, everywhere: at !== undefined, ...answered };
  },
  text: ({ text, pc, everywhere, answer, states, known }) =>
    `${text} before instruction ${pc}${everywhere ? ` (${states === 1 ? '1 state' : `${states} states`})` : ''}: ${ANSWERS[answer]}\n${known.map((words) => `  ${words}\n`).join('')}`,
  json: ({ text, pc, ...result }) => ({ schema: 1, proposition: text, instruction: pc, ...result }),
});
