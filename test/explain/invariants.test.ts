import { describe, expect, it } from 'vitest';
import { invariantsText } from '../../contexts/render/invariants.ts';
import { invariantsOf } from '../../src/explain/invariants.ts';
import { newSession, run } from '../contexts/harness.ts';
import { debugSample } from './open.ts';

describe('invariants', () => {
  it('cover every explored block, with what each instruction changes', async () => {
    const { verification } = await debugSample('droppacket_unsafe');
    const blocks = invariantsOf(verification);
    expect([...new Set(blocks.map(({ label }) => label))]).toEqual(['0', '4', '7', '15', '18', '19']);
    expect(blocks[0]).toMatchObject({ from: [], state: 1, states: 1, before: ['r1: context + 0'] });
    expect(blocks[0]?.steps.map(({ pc, changes }) => [pc, changes])).toEqual([
      [0, ['r0: 1']],
      [1, ['r1: packet + 0, 0 bytes proved']],
      [2, ['r1: packet + 0, 10 bytes proved', 'r2: 0..255', 'packet: at least 10 bytes']],
      [3, []],
    ]);
    expect(blocks.at(-1)?.after).toBeUndefined();
    expect(structuredClone(blocks)).toEqual(blocks);
  });

  it('name the calls that lead into a function', async () => {
    const { verification } = await debugSample('bpf2bpf');
    expect(invariantsOf(verification).map(({ label }) => label)).toContainEqual(expect.stringMatching(/^\d+\/\d+$/));
  });

  it('are what level=verbose adds before the verdict', async () => {
    const { verification } = await debugSample('droppacket');
    const { stdout } = await run(newSession(), 'ebpf show verification samples/droppacket.o level=verbose');
    expect(stdout.startsWith(`${invariantsText(invariantsOf(verification))}`)).toBe(true);
    expect(stdout).toContain('\nVerification succeeded\n');
    expect(stdout).toContain('\nPre-invariant : [\n    r1: context + 0]\n\n0:\n');
  });
});
