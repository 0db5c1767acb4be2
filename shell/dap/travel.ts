import type { DebugSession } from '../../src/explain/session.ts';
import { sameLine } from '../../src/explain/source.ts';
import { type Breakpoint, breakpointsHit } from './breakpoints.ts';
import { failingHere } from './views.ts';

/** Why a motion ended, as a `stopped` event tells it. */
export interface Stop {
  readonly reason: 'entry' | 'step' | 'breakpoint' | 'instruction breakpoint' | 'exception' | 'pause' | 'end of path' | 'goto';
  readonly description: string;
  readonly text?: string;
  readonly hitBreakpointIds?: readonly number[];
}

/** What ends a motion besides its own aim. */
export interface Obstacles {
  readonly lines: readonly Breakpoint[];
  readonly instructions: readonly Breakpoint[];
  /** Stop where a check fails. */
  readonly failures: boolean;
  /** Asked between instructions. */
  paused(): boolean;
}

export type Motion = 'next' | 'stepIn' | 'stepOut' | 'stepBack' | 'continue' | 'reverseContinue';
export type Granularity = 'line' | 'instruction';

/** Where a motion left from. */
interface Start {
  readonly depth: number;
  readonly pc: number;
}

const depthOf = (session: DebugSession) => session.state.frames.length - 1;

/** When a motion has arrived, for those that have an aim. */
const ARRIVED: Readonly<Record<Motion, (session: DebugSession, start: Start, granularity: Granularity) => boolean>> = {
  next: (session, start, granularity) => depthOf(session) <= start.depth && isNewPlace(session, start, granularity),
  stepIn: isNewPlace,
  stepOut: (session, start) => depthOf(session) < start.depth,
  stepBack: (session, start, granularity) => depthOf(session) <= start.depth && isNewPlace(session, start, granularity),
  continue: () => false,
  reverseContinue: () => false,
};

const BACKWARD: readonly Motion[] = ['stepBack', 'reverseContinue'];
/** Instructions between two looks at the other side's messages. */
const SLICE = 256;

/** Another instruction is a new place, or only one of another line. Where no lines are known every instruction is one. */
function isNewPlace(session: DebugSession, { depth, pc }: Start, granularity: Granularity): boolean {
  if (granularity === 'instruction' || depthOf(session) !== depth) return true;
  const from = session.source.at(pc);
  const to = session.source.at(session.pc);
  return from === undefined || to === undefined || (to.line !== 0 && !sameLine(from, to));
}

/** Moves until the motion has arrived, something is in the way, or the path ends; gives way to other work in between. */
export async function travel(session: DebugSession, motion: Motion, granularity: Granularity, obstacles: Obstacles): Promise<Stop> {
  const start: Start = { depth: depthOf(session), pc: session.pc };
  const backward = BACKWARD.includes(motion);
  for (let steps = 1; ; steps++) {
    if ((backward ? session.back(1) : session.step(1)) === 0) return backward ? atEntry() : atEnd(session);
    const hit = obstacleAt(session, obstacles);
    if (hit !== undefined) return hit;
    if (ARRIVED[motion](session, start, granularity)) return { reason: 'step', description: 'Stepped' };
    if (steps % SLICE === 0) await new Promise(setImmediate);
    if (obstacles.paused()) return { reason: 'pause', description: 'Paused' };
  }
}

/** What stops a motion before the current instruction. */
export function obstacleAt(session: DebugSession, { lines, instructions, failures }: Obstacles): Stop | undefined {
  const [failing] = failures ? failingHere(session) : [];
  if (failing !== undefined)
    return { reason: 'exception', description: `${failing.failure.id}: a check fails`, text: `${failing.failure.id}: ${failing.failure.message}` };
  for (const [reason, breakpoints] of [
    ['breakpoint', lines],
    ['instruction breakpoint', instructions],
  ] as const) {
    const hit = breakpointsHit(session, breakpoints);
    if (hit.length > 0) return { reason, description: 'Paused on breakpoint', hitBreakpointIds: hit.map(({ id }) => id) };
  }
  return undefined;
}

export function atEntry(): Stop {
  return { reason: 'entry', description: 'At the entry of the program' };
}

function atEnd(session: DebugSession): Stop {
  return { reason: 'end of path', description: session.view().end ?? 'The path ends here.' };
}
