import type { Verification } from '../../verifier/index.ts';
import type { Run } from '../search/runner.ts';
import { searchNow } from '../search/search.ts';
import type { Verdict } from '../search/verdict.ts';
import { type Fix, proposeFixes } from './fixes.ts';
import type { Lowering } from './lowering.ts';

/** What is thought of one failed check: plain values that survive structured cloning and JSON. */
export interface Judgement {
  /** Index into the failures of the report. */
  readonly failure: number;
  readonly verdict: Verdict;
  readonly fixes: readonly Omit<Fix, 'applied'>[];
  readonly lowering: Lowering | undefined;
}

export interface JudgeOptions {
  readonly run: Run;
  /** For the search, and again for the fixes; default 500 milliseconds. */
  readonly budgetMilliseconds?: number;
  readonly maxTries?: number;
}

/** Searches for a counterexample and for fixes of one failed check of a report, in the calling thread and without a pause. */
export function judgeFailure(verification: Verification, index: number, { run, budgetMilliseconds = 500, maxTries = 2000 }: JudgeOptions): Judgement {
  const failure = verification.report.failures[index]!;
  const verdict = searchNow(verification, failure, { run, budgetMilliseconds, maxTries });
  const { fixes, lowering } = proposeFixes(verification, failure, { budgetMilliseconds, most: 2, verify: { timeLimit: budgetMilliseconds } });
  return { failure: index, verdict, fixes: fixes.map(({ applied: _, ...fix }) => fix), lowering };
}
