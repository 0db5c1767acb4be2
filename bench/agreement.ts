/**
 * Agreement of the engines: random verified programs, each run on several inputs in the interpreter, the JIT and a native image; results,
 * effects and the whole memory are compared. Exit status 1 where they part.
 *
 *   node bench/run.mjs agreement [--runs N] [--seed N] [--inputs N] [--stop-after N] [--show SEED]
 */
import { formatInstruction } from '../src/isa/format.ts';
import { agreement } from '../test/engine/agreement/campaign.ts';
import { generatePair, isAccepted } from '../test/engine/agreement/programs.ts';

function option(name: string, otherwise: number): number {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? otherwise : Number(process.argv[at + 1]);
}

const shown = option('show', Number.NaN);
if (Number.isNaN(shown)) {
  let next = 0;
  const started = performance.now();
  const result = await agreement({
    seed: option('seed', 1),
    runs: option('runs', 5_000),
    inputsPerProgram: option('inputs', 5),
    stopAfter: option('stop-after', 10),
    onProgress(runs) {
      if (runs < next) return;
      next = runs + 5_000;
      console.error(`${runs} runs`);
    },
  });
  for (const { seed, input, engines, what } of result.disagreements) console.log(`seed ${seed}, input ${input}: ${engines} part: ${what}`);
  console.log(`programs ${result.programs} pairs, ${((100 * result.programs) / result.generated).toFixed(1)} % of ${result.generated} accepted`);
  console.log(
    `runs     ${result.runs} in each of 3 engines, ${result.checked} of them in the checked interpreter too, ${result.disagreements.length} disagreements`,
  );
  if (result.endless.length > 0) console.log(`endless  accepted and never ending, not compared: seeds ${result.endless.join(', ')}`);
  for (const [fault, count] of result.faults) console.log(`fault    ${count} times: ${fault}`);
  console.log(`time     ${((performance.now() - started) / 1000).toFixed(1)} s`);
  console.log(
    `kinds    ${result.kinds.size}: ${[...result.kinds]
      .sort()
      .map(([kind, count]) => `${kind} ${count}`)
      .join(', ')}`,
  );
  if (result.disagreements.length > 0) process.exitCode = 1;
} else {
  const pair = generatePair(shown);
  console.log(`${pair.host.platform.name} ${pair.host.programType.name}, ${isAccepted(pair) ? 'accepted' : 'not accepted'}`);
  for (const { name, instructions } of pair.object.programs) {
    console.log(`${name}:`);
    for (const [slot, instruction] of instructions.entries())
      if (instruction !== undefined) console.log(`${String(slot).padStart(4)}: ${formatInstruction(instruction, slot)}`);
  }
}
