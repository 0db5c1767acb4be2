import type { CheckedState } from '../engine/checked/state.ts';
import { runChecked } from '../engine/checked-interpreter.ts';
import type { Run, RunInput, RunOutcome } from '../explain/search/runner.ts';
import { runnableProgram, runOptions } from '../explain/search/runner.ts';
import type { Verification } from '../verifier/index.ts';
import type { State } from '../verifier/state.ts';
import { Escape, Explored, Follower } from './follow.ts';

/** A run was in a state that the verifier held impossible: a mistake of the verifier. */
export interface EscapeReport {
  /** Slot of the instruction that led there. */
  readonly instruction: number;
  /** `0:r2: a number in 20..74 claimed, 80 there`. */
  readonly words: string;
}

export interface FollowOptions {
  readonly instructionLimit?: number;
  /** Also compare inside blocks, not only where they begin. Default true. */
  readonly replays?: boolean;
  /** Every instruction with both states before it; `abstract` is undefined behind a failed check, and where the verifier forgot its states. */
  readonly onStep?: (pc: number, concrete: CheckedState, abstract: State | undefined) => void;
}

/** Runs inputs with every access checked, each state on the way beside what the verifier knew there. */
export class Crosscheck {
  private readonly explored: Explored;
  private readonly verification: Verification;

  /** @throws Error where nothing of the program was explored. */
  constructor(verification: Verification) {
    this.verification = verification;
    this.explored = new Explored(verification);
  }

  /** Runs one input. Where it leaves what the verifier held possible the run ends with `escape`. */
  follow(
    input: RunInput,
    { instructionLimit = LIMIT, replays = true, onStep }: FollowOptions = {},
  ): {
    readonly outcome: RunOutcome | undefined;
    readonly escape: EscapeReport | undefined;
  } {
    const follower = new Follower(this.explored, replays);
    try {
      const outcome = runChecked(runnableProgram(this.verification), input, {
        ...runOptions(this.verification),
        instructionLimit,
        onStep(pc, state) {
          follower.step(pc, state);
          onStep?.(pc, state, follower.abstract);
        },
      }) satisfies ReturnType<Run>;
      return { outcome, escape: undefined };
    } catch (error) {
      if (error instanceof Escape) return { outcome: undefined, escape: { instruction: error.pc, words: error.message } };
      throw error;
    }
  }
}

/** Instructions of one run. */
const LIMIT = 10_000;
