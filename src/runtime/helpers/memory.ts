import { Errno } from '../result.ts';
import { type HelperEnvironment, type HelperMaker, reach, readText, requireBytes, row } from './environment.ts';

function move(environment: HelperEnvironment, to: number, capacity: number, from: number, size: number): number {
  if (size > capacity) return -Errno.EINVAL;
  requireBytes(environment, to, capacity, 'destination');
  requireBytes(environment, from, size, 'source');
  environment.memory.bytes.copyWithin(to, from, from + size);
  return 0;
}

function compare(environment: HelperEnvironment, a: number, sizeA: number, b: number, sizeB: number): number {
  requireBytes(environment, a, sizeA, 'first buffer');
  requireBytes(environment, b, sizeB, 'second buffer');
  const { bytes } = environment.memory;
  const common = Math.min(sizeA, sizeB);
  for (let index = 0; index < common; index++) {
    const difference = bytes[a + index]! - bytes[b + index]!;
    if (difference !== 0) return Math.sign(difference);
  }
  return Math.sign(sizeA - sizeB);
}

/** NTSTATUS of the safe string functions of ntstrsafe.h, as the low 32 bits of r0. */
const STATUS_BUFFER_OVERFLOW = 0x8000_0005 | 0;
const STATUS_INVALID_PARAMETER = 0xc000_000d | 0;

/** Writes text behind the `start` bytes of a string, cut to the capacity and ended by NUL; zeros follow to the end. */
function place(environment: HelperEnvironment, to: number, capacity: number, start: number, text: string): number {
  const kept = text.slice(0, Math.max(0, capacity - 1 - start));
  const cut = kept.length < text.length;
  const { bytes } = environment.memory;
  for (let index = 0; index < kept.length; index++) bytes[to + start + index] = kept.charCodeAt(index);
  // What lies behind the end is cleared when all fitted (STRSAFE_FILL_BEHIND_NULL).
  if (start + kept.length < capacity) bytes.fill(0, to + start + kept.length, cut ? to + start + kept.length + 1 : to + capacity);
  return cut ? STATUS_BUFFER_OVERFLOW : 0;
}

/** bpf_strncpy_s (RtlStringCbCopyNExA): copies at most `count` characters; what does not fit is cut and reported. */
function copyString(environment: HelperEnvironment, to: number, capacity: number, from: number, count: number): number {
  requireBytes(environment, to, capacity, 'destination');
  const text = readText(environment, from, count);
  if (capacity === 0) return text === '' ? 0 : STATUS_BUFFER_OVERFLOW;
  return place(environment, to, capacity, 0, text);
}

/** bpf_strncat_s (RtlStringCbCatNExA): the same behind the string that is there, which must end within its capacity. */
function appendString(environment: HelperEnvironment, to: number, capacity: number, from: number, count: number): number {
  requireBytes(environment, to, capacity, 'destination');
  const start = readText(environment, to, capacity).length;
  if (start === capacity) return STATUS_INVALID_PARAMETER;
  return place(environment, to, capacity, start, readText(environment, from, count));
}

/**
 * bpf_csum_diff of eBPF for Windows: the unfolded sum of the 16-bit words added and the complements of those taken away;
 * negative results and sizes that are no multiples of 4 are -EINVAL.
 */
function checksumWindows(environment: HelperEnvironment, from: number, fromSize: number, to: number, toSize: number, seed: number): number {
  if ((fromSize & 3) !== 0 || (toSize & 3) !== 0) return -Errno.EINVAL;
  const { view } = environment.memory;
  let sum = seed;
  if (to !== 0) {
    requireBytes(environment, to, toSize, 'to');
    for (let index = 0; index < toSize; index += 2) sum = (sum + view.getUint16(to + index, true)) | 0;
  }
  if (from !== 0) {
    requireBytes(environment, from, fromSize, 'from');
    for (let index = 0; index < fromSize; index += 2) sum = (sum + (~view.getUint16(from + index, true) & 0xffff)) | 0;
  }
  return sum < 0 ? -Errno.EINVAL : sum;
}

/** Adds 32-bit words with end-around carry. */
export function addOnes(sum: number, word: number): number {
  const total = sum + word;
  return total > 0xffff_ffff ? (total - 0xffff_ffff) >>> 0 : total >>> 0;
}

