import { describe, expect, test } from 'vitest';
import type { BinaryOperator, Comparison, Width } from '../../../src/isa/instruction.ts';
import { Bits, UNKNOWN_BITS } from '../../../src/verifier/number/bits.ts';
import { I64_MAX, I64_MIN } from '../../../src/verifier/number/integer.ts';
import { binary, negate, signExtend, signExtendLoad, swap, truncate } from '../../../src/verifier/number/operations.ts';
import { decide, refine } from '../../../src/verifier/number/refine.ts';
import {
  constant,
  constantValue,
  format,
  fromBits,
  fromSigned,
  fromU32,
  fromUnsigned,
  isConstant,
  isTop,
  type Scalar,
  signedBytes,
  TOP,
  unsignedBytes,
} from '../../../src/verifier/number/scalar.ts';

const u8 = unsignedBytes(1);
const u16 = unsignedBytes(2);
const u32 = unsignedBytes(4);
const c = constant;

type Step = readonly [BinaryOperator, Scalar] | readonly [BinaryOperator, Scalar, Width];

function run(start: Scalar, steps: readonly Step[]): Scalar {
  return steps.reduce((value, [operator, operand, width]) => binary(operator, width ?? 64, value, operand), start);
}

describe('arithmetic on ranges', () => {
  const rows: readonly { readonly name: string; readonly start: Scalar; readonly steps: readonly Step[]; readonly want: string }[] = [
    { name: 'u8 & 15', start: u8, steps: [['and', c(15)]], want: '[0, 15]' },
    { name: 'u32 x in [0, 100]: x + 5', start: fromU32(0, 100), steps: [['add', c(5)]], want: '[5, 105]' },
    {
      name: '(x & 31) + 1',
      start: TOP,
      steps: [
        ['and', c(31)],
        ['add', c(1)],
      ],
      want: '[1, 32]',
    },
    {
      name: '((x & 31) + 1) * 4',
      start: TOP,
      steps: [
        ['and', c(31)],
        ['add', c(1)],
        ['mul', c(4)],
      ],
      want: '[4, 128] multiple of 4',
    },
    {
      name: '(w & 0xff) + w in 32 bits',
      start: TOP,
      steps: [
        ['and', c(0xff), 32],
        ['add', fromU32(0, 10), 32],
      ],
      want: '[0, 265]',
    },
    {
      name: 'u32 << 32 >> 32',
      start: u32,
      steps: [
        ['lsh', c(32)],
        ['rsh', c(32)],
      ],
      want: '[0, 4294967295]',
    },
    {
      name: 'x << 32 >> 32',
      start: TOP,
      steps: [
        ['lsh', c(32)],
        ['rsh', c(32)],
      ],
      want: '[0, 4294967295]',
    },
    {
      name: 'x << 32 s>> 32',
      start: TOP,
      steps: [
        ['lsh', c(32)],
        ['arsh', c(32)],
      ],
      want: '[-2147483648, 2147483647]',
    },
    {
      name: 's32 in [-5, 9] << 32 s>> 32',
      start: fromSigned(-5, 9),
      steps: [
        ['lsh', c(32)],
        ['arsh', c(32)],
      ],
      want: '[-5, 9]',
    },
    {
      name: 'w in [-5, 9] << 32 s>> 32',
      start: fromSigned(-5, 9),
      steps: [
        ['mov', fromSigned(-5, 9), 32],
        ['lsh', c(32)],
        ['arsh', c(32)],
      ],
      want: '[-5, 9]',
    },
    { name: 'x s>> 63', start: TOP, steps: [['arsh', c(63)]], want: '[-1, 0]' },
    { name: 'u8 s>> 63', start: u8, steps: [['arsh', c(63)]], want: '0' },
    { name: 'x >> 63', start: TOP, steps: [['rsh', c(63)]], want: '[0, 1]' },
    { name: 'x >> 60', start: TOP, steps: [['rsh', c(60)]], want: '[0, 15]' },
    { name: '1 << [0, 31]', start: c(1), steps: [['lsh', fromU32(0, 31)]], want: '[1, 2147483648]' },
    { name: '[1, 3] << [1, 2]', start: fromU32(1, 3), steps: [['lsh', fromU32(1, 2)]], want: '[2, 12] multiple of 2' },
    { name: '[-3, 2] << 4', start: fromSigned(-3, 2), steps: [['lsh', c(4)]], want: '[-48, 32] multiple of 16' },
    { name: 'u8 >> [2, 4]', start: u8, steps: [['rsh', fromU32(2, 4)]], want: '[0, 63]' },
    { name: '[-64, 32] s>> [2, 3]', start: fromSigned(-64, 32), steps: [['arsh', fromU32(2, 3)]], want: '[-16, 8]' },
    { name: 'shift counts are masked', start: u8, steps: [['lsh', c(66)]], want: '[0, 1020] multiple of 4' },
    { name: '32-bit shift counts are masked', start: u8, steps: [['lsh', c(34), 32]], want: '[0, 1020] multiple of 4' },
    { name: '[0, 10] * -4', start: fromU32(0, 10), steps: [['mul', c(-4)]], want: '[-40, 0] multiple of 4' },
    { name: '[-3, 4] * [-5, 6]', start: fromSigned(-3, 4), steps: [['mul', fromSigned(-5, 6)]], want: '[-20, 24]' },
    { name: 'u32 * u32', start: u32, steps: [['mul', u32]], want: '[0, 18446744065119617025]' },
    { name: '[10, 100] / 3', start: fromU32(10, 100), steps: [['div', c(3)]], want: '[3, 33]' },
    { name: 'x / 10', start: TOP, steps: [['div', c(10)]], want: '[0, 1844674407370955161]' },
    { name: '[10, 100] / [2, 5]', start: fromU32(10, 100), steps: [['div', fromU32(2, 5)]], want: '[2, 50]' },
    { name: '[10, 100] / [0, 5]', start: fromU32(10, 100), steps: [['div', fromU32(0, 5)]], want: '[0, 100]' },
    {
      name: 'multiples of 32 divided by 8',
      start: u16,
      steps: [
        ['lsh', c(5)],
        ['div', c(8)],
      ],
      want: '[0, 262140] multiple of 4',
    },
    { name: 'x / 0', start: TOP, steps: [['div', c(0)]], want: '0' },
    { name: 'x % 0', start: u8, steps: [['mod', c(0)]], want: '[0, 255]' },
    { name: 'x % 10', start: TOP, steps: [['mod', c(10)]], want: '[0, 9]' },
    { name: 'x % 16', start: TOP, steps: [['mod', c(16)]], want: '[0, 15]' },
    { name: 'identity where the dividend is smaller', start: fromU32(3, 7), steps: [['mod', c(10)]], want: '[3, 7]' },
    { name: '[23, 27] % 10', start: fromU32(23, 27), steps: [['mod', c(10)]], want: '[3, 7]' },
    { name: 'x % [1, 20]', start: TOP, steps: [['mod', fromU32(1, 20)]], want: '[0, 19]' },
    { name: 'w % 7 in 32 bits', start: TOP, steps: [['mod', c(7), 32]], want: '[0, 6]' },
    { name: '[-7, 20] s/ 2', start: fromSigned(-7, 20), steps: [['sdiv', c(2)]], want: '[-3, 10]' },
    { name: '[-7, 20] s/ -2', start: fromSigned(-7, 20), steps: [['sdiv', c(-2)]], want: '[-10, 3]' },
    { name: 'INT_MIN s/ -1', start: c(I64_MIN), steps: [['sdiv', c(-1)]], want: String(I64_MIN) },
    { name: 'INT_MIN s% -1', start: c(I64_MIN), steps: [['smod', c(-1)]], want: '0' },
    { name: 'x s% 10', start: TOP, steps: [['smod', c(10)]], want: '[-9, 9]' },
    { name: '[-5, -1] s% 10', start: fromSigned(-5, -1), steps: [['smod', c(10)]], want: '[-5, -1]' },
    { name: '32-bit INT_MIN s/ -1', start: c(0x8000_0000), steps: [['sdiv', c(-1), 32]], want: '2147483648' },
    { name: 'u8 | 0x100', start: u8, steps: [['or', c(0x100)]], want: '[256, 511]' },
    { name: 'u8 ^ 0xff', start: u8, steps: [['xor', c(0xff)]], want: '[0, 255]' },
    { name: '[-3, 3] ^ -1', start: fromSigned(-3, 3), steps: [['xor', c(-1)]], want: '[-4, 3]' },
    { name: '[-16, 7] & [-2, 9]', start: fromSigned(-16, 7), steps: [['and', fromSigned(-2, 9)]], want: '[-16, 15]' },
    { name: 'x & -8', start: u16, steps: [['and', c(-8)]], want: '[0, 65528] multiple of 8' },
    { name: 'x & 0xfff in one page', start: fromU32(0x5003, 0x5010), steps: [['and', c(0xfff)]], want: '[3, 16]' },
    { name: 'subtraction into the negative', start: u8, steps: [['sub', c(14)]], want: '[-14, 241]' },
    { name: 'subtraction wraps in 32 bits', start: fromU32(0, 3), steps: [['sub', c(4), 32]], want: '[4294967292, 4294967295]' },
    { name: 'a sum that always wraps', start: fromUnsigned(-2n + (1n << 64n), (1n << 64n) - 1n), steps: [['add', c(5)]], want: '[3, 4]' },
    {
      name: 'alignment survives addition',
      start: u8,
      steps: [
        ['lsh', c(2)],
        ['add', c(8)],
      ],
      want: '[8, 1028] multiple of 4',
    },
    { name: 'u32 + u32 keeps 33 bits', start: u32, steps: [['add', u32]], want: '[0, 8589934590]' },
    { name: 'u32 - u32', start: u32, steps: [['sub', u32]], want: '[-4294967295, 4294967295]' },
    { name: 'mov32 cuts', start: fromSigned(-1, -1), steps: [['mov', c(-1), 32]], want: '4294967295' },
    { name: 'mov32 of a range in one block', start: TOP, steps: [['mov', fromUnsigned(0x1_0000_0005, 0x1_0000_0009), 32]], want: '[5, 9]' },
  ];
  test.each(rows)('$name', ({ start, steps, want }) => expect(format(run(start, steps))).toBe(want));
});

