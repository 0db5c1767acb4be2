import type { Verification } from '../../verifier/index.ts';
import type { Failure } from '../../verifier/report.ts';
import { findEntry } from '../knowledge/index.ts';
import type { Run } from '../search/runner.ts';
import { type Follow, searchNow } from '../search/search.ts';
import type { Verdict } from '../search/verdict.ts';
import { type Fix, proposeFixes } from './fixes.ts';
import type { Lowering } from './lowering.ts';

/**
 * Where the cause of a failure lies. `bug`, `leak`: in the source. `lowering`: in what the compiler made of a source that checks. `limit`: in what the
 * verifier can prove. `rule`: in what the platform allows. `environment`: in how the object was made or loaded. `undetermined`: nobody knows yet.
 */
export type CauseClass = 'bug' | 'leak' | 'lowering' | 'limit' | 'rule' | 'environment' | 'undetermined';

/** What is thought of one failed check: plain values that survive structured cloning and JSON. */
export interface Judgement {
  /** Index into the failures of the report. */
  readonly failure: number;
  readonly class: CauseClass;
  readonly verdict: Verdict;
  readonly fixes: readonly Omit<Fix, 'applied'>[];
  /** Titles of changes that were tried and with which the program is rejected still. */
  readonly rejected: readonly string[];
  readonly lowering: Lowering | undefined;
}

export interface JudgeOptions {
  readonly run: Run;
  /** Follows an input through the verifier's states; only the one that shows the failure is worth the time here. */
  readonly follow?: Follow;
  /** For the search, and again for the fixes; default 700 milliseconds. */
  readonly budgetMilliseconds?: number;
  readonly maxTries?: number;
}

/** Searches for a counterexample and for fixes of one failed check of a report, in the calling thread and without a pause. */
export function judgeFailure(
  verification: Verification,
  index: number,
  { run, follow, budgetMilliseconds = 700, maxTries = 4000 }: JudgeOptions,
): Judgement {
  const failure = verification.report.failures[index]!;
  const verdict = searchNow(verification, failure, {
    run,
    budgetMilliseconds,
    maxTries,
    ...(follow === undefined ? {} : { follow, followOnlyFound: true }),
  });
  const { fixes, lowering, rejected } = proposeFixes(verification, failure, {
    budgetMilliseconds,
    most: 2,
    verify: { timeLimit: budgetMilliseconds },
  });
  return {
    failure: index,
    class: classOf(failure, verdict, lowering),
    verdict,
    fixes: fixes.map(({ applied: _, ...fix }) => fix),
    rejected,
    lowering,
  };
}

/** The class of a judged failure. What a run showed outweighs what is usually behind the message. */
export function classOf({ id }: Failure, { kind }: Verdict, lowering: Lowering | undefined): CauseClass {
  const nature = findEntry(id)?.nature;
  if (nature === 'environment') return 'environment';
  if (kind === 'rule') return 'rule';
  if (kind === 'confirmed') return nature === 'leak' || nature === 'rule' ? nature : 'bug';
  if (lowering !== undefined) return 'lowering';
  return kind;
}
