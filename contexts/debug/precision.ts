import { LADDER } from '../../src/verifier/index.ts';
import type { VerificationReport } from '../../src/verifier/report.ts';
import { defineCommand } from '../command.ts';
import { wrap } from '../render/wrap.ts';
import { debuggerOf } from './debugger.ts';
import { count } from './render.ts';

/** What one precision says. */
interface Rung {
  readonly precision: number;
  /** Turns of a loop that are followed apart. */
  readonly turns: number;
  readonly verdict: VerificationReport['verdict'];
  /** Failed checks as `ID at instruction`. */
  readonly failures: readonly string[];
  readonly states: number;
  readonly milliseconds: number;
}

export const command = defineCommand({
  tags: [],
  remarks:
    'A precision is how many states are kept apart where paths meet. A check that fails with few and holds with more is a limit of the precision, not a bug.',
  examples: ['precision'],
  async run(_tags, { state, signal, progress }) {
    const debug = debuggerOf(state, false);
    const rungs: Rung[] = [];
    // What the debugger was opened with may be fixed.
    const settled = await debug.verifyAgain({ precision: undefined }, { signal, progress });
    for (const { states, turns } of LADDER) {
      // Where less than all of it settles that the program fails, more may take very long.
      if (states > settled.report.precision && rungs.length > 0) break;
      const { report } = await debug.verifyAgain({ precision: states }, { signal, progress });
      const failures = report.failures.map(({ id, instruction }) => `${id} at instruction ${instruction}`);
      rungs.push({ precision: states, turns, verdict: report.verdict, failures, states: report.statesVisited, milliseconds: report.milliseconds });
      if (report.verdict === 'accepted') break;
    }
    return { decided: debug.session.report.precision, rungs };
  },
  text: ({ decided, rungs }) =>
    `${rungs.map(rungText).join('')}${wrap(conclusion(rungs), 79, '')}The verdict was reached with precision ${decided}.\n`,
  json: ({ decided, rungs }) => ({ schema: 1, decided, conclusion: conclusion(rungs), rungs }),
});

function rungText({ precision, turns, verdict, failures, states, milliseconds }: Rung): string {
  const work = `${count(states, 'state', 'states')}, ${Math.round(milliseconds)} ms`;
  const head = `  precision ${precision} (loops followed for ${count(turns, 'turn', 'turns')}): ${verdict}; ${work}\n`;
  const most = 6;
  const more = failures.length > most ? `      ... ${failures.length - most} more\n` : '';
  return `${head}${failures
    .slice(0, most)
    .map((failure) => `      ${failure}\n`)
    .join('')}${more}`;
}

/** What the rungs together say: which failures were limits of precision, and which are left. */
function conclusion(rungs: readonly Rung[]): string {
  const last = rungs.at(-1)!;
  const [first] = rungs;
  if (first!.verdict === 'accepted') return 'The program passes with the least precision.';
  if (last.verdict === 'accepted') {
    const limit = rungs[rungs.length - 2]!;
    return `What fails is a limit of precision=${limit.precision}: the program passes with ${last.precision}.`;
  }
  const left = new Set(last.failures);
  if (last.precision < LADDER.at(-1)!.states) {
    const failed = count(left.size, 'check fails', 'checks fail');
    return `${failed} with precision=${last.precision}, and no precision lets the program pass.`;
  }
  const gone = first!.failures.filter((failure) => !left.has(failure));
  const limits = gone.length === 0 ? '' : ` Limits of precision=${first!.precision} were: ${gone.join(', ')}.`;
  return `${count(left.size, 'check fails', 'checks fail')} at every precision: more of it does not help.${limits}`;
}
