import type { DebugSession } from '../../src/explain/session.ts';
import { defineCommand } from '../command.ts';
import { CommandError, UsageError } from '../errors.ts';
import { PARAMETER_INCORRECT, unacceptableValue } from '../messages.ts';
import { type Debugger, debuggerOf } from './debugger.ts';
import { stepText } from './render.ts';

export const command = defineCommand({
  tags: [
    {
      name: 'place',
      type: 'rest',
      required: true,
      placeholder: 'instruction|line N|start|end',
      help: 'An instruction by its number, "line" and a source line, "start" or "end" of the path.',
    },
  ],
  remarks: 'Goes on along the path where it comes there, else back, else to another path that the verifier followed.',
  examples: ['goto 12', 'goto line 25', 'goto start'],
  run({ place }, { state }) {
    const debug = debuggerOf(state);
    go(debug, place);
    return debug.look();
  },
  text: stepText,
  json: (step) => ({ schema: 1, step }),
});

/** @throws UsageError for words that name no place, CommandError where the path cannot get there. */
function go({ session }: Debugger, place: readonly string[]): void {
  const [first = '', second = '', ...more] = place.map((word) => word.toLowerCase());
  const number = /^\d+$/.test(second || first) ? Number(second || first) : undefined;
  if (more.length === 0 && second === '' && first !== '' && 'start'.startsWith(first)) session.gotoStart();
  else if (more.length === 0 && second === '' && first !== '' && 'end'.startsWith(first)) session.gotoEnd();
  else if (more.length > 0 || number === undefined || (second !== '' && !'line'.startsWith(first)))
    throw new UsageError(`${unacceptableValue(place.join(' '), 'place')}\n${PARAMETER_INCORRECT}`);
  else if (second === '') gotoInstruction(session, number);
  else gotoLine(session, number);
}

function gotoInstruction(session: DebugSession, pc: number): void {
  if (session.program.instructions[pc] === undefined) throw new CommandError('debug', `There is no instruction ${pc}.`);
  if (!session.goto([pc])) throw new CommandError('debug', `The verifier never came to instruction ${pc}.`);
}

function gotoLine(session: DebugSession, line: number): void {
  const slots = session.slotsOfLine(line);
  if (slots.length === 0) throw new CommandError('debug', `No instruction belongs to line ${line}.`);
  if (!session.goto(slots)) throw new CommandError('debug', `The verifier never came to line ${line}.`);
}
