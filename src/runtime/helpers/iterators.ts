import { Errno } from '../result.ts';
import { type HelperEnvironment, type HelperMaker, requireBytes, row } from './environment.ts';

/** BPF_MAX_LOOPS. */
const MAXIMUM_TURNS = 1 << 23;
/** BITS_ITER_NR_WORDS_MAX. */
const MAXIMUM_WORDS = 511;

/** struct bpf_iter_num: the number given last, and the end; both 0 when it is over. */
function startNumbers(environment: HelperEnvironment, state: number, start: number, end: number): number {
  requireBytes(environment, state, 8, 'iterator');
  const { view } = environment.memory;
  const code = start > end ? -Errno.EINVAL : end - start > MAXIMUM_TURNS ? -Errno.E2BIG : 0;
  view.setInt32(state, code === 0 ? start - 1 : 0, true);
  view.setInt32(state + 4, code === 0 ? end : 0, true);
  return code;
}

function nextNumber(environment: HelperEnvironment, state: number): number {
  requireBytes(environment, state, 8, 'iterator');
  const { view } = environment.memory;
  // The first number may be -2^31: what precedes it wrapped around.
  const next = (view.getInt32(state, true) + 1) | 0;
  if (next >= view.getInt32(state + 4, true)) {
    view.setBigUint64(state, 0n, true);
    return 0;
  }
  view.setInt32(state, next, true);
  return state;
}

/** struct bpf_iter_bits: words (or where a copy of them lies), number of bits, bit given last. */
function startBits(environment: HelperEnvironment, state: number, source: bigint, words: number): number {
  requireBytes(environment, state, 16, 'iterator');
  const { memory } = environment;
  memory.view.setBigUint64(state, 0n, true);
  memory.view.setUint32(state + 8, 0, true);
  memory.view.setInt32(state + 12, -1, true);
  const from = Number(BigInt.asUintN(64, source));
  if (from === 0 || words === 0) return -Errno.EINVAL;
  if (words > MAXIMUM_WORDS) return -Errno.E2BIG;
  if (!memory.contains(from, words * 8)) return -Errno.EFAULT;
  if (words === 1) memory.bytes.copyWithin(state, from, from + 8);
  else {
    const copy = memory.allocate(words * 8, 'other', 'bits of an iterator');
    memory.bytes.copyWithin(copy, from, from + words * 8);
    memory.view.setUint32(state, copy, true);
  }
  memory.view.setUint32(state + 8, words * 64, true);
  return 0;
}

function nextBit(environment: HelperEnvironment, state: number): number {
  requireBytes(environment, state, 16, 'iterator');
  const { view, bytes } = environment.memory;
  const bits = view.getUint32(state + 8, true);
  const words = bits === 64 ? state : view.getUint32(state, true);
  let bit = view.getInt32(state + 12, true) + 1;
  while (bit < bits && ((bytes[words + (bit >>> 3)]! >>> (bit & 7)) & 1) === 0) bit++;
  view.setInt32(state + 12, Math.min(bit, bits), true);
  return bit < bits ? state + 12 : 0;
}

function endBits(environment: HelperEnvironment, state: number): undefined {
  requireBytes(environment, state, 16, 'iterator');
  const { memory } = environment;
  if (memory.view.getUint32(state + 8, true) > 64) memory.free(memory.view.getUint32(state, true));
  memory.view.setUint32(state + 8, 0, true);
  return undefined;
}

/** Iterators over tasks, their memory and cgroups: there are none here, so the first turn ends them. */
const empty: Readonly<Record<string, HelperMaker>> = Object.fromEntries(
  ['task', 'task_vma', 'css', 'css_task'].flatMap((name) => [
    [`bpf_iter_${name}_new`, row('u32 u32 u32', 'i32', () => (_state: number, _object: number, _flags: number) => 0)],
    [`bpf_iter_${name}_next`, row('u32', 'u32', () => (_state: number) => 0)],
    [`bpf_iter_${name}_destroy`, row('u32', 'none', () => (_state: number) => undefined)],
  ]),
);

/** Open-coded iterators of Linux (kernel/bpf/bpf_iter.c, kernel/bpf/helpers.c), by name. */
export const iteratorFunctions: Readonly<Record<string, HelperMaker>> = {
  bpf_iter_num_new: row('u32 i32 i32', 'i32', (e) => (state: number, start: number, end: number) => startNumbers(e, state, start, end)),
  bpf_iter_num_next: row('u32', 'u32', (e) => (state: number) => nextNumber(e, state)),
  bpf_iter_num_destroy: row('u32', 'none', (e) => (state: number) => {
    requireBytes(e, state, 8, 'iterator');
    e.memory.view.setBigUint64(state, 0n, true);
    return undefined;
  }),
  bpf_iter_bits_new: row('u32 i64 u32', 'i32', (e) => (state: number, source: bigint, words: number) => startBits(e, state, source, words)),
  bpf_iter_bits_next: row('u32', 'u32', (e) => (state: number) => nextBit(e, state)),
  bpf_iter_bits_destroy: row('u32', 'none', (e) => (state: number) => endBits(e, state)),
  ...empty,
};
