import { describe, expect, it } from 'vitest';
import { EncodeError, encode } from '../../src/isa/encode.ts';
import type { Instruction, InstructionList } from '../../src/isa/instruction.ts';

describe('encode refuses', () => {
  const lddw: Instruction = { kind: 'lddw', dst: 1, source: 'immediate', low: 0, high: 0 };
  const one = { kind: 'immediate', value: 1 } as const;
  const rows: readonly { readonly name: string; readonly have: InstructionList; readonly slot: number; readonly reason: RegExp }[] = [
    { name: 'an LDDW without its second slot', have: [lddw], slot: 1, reason: /second slot/ },
    { name: 'an LDDW whose second slot is taken', have: [lddw, { kind: 'exit' }], slot: 1, reason: /second slot/ },
    { name: 'an empty slot', have: [{ kind: 'exit' }, undefined], slot: 1, reason: /empty slot/ },
    { name: 'a jump too far', have: [{ kind: 'jump', wide: false, offset: 0x8000 }], slot: 0, reason: /16 bits/ },
    { name: 'an immediate too large', have: [{ kind: 'call', helper: 2 ** 31 }], slot: 0, reason: /32 bits/ },
    { name: 'a fraction', have: [{ kind: 'call', helper: 0.5 }], slot: 0, reason: /32 bits/ },
    {
      name: 'nset',
      have: [{ kind: 'branch', comparison: 'nset', width: 64, dst: 1, source: one, offset: 0 }],
      slot: 0,
      reason: /nset has no encoding/,
    },
    {
      name: 'xchg without fetch',
      have: [{ kind: 'atomic', operator: 'xchg', fetch: false, size: 8, dst: 1, src: 2, offset: 0 }],
      slot: 0,
      reason: /always fetches/,
    },
    { name: 'a widening to its own width', have: [{ kind: 'movsx', bits: 32, width: 32, dst: 1, src: 2 }], slot: 0, reason: /cannot extend/ },
    { name: 'an 8-byte signed load', have: [{ kind: 'load', size: 8, signed: true, dst: 1, src: 2, offset: 0 }], slot: 0, reason: /8-byte/ },
    { name: 'a second immediate of a map', have: [{ ...lddw, source: 'map_fd', high: 1 }, undefined], slot: 0, reason: /no second immediate/ },
  ];
  it.each(rows)('$name', ({ have, slot, reason }) => {
    let thrown: unknown;
    try {
      encode(have, 'little');
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(EncodeError);
    expect(thrown).toMatchObject({ slot, reason: expect.stringMatching(reason) });
  });
});
