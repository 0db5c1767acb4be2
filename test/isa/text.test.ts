import { describe, expect, it } from 'vitest';
import { formatInstruction } from '../../src/isa/format.ts';
import type { Instruction } from '../../src/isa/instruction.ts';
import { instructionsOf, ParseError, parseInstruction, parseProgram } from '../../src/isa/parse.ts';

const register = (number: 0 | 1 | 2 | 3) => ({ kind: 'register', register: number }) as const;
const value = (number: number) => ({ kind: 'immediate', value: number }) as const;

/** At slot 3, so that `+15` is slot 19. */
const PC = 3;
const FORMS: readonly { readonly text: string; readonly instruction: Instruction }[] = [
  { text: 'r1 += r2', instruction: { kind: 'binary', operator: 'add', width: 64, dst: 1, source: register(2) } },
  { text: 'w1 s/= -3', instruction: { kind: 'binary', operator: 'sdiv', width: 32, dst: 1, source: value(-3) } },
  { text: 'w1 s%= w2', instruction: { kind: 'binary', operator: 'smod', width: 32, dst: 1, source: register(2) } },
  { text: 'r1 s>>= 4', instruction: { kind: 'binary', operator: 'arsh', width: 64, dst: 1, source: value(4) } },
  { text: 'r1 <<= r2', instruction: { kind: 'binary', operator: 'lsh', width: 64, dst: 1, source: register(2) } },
  { text: 'w1 = w2', instruction: { kind: 'binary', operator: 'mov', width: 32, dst: 1, source: register(2) } },
  { text: 'r1 = -7', instruction: { kind: 'binary', operator: 'mov', width: 64, dst: 1, source: value(-7) } },
  { text: 'r1 s32= r2', instruction: { kind: 'movsx', bits: 32, width: 64, dst: 1, src: 2 } },
  { text: 'w1 s8= w2', instruction: { kind: 'movsx', bits: 8, width: 32, dst: 1, src: 2 } },
  { text: 'w1 = -w1', instruction: { kind: 'negate', width: 32, dst: 1 } },
  { text: 'r1 = be16 r1', instruction: { kind: 'swap', order: 'be', bits: 16, dst: 1 } },
  { text: 'r1 = le32 r1', instruction: { kind: 'swap', order: 'le', bits: 32, dst: 1 } },
  { text: 'r1 = swap64 r1', instruction: { kind: 'swap', order: 'bswap', bits: 64, dst: 1 } },
  { text: 'r1 = addr_space_cast(r2, 0, 1)', instruction: { kind: 'cast', dst: 1, src: 2, spaces: 1 } },
  { text: 'r1 = addr_space_cast(r2, 65535, 0)', instruction: { kind: 'cast', dst: 1, src: 2, spaces: -65536 } },
  { text: 'r1 = 1311768467463790320 ll', instruction: { kind: 'lddw', dst: 1, source: 'immediate', low: -1698898192, high: 0x12345678 } },
  { text: 'r1 = -1 ll', instruction: { kind: 'lddw', dst: 1, source: 'immediate', low: -1, high: -1 } },
  { text: 'r1 = map_fd 1', instruction: { kind: 'lddw', dst: 1, source: 'map_fd', low: 1, high: 0 } },
  { text: 'r1 = map_val(1) + 8', instruction: { kind: 'lddw', dst: 1, source: 'map_value', low: 1, high: 8 } },
  { text: 'r1 = variable_addr(5)', instruction: { kind: 'lddw', dst: 1, source: 'variable', low: 5, high: 0 } },
  { text: 'r1 = code_addr(-5)', instruction: { kind: 'lddw', dst: 1, source: 'code', low: -5, high: 0 } },
  { text: 'r1 = map_by_idx(2)', instruction: { kind: 'lddw', dst: 1, source: 'map_index', low: 2, high: 0 } },
  { text: 'r1 = mva(map_by_idx(2)) + 4', instruction: { kind: 'lddw', dst: 1, source: 'map_index_value', low: 2, high: 4 } },
  { text: 'r1 = *(u64 *)(r1 + 0)', instruction: { kind: 'load', size: 8, signed: false, dst: 1, src: 1, offset: 0 } },
  { text: 'r1 = *(s16 *)(r10 - 4)', instruction: { kind: 'load', size: 2, signed: true, dst: 1, src: 10, offset: -4 } },
  { text: '*(u32 *)(r10 - 4) = r1', instruction: { kind: 'store', size: 4, dst: 10, offset: -4, source: register(1) } },
  { text: '*(u8 *)(r1 + 0) = -1', instruction: { kind: 'store', size: 1, dst: 1, offset: 0, source: value(-1) } },
  { text: 'lock *(u32 *)(r1 + 0) += r2 fetch', instruction: { kind: 'atomic', operator: 'add', fetch: true, size: 4, dst: 1, src: 2, offset: 0 } },
  { text: 'lock *(u64 *)(r1 - 8) |= r2', instruction: { kind: 'atomic', operator: 'or', fetch: false, size: 8, dst: 1, src: 2, offset: -8 } },
  { text: 'lock *(u64 *)(r1 + 0) x= r2', instruction: { kind: 'atomic', operator: 'xchg', fetch: true, size: 8, dst: 1, src: 2, offset: 0 } },
  { text: 'lock *(u64 *)(r1 + 0) cx= r2', instruction: { kind: 'atomic', operator: 'cmpxchg', fetch: true, size: 8, dst: 1, src: 2, offset: 0 } },
  { text: 'r1 = load_acquire((u16 *)(r2 + 2))', instruction: { kind: 'load_acquire', size: 2, dst: 1, src: 2, offset: 2 } },
  { text: 'store_release((u64 *)(r10 - 8), r2)', instruction: { kind: 'store_release', size: 8, dst: 10, src: 2, offset: -8 } },
  { text: 'r0 = *(u16 *)skb[12]', instruction: { kind: 'packet', size: 2, imm: 12 } },
  { text: 'r0 = *(u32 *)skb[r1]', instruction: { kind: 'packet', size: 4, index: 1, imm: 0 } },
  { text: 'r0 = *(u32 *)skb[r1 + 4]', instruction: { kind: 'packet', size: 4, index: 1, imm: 4 } },
  { text: 'r0 = *(u8 *)skb[r1 - 4]', instruction: { kind: 'packet', size: 1, index: 1, imm: -4 } },
  { text: 'goto +15 <19>', instruction: { kind: 'jump', wide: false, offset: 15 } },
  { text: 'goto -3 <1>', instruction: { kind: 'jump', wide: false, offset: -3 } },
  { text: 'if w2 != 17 goto +15 <19>', instruction: { kind: 'branch', comparison: 'ne', width: 32, dst: 2, source: value(17), offset: 15 } },
  { text: 'if r1 s<= r2 goto -1 <3>', instruction: { kind: 'branch', comparison: 'sle', width: 64, dst: 1, source: register(2), offset: -1 } },
  { text: 'if r1 &== 4 goto +0 <4>', instruction: { kind: 'branch', comparison: 'set', width: 64, dst: 1, source: value(4), offset: 0 } },
  { text: 'may_goto +2 <6>', instruction: { kind: 'may_goto', offset: 2 } },
  { text: 'call 6', instruction: { kind: 'call', helper: 6 } },
  { text: 'call <12>', instruction: { kind: 'call_local', offset: 8 } },
  { text: 'call_btf 1000 module 1', instruction: { kind: 'call_btf', btfId: 1000, module: 1 } },
  { text: 'call_btf 1000', instruction: { kind: 'call_btf', btfId: 1000, module: 0 } },
  { text: 'callx r3', instruction: { kind: 'callx', register: 3 } },
  { text: 'exit', instruction: { kind: 'exit' } },
];

