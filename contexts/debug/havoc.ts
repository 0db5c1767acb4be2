import { defineCommand } from '../command.ts';
import { UsageError } from '../errors.ts';
import { PARAMETER_INCORRECT, unacceptableValue } from '../messages.ts';
import { type WhatIf, whatIf, whatIfJson, whatIfText } from './assume.ts';
import { debuggerOf } from './debugger.ts';
import { checkInstruction } from './motion.ts';

export const command = defineCommand({
  tags: [
    {
      name: 'what',
      type: 'rest',
      required: true,
      placeholder: 'register [at instruction]',
      help: 'A register; with "at" before that instruction.\nThe default is the current instruction.',
    },
  ],
  remarks:
    'The whole program is verified again, as if the register could hold any number there: what passes then does not depend on it. "undo" takes it back.',
  examples: ['havoc r3', 'havoc r6 at 12'],
  async run({ what }, { state, signal, progress }): Promise<WhatIf> {
    const debug = debuggerOf(state);
    const found = /^[rw](\d)(?: at (\d+))?$/i.exec(what.join(' '));
    if (found === null) {
      const value = what.join(' ');
      throw new UsageError(`${unacceptableValue(value, 'what')}\n${PARAMETER_INCORRECT}`, { value });
    }
    const register = Number(found[1]);
    const pc = found[2] === undefined ? debug.session.pc : Number(found[2]);
    checkInstruction(debug, pc);
    const assumption = { text: `r${register} is any number`, pc, assumption: { kind: 'havoc', register } } as const;
    return whatIf(debug, () => debug.assume(assumption, `havoc r${register} at ${pc}`, { signal, progress }));
  },
  text: whatIfText,
  json: whatIfJson,
});
