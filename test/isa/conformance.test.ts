import { describe, expect, it } from 'vitest';
import { parseConformanceCase, parseHexBytes } from '../../src/isa/conformance.ts';
import { DecodeError } from '../../src/isa/decode.ts';
import { ParseError } from '../../src/isa/parse.ts';
import { assemble } from '../../src/isa/parse-conformance.ts';

const register = (number: 0 | 1 | 2 | 3) => ({ kind: 'register', register: number }) as const;
const value = (number: number) => ({ kind: 'immediate', value: number }) as const;

describe('assemble', () => {
  const rows: readonly { readonly have: string; readonly want: unknown }[] = [
    { have: 'add32 %r1, %r2', want: { kind: 'binary', operator: 'add', width: 32, dst: 1, source: register(2) } },
    { have: 'smod %r1 -3', want: { kind: 'binary', operator: 'smod', width: 64, dst: 1, source: value(-3) } },
    { have: 'mov %r1, 0xffffffff', want: { kind: 'binary', operator: 'mov', width: 64, dst: 1, source: value(-1) } },
    { have: 'movsx1664 %r1, %r2', want: { kind: 'movsx', bits: 16, width: 64, dst: 1, src: 2 } },
    { have: 'neg32 %r3', want: { kind: 'negate', width: 32, dst: 3 } },
    { have: 'swap16 %r3', want: { kind: 'swap', order: 'bswap', bits: 16, dst: 3 } },
    { have: 'ldxsh %r1, [%r2-2]', want: { kind: 'load', size: 2, signed: true, dst: 1, src: 2, offset: -2 } },
    { have: 'stxdw [%r10-8], %r3', want: { kind: 'store', size: 8, dst: 10, offset: -8, source: register(3) } },
    { have: 'stb [%r1], 5', want: { kind: 'store', size: 1, dst: 1, offset: 0, source: value(5) } },
    { have: 'lock fetch add32 [%r1+4], %r2', want: { kind: 'atomic', operator: 'add', fetch: true, size: 4, dst: 1, src: 2, offset: 4 } },
    { have: 'lock cmpxchg [%r1], %r2', want: { kind: 'atomic', operator: 'cmpxchg', fetch: true, size: 8, dst: 1, src: 2, offset: 0 } },
    { have: 'jslt32 %r1, -1, +4', want: { kind: 'branch', comparison: 'slt', width: 32, dst: 1, source: value(-1), offset: 4 } },
    { have: 'ja32 -1', want: { kind: 'jump', wide: true, offset: -1 } },
    { have: 'call 5', want: { kind: 'call', helper: 5 } },
    { have: 'call helper 5', want: { kind: 'call', helper: 5 } },
    { have: 'call runtime 7', want: { kind: 'call_btf', btfId: 7, module: 0 } },
    { have: 'call %r2', want: { kind: 'callx', register: 2 } },
  ];
  it.each(rows)('$have', ({ have, want }) => {
    expect(assemble(have)).toEqual([want]);
  });

  it('knows labels and the implicit exit', () => {
    expect(assemble('# comment\nlddw %r0, 0x8000000000000000\njeq %r0, 1, out\nja exit\nout:\nexit # here\nexit')).toMatchObject([
      { kind: 'lddw', low: 0, high: -0x8000_0000 },
      undefined,
      { kind: 'branch', offset: 1 },
      { kind: 'jump', offset: 0 },
      { kind: 'exit' },
      { kind: 'exit' },
    ]);
  });

  it.each([
    'add %r1',
    'add %r11, 1',
    'add %r1, 1, 2',
    'frobnicate',
    'ja nowhere',
    'mov %r1, 4294967296',
    'mov %r1, 2147483648',
    'lock sub [%r1], %r2',
    'ldxw %r1, %r2',
    'a:\na:',
  ])('refuses %s', (text) => {
    expect(() => assemble(text)).toThrow(ParseError);
  });
});

describe('parseConformanceCase', () => {
  it('reads sections, hexadecimal memory and decimal or hexadecimal results', () => {
    const have = parseConformanceCase('# licence\n-- asm\nexit\n-- mem\n00 01 ff\n-- no register offset\n-- result\n0xffffffffffffffff\n');
    expect(have).toEqual({ instructions: [{ kind: 'exit' }], memory: Uint8Array.of(0, 1, 255), result: 0xffff_ffff_ffff_ffffn, error: undefined });
    expect(parseConformanceCase('-- asm\nexit\n-- error\n')).toMatchObject({ error: '', memory: undefined, result: undefined });
  });

  it('prefers raw slots', () => {
    const have = parseConformanceCase('-- asm\nexit\n-- raw\n0x5566778800000018\n0x1122334400000000\n149\n-- result\n3');
    expect(have.instructions).toMatchObject([{ kind: 'lddw', low: 0x55667788, high: 0x11223344 }, undefined, { kind: 'exit' }]);
  });

  it('refuses malformed bytes of the negative cases at load', () => {
    const exit = '95 00 00 00 00 00 00 00';
    expect(parseConformanceCase(`-- raw\nb7 00 00 00 01 00 00 00\n${exit}\n-- error\n`).instructions).toHaveLength(2);
    expect(() => parseConformanceCase(`-- raw\nb7 10 00 00 01 00 00 00\n${exit}\n-- error\n`)).toThrow(DecodeError);
  });

  it.each(['-- what\n', '', '-- asm\nexit\n-- mem\nzz\n', '-- asm\nexit\n-- result\nfoo\n', '-- raw\n-- result\n1 2\n'])('refuses %j', (text) => {
    expect(() => parseConformanceCase(text)).toThrow(ParseError);
  });

  it('reads bytes as the plugin protocol passes them', () => {
    expect(parseHexBytes('aa  bb 0xcc ddee\n')).toEqual(Uint8Array.of(0xaa, 0xbb, 0xcc, 0xdd, 0xee));
    expect(() => parseHexBytes('abc')).toThrow(ParseError);
  });
});
