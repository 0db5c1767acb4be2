/** Loops that the host ends, and loops that only look as though it did. */
import { describe, expect, it } from 'vitest';
import { linux } from '../../src/platform/linux/linux.ts';
import { verifyText } from './program-text.ts';

interface Loop {
  readonly name: string;
  readonly ends: boolean;
  readonly text: string;
}

const LOOPS: readonly Loop[] = [
  {
    name: 'an outer loop goes on when the budget of the inner one is spent',
    ends: false,
    text: `  r0 = 0
L:
  may_goto <X>
  r0 += 1
  goto <L>
X:
  r3 = *(u32 *)(r1 + 12)
  if r3 == 0 goto <L>
  r0 = 1
  exit`,
  },
  {
    name: 'a way around may_goto is not bounded by it',
    ends: false,
    text: `  r6 = r1
L:
  r3 = *(u32 *)(r6 + 12)
  if r3 == 0 goto <M>
  may_goto <M>
  r5 = 1
M:
  r4 = *(u32 *)(r6 + 16)
  if r4 == 0 goto <L>
  r0 = 1
  exit`,
  },
  {
    name: 'nor is it where an inner loop lies behind',
    ends: false,
    text: `  r6 = r1
L:
  r3 = *(u32 *)(r6 + 12)
  if r3 == 0 goto <M>
  may_goto <M>
  r5 = 1
M:
  r7 = 0
I:
  r7 += 1
  if r7 < 10 goto <I>
  r4 = *(u32 *)(r6 + 16)
  if r4 == 0 goto <L>
  r0 = 1
  exit`,
  },
  {
    name: 'every call of a function has a budget of its own',
    ends: false,
    text: `  r6 = r1
L:
  call <f>
  r4 = *(u32 *)(r6 + 16)
  if r4 == 0 goto <L>
  r0 = 1
  exit
f:
  r0 = 0
K:
  may_goto <X>
  r0 += 1
  goto <K>
X:
  exit`,
  },
  {
    name: 'a loop that may_goto leaves ends',
    ends: true,
    text: `  r6 = r1
  r0 = 0
L:
  may_goto <X>
  r3 = *(u32 *)(r6 + 12)
  if r3 == 0 goto <L>
X:
  r0 = 1
  exit`,
  },
  {
    name: 'a loop goes on when its iterator has nothing more to give',
    ends: false,
    text: `  r6 = r1
  r1 = r10
  r1 += -8
  r2 = 0
  r3 = 10
  kfunc bpf_iter_num_new
L:
  r1 = r10
  r1 += -8
  kfunc bpf_iter_num_next
  if r0 == 0 goto <N>
  r5 = 1
N:
  r3 = *(u32 *)(r6 + 12)
  if r3 == 0 goto <L>
  r1 = r10
  r1 += -8
  kfunc bpf_iter_num_destroy
  r0 = 1
  exit`,
  },
  {
    name: 'a loop that is left when its iterator has nothing more to give ends',
    ends: true,
    text: `  r6 = r1
  r1 = r10
  r1 += -8
  r2 = 0
  r3 = 10
  kfunc bpf_iter_num_new
L:
  r1 = r10
  r1 += -8
  kfunc bpf_iter_num_next
  if r0 == 0 goto <N>
  r3 = *(u32 *)(r6 + 12)
  if r3 == 0 goto <L>
N:
  r1 = r10
  r1 += -8
  kfunc bpf_iter_num_destroy
  r0 = 1
  exit`,
  },
];

describe('loops that the host bounds', () => {
  for (const { name, ends, text } of LOOPS) {
    it(name, () => {
      for (const precision of [1, 2, 4, 32, undefined]) {
        const { verdict, failures } = verifyText({ platform: linux, type: 'xdp', text }, precision);
        expect(verdict, `precision ${precision}`).toBe(ends ? 'accepted' : 'rejected');
        if (!ends) expect(['infinite_loop', 'loop_unbounded']).toContain(failures[0]?.check.kind);
      }
    });
  }
});
