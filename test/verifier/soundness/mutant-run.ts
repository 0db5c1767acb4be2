/** The experiment as a program of its own: node BUNDLE SEED PAIRS; prints one line of JSON. */
import { campaign } from './campaign.ts';

/** The verifier accepts well over half of the generated programs; fewer show that it has lost what it should know. */
const LEAST_ACCEPTED = 0.48;
/** It judges nearly all of them in time; otherwise loops are not brought to an end. */
const MOST_ERRORS = 0.02;
/** Programs after which the shares are telling. */
const ENOUGH = 200;

const [seed, pairs] = process.argv.slice(2).map(Number);
const result = campaign({ seed: seed!, pairs: pairs!, inputsPerProgram: 12, replayEvery: 3, milliseconds: 60_000 });
const failure = result.failures[0];
const late = result.programs >= ENOUGH && result.errors > MOST_ERRORS * result.programs;
const few = result.programs >= ENOUGH && result.accepted < LEAST_ACCEPTED * result.programs;
const shown =
  failure !== undefined
    ? `${failure.kind} at ${failure.instruction} of seed ${failure.seed}: ${failure.message}`
    : few
      ? `only ${result.accepted} of ${result.programs} programs accepted`
      : late
        ? `${result.errors} of ${result.programs} programs could not be judged`
        : undefined;
console.log(JSON.stringify({ pairs: result.pairs, accepted: result.accepted, programs: result.programs, ...(shown === undefined ? {} : { shown }) }));
