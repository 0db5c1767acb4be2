/** The experiment as a program of its own: node BUNDLE SEED PAIRS; prints one line of JSON. */
import { campaign } from './campaign.ts';

/** A sound verifier accepts more than half of the generated programs; far fewer show that it has lost what it should know. */
const LEAST_ACCEPTED = 0.4;
/** Programs after which the share is telling. */
const ENOUGH = 100;

const [seed, pairs] = process.argv.slice(2).map(Number);
const result = campaign({ seed: seed!, pairs: pairs!, inputsPerProgram: 12, replayEvery: 3, milliseconds: 60_000 });
const failure = result.failures[0];
const few = result.programs >= ENOUGH && result.accepted < LEAST_ACCEPTED * result.programs;
const shown =
  failure !== undefined
    ? `${failure.kind} at ${failure.instruction} of seed ${failure.seed}: ${failure.message}`
    : few
      ? `only ${result.accepted} of ${result.programs} programs accepted`
      : undefined;
console.log(JSON.stringify({ pairs: result.pairs, accepted: result.accepted, programs: result.programs, ...(shown === undefined ? {} : { shown }) }));
