import type { Failure } from '../verifier/report.ts';
import { instructionText } from './instruction-text.ts';
import type { DebugSession } from './session.ts';
import type { SourceLine } from './source.ts';
import type { EventKind } from './story.ts';

/** One event of a story with its place in the program. */
export interface ToldEvent {
  readonly kind: EventKind | 'fails';
  readonly pc: number;
  readonly text: string;
  readonly source: SourceLine | undefined;
  /** `r1: packet + 0, 14 bytes proved`; for the last event what is required. */
  readonly words: string;
}

/** Why one check fails: plain values that survive structured cloning and JSON. */
export interface Explanation {
  /** Index into the failures of the report. */
  readonly failure: number;
  readonly id: string;
  readonly section: string;
  readonly program: string;
  readonly pc: number;
  readonly text: string;
  readonly source: SourceLine | undefined;
  /** Registers that the failed check is about: `r1`. */
  readonly registers: readonly string[];
  /** The last branches, calls and returns before it: `3:4 (r2 == 17)`. */
  readonly controlFlow: readonly string[];
  readonly required: readonly string[];
  readonly established: readonly string[];
  /** By how much it fails, where a number says so. */
  readonly missing: string | undefined;
  /** What happened on the path, oldest first; the failing instruction is the last event. */
  readonly story: readonly ToldEvent[];
  /** Events left out between the first and the others. */
  readonly skipped: number;
}

/** Events told at most; of a longer story the first one and the last ones are kept. */
const MAX_EVENTS = 7;
/** Decisions kept of the way to the failure. */
const MAX_DECISIONS = 16;

/** Explains a failed check of the report, following its path; undefined where the verifier kept no path to it. */
export function explainFailure(session: DebugSession, index: number): Explanation | undefined {
  const failure = session.report.failures[index];
  if (failure === undefined || !session.steppable || session.failure(index + 1) === undefined || session.pc !== failure.instruction) return undefined;
  const view = session.view();
  const failing = view.requirements.filter(({ kind, holds }) => !holds && kind === failure.check.kind);
  const registers = session.relevantRegisters();
  const { events, skipped } = shortened(tell(session, registers));
  return {
    failure: index,
    id: failure.id,
    section: session.report.section,
    program: session.report.program,
    pc: view.pc,
    text: view.text,
    source: view.source,
    registers: registers.map((register) => `r${register}`),
    controlFlow: session
      .path()
      .slice(-MAX_DECISIONS)
      .map(({ pc, decision }) => `${pc}:${decision.target} (${decision.words.split(': ')[0]})`),
    required: failing.map(({ words }) => words),
    established: establishedWords(session, registers),
    missing: missingWords(
      failure,
      failing.map(({ margin }) => margin).find((margin) => margin !== undefined),
    ),
    story: [...events, { kind: 'fails', pc: view.pc, text: view.text, source: view.source, words: failing[0]?.words ?? failure.check.text }],
    skipped,
  };
}

/** Explains the first failed checks of a report. */
export function explainFailures(session: DebugSession, most: number): readonly Explanation[] {
  const explanations: Explanation[] = [];
  for (let index = 0; index < Math.min(most, session.report.failures.length); index++) {
    const explanation = explainFailure(session, index);
    if (explanation !== undefined) explanations.push(explanation);
  }
  return explanations;
}

function tell(session: DebugSession, registers: readonly number[]): readonly ToldEvent[] {
  return session.story(registers).map(({ kind, pc, subject, words, before }) => ({
    kind,
    pc,
    text: instructionText(session.machine, session.machine.instruction(pc), pc),
    source: session.source.at(pc),
    words: `${subject}: ${words}${before === undefined ? '' : ` (was ${before})`}`,
  }));
}

/** Copies say least, so they go first. */
function shortened(events: readonly ToldEvent[]): { readonly events: readonly ToldEvent[]; readonly skipped: number } {
  if (events.length <= MAX_EVENTS) return { events, skipped: 0 };
  const told = events.filter(({ kind }) => kind !== 'copied');
  const kept = told.length > MAX_EVENTS ? [told[0]!, ...told.slice(1 - MAX_EVENTS)] : told;
  return { events: kept, skipped: events.length - kept.length };
}

function establishedWords(session: DebugSession, registers: readonly number[]): readonly string[] {
  const facts = new Map(session.facts().map(({ subject, words }) => [subject, words]));
  return registers.map((register) => `r${register}: ${facts.get(`r${register}`) ?? 'never set'}`);
}

function missingWords({ distance }: Failure, margin: string | undefined): string | undefined {
  if (margin?.endsWith(' missing')) return margin.slice(0, -' missing'.length);
  return distance === undefined ? undefined : `${distance.amount} ${distance.unit}`;
}
