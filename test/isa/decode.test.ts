import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DecodeError, decode } from '../../src/isa/decode.ts';
import { encode } from '../../src/isa/encode.ts';
import type { Instruction } from '../../src/isa/instruction.ts';

interface Fields {
  readonly dst?: number;
  readonly src?: number;
  readonly offset?: number;
  readonly imm?: number;
}

function slot(opcode: number, { dst = 0, src = 0, offset = 0, imm = 0 }: Fields = {}, little = true): Uint8Array {
  const bytes = new Uint8Array(8);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, opcode);
  view.setUint8(1, little ? (src << 4) | dst : (dst << 4) | src);
  view.setInt16(2, offset, little);
  view.setInt32(4, imm, little);
  return bytes;
}

const join = (...parts: Uint8Array[]): Uint8Array => Uint8Array.from(parts.flatMap((part) => [...part]));

function refusal(bytes: Uint8Array): DecodeError {
  try {
    decode(bytes, 'little');
  } catch (error) {
    if (error instanceof DecodeError) return error;
    throw error;
  }
  throw new Error(`accepted ${Buffer.from(bytes).toString('hex')}`);
}

const register = (number: 0 | 1 | 2 | 3) => ({ kind: 'register', register: number }) as const;
const value = (number: number) => ({ kind: 'immediate', value: number }) as const;