/** csum_partial: the one's complement sum of little-endian words, a rest padded with zeros. */
function partialSum(environment: HelperEnvironment, address: number, size: number, seed: number): number {
  const { view, bytes } = environment.memory;
  let sum = seed >>> 0;
  const whole = size & ~3;
  for (let index = 0; index < whole; index += 4) sum = addOnes(sum, view.getUint32(address + index, true));
  let rest = 0;
  for (let index = size - 1; index >= whole; index--) rest = (rest << 8) | bytes[address + index]!;
  return size > whole ? addOnes(sum, rest) : sum;
}

/** bpf_csum_diff of Linux: `to` added to the seed and `from` taken away, folded to 16 bits. */
function checksumLinux(environment: HelperEnvironment, from: number, fromSize: number, to: number, toSize: number, seed: number): number {
  let sum = seed >>> 0;
  if (toSize > 0) {
    requireBytes(environment, to, toSize, 'to');
    sum = partialSum(environment, to, toSize, sum);
  }
  if (fromSize > 0) {
    requireBytes(environment, from, fromSize, 'from');
    // Alone it is subtracted from the seed's complement: which of the two zeros of one's complement comes out depends on it.
    if (toSize > 0) sum = addOnes(sum, ~partialSum(environment, from, fromSize, 0) >>> 0);
    else sum = ~partialSum(environment, from, fromSize, ~sum >>> 0) >>> 0;
  }
  const folded = (sum & 0xffff) + (sum >>> 16);
  return (folded & 0xffff) + (folded >>> 16);
}

export const windowsMemory: Readonly<Record<string, HelperMaker>> = {
  bpf_memcpy: row('u32 u32 u32 u32', 'i32', (e) => (to: number, capacity: number, from: number, size: number) => move(e, to, capacity, from, size)),
  bpf_memmove: row('u32 u32 u32 u32', 'i32', (e) => (to: number, capacity: number, from: number, size: number) => move(e, to, capacity, from, size)),
  bpf_memcmp: row('u32 u32 u32 u32', 'i32', (e) => (a: number, sizeA: number, b: number, sizeB: number) => compare(e, a, sizeA, b, sizeB)),
  bpf_memset: row('u32 u32 u32', 'u32', (e) => (to: number, size: number, value: number) => {
    requireBytes(e, to, size, 'destination');
    e.memory.bytes.fill(value & 0xff, to, to + size);
    return to;
  }),
  bpf_strncpy_s: row(
    'u32 u32 u32 u32',
    'i32',
    (e) => (to: number, capacity: number, from: number, count: number) => copyString(e, to, capacity, from, count),
  ),
  bpf_strncat_s: row(
    'u32 u32 u32 u32',
    'i32',
    (e) => (to: number, capacity: number, from: number, count: number) => appendString(e, to, capacity, from, count),
  ),
  bpf_strnlen_s: row('u32 u32', 'u32', (e) => (text: number, size: number) => (text === 0 ? 0 : readText(e, text, size).length)),
  bpf_csum_diff: row(
    'u32 i32 u32 i32 i32',
    'i32',
    (e) => (from: number, fromSize: number, to: number, toSize: number, seed: number) => checksumWindows(e, from, fromSize, to, toSize, seed),
  ),
};

/** Addresses below are a process's on x86-64: kernel reads refuse them before they try (copy_from_kernel_nofault_allowed). */
const USER_SPACE_END = 1n << 47n;

/** What a read outside of memory answers. */
function unreadable(address: bigint, kernel: boolean): number {
  return kernel && BigInt.asUintN(64, address) < USER_SPACE_END ? -Errno.ERANGE : -Errno.EFAULT;
}

/** bpf_probe_read and relatives: kernel and user memory are the linear memory; what is outside yields an error and zeros. */
function probe(environment: HelperEnvironment, to: number, size: number, from: bigint, kernel: boolean): number {
  requireBytes(environment, to, size, 'destination');
  const source = Number(BigInt.asUintN(64, from));
  if (!environment.memory.contains(source, size)) {
    environment.memory.bytes.fill(0, to, to + size);
    return unreadable(from, kernel);
  }
  environment.memory.bytes.copyWithin(to, source, source + size);
  return 0;
}

