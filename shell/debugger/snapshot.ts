/** What the screen shows of one point, as plain values. */
import { diffFacts, type FactChange } from '../../src/explain/diff.ts';
import { type Fact, factsOf } from '../../src/explain/facts.ts';
import { Names } from '../../src/explain/names.ts';
import type { Slice } from '../../src/explain/queries/slice.ts';
import type { DebugSession } from '../../src/explain/session.ts';
import type { SourceLine } from '../../src/explain/source.ts';
import type { EventKind } from '../../src/explain/story.ts';
import { variableNames } from '../../src/explain/variables.ts';
import type { ListedInstruction, NumberedFailure, PathStep, StepView } from '../../src/explain/views.ts';
import type { Instruction } from '../../src/isa/instruction.ts';

/** What became of a fact since the point before. */
export type Mark = '+' | '-' | '~' | ' ';

/** One row of the state. */
export interface MarkedFact {
  readonly subject: string;
  readonly kind: Fact['kind'];
  readonly mark: Mark;
  /** Undefined for what is lost without a trace. */
  readonly words: string | undefined;
  /** What was known before, for what changed. */
  readonly before: string | undefined;
  /** The variable of the source that it holds, where one is known. */
  readonly name: string | undefined;
}

/** A step that matters for the failure, or a decision where nothing fails. */
export interface OutlineEvent {
  readonly index: number;
  readonly pc: number;
  readonly kind: EventKind | 'fails' | 'decides';
  readonly source: SourceLine | undefined;
  readonly words: string;
}

/** Things about the path as a whole; they are made once for a path. */
export interface Outline {
  readonly events: readonly OutlineEvent[];
  /** The value that the failed check is about. */
  readonly selected: string | undefined;
}

export interface Snapshot {
  readonly title: {
    readonly program: string;
    readonly section: string;
    readonly programType: string;
    readonly platform: string;
    readonly verdict: string;
    readonly failures: number;
  };
  readonly assumptions: readonly string[];
  readonly failures: readonly NumberedFailure[];
  /** The failure whose path is followed. */
  readonly followed: NumberedFailure | undefined;
  /** Undefined where nothing can be stepped. */
  readonly step: StepView | undefined;
  /** Where only some instructions are listed: those of which value. */
  readonly slice: Slice | undefined;
  readonly listing: readonly NotedInstruction[];
  readonly steps: readonly PathStep[];
  readonly facts: readonly MarkedFact[];
}

export interface NotedInstruction extends ListedInstruction {
  /** `32-bit compare`: what the operands' names say too quietly; '' where they are 64 bits wide. */
  readonly note: string;
}

/** Rows of listing and path on either side of the current one that a screen can show at most. */
const AROUND = 130;

/**
 * @param before what was known at the point that was shown before.
 * @param slice where given, only its instructions are listed.
 */
export function takeSnapshot(session: DebugSession, assumptions: readonly string[], before: readonly Fact[] | undefined, slice?: Slice): Snapshot {
  const { report, failures, followedFailure, steppable } = session;
  const index = steppable ? session.index : 0;
  const { program, section, programType, platform, verdict } = report;
  return {
    title: { program, section, programType, platform, verdict, failures: report.failures.length },
    assumptions,
    failures,
    followed: failures[followedFailure - 1],
    step: steppable ? session.view() : undefined,
    slice,
    listing: listed(session, slice).map((instruction) => ({ ...instruction, note: widthNote(session.program.instructions[instruction.pc]) })),
    steps: steppable ? session.walk(index - AROUND, index + AROUND) : [],
    facts: steppable ? markedFacts(before, session.facts(), variableNames(session)) : [],
  };
}

function listed(session: DebugSession, slice: Slice | undefined): readonly ListedInstruction[] {
  if (slice === undefined || !session.steppable) return session.list(AROUND);
  return session.instructionsAt([...new Set([...slice.instructions, session.pc])].sort((a, b) => a - b));
}

/** The facts with what became of them; lost ones first. */
export function markedFacts(
  before: readonly Fact[] | undefined,
  now: readonly Fact[],
  variable: (subject: string) => string | undefined,
): readonly MarkedFact[] {
  const changes = new Map((before === undefined ? [] : diffFacts(before, now)).map((change) => [change.subject, change]));
  const lost = [...changes.values()]
    .filter(({ change }) => change === 'lost')
    .map(
      (change): MarkedFact => ({
        subject: change.subject,
        kind: change.kind,
        mark: '-',
        words: change.after,
        before: change.before,
        name: undefined,
      }),
    );
  const gone = new Set(lost.map(({ subject }) => subject));
  const kept = now
    .filter(({ subject }) => !gone.has(subject))
    .map(({ subject, kind, words }): MarkedFact => {
      const change = changes.get(subject);
      return { subject, kind, mark: markOf(change), words, before: change?.before, name: variable(subject) };
    });
  return [...lost, ...kept];
}

function markOf(change: FactChange | undefined): Mark {
  if (change === undefined) return ' ';
  return change.change === 'gained' ? '+' : '~';
}

/** What an instruction does with 32 bits only: the upper half of its operands is not looked at. */
export function widthNote(instruction: Instruction | undefined): string {
  if (instruction === undefined || !('width' in instruction) || instruction.width !== 32) return '';
  return instruction.kind === 'branch' ? '32-bit compare' : '32-bit';
}

/**
 * The events of the path: of a failure's path its story, of another one the decisions that were taken. The session stays where it is.
 *
 * @returns undefined where nothing can be stepped.
 */
export function takeOutline(session: DebugSession): Outline | undefined {
  if (!session.steppable) return undefined;
  const followed = session.failures[session.followedFailure - 1];
  return followed === undefined ? { events: decisions(session), selected: undefined } : story(session, followed);
}

function decisions(session: DebugSession): readonly OutlineEvent[] {
  return session.path().map(({ index, pc, source, decision }) => ({ index, pc, kind: 'decides', source, words: decision.words }));
}

function story(session: DebugSession, { number, failure }: NumberedFailure): Outline {
  return session.aside(() => {
    session.failure(number);
    const registers = session.relevantRegisters();
    const names = new Names(session.machine, session.source);
    const events = session.story(registers).map((event): OutlineEvent => {
      names.follow(event);
      const { index, kind, pc, subject, words } = event;
      return { index, pc, kind, source: session.source.at(pc), words: `${names.words(subject)}: ${words}` };
    });
    const failing = session.view().requirements.find(({ holds }) => !holds);
    const { index, pc } = session;
    return {
      events: [...events, { index, pc, kind: 'fails', source: session.source.at(pc), words: failing?.words ?? failure.message }],
      selected: registers[0] === undefined ? undefined : `r${registers[0]}`,
    };
  });
}

/** What is known before the current instruction, for the next comparison. */
export function knownHere(session: DebugSession): readonly Fact[] | undefined {
  return session.steppable ? factsOf(session.machine, session.state) : undefined;
}
