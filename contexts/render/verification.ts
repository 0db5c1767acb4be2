import type { Explanation } from '../../src/explain/report.ts';
import type { ObjectProgram } from '../../src/object/object-file.ts';
import type { Failure, VerificationReport } from '../../src/verifier/report.ts';
import type { Fragment } from '../command.ts';
import type { ExplainedReport } from '../verify.ts';
import { type SourcePlace, sourceText } from './disassembly.ts';
import { explanationText, sliceText } from './explanation.ts';
import { invariantsText } from './invariants.ts';
import { judgementText } from './judgement.ts';
import { sourceAt } from './source.ts';
import { programTitle } from './title.ts';
import { wrap } from './wrap.ts';

type Level = 'normal' | 'informational' | 'verbose';
type SourceOf = (slot: number) => SourcePlace | undefined;

/** A report with the program it is about, for its source lines. */
interface VerifiedProgram {
  readonly report: ExplainedReport;
  readonly program: ObjectProgram;
  /** The section's name did not tell the program type. */
  readonly typeInferred: boolean;
}

/** `show verification` in words: successes on standard output, failures on standard error, titles where there are several programs. */
export function verificationText(verified: readonly VerifiedProgram[], level: Level): readonly Fragment[] {
  const blocks = verified.map(({ report, program, typeInferred }): Fragment => {
    const title = verified.length > 1 ? programTitle(report.section, report.program) : '';
    const note = typeInferred ? `Program type: ${report.programType} (inferred, section "${report.section}" does not tell; type= sets it)\n` : '';
    const text = report.verdict === 'accepted' ? successText(report, program, level) : failureText(report, program, level);
    const figures = level === 'verbose' ? figuresText(report) : '';
    // Blocks of several programs stand apart.
    const gap = verified.length > 1 && !`${text}${figures}`.endsWith('\n\n') ? '\n' : '';
    return { stream: report.verdict === 'accepted' ? 'stdout' : 'stderr', text: `${title}${note}${text}${figures}${gap}` };
  });
  return verified.length > 1 ? [...blocks, summary(verified)] : blocks;
}

/** The last line after several programs: by then the first verdicts are out of sight. */
function summary(verified: readonly VerifiedProgram[]): Fragment {
  const failed = verified.filter(({ report }) => report.verdict !== 'accepted').length;
  return { stream: failed > 0 ? 'stderr' : 'stdout', text: `${verified.length} programs: ${verified.length - failed} succeeded, ${failed} failed\n` };
}

function successText(report: ExplainedReport, program: ObjectProgram, level: Level): string {
  const warnings = level === 'normal' ? '' : warningsText(report, program);
  return `${invariantsText(report.invariants ?? [])}${warnings}Verification succeeded\nProgram terminates within ${report.maxLoopCount} loop iterations\n`;
}

function failureText(report: ExplainedReport, program: ObjectProgram, level: Level): string {
  const sourceOf = (slot: number) => sourceAt(program, slot);
  const failures = report.failures.map((failure, index) => failureBlock(failure, sourceOf, level) + explained(report, index, level)).join('');
  const warnings = level === 'normal' ? '' : warningsText(report, program);
  const errors = report.error ? 1 : report.failures.length;
  return `Verification failed\n\nVerification report:\n${invariantsText(report.invariants ?? [])}${errorBlock(report, sourceOf)}${failures}\n${warnings}${errors} errors\n\n`;
}

/** Why the check of that index fails, where it was worked out. */
function explained({ failures, explanations, judgements }: ExplainedReport, index: number, level: Level): string {
  const explanation = explanations?.find((candidate) => candidate.failure === index);
  const judgement = judgements?.find((candidate) => candidate.failure === index);
  const judged = judgement === undefined ? '' : judgementText(judgement);
  if (explanation === undefined) return judged;
  if (level !== 'normal') return judged + sliceText(explanation, failures[index]!.classic, index + 1, failures.length);
  return (index < TOLD ? explanationText(shortened(explanation, judged)) : '') + judged;
}

