import type { ControlFlowGraph } from './cfg.ts';
import { checkRow } from './checks.ts';
import { type Confirmation, confirmFailure } from './confirm.ts';
import type { Exploration, LoopTurn, Precision } from './explore.ts';
import { Explorer, MAX_CHAINS } from './explore.ts';
import type { Liveness } from './liveness.ts';
import type { Finding, Machine } from './machine.ts';
import type { Int } from './number/index.ts';
import type { StackLiveness } from './stack-liveness.ts';
import type { State } from './state.ts';
import { checkCombinedStack } from './structure.ts';

/** The ladder of precision settings: each is tried until one proves the program, or shows that none will. */
export const LADDER: readonly Precision[] = [
  { states: 1, shapes: 64, constants: false, fine: false, turns: 1, steps: 2_000_000 },
  { states: 2, shapes: 64, constants: true, fine: false, turns: 24, steps: 2_000_000 },
  { states: 4, shapes: 128, constants: true, fine: true, turns: 24, steps: 2_000_000 },
  { states: 32, shapes: 512, constants: true, fine: true, turns: 160, steps: 4_000_000 },
  { states: 512, shapes: 4096, constants: true, fine: true, turns: 4200, steps: 8_000_000 },
];

/** Abstract steps allowed beyond those of the rung for each slot of the program. */
const STEPS_PER_SLOT = 8;

/** The rungs to try for a program of so many slots: that of the given precision, or all. */
export function rungsFor(precision: number | undefined, slots: number): readonly Precision[] {
  const rungs = precision === undefined ? LADDER : [LADDER.find(({ states }) => states === precision) ?? fixedPrecision(precision)];
  return rungs.map((rung) => ({ ...rung, steps: rung.steps + STEPS_PER_SLOT * slots }));
}

function fixedPrecision(states: number): Precision {
  return { states, shapes: states * 8 + 56, constants: states > 1, fine: states > 1, turns: states === 1 ? 1 : states * 8, steps: 8_000_000 };
}

/** What is judged, and by when: the same at every precision. */
export interface Subject {
  /** A machine without findings. */
  readonly create: () => Machine;
  readonly entry: (machine: Machine) => State;
  readonly graph: ControlFlowGraph;
  readonly liveness: Liveness;
  readonly stackLiveness: StackLiveness;
  readonly thresholds: readonly Int[];
  readonly clock: Clock;
  readonly onProgress: (progress: { readonly steps: number; readonly precision: number }) => void;
  readonly onLoopHead: ((turn: LoopTurn) => void) | undefined;
}

/** Says whether to stop, which an exploration asks after every block. */
export class Clock {
  cancelled = false;
  late = false;
  /** Milliseconds that the verification may take. */
  readonly timeLimit: number;
  private readonly started: number;
  private readonly signal: AbortSignal | undefined;
  private asked = 0;

  /** @param started when the verification began, as `performance.now` tells it. */
  constructor(started: number, timeLimit: number, signal: AbortSignal | undefined) {
    this.started = started;
    this.timeLimit = timeLimit;
    this.signal = signal;
  }

  /** Looks at the time only now and then. */
  isOver(): boolean {
    return (++this.asked & 63) === 0 ? this.look() : this.cancelled || this.late;
  }

  look(): boolean {
    this.listen();
    if (!this.cancelled && performance.now() - this.started > this.timeLimit) this.late = true;
    return this.cancelled || this.late;
  }

  listen(): void {
    if (this.signal?.aborted === true) this.cancelled = true;
  }
}

/** Blocks explored between two pauses. */
const VISITS = 2;

/** The program explored at one precision, as far as was asked. */
export class Attempt {
  readonly machine: Machine;
  readonly precision: Precision;
  private readonly subject: Subject;
  private readonly explorer: Explorer;
  /** Failures that were there before anything was explored. */
  private readonly structural: number;
  /** What has been explored when it last stopped; undefined before. */
  exploration: Exploration | undefined;
  /** The instruction to which a long search went. */
  private searched: number | undefined;

