import { describe, expect, it } from 'vitest';
import { Crosscheck } from '../../src/crosscheck/index.ts';
import { interestingNumbers } from '../../src/explain/search/constants.ts';
import { InputMaker } from '../../src/explain/search/inputs.ts';
import { runnableProgram } from '../../src/explain/search/runner.ts';
import type { Verification } from '../../src/verifier/index.ts';
import { reportSkipped } from '../corpus.ts';
import { failingPrograms, verifyEntry } from './failing-programs.ts';
import { debugSample } from './open.ts';

/** Inputs per program; CROSSCHECK_INPUTS=1000 for the long run. */
const INPUTS = Number(process.env['CROSSCHECK_INPUTS'] ?? 15);

function inputsOf(verification: Verification, seed: number): InputMaker {
  const maker = new InputMaker(runnableProgram(verification), interestingNumbers(verification.machine, verification.findings[0]), seed);
  return maker;
}

describe('runs beside what the verifier knew', () => {
  const entries = failingPrograms();
  if (entries.length === 0) reportSkipped('failures', 'all 140');
  it.skipIf(entries.length === 0)('stay inside it on both variants of every failing program', { timeout: 600_000 }, () => {
    let runs = 0;
    let steps = 0;
    let compared = 0;
    for (const entry of entries) {
      for (const variant of ['bad', 'fix'] as const) {
        const verification = verifyEntry(entry, variant);
        if (verification.exploration === undefined) continue;
        const crosscheck = new Crosscheck(verification);
        const maker = inputsOf(verification, 5);
        for (let turn = 0; turn < INPUTS; turn++) {
          const followed = crosscheck.follow(maker.fresh(), {
            instructionLimit: 2000,
            onStep(_, __, abstract) {
              steps++;
              if (abstract !== undefined) compared++;
            },
          });
          expect(followed.escape, `${entry.file} ${variant}`).toBeUndefined();
          runs++;
        }
      }
    }
    console.log(`${runs} runs, ${steps} steps, ${compared} of them inside blocks compared state by state`);
    expect(runs).toBeGreaterThan(130 * INPUTS);
    expect(compared).toBeGreaterThan(steps / 4);
  });

  it('are told apart from it where the verifier is made to believe too much', async () => {
    const { verification } = await debugSample('droppacket');
    const input = inputsOf(verification, 3).fresh();
    const honest = new Crosscheck(verification).follow({ ...input, packet: new Uint8Array(64) });
    expect(honest.escape).toBeUndefined();
    // The same exploration, with every state of the entry claiming a longer packet than the one that comes.
    for (const node of verification.exploration!.nodes.values()) for (const state of node.processed) state.relate(0, 1, -100);
    const followed = new Crosscheck(verification).follow({ ...input, packet: new Uint8Array(64) });
    expect(followed.escape?.words).toMatch(/^outside all \d+ states: packet: 100 bytes claimed, 64 there$/);
  });
});