describe('operations on one value', () => {
  const rows: readonly { readonly name: string; readonly got: Scalar; readonly want: string }[] = [
    { name: '-[1, 4]', got: negate(64, fromU32(1, 4)), want: '[-4, -1]' },
    { name: '-[1, 4] in 32 bits', got: negate(32, fromU32(1, 4)), want: '[4294967292, 4294967295]' },
    { name: 'sign-extended byte', got: signExtend(8, 64, TOP), want: '[-128, 127]' },
    { name: 'sign extension of what fits', got: signExtend(8, 64, fromSigned(-3, 5)), want: '[-3, 5]' },
    { name: 'sign extension of an u8 above 127', got: signExtend(8, 64, fromU32(200, 210)), want: '[-56, -46]' },
    { name: 'sign extension into 32 bits', got: signExtend(8, 32, fromU32(200, 210)), want: '[4294967240, 4294967250]' },
    { name: 'sign extension from 32 of a zero-extended range', got: signExtend(32, 64, binary('mov', 32, TOP, fromSigned(-2, 6))), want: '[-2, 6]' },
    { name: 'ntohs of an u16', got: swap('be', 16, u16, false), want: '[0, 65535]' },
    { name: 'ntohs of a constant', got: swap('be', 16, c(0x0800), false), want: '8' },
    { name: 'be16 on a big-endian host truncates', got: swap('be', 16, c(0x1_0800), true), want: '2048' },
    { name: 'bswap64', got: swap('bswap', 64, u8, false), want: '[0, 18374686479671623680] multiple of 72057594037927936' },
    { name: 'a stored byte', got: truncate(1, fromSigned(-1, -1)), want: '255' },
    { name: 'a stored small number', got: truncate(2, fromU32(7, 9)), want: '[7, 9]' },
    { name: 'a stored byte read signed', got: signExtendLoad(1, c(255)), want: '-1' },
    { name: 'a signed byte load', got: signedBytes(1), want: '[-128, 127]' },
    { name: 'a signed word load', got: signedBytes(4), want: '[-2147483648, 2147483647]' },
    { name: 'a double word load', got: unsignedBytes(8), want: 'any number' },
  ];
  test.each(rows)('$name', ({ got, want }) => expect(format(got)).toBe(want));
});