  constructor(subject: Subject, precision: Precision, stopAtFailure: boolean) {
    this.subject = subject;
    this.precision = precision;
    const machine = subject.create();
    this.machine = machine;
    checkCombinedStack(machine, subject.graph, () => subject.entry(machine));
    this.structural = machine.failures;
    this.explorer = new Explorer(machine, subject.graph, subject.liveness, subject.stackLiveness, {
      precision,
      stopAtFailure,
      thresholds: subject.thresholds,
      failures: () => machine.failures - this.structural,
      cancelled: () => subject.clock.isOver(),
      onProgress: (steps) => subject.onProgress({ steps, precision: precision.states }),
      onLoopHead: subject.onLoopHead,
    });
    this.explorer.begin(subject.entry(machine));
  }

  /** Explores on until it stops, after what so many steps cost at the latest; pauses every few blocks. */
  *explore(steps = Number.POSITIVE_INFINITY): Generator<undefined, Exploration> {
    this.explorer.allow(steps);
    for (;;) {
      const exploration = this.explorer.advance(VISITS);
      if (exploration !== undefined) {
        this.exploration = exploration;
        return exploration;
      }
      yield;
      this.subject.clock.listen();
    }
  }

  /** Explores what is left behind the failed check that stopped it. */
  exploreRest(steps: number): Generator<undefined, Exploration> {
    this.explorer.ignoreFailures();
    return this.explore(steps);
  }

  /** A check that exploring put failed. */
  get failed(): boolean {
    return this.machine.failures > this.structural;
  }

  /** The findings that reject the program and came of exploring, in the order in which they were found. */
  get rejections(): readonly Finding[] {
    return this.machine.findings.filter(({ kind }) => checkRow(kind).severity !== 'portability').slice(this.structural);
  }

  get cancelled(): boolean {
    return this.subject.clock.cancelled;
  }

  /** The limit that ended the exploration early, in words. */
  get limit(): string | undefined {
    const stopped = this.exploration?.stopped;
    if (stopped === 'steps') return `Not judged within ${this.precision.steps} abstract steps.`;
    return stopped === 'chains' ? `The program has more than ${MAX_CHAINS} chains of calls; each is judged on its own.` : undefined;
  }

  /** Why checks may fail that are not among the findings, in words; undefined where everything was explored. */
  get unfinished(): string | undefined {
    if (this.exploration?.stopped === undefined) return undefined;
    const { clock } = this.subject;
    const limit = clock.late ? `within ${clock.timeLimit} ms` : `in ${this.exploration.steps} abstract steps`;
    return `Not all of the program was explored ${limit}: other checks may fail too.`;
  }

  /** Whether the check that stopped it fails whatever is kept apart. `before`: the attempt that stopped before it and was asked the same. */
  *isCertain(before?: Attempt): Generator<undefined, boolean> {
    const finding = this.rejections[0]!;
    // What was not found along one path to an instruction is mostly not found along another.
    const again = before?.searched === finding.instruction;
    this.searched = finding.instruction;
    return (yield* this.confirm(finding, again ? SHORT_SEARCH : LONG_SEARCH)) === 'certain';
  }

  /** Whether a failed check fails without any merging, too; pauses every few blocks. */
  *confirm(finding: Finding, steps: number): Generator<undefined, Confirmation> {
    if (STATIC_CHECKS.has(finding.kind)) return 'certain';
    const { create, entry, graph, liveness, stackLiveness, clock, onProgress } = this.subject;
    return yield* confirmFailure({
      finding,
      create,
      entry,
      graph,
      liveness,
      stackLiveness,
      steps,
      cancelled: () => clock.isOver(),
      onProgress: (done) => onProgress({ steps: done, precision: this.precision.states }),
    });
  }
}

/** What the ladder came to. */
export type Outcome =
  /** `attempt` decides; of its findings those of `spurious` fail on no path. */
  | { readonly kind: 'judged'; readonly attempt: Attempt; readonly spurious: ReadonlySet<Finding> }
  | { readonly kind: 'limit'; readonly message: string }
  | { readonly kind: 'cancelled' };

/**
 * Goes up the rungs until one passes, or a failed check turns out to be one that no precision helps against: it fails on a path on which no states were
 * merged. Pauses every few blocks.
 */
