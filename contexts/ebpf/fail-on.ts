import type { VerdictKind } from '../../src/explain/search/verdict.ts';
import { UsageError } from '../errors.ts';
import { didYouMean, PARAMETER_INCORRECT, unacceptableValue } from '../messages.ts';
import type { ExitCode } from '../session-types.ts';
import { suggest } from '../suggest.ts';
import type { ExplainedReport } from '../verify.ts';

/** Why a program does not pass: what the search found out, or why it could not be judged. */
export type Finding = VerdictKind | 'input';

/** Exit codes by finding, worst first: what a run proved, what a platform forbids, what nobody knows, what is likely no bug. */
const CODES: readonly (readonly [Finding, ExitCode])[] = [
  ['input', 5],
  ['confirmed', 1],
  ['rule', 4],
  ['undetermined', 3],
  ['limit', 2],
];

const WORDS = ['confirmed', 'limit', 'undetermined', 'rule', 'any', 'none'] as const;

/** What `fail-on=` names: findings that make the command fail. An object that cannot be judged always does. */
export type FailOn = ReadonlySet<Finding>;

/**
 * Reads `confirmed,rule`, `any` or `none`.
 *
 * @throws UsageError in netsh's words for a word that means nothing.
 */
export function parseFailOn(text: string): FailOn {
  const chosen = new Set<Finding>(['input']);
  for (const part of text.toLowerCase().split(',')) {
    const word = WORDS.find((known) => known === part);
    if (word === undefined) {
      throw new UsageError(`${unacceptableValue(part, 'fail-on')}${didYouMean(suggest(part, [...WORDS]))}\n${PARAMETER_INCORRECT}`, { value: text });
    }
    if (word === 'any') for (const [finding] of CODES) chosen.add(finding);
    else if (word !== 'none') chosen.add(word);
  }
  return chosen;
}

/** What a report comes to; undefined where the program passes. Where nothing was searched, nobody knows. */
export function findingOf({ verdict, error, judgements }: ExplainedReport): Finding | undefined {
  if (verdict === 'accepted') return undefined;
  if (error !== undefined) return error.kind === 'link' || error.kind === 'decode' ? 'input' : 'undetermined';
  return judgements?.[0]?.verdict.kind ?? 'undetermined';
}

/** The exit code of the worst finding that `fail-on=` names; 0 where there is none. */
export function exitCodeOf(reports: readonly ExplainedReport[], failOn: FailOn): ExitCode {
  const found = new Set(reports.map(findingOf));
  return CODES.find(([finding]) => found.has(finding) && failOn.has(finding))?.[1] ?? 0;
}

/** For an object that cannot be read at all. */
export const INPUT_ERROR: ExitCode = 5;
