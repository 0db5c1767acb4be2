import type { Instruction } from '../../isa/instruction.ts';
import { type Watched, watchedWords } from '../aspect.ts';
import type { DebugSession } from '../session.ts';
import { sameLine } from '../source.ts';

/**
 * How far one step goes. `line`: to another source line. `event`: to the next thing that a report would tell; on the path of a failure the events of
 * its story and the failing instruction, on another path branches, calls, returns, and joins that lose something. `change`: to where something else is
 * known of a place.
 */
export type Unit =
  | { readonly kind: 'instruction' }
  | { readonly kind: 'line' }
  | { readonly kind: 'event' }
  | { readonly kind: 'change'; readonly watched: Watched };

export type Direction = 'forward' | 'back';

/** Instructions that one step looks at before it gives up: an open path may go round a loop for ever. */
const MAX_LOOKED_AT = 20_000;

/**
 * Goes one unit along the path.
 *
 * @returns instructions gone; `arrived` is false where the path ended, or nothing was found, before the unit was full.
 */
export function move(session: DebugSession, direction: Direction, unit: Unit): { readonly went: number; readonly arrived: boolean } {
  const stop = STOPS[unit.kind](session, direction, unit as never);
  const { reason, went } = session.advance(direction, () => (stop() ? true : undefined), MAX_LOOKED_AT);
  return { went, arrived: reason === true };
}

type Stops = { readonly [Kind in Unit['kind']]: (session: DebugSession, direction: Direction, unit: Extract<Unit, { kind: Kind }>) => () => boolean };

const STOPS: Stops = {
  instruction: () => () => true,
  line: (session, direction) => (direction === 'forward' ? otherLine(session) : () => beginsLine(session)),
  event: (session) => atEvent(session),
  change: (session, _direction, { watched }) => changed(session, watched),
};

/** Whether the path has come to another line; every instruction is one where no lines are known. Code of the compiler's own belongs to the line before. */
function otherLine(session: DebugSession): () => boolean {
  const from = session.source.at(session.pc);
  const depth = session.state.frames.length;
  return () => {
    const here = session.source.at(session.pc);
    if (session.state.frames.length !== depth || from === undefined || here === undefined) return true;
    return here.line !== 0 && !sameLine(from, here);
  };
}

/** Whether the instruction before this one on the path belongs to another line. */
function beginsLine(session: DebugSession): boolean {
  const here = session.source.at(session.pc);
  if (here === undefined) return true;
  if (here.line === 0) return false;
  for (const { pc, before } of session.earlier())
    return !sameLine(session.source.at(pc), here) || before.frames.length !== session.state.frames.length;
  return true;
}

const TURNS: ReadonlySet<Instruction['kind']> = new Set(['branch', 'may_goto', 'call', 'call_btf', 'callx', 'call_local', 'exit']);

function atEvent(session: DebugSession): () => boolean {
  const told = storyIndices(session);
  if (told !== undefined) return () => told.has(session.index);
  return () => TURNS.has(session.machine.instruction(session.pc).kind) || losesAtJoin(session);
}

/** Where on the path of a failure its story happens; undefined on another path. */
function storyIndices(session: DebugSession): ReadonlySet<number> | undefined {
  if (session.followedFailure === 0) return undefined;
  return session.aside(() => {
    session.gotoEndOfKnown();
    return new Set([...session.story(session.relevantRegisters()).map(({ index }) => index), session.index]);
  });
}

/** Whether merging paths at the current instruction made less known. */
export function losesAtJoin(session: DebugSession): boolean {
  return (session.joinHere()?.changes ?? []).some(({ change }) => change === 'lost' || change === 'weaker');
}

function changed(session: DebugSession, watched: Watched): () => boolean {
  const frame = session.state.frames.length - 1;
  const words = () => watchedWords(session.machine, session.state, watched, frame);
  const first = words();
  // While a called function runs, the caller's place is looked at.
  return () => words() !== first;
}
