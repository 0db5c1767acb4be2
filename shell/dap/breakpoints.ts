import {
  type BreakPlace,
  breakpointsAt,
  type Condition,
  parseCondition,
  parseWatchpoint,
  type Breakpoint as Stopping,
  slotsOf,
} from '../../src/explain/queries/breakpoints.ts';
import { coverageOf } from '../../src/explain/queries/coverage.ts';
import type { DebugSession } from '../../src/explain/session.ts';
import { RequestError } from './arguments.ts';

/** The kinds of breakpoints, as `stopped` events name them; each has a request of its own that replaces all of its kind. */
export type Reason = 'breakpoint' | 'instruction breakpoint' | 'function breakpoint' | 'data breakpoint';

export interface Breakpoint {
  readonly id: number;
  readonly reason: Reason;
  /** What it stops at; nothing where it is not verified. */
  readonly stops: readonly Stopping[];
  /** Which times that the path comes there count; all where nothing is said. */
  readonly hits: HitCondition | undefined;
  /** What is told instead of stopping. */
  readonly log: string | undefined;
}

/** Whether the nth time counts, n from 1. */
type HitCondition = (times: number) => boolean;

const HIT_CONDITIONS: Readonly<Record<string, (limit: number) => HitCondition>> = {
  '': (limit) => (times) => times === limit,
  '==': (limit) => (times) => times === limit,
  '>': (limit) => (times) => times > limit,
  '>=': (limit) => (times) => times >= limit,
  '<': (limit) => (times) => times < limit,
  '<=': (limit) => (times) => times <= limit,
  '%': (limit) => (times) => times % limit === 0,
};

/** Reads `3`, `>= 3`, `% 2`: which times that the path comes to a breakpoint count. @throws RequestError for other words. */
export function parseHitCondition(words: string): HitCondition {
  const found = /^\s*([=<>]=?|==|%|)\s*(\d{1,9})\s*$/.exec(words);
  const make = HIT_CONDITIONS[found?.[1] === '=' ? '==' : (found?.[1] ?? '?')];
  const limit = Number(found?.[2]);
  if (make === undefined || (found?.[1] === '%' && limit === 0)) throw new RequestError(`"${words}" is no hit condition; 3, >= 3 and % 2 are.`);
  return make(limit);
}

/** What `setExceptionBreakpoints` may name: places where the verifier gives something up, or knows that nobody comes. */
export const EXCEPTION_FILTERS = {
  failure: { label: 'Failed checks', description: 'Stops before an instruction whose check fails on the path.', default: true },
  'join-loss': { label: 'Losses at joins', description: 'Stops where merging paths lose something that was known.', default: false },
  widening: { label: 'Widenings', description: 'Stops at the head of a loop whose turns were merged into one state.', default: false },
  unreachable: { label: 'Impossible ways', description: 'Stops before a branch of which one way is never taken.', default: false },
} as const;

export type ExceptionFilter = keyof typeof EXCEPTION_FILTERS;

/** A filter that is on, and for failed checks whether one with that ID is to stop. */
export interface WantedFilter {
  readonly filter: ExceptionFilter;
  wants(id: string): boolean;
}

/**
 * Reads a filter, and for `failure` the IDs it is limited to, or their beginnings: `PKT-01, MAP`.
 *
 * @returns undefined for a filter that there is none of.
 * @throws RequestError for a condition that names no IDs.
 */
export function wantedFilter(name: string, condition = ''): WantedFilter | undefined {
  if (!Object.hasOwn(EXCEPTION_FILTERS, name)) return undefined;
  const ids = condition.split(/[\s,]+/).filter((id) => id !== '');
  const wrong = ids.find((id) => !/^[a-z]{2,4}(?:-\d{0,3})?$/i.test(id));
  if (wrong !== undefined) throw new RequestError(`"${wrong}" is no ID of a check; PKT-01 is, and PKT means all that begin with it.`);
  const starts = ids.map((id) => id.toUpperCase());
  return { filter: name as ExceptionFilter, wants: (id) => starts.length === 0 || starts.some((start) => id.startsWith(start)) };
}

/** Where the filters other than `failure` stop. */
export const FILTER_STOPS: Readonly<Record<Exclude<ExceptionFilter, 'failure'>, (session: DebugSession) => readonly Stopping[]>> = {
  'join-loss': () => [{ place: { kind: 'join' }, condition: undefined }],
  widening: () => [{ place: { kind: 'widening' }, condition: undefined }],
  unreachable: (session) =>
    (coverageOf(session)?.blocks ?? [])
      .filter(({ status, edges }) => status !== 'unreached' && edges.some(({ possible }) => !possible))
      .map(({ last }) => ({ place: { kind: 'instruction', pc: last }, condition: undefined })),
};

/**
 * Reads `must(r6 <= 63)`, `may(r0 == 0)`, or a bare comparison, which means `may`: as with any debugger, the program could be there with that value.
 *
 * @throws RequestError for other words.
 */
export function requireCondition(words: string): Condition {
  const condition = parseCondition(words);
  if (condition === undefined)
    throw new RequestError(`"${words}" is no condition; must(r6 <= 63), may(r0 == 0) and packet >= 34 are. Comparisons are unsigned, signed with s.`);
  return condition;
}

/** Stops before each of the slots. */
export function atSlots(slots: readonly number[]): readonly BreakPlace[] {
  return slots.map((pc) => ({ kind: 'instruction', pc }));
}

/** Stops at the entry of a function of the program, or before calls of a helper of that name. @throws RequestError where there is neither. */
export function atFunction(session: DebugSession, name: string): readonly BreakPlace[] {
  const places: readonly BreakPlace[] = [
    { kind: 'function', name },
    { kind: 'helper', helper: name },
  ];
  const found = places.filter((place) => (slotsOf(session, place) ?? []).length > 0);
  if (found.length === 0) throw new RequestError(`"${name}" is neither a function of the program nor a helper that it calls.`);
  return found;
}

/** Stops where what is known of a register, a stack byte or the packet changes: `r6`, `r6.max`, `fp-16`, `packet`. @throws RequestError. */
export function atChanges(name: string): readonly BreakPlace[] {
  const found = parseWatchpoint(name);
  if (found === undefined) throw new RequestError(`"${name}" cannot be watched; r6, r6.max, fp-16 and packet can.`);
  return [found.place];
}

/** A question to be asked after each instruction of a motion: which of the breakpoints stop here? */
export function breakpointWatch(session: DebugSession, breakpoints: readonly Breakpoint[]): () => readonly Breakpoint[] {
  const stops = breakpoints.flatMap((breakpoint) => breakpoint.stops.map((stop) => ({ breakpoint, stop })));
  const hits = breakpointsAt(
    session,
    stops.map(({ stop }) => stop),
  );
  return () =>
    [...new Set((hits() ?? []).map(({ breakpoint }) => stops[breakpoint]!.breakpoint))].filter((breakpoint) => counts(session, breakpoint));
}

/** The path is the same every time, so it is asked how often it has come here, and not how often somebody went along it. */
function counts(session: DebugSession, { hits }: Breakpoint): boolean {
  if (hits === undefined) return true;
  const { pc, index } = session;
  return hits(session.walk(0, index + 1).filter((step) => step.pc === pc).length);
}