/** The explanation with as much of its story as fits a screen together with the verdict. */
function shortened(explanation: Explanation, judged: string): Explanation {
  const lines = (text: string) => text.split('\n').length - 1;
  const room = EXPLANATION_LINES - lines(judged);
  let shown = explanation;
  while (shown.story.length > FEWEST_EVENTS && lines(explanationText(shown)) > room) {
    const [first, , ...others] = shown.story;
    shown = { ...shown, story: [first!, ...others], skipped: shown.skipped + 1 };
  }
  return shown;
}

/** Lines of a report of 40 that are left for one failure below its message. */
const EXPLANATION_LINES = 26;
const FEWEST_EVENTS = 3;

/** Failures whose story is told at level=normal, so that a report fits a screen. */
const TOLD = 2;

/** Why there is no verdict. */
function errorBlock({ error }: VerificationReport, sourceOf: SourceOf): string {
  if (!error) return '';
  const place = error.instruction === undefined ? '' : `${error.instruction}: `;
  return `${sourceBlock(error.instruction, sourceOf)}\n${place}${error.message}\n`;
}

function failureBlock(failure: Failure, sourceOf: SourceOf, level: Level): string {
  const head = `${sourceBlock(failure.instruction, sourceOf)}\n${failure.instruction}: ${failure.classic}\n`;
  return level === 'normal' ? head + indented(failure.message) : `${head}${detailText(failure)}`;
}

function sourceBlock(slot: number | undefined, sourceOf: SourceOf): string {
  const source = slot === undefined ? undefined : sourceOf(slot);
  return source ? `\n${sourceText(source)}` : '';
}

/** The sentence, what is required, by how much it fails, and how the place is reached. */
function detailText({ id, severity, message, check, distance, callStack, path, otherPlatform }: Failure): string {
  const rows: (readonly [string, string])[] = [['required', check.text]];
  if (severity !== 'safety') rows.push(['severity', otherPlatform ? `${severity} (${otherPlatform})` : severity]);
  if (distance) rows.push(['missing', `${distance.amount} ${distance.unit}`]);
  if (callStack.length > 0) rows.push(['called from', callStack.join(' -> ')]);
  if (path.length > 0) rows.push(['reached by', path.join(' -> ')]);
  return indented(`${id}: ${message}`) + rows.map(([key, text]) => `    ${key}: ${text}\n`).join('');
}

/** A sentence under the line that it explains, within 80 columns. */
function indented(sentence: string): string {
  return `    ${wrap(sentence, 75, '    ')}`;
}

function warningsText({ warnings }: VerificationReport, program: ObjectProgram): string {
  return warnings
    .map(
      (warning) => `${sourceBlock(warning.instruction, (slot) => sourceAt(program, slot))}\nwarning: ${warning.instruction}: ${warning.message}\n\n`,
    )
    .join('');
}

function figuresText({ programType, platform, instructions, precision, statesVisited, milliseconds }: VerificationReport): string {
  const rows: readonly (readonly [string, string])[] = [
    ['Platform', platform],
    ['Program Type', programType],
    ['Instructions', String(instructions)],
    ['States', String(statesVisited)],
    ['Precision', String(precision)],
    ['Time', `${milliseconds.toFixed(1)} ms`],
  ];
  return `\n${rows.map(([key, value]) => `${key.padEnd(13)}: ${value}\n`).join('')}`;
}

/** One program of the JSON form. */
export function verificationJson(report: ExplainedReport, sourceOf: SourceOf) {
  const failureJson = ({ id, severity, instruction, message, classic, check, callStack, distance, otherPlatform }: Failure) => ({
    id,
    instruction,
    source: sourceOf(instruction) ?? null,
    message,
    check: check.text,
    severity,
    classic,
    callStack,
    ...(distance ? { distance } : {}),
    ...(otherPlatform ? { otherPlatform } : {}),
  });
  return {
    section: report.section,
    program: report.program,
    verdict: report.verdict,
    milliseconds: report.milliseconds,
    instructions: report.instructions,
    failures: report.failures.map(failureJson),
    type: report.programType,
    precision: report.precision,
    statesVisited: report.statesVisited,
    maxLoopCount: report.maxLoopCount,
    warnings: report.warnings.map(failureJson),
    ...(report.judgements ? { judgements: report.judgements } : {}),
    ...(report.error ? { error: report.error } : {}),
  };
}
