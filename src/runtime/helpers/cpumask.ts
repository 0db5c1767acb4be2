import { Errno } from '../result.ts';
import { type HelperEnvironment, type HelperMaker, requireBytes, row } from './environment.ts';

/**
 * CPU masks (kernel/bpf/cpumask.c): a bitmap of the host's processors followed by a u32 of references, in linear memory.
 * "No such bit" is the number of possible processors, as nr_cpu_ids is in the kernel.
 */
const BITMAP_BYTES = 128;
const MASK_SIZE = BITMAP_BYTES + 8;

type Words = (index: number) => number;

function bytesOf({ host }: HelperEnvironment): number {
  return Math.min(BITMAP_BYTES, Math.ceil(host.cpuCount / 8));
}

/** Byte `index` of a bitmap, without bits beyond the last processor. */
function bits(environment: HelperEnvironment, mask: number): Words {
  requireBytes(environment, mask, BITMAP_BYTES, 'cpumask');
  const { memory, host } = environment;
  return (index) => memory.bytes[mask + index]! & (index === host.cpuCount >>> 3 ? (1 << (host.cpuCount & 7)) - 1 : 0xff);
}

function first(environment: HelperEnvironment, at: Words): number {
  for (let cpu = 0; cpu < environment.host.cpuCount; cpu++) if (((at(cpu >>> 3) >>> (cpu & 7)) & 1) !== 0) return cpu;
  return environment.host.cpuCount;
}

/** Fills a mask byte by byte; whether any bit is set then. */
function fill(environment: HelperEnvironment, mask: number, at: Words): number {
  requireBytes(environment, mask, BITMAP_BYTES, 'cpumask');
  let any = 0;
  for (let index = 0; index < bytesOf(environment); index++) any |= environment.memory.bytes[mask + index] = at(index);
  return any === 0 ? 0 : 1;
}

function every(environment: HelperEnvironment, holds: (index: number) => boolean): number {
  for (let index = 0; index < bytesOf(environment); index++) if (!holds(index)) return 0;
  return 1;
}

/** Sets or clears a processor's bit; what it was. Processors that do not exist are left alone. */
function change(environment: HelperEnvironment, cpu: number, mask: number, value: boolean): number {
  requireBytes(environment, mask, BITMAP_BYTES, 'cpumask');
  if (cpu >= environment.host.cpuCount) return 0;
  const { bytes } = environment.memory;
  const at = mask + (cpu >>> 3);
  const bit = 1 << (cpu & 7);
  const old = (bytes[at]! & bit) !== 0 ? 1 : 0;
  bytes[at] = value ? bytes[at]! | bit : bytes[at]! & ~bit;
  return old;
}

type Combine = (a: number, b: number) => number;
const and: Combine = (a, b) => a & b;

function combined(environment: HelperEnvironment, a: number, b: number, combine: Combine): Words {
  const left = bits(environment, a);
  const right = bits(environment, b);
  return (index) => combine(left(index), right(index));
}

/** f(cpu, mask) that stores. */
function changing(value: boolean, result: 'u32' | 'none'): HelperMaker {
  return row('u32 u32', result, (e) => (cpu: number, mask: number) => change(e, cpu, mask, value));
}

/** f(target, a, b) that stores. */
function storing(combine: Combine, result: 'u32' | 'none'): HelperMaker {
  return row('u32 u32 u32', result, (e) => (target: number, a: number, b: number) => fill(e, target, combined(e, a, b, combine)));
}

/** f(mask) or f(a, b) that only looks. */
function asking(answer: (environment: HelperEnvironment, a: Words, b: Words) => number): HelperMaker {
  return row('u32 u32', 'u32', (e) => (a: number, b: number) => answer(e, bits(e, a), bits(e, b)));
}
function askingOne(answer: (environment: HelperEnvironment, a: Words) => number): HelperMaker {
  return row('u32', 'u32', (e) => (a: number) => answer(e, bits(e, a)));
}

