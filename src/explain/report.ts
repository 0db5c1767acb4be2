import type { Failure } from '../verifier/report.ts';
import { expressionAt, type TextSpan } from './expression.ts';
import { instructionText } from './instruction-text.ts';
import { findEntry } from './knowledge/index.ts';
import { Names } from './names.ts';
import type { DebugSession } from './session.ts';
import type { SourceLine } from './source.ts';
import type { EventKind, StoryEvent } from './story.ts';

/** One event of a story with its place in the program. */
export interface ToldEvent {
  /** `acquired`: something was taken that has to be given back. `decided`: the path chose a way. */
  readonly kind: EventKind | 'acquired' | 'decided' | 'fails';
  readonly pc: number;
  readonly text: string;
  readonly source: SourceLine | undefined;
  /** `ip (r1): packet + 0, 14 bytes proved`; for the last event what is required. */
  readonly words: string;
  /** How often it happened on the path, where more than once; then it is the last time that is told. */
  readonly times?: number;
}

/** What is known of one register that the failed check is about, and where that came from. */
export interface Evidence {
  readonly register: string;
  /** The variable of the source that it holds, where line information tells. */
  readonly variable: string | undefined;
  readonly words: string;
  /** Slot of the instruction that established it last, and its line; undefined where the path began with it. */
  readonly pc: number | undefined;
  readonly line: number | undefined;
}

/** How verifiers take programs with this mistake. */
type Reception = 'accepts' | 'rejects' | 'depends';

/** Why one check fails: plain values that survive structured cloning and JSON. */
export interface Explanation {
  /** Index into the failures of the report. */
  readonly failure: number;
  readonly id: string;
  /** The cause in a few words, from the knowledge base: `Off-by-one index`. */
  readonly title: string | undefined;
  readonly section: string;
  readonly program: string;
  readonly pc: number;
  readonly text: string;
  readonly source: SourceLine | undefined;
  /** The failing expression in the text of the line, where line information has columns. */
  readonly expression: TextSpan | undefined;
  /** Registers that the failed check is about: `r1`. */
  readonly registers: readonly string[];
  /** The last branches, calls and returns before it: `3:4 (r2 == 17)`. */
  readonly controlFlow: readonly string[];
  readonly required: readonly string[];
  readonly established: readonly string[];
  /** The same with places. */
  readonly evidence: readonly Evidence[];
  /** By how much it fails, where a number says so. */
  readonly missing: string | undefined;
  /** What happened on the path, oldest first; the failing instruction is the last event. */
  readonly story: readonly ToldEvent[];
  /** Events left out between the first and the others. */
  readonly skipped: number;
  /** What the Linux kernel and eBPF for Windows say to this mistake; undefined where nothing is known of it. */
  readonly portable: { readonly linux: Reception; readonly windows: Reception } | undefined;
}

/** Events told at most; of a longer story the first one and the last ones are kept. */
const MAX_EVENTS = 7;
/** Decisions kept of the way to the failure. */
const MAX_DECISIONS = 16;

/** Explains a failed check of the report, following its path where the verifier kept one; undefined where there is no such failure. */
export function explainFailure(session: DebugSession, index: number): Explanation | undefined {
  const failure = session.report.failures[index];
  if (failure === undefined) return undefined;
  const reached = session.steppable && session.failure(index + 1) !== undefined && session.pc === failure.instruction;
  const place = placeOf(session, failure, index);
  if (!reached) {
    const story = [toldEvent(session, 'fails', failure.instruction, failure.check.text)];
    return {
      ...place,
      registers: [],
      controlFlow: [],
      required: [],
      established: [],
      evidence: [],
      missing: missingWords(failure, undefined),
      story,
      skipped: 0,
    };
  }
  const view = session.view();
  const failing = view.requirements.filter(({ kind, holds }) => !holds && kind === failure.check.kind);
  const inLoop = LOOP_CHECKS.has(failure.check.kind);
  const registers = inLoop ? decidingRegisters(session) : session.relevantRegisters();
  const names = new Names(session.machine, session.source);
  const happened = session.story(registers);
  const last = new Map<string, StoryEvent>();
  const told = happened.flatMap((event): ToldEvent[] => {
    names.follow(event);
    last.set(event.subject, event);
    if (isHalfway(session, event)) return [];
    return [toldEvent(session, event.kind, event.pc, `${names.words(event.subject)}: ${changeWords(event)}`)];
  });
  const once = withoutRepetition(told);
  // Of a loop that does not end the turns all tell the same: where it began and how it goes on is what matters.
  const kept = inLoop ? [...once.filter(({ kind, times }) => kind !== 'merged' && times === undefined), ...lastTurn(session, failure)] : once;
  const { events, skipped } = shortened(kept.length === 0 ? withoutRepetition(surroundings(session, failure)) : kept);
  const evidence = registers
    .filter((register) => !inLoop || isKnown(session, register))
    .map((register) => evidenceOf(session, `r${register}`, names, last.get(`r${register}`)));
  return {
    ...place,
    registers: registers.map((register) => `r${register}`),
    controlFlow: session
      .path()
      .slice(-MAX_DECISIONS)
      .map(({ pc, decision }) => `${pc}:${decision.target} (${decision.words.split(': ')[0]})`),
    // What only repeats the message says nothing.
    required: failing.map(({ words }) => words).filter((words) => words !== failure.classic),
    established: evidence.map(evidenceWords),
    evidence,
    missing: missingWords(
      failure,
      failing.map(({ margin }) => margin).find((margin) => margin !== undefined),
    ),
    story: [...events, toldEvent(session, 'fails', view.pc, failing[0]?.words ?? failure.check.text)],
    skipped,
  };
}

