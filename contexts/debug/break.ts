import { type Breakpoint, breakpointText, parseBreakpoint, slotsOf } from '../../src/explain/queries/breakpoints.ts';
import { defineCommand } from '../command.ts';
import { CommandError, UsageError } from '../errors.ts';
import { PARAMETER_INCORRECT, unacceptableValue } from '../messages.ts';
import { type Debugger, debuggerOf } from './debugger.ts';

export const command = defineCommand({
  tags: [
    {
      name: 'place',
      type: 'rest',
      required: true,
      placeholder: 'instruction|line N|function F|helper H|join|widening|failure [if must|may proposition]',
      help: 'join: where ways meet and something is lost. widening: a loop head whose state stands for several turns. failure: where a check fails.\nWith "if must" it stops only where the verifier can prove the proposition, with "if may" where it cannot rule it out.',
    },
  ],
  remarks: '"continue" and "rcontinue" stop there; "show breakpoints" lists them, "delete break" removes one.',
  examples: ['break 12', 'break line 25', 'break helper map_lookup_elem', 'break join', 'break 15 if may r0 == 0', 'break failure'],
  run({ place }, { state }) {
    const debug = debuggerOf(state);
    const breakpoint = parseBreakpoint(place);
    if (breakpoint === undefined) {
      const text = place.join(' ');
      throw new UsageError(`${unacceptableValue(text, 'place')}\n${PARAMETER_INCORRECT}`, { value: text });
    }
    return addBreakpoint(debug, breakpoint);
  },
  text: ({ number, text, reached }) => `Breakpoint ${number}: ${text}\n${reached ? '' : 'The verifier never comes there.\n'}`,
  json: (result) => ({ schema: 1, ...result }),
});

/** @throws CommandError where the program has no such place. */
function addBreakpoint(debug: Debugger, breakpoint: Breakpoint) {
  const { session } = debug;
  const text = breakpointText(breakpoint);
  const slots = slotsOf(session, breakpoint.place);
  if (slots?.length === 0)
    throw new CommandError('debug', `The program has no such place: ${breakpointText({ ...breakpoint, condition: undefined })}.`);
  const reached = slots === undefined || slots.some((slot) => session.atlas!.nodesAt(slot).length > 0);
  return { number: debug.addBreakpoint(breakpoint), text, instructions: slots ?? [], reached };
}