describe('comparisons refine', () => {
  interface Row {
    readonly a: Scalar;
    readonly is: Comparison;
    readonly width?: Width;
    readonly b: Scalar;
    readonly want: readonly [string, string] | undefined;
  }
  const rows: readonly Row[] = [
    { a: u32, is: 'le', width: 32, b: c(63), want: ['[0, 63]', '63'] },
    { a: u32, is: 'le', b: c(63), want: ['[0, 63]', '63'] },
    { a: u32, is: 'gt', width: 32, b: c(63), want: ['[64, 4294967295]', '63'] },
    { a: TOP, is: 'le', b: c(63), want: ['[0, 63]', '63'] },
    { a: TOP, is: 'slt', b: c(10), want: [`[${I64_MIN}, 9]`, '10'] },
    { a: fromUnsigned(0, I64_MAX), is: 'slt', b: c(10), want: ['[0, 9]', '10'] },
    { a: u32, is: 'slt', width: 32, b: c(0), want: ['[2147483648, 4294967295]', '0'] },
    { a: u32, is: 'sge', width: 32, b: c(0), want: ['[0, 2147483647]', '0'] },
    { a: fromU32(0, 10), is: 'ne', b: c(0), want: ['[1, 10]', '0'] },
    { a: fromU32(0, 10), is: 'ne', b: c(10), want: ['[0, 9]', '10'] },
    { a: fromU32(0, 10), is: 'ne', b: c(5), want: ['[0, 10]', '5'] },
    { a: fromSigned(-1, 10), is: 'ne', b: c(-1), want: ['[0, 10]', '-1'] },
    { a: fromU32(0, 10), is: 'ne', width: 32, b: c(0), want: ['[1, 10]', '0'] },
    { a: TOP, is: 'ne', b: c(0), want: ['[1, 18446744073709551615]', '0'] },
    { a: c(5), is: 'ne', b: c(5), want: undefined },
    { a: c(5), is: 'ne', b: fromU32(5, 6), want: ['5', '6'] },
    { a: TOP, is: 'lt', b: c(0x1_0000_0000), want: ['[0, 4294967295]', '4294967296'] },
    { a: fromSigned(0, I64_MAX), is: 'slt', b: c(0x1_0000_0000), want: ['[0, 4294967295]', '4294967296'] },
    { a: fromUnsigned(0xffff_ffff, 0x1_0000_0009), is: 'ne', b: c(0xffff_ffff), want: ['[4294967296, 4294967305]', '4294967295'] },
    { a: fromSigned(-0x1_0000_0000, 5), is: 'ne', b: c(-0x1_0000_0000), want: ['[-4294967295, 5]', '-4294967296'] },
    { a: fromU32(0, 10), is: 'lt', b: fromU32(3, 7), want: ['[0, 6]', '[3, 7]'] },
    { a: fromU32(4, 10), is: 'lt', b: fromU32(3, 7), want: ['[4, 6]', '[5, 7]'] },
    { a: fromU32(8, 10), is: 'lt', b: fromU32(3, 7), want: undefined },
    { a: fromU32(4, 10), is: 'ge', b: fromU32(6, 17), want: ['[6, 10]', '[6, 10]'] },
    { a: fromU32(4, 10), is: 'eq', b: fromU32(6, 17), want: ['[6, 10]', '[6, 10]'] },
    { a: fromU32(4, 5), is: 'eq', b: fromU32(6, 17), want: undefined },
    { a: TOP, is: 'eq', width: 32, b: c(7), want: ['[7, 18446744069414584327] low half [7, 7]', '7'] },
    { a: u32, is: 'eq', width: 32, b: c(-7), want: ['4294967289', '-7'] },
    { a: u8, is: 'set', b: c(0x80), want: ['[128, 255]', '128'] },
    { a: u8, is: 'nset', b: c(0x80), want: ['[0, 127]', '128'] },
    { a: u8, is: 'set', b: c(0x30), want: ['[16, 255]', '48'] },
    { a: TOP, is: 'nset', b: c(-256), want: ['[0, 255]', '-256'] },
    { a: u8, is: 'set', b: c(0x100), want: undefined },
    { a: binary('and', 64, TOP, c(-8)), is: 'lt', b: c(30), want: ['[0, 24] multiple of 8', '30'] },
  ];
  const named = rows.map((row) => ({ ...row, name: `${format(row.a)} ${row.is}${row.width ?? 64} ${format(row.b)}` }));
  test.each(named)('$name', ({ a, is, width, b, want }) => {
    const refined = refine(is, width ?? 64, a, b);
    expect(refined && [format(refined.a), format(refined.b)]).toEqual(want);
  });

  test('a 32-bit guard on a zero-extended value bounds every view', () => {
    const { a } = refine('le', 32, u32, c(63))!;
    expect([a.smin, a.smax, a.umin, a.umax, a.s32min, a.s32max, a.u32min, a.u32max]).toEqual([0, 63, 0, 63, 0, 63, 0, 63]);
    expect(a.bits).toEqual(new Bits(0, 0, 0, 63));
  });

  test('a 32-bit guard on an unknown value bounds it once the upper half is cut', () => {
    const { a } = refine('le', 32, TOP, c(63))!;
    expect([a.u32min, a.u32max, a.s32min, a.s32max]).toEqual([0, 63, 0, 63]);
    expect(format(binary('mov', 32, a, a))).toBe('[0, 63]');
  });

  test('a flag bit that is not zero leaves one of two values', () => {
    const flag = binary('and', 64, TOP, c(4));
    expect(format(refine('ne', 64, flag, c(0))!.a)).toBe('4');
    expect(format(refine('ne', 64, flag, c(4))!.a)).toBe('0');
  });
});

