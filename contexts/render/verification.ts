import type { Explanation, ToldEvent } from '../../src/explain/report.ts';
import type { ObjectProgram } from '../../src/object/object-file.ts';
import type { Failure, VerificationReport } from '../../src/verifier/report.ts';
import type { Fragment } from '../command.ts';
import type { ExplainedReport } from '../verify.ts';
import { type SourcePlace, sourceText } from './disassembly.ts';
import { explanationText, expressionText, portabilityText, sliceText } from './explanation.ts';
import { invariantsText } from './invariants.ts';
import { judgementText } from './judgement.ts';
import { row } from './rows.ts';
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
  /** The command that opens the program in the debugger, where it was read from a file. */
  readonly opening?: string;
}

/** `show verification` in words: successes on standard output, failures on standard error, titles where there are several programs. */
export function verificationText(verified: readonly VerifiedProgram[], level: Level): readonly Fragment[] {
  const blocks = verified.map(({ report, program, typeInferred, opening }): Fragment => {
    const title = verified.length > 1 ? programTitle(report.section, report.program) : '';
    const note = typeInferred ? `Program type: ${report.programType} (inferred, section "${report.section}" does not tell; type= sets it)\n` : '';
    const text = report.verdict === 'accepted' ? successText(report, program, level) : failureText(report, program, level, opening);
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
  const remarks = level === 'normal' ? remarksText(report, program) : '';
  return `${invariantsText(report.invariants ?? [])}${warnings}Verification succeeded\nProgram terminates within ${report.maxLoopCount} loop iterations\n${remarks}`;
}

/** Remarks on portability shown below a success; the others are counted. */
const REMARKS = 2;

/** What the other platform would refuse of a program that passes: a few words here, all of it at the other levels. */
function remarksText({ warnings }: VerificationReport, program: ObjectProgram): string {
  const portable = warnings.filter(({ severity }) => severity === 'portability');
  const rows = new Set(
    portable.map(({ id, instruction, message }) => {
      const line = sourceAt(program, instruction)?.line ?? 0;
      return row('portable', `${id}, ${line === 0 ? `instruction ${instruction}` : `line ${line}`}: ${message}`);
    }),
  );
  const left = rows.size - REMARKS;
  return `${[...rows].slice(0, REMARKS).join('')}${left > 0 ? `    ${left} more ${left === 1 ? 'remark' : 'remarks'}; level=informational shows all.\n` : ''}`;
}

function failureText(report: ExplainedReport, program: ObjectProgram, level: Level, opening: string | undefined): string {
  const sourceOf = (slot: number) => sourceAt(program, slot);
  const warnings = level === 'normal' ? '' : warningsText(report, program);
  const errors = report.error ? 1 : report.failures.length;
  const framed = (failures: string) =>
    `Verification failed\n\nVerification report:\n${invariantsText(report.invariants ?? [])}${errorBlock(report, sourceOf)}${failures}${unfinishedText(report)}\n${warnings}${errors} errors\n\n`;
  if (level === 'normal') return framed(failuresText(report, sourceOf, opening));
  return framed(report.failures.map((failure, index) => failureBlock(failure, sourceOf, level) + slice(report, index)).join(''));
}

function unfinishedText({ unfinished }: VerificationReport): string {
  return unfinished === undefined ? '' : `\n${indented(unfinished)}`;
}

/** The first failure in full, the others in short, as far as a screen goes. */
function failuresText(report: ExplainedReport, sourceOf: SourceOf, opening: string | undefined): string {
  const [first, ...rest] = report.failures;
  if (first === undefined) return '';
  const room = FAILURE_LINES - linesOf(unfinishedText(report));
  // Where the line of source stands above, the original's line alone says something.
  const forms = rest.map((failure, index) => [
    failureBlock(failure, sourceOf, 'normal'),
    failure.instruction === report.failures[index]!.instruction ? `\n${failure.instruction}: ${failure.classic}\n` : '',
    '',
  ]);
  const chosen = rest.map(() => 0);
  const others = () => {
    const left = chosen.filter((form, index) => forms[index]![form] === '').length;
    const note =
      left === 0 ? '' : `\n    ${left} more ${left === 1 ? 'check fails' : 'checks fail'}; level=informational shows ${left === 1 ? 'it' : 'all'}.\n`;
    return forms.map((form, index) => form[chosen[index]!]!).join('') + note;
  };
  /** Makes the last of the others shorter that can be; false where none can. */
  const shorten = (least: number): boolean => {
    const form = Math.min(...chosen.slice(least));
    const at = chosen.findLastIndex((one, index) => index >= least && one === form);
    if (at < 0 || form === HIDDEN) return false;
    chosen[at] = form + 1;
    return true;
  };
  // The second failure is worth more than the whole of the first one's story; those behind it make room for that.
  while (linesOf(others()) > REPORT_LINES / 2 && shorten(1));
  while (linesOf(firstBlock(report, first, sourceOf, opening, SHORTEST) + others()) > room && shorten(0));
  const fitting = SHAPES.find((shape) => linesOf(firstBlock(report, first, sourceOf, opening, shape) + others()) <= room);
  return firstBlock(report, first, sourceOf, opening, fitting ?? SHORTEST) + others();
}

/** Of the forms of a further failure: whole, the original's line alone, not at all. */
const HIDDEN = 2;

/** How a story is told: so many events, each with its line of source or without. */
interface Shape {
  readonly events: number;
  readonly compact: boolean;
}

const MOST_EVENTS = 8;
const FEWEST_EVENTS = 2;
const SHORTEST: Shape = { events: FEWEST_EVENTS, compact: true };
/** All of it; all of it without source; ever less of it. */
const SHAPES: readonly Shape[] = [
  { events: MOST_EVENTS, compact: false },
  ...Array.from({ length: MOST_EVENTS - FEWEST_EVENTS + 1 }, (_, less) => ({ events: MOST_EVENTS - less, compact: true })),
];

/** What a failure says: its classic lines, what the code does, why it fails, what is thought of it, and where to go on. */
function firstBlock(report: ExplainedReport, failure: Failure, sourceOf: SourceOf, opening: string | undefined, shape: Shape): string {
  const explanation = report.explanations?.find((candidate) => candidate.failure === 0);
  const judgement = report.judgements?.find((candidate) => candidate.failure === 0);
  const cause = explanation?.title === undefined ? '' : row('cause', `${failure.id}, ${explanation.title}`);
  const code = explanation === undefined ? '' : expressionText(explanation);
  const why = explanation === undefined ? '' : explanationText(shortened(explanation, shape.events), shape.compact);
  const judged = judgement === undefined ? '' : judgementText(judgement);
  const portable = explanation === undefined ? '' : portabilityText(explanation);
  const next = explanation === undefined ? '' : row('next', `explain ${failure.id}`) + (opening === undefined ? '' : row('', opening, 'code'));
  return `${headBlock(failure, sourceOf)}${indented(failure.message)}${code}${cause}${why}${judged}${portable}${next}`;
}

/** The slice of the check of that index, where it was worked out, behind the verdict. */
function slice({ failures, explanations, judgements }: ExplainedReport, index: number): string {
  const explanation = explanations?.find((candidate) => candidate.failure === index);
  const judgement = judgements?.find((candidate) => candidate.failure === index);
  const judged = judgement === undefined ? '' : judgementText(judgement);
  return explanation === undefined ? judged : judged + sliceText(explanation, failures[index]!.classic, index + 1, failures.length);
}

/** The explanation with so many events: what says least goes first, then what is longest ago. */
function shortened(explanation: Explanation, most: number): Explanation {
  let { story } = explanation;
  while (story.length > most) {
    const least = Math.max(...story.slice(0, -1).map(dullness));
    const at = story.findIndex((event, index) => index < story.length - 1 && dullness(event) === least);
    story = story.toSpliced(at, 1);
  }
  return { ...explanation, story, skipped: explanation.skipped + explanation.story.length - story.length };
}

/** How little an event says: copies least, then that something is not null. */
function dullness({ kind, words }: ToldEvent): number {
  if (kind === 'copied') return 3;
  if (words.endsWith('not null')) return 2;
  return kind === 'made' || kind === 'merged' ? 1 : 0;
}

function linesOf(text: string): number {
  return text.split('\n').length - 1;
}

/** A report fits a screen of 40 lines; seven of them are its frame. */
const REPORT_LINES = 40;
const FAILURE_LINES = REPORT_LINES - 7;
/** Why there is no verdict. */
function errorBlock({ error }: VerificationReport, sourceOf: SourceOf): string {
  if (!error) return '';
  const place = error.instruction === undefined ? '' : `${error.instruction}: `;
  return `${sourceBlock(error.instruction, sourceOf)}\n${place}${error.message}\n`;
}

/** The lines of the original: source, instruction, failed assertion. */
function headBlock(failure: Failure, sourceOf: SourceOf): string {
  return `${sourceBlock(failure.instruction, sourceOf)}\n${failure.instruction}: ${failure.classic}\n`;
}

function failureBlock(failure: Failure, sourceOf: SourceOf, level: Level): string {
  const head = headBlock(failure, sourceOf);
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
    ...(report.unfinished === undefined ? {} : { unfinished: report.unfinished }),
    ...(report.explanations ? { explanations: report.explanations } : {}),
    ...(report.judgements ? { judgements: report.judgements } : {}),
    ...(report.error ? { error: report.error } : {}),
  };
}
