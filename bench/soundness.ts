/**
 * Soundness by experiment: random programs, verified; each accepted one is run on many inputs by the checked interpreter, with every state
 * compared with what the verifier explored. Exit status 1 where anything escaped.
 *
 *   node bench/run.mjs soundness [--pairs N] [--seed N] [--inputs N] [--replay-every N] [--stop-after N] [--show SEED]
 */

import { fileURLToPath } from 'node:url';
import { formatInstruction } from '../src/isa/format.ts';
import type { InstructionList } from '../src/isa/instruction.ts';
import { campaign, verifyGenerated } from '../test/verifier/soundness/campaign.ts';
import { generate } from '../test/verifier/soundness/generator.ts';
import { changedIdiom, loadIdioms } from '../test/verifier/soundness/idioms.ts';

function option(name: string, otherwise: number): number {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? otherwise : Number(process.argv[at + 1]);
}

function listing(instructions: InstructionList): string {
  return instructions
    .flatMap((instruction, pc) => (instruction === undefined ? [] : [`${String(pc).padStart(4)}: ${formatInstruction(instruction, pc)}`]))
    .join('\n');
}

const idioms = loadIdioms(fileURLToPath(new URL('../', import.meta.url)));
const shown = option('show', Number.NaN);
if (Number.isNaN(shown)) {
  const pairs = option('pairs', 20_000);
  let next = 0;
  const result = campaign({
    seed: option('seed', 1),
    pairs,
    inputsPerProgram: option('inputs', 24),
    replayEvery: option('replay-every', 4),
    stopAfter: option('stop-after', 10),
    idioms,
    onProgress(done) {
      if (done < next) return;
      next += Math.max(50_000, pairs / 10);
      if (pairs > 100_000) console.error(`${done} pairs`);
    },
  });
  for (const { seed, input, precision, kind, instruction, message } of result.failures) {
    console.log(`seed ${seed} (precision ${precision ?? 'ladder'}), input ${input}: ${kind} at ${instruction}: ${message}`);
  }
  const rejected = [...result.rejections].sort((a, b) => b[1] - a[1]).map(([kind, count]) => `${kind} ${count}`);
  const seconds = (milliseconds: number) => `${(milliseconds / 1000).toFixed(1)} s`;
  console.log(
    `programs   ${result.programs}, accepted ${result.accepted} (${((100 * result.accepted) / result.programs).toFixed(1)} %), not judged ${result.errors}`,
  );
  console.log(`pairs      ${result.pairs}`);
  console.log(
    `violations ${result.failures.filter(({ kind }) => kind !== 'escape').length}, escapes ${result.failures.filter(({ kind }) => kind === 'escape').length}`,
  );
  console.log(`time       verifying ${seconds(result.verifyMilliseconds)}, running and comparing ${seconds(result.runMilliseconds)}`);
  console.log(`rejected   ${rejected.join(', ')}`);
  console.log(
    `coverage   ${result.coverage.size} kinds of instructions: ${[...result.coverage]
      .sort()
      .map(([kind, count]) => `${kind} ${count}`)
      .join(', ')}`,
  );
  if (result.failures.length > 0) process.exitCode = 1;
} else {
  const generated = shown % 5 === 4 && idioms.length > 0 ? changedIdiom(idioms, shown) : generate(shown);
  console.log(`${generated.host.platform.name} ${generated.host.programType.name}${generated.mutated ? ', mutated' : ''}`);
  console.log(listing(generated.instructions));
  for (const precision of [1, 4, undefined]) {
    const { report } = verifyGenerated(generated, precision);
    console.log(`precision ${precision ?? 'ladder'}: ${report.verdict}`, report.error?.message ?? '');
    for (const failure of report.failures) console.log(`  ${failure.instruction}: ${failure.check.kind} ${failure.message}`);
  }
}
