import type { Verification } from '../../verifier/index.ts';
import type { Failure } from '../../verifier/report.ts';
import { interestingNumbers } from './constants.ts';
import { type Comparison, copyOf, InputMaker, sweepOf } from './inputs.ts';
import { type Observation, Observer } from './observe.ts';
import { type Run, type RunInput, type RunnableProgram, type RunOptions, runnableProgram, runOptions } from './runner.ts';
import { shrink } from './shrink.ts';
import { type Story, spellOut, tell } from './story.ts';
import { Target } from './target.ts';
import { inputOf, type Vector, vectorOf } from './vector.ts';
import type { EscapeFound, Verdict } from './verdict.ts';

export interface SearchOptions {
  /** Runs a program with every access checked; `runChecked` of the engine. */
  readonly run: Run;
  /** Default 1000. */
  readonly budgetMilliseconds?: number;
  /** The same seed tries the same inputs in the same order. Default 1. */
  readonly seed?: number;
  /** Inputs tried at most, default 20,000. */
  readonly maxTries?: number;
  /** Follows an input through the states that the verifier explored; says where it leaves them. Asked for inputs that come somewhere new. */
  readonly follow?: Follow;
  /** Only the input that is found is followed. */
  readonly followOnlyFound?: boolean;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: { readonly tries: number; readonly reached: number }) => void;
}

/** Runs an input beside the verifier's states; undefined where it stays inside them. */
export type Follow = (input: RunInput) => Omit<EscapeFound, 'vector'> | undefined;

const DEFAULT_BUDGET = 1000;
const DEFAULT_TRIES = 20_000;
/** Instructions of one run; loops that do not end are given more. */
const RUN_LIMIT = 10_000;
const ENDLESS_LIMIT = 100_000;
const SHRINK_RUNS = 400;
/** Inputs kept for changing. */
const MAX_KEPT = 64;
/** Fewer than this many arrivals say nothing about the absence of a violation. */
const MIN_REACHED = 32;
/** Time between two looks at the signal, in milliseconds. */
const SLICE = 20;
/** Tries for the very check, after another violation was seen at the instruction. */
const PATIENCE = 500;
/** Inputs of which every byte is tried by itself. */
const MAX_SWEEPS = 12;
/** Inputs that came to the instruction whose packets are tried with the last byte cut off that it touched. */
const MAX_CUTS = 256;

/** A search in progress; `work` goes on with it for a while. */
export class Search {
  private readonly run: Run;
  private readonly follow: Follow | undefined;
  private readonly followNew: boolean;
  private escape: EscapeFound | undefined;
  private readonly verification: Verification;
  private readonly failure: Failure;
  private readonly target: Target;
  private readonly program: RunnableProgram;
  private readonly options: RunOptions;
  private readonly observer: Observer;
  private readonly maker: InputMaker;
  private readonly kept: { readonly input: RunInput; readonly comparisons: readonly Comparison[] }[] = [];
  private readonly maxTries: number;
  private other: { readonly input: RunInput; readonly at: number } | undefined;
  private turn = 0;
  private readonly cuts: RunInput[] = [];
  private cutsMade = 0;
  /** Copies of an input that came closer than any before, each with one byte changed. */
  private sweep: Generator<RunInput> | undefined;
  private closest = Number.POSITIVE_INFINITY;
  private sweepsMade = 0;
  tries = 0;

  constructor(
    verification: Verification,
    failure: Failure,
    options: Pick<SearchOptions, 'run' | 'seed' | 'maxTries' | 'follow' | 'followOnlyFound'>,
  ) {
    this.run = options.run;
    this.follow = options.follow;
    this.followNew = options.followOnlyFound !== true;
    this.verification = verification;
    this.failure = failure;
    this.target = new Target(failure);
    this.program = runnableProgram(verification);
    this.options = runOptions(verification);
    this.maxTries = options.maxTries ?? DEFAULT_TRIES;
    const finding = verification.findings.find(({ kind, instruction }) => kind === failure.check.kind && instruction === failure.instruction);
    this.maker = new InputMaker(this.program, interestingNumbers(verification.machine, finding), options.seed ?? 1, this.target.rereads);
    this.observer = this.observe(this.target.proof === 'endless' ? ENDLESS_LIMIT : RUN_LIMIT);
  }

  private observe(limit: number): Observer {
    return new Observer(this.run, this.program, this.options, this.target, this.verification, limit, (map, key) => this.maker.noteKey(map, key));
  }

