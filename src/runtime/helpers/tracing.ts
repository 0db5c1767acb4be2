import { PerfEventArrayMap } from '../maps/perf-event-array.ts';
import { UserRingBufferMap } from '../maps/user-ringbuf.ts';
import { Errno } from '../result.ts';
import { DYNPTR_SIZE, makeMemoryDynptr } from './dynptr.ts';
import { type HelperEnvironment, type HelperMaker, requireBytes, requireMap, row } from './environment.ts';

const CURRENT_CPU = 0xffff_ffffn;
/** struct bpf_perf_event_value: counter, enabled, running. */
const PERF_VALUE = 24;
/** BPF_MAX_USER_RINGBUF_SAMPLES. */
const MAXIMUM_SAMPLES = 128 * 1024;
const WAKEUP_FLAGS = 3n;
/** Arguments that a traced function may have (MAX_BPF_FUNC_ARGS). */
const MAXIMUM_ARGUMENTS = 12;

/** Slots of a perf event array hold output rings here, never counters: -ENOENT for every CPU that there is. */
function readCounter(environment: HelperEnvironment, handle: number, flags: bigint): number {
  if (flags >> 32n !== 0n) return -Errno.EINVAL;
  const index = flags === CURRENT_CPU ? environment.currentCpu() : Number(flags);
  return index >= requireMap(environment, handle).maxEntries ? -Errno.E2BIG : -Errno.ENOENT;
}

function cleared(environment: HelperEnvironment, to: number, size: number): void {
  requireBytes(environment, to, size, 'buffer');
  environment.memory.bytes.fill(0, to, to + size);
}

/** bpf_perf_event_output for programs whose context is a kernel pointer to the packet. */
const packetOutput: HelperMaker = row(
  'u32 u32 i64 u32 u32',
  'i32',
  (e) => (_packet: number, handle: number, flags: bigint, data: number, size: number) => {
    requireBytes(e, data, size, 'record');
    const map = requireMap(e, handle);
    return map instanceof PerfEventArrayMap ? map.output(e.run.packet, BigInt.asUintN(64, flags), data, size) : -Errno.EINVAL;
  },
);

/** bpf_user_ringbuf_drain: the callback sees each record as a dynptr; 1 ends the walk. */
function drain(environment: HelperEnvironment, handle: number, callback: number, argument: bigint, flags: bigint): number {
  const map = requireMap(environment, handle);
  const call = environment.execution.callFunction;
  if ((flags & ~WAKEUP_FLAGS) !== 0n || !(map instanceof UserRingBufferMap)) return -Errno.EINVAL;
  if (call === undefined) return -Errno.EOPNOTSUPP;
  const dynptr = environment.memory.allocate(DYNPTR_SIZE, 'other', 'record of a user ring buffer');
  try {
    return map.drain(MAXIMUM_SAMPLES, (address, length) => {
      makeMemoryDynptr(environment, dynptr, address, length);
      return call(callback, BigInt(dynptr), argument) === 0n;
    });
  } finally {
    environment.memory.free(dynptr);
  }
}

/** Argument words of a program that a traced function's trampoline calls: the context is an array of them. */
function argumentOf(environment: HelperEnvironment, context: number, index: number, out: number): number {
  requireBytes(environment, out, 8, 'argument');
  const known = index < MAXIMUM_ARGUMENTS;
  environment.memory.view.setBigUint64(out, known ? environment.memory.view.getBigUint64(context + index * 8, true) : 0n, true);
  return known ? 0 : -Errno.EINVAL;
}

