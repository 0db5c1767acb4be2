/** The experiment catches planted bugs; `node bench/run.mjs soundness-mutations` tries all of them, here are those that show soon. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { buildExperiment, runExperiment } from './soundness/mutant-build.ts';
import { MUTANTS } from './soundness/mutants.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'mutants-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const PAIRS = 20_000;

describe('planted bugs', () => {
  it('can be planted: every line they replace is in the source', { timeout: 60_000 }, async () => {
    for (const [index, mutant] of MUTANTS.entries()) await buildExperiment(root, join(folder, `all-${index}.mjs`), mutant);
    expect(MUTANTS.length).toBeGreaterThanOrEqual(20);
  });

  for (const [index, mutant] of MUTANTS.entries()) {
    if (mutant.fast !== true) continue;
    it(`${mutant.area}: ${mutant.name}`, { timeout: 120_000 }, async () => {
      const outfile = join(folder, `${index}.mjs`);
      await buildExperiment(root, outfile, mutant);
      const { shown } = await runExperiment(outfile, 1, PAIRS);
      expect(shown).toBeDefined();
      expect(shown).not.toMatch(/^crashed/);
    });
  }
});