  get reached(): number {
    return this.observer.timesReached;
  }

  /** Tries inputs for about so many milliseconds; the verdict as soon as there is one. */
  work(milliseconds: number): Verdict | undefined {
    const verdict = this.attempt(milliseconds);
    return verdict === undefined ? undefined : this.withEscape(verdict);
  }

  private withEscape(verdict: Verdict): Verdict {
    if (verdict.kind === 'confirmed' || verdict.kind === 'rule')
      if (verdict.vector !== undefined) this.crosscheck(inputOf(verdict.vector, this.program));
    return this.escape === undefined ? verdict : { ...verdict, escape: this.escape };
  }

  private crosscheck(input: RunInput): void {
    if (this.escape !== undefined) return;
    const found = this.follow?.(input);
    if (found !== undefined) this.escape = { ...found, vector: this.vector(input) };
  }

  private attempt(milliseconds: number): Verdict | undefined {
    if (this.target.proof === 'rule') return { kind: 'rule', words: this.failure.message };
    const end = performance.now() + milliseconds;
    do {
      if (this.tries >= this.maxTries || (this.other !== undefined && this.tries - this.other.at > PATIENCE)) return this.judge(false);
      const input = this.next();
      const seen = this.observer.observe(input);
      this.tries++;
      if (seen.isNew && this.followNew) this.crosscheck(input);
      if (seen.match === 'exact') return this.confirm(input, 'exact');
      if (seen.match === 'here') this.other ??= { input, at: this.tries };
      this.keep(input, seen);
    } while (performance.now() < end);
    return undefined;
  }

  private next(): RunInput {
    const cut = this.cuts.pop();
    if (cut !== undefined) return cut;
    // Every second turn, so that a long sweep keeps nothing else waiting.
    if (this.tries % 2 === 0) {
      const swept = this.sweep?.next();
      if (swept?.done === false) return swept.value;
      this.sweep = undefined;
    }
    const entry = this.turn++ % 3 === 0 || this.kept.length === 0 ? undefined : this.kept[(this.turn * 7) % this.kept.length];
    return entry === undefined ? this.maker.fresh() : this.maker.mutate(entry.input, entry.comparisons);
  }

  private keep(input: RunInput, { isNew, reached, comparisons, packetSpare }: Observation): void {
    // The same way with a packet that ends too early is the surest counterexample there can be.
    if (packetSpare !== undefined && packetSpare < input.packet.length && this.cutsMade < MAX_CUTS) {
      this.cutsMade++;
      this.cuts.push({ ...copyOf(input), packet: input.packet.slice(0, input.packet.length - packetSpare - 1) });
    }
    const margin = this.observer.margin?.bytes ?? Number.MAX_SAFE_INTEGER;
    if (reached && margin < this.closest && this.sweepsMade < MAX_SWEEPS) {
      this.closest = margin;
      this.sweepsMade++;
      this.sweep = sweepOf(input);
    }
    // Those that came to the instruction are worth changing most.
    if (!isNew && !(reached && this.tries % 8 === 0)) return;
    const entry = { input, comparisons };
    if (this.kept.length < MAX_KEPT) this.kept.push(entry);
    else this.kept[this.tries % MAX_KEPT] = entry;
  }

  private confirm(found: RunInput, match: 'exact' | 'here'): Verdict {
    const limit = this.target.proof === 'endless' ? ENDLESS_LIMIT : RUN_LIMIT;
    const judge = this.observe(limit);
    const shows = (input: RunInput) => judge.observe(input).match === match;
    const spelled = spellOut(this.run, this.program, found, { ...this.options, instructionLimit: limit });
    const start = shows(spelled.input) ? spelled.input : found;
    // A run that does not end is not run hundreds of times over.
    const plain = shrink(start, shows, spelled.met, this.target.proof === 'endless' ? 6 : SHRINK_RUNS);
    const story = tell(this.run, this.program, plain, { ...this.options, instructionLimit: limit });
    const vector = this.vector(plain);
    const witness = judge.observe(plain).witness;
    if (this.target.policy) return { kind: 'rule', words: `${this.failure.message} Shown by ${storyWords(story)}.`, vector };
    const words = witness === undefined ? storyWords(story) : `${inputWords(story)} -> ${witness}`;
    return { kind: 'confirmed', words, vector, match, tries: this.tries };
  }

