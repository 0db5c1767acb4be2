/** Runs an accepted program in the checked interpreter and compares every state on the way with what the verifier explored. */
import { Escape, type Explored, Follower } from '../../../src/crosscheck/follow.ts';
import type { CheckedInput, CheckedProgram } from '../../../src/engine/checked-interpreter.ts';
import { runChecked } from '../../../src/engine/checked-interpreter.ts';

/** What a run of an accepted program showed to be wrong. */
export interface Violation {
  /** `fault`: a check failed; `escape`: a state the verifier did not foresee; `limit`: it did not end. */
  readonly kind: 'fault' | 'escape' | 'limit';
  readonly instruction: number;
  readonly message: string;
}

/** One run of an accepted program; undefined where nothing went wrong. `replays`: also compare inside blocks. */
export function watch(
  explored: Explored,
  program: CheckedProgram,
  input: CheckedInput,
  options: { readonly replays: boolean; readonly instructionLimit: number; readonly onStep?: (pc: number) => void },
): Violation | undefined {
  const follower = new Follower(explored, options.replays);
  try {
    const outcome = runChecked(program, input, {
      instructionLimit: options.instructionLimit,
      onStep(pc, state) {
        options.onStep?.(pc);
        follower.step(pc, state);
      },
    });
    if (outcome.kind === 'fault')
      return { kind: 'fault', instruction: outcome.fault.instruction, message: `${outcome.fault.kind}: ${outcome.fault.message}` };
    if (outcome.kind === 'limit')
      return { kind: 'limit', instruction: outcome.instruction, message: `still running after ${outcome.steps} instructions` };
    return undefined;
  } catch (error) {
    if (error instanceof Escape) return { kind: 'escape', instruction: error.pc, message: error.message };
    throw error;
  }
}
