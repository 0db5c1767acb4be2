import { type Fixes, fixSteps } from '../../src/explain/fixes/fixes.ts';
import type { DebugSession } from '../../src/explain/session.ts';
import type { NumberedFailure } from '../../src/explain/views.ts';
import { type Control, patiently } from './judge.ts';

/** Fixes that were found once, by the number of the failure: listing and applying them, and the guide, speak of the same ones. */
const FOUND = new WeakMap<DebugSession, Map<number, Fixes>>();

/** The changes that repair a failed check. @throws CommandError where looking for them is cancelled. */
export async function fixesFor(session: DebugSession, { number, failure }: NumberedFailure, control: Control): Promise<Fixes> {
  let known = FOUND.get(session);
  if (known === undefined) {
    known = new Map();
    FOUND.set(session, known);
  }
  let fixes = known.get(number);
  if (fixes === undefined) {
    fixes = await patiently(fixSteps(session.verification, failure), `fix ${failure.id}`, control);
    known.set(number, fixes);
  }
  return fixes;
}