describe('comparisons decide', () => {
  const rows: readonly (readonly [Scalar, Comparison, Width, Scalar, boolean | undefined])[] = [
    [binary('or', 64, TOP, c(1)), 'ne', 64, c(0), true],
    [binary('or', 64, TOP, c(1)), 'eq', 64, c(2), false],
    [u8, 'lt', 64, c(256), true],
    [u8, 'gt', 64, c(255), false],
    [u8, 'le', 64, c(254), undefined],
    [u8, 'sge', 64, c(0), true],
    [TOP, 'ge', 64, c(0), true],
    [TOP, 'lt', 64, c(0), false],
    [fromSigned(-4, -1), 'slt', 64, c(0), true],
    [fromSigned(-4, -1), 'gt', 64, c(100), true],
    [fromSigned(-4, -1), 'gt', 32, c(100), true],
    [u32, 'eq', 32, c(-1), undefined],
    [u32, 'eq', 64, c(-1), false],
    [binary('or', 64, TOP, c(8)), 'set', 64, c(12), true],
    [binary('and', 64, TOP, c(3)), 'set', 64, c(12), false],
    [binary('and', 64, TOP, c(3)), 'nset', 32, c(12), true],
    [c(5), 'eq', 64, c(5), true],
    [c(5), 'eq', 32, c(0x1_0000_0005), true],
  ];
  test.each(rows.map((row) => ({ row, name: `${format(row[0])} ${row[1]}${row[2]} ${format(row[3])}` })))(
    '$name',
    ({ row: [a, is, width, b, want] }) => {
      expect(decide(is, width, a, b)).toBe(want);
    },
  );
});