function probeString(environment: HelperEnvironment, to: number, size: number, from: bigint, kernel: boolean): number {
  requireBytes(environment, to, size, 'destination');
  const source = Number(BigInt.asUintN(64, from));
  if (!environment.memory.contains(source, 1)) {
    environment.memory.bytes.fill(0, to, to + size);
    return unreadable(from, kernel);
  }
  if (size === 0) return 0;
  const text = readText(environment, source, Math.min(size - 1, reach(environment, source, size)));
  for (let index = 0; index < text.length; index++) environment.memory.bytes[to + index] = text.charCodeAt(index);
  environment.memory.bytes[to + text.length] = 0;
  return text.length + 1;
}

/** Characters that the kernel copies before it parses, behind white space and sign. */
const LONGEST_NUMBER = 63;
const digitsOf: Readonly<Record<number, RegExp>> = { 8: /^[0-7]*/, 10: /^[0-9]*/, 16: /^[0-9a-f]*/i };

/**
 * bpf_strtol and bpf_strtoul: base in the low 5 flag bits, the number of characters used as result (__bpf_strtoull of kernel/bpf/helpers.c).
 * A failure leaves 0.
 */
function parseNumber(environment: HelperEnvironment, text: number, length: number, flags: number, out: number, signed: boolean): number {
  requireBytes(environment, out, 8, 'result');
  const { view } = environment.memory;
  view.setBigInt64(out, 0n, true);
  const wanted = flags & 31;
  if (![0, 8, 10, 16].includes(wanted) || (flags & ~31) !== 0) return -Errno.EINVAL;
  const [, before = '', sign = '', rest = ''] = /^(\s*)(-?)(.*)$/s.exec(readText(environment, text, length))!;
  if (sign !== '' && !signed) return -Errno.EINVAL;
  const kept = rest.slice(0, LONGEST_NUMBER);
  const base = wanted !== 0 ? wanted : /^0x[0-9a-f]/i.test(kept) ? 16 : kept.startsWith('0') ? 8 : 10;
  const prefix = base === 16 && /^0x/i.test(kept) ? 2 : 0;
  const digits = digitsOf[base]!.exec(kept.slice(prefix))![0];
  if (digits === '') return -Errno.EINVAL;
  let value = 0n;
  for (const digit of digits) value = value * BigInt(base) + BigInt(Number.parseInt(digit, 16));
  if (sign !== '') value = -value;
  if (value < (signed ? -(1n << 63n) : 0n) || value >= 1n << (signed ? 63n : 64n)) return -Errno.ERANGE;
  view.setBigInt64(out, BigInt.asIntN(64, value), true);
  return before.length + sign.length + prefix + digits.length;
}

export const linuxMemory: Readonly<Record<string, HelperMaker>> = {
  ...Object.fromEntries(
    ['bpf_probe_read', 'bpf_probe_read_kernel', 'bpf_probe_read_user', 'bpf_copy_from_user'].map((name) => [
      name,
      row('u32 u32 i64', 'i32', (e) => (to: number, size: number, from: bigint) => probe(e, to, size, from, name.includes('kernel'))),
    ]),
  ),
  ...Object.fromEntries(
    ['bpf_probe_read_str', 'bpf_probe_read_kernel_str', 'bpf_probe_read_user_str'].map((name) => [
      name,
      row('u32 u32 i64', 'i32', (e) => (to: number, size: number, from: bigint) => probeString(e, to, size, from, name.includes('kernel'))),
    ]),
  ),
  bpf_strtol: row(
    'u32 u32 flags u32',
    'i32',
    (e) => (text: number, length: number, flags: number, out: number) => parseNumber(e, text, length, flags, out, true),
  ),
  bpf_strtoul: row(
    'u32 u32 flags u32',
    'i32',
    (e) => (text: number, length: number, flags: number, out: number) => parseNumber(e, text, length, flags, out, false),
  ),
  bpf_strncmp: row('u32 u32 u32', 'i32', (e) => (a: number, size: number, b: number) => {
    const left = readText(e, a, size);
    const right = readText(e, b, Math.min(size, reach(e, b)));
    return left === right ? 0 : left < right ? -1 : 1;
  }),
  bpf_csum_diff: row(
    'u32 i32 u32 i32 i32',
    'i32',
    (e) => (from: number, fromSize: number, to: number, toSize: number, seed: number) => checksumLinux(e, from, fromSize, to, toSize, seed),
  ),
};