const here = { pc: PC, slotOf: (label: string) => (/^\d+$/.test(label) ? Number(label) : undefined) };

describe('formatInstruction and parseInstruction', () => {
  it.each(FORMS)('$text', ({ text, instruction }) => {
    expect(formatInstruction(instruction, PC)).toBe(text);
    expect(parseInstruction(text, here)).toEqual(instruction);
  });

  it('prints a wide jump as a jump', () => {
    expect(formatInstruction({ kind: 'jump', wide: true, offset: 15 }, PC)).toBe('goto +15 <19>');
  });

  it('prints what the caller knows', () => {
    const options = {
      helperText: (id: number) => (id === 2 ? 'bpf_map_update_elem:2(map_fd r1, map_key r2)' : undefined),
      kfuncText: () => 'bpf_throw(r1)',
      wideText: () => 'map counters',
      labelText: (slot: number) => (slot === 12 ? 'parse_ip' : undefined),
    };
    expect(formatInstruction({ kind: 'call', helper: 2 }, 0, options)).toBe('r0 = bpf_map_update_elem:2(map_fd r1, map_key r2)');
    expect(formatInstruction({ kind: 'call', helper: 3 }, 0, options)).toBe('call 3');
    expect(formatInstruction({ kind: 'call_btf', btfId: 1, module: 0 }, 0, options)).toBe('r0 = bpf_throw(r1)');
    expect(formatInstruction({ kind: 'lddw', dst: 1, source: 'map_fd', low: 0, high: 0 }, 0, options)).toBe('r1 = map counters');
    expect(formatInstruction({ kind: 'call_local', offset: 11 }, 0, options)).toBe('call <parse_ip>');
    expect(parseInstruction('r0 = bpf_map_update_elem:2(map_fd r1, map_key r2)')).toEqual({ kind: 'call', helper: 2 });
  });
});