export function* climb(subject: Subject, ladder: readonly Precision[]): Generator<undefined, Outcome> {
  const { clock } = subject;
  const lowest = ladder[0]!;
  const finest = ladder[ladder.length - 1]!;
  let last: Attempt | undefined;
  for (const precision of ladder) {
    const attempt = new Attempt(subject, precision, ladder.length > 1);
    let { stopped } = yield* attempt.explore(last?.precision === lowest ? patience(attempt) : undefined);
    if (stopped === 'steps' && last?.precision === lowest && !clock.isOver()) {
      // It takes long, and may be in vain.
      if (yield* last.isCertain()) return yield* reject(subject, last, finest);
      ({ stopped } = yield* attempt.explore());
    }
    if (clock.cancelled) return { kind: 'cancelled' };
    if (!attempt.failed) {
      const limit = clock.late ? lateText(clock.timeLimit) : attempt.limit;
      if (limit === undefined) return judged(attempt);
      if (last === undefined) return { kind: 'limit', message: limit };
      // More precision costs more: what the setting before found stands.
      return yield* finish(last);
    }
    if (stopped === 'failure') {
      // Most of what fails at the first rung passes at the second, which costs little.
      const certain = precision === finest || (precision !== lowest && (yield* attempt.isCertain(last)));
      if (clock.cancelled) return { kind: 'cancelled' };
      if (certain) return yield* reject(subject, attempt, finest);
    } else if (
      clock.late ||
      precision === finest ||
      (stopped === undefined && !attempt.machine.findings.some((finding) => precisionMayHelp(finding, precision)))
    ) {
      return judged(attempt);
    }
    last = attempt;
  }
  return judged(last!);
}

/** Steps after which it is asked whether a rung is worth more: those of most programs that pass are fewer. */
function patience({ machine }: Attempt): number {
  return 20_000 + 8 * machine.instructions.length;
}

/** The program is to be rejected: finds what else fails, with all precision where that costs little. */
function* reject(subject: Subject, attempt: Attempt, finest: Precision): Generator<undefined, Outcome> {
  if (attempt.precision !== finest) {
    const whole = new Attempt(subject, finest, false);
    const { stopped } = yield* whole.explore(BRIEF);
    if (stopped === undefined) return judged(whole);
  }
  return yield* finish(attempt);
}

/** Explores what is left behind the first failed check, and leaves out what fails there for want of precision. */
function* finish(attempt: Attempt): Generator<undefined, Outcome> {
  const { precision, machine } = attempt;
  // The more states are kept apart, the more a step costs.
  if (attempt.exploration?.stopped === 'failure')
    yield* attempt.exploreRest((REST + REST_PER_SLOT * machine.instructions.length) / Math.max(1, precision.states / 4));
  const spurious = new Set<Finding>();
  for (const finding of attempt.rejections.slice(1, 1 + MOST_CONFIRMED))
    if ((yield* attempt.confirm(finding, SHORT_SEARCH)) === 'spurious') spurious.add(finding);
  return judged(attempt, spurious);
}

function judged(attempt: Attempt, spurious: ReadonlySet<Finding> = new Set()): Outcome {
  if (attempt.cancelled) return { kind: 'cancelled' };
  return { kind: 'judged', attempt, spurious };
}

/** Steps of the search for a path on which a check fails; such paths are mostly found within a few hundred. */
const LONG_SEARCH = 30_000;
const SHORT_SEARCH = 3_000;
/** Further failed checks for which one is looked for. */
const MOST_CONFIRMED = 16;
/** Steps of the last rung that are always worth it. */
const BRIEF = 5_000;
/** Steps for what is left behind a failed check, and more of them for each slot of the program. */
const REST = 100_000;
const REST_PER_SLOT = 16;

export function lateText(timeLimit: number): string {
  return `Not judged within ${timeLimit} ms.`;
}

/** Checks that look at the code alone give the same answer at every precision. */
function precisionMayHelp(finding: Finding, tried: Precision): boolean {
  // A loop whose turns were counted, and are too many, will not be followed to its end turn by turn.
  if (finding.kind === 'loop_unbounded' && finding.details.max !== undefined) return tried.states < ENOUGH_TO_COUNT;
  return !STATIC_CHECKS.has(finding.kind);
}

/** States kept apart from which on a trip count is not an artefact of joins. */
const ENOUGH_TO_COUNT = 4;

const STATIC_CHECKS: ReadonlySet<string> = new Set([
  'helper_unknown',
  'helper_unavailable',
  'helper_licence',
  'kfunc_unknown',
  'legacy_packet',
  'recursion',
  'frame_pointer_write',
  'control_flow',
  'unreachable',
]);