type Located = 'failure' | 'id' | 'title' | 'section' | 'program' | 'pc' | 'text' | 'source' | 'expression' | 'portable';

/** Where a check fails and what is known of its cause. */
function placeOf(session: DebugSession, { id, instruction }: Failure, index: number): Pick<Explanation, Located> {
  const entry = findEntry(id);
  const source = session.source.at(instruction);
  const column = session.source.columnAt(instruction);
  return {
    failure: index,
    id,
    title: entry?.title,
    section: session.report.section,
    program: session.report.program,
    pc: instruction,
    text: instructionText(session.machine, session.machine.instruction(instruction), instruction),
    source,
    expression: source === undefined || column === undefined || ASSEMBLY.test(source.text) ? undefined : expressionAt(source.text, column),
    portable: entry === undefined ? undefined : { linux: entry.linux.verdict, windows: entry.prevail.verdict },
  };
}

/** A column of inline assembly says nothing about an instruction of it. */
const ASSEMBLY = /\b(?:asm|__asm__)\b/;

/** Time after which no further failure of one report is explained, in milliseconds. */
const BUDGET = 500;

/** Explains the first failed checks of a report; the first one in any case, the others while there is time. */
export function explainFailures(session: DebugSession, most: number): readonly Explanation[] {
  const explanations: Explanation[] = [];
  const end = performance.now() + BUDGET;
  for (let index = 0; index < Math.min(most, session.report.failures.length); index++) {
    if (index > 0 && performance.now() > end) break;
    const explanation = explainFailure(session, index);
    if (explanation !== undefined) explanations.push(explanation);
  }
  return explanations;
}

function toldEvent(session: DebugSession, kind: ToldEvent['kind'], pc: number, words: string): ToldEvent {
  return { kind, pc, text: instructionText(session.machine, session.machine.instruction(pc), pc), source: session.source.at(pc), words };
}

/** Whether the event is the first half of one step: a number is shifted up before it is shifted down, r10 is copied before it is moved. */
function isHalfway(session: DebugSession, { pc }: StoryEvent): boolean {
  const instruction = session.machine.instruction(pc);
  if (instruction.kind !== 'binary') return false;
  const { operator, source } = instruction;
  if (operator === 'mov') return source.kind === 'register' && source.register === 10;
  return operator === 'lsh' && source.kind === 'immediate' && source.value === 32;
}

/** What is known now, and what was known before as far as that differs. */
function changeWords({ words, before }: StoryEvent): string {
  if (before === undefined) return words;
  if (before === `${words}, may be null`) return 'not null';
  const now = PROVED.exec(words);
  const then = PROVED.exec(before);
  return now !== null && then !== null && now[1] === then[1] ? `${words} (was ${then[2]})` : `${words} (was ${before})`;
}

const PROVED = /^(.*, )(\d+) bytes? proved$/;

const LOOP_CHECKS: ReadonlySet<string> = new Set(['loop_unbounded', 'infinite_loop']);

