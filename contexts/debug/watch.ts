import { watchedName, watchedWords } from '../../src/explain/aspect.ts';
import { parseWatchpoint } from '../../src/explain/queries/breakpoints.ts';
import { defineCommand } from '../command.ts';
import { UsageError } from '../errors.ts';
import { PARAMETER_INCORRECT, unacceptableValue } from '../messages.ts';
import { debuggerOf } from './debugger.ts';

export const command = defineCommand({
  tags: [
    {
      name: 'what',
      type: 'string',
      required: true,
      placeholder: 'register|fp-N|packet[.min|.max|.type|.null]',
      help: 'A place, or its least or largest number, what it is, or whether it may be null.',
    },
  ],
  remarks: '"continue" and "rcontinue" stop where something else is known of it.',
  examples: ['watch r6', 'watch r6.max', 'watch r0.null', 'watch fp-16', 'watch packet'],
  run({ what }, { state }) {
    const debug = debuggerOf(state);
    const watchpoint = parseWatchpoint(what);
    if (watchpoint?.place.kind !== 'watch') throw new UsageError(`${unacceptableValue(what, 'what')}\n${PARAMETER_INCORRECT}`, { value: what });
    const { watched } = watchpoint.place;
    const { machine, state: known } = debug.session;
    return { number: debug.addBreakpoint(watchpoint), text: watchedName(watched), now: watchedWords(machine, known, watched) ?? null };
  },
  text: ({ number, text, now }) => `Watchpoint ${number}: ${text}, now: ${now ?? 'nothing known'}\n`,
  json: (result) => ({ schema: 1, ...result }),
});
