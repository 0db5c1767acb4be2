/** Many random programs, each accepted one run on many inputs: what came out. */

import { Explored } from '../../../src/crosscheck/follow.ts';
import type { Instruction } from '../../../src/isa/instruction.ts';
import { type Verification, verify } from '../../../src/verifier/index.ts';
import { type Generated, generate } from './generator.ts';
import { checkedProgram, objectOf, programOf } from './host.ts';
import { changedIdiom, type Idiom } from './idioms.ts';
import { Inputs } from './inputs.ts';
import { type Violation, watch } from './watch.ts';

/** Precision settings in turn; undefined: the ladder. */
const PRECISIONS = [1, 4, undefined] as const;

/** Accepted programs that run longer than this are said not to end: no loop of theirs may take more than `MAX_TURNS` turns. */
const INSTRUCTION_LIMIT = 100_000;
/** Programs with longer loops are not run: they would only take time. */
const MAX_TURNS = 100;
/** After this many instructions in all, a program has had its share of the time. */
const SHARE = 60_000;

export interface Failure extends Violation {
  readonly seed: number;
  readonly input: number;
  readonly precision: number | undefined;
  readonly generated: Generated;
}

export interface Result {
  readonly programs: number;
  readonly accepted: number;
  readonly errors: number;
  readonly pairs: number;
  readonly failures: readonly Failure[];
  /** Executed instructions by kind. */
  readonly coverage: ReadonlyMap<string, number>;
  /** Why programs were rejected, by check. */
  readonly rejections: ReadonlyMap<string, number>;
  readonly verifyMilliseconds: number;
  readonly runMilliseconds: number;
}

export interface CampaignOptions {
  readonly seed: number;
  /** (program, input) pairs to run. */
  readonly pairs: number;
  readonly inputsPerProgram?: number;
  /** Every how many inputs the run is also compared inside blocks. */
  readonly replayEvery?: number;
  /** One program in five is one of these, changed. */
  readonly idioms?: readonly Idiom[];
  /** Stop after so many failures. */
  readonly stopAfter?: number;
  /** Stop after so many programs, or so much time. */
  readonly programs?: number;
  readonly milliseconds?: number;
  readonly onProgress?: (pairs: number) => void;
}

export function verifyGenerated(generated: Generated, precision: number | undefined): Verification {
  const { platform, programType } = generated.host;
  const program = programOf(generated.instructions);
  return verify(generated.object ?? objectOf(platform), program, {
    platform,
    programType,
    timeLimit: 1_000,
    ...(precision === undefined ? {} : { precision }),
  });
}

export function campaign(options: CampaignOptions): Result {
  const { pairs: wanted, inputsPerProgram = 24, replayEvery = 4, stopAfter = 1, idioms = [] } = options;
  const coverage = new Map<string, number>();
  const rejections = new Map<string, number>();
  const failures: Failure[] = [];
  const started = performance.now();
  let programs = 0;
  let accepted = 0;
  let errors = 0;
  let pairs = 0;
  let verifyMilliseconds = 0;
  for (let seed = options.seed; pairs < wanted && failures.length < stopAfter; seed++) {
    if (programs >= (options.programs ?? Number.POSITIVE_INFINITY)) break;
    if (options.milliseconds !== undefined && performance.now() - started > options.milliseconds) break;
    const generated = idioms.length > 0 && seed % 5 === 4 ? changedIdiom(idioms, seed) : generate(seed);
    const precision = PRECISIONS[seed % PRECISIONS.length];
    const begun = performance.now();
    const verification = verifyGenerated(generated, precision);
    verifyMilliseconds += performance.now() - begun;
    programs++;
    const { report } = verification;
    if (report.verdict === 'error') errors++;
    if (report.verdict === 'rejected') {
      const kind = report.failures[0]?.check.kind ?? '?';
      rejections.set(kind, (rejections.get(kind) ?? 0) + 1);
    }
    if (report.verdict !== 'accepted') continue;
    accepted++;
    if (report.maxLoopCount > MAX_TURNS) continue;
    const run = runAll(generated, verification, precision, seed, inputsPerProgram, replayEvery, coverage);
    pairs += run.pairs;
    if (run.failure !== undefined) failures.push(run.failure);
    options.onProgress?.(pairs);
  }
  return {
    programs,
    accepted,
    errors,
    pairs,
    failures,
    coverage,
    rejections,
    verifyMilliseconds,
    runMilliseconds: performance.now() - started - verifyMilliseconds,
  };
}

function runAll(
  generated: Generated,
  verification: Verification,
  precision: number | undefined,
  seed: number,
  count: number,
  replayEvery: number,
  coverage: Map<string, number>,
): { readonly pairs: number; readonly failure?: Failure } {
  const program = checkedProgram(generated.object ?? objectOf(generated.host.platform), generated.instructions, generated.host);
  const explored = new Explored(verification);
  const inputs = new Inputs(program);
  let steps = 0;
  let input = 1;
  for (; input <= count && steps < SHARE; input++) {
    // Kinds are counted on the first inputs only: it is the programs that differ.
    const counts = input <= 2;
    const onStep = (pc: number) => {
      steps++;
      if (!counts) return;
      const name = kindOf(generated.instructions[pc]!);
      coverage.set(name, (coverage.get(name) ?? 0) + 1);
    };
    const violation = watch(explored, program, inputs.input(Math.imul(seed, 7919) + input), {
      replays: input % replayEvery === 0,
      instructionLimit: INSTRUCTION_LIMIT,
      onStep,
    });
    if (violation !== undefined) return { pairs: input, failure: { ...violation, seed, input, precision, generated } };
  }
  return { pairs: input - 1 };
}

/** An instruction's kind in the detail in which transfer functions differ: "add64", "jslt32", "load4", "atomic xchg8". */
export function kindOf(instruction: Instruction): string {
  switch (instruction.kind) {
    case 'binary':
      return `${instruction.operator}${instruction.width}`;
    case 'branch':
      return `j${instruction.comparison}${instruction.width}`;
    case 'load':
      return `load${instruction.signed ? 's' : ''}${instruction.size}`;
    case 'store':
      return `store${instruction.size}`;
    case 'atomic':
      return `atomic ${instruction.operator}${instruction.size}`;
    case 'movsx':
      return `movsx${instruction.bits}to${instruction.width}`;
    case 'swap':
      return `${instruction.order}${instruction.bits}`;
    case 'negate':
      return `neg${instruction.width}`;
    case 'lddw':
      return `lddw ${instruction.source}`;
    default:
      return instruction.kind;
  }
}
