/** The experiment as a program of its own: node BUNDLE SEED PAIRS; prints one line of JSON. */
import { campaign } from './campaign.ts';

/** The verifier accepts well over half of the generated programs; fewer show that it has lost what it should know. */
const LEAST_ACCEPTED = 0.48;
/** It judges nearly all of them in time; otherwise loops are not brought to an end. */
const MOST_ERRORS = 0.02;
/** Programs after which the shares are looked at. */
const PROGRAMS = 300;
const MILLISECONDS = 60_000;

function experiment(seed: number, pairs: number) {
  const started = performance.now();
  let programs = 0;
  let accepted = 0;
  let errors = 0;
  let ran = 0;
  while (ran < pairs && performance.now() - started < MILLISECONDS) {
    const result = campaign({
      seed: seed + programs,
      pairs: pairs - ran,
      programs: PROGRAMS,
      inputsPerProgram: 12,
      replayEvery: 3,
      milliseconds: MILLISECONDS,
    });
    programs += result.programs;
    accepted += result.accepted;
    errors += result.errors;
    ran += result.pairs;
    const failure = result.failures[0];
    let shown: string | undefined;
    if (failure !== undefined) shown = `${failure.kind} at ${failure.instruction} of seed ${failure.seed}: ${failure.message}`;
    else if (errors > MOST_ERRORS * programs) shown = `${errors} of ${programs} programs could not be judged`;
    else if (programs >= PROGRAMS && accepted < LEAST_ACCEPTED * programs) shown = `only ${accepted} of ${programs} programs accepted`;
    if (shown !== undefined) return { pairs: ran, accepted, programs, shown };
  }
  return { pairs: ran, accepted, programs };
}

const [seed, pairs] = process.argv.slice(2).map(Number);
console.log(JSON.stringify(experiment(seed!, pairs!)));
