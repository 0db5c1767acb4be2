import { breakpointsAt, breakpointText, type Hit } from '../../src/explain/queries/breakpoints.ts';
import type { Direction } from '../../src/explain/queries/motion.ts';
import { CommandError } from '../errors.ts';
import type { Debugger, ShownStep } from './debugger.ts';
import { stepText } from './render.ts';

/** A breakpoint that stopped a motion. */
interface NamedHit extends Omit<Hit, 'breakpoint'> {
  readonly number: number;
  readonly text: string;
}

interface Halt {
  readonly direction: Direction;
  readonly went: number;
  readonly hits: readonly NamedHit[];
  readonly step: ShownStep;
}

/** Instructions between two looks at whether the command was cancelled. */
const SLICE = 256;

/** Goes along the path until something stops it. @throws CommandError where it is cancelled; then it stands where it came to. */
export async function goOn(debug: Debugger, direction: Direction, signal: AbortSignal): Promise<Halt> {
  const { session } = debug;
  const numbers = [...debug.breakpoints.keys()];
  const breakpoints = [...debug.breakpoints.values()];
  const stop = breakpointsAt(session, breakpoints);
  const from = session.index;
  let hits: readonly Hit[] = [];
  for (;;) {
    const { reason, went } = session.advance(direction, stop, SLICE);
    hits = reason ?? [];
    if (reason !== undefined || went < SLICE) break;
    await new Promise(setImmediate);
    if (signal.aborted) throw new CommandError('cancelled', 'The command was cancelled.');
  }
  const went = Math.abs(session.index - from);
  if (went > 0) debug.moved(`${direction === 'forward' ? 'step' : 'back'} ${went}`);
  return {
    direction,
    went,
    hits: hits.map(({ breakpoint, ...hit }) => ({ number: numbers[breakpoint]!, text: breakpointText(breakpoints[breakpoint]!), ...hit })),
    step: debug.look(),
  };
}

export function haltText({ direction, hits, step }: Halt): string {
  if (hits.length === 0) return `${stepText(step)}${direction === 'forward' ? 'The path ends here.' : 'The path begins here.'}\n`;
  return `${hits.map(hitText).join('')}${stepText(step)}`;
}

function hitText({ number, text, was, now }: NamedHit): string {
  if (was === undefined && now === undefined) return `Breakpoint ${number}: ${text}\n`;
  return `Watchpoint ${number}: ${text}: ${now ?? 'nothing known'} (was ${was ?? 'nothing known'})\n`;
}

export function haltJson({ went, hits, step }: Halt) {
  return { schema: 1, went, hits, step };
}
