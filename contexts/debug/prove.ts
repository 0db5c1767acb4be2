import type { Answer } from '../../src/explain/prove.ts';
import { parseProposition } from '../../src/explain/prove.ts';
import { defineCommand } from '../command.ts';
import { CommandError, UsageError } from '../errors.ts';
import { PARAMETER_INCORRECT, unacceptableValue } from '../messages.ts';
import { debuggerOf } from './debugger.ts';

const ANSWERS: Record<Answer, string> = {
  always: 'proved: it always holds',
  never: 'refuted: it never holds',
  unknown: 'not decided: it may hold or not',
  undefined: 'cannot be asked: the operands cannot be compared',
};

export const command = defineCommand({
  tags: [
    {
      name: 'proposition',
      type: 'rest',
      required: true,
      placeholder: 'register comparison value [at instruction]',
      help: 'Such as r6 <= 63, w1 s> -1, r1 == r2 or packet >= 34; unsigned without the s.\nWith "at" an instruction is meant on every path, not the current one on this path.',
    },
  ],
  examples: ['prove r6 <= 63', 'prove r0 != 0 at 15', 'prove packet >= 34'],
  run({ proposition: words }, { state }) {
    const { session } = debuggerOf(state);
    const at = words.length > 2 && words.at(-2)!.toLowerCase() === 'at' && /^\d+$/.test(words.at(-1)!) ? Number(words.at(-1)) : undefined;
    const text = words.slice(0, at === undefined ? undefined : -2).join(' ');
    const proposition = parseProposition(text);
    if (proposition === undefined) throw new UsageError(`${unacceptableValue(text, 'proposition')}\n${PARAMETER_INCORRECT}`);
    const answered = session.prove(proposition, at);
    if (answered === undefined) throw new CommandError('debug', `The verifier never came to instruction ${at}.`);
    return { text, pc: at ?? session.pc, everywhere: at !== undefined, ...answered };
  },
  text: ({ text, pc, everywhere, answer, states, known }) =>
    `${text} before instruction ${pc}${everywhere ? ` (${states === 1 ? '1 state' : `${states} states`})` : ''}: ${ANSWERS[answer]}\n${known.map((words) => `  ${words}\n`).join('')}`,
  json: ({ text, pc, ...result }) => ({ schema: 1, proposition: text, instruction: pc, ...result }),
});