describe('decode', () => {
  const rows: readonly { readonly name: string; readonly opcode: number; readonly have: Fields; readonly want: Instruction }[] = [
    { name: 'add64 K', opcode: 0x07, have: { dst: 1, imm: -5 }, want: { kind: 'binary', operator: 'add', width: 64, dst: 1, source: value(-5) } },
    { name: 'xor32 X', opcode: 0xac, have: { dst: 1, src: 2 }, want: { kind: 'binary', operator: 'xor', width: 32, dst: 1, source: register(2) } },
    {
      name: 'sdiv64 K',
      opcode: 0x37,
      have: { dst: 1, offset: 1, imm: 3 },
      want: { kind: 'binary', operator: 'sdiv', width: 64, dst: 1, source: value(3) },
    },
    {
      name: 'smod32 X',
      opcode: 0x9c,
      have: { dst: 1, src: 2, offset: 1 },
      want: { kind: 'binary', operator: 'smod', width: 32, dst: 1, source: register(2) },
    },
    { name: 'mov64 X', opcode: 0xbf, have: { dst: 1, src: 2 }, want: { kind: 'binary', operator: 'mov', width: 64, dst: 1, source: register(2) } },
    { name: 'movsx32 to 64', opcode: 0xbf, have: { dst: 1, src: 2, offset: 32 }, want: { kind: 'movsx', bits: 32, width: 64, dst: 1, src: 2 } },
    { name: 'movsx8 to 32', opcode: 0xbc, have: { dst: 1, src: 2, offset: 8 }, want: { kind: 'movsx', bits: 8, width: 32, dst: 1, src: 2 } },
    {
      name: 'address space cast',
      opcode: 0xbf,
      have: { dst: 1, src: 2, offset: 1, imm: 0x10000 },
      want: { kind: 'cast', dst: 1, src: 2, spaces: 0x10000 },
    },
    { name: 'neg32', opcode: 0x84, have: { dst: 3 }, want: { kind: 'negate', width: 32, dst: 3 } },
    { name: 'le16', opcode: 0xd4, have: { dst: 3, imm: 16 }, want: { kind: 'swap', order: 'le', bits: 16, dst: 3 } },
    { name: 'be64', opcode: 0xdc, have: { dst: 3, imm: 64 }, want: { kind: 'swap', order: 'be', bits: 64, dst: 3 } },
    { name: 'bswap32', opcode: 0xd7, have: { dst: 3, imm: 32 }, want: { kind: 'swap', order: 'bswap', bits: 32, dst: 3 } },
    {
      name: 'ldxh',
      opcode: 0x69,
      have: { dst: 1, src: 10, offset: -2 },
      want: { kind: 'load', size: 2, signed: false, dst: 1, src: 10, offset: -2 },
    },
    { name: 'ldxsw', opcode: 0x81, have: { dst: 1, src: 2, offset: 4 }, want: { kind: 'load', size: 4, signed: true, dst: 1, src: 2, offset: 4 } },
    { name: 'stdw', opcode: 0x7a, have: { dst: 10, offset: -8, imm: -1 }, want: { kind: 'store', size: 8, dst: 10, offset: -8, source: value(-1) } },
    { name: 'stxb', opcode: 0x73, have: { dst: 1, src: 2 }, want: { kind: 'store', size: 1, dst: 1, offset: 0, source: register(2) } },
    {
      name: 'lock fetch or32',
      opcode: 0xc3,
      have: { dst: 1, src: 2, offset: 4, imm: 0x41 },
      want: { kind: 'atomic', operator: 'or', fetch: true, size: 4, dst: 1, src: 2, offset: 4 },
    },
    {
      name: 'lock cmpxchg with r10 as the new value',
      opcode: 0xdb,
      have: { dst: 1, src: 10, imm: 0xf1 },
      want: { kind: 'atomic', operator: 'cmpxchg', fetch: true, size: 8, dst: 1, src: 10, offset: 0 },
    },
    { name: 'load acquire', opcode: 0xd3, have: { dst: 1, src: 2, imm: 0x100 }, want: { kind: 'load_acquire', size: 1, dst: 1, src: 2, offset: 0 } },
    {
      name: 'store release',
      opcode: 0xdb,
      have: { dst: 1, src: 2, imm: 0x110 },
      want: { kind: 'store_release', size: 8, dst: 1, src: 2, offset: 0 },
    },
    { name: 'ldabsh', opcode: 0x28, have: { imm: 12 }, want: { kind: 'packet', size: 2, imm: 12 } },
    { name: 'ldindw', opcode: 0x40, have: { src: 3, imm: 4 }, want: { kind: 'packet', size: 4, index: 3, imm: 4 } },
    { name: 'ja', opcode: 0x05, have: { offset: -3 }, want: { kind: 'jump', wide: false, offset: -3 } },
    { name: 'ja32', opcode: 0x06, have: { imm: 70_000 }, want: { kind: 'jump', wide: true, offset: 70_000 } },
    {
      name: 'jslt K',
      opcode: 0xc5,
      have: { dst: 1, offset: 2, imm: -1 },
      want: { kind: 'branch', comparison: 'slt', width: 64, dst: 1, source: value(-1), offset: 2 },
    },
    {
      name: 'jset32 X',
      opcode: 0x4e,
      have: { dst: 1, src: 2 },
      want: { kind: 'branch', comparison: 'set', width: 32, dst: 1, source: register(2), offset: 0 },
    },
    { name: 'may_goto', opcode: 0xe5, have: { offset: 5 }, want: { kind: 'may_goto', offset: 5 } },
    { name: 'helper call', opcode: 0x85, have: { imm: 1 }, want: { kind: 'call', helper: 1 } },
    { name: 'unresolved local call', opcode: 0x85, have: { src: 1, imm: -1 }, want: { kind: 'call_local', offset: -1 } },
    { name: 'kfunc call', opcode: 0x85, have: { src: 2, offset: 1, imm: 700 }, want: { kind: 'call_btf', btfId: 700, module: 1 } },
    { name: 'callx', opcode: 0x8d, have: { dst: 3 }, want: { kind: 'callx', register: 3 } },
    { name: 'exit', opcode: 0x95, have: {}, want: { kind: 'exit' } },
  ];
  it.each(rows)('$name in both byte orders', ({ opcode, have, want }) => {
    for (const order of ['little', 'big'] as const) {
      const bytes = slot(opcode, have, order === 'little');
      expect(decode(bytes, order)).toEqual([want]);
      expect(encode([want], order)).toEqual(bytes);
    }
  });

  const wide = [
    { name: 'immediate', src: 0, low: -1, high: 0x7fffffff },
    { name: 'map_fd', src: 1, low: 3, high: 0 },
    { name: 'map_value', src: 2, low: 3, high: 16 },
    { name: 'variable', src: 3, low: 9, high: 2 },
    { name: 'code', src: 4, low: 5, high: 0 },
    { name: 'map_index', src: 5, low: 1, high: 0 },
    { name: 'map_index_value', src: 6, low: 1, high: 8 },
  ] as const;
  it.each(wide)('lddw $name takes two slots', ({ name, src, low, high }) => {
    const bytes = join(slot(0x18, { dst: 2, src, imm: low }), slot(0, { imm: high }));
    const want = [{ kind: 'lddw', dst: 2, source: name, low, high }, undefined] as const;
    expect(decode(bytes, 'little')).toEqual(want);
    expect(encode(want, 'little')).toEqual(bytes);
  });

  it('takes sections of several programs and none', () => {
    expect(decode(new Uint8Array(0), 'little')).toEqual([]);
    expect(decode(join(slot(0x95), slot(0x95)), 'big')).toHaveLength(2);
  });
});

