import type { VerificationReport } from '../../verifier/report.ts';
import type { Decision } from '../decision.ts';
import type { FactChange } from '../diff.ts';
import type { Judgement } from '../fixes/judgement.ts';
import type { Explanation } from '../report.ts';
import type { DebugSession } from '../session.ts';
import type { SourceLine } from '../source.ts';
import { variableNames } from '../variables.ts';
import type { StepView } from '../views.ts';

/** A fact in words; the verifier's own values do not survive a thread or a file. */
export interface WalkedFact {
  readonly kind: string;
  readonly subject: string;
  readonly words: string;
  /** The variable of the source that the place holds, where one is known. */
  readonly name?: string;
}

/** One instruction on a recorded path, with all that was known before it. */
export interface WalkStep {
  /** Instructions of the path before this one. */
  readonly index: number;
  readonly pc: number;
  readonly text: string;
  readonly source: SourceLine | undefined;
  readonly function: string;
  /** Calls that are active, 0 in the program's own function. */
  readonly depth: number;
  readonly facts: readonly WalkedFact[];
  /** What merging with other paths took away before this instruction. */
  readonly merged: readonly FactChange[];
  readonly requirements: readonly { readonly words: string; readonly holds: boolean; readonly margin?: string }[];
  /** Numbers of the failed checks at this instruction, from 1. */
  readonly failures: readonly number[];
  readonly changes: readonly FactChange[];
  /** Where the path goes on, at the end of a block. */
  readonly decision: Decision | undefined;
  /** Why the path ends here. */
  readonly end: string | undefined;
}

/** A recorded path through the program: plain values that survive structured cloning and JSON. */
export interface Walk {
  /** Number of the failed check that it leads to, counted through failures and then warnings from 1; 0: the path that was taken first. */
  readonly failure: number;
  /** Instructions of the path before the first recorded one. */
  readonly skipped: number;
  readonly steps: readonly WalkStep[];
  /** The path goes on behind the last recorded step. */
  readonly cut: boolean;
}

/** Recorded steps of one path at most; of a longer way to a failure the last ones are kept. */
export const MAX_STEPS = 400;
/** Steps from the entry whose variables are named: finding them takes longer with every step. */
const NAMED_STEPS = 80;
/** Recorded paths of one program at most. */
export const MAX_WALKS = 16;

/**
 * Records the ways to the failed checks of a program.
 *
 * @param session is moved.
 * @param which with `all`, the path that the verifier took first where no check fails.
 */
export function recordWalks(session: DebugSession, which: 'failures' | 'all'): readonly Walk[] {
  if (!session.steppable) return [];
  const walks: Walk[] = [];
  for (const { number } of session.failures.slice(0, MAX_WALKS)) {
    const walk = walkToFailure(session, number);
    if (walk !== undefined) walks.push(walk);
  }
  return walks.length > 0 || which === 'failures' ? walks : [firstWalk(session)];
}

/** The way to one failed check, which is the last step; undefined where the verifier kept no path to it. */
export function walkToFailure(session: DebugSession, number: number): Walk | undefined {
  const found = session.failure(number);
  if (found === undefined || session.pc !== found.failure.instruction) return undefined;
  const last = session.index;
  const skipped = Math.max(0, last + 1 - MAX_STEPS);
  session.gotoStart();
  if (skipped > 0) session.step(skipped);
  return { failure: number, skipped, steps: record(session, last + 1 - skipped), cut: false };
}

function firstWalk(session: DebugSession): Walk {
  session.gotoStart();
  const steps = record(session, MAX_STEPS);
  return { failure: 0, skipped: 0, steps, cut: steps.at(-1)?.end === undefined };
}

function record(session: DebugSession, count: number): readonly WalkStep[] {
  const steps: WalkStep[] = [];
  while (steps.length < count) {
    steps.push(stepOf(session, session.view()));
    if (steps.length === count || session.step(1) === 0) break;
  }
  return steps;
}

function stepOf(session: DebugSession, view: StepView): WalkStep {
  const { index, pc, text, source, depth, decision, end } = view;
  const names = session.source.known && index < NAMED_STEPS ? variableNames(session) : () => undefined;
  return {
    index,
    pc,
    text,
    source,
    function: view.function,
    depth,
    facts: session.facts().map(({ kind, subject, words }) => {
      const name = names(subject);
      return { kind, subject, words, ...(name === undefined ? {} : { name }) };
    }),
    merged: view.join?.changes ?? [],
    requirements: view.requirements.map(({ words, holds, margin }) => ({ words, holds, ...(margin === undefined ? {} : { margin }) })),
    failures: view.failures.map(({ number }) => number),
    changes: view.changes ?? [],
    decision,
    end,
  };
}

/** One verified program as the exports want it. */
export interface ExportedProgram {
  readonly report: VerificationReport;
  /** Of some of its failures: what is required, established and missing. */
  readonly explanations: readonly Explanation[];
  /** Of some of its failures: the verdict and the fixes; absent where nothing was searched. */
  readonly judgements?: readonly Judgement[];
  readonly walks: readonly Walk[];
  /** The line that a slot belongs to. */
  sourceOf(slot: number): SourceLine | undefined;
  /** The function that a slot belongs to. */
  functionOf(slot: number): string;
}

/** An object with the programs of it that were verified. */
export interface ExportedObject {
  readonly path: string;
  readonly sha256: string;
  readonly platform: string;
  readonly programs: readonly ExportedProgram[];
}
