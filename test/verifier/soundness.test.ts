/** Soundness by experiment: what the verifier accepts runs without a fault, ends, and stays inside the states that were explored. */
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { corpusPath, reportSkipped } from '../corpus.ts';
import { campaign } from './soundness/campaign.ts';
import { loadIdioms } from './soundness/idioms.ts';

/** Increase by hand to look further; `node bench/run.mjs soundness --pairs 1000000` looks much further. */
const PAIRS = 20_000;
const SEED = 20_261_123;

const idioms = loadIdioms(fileURLToPath(new URL('../../', import.meta.url)));
if (corpusPath('failures') === undefined) reportSkipped('failures', 'the 70 corrected programs as idioms');

describe('random programs', () => {
  it(`are sound over ${PAIRS} pairs of program and input, and often accepted`, { timeout: 240_000 }, () => {
    const result = campaign({ seed: SEED, pairs: PAIRS, inputsPerProgram: 20, replayEvery: 4, stopAfter: 5, idioms });
    const shown = result.failures.map(
      ({ seed, precision, kind, instruction, message }) => `seed ${seed}, precision ${precision ?? 'ladder'}: ${kind} at ${instruction}: ${message}`,
    );
    expect(shown).toEqual([]);
    expect(result.pairs).toBeGreaterThanOrEqual(PAIRS);
    expect(result.accepted / result.programs).toBeGreaterThan(0.45);
    expect(result.errors / result.programs).toBeLessThan(0.02);
    expect(result.coverage.size).toBeGreaterThan(80);
  });
});
