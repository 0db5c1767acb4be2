import { type Fixes, fixSteps } from '../../src/explain/fixes/fixes.ts';
import { type Culprit, culpritSteps } from '../../src/explain/queries/culprit.ts';
import type { DebugSession } from '../../src/explain/session.ts';
import type { NumberedFailure } from '../../src/explain/views.ts';
import type { Steps } from '../../src/verifier/steps.ts';
import { type Control, patiently } from './judge.ts';

/** Answers about the failures of a session that were found once, by the number of the failure: they do not change. */
class Found<Answer> {
  readonly #known = new WeakMap<DebugSession, Map<number, Answer>>();

  async find(session: DebugSession, number: number, title: string, steps: () => Steps<Answer>, control: Control): Promise<Answer> {
    const known = this.#of(session);
    if (!known.has(number)) known.set(number, await patiently(steps(), title, control));
    return known.get(number)!;
  }

  #of(session: DebugSession): Map<number, Answer> {
    let known = this.#known.get(session);
    if (known === undefined) {
      known = new Map();
      this.#known.set(session, known);
    }
    return known;
  }
}

const FIXES = new Found<Fixes>();
const CULPRITS = new Found<Culprit | undefined>();

/**
 * The changes that repair a failed check: listing and applying them, and the guide, speak of the same ones.
 *
 * @throws CommandError where looking for them is cancelled.
 */
export function fixesFor(session: DebugSession, { number, failure }: NumberedFailure, control: Control): Promise<Fixes> {
  return FIXES.find(session, number, `fix ${failure.id}`, () => fixSteps(session.verification, failure), control);
}

/** The point of a failure's path that is to blame; see `culpritSteps`. @throws CommandError where looking for it is cancelled. */
export function culpritFor(session: DebugSession, number: number, control: Control): Promise<Culprit | undefined> {
  return CULPRITS.find(session, number, 'culprit', () => culpritSteps(session, number), control);
}
