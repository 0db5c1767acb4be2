import { describe, expect, it } from 'vitest';
import { runConformance } from '../../shell/conformance-run.ts';
import { encode } from '../../src/isa/encode.ts';
import { assemble } from '../../src/isa/parse-conformance.ts';

/** Kinds of instruction-set cases that public suites hold, written for every engine of the plug-in: code, memory, r0. */
const CASES: readonly (readonly [name: string, code: string, memory: string, result: string])[] = [
  ['a call through a register', 'mov %r1, 9\nmov %r2, 5\ncall %r2\nadd %r0, 1\nexit', '', 'a'],
  ['a helper that returns zero goes on', 'mov %r1, 0\ncall 5\nmov %r0, 3\nexit', '', '3'],
  ['registers survive calls', 'mov %r6, 1\nmov %r9, 2\nmov %r1, 0\ncall 5\nmov %r0, %r6\nadd %r0, %r9\nexit', '', '3'],
  ['lddw of a large decimal number', 'lddw %r0, 9223372036854775808\nexit', '', '8000000000000000'],
  ['lddw between jumps', 'ja +1\nexit\nlddw %r0, 1\nja -4', '', '1'],
  ['exit in the middle', 'mov %r0, 7\njeq %r0, 7, +1\nmov %r0, 8\nexit\nmov %r0, 9\nexit', '', '7'],
  ['ja32', 'mov %r0, 1\nja32 +1\nmov %r0, 2\nexit', '', '1'],
  ['recursion', 'mov %r1, 6\ncall local fib\nexit\nfib:\nmov %r0, %r1\njlt %r1, 2, done\nmov %r6, %r1\nadd %r1, -1\ncall local fib\nmov %r7, %r0\nmov %r1, %r6\nadd %r1, -2\ncall local fib\nadd %r0, %r7\ndone:\nexit', '', '8'],
  ['frames of nested calls', 'stdw [%r10-8], 1\ncall local f\nldxdw %r1, [%r10-8]\nadd %r0, %r1\nexit\nf:\nstdw [%r10-8], 2\ncall local g\nldxdw %r1, [%r10-8]\nadd %r0, %r1\nexit\ng:\nstdw [%r10-8], 4\nldxdw %r0, [%r10-8]\nexit', '', '7'],
  ['gathering bytes', 'ldxb %r0, [%r1+0]\nlsh %r0, 8\nldxb %r3, [%r1+1]\nor %r0, %r3\nlsh %r0, 8\nldxb %r3, [%r1+4]\nor %r0, %r3\nexit', 'aa bb cc dd ee', 'aabbee'],
  ['the length of the memory', 'mov %r0, %r2\nexit', '01 02 03', '3'],
  ['unaligned loads of all sizes', 'ldxh %r0, [%r1+1]\nldxw %r3, [%r1+3]\nldxdw %r4, [%r1+1]\nxor %r0, %r3\nxor %r0, %r4\nexit', '01 02 03 04 05 06 07 08 09', '908070602020504'],
  ['sign-extending loads', 'ldxsb %r0, [%r1]\nldxsh %r3, [%r1]\nldxsw %r4, [%r1]\nsub %r0, %r3\nsub %r0, %r4\nexit', 'fe ff ff ff', '2'],
  ['movsx of all widths', 'mov %r1, 0x8080\nmovsx832 %r0, %r1\nmovsx1632 %r2, %r1\nmovsx864 %r3, %r1\nmovsx1664 %r4, %r1\nmovsx3264 %r5, %r1\nadd %r0, %r2\nadd %r0, %r3\nadd %r0, %r4\nadd %r0, %r5\nexit', '', '1ffff8080'],
  ['atomic add, no fetch', 'mov %r0, 2\nlock add [%r1+4], %r0\nlock add32 [%r1], %r0\nldxdw %r0, [%r1]\nldxw %r3, [%r1+8]\nadd %r0, %r3\nexit', 'ff ff ff ff 01 00 00 00 00 00 00 00', '300000001'],
  ...(['add', 'or', 'and', 'xor'] as const).flatMap((operator) =>
    (['', '32'] as const).map((width) => {
      const results = { add: 0x12 + 0x0f, or: 0x12 | 0x0f, and: 0x12 & 0x0f, xor: 0x12 ^ 0x0f };
      const code = `mov %r3, 0x0f\nlock fetch ${operator}${width} [%r1], %r3\nldx${width === '' ? 'dw' : 'w'} %r0, [%r1]\nlsh %r0, 8\nor %r0, %r3\nexit`;
      return [`atomic fetch ${operator}${width}`, code, '12 00 00 00 00 00 00 00', ((results[operator] << 8) | 0x12).toString(16)] as const;
    }),
  ),
  ['atomic xchg32 clears the upper half', 'lddw %r3, 0x1122334455667788\nlock xchg32 [%r1], %r3\nmov %r0, %r3\nexit', 'ff ee dd cc 01 01 01 01', 'ccddeeff'],
  ['atomic xchg', 'lddw %r3, 0x1122334455667788\nlock xchg [%r1], %r3\nldxdw %r0, [%r1]\nxor %r0, %r3\nexit', '01 00 00 00 00 00 00 00', '1122334455667789'],
  ['atomic cmpxchg that stores', 'mov %r0, 5\nmov %r3, 7\nlock cmpxchg [%r1], %r3\nldxdw %r4, [%r1]\nlsh %r0, 8\nor %r0, %r4\nexit', '05 00 00 00 00 00 00 00', '507'],
  ['atomic cmpxchg that does not', 'mov %r0, 6\nmov %r3, 7\nlock cmpxchg [%r1], %r3\nldxdw %r4, [%r1]\nlsh %r0, 8\nor %r0, %r4\nexit', '05 00 00 00 00 00 00 00', '505'],
  ['atomic cmpxchg32 looks at low halves', 'lddw %r0, 0xff00000005\nmov %r3, 7\nlock cmpxchg32 [%r1], %r3\nldxw %r4, [%r1]\nlsh %r0, 8\nor %r0, %r4\nexit', '05 00 00 00 ff 00 00 00', '507'],
  ['byte swaps of a part', 'lddw %r0, 0x1122334455667788\nbswap16 %r0\nlddw %r1, 0x1122334455667788\nbswap32 %r1\nadd %r0, %r1\nexit', '', '8877eecc'],
  ['64-bit division of large numbers', 'lddw %r0, 0xfedcba9876543210\nlddw %r1, 0xfedcba98\ndiv %r0, %r1\nexit', '', '100000000'],
  ['64-bit remainder by a large number', 'lddw %r0, 0xfffffffffffffffe\nlddw %r1, 0xffffffffffffffff\nmod %r0, %r1\nexit', '', 'fffffffffffffffe'],
  ['signed division towards zero', 'mov %r0, -7\nsdiv %r0, 2\nexit', '', 'fffffffffffffffd'],
  ['signed remainder keeps the sign of the dividend', 'mov %r0, -7\nsmod %r0, 2\nexit', '', 'ffffffffffffffff'],
  ['the smallest number by -1', 'lddw %r0, 0x8000000000000000\nmov %r1, -1\nsdiv %r0, %r1\nexit', '', '8000000000000000'],
]; // biome-ignore format: one case per line

describe.each(['interpreter', 'checked', 'jit', 'native'])('%s', (engine) => {
  it.each(CASES)('%s', (_, code, memory, result) => {
    const program = Buffer.from(encode(assemble(code), 'little')).toString('hex');
    const args = memory === '' ? [] : [memory.split(' ').join('  ')];
    expect(runConformance([...args, '--engine', engine], `${program.replace(/../g, '$& ').trim()}\n`)).toEqual({ code: 0, output: result });
  });
});
