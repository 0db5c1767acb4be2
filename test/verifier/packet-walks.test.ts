/** Loops that walk through the packet by a pointer and are bounded by nothing but its end. */
import { describe, expect, it } from 'vitest';
import { linux } from '../../src/platform/linux/linux.ts';
import type { Platform } from '../../src/platform/platform.ts';
import { windows } from '../../src/platform/windows/windows.ts';
import { verifyText } from './program-text.ts';

/** Where the packet's start and end are in struct xdp_md, and how wide. */
const CONTEXT = { linux: ['u32', 0, 4], windows: ['u64', 0, 8] } as const;

/** Compares the pointer and `room` bytes with the packet's end, reads `width` bytes, and moves on by `step`. */
function walk({ name }: Platform, room: number, width: number, step: string): string {
  const [type, start, end] = CONTEXT[name];
  return `
    r6 = *(${type} *)(r1 + ${start})
    r7 = *(${type} *)(r1 + ${end})
  head:
    r2 = r6
    r2 += ${room}
    if r2 > r7 goto <out>
    r3 = *(u${width * 8} *)(r6 + 0)
    ${step}
    goto <head>
  out:
    r0 = 0
    exit`;
}

describe.each([linux, windows].map((platform) => [platform.name, platform] as const))('walks through packets on %s', (_, platform) => {
  it.each([
    ['by bytes', 1, 1, 'r6 += 1'],
    ['by words', 4, 4, 'r6 += 4'],
    ['by lengths in the packet', 1, 1, 'r3 += 1\nr6 += r3'],
  ] as const)('pass: %s', (__, room, width, step) => {
    const report = verifyText({ platform, type: 'xdp', text: walk(platform, room, width, step) });
    expect(report.failures.map(({ message }) => message)).toEqual([]);
    expect(report.verdict).toBe('accepted');
  });

  it.each([
    ['one byte too far', 1, 2, 'r6 += 1', 'packet_upper'],
    ['backwards from the start', 1, 1, 'r6 += -1', 'packet_lower'],
    ['nowhere', 1, 1, 'r6 += 0', 'infinite_loop'],
    ['by lengths that may be 0', 1, 1, 'r6 += r3', 'loop_unbounded'],
  ] as const)('fail: %s', (__, room, width, step, kind) => {
    const report = verifyText({ platform, type: 'xdp', text: walk(platform, room, width, step) });
    expect(report.failures.map(({ check }) => check.kind)).toContain(kind);
  });
});