describe('decode refuses', () => {
  const ALU = ['add', 'sub', 'mul', 'div', 'or', 'and', 'lsh', 'rsh', 'neg', 'mod', 'xor', 'mov', 'arsh', 'end'];
  const JUMPS = ['ja', 'jeq', 'jgt', 'jge', 'jset', 'jne', 'jsgt', 'jsge', 'call', 'exit', 'jlt', 'jle', 'jslt', 'jsle'];
  type Field = keyof Fields;

  /** Every opcode with a reserved field: [name, opcode, valid fields, reserved fields]; computed from the rules, not from the decoder's tables. */
  function* reserved(): Generator<readonly [name: string, opcode: number, valid: Fields, fields: readonly Field[]]> {
    for (const [code, name] of ALU.entries()) {
      for (const [width, opcodeClass] of [
        ['32', 4],
        ['64', 7],
      ] as const) {
        const opcode = (code << 4) | opcodeClass;
        if (name === 'neg') yield [`neg${width}`, opcode, { dst: 1 }, ['src', 'offset', 'imm']];
        else if (name === 'end') yield [`end${width}`, opcode, { dst: 1, imm: 16 }, ['src', 'offset']];
        else {
          // Offset 1 means signed division, and 8, 16, 32 a sign-extending move: 3 means nothing anywhere.
          yield [`${name}${width}-k`, opcode, { dst: 1, imm: 3 }, ['src', 'offset']];
          yield [`${name}${width}-x`, opcode | 8, { dst: 1, src: 2 }, ['offset', 'imm']];
        }
      }
    }
    yield ['be', 0xdc, { dst: 1, imm: 16 }, ['src', 'offset']];
    for (const [code, name] of JUMPS.entries()) {
      if (name === 'ja') {
        yield ['ja', 0x05, { offset: 1 }, ['dst', 'src', 'imm']];
        yield ['ja32', 0x06, { imm: 1 }, ['dst', 'src', 'offset']];
      } else if (name === 'call') {
        yield ['call', 0x85, { imm: 1 }, ['dst', 'offset']];
        yield ['call-local', 0x85, { src: 1, imm: 1 }, ['dst', 'offset']];
        yield ['callx', 0x8d, { dst: 1 }, ['src', 'offset', 'imm']];
      } else if (name === 'exit') yield ['exit', 0x95, {}, ['dst', 'src', 'offset', 'imm']];
      else {
        for (const [width, opcodeClass] of [
          ['', 5],
          ['32', 6],
        ] as const) {
          yield [`${name}${width}-k`, (code << 4) | opcodeClass, { dst: 1 }, ['src']];
          yield [`${name}${width}-x`, (code << 4) | 8 | opcodeClass, { dst: 1, src: 2 }, ['imm']];
        }
      }
    }
    for (const [size, bits] of [
      ['w', 0],
      ['h', 8],
      ['b', 0x10],
      ['dw', 0x18],
    ] as const) {
      yield [`ldx${size}`, 0x61 | bits, { dst: 1, src: 2 }, ['imm']];
      if (size !== 'dw') yield [`ldxs${size}`, 0x81 | bits, { dst: 1, src: 2 }, ['imm']];
      yield [`st${size}`, 0x62 | bits, { dst: 1 }, ['src']];
      yield [`stx${size}`, 0x63 | bits, { dst: 1, src: 2 }, ['imm']];
      if (size === 'dw') continue;
      yield [`ldabs${size}`, 0x20 | bits, {}, ['dst', 'src', 'offset']];
      yield [`ldind${size}`, 0x40 | bits, { src: 2 }, ['dst', 'offset']];
    }
    yield ['may_goto', 0xe5, { offset: 1 }, ['dst', 'src', 'imm']];
  }

  const cases = [...reserved()].flatMap(([name, opcode, valid, fields]) =>
    fields.map((field) => ({ name: `unused-${name}-${field}`, opcode, valid, field })),
  );
  it.each(cases)('$name', ({ opcode, valid, field }) => {
    expect(decode(join(slot(opcode, valid), slot(0x95)), 'little')).toHaveLength(2);
    const error = refusal(join(slot(0x95), slot(opcode, { ...valid, [field]: 3 })));
    expect(error).toMatchObject({ slot: 1, opcode });
    expect(error.reason).toMatch(new RegExp(`^(${field} |offset 3 selects)`));
  });

  it.each(['offset', 'dst', 'src'] as const)('unused-lddw-%s in either slot', (field) => {
    const second = refusal(join(slot(0x18, { dst: 1 }), slot(0, { [field]: 3 })));
    expect(second).toMatchObject({ slot: 1, opcode: 0 });
    expect(second.reason).toContain(`${field} must be zero`);
    if (field === 'offset')
      expect(refusal(join(slot(0x18, { dst: 1, offset: 3 }), slot(0)))).toMatchObject({ slot: 0, reason: 'offset must be zero' });
  });

  const rows: readonly { readonly name: string; readonly have: Uint8Array; readonly slot: number; readonly reason: RegExp }[] = [
    { name: 'an LDDW cut in half', have: slot(0x18), slot: 0, reason: /second half .* missing/ },
    { name: 'an LDDW followed by an instruction', have: join(slot(0x18), slot(0x95)), slot: 1, reason: /must have opcode zero/ },
    { name: 'an unknown LDDW source', have: join(slot(0x18, { src: 7 }), slot(0)), slot: 0, reason: /src 7/ },
    { name: 'a second immediate of a map', have: join(slot(0x18, { src: 1 }), slot(0, { imm: 1 })), slot: 1, reason: /imm must be zero/ },
    { name: 'a second LDDW half alone', have: slot(0), slot: 0, reason: /unknown opcode/ },
    { name: 'a cut slot', have: slot(0x95).subarray(0, 7), slot: 0, reason: /7 bytes/ },
    { name: 'r11 as destination', have: slot(0xb7, { dst: 11 }), slot: 0, reason: /r11 does not exist/ },
    { name: 'r15 as source', have: slot(0xbf, { src: 15 }), slot: 0, reason: /r15 does not exist/ },
    { name: 'a write to r10', have: slot(0xb7, { dst: 10 }), slot: 0, reason: /r10 is read-only/ },
    { name: 'an LDDW into r10', have: join(slot(0x18, { dst: 10 }), slot(0)), slot: 0, reason: /r10 is read-only/ },
    { name: 'a load into r10', have: slot(0x79, { dst: 10, src: 1 }), slot: 0, reason: /r10 is read-only/ },
    { name: 'an atomic fetch into r10', have: slot(0xdb, { dst: 1, src: 10, imm: 1 }), slot: 0, reason: /r10 is read-only/ },
    { name: 'a load acquire into r10', have: slot(0xdb, { dst: 10, src: 1, imm: 0x100 }), slot: 0, reason: /r10 is read-only/ },
    { name: 'an unknown atomic operation', have: slot(0xdb, { dst: 1, imm: 2 }), slot: 0, reason: /0x2 is no atomic/ },
    { name: 'a 2-byte atomic addition', have: slot(0xcb, { dst: 1 }), slot: 0, reason: /4 or 8 bytes/ },
    { name: 'a byte swap of 8 bits', have: slot(0xd7, { imm: 8 }), slot: 0, reason: /imm 8/ },
    { name: 'a sign extension of 32 bits to 32', have: slot(0xbc, { offset: 32 }), slot: 0, reason: /offset 32/ },
    { name: 'a move with the offset of a cast', have: slot(0xbf, { dst: 1, src: 2, offset: 1 }), slot: 0, reason: /converts no pair/ },
    { name: 'an 8-byte sign-extending load', have: slot(0x99), slot: 0, reason: /unknown opcode/ },
    { name: 'an unknown kind of call', have: slot(0x85, { src: 3 }), slot: 0, reason: /src 3/ },
    { name: 'exit in the 32-bit class', have: slot(0x96), slot: 0, reason: /unknown opcode/ },
    { name: 'negation of a register source', have: slot(0x8f), slot: 0, reason: /unknown opcode/ },
  ];
  it.each(rows)('$name', ({ have, slot: number, reason }) => {
    const error = refusal(have);
    expect(error.slot).toBe(number);
    expect(error.reason).toMatch(reason);
    expect(error.message).toContain(`instruction ${number}`);
  });
});

