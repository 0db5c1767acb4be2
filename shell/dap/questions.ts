/** Requests beyond the protocol (`bpf/...`), for editors that know this adapter: the answers of the debug context as JSON. */
import { runChecked } from '../../src/engine/checked-interpreter.ts';
import { fixSteps } from '../../src/explain/fixes/fixes.ts';
import { culpritSteps } from '../../src/explain/queries/culprit.ts';
import { searchCounterexample } from '../../src/explain/search/search.ts';
import type { DebugSession } from '../../src/explain/session.ts';
import type { NumberedFailure } from '../../src/explain/views.ts';
import { inSlices, type Steps } from '../../src/verifier/steps.ts';
import { type RequestArguments, RequestError } from './arguments.ts';

type Question = (session: DebugSession, args: RequestArguments, signal: AbortSignal) => object | Promise<object>;

/** The failed check that a request names by its number from 1; without one the one whose path is followed, else the first. */
function failureOf(session: DebugSession, args: RequestArguments): NumberedFailure {
  const number = args.integer('failure') ?? (session.followedFailure || 1);
  const found = session.failures[number - 1];
  if (found === undefined) throw new RequestError(session.failures.length === 0 ? 'No check fails.' : `There is no failed check ${number}.`);
  return found;
}

/** Does work in slices, between which requests that cancel it are read. */
function patiently<Result>(steps: Steps<Result>, signal: AbortSignal): Promise<Result> {
  return inSlices(steps, async () => {
    await new Promise(setImmediate);
    signal.throwIfAborted();
  });
}

/** Milliseconds that a search may take at most, whatever a request asks for. */
const MAX_BUDGET = 60_000;

export const questions: Readonly<Record<string, Question>> = {
  /** `register`: 0..9; without it those that the current instruction has requirements for. */
  'bpf/why'(session, args) {
    const register = args.integer('register');
    if (register !== undefined && (register < 0 || register > 9)) throw new RequestError('"register" has to be 0 to 9.');
    const registers = register === undefined ? session.relevantRegisters() : [register];
    return { pc: session.pc, registers, events: session.story(registers) };
  },
  async 'bpf/culprit'(session, args, signal) {
    const { number } = failureOf(session, args);
    return { failure: number, culprit: (await patiently(culpritSteps(session, number), signal)) ?? null };
  },
  /** `budget` in milliseconds. */
  async 'bpf/attack'(session, args, signal) {
    const { number, failure } = failureOf(session, args);
    const budget = args.integer('budget');
    const verdict = await searchCounterexample(session.verification, failure, {
      run: runChecked,
      signal,
      ...(budget === undefined ? {} : { budgetMilliseconds: Math.min(Math.max(0, budget), MAX_BUDGET) }),
    });
    return { failure: number, verdict };
  },
  async 'bpf/fix'(session, args, signal) {
    const { number, failure } = failureOf(session, args);
    const { fixes, rejected } = await patiently(fixSteps(session.verification, failure), signal);
    return { failure: number, fixes: fixes.map(({ applied: _, ...fix }) => fix), rejected };
  },
};
