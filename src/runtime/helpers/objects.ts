import { ExecutionFault } from '../../engine/engine.ts';
import { Errno } from '../result.ts';
import { type HelperEnvironment, type HelperMaker, requireBytes, row } from './environment.ts';

/** Thrown by bpf_throw: ends the program with a result from any depth of calls. Whoever runs programs catches it. */
class ProgramThrow extends Error {
  readonly cookie: bigint;
  constructor(cookie: bigint) {
    super('the program threw');
    this.name = 'ProgramThrow';
    this.cookie = cookie;
  }
}

/** The result of a program that ended with an error: what it threw (bpf_throw), low 32 bits. Any other error is thrown on. */
export function thrownResult(error: unknown): number {
  if (error instanceof ProgramThrow) return Number(BigInt.asUintN(32, error.cookie));
  throw error;
}

function sizeOfLocalType(environment: HelperEnvironment, typeId: bigint): number {
  const size = environment.sizeOfType?.(Number(BigInt.asUintN(32, typeId)));
  if (size === undefined) throw new ExecutionFault('unsupported', `type ${typeId} of the object has no known size`);
  return size;
}

const release: HelperMaker = row('u32', 'none', (e) => (object: number) => {
  e.kernel.release(object);
  return undefined;
});

/** Acquiring what the host does not have: null. */
const absent: HelperMaker = row('', 'u32', () => () => 0);

function standIn(struct: string): HelperMaker {
  return row('', 'u32', (e) => () => e.kernel.standIn(struct));
}

/** The same object with one more reference. */
const acquire: HelperMaker = row('u32', 'u32', (e) => (object: number) => e.kernel.acquire(object));

/** Region functions: programs run alone, so there is nothing to keep out. */
const region: HelperMaker = row('', 'none', () => () => undefined);

/** Functions of Linux on objects: those that programs allocate, and tasks, cgroups and files, of which there is at most a stand-in. By name. */
export const objectFunctions: Readonly<Record<string, HelperMaker>> = {
  bpf_obj_new_impl: row('i64 i64', 'u32', (e) => (typeId: bigint, _meta: bigint) => e.kernel.create(sizeOfLocalType(e, typeId))),
  bpf_percpu_obj_new_impl: row(
    'i64 i64',
    'u32',
    (e) => (typeId: bigint, _meta: bigint) => e.kernel.create(sizeOfLocalType(e, typeId), e.host.cpuCount),
  ),
  bpf_obj_drop_impl: release,
  bpf_percpu_obj_drop_impl: release,
  bpf_refcount_acquire_impl: acquire,
  bpf_kptr_xchg: row('u32 i64', 'i64', (e) => (place: number, value: bigint) => {
    requireBytes(e, place, 8, 'kptr');
    const old = e.memory.view.getBigInt64(place, true);
    e.memory.view.setBigInt64(place, value, true);
    return old;
  }),
  bpf_cast_to_kern_ctx: row('u32', 'u32', (e) => (_context: number) => e.kernel.standIn('context')),
  bpf_rdonly_cast: row('i64 i64', 'i64', () => (object: bigint, _typeId: bigint) => object),
  bpf_throw: row('i64', 'none', () => (cookie: bigint) => {
    throw new ProgramThrow(cookie);
  }),
  // A typed per-CPU symbol has no address without a kernel: its block is the same for every processor.
  bpf_per_cpu_ptr: row('u32 u32', 'u32', (e) => (object: number, cpu: number) => {
    if (cpu >= e.host.cpuCount) return 0;
    return object === 0 ? e.kernel.standIn('') : e.kernel.copyOf(object, cpu);
  }),
  bpf_this_cpu_ptr: row('u32', 'u32', (e) => (object: number) => (object === 0 ? e.kernel.standIn('') : e.kernel.copyOf(object, e.currentCpu()))),
  bpf_get_current_task: row('', 'u32', (e) => () => e.kernel.standIn('task_struct')),
  bpf_get_current_task_btf: standIn('task_struct'),
  bpf_task_pt_regs: row('u32', 'u32', (e) => (_task: number) => e.kernel.standIn('pt_regs')),
  bpf_task_acquire: acquire,
  bpf_task_release: release,
  // Of the processes, the running one alone is known.
  ...Object.fromEntries(
    ['bpf_task_from_pid', 'bpf_task_from_vpid'].map((name) => [
      name,
      row('i32', 'u32', (e) => (pid: number) => (pid === (e.run.hook.threadId ?? e.host.threadId) ? e.kernel.standIn('task_struct') : 0)),
    ]),
  ),
  bpf_cgroup_acquire: acquire,
  bpf_cgroup_release: release,
  bpf_cgroup_ancestor: row('u32 i32', 'u32', (e) => (cgroup: number, level: number) => (level === 0 ? e.kernel.acquire(cgroup) : 0)),
  bpf_cgroup_from_id: row('i64', 'u32', (e) => (id: bigint) => (id === 1n ? e.kernel.standIn('cgroup') : 0)),
  bpf_task_under_cgroup: row('u32 u32', 'u32', (e) => (_task: number, cgroup: number) => (cgroup === e.kernel.standIn('cgroup') ? 1 : 0)),
  bpf_task_get_cgroup1: absent,
  bpf_get_task_exe_file: absent,
  bpf_put_file: release,
  bpf_lookup_user_key: absent,
  bpf_lookup_system_key: absent,
  bpf_key_put: release,
  bpf_session_is_return: row('', 'u32', () => () => 0),
  bpf_session_cookie: standIn('session cookie'),
  bpf_map_sum_elem_count: row('u32', 'i64', (e) => (handle: number) => BigInt(e.mapsByHandle.get(handle)?.count ?? 0)),
  bpf_rcu_read_lock: region,
  bpf_rcu_read_unlock: region,
  bpf_preempt_disable: region,
  bpf_preempt_enable: region,
  bpf_local_irq_save: row('u32', 'none', (e) => (flags: number) => {
    requireBytes(e, flags, 8, 'interrupt flags');
    e.memory.view.setBigUint64(flags, 0n, true);
    return undefined;
  }),
  bpf_local_irq_restore: row('u32', 'none', () => (_flags: number) => undefined),
  bpf_copy_from_user_str: row('u32 u32 i64 i64', 'i32', (e) => (to: number, size: number, from: bigint, flags: bigint) => {
    // BPF_F_PAD_ZEROS 1: the rest of the buffer is cleared.
    if ((flags & ~1n) !== 0n) return -Errno.EINVAL;
    if (size === 0) return 0;
    requireBytes(e, to, size, 'destination');
    const source = Number(BigInt.asUintN(64, from));
    const { bytes } = e.memory;
    if (!e.memory.contains(source, 1)) {
      bytes.fill(0, to, to + size);
      return -Errno.EFAULT;
    }
    let length = 0;
    while (length < size - 1 && bytes[source + length] !== undefined && bytes[source + length] !== 0) length++;
    bytes.copyWithin(to, source, source + length);
    bytes.fill(0, to + length, (flags & 1n) !== 0n ? to + size : to + length + 1);
    return length + 1;
  }),
};