/** CPU mask functions of Linux, by name. */
export const cpumaskFunctions: Readonly<Record<string, HelperMaker>> = {
  bpf_cpumask_create: row('', 'u32', (e) => () => {
    const mask = e.memory.allocate(MASK_SIZE, 'other', 'cpumask');
    e.memory.view.setUint32(mask + BITMAP_BYTES, 1, true);
    return mask;
  }),
  bpf_cpumask_acquire: row('u32', 'u32', (e) => (mask: number) => {
    requireBytes(e, mask, MASK_SIZE, 'cpumask');
    e.memory.view.setUint32(mask + BITMAP_BYTES, e.memory.view.getUint32(mask + BITMAP_BYTES, true) + 1, true);
    return mask;
  }),
  bpf_cpumask_release: row('u32', 'none', (e) => (mask: number) => {
    requireBytes(e, mask, MASK_SIZE, 'cpumask');
    const left = e.memory.view.getUint32(mask + BITMAP_BYTES, true) - 1;
    e.memory.view.setUint32(mask + BITMAP_BYTES, left, true);
    if (left === 0) e.memory.free(mask);
    return undefined;
  }),
  bpf_cpumask_first: askingOne(first),
  bpf_cpumask_first_zero: askingOne((e, a) => first(e, (index) => ~a(index) & 0xff)),
  bpf_cpumask_first_and: asking((e, a, b) => first(e, (index) => a(index) & b(index))),
  bpf_cpumask_set_cpu: changing(true, 'none'),
  bpf_cpumask_clear_cpu: changing(false, 'none'),
  bpf_cpumask_test_and_set_cpu: changing(true, 'u32'),
  bpf_cpumask_test_and_clear_cpu: changing(false, 'u32'),
  bpf_cpumask_test_cpu: row('u32 u32', 'u32', (e) => (cpu: number, mask: number) => {
    const at = bits(e, mask);
    return cpu < e.host.cpuCount ? (at(cpu >>> 3) >>> (cpu & 7)) & 1 : 0;
  }),
  bpf_cpumask_setall: row('u32', 'none', (e) => (mask: number) => void fill(e, mask, () => 0xff)),
  bpf_cpumask_clear: row('u32', 'none', (e) => (mask: number) => void fill(e, mask, () => 0)),
  bpf_cpumask_copy: row('u32 u32', 'none', (e) => (target: number, mask: number) => void fill(e, target, bits(e, mask))),
  bpf_cpumask_and: storing(and, 'u32'),
  bpf_cpumask_or: storing((a, b) => a | b, 'none'),
  bpf_cpumask_xor: storing((a, b) => a ^ b, 'none'),
  bpf_cpumask_equal: asking((e, a, b) => every(e, (index) => a(index) === b(index))),
  bpf_cpumask_intersects: asking((e, a, b) => 1 - every(e, (index) => (a(index) & b(index)) === 0)),
  bpf_cpumask_subset: asking((e, a, b) => every(e, (index) => (a(index) & ~b(index)) === 0)),
  bpf_cpumask_empty: askingOne((e, a) => every(e, (index) => a(index) === 0)),
  bpf_cpumask_full: askingOne((e, a) => (first(e, (index) => ~a(index) & 0xff) === e.host.cpuCount ? 1 : 0)),
  // The kernel spreads the choice over calls; the first is as good as any other.
  bpf_cpumask_any_distribute: askingOne(first),
  bpf_cpumask_any_and_distribute: asking((e, a, b) => first(e, (index) => a(index) & b(index))),
  bpf_cpumask_weight: askingOne((e, a) => {
    let count = 0;
    for (let cpu = 0; cpu < e.host.cpuCount; cpu++) count += (a(cpu >>> 3) >>> (cpu & 7)) & 1;
    return count;
  }),
  bpf_cpumask_populate: row('u32 u32 u32', 'i32', (e) => (mask: number, source: number, size: number) => {
    requireBytes(e, source, size, 'source');
    // The bitmap is a whole number of 64-bit words.
    if (size < Math.ceil(e.host.cpuCount / 64) * 8) return -Errno.EACCES;
    fill(e, mask, (index) => e.memory.bytes[source + index]!);
    return 0;
  }),
};
