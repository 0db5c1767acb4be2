import { describe, expect, it } from 'vitest';
import { kernelText } from '../../contexts/bpftool/kernel-text.ts';
import { decode } from '../../src/isa/decode.ts';

/** Encoded slots and what the verifier's log of Linux 6.18 wrote for them. */
const LINUX: readonly (readonly [hex: string, text: string])[] = [
  ['bf16000000000000', 'r6 = r1'],
  ['7a0af8ff2c010000', '*(u64 *)(r10 -8) = 300'],
  ['620af0ffffffffff', '*(u32 *)(r10 -16) = -1'],
  ['7baaf0ff00000000', '*(u64 *)(r10 -16) = r10'],
  ['91a1f8ff00000000', 'r1 = *(s8 *)(r10 -8)'],
  ['81a1f8ff00000000', 'r1 = *(s32 *)(r10 -8)'],
  ['bf12080000000000', 'r2 = (s8)r1'],
  ['bc12100000000000', 'w2 = (s16)w1'],
  ['bf12200000000000', 'r2 = (s32)r1'],
  ['dc02000010000000', 'r2 = be16 r2'],
  ['d402000020000000', 'r2 = le32 r2'],
  ['d702000040000000', 'r2 = bswap64 r2'],
  ['8702000000000000', 'r2 = -r2'],
  ['8402000000000000', 'w2 = -w2'],
  ['c702000003000000', 'r2 s>>= 3'],
  ['c402000003000000', 'w2 s>>= 3'],
  ['3702010007000000', 'r2 s/= 7'],
  ['9402010007000000', 'w2 s%= 7'],
  ['3702000007000000', 'r2 /= 7'],
  ['9f12000000000000', 'r2 %= r1'],
  ['b702000001000000', 'r2 = 1'],
  ['7a0af0ff2c010000', '*(u64 *)(r10 -16) = 300'],
  ['db2af8ff00000000', 'lock *(u64 *)(r10 -8) += r2'],
  ['c32af8ff40000000', 'lock *(u32 *)(r10 -8) |= r2'],
  ['db2af8ff01000000', 'r2 = atomic64_fetch_add((u64 *)(r10 -8), r2)'],
  ['c32af8ffa1000000', 'r2 = atomic_fetch_xor((u32 *)(r10 -8), r2)'],
  ['db2af8ffe1000000', 'r2 = atomic64_xchg((u64 *)(r10 -8), r2)'],
  ['c32af8ffe1000000', 'r2 = atomic_xchg((u32 *)(r10 -8), r2)'],
  ['b700000001000000', 'r0 = 1'],
  ['db2af8fff1000000', 'r0 = atomic64_cmpxchg((u64 *)(r10 -8), r0, r2)'],
  ['c32af8fff1000000', 'r0 = atomic_cmpxchg((u32 *)(r10 -8), r0, r2)'],
  ['dba2f8ff00010000', 'r2 = load_acquire((u64 *)(r10 -8))'],
  ['c32af0ff10010000', 'store_release((u32 *)(r10 -16), r2)'],
  ['18030000f0debc9a0000000078563412', 'r3 = 0x123456789abcdef0'],
  ['18040000ffffffff00000000ffffffff', 'r4 = 0xffffffffffffffff'],
  ['1503010005000000', 'if r3 == 0x5 goto pc+1'],
  ['66030100ffffffff', 'if w3 s> 0xffffffff goto pc+1'],
  ['b705000001000000', 'r5 = 1'],
  ['4503010008000000', 'if r3 & 0x8 goto pc+1'],
  ['dd43000000000000', 'if r3 s<= r4 goto pc+0'],
  ['ae43000000000000', 'if w3 < w4 goto pc+0'],
  ['0500000000000000', 'goto pc+0'],
  ['0600000000000000', 'gotol pc+0'],
  ['e500000000000000', 'may_goto pc+0'],
  ['8500000005000000', 'call bpf_ktime_get_ns#5'],
  ['300000000c000000', 'r0 = *(u8 *)skb[12]'],
  ['b701000002000000', 'r1 = 2'],
  ['4810000004000000', 'r0 = *(u16 *)skb[r1 + 4]'],
  ['b701000005000000', 'r1 = 5'],
  ['8510000002000000', 'call pc+2'],
  ['b700000000000000', 'r0 = 0'],
  ['9500000000000000', 'exit'],
  ['bf10000000000000', 'r0 = r1'],
];

const names = {
  map: (index: number) => index + 40,
  helper: (id: number) => (id === 5 ? 'bpf_ktime_get_ns' : undefined),
  kfunc: (index: number) => (index === 0 ? 'bpf_rdonly_cast' : undefined),
};

function textOf(hex: string): string {
  const [instruction] = decode(Buffer.from(hex, 'hex'), 'little');
  return kernelText(instruction!, 0, names);
}

describe('instructions as Linux prints them', () => {
  for (const [hex, text] of LINUX) it(text, () => expect(textOf(hex)).toBe(text));
});

describe('what instructions name', () => {
  it.each([
    ['18110000020000000000000000000000', 'r1 = map[id:42]'],
    ['18210000020000000000000008000000', 'r1 = map[id:42][0]+8'],
    ['18420000070000000000000000000000', 'r2 = subprog[+7]'],
    ['8520000000000000', 'call bpf_rdonly_cast#0'],
    ['8500000006000000', 'call unknown#6'],
    ['85100000fdffffff', 'call pc-3'],
    ['0500fbff00000000', 'goto pc-5'],
  ])('%s: %s', (hex, text) => expect(textOf(hex)).toBe(text));
});