/** Helpers of Linux on the system that runs: events, stacks, arguments of traced functions, sequences of iterators. By name. */
export const tracingHelpers: Readonly<Record<string, HelperMaker>> = {
  bpf_skb_output: packetOutput,
  bpf_xdp_output: packetOutput,
  bpf_perf_event_read: row('u32 i64', 'i32', (e) => (map: number, flags: bigint) => readCounter(e, map, BigInt.asUintN(64, flags))),
  bpf_perf_event_read_value: row('u32 i64 u32 u32', 'i32', (e) => (map: number, flags: bigint, to: number, size: number) => {
    cleared(e, to, size);
    return size === PERF_VALUE ? readCounter(e, map, BigInt.asUintN(64, flags)) : -Errno.EINVAL;
  }),
  bpf_perf_prog_read_value: row('u32 u32 u32', 'i32', (e) => (_context: number, to: number, size: number) => {
    cleared(e, to, size);
    return size === PERF_VALUE ? 0 : -Errno.EINVAL;
  }),
  bpf_user_ringbuf_drain: row(
    'u32 u32 i64 i64',
    'i32',
    (e) => (map: number, callback: number, argument: bigint, flags: bigint) => drain(e, map, callback, argument, BigInt.asUintN(64, flags)),
  ),
  // There are no kernel stacks and no branch records to tell of.
  bpf_get_stackid: row('u32 u32 u32', 'i32', () => (_context: number, _map: number, _flags: number) => -Errno.EFAULT),
  bpf_get_stack: row('u32 u32 u32 u32', 'i32', () => (_context: number, _buffer: number, _size: number, _flags: number) => -Errno.EFAULT),
  bpf_get_task_stack: row('u32 u32 u32 u32', 'i32', () => (_task: number, _buffer: number, _size: number, _flags: number) => -Errno.EFAULT),
  bpf_read_branch_records: row(
    'u32 u32 u32 i64',
    'i32',
    () => (_context: number, _buffer: number, _size: number, flags: bigint) => ((flags & ~1n) === 0n ? -Errno.ENOENT : -Errno.EINVAL),
  ),
  bpf_get_branch_snapshot: row(
    'u32 u32 i64',
    'i32',
    () => (_buffer: number, _size: number, flags: bigint) => (flags === 0n ? -Errno.ENOENT : -Errno.EINVAL),
  ),
  bpf_find_vma: row(
    'u32 i64 u32 i64 i64',
    'i32',
    () => (_task: number, _address: bigint, _callback: number, _argument: bigint, flags: bigint) => (flags === 0n ? -Errno.ENOENT : -Errno.EINVAL),
  ),
  bpf_kallsyms_lookup_name: row('u32 i32 i32 u32', 'i32', (e) => (_name: number, size: number, flags: number, out: number) => {
    cleared(e, out, 8);
    return flags !== 0 || size <= 1 ? -Errno.EINVAL : -Errno.ENOENT;
  }),
  bpf_get_ns_current_pid_tgid: row('i64 i64 u32 u32', 'i32', (e) => (_device: bigint, _inode: bigint, to: number, size: number) => {
    cleared(e, to, size);
    if (size !== 8) return -Errno.EINVAL;
    e.memory.view.setUint32(to, e.run.hook.threadId ?? e.host.threadId, true);
    e.memory.view.setUint32(to + 4, e.run.hook.processId ?? e.host.processId, true);
    return 0;
  }),
  bpf_get_func_arg: row('u32 u32 u32', 'i32', (e) => (context: number, index: number, out: number) => argumentOf(e, context, index, out)),
  // The word behind the arguments, as fexit programs find it.
  bpf_get_func_ret: row('u32 u32', 'i32', (e) => (context: number, out: number) => argumentOf(e, context, MAXIMUM_ARGUMENTS - 1, out)),
  bpf_get_func_arg_cnt: row('u32', 'u32', () => (_context: number) => MAXIMUM_ARGUMENTS),
  bpf_get_func_ip: row('u32', 'i64', () => (_context: number) => 0n),
  bpf_get_attach_cookie: row('u32', 'i64', () => (_context: number) => 0n),
  bpf_override_return: row('u32 i64', 'i32', (e) => (_context: number, value: bigint) => {
    e.run.notes.returnValue = Number(BigInt.asIntN(32, value));
    return 0;
  }),
  bpf_seq_write: row('u32 u32 u32', 'i32', (e) => (_sequence: number, data: number, size: number) => {
    requireBytes(e, data, size, 'data');
    e.run.notes.output += String.fromCharCode(...e.memory.read(data, size));
    return 0;
  }),
  bpf_copy_from_user_task: row('u32 u32 i64 u32 i64', 'i32', (e) => (to: number, size: number, from: bigint, _task: number, flags: bigint) => {
    if (flags !== 0n) return -Errno.EINVAL;
    cleared(e, to, size);
    const source = Number(BigInt.asUintN(64, from));
    if (!e.memory.contains(source, size)) return -Errno.EFAULT;
    e.memory.bytes.copyWithin(to, source, source + size);
    return 0;
  }),
};
