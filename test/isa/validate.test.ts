import { describe, expect, it } from 'vitest';
import { assemble } from '../../src/isa/parse-conformance.ts';
import { validate } from '../../src/isa/validate.ts';

describe('validate', () => {
  const rows: readonly { readonly name: string; readonly have: string; readonly want: readonly { slot: number; reason: RegExp }[] }[] = [
    { name: 'accepts a program', have: 'mov %r0, 1\nexit', want: [] },
    { name: 'accepts a loop as the end', have: 'L:\nja L', want: [] },
    { name: 'accepts a jump over an LDDW', have: 'jeq %r1, 0, +2\nlddw %r0, 1\nexit', want: [] },
    { name: 'refuses nothing at all', have: '', want: [{ slot: 0, reason: /no instructions/ }] },
    { name: 'refuses running off the end', have: 'mov %r0, 1', want: [{ slot: 0, reason: /runs off the end/ }] },
    { name: 'refuses a conditional jump as the end', have: 'exit\njeq %r1, 0, -2', want: [{ slot: 1, reason: /runs off the end/ }] },
    { name: 'refuses an LDDW as the end', have: 'lddw %r0, 1', want: [{ slot: 0, reason: /runs off the end/ }] },
    { name: 'refuses a jump past the end', have: 'ja +1\nexit', want: [{ slot: 0, reason: /jump to 2 leaves the program \(0 to 1\)/ }] },
    { name: 'refuses a jump before the start', have: 'ja -2\nexit', want: [{ slot: 0, reason: /jump to -1 leaves/ }] },
    { name: 'refuses a jump into an LDDW', have: 'jeq %r1, 0, +1\nlddw %r0, 1\nexit', want: [{ slot: 0, reason: /middle of a 64-bit/ }] },
    { name: 'refuses a call into an LDDW', have: 'call local +1\nlddw %r0, 1\nexit', want: [{ slot: 0, reason: /call to 2 lands in the middle/ }] },
    {
      name: 'lists all problems in order',
      have: 'ja +9\nja -9\nmov %r0, 1',
      want: [
        { slot: 0, reason: /leaves/ },
        { slot: 1, reason: /leaves/ },
        { slot: 2, reason: /runs off/ },
      ],
    },
  ];
  it.each(rows)('$name', ({ have, want }) => {
    expect(validate(assemble(have))).toEqual(want.map(({ slot, reason }) => ({ slot, reason: expect.stringMatching(reason) })));
  });

  it('checks code addresses', () => {
    const code = (low: number) => [{ kind: 'lddw', dst: 1, source: 'code', low, high: 0 }, undefined, { kind: 'exit' }] as const;
    expect(validate(code(1))).toEqual([]);
    expect(validate(code(0))).toMatchObject([{ slot: 0, reason: expect.stringContaining('code address to 1 lands in the middle') }]);
    expect(validate(code(2))).toMatchObject([{ slot: 0, reason: expect.stringContaining('leaves') }]);
  });

  it('refuses slots that do not line up', () => {
    expect(validate([{ kind: 'exit' }, undefined])).toMatchObject([{ slot: 1 }]);
    expect(validate([{ kind: 'lddw', dst: 1, source: 'immediate', low: 0, high: 0 }, { kind: 'exit' }])).toMatchObject([{ slot: 0 }]);
  });
});
