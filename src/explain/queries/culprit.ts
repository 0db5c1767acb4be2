import type { Steps } from '../../verifier/steps.ts';
import type { DebugSession } from '../session.ts';
import type { NumberedFailure } from '../views.ts';
import { checkNeed, holdsIn, type Need } from './need.ts';
import { type WhyNot, whyNotSteps } from './whynot.ts';

/** A failed check, and the point of its path that is to blame. */
export interface Culprit extends WhyNot {
  readonly failure: NumberedFailure;
}

/**
 * Where what a failed check needs was lost: the last point at which it held on this path; where it never did, the check that comes nearest to proving it.
 * The session stays where it is.
 *
 * @param number of the failure, 0 for none.
 * @returns undefined where there is no such failure, no path to it, or its check is not about what is known before the instruction.
 */
export function culpritSteps(session: DebugSession, number: number): Steps<Culprit | undefined> {
  return atFailure(session, number, function* (failure, need) {
    return { ...(yield* whyNotSteps(session, need)), failure };
  });
}

/** Asks something at a failing instruction and comes back; undefined where there is no path to it, or the check is not about what is known there. */
export function atFailure<Answer>(
  session: DebugSession,
  number: number,
  ask: (failure: NumberedFailure, need: Need) => Steps<Answer>,
): Steps<Answer | undefined> {
  return session.asideSteps(function* () {
    const failure = number < 1 ? undefined : session.failure(number);
    if (failure === undefined || session.pc !== failure.failure.instruction) return undefined;
    const failing = session
      .requirements()
      .find(({ kind, register, holds }) => !holds && kind === failure.failure.check.kind && register === failure.failure.check.register);
    const need = checkNeed(session, failure, failing?.words ?? failure.failure.check.text);
    // Some checks look at the whole path, or at the code: nothing that is known before one instruction decides them.
    return holdsIn(need, session.state) ? undefined : yield* ask(failure, need);
  });
}
