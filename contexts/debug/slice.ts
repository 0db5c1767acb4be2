import { type Slice, sliceBackSteps, sliceForwardSteps } from '../../src/explain/queries/slice.ts';
import { defineCommand } from '../command.ts';
import { CommandError, UsageError } from '../errors.ts';
import { MISSING_PARAMETERS } from '../messages.ts';
import { debuggerOf } from './debugger.ts';
import { patiently } from './judge.ts';
import { listText } from './list.ts';
import { readPlace } from './places.ts';

export const command = defineCommand({
  tags: [
    { name: 'place', type: 'string', placeholder: 'register|fp-N', help: 'What made it, before the current instruction, over all paths.' },
    { name: 'forward', type: 'string', named: true, placeholder: 'register|fp-N', help: 'Who uses it, from the current instruction on.' },
  ],
  remarks:
    'Shows only the instructions that matter: those that made the value, those that made what they read, and branches that told more about any of them. "list slice=" marks them in the whole function.',
  examples: ['slice r6', 'slice fp-16', 'slice forward=r6'],
  async run({ place, forward }, { state, signal, progress }) {
    const { session } = debuggerOf(state);
    if ((place === undefined) === (forward === undefined)) throw new UsageError(MISSING_PARAMETERS);
    const steps =
      place === undefined ? sliceForwardSteps(session, readPlace(forward!, 'forward')) : sliceBackSteps(session, readPlace(place, 'place'));
    const slice = await patiently(steps, 'slice', { signal, progress });
    if (slice.instructions.length === 0)
      throw new CommandError(
        'debug',
        `${slice.direction === 'back' ? 'Nothing before this instruction makes' : 'Nothing after this instruction uses'} ${slice.subject}.`,
      );
    return { slice, shown: session.instructionsAt(slice.instructions) };
  },
  text: ({ slice, shown }) => `${sliceTitle(slice)}:\n${listText(shown)}`,
  json: ({ slice, shown }) => ({ schema: 1, ...slice, size: slice.instructions.length, instructions: shown }),
});

/** `What r6 before instruction 12 comes from, 8 of 40 instructions`. */
export function sliceTitle({ direction, subject, pc, instructions, total }: Slice): string {
  const what = direction === 'back' ? `What ${subject} before instruction ${pc} comes from` : `What uses ${subject} from instruction ${pc} on`;
  return `${what}, ${instructions.length} of ${total} instructions`;
}
