import { describe, expect, it } from 'vitest';
import { runChecked } from '../../src/engine/checked-interpreter.ts';
import { interestingNumbers } from '../../src/explain/search/constants.ts';
import { FRAMES } from '../../src/explain/search/frames.ts';
import { InputMaker } from '../../src/explain/search/inputs.ts';
import { runnableProgram, runOptions } from '../../src/explain/search/runner.ts';
import { replayVector, Search, searchCounterexample, searchNow } from '../../src/explain/search/search.ts';
import { parseVector, VectorError } from '../../src/explain/search/vector.ts';
import { type Verdict, verdictText } from '../../src/explain/search/verdict.ts';
import type { Verification } from '../../src/verifier/index.ts';
import { reportSkipped } from '../corpus.ts';
import { type Entry, failingPrograms, verifyEntry } from './failing-programs.ts';
import { debugSample } from './open.ts';

/** Far beyond what any of them needs: a busy machine must not decide. */
const BUDGET = 20_000;

function search(verification: Verification, options: { readonly seed?: number; readonly maxTries?: number } = {}): Verdict {
  const failure = [...verification.report.failures, ...verification.report.warnings][0]!;
  return searchNow(verification, failure, { run: runChecked, budgetMilliseconds: BUDGET, ...options });
}

const entries = failingPrograms();
if (entries.length === 0) reportSkipped('failures', 'all 140');
const named = (truths: readonly Entry['truth'][]) =>
  entries.filter(({ truth }) => truths.includes(truth)).map((entry) => [entry.file, entry] as const);

