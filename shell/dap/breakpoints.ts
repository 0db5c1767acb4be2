import { type Answer, type Proposition, parseProposition } from '../../src/explain/prove.ts';
import type { DebugSession } from '../../src/explain/session.ts';
import { RequestError } from './arguments.ts';

/** When a breakpoint counts: `must(r6 <= 63)` where the verifier can prove it, `may(...)` where it cannot rule it out. */
export interface Condition {
  readonly mode: 'must' | 'may';
  readonly proposition: Proposition;
}

export interface Breakpoint {
  readonly id: number;
  /** Slots that it stops before; none where it is not verified. */
  readonly slots: readonly number[];
  readonly condition: Condition | undefined;
}

const HOLDS: Readonly<Record<Condition['mode'], readonly Answer[]>> = { must: ['always'], may: ['always', 'unknown'] };

/**
 * Reads `must(r6 <= 63)`, `may(r0 == 0)`, or a bare comparison, which means `may`: as with any debugger, the program could be there with that value.
 *
 * @throws RequestError for other words.
 */
export function parseCondition(text: string): Condition {
  const found = /^\s*(must|may)\s*\(([^()]*)\)\s*$/i.exec(text);
  const proposition = parseProposition(found?.[2] ?? text);
  if (proposition === undefined)
    throw new RequestError(`"${text}" is no condition; must(r6 <= 63), may(r0 == 0) and packet >= 34 are. Comparisons are unsigned, signed with s.`);
  return { mode: found?.[1]?.toLowerCase() === 'must' ? 'must' : 'may', proposition };
}

export function conditionHolds(session: DebugSession, { mode, proposition }: Condition): boolean {
  const proved = session.prove(proposition);
  return proved !== undefined && HOLDS[mode].includes(proved.answer);
}

/** The breakpoints before the current instruction whose conditions hold. */
export function breakpointsHit(session: DebugSession, breakpoints: readonly Breakpoint[]): readonly Breakpoint[] {
  const { pc } = session;
  return breakpoints.filter(({ slots, condition }) => slots.includes(pc) && (condition === undefined || conditionHolds(session, condition)));
}
