import type { Verification } from '../../verifier/index.ts';
import { interestingNumbers } from './constants.ts';
import { type Comparison, InputMaker } from './inputs.ts';
import { type Margin, marginOf } from './observe.ts';
import { type RunInput, type RunnableProgram, type RunOptions, runnableProgram, runOptions } from './runner.ts';
import type { SearchOptions } from './search.ts';
import { vectorOf } from './vector.ts';
import type { EscapeFound } from './verdict.ts';

/** What runs of a passing program showed. */
export interface Survey {
  readonly tries: number;
  /** Instructions that runs came to, and those that the verifier came to. */
  readonly executed: number;
  readonly explored: number;
  /** How close accesses came to the ends of their regions, by slot, closest first. */
  readonly margins: readonly (Margin & { readonly pc: number })[];
  /** A violation, or a state that the verifier held impossible. Either is a mistake of the verifier. */
  readonly escape: EscapeFound | undefined;
}

const DEFAULT_BUDGET = 1000;
const DEFAULT_TRIES = 20_000;
const RUN_LIMIT = 10_000;
const MAX_KEPT = 64;
/** Larger than any slot number. */
const EDGE_STEP = 2 ** 21;

/** Runs inputs of a program that passes, with every access checked and every new way beside the verifier's states. Deterministic in what it tries. */
export async function surveyProgram(verification: Verification, options: SearchOptions): Promise<Survey> {
  const survey = new Surveyor(verification, options);
  const end = performance.now() + (options.budgetMilliseconds ?? DEFAULT_BUDGET);
  const most = options.maxTries ?? DEFAULT_TRIES;
  while (survey.tries < most && survey.escape === undefined && performance.now() < end && options.signal?.aborted !== true) {
    survey.tryOne();
    if (survey.tries % PAUSE !== 0) continue;
    options.onProgress?.({ tries: survey.tries, reached: survey.tries });
    await new Promise((resolve) => setImmediate(resolve));
  }
  return survey.result();
}

/** Tries between two looks at the signal. */
const PAUSE = 64;

class Surveyor {
  private readonly verification: Verification;
  private readonly options: SearchOptions;
  private readonly program: RunnableProgram;
  private readonly runOptions: RunOptions;
  private readonly maker: InputMaker;
  private readonly edges = new Set<number>();
  private readonly executed = new Set<number>();
  private readonly margins = new Map<number, Margin>();
  private readonly kept: { readonly input: RunInput; readonly comparisons: readonly Comparison[] }[] = [];
  tries = 0;
  escape: EscapeFound | undefined;

  constructor(verification: Verification, options: SearchOptions) {
    this.verification = verification;
    this.options = options;
    this.program = runnableProgram(verification);
    this.runOptions = runOptions(verification);
    this.maker = new InputMaker(this.program, interestingNumbers(verification.machine, undefined), options.seed ?? 1);
  }

  tryOne(): void {
    const { kept, tries } = this;
    const old = tries % 3 === 0 || kept.length === 0 ? undefined : kept[(tries * 7) % kept.length];
    const input = old === undefined ? this.maker.fresh() : this.maker.mutate(old.input, old.comparisons);
    this.tries++;
    let isNew = false;
    let previous = -1;
    const comparisons: Comparison[] = [];
    const outcome = this.options.run(this.program, input, {
      ...this.runOptions,
      instructionLimit: RUN_LIMIT,
      onStep: (pc) => {
        const edge = previous * EDGE_STEP + pc;
        if (!this.edges.has(edge)) {
          this.edges.add(edge);
          isNew = true;
        }
        this.executed.add(pc);
        previous = pc;
      },
      onAccess: (pc, region, index, width) => {
        const margin = marginOf(region, Number(index), width);
        const known = this.margins.get(pc);
        if (known === undefined || margin.bytes < known.bytes) this.margins.set(pc, margin);
      },
      onCompare: (_, left, right) => {
        if (left !== right && comparisons.length < MAX_KEPT) comparisons.push({ left, right });
      },
    });
    if (outcome.kind === 'fault') this.report(input, outcome.fault.instruction, outcome.fault.message, outcome.fault.kind);
    if (!isNew) return;
    if (kept.length < MAX_KEPT) kept.push({ input, comparisons });
    else kept[tries % MAX_KEPT] = { input, comparisons };
    const found = this.options.follow?.(input);
    if (found !== undefined) this.report(input, found.instruction, found.words, 'escape');
  }

  private report(input: RunInput, instruction: number, words: string, kind: string): void {
    const { section, name } = this.verification.machine.program;
    const vector = vectorOf(input, this.program, { section, name }, { id: 'VER-00', instruction, check: { kind } });
    this.escape ??= { instruction, words, vector };
  }

  result(): Survey {
    const explored = new Set<number>();
    for (const { block, processed } of this.verification.exploration?.nodes.values() ?? []) {
      if (processed.length === 0) continue;
      for (let slot = block.start; slot <= block.last; slot++) if (this.verification.machine.instructions[slot] !== undefined) explored.add(slot);
    }
    return {
      tries: this.tries,
      executed: this.executed.size,
      explored: explored.size,
      margins: [...this.margins].map(([pc, margin]) => ({ pc, ...margin })).sort((a, b) => a.bytes - b.bytes || a.pc - b.pc),
      escape: this.escape,
    };
  }
}
