import { distanceSteps, type Sufficient } from '../../src/explain/queries/distance.ts';
import { defineCommand } from '../command.ts';
import { CommandError } from '../errors.ts';
import { wrap } from '../render/wrap.ts';
import { notHere } from './culprit.ts';
import { type Debugger, debuggerOf } from './debugger.ts';
import { chosenFailure, FAILURE, failureTitle } from './failure-tag.ts';
import { type Control, patiently } from './judge.ts';

/** What verifying the whole program with an assumption said. `passes`: nothing fails any more. `gone`: this check holds, others fail. */
type Outcome = 'passes' | 'gone' | 'still' | 'not tried';

interface Tried extends Omit<Sufficient, 'claim'> {
  readonly outcome: Outcome;
}

/** Milliseconds after which no further assumption is verified. */
const BUDGET = 3000;

export const command = defineCommand({
  tags: [FAILURE],
  remarks:
    'By how much the check fails, and assumptions that would make it hold: found by asking the verifier about one bound after the other, then tried on the whole program. "assume" goes on with one.',
  examples: ['distance', 'distance failure=2'],
  async run({ failure }, { state, signal, progress }) {
    const debug = debuggerOf(state);
    const chosen = chosenFailure(debug, failure);
    const distance = await patiently(distanceSteps(debug.session, chosen.number), 'distance', { signal, progress });
    if (distance === undefined) throw new CommandError('debug', notHere(chosen));
    const sufficient = await tryAll(debug, distance.sufficient, chosen.failure, { signal, progress });
    return {
      title: failureTitle(debug, chosen),
      number: chosen.number,
      id: chosen.failure.id,
      need: distance.need,
      margin: distance.margin,
      sufficient,
    };
  },
  text({ title, need, margin, sufficient }) {
    const head = `${title}  ${wrap(`needs: ${need}`, 77, '  ')}  ${margin === undefined ? 'No number says how far it is from holding.' : margin}\n`;
    return sufficient.length === 0 ? `${head}  No single assumption was found that would make it hold.\n` : head + sufficient.map(triedText).join('');
  },
  json: ({ number, id, need, margin, sufficient }) => ({ schema: 1, failure: number, id, need, margin: margin ?? null, sufficient }),
});

async function tryAll(
  debug: Debugger,
  sufficient: readonly Sufficient[],
  { instruction, check }: { readonly instruction: number; readonly check: { readonly kind: string } },
  control: Control,
): Promise<readonly Tried[]> {
  const started = performance.now();
  const tried: Tried[] = [];
  for (const { claim, ...one } of sufficient) {
    let outcome: Outcome = 'not tried';
    if (performance.now() - started < BUDGET) {
      const { report } = await debug.verifyWith([{ text: one.text, pc: one.pc, assumption: claim }], control);
      const still = report.failures.some((failure) => failure.instruction === instruction && failure.check.kind === check.kind);
      outcome = still ? 'still' : report.failures.length === 0 ? 'passes' : 'gone';
    }
    tried.push({ ...one, outcome });
  }
  return tried;
}

const OUTCOMES: Record<Outcome, (place: string) => string> = {
  passes: (place) => `the program would pass if it held ${place}`,
  gone: (place) => `this check would hold if it held ${place}; others fail`,
  still: (place) => `enough on this path ${place}, but not on all paths`,
  'not tried': (place) => `enough on this path ${place}; not tried on the whole program`,
};

function triedText({ text, pc, source, outcome }: Tried): string {
  const line = source === undefined || source.line === 0 ? '' : ` (line ${source.line})`;
  return `  ${wrap(`${text}: ${OUTCOMES[outcome](`before instruction ${pc}${line}`)}`, 77, '    ')}`;
}
