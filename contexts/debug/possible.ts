import { defineCommand } from '../command.ts';
import { CommandError } from '../errors.ts';
import { debuggerOf } from './debugger.ts';
import { PROPOSITION, readProposition } from './proposition.ts';

export const command = defineCommand({
  tags: [
    {
      ...PROPOSITION,
      required: true,
      help: 'Such as r0 == 0 or r6 > 63; unsigned without the s.\nWith "at" an instruction is meant on every path, not the current one on this path.',
    },
  ],
  remarks: 'The verifier may take something to be possible that no run does; what it rules out never happens.',
  examples: ['possible r0 == 0', 'possible r6 > 63 at 12'],
  run({ proposition: words }, { state }) {
    const { session } = debuggerOf(state);
    const { text, proposition, at } = readProposition(words);
    if (proposition.kind === 'packet') return { text, pc: at ?? session.pc, possible: true, states: 0, known: [] };
    const answered = session.prove(proposition, at);
    if (answered === undefined) throw new CommandError('debug', `The verifier never came to instruction ${at}.`);
    if (answered.answer === 'undefined') throw new CommandError('debug', `${text} cannot be asked here: the operands cannot be compared.`);
    return { text, pc: at ?? session.pc, possible: answered.answer !== 'never', states: answered.states, known: answered.known };
  },
  text: ({ text, pc, possible, known }) =>
    `${text} before instruction ${pc}: ${possible ? 'possible, as far as the verifier knows' : 'impossible'}\n${known.map((words) => `  ${words}\n`).join('')}`,
  json: ({ text, pc, ...result }) => ({ schema: 1, proposition: text, instruction: pc, ...result }),
});
