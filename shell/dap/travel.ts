import { breakpointsAt } from '../../src/explain/queries/breakpoints.ts';
import type { DebugSession } from '../../src/explain/session.ts';
import { sameLine } from '../../src/explain/source.ts';
import {
  type Breakpoint,
  breakpointWatch,
  EXCEPTION_FILTERS,
  type ExceptionFilter,
  FILTER_STOPS,
  type Reason,
  type WantedFilter,
} from './breakpoints.ts';
import { failingHere } from './views.ts';

/** Why a motion ended, as a `stopped` event tells it. */
export interface Stop {
  readonly reason: 'entry' | 'step' | Reason | 'exception' | 'pause' | 'end of path' | 'goto' | 'restart';
  /** For an exception: the filter that asked for it. */
  readonly filter?: ExceptionFilter;
  readonly description: string;
  readonly text?: string;
  readonly hitBreakpointIds?: readonly number[];
}

/** What ends a motion besides its own aim. */
export interface Obstacles {
  readonly breakpoints: readonly Breakpoint[];
  readonly filters: readonly WantedFilter[];
  /** Told of breakpoints that have something to say instead of stopping. */
  log(breakpoint: Breakpoint): void;
  /** Asked between instructions. */
  paused(): boolean;
}

export type Motion = 'next' | 'stepIn' | 'stepOut' | 'stepBack' | 'continue' | 'reverseContinue';
/** `enter`: over the branch or call at the end of the current block, to the first instruction behind it. */
type Aim = Motion | 'enter';
export type Granularity = 'line' | 'instruction';

/** Where a motion left from. */
interface Start {
  readonly depth: number;
  readonly pc: number;
}

const depthOf = (session: DebugSession) => session.state.frames.length - 1;

/** When a motion has arrived, for those that have an aim. */
const ARRIVED: Readonly<Record<Aim, (session: DebugSession, start: Start, granularity: Granularity) => boolean>> = {
  next: (session, start, granularity) => depthOf(session) <= start.depth && isNewPlace(session, start, granularity),
  stepIn: isNewPlace,
  stepOut: (session, start) => depthOf(session) < start.depth,
  stepBack: (session, start, granularity) => depthOf(session) <= start.depth && isNewPlace(session, start, granularity),
  continue: () => false,
  reverseContinue: () => false,
  enter: (session) => session.entered !== undefined,
};

const BACKWARD: readonly Aim[] = ['stepBack', 'reverseContinue'];
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
export async function travel(session: DebugSession, motion: Aim, granularity: Granularity, obstacles: Obstacles): Promise<Stop> {
  const start: Start = { depth: depthOf(session), pc: session.pc };
  const backward = BACKWARD.includes(motion);
  const obstacleHere = obstacleWatch(session, obstacles);
  for (let steps = 1; ; steps++) {
    if ((backward ? session.back(1) : session.step(1)) === 0) return backward ? atEntry() : atEnd(session);
    const hit = obstacleHere();
    if (hit !== undefined) return hit;
    if (ARRIVED[motion](session, start, granularity)) return { reason: 'step', description: 'Stepped' };
    if (steps % SLICE === 0) await new Promise(setImmediate);
    if (obstacles.paused()) return { reason: 'pause', description: 'Paused' };
  }
}

/** What stops a motion before the current instruction; asked after each of its steps. */
function obstacleWatch(session: DebugSession, { breakpoints, filters, log }: Obstacles): () => Stop | undefined {
  const hit = breakpointWatch(session, breakpoints);
  const failures = filters.find(({ filter }) => filter === 'failure');
  const given = filters.flatMap(({ filter }) =>
    filter === 'failure' ? [] : [{ filter, at: breakpointsAt(session, FILTER_STOPS[filter](session)) }],
  );
  return () => {
    const failing = failures === undefined ? undefined : failingHere(session).find(({ failure }) => failures.wants(failure.id));
    // Every watch is asked at every step: they remember what they saw.
    const all = hit();
    for (const breakpoint of all) if (breakpoint.log !== undefined) log(breakpoint);
    const hits = all.filter((breakpoint) => breakpoint.log === undefined);
    const stopped = given.filter(({ at }) => at() !== undefined);
    if (failing !== undefined) {
      const { id, message } = failing.failure;
      return { reason: 'exception', filter: 'failure', description: `${id}: a check fails`, text: `${id}: ${message}` };
    }
    const [filtered] = stopped;
    if (filtered !== undefined) return { reason: 'exception', filter: filtered.filter, description: EXCEPTION_FILTERS[filtered.filter].label };
    const [first] = hits;
    if (first !== undefined) return { reason: first.reason, description: 'Paused on breakpoint', hitBreakpointIds: hits.map(({ id }) => id) };
    return undefined;
  };
}

/** What would stop a motion that begins here. */
export function obstacleAt(session: DebugSession, obstacles: Obstacles): Stop | undefined {
  return obstacleWatch(session, obstacles)();
}

export function atEntry(): Stop {
  return { reason: 'entry', description: 'At the entry of the program' };
}

function atEnd(session: DebugSession): Stop {
  return { reason: 'end of path', description: session.view().end ?? 'The path ends here.' };
}