describe('scalars', () => {
  test('constants are shared, canonical and signed', () => {
    expect(c(5)).toBe(c(5));
    expect(constantValue(c((1n << 64n) - 1n))).toBe(-1);
    expect(constantValue(c(1n << 62n))).toBe(1n << 62n);
    expect(constantValue(u8)).toBeUndefined();
    expect(isConstant(fromU32(9, 9)) && !isConstant(u8)).toBe(true);
  });

  test('what knows nothing is TOP itself', () => {
    expect(isTop(fromSigned(I64_MIN, I64_MAX))).toBe(true);
    expect(fromBits(UNKNOWN_BITS)).toBe(TOP);
    expect(binary('add', 64, TOP, c(1))).toBe(TOP);
    expect(isTop(u32)).toBe(false);
  });

  test('a range of known bits starts and ends at its members', () => {
    const odd = fromBits(new Bits(0, 1, 0, 0xfe));
    expect([odd.umin, odd.umax]).toEqual([1, 255]);
    expect(format(odd)).toBe('[1, 255] bits 0x1/0xfe');
  });

  test('an empty range is refused', () => {
    expect(() => fromSigned(2, 1)).toThrow(TypeError);
    expect(() => fromUnsigned(2, 1)).toThrow('fromUnsigned(2, 1) is empty');
  });
});
