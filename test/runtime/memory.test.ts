import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NULL_GUARD } from '../../src/engine/engine.ts';
import { GUARD_GAP, LinearMemory } from '../../src/runtime/memory.ts';

describe('LinearMemory', () => {
  it('never hands out the null guard and leaves a gap after each block', () => {
    const memory = new LinearMemory();
    const first = memory.allocate(24, 'map', 'a');
    const second = memory.allocate(24, 'map', 'b');
    expect(first).toBeGreaterThanOrEqual(NULL_GUARD);
    expect(second - (first + 24)).toBeGreaterThanOrEqual(GUARD_GAP);
    expect(memory.accessible(first, 24, true)).toBe(true);
    expect(memory.accessible(first + 20, 8, false)).toBe(false);
    expect(memory.accessible(0, 8, false)).toBe(false);
  });

  it('knows the accessible part of each element', () => {
    const memory = new LinearMemory();
    const start = memory.allocate(64, 'map', 'm', { element: { stride: 32, offset: 16, size: 12 } });
    expect([0, 16, 24, 28, 48, 56].map((offset) => memory.accessible(start + offset, 4, true))).toEqual([false, true, true, false, true, true]);
    expect(memory.accessible(start + 24, 8, true)).toBe(false);
  });

  it('refuses writes to read-only blocks', () => {
    const memory = new LinearMemory();
    const start = memory.allocate(8, 'data', 'rodata', { writable: false });
    expect(memory.accessible(start, 8, false)).toBe(true);
    expect(memory.accessible(start, 8, true)).toBe(false);
  });

  it('reports exhaustion as EBPF_NO_MEMORY', () => {
    const memory = new LinearMemory(0x2_0000, 0x10_0000);
    expect(() => memory.allocate(0x20_0000, 'map', 'big')).toThrow(expect.objectContaining({ result: 'EBPF_NO_MEMORY' }));
    expect(() => memory.free(NULL_GUARD + 4)).toThrow(expect.objectContaining({ result: 'EBPF_INVALID_POINTER' }));
  });

  it('keeps blocks disjoint and zeroed whatever the order of calls', () => {
    const sizes = fc.oneof(fc.integer({ min: 1, max: 2000 }), fc.integer({ min: 60_000, max: 300_000 }));
    fc.assert(
      fc.property(fc.array(fc.record({ size: sizes, free: fc.nat(8) }), { maxLength: 60 }), (steps) => {
        const memory = new LinearMemory();
        const live: { start: number; size: number; tag: number }[] = [];
        for (const [index, { size, free }] of steps.entries()) {
          const start = memory.allocate(size, 'map', 'x');
          if (memory.bytes.subarray(start, start + size).some((byte) => byte !== 0)) return false;
          memory.bytes.fill(index + 1, start, start + size);
          live.push({ start, size, tag: index + 1 });
          const victim = live[free];
          if (victim !== undefined) {
            memory.free(victim.start);
            live.splice(free, 1);
          }
        }
        return live.every(({ start, size, tag }) => memory.bytes.subarray(start, start + size).every((byte) => byte === tag));
      }),
      { numRuns: 60 },
    );
  });
});
