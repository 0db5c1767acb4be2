import { describe, expect, it } from 'vitest';
import { culpritSteps } from '../../src/explain/queries/culprit.ts';
import { atOnce, inSlices, type Steps } from '../../src/verifier/steps.ts';
import { debugSample } from '../explain/open.ts';

/** Work that takes longer than a slice at each step. */
function* slow(steps: number, ended: () => void): Steps<string> {
  try {
    for (let done = 0; done < steps; done++) {
      const until = performance.now() + 12;
      while (performance.now() < until);
      yield { done, total: steps };
    }
    return 'done';
  } finally {
    ended();
  }
}

describe('work in slices', () => {
  it('comes to what the same work comes to at once', async () => {
    const told: unknown[] = [];
    const pause = async (portion: unknown) => void told.push(portion);
    expect(
      await inSlices(
        slow(3, () => undefined),
        pause,
      ),
    ).toBe('done');
    expect(told).toEqual([0, 1, 2].map((done) => ({ done, total: 3 })));
    expect(atOnce(slow(1, () => undefined))).toBe('done');
  });

  it('ends where a pause says so, and puts back what it changed', async () => {
    let ended = 0;
    let pauses = 0;
    const work = inSlices(
      slow(1000, () => ended++),
      async () => {
        if (++pauses === 2) throw new Error('stop');
      },
    );
    await expect(work).rejects.toThrow('stop');
    expect({ ended, pauses }).toEqual({ ended: 1, pauses: 2 });
  });

  it('leaves a debugger where it stood when a question is given up in the middle', async () => {
    const session = await debugSample('droppacket_unsafe');
    session.gotoStart();
    const question = culpritSteps(session, 1);
    expect(question.next().done).toBe(false);
    expect(session.index).toBeGreaterThan(0);
    expect(() => question.throw(new Error('stop'))).toThrow('stop');
    expect(session.index).toBe(0);
  });
});