describe('decode and encode', () => {
  const anySlot = fc.record({
    opcode: fc.integer({ min: 0, max: 255 }),
    dst: fc.integer({ min: 0, max: 12 }),
    src: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 12 })),
    offset: fc.oneof(fc.constant(0), fc.constantFrom(1, 8, 16, 32), fc.integer({ min: -0x8000, max: 0x7fff })),
    imm: fc.oneof(
      fc.constantFrom(0, 0x01, 0x41, 0x51, 0xa1, 0xe1, 0xf1, 0x100, 0x110, 16, 32, 64),
      fc.integer({ min: -0x8000_0000, max: 0x7fff_ffff }),
    ),
  });
  it('give back the same bytes for every slot that is accepted', () => {
    let accepted = 0;
    fc.assert(
      fc.property(anySlot, fc.boolean(), ({ opcode, ...fields }, little) => {
        const first = slot(opcode, fields, little);
        const bytes = opcode === 0x18 ? join(first, slot(0, { imm: fields.src === 1 ? 0 : fields.imm }, little)) : first;
        const order = little ? 'little' : 'big';
        let list: ReturnType<typeof decode>;
        try {
          list = decode(bytes, order);
        } catch (error) {
          expect(error).toBeInstanceOf(DecodeError);
          return;
        }
        accepted++;
        expect(encode(list, order)).toEqual(bytes);
      }),
      { seed: 9669, numRuns: 20_000 },
    );
    expect(accepted).toBeGreaterThan(1_000);
  });

  it('never fail with anything but a DecodeError on random bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        try {
          decode(bytes, 'little');
        } catch (error) {
          expect(error).toBeInstanceOf(DecodeError);
        }
      }),
      { seed: 1, numRuns: 5_000 },
    );
  });
});
