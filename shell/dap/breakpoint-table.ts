import type { BreakPlace } from '../../src/explain/queries/breakpoints.ts';
import { type RequestArguments, RequestError } from './arguments.ts';
import { type Breakpoint, parseHitCondition, type Reason, requireCondition } from './breakpoints.ts';

/** Where a breakpoint stops, and what its answer says besides. */
export interface Found {
  readonly places: readonly BreakPlace[];
  readonly wire: object;
}

/** `Breakpoint` of the protocol. */
export interface WireBreakpoint {
  readonly id: number;
  readonly verified: boolean;
  readonly message?: string;
  readonly reason?: 'failed';
}

interface Entry {
  readonly id: number;
  readonly reason: Reason;
  readonly wanted: RequestArguments;
  readonly find: (wanted: RequestArguments) => Found;
  readonly breakpoint: Breakpoint;
  readonly wire: WireBreakpoint;
}

/** The breakpoints that requests have set. What each was asked with is kept: in a program that was compiled again it may lie elsewhere. */
export class BreakpointTable {
  /** By what set them: a source file, or one of the other kinds. */
  private readonly sets = new Map<string, readonly Entry[]>();
  private count = 0;

  get all(): readonly Breakpoint[] {
    return [...this.sets.values()].flatMap((entries) => entries.map(({ breakpoint }) => breakpoint));
  }

  /** Takes the breakpoints of a request for all of their set. One that cannot be set is answered with the reason; the others stand. */
  replace(set: string, reason: Reason, wanted: readonly RequestArguments[], find: Entry['find']): readonly WireBreakpoint[] {
    const entries = wanted.map((one) => placed({ id: ++this.count, reason, wanted: one, find }));
    this.sets.set(set, entries);
    return entries.map(({ wire }) => wire);
  }

  /** Places all of them anew, in another program. */
  renew(): readonly WireBreakpoint[] {
    for (const [set, entries] of this.sets) this.sets.set(set, entries.map(placed));
    return [...this.sets.values()].flatMap((entries) => entries.map(({ wire }) => wire));
  }
}

function placed({ id, reason, wanted, find }: Pick<Entry, 'id' | 'reason' | 'wanted' | 'find'>): Entry {
  const entry = { id, reason, wanted, find };
  try {
    const condition = given(wanted.text('condition'), requireCondition);
    const hits = given(wanted.text('hitCondition'), parseHitCondition);
    const { places, wire } = find(wanted);
    const breakpoint = {
      id,
      reason,
      stops: places.map((place) => ({ place, condition })),
      hits,
      log: given(wanted.text('logMessage'), (words) => words),
    };
    return { ...entry, breakpoint, wire: { id, verified: true, ...wire } };
  } catch (error) {
    if (!(error instanceof RequestError)) throw error;
    const breakpoint = { id, reason, stops: [], hits: undefined, log: undefined };
    return { ...entry, breakpoint, wire: { id, verified: false, message: error.message, reason: 'failed' } };
  }
}

/** Editors send empty words for what the person left empty. */
function given<T>(words: string | undefined, read: (words: string) => T): T | undefined {
  return words === undefined || words.trim() === '' ? undefined : read(words);
}