/** The registers that the last branches of the path compare. */
function decidingRegisters(session: DebugSession): readonly number[] {
  const compared = session
    .path()
    .slice(-MAX_TURNS)
    .flatMap(({ pc }): number[] => {
      const instruction = session.machine.instruction(pc);
      if (instruction.kind !== 'branch') return [];
      return [instruction.dst, ...(instruction.source.kind === 'register' ? [instruction.source.register] : [])];
    });
  return [...new Set(compared)].sort((a, b) => a - b);
}

/** Whether the register holds anything at the loop's head: what every turn sets anew is forgotten there. */
function isKnown(session: DebugSession, register: number): boolean {
  return session.facts().some(({ subject }) => subject === `r${register}`);
}

/** The decisions of the last turns, each once. */
function lastTurn(session: DebugSession, failure: Failure): readonly ToldEvent[] {
  return [...new Map(surroundings(session, failure).map((event) => [event.pc, event])).values()];
}

/** A loop tells the same over and over: the last time counts. */
function withoutRepetition(events: readonly ToldEvent[]): readonly ToldEvent[] {
  const key = ({ kind, pc, words }: ToldEvent) => `${kind}:${pc}:${words.split(':')[0]}`;
  const times = new Map<string, number>();
  for (const event of events) times.set(key(event), (times.get(key(event)) ?? 0) + 1);
  const left = new Map(times);
  return events.flatMap((event) => {
    const rest = left.get(key(event))! - 1;
    left.set(key(event), rest);
    if (rest > 0) return [];
    const all = times.get(key(event))!;
    return [all === 1 ? event : { ...event, times: all }];
  });
}

/** For checks that are about no register: where what is owed was taken, and the last turns of the path. */
function surroundings(session: DebugSession, failure: Failure): readonly ToldEvent[] {
  const acquired = session.facts().find(({ kind }) => kind === 'reference' || kind === 'lock');
  const at = acquired === undefined ? undefined : Number(/at instruction (\d+)/.exec(acquired.subject)?.[1] ?? Number.NaN);
  const taken = at === undefined || Number.isNaN(at) ? [] : [toldEvent(session, 'acquired', at, `${acquired!.subject}: ${acquired!.words}`)];
  const decided = session
    .path()
    .filter(({ pc }) => pc !== failure.instruction && (taken.length === 0 || pc > at!))
    .slice(-MAX_TURNS)
    .map(({ pc, decision }) => toldEvent(session, 'decided', pc, decision.words));
  return [...taken, ...decided];
}

/** Decisions told where nothing else is. */
const MAX_TURNS = 3;

/** Copies say least, so they go first. */
function shortened(events: readonly ToldEvent[]): { readonly events: readonly ToldEvent[]; readonly skipped: number } {
  if (events.length <= MAX_EVENTS) return { events, skipped: 0 };
  const told = events.filter(({ kind }) => kind !== 'copied');
  const kept = told.length > MAX_EVENTS ? [told[0]!, ...told.slice(1 - MAX_EVENTS)] : told;
  return { events: kept, skipped: events.length - kept.length };
}

function evidenceOf(session: DebugSession, register: string, names: Names, event: StoryEvent | undefined): Evidence {
  const known = session.facts().find(({ subject }) => subject === register)?.words ?? (event?.kind === 'lost' ? 'nothing' : 'never set');
  // Where something else is known by now, the last event of the story is not what established it.
  const origin = event?.words === known || event?.kind === 'lost' ? event : undefined;
  const line = origin === undefined ? undefined : session.source.at(origin.pc)?.line;
  return { register, variable: names.of(register), words: known, pc: origin?.pc, line: line === 0 ? undefined : line };
}

/** `i (r6): 0..64, since line 7 (instruction 10)`. */
function evidenceWords({ register, variable, words, pc, line }: Evidence): string {
  const name = variable === undefined ? register : `${variable} (${register})`;
  const place = pc === undefined ? '' : line === undefined ? `, since instruction ${pc}` : `, since line ${line} (instruction ${pc})`;
  return `${name}: ${words}${place}`;
}

/** Whether a distance is only that of a number range's end. */
function isUnbounded(margin: string): boolean {
  return Number.parseInt(margin, 10) >= 0x7000_0000;
}

function missingWords({ distance }: Failure, margin: string | undefined): string | undefined {
  if (margin?.endsWith(' missing') && !isUnbounded(margin)) return margin.slice(0, -' missing'.length);
  return distance === undefined ? undefined : `${distance.amount} ${distance.unit}`;
}