  private vector(input: RunInput): Vector {
    const { section, name } = this.verification.machine.program;
    return vectorOf(input, this.program, { section, name }, this.failure);
  }

  /** What is said when the time is up. */
  conclude(cancelled = false): Verdict {
    return this.withEscape(this.judge(cancelled));
  }

  private judge(cancelled: boolean): Verdict {
    if (this.other !== undefined) return this.confirm(this.other.input, 'here');
    const { tries } = this;
    const { timesReached: reached, waysIn, margin, faultsElsewhere } = this.observer;
    const base = { tries, reached };
    const elsewhere = [...faultsElsewhere]
      .slice(0, 1)
      .map(([place, message]) => ` Runs end before: ${message} (instruction ${place.split(':')[0]}).`);
    if (reached === 0) {
      const words = `${count(tries, 'input')} tried, none came to instruction ${this.failure.instruction}${cancelled ? ' before the search was stopped' : ''}.${elsewhere.join('')}`;
      return { kind: 'undetermined', words, reason: 'never_reached', ...base };
    }
    const came = `${reached} of ${count(tries, 'input')} came to instruction ${this.failure.instruction}, none broke it`;
    if (this.target.ruled) return { kind: 'rule', words: `${this.failure.message} (${came}.)` };
    if (cancelled) return { kind: 'undetermined', words: `${came}; the search was stopped.`, reason: 'cancelled', ...base };
    if (reached < MIN_REACHED) return { kind: 'undetermined', words: `${came}; that is too few to tell.`, reason: 'few_inputs', ...base };
    if (waysIn.seen < waysIn.all) {
      const words = `${came}, but they came over ${waysIn.seen} of the ${waysIn.all} ways that lead there.`;
      return { kind: 'undetermined', words, reason: 'ways_not_covered', ...base };
    }
    const closest = margin === undefined ? '' : `; the closest was ${margin.words}`;
    return { kind: 'limit', words: `${came}${closest}.`, ...base, ...(margin === undefined ? {} : { margin }) };
  }
}

/**
 * Looks for an input with which a program breaks the check that the verifier could not prove: the same check, at the same instruction.
 * Deterministic in what it tries; the time budget and the signal only say when it stops. Never throws for what the program does.
 */
export async function searchCounterexample(verification: Verification, failure: Failure, options: SearchOptions): Promise<Verdict> {
  const search = new Search(verification, failure, options);
  const end = performance.now() + (options.budgetMilliseconds ?? DEFAULT_BUDGET);
  for (;;) {
    if (options.signal?.aborted === true) return search.conclude(true);
    const left = end - performance.now();
    if (left <= 0) return search.conclude();
    const verdict = search.work(Math.min(SLICE, left));
    if (verdict !== undefined) return verdict;
    options.onProgress?.({ tries: search.tries, reached: search.reached });
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** The same search at a stretch, for threads that have nothing else to do. */
export function searchNow(verification: Verification, failure: Failure, options: Omit<SearchOptions, 'signal' | 'onProgress'>): Verdict {
  const search = new Search(verification, failure, options);
  return search.work(options.budgetMilliseconds ?? DEFAULT_BUDGET) ?? search.conclude();
}

/**
 * Runs a vector again.
 *
 * @param options may add what looks on at each step.
 * @throws VectorError where it belongs to another program.
 */
export function replayVector(verification: Verification, vector: Vector, run: Run, options: RunOptions = {}): Story & { readonly shows: boolean } {
  const program = runnableProgram(verification);
  const { shows } = vector;
  const input = inputOf(vector, program);
  const limit = shows.check === 'loop_unbounded' || shows.check === 'infinite_loop' ? ENDLESS_LIMIT : RUN_LIMIT;
  const story = tell(run, program, input, { ...runOptions(verification), instructionLimit: limit, ...options });
  const failure = [...verification.report.failures, ...verification.report.warnings].find(
    ({ check, instruction }) => check.kind === shows.check && instruction === shows.instruction,
  );
  if (failure === undefined) return { ...story, shows: false };
  const { match, witness } = new Observer(run, program, runOptions(verification), new Target(failure), verification, limit, () => {}).observe(input);
  return { ...story, ending: witness ?? story.ending, shows: match !== undefined };
}

function inputWords({ inputs }: Story): string {
  return inputs.length === 0 ? 'any input' : inputs.join(', ');
}

function storyWords(story: Story): string {
  return `${inputWords(story)} -> ${story.ending}`;
}

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? '' : 's'}`;
}