describe('parseInstruction reads', () => {
  const rows: readonly { readonly name: string; readonly have: string; readonly want: unknown }[] = [
    {
      name: 'comments and missing blanks',
      have: '  r0=r1 ; copy',
      want: { kind: 'binary', operator: 'mov', width: 64, dst: 0, source: register(1) },
    },
    {
      name: 'a 64-bit register beside a 32-bit one',
      have: 'w1 <<= r2',
      want: { kind: 'binary', operator: 'lsh', width: 32, dst: 1, source: register(2) },
    },
    { name: 'the printed arithmetic shift', have: 'r1 >>>= 2', want: { kind: 'binary', operator: 'arsh', width: 64, dst: 1, source: value(2) } },
    {
      name: 'an unsigned immediate as its bits',
      have: 'r1 = 0xffffffff',
      want: { kind: 'binary', operator: 'mov', width: 64, dst: 1, source: value(-1) },
    },
    {
      name: 'the largest 64-bit immediate',
      have: 'r1 = 0xffffffffffffffffll',
      want: { kind: 'lddw', dst: 1, source: 'immediate', low: -1, high: -1 },
    },
    {
      name: 'an extension to the same width as a move',
      have: 'w1 s32= r2',
      want: { kind: 'binary', operator: 'mov', width: 32, dst: 1, source: register(2) },
    },
    { name: 'a negation with a blank', have: 'w1 = - w1', want: { kind: 'negate', width: 32, dst: 1 } },
    { name: 'a condition', have: 'assume w1 &!= r2', want: { kind: 'assume', comparison: 'nset', width: 32, dst: 1, source: register(2) } },
    { name: 'a map of programs', have: 'r1 = map_fd_programs 2', want: { kind: 'lddw', dst: 1, source: 'map_fd', low: 2, high: 0 } },
    { name: 'a wide jump', have: 'gotol <70000>', want: { kind: 'jump', wide: true, offset: 69996 } },
  ];
  it.each(rows)('$name', ({ have, want }) => {
    expect(parseInstruction(have, here)).toEqual(want);
  });
});

describe('parseInstruction refuses', () => {
  const rows = [
    { have: 'r11 = 1', reason: 'not an instruction' },
    { have: 'nonsense', reason: 'not an instruction' },
    { have: 'r1 = 5000000000', reason: 'immediate does not fit 32 bits' },
    { have: 'r1 = 0x1ffffffffffffffff ll', reason: 'immediate does not fit 64 bits' },
    { have: 'r1 = *(u8 *)(r2 + 40000)', reason: 'offset does not fit 16 bits' },
    { have: 'r1 = *(s64 *)(r2 + 0)', reason: 'an 8-byte load cannot be sign-extending' },
    { have: 'r1 = be16 r2', reason: 'a byte swap has one register' },
    { have: 'r1 = -r2', reason: 'a negation has one register' },
    { have: 'r1 += w2', reason: 'a 64-bit operation has no 32-bit operand' },
    { have: 'goto <nowhere>', reason: 'no label <nowhere>' },
  ];
  it.each(rows)('$have', ({ have, reason }) => {
    let thrown: unknown;
    try {
      parseInstruction(have, here);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(ParseError);
    expect(thrown).toMatchObject({ reason });
  });
});

describe('parseProgram', () => {
  it('resolves labels over blocks, counting an LDDW as two slots and one line', () => {
    const program = parseProgram([
      ['<start>', 'r1 = 1 ll\nif r1 == 2 goto <out> ; forwards\nassume r1 < 5\ncall <sub>\ngoto <start>'],
      ['<out>', 'exit'],
      ['<sub>', 'goto <exit>'],
    ]);
    expect(program.slots).toEqual([0, 2, 3, 4, 5, 6, 7]);
    expect([...program.labels]).toEqual([
      ['start', 0],
      ['out', 6],
      ['sub', 7],
    ]);
    expect(program.elements).toMatchObject([
      { kind: 'lddw' },
      undefined,
      { kind: 'branch', offset: 3 },
      { kind: 'assume' },
      { kind: 'call_local', offset: 2 },
      { kind: 'jump', offset: -6 },
      { kind: 'exit' },
      { kind: 'jump', offset: 0 },
    ]);
    expect(() => instructionsOf(program)).toThrow(/assumption has no encoding: assume r1 < 5/);
  });

  it('locates errors by line', () => {
    expect(() => parseProgram([['<start>', 'r1 = 1\n\nr1 = what']])).toThrow(/^line 2: not an instruction: r1 = what$/);
    expect(() =>
      parseProgram([
        ['a', 'exit'],
        ['a', 'exit'],
      ]),
    ).toThrow(/label defined twice/);
  });
});
