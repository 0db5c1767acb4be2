import type { NumberedFailure } from '../../src/explain/views.ts';
import { defineCommand } from '../command.ts';
import { CommandError } from '../errors.ts';
import { wrap } from '../render/wrap.ts';
import { debuggerOf } from './debugger.ts';
import { chosenFailure, FAILURE, failureTitle } from './failure-tag.ts';
import { culpritFor } from './found.ts';
import { whyNotText } from './whynot.ts';

export const command = defineCommand({
  tags: [FAILURE],
  remarks:
    'The last point on the way to the failure where what its check needs was known, and what lost it; where it was never known, the check that comes nearest to proving it. "goto culprit" goes there.',
  examples: ['culprit', 'culprit failure=2'],
  async run({ failure }, { state, signal, progress }) {
    const debug = debuggerOf(state);
    const chosen = chosenFailure(debug, failure);
    const culprit = await culpritFor(debug.session, chosen.number, { signal, progress });
    if (culprit === undefined) throw new CommandError('debug', notHere(chosen));
    return { title: failureTitle(debug, chosen), culprit };
  },
  text: ({ title, culprit }) => `${title}  ${wrap(`needs: ${culprit.need}`, 77, '  ')}  culprit: ${whyNotText(culprit)}`,
  json: ({ culprit: { failure, ...culprit } }) => ({ schema: 1, failure: failure.number, id: failure.failure.id, ...culprit }),
});

/** Why a failure has neither culprit nor distance, and what tells more. */
export function notHere({ failure: { id } }: NumberedFailure): string {
  const more = id.startsWith('LOOP-') ? 'It is about a loop: "loop" shows its turns.' : `"explain ${id}" says what it is about.`;
  return `What is known before one instruction does not decide this check.\n${more}`;
}
