import { describe, expect, it } from 'vitest';
import type { HelperImplementation } from '../../src/engine/engine.ts';
import { ExecutionFault } from '../../src/engine/engine.ts';
import { createInterpreter } from '../../src/engine/interpreter.ts';
import { createJit } from '../../src/engine/jit/jit.ts';
import { repeat } from '../../src/engine/repeat.ts';
import { assemble } from '../../src/isa/parse-conformance.ts';
import { createHost, DATA, executable } from './jit-fixture.ts';

/** Adds r2 to the word at r1 and returns the sum; faults at 40. */
const COUNT = assemble('ldxw %r0, [%r1]\nadd32 %r0, %r2\nstxw [%r1], %r0\njne %r0, 40, +2\nmov %r3, 0\nldxw %r0, [%r3]\nexit');

describe.each([createJit(), createInterpreter()])('$name', (engine) => {
  it('goes on from what the run before left', () => {
    const host = createHost();
    const program = engine.compile(executable(COUNT), host);
    expect(repeat(program, DATA, 3, 10)).toEqual({ runs: 10, result: 30, error: undefined });
    expect(repeat(program, DATA, 1, 1)).toEqual({ runs: 1, result: 31, error: undefined });
    expect(new DataView(host.memory.buffer).getUint32(DATA, true)).toBe(31);
  });

  it('stops at the run that throws, and counts it', () => {
    const program = engine.compile(executable(COUNT), createHost());
    const outcome = repeat(program, DATA, 5, 1000);
    expect(outcome).toMatchObject({ runs: 8, result: 0, error: { kind: 'memory' } });
    expect(outcome.error).toBeInstanceOf(ExecutionFault);
    expect(repeat(program, DATA, 5, 2)).toEqual({ runs: 2, result: 50, error: undefined });
  });

  it('returns the low half as an unsigned number', () => {
    const program = engine.compile(executable(assemble('lddw %r0, 0x1fffffffe\nexit')), createHost());
    expect(repeat(program, 0, 0, 3)).toEqual({ runs: 3, result: 0xffff_fffe, error: undefined });
  });

  it('follows tail calls in every run', () => {
    const host = createHost();
    const next = engine.compile(executable(assemble('mov %r0, 9\nexit')), host);
    let calls = 0;
    const helper = {
      ...{ id: 12, name: 'tail_call', parameters: [], result: 'i32', tailCall: true },
      call: () => {
        calls++;
        host.pendingTailCall = next;
        return 0;
      },
    } satisfies HelperImplementation;
    const program = engine.compile(executable(assemble('call 12\nmov %r0, 1\nexit'), { helpers: new Map([[12, helper]]) }), host);
    expect(repeat(program, 0, 0, 4)).toEqual({ runs: 4, result: 9, error: undefined });
    expect(calls).toBe(4);
  });
});
