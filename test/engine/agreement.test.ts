import { expect, it } from 'vitest';
import { agreement } from './agreement/campaign.ts';

/** 50,000 and more: node bench/run.mjs agreement --runs 50000 */
const RUNS = 2_048;

it(`all engines agree on ${RUNS} runs of random verified programs`, { timeout: 600_000 }, async () => {
  const result = await agreement({ seed: 1, runs: RUNS, inputsPerProgram: 16 });
  expect(result.disagreements).toEqual([]);
  expect(result.runs).toBeGreaterThanOrEqual(RUNS);
  expect([...result.faults]).toEqual([]);
  // What the comparison is for must stay in it.
  expect(result.checked).toBeGreaterThan(RUNS / 3);
  for (const kind of [
    'call',
    'call_local',
    'lddw code',
    'may_goto',
    'load_acquire',
    'store_release',
    'atomic cmpxchg4',
    'atomic cmpxchg8',
    'packet',
  ]) {
    expect(result.kinds.get(kind) ?? 0, kind).toBeGreaterThan(0);
  }
});