describe.skipIf(entries.length === 0)('failing programs of the corpus', () => {
  it('has all bugs and leaks', () => expect([named(['bug']).length, named(['leak']).length]).toEqual([46, 5]));

  it.each(named(['bug', 'leak']))('%s is confirmed and replays', (_file, entry) => {
    const verification = verifyEntry(entry, 'bad');
    const verdict = search(verification);
    expect(verdict, verdictText(verdict)).toMatchObject({ kind: 'confirmed', match: 'exact' });
    if (verdict.kind !== 'confirmed') return;
    expect(verdict.words).not.toMatch(/\d{20,}|undefined|NaN|\[object/);
    const vector = parseVector(JSON.stringify(verdict.vector));
    expect(vector).toEqual(verdict.vector);
    expect(replayVector(verification, vector, runChecked).shows).toBe(true);
  });

  it.each(named(['term']))('%s is shown not to end', (_file, entry) => {
    const verdict = search(verifyEntry(entry, 'bad'));
    expect(verdictText(verdict)).toMatch(/^CONFIRMED BUG: .* -> has not ended after \d+ instructions$/);
  });

  it.each(named(['rule']))('%s is a rule', (_file, entry) => expect(search(verifyEntry(entry, 'bad')).kind).toBe('rule'));

  it('tells the same for the same seed', () => {
    for (const entry of entries.filter(({ stable_id }) => ['MAP-03', 'PKT-03', 'MAP-08', 'NUL-01'].includes(stable_id))) {
      const verification = verifyEntry(entry, 'bad');
      expect(search(verification, { seed: 7 })).toEqual(search(verification, { seed: 7 }));
    }
  });

  it('finds the smallest input that still shows it', () => {
    const words = (id: string) => {
      const verdict = search(verifyEntry(entries.find(({ stable_id }) => stable_id === id)!, 'bad'));
      return verdict.words;
    };
    expect(words('PKT-02')).toBe('packet of 14 bytes -> reads byte 23 of the packet, which has 14 bytes');
    expect(words('MAP-03')).toBe('rx_queue_index=64 -> reads byte 64 of a value of map m, which has 64 bytes');
    expect(words('STK-02')).toBe('rx_queue_index=16 -> writes fp+0, outside the 512-byte frame');
    expect(words('PKT-01')).toBe('empty packet -> reads byte 12 of the packet, which has 0 bytes');
  });

  it('breaks no safe program and no fix', { timeout: 120_000 }, () => {
    let runs = 0;
    for (const entry of entries) {
      for (const variant of entry.truth === 'safe' ? (['bad', 'fix'] as const) : (['fix'] as const)) {
        const verification = verifyEntry(entry, variant);
        const program = runnableProgram(verification);
        const maker = new InputMaker(program, interestingNumbers(verification.machine, undefined), 3);
        // The corpus' own fix of STK-04 reads a byte that was never written, and is rejected for it.
        if (entry.stable_id === 'STK-04') {
          expect(search(verification)).toMatchObject({ kind: 'confirmed', vector: { shows: { check: 'stack_uninitialised' } } });
          continue;
        }
        expect(verification.report.failures, entry.file).toEqual([]);
        for (let turn = 0; turn < 150; turn++) {
          const outcome = runChecked(program, maker.fresh(), { ...runOptions(verification), instructionLimit: 5_000 });
          expect(outcome.kind === 'fault' ? outcome.fault : undefined, `${entry.file} ${variant}`).toBeUndefined();
          runs++;
        }
      }
    }
    expect(runs).toBeGreaterThan(70 * 150);
  });
});

describe('the verdict', () => {
  /** A failure that is none: the check holds, and the search is asked about it all the same. */
  async function unfounded(instruction: number): Promise<Verdict> {
    const { verification } = await debugSample('droppacket');
    const failure = {
      id: 'PKT-01',
      severity: 'safety' as const,
      instruction,
      callStack: [],
      check: { kind: 'packet_upper', instruction, register: 1, text: '' },
      message: '',
      classic: '',
      path: [],
    };
    return searchNow(verification, failure, { run: runChecked, budgetMilliseconds: BUDGET, maxTries: 3000 });
  }

  it('never calls what could not be broken safe, and tells how close it came', async () => {
    const { verification } = await debugSample('droppacket');
    const slot = verification.machine.instructions.findIndex((row, index) => index > 4 && row?.kind === 'load' && row.size !== 8);
    const verdict = await unfounded(slot);
    expect(verdict.kind).toBe('limit');
    if (verdict.kind !== 'limit') return;
    expect(verdict.tries).toBe(3000);
    expect(verdict.reached).toBeGreaterThan(32);
    expect(verdict.margin?.bytes).toBeGreaterThanOrEqual(0);
    expect(verdictText(verdict)).toMatch(
      /^LIKELY PRECISION LIMIT: \d+ of 3000 inputs came to instruction \d+, none broke it; the closest was byte \d+ of the packet/,
    );
    expect(verdictText(verdict)).not.toMatch(/safe/);
  });

  it('says that it cannot tell where no input came', async () => {
    const verdict = await unfounded(100_000);
    expect(verdict).toMatchObject({ kind: 'undetermined', reason: 'never_reached', reached: 0 });
  });

  it('says so when it is stopped', async () => {
    const { verification } = await debugSample('droppacket_unsafe');
    const controller = new AbortController();
    controller.abort();
    const verdict = await searchCounterexample(verification, verification.report.failures[0]!, { run: runChecked, signal: controller.signal });
    expect(verdict).toMatchObject({ kind: 'undetermined', tries: 0 });
  });

  it('is reached in slices as well', async () => {
    const { verification } = await debugSample('droppacket_unsafe');
    const sliced = new Search(verification, verification.report.failures[0]!, { run: runChecked });
    let verdict: Verdict | undefined;
    while (verdict === undefined) verdict = sliced.work(0);
    expect(verdict).toEqual(search(verification));
    expect(verdict.kind).toBe('confirmed');
  });
});

describe('a vector file', () => {
  const good = {
    schema: 1,
    program: { section: 'xdp', name: 'prog', platform: 'linux' },
    shows: { id: 'PKT-01', check: 'packet_upper', instruction: 2 },
    packet: '00ff',
    metadata: '',
    context: '00',
    maps: [{ map: 'm', key: '00000000', value: '01' }],
    seed: 1,
  };
  it('is read', () => expect(parseVector(JSON.stringify(good))).toEqual(good));
  it.each([
    ['the file', 'nonsense'],
    ['the file', '[]'],
    ['schema', JSON.stringify({ ...good, schema: 2 })],
    ['packet', JSON.stringify({ ...good, packet: '0' })],
    ['packet', JSON.stringify({ ...good, packet: '00'.repeat(70_000) })],
    ['metadata', JSON.stringify({ ...good, metadata: 5 })],
    ['maps', JSON.stringify({ ...good, maps: {} })],
    ['maps[0].key', JSON.stringify({ ...good, maps: [{ map: 'm', key: 'zz', value: '' }] })],
    ['seed', JSON.stringify({ ...good, seed: -1 })],
    ['shows.instruction', JSON.stringify({ ...good, shows: { ...good.shows, instruction: 1.5 } })],
  ])('is refused for %s', (at, text) => {
    let error: unknown;
    try {
      parseVector(text);
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(VectorError);
    expect((error as VectorError).at).toBe(at);
  });
});

describe('frames', () => {
  it('are whole: their length fields agree with their bytes', () => {
    for (const frame of FRAMES) {
      if (frame[12] !== 8 || frame[13] !== 0 || frame[14]! >> 4 !== 4) continue;
      expect((frame[16]! << 8) | frame[17]!).toBe(frame.length - 14);
    }
    expect(FRAMES.length).toBeGreaterThan(12);
  });
});
