/**
 * Kernel functions that programs call by BTF id, as far as programs in the field use them (BTF_KFUNCS sets of kernel/bpf/helpers.c,
 * kernel/bpf/cpumask.c, net/core/xdp.c, net/core/filter.c, net/netfilter/nf_conntrack_bpf.c, fs/bpf_fs_kfuncs.c). They have no number: id 0.
 * KF_RET_NULL is a nullable result, KF_ACQUIRE and KF_RELEASE are `acquires` and `releases`, KF_SLEEPABLE is `sleepableOnly`.
 */
import type { HelperArgument, HelperPrototype, ReturnKind } from '../platform.ts';
import {
  anything,
  between,
  byName,
  constString,
  context,
  dynptr,
  fixedRead,
  fixedWrite,
  type HelperOptions,
  helper,
  i32,
  kernel,
  kernelResult,
  lengthUpTo,
  map,
  memoryOrNull,
  newDynptr,
  nothing,
  number,
  readable,
  readableOrNull,
  recordSize,
  size,
  sizeOrZero,
  socket,
  status,
  u32,
  updated,
  writable,
  writableOrNull,
} from '../rows.ts';

function kfunc(name: string, returns: ReturnKind, args: readonly HelperArgument[], options?: HelperOptions): HelperPrototype {
  return helper(0, name, returns, args, options);
}

const truth = between(0, 1);
const underRcu = { needsRcu: true };
/** The packet as the context, or as the kernel's object where the program has that. */
const contextOrKernel: HelperArgument = { ...context, orKernel: true, struct: '__sk_buff' };
const buffer: HelperArgument = { ...context, struct: '__sk_buff' };
const frame: HelperArgument = { ...context, struct: 'xdp_md' };
const sliceBuffer = writableOrNull;
const acquires = { acquires: true };
const releases = { releases: 0 };
const sleepable = { sleepableOnly: true };
const task = kernel('task_struct');
const cgroup = kernel('cgroup');
const mask = kernel('cpumask');
const ownMask = kernel('bpf_cpumask');
const connection = kernel('nf_conn');
const newConnection = kernel('nf_conn___init');

/** The groups in which the kernel registers functions (bpf_prog_type_to_kfunc_hook of kernel/bpf/btf.c). */
const TRACING: readonly string[] = ['tracing', 'tracepoint', 'perf_event', 'lsm'];
const CGROUP: readonly string[] = ['cgroup_skb', 'cgroup_sock', 'cgroup_device', 'cgroup_sock_addr', 'cgroup_sockopt', 'cgroup_sysctl', 'sock_ops'];
const TUNNELS: readonly string[] = ['lwt_in', 'lwt_out', 'lwt_xmit', 'lwt_seg6local'];
/** generic_kfunc_set of kernel/bpf/helpers.c. */
const GENERIC: readonly string[] = [...TRACING, ...CGROUP, 'sched_cls', 'xdp', 'struct_ops', 'syscall'];
/** cpumask_kfunc_set of kernel/bpf/cpumask.c. */
const OBSERVERS: readonly string[] = [...TRACING, 'struct_ops', 'syscall'];
/** bpf_kfunc_set_skb of net/core/filter.c and bpf_qdisc_kfunc_set of net/sched/bpf_qdisc.c. */
const PACKETS: readonly string[] = [
  ...TRACING,
  ...CGROUP,
  ...TUNNELS,
  'sched_cls',
  'sched_act',
  'socket_filter',
  'sk_skb',
  'netfilter',
  'struct_ops',
];
/** nf_conntrack_kfunc_set of net/netfilter/nf_conntrack_bpf.c. */
const CONNECTIONS: readonly string[] = ['sched_cls', 'xdp'];
/** Whose type decides elsewhere: what replaces a function has its target's, and bare functions have none. */
const UNDECIDED: readonly string[] = ['ext', 'unspec'];

/** Functions that only programs of some types may call. */
function onlyFor(types: readonly string[], rows: readonly HelperPrototype[]): readonly HelperPrototype[] {
  const onlyForTypes = [...types, ...UNDECIDED];
  return rows.map((row) => ({ ...row, onlyForTypes }));
}

/** An open-coded iterator: opaque bytes on the stack that the first function makes and the last ends (KF_ITER_*). */
function iterator(
  name: string,
  bytes: number,
  start: readonly HelperArgument[],
  next: ReturnKind,
  options?: HelperOptions,
): readonly HelperPrototype[] {
  const struct = `bpf_iter_${name}`;
  const state: HelperArgument = { kind: 'iterator', size: bytes, struct };
  return [
    kfunc(`${struct}_new`, status, [{ ...state, constructs: true }, ...start], { ...acquires, ...options }),
    kfunc(`${struct}_next`, next, [state], { advances: true, ...options }),
    kfunc(`${struct}_destroy`, nothing, [state], { ...releases, ...options }),
  ];
}

const objects = onlyFor(GENERIC, [
  /** Size and layout follow from the local BTF id; the second argument is the verifier's. */
  kfunc('bpf_obj_new_impl', memoryOrNull, [anything, anything], { ...acquires, allocatesType: true }),
  kfunc('bpf_obj_drop_impl', nothing, [kernel(''), anything], releases),
  kfunc('bpf_percpu_obj_new_impl', kernelResult('', true), [anything, anything], acquires),
  kfunc('bpf_percpu_obj_drop_impl', nothing, [kernel(''), anything], releases),
  kfunc('bpf_refcount_acquire_impl', kernelResult('', true), [kernel(''), anything], acquires),
  kfunc('bpf_throw', { kind: 'no_return' }, [anything]),
]);

const casts = [
  kfunc('bpf_cast_to_kern_ctx', kernelResult('', false), [context]),
  kfunc('bpf_rdonly_cast', kernelResult('', false), [{ ...anything, staysInside: true }, anything]),
];

const tasksAndCgroups = onlyFor(GENERIC, [
  kfunc('bpf_task_acquire', kernelResult('task_struct', true), [task], acquires),
  kfunc('bpf_task_release', nothing, [task], releases),
  kfunc('bpf_task_from_pid', kernelResult('task_struct', true), [anything], acquires),
  kfunc('bpf_task_from_vpid', kernelResult('task_struct', true), [anything], acquires),
  kfunc('bpf_cgroup_acquire', kernelResult('cgroup', true), [cgroup], acquires),
  kfunc('bpf_cgroup_release', nothing, [cgroup], releases),
  kfunc('bpf_cgroup_ancestor', kernelResult('cgroup', true), [cgroup, anything], acquires),
  kfunc('bpf_cgroup_from_id', kernelResult('cgroup', true), [anything], acquires),
  kfunc('bpf_task_under_cgroup', truth, [task, cgroup]),
  kfunc('bpf_task_get_cgroup1', kernelResult('cgroup', true), [task, anything], acquires),
  kfunc('bpf_send_signal_task', status, [task, anything, anything, anything]),
  kfunc('bpf_lookup_user_key', kernelResult('bpf_key', true), [anything, anything], { ...acquires, ...sleepable }),
  kfunc('bpf_lookup_system_key', kernelResult('bpf_key', true), [anything], acquires),
  kfunc('bpf_key_put', nothing, [kernel('bpf_key')], releases),
  kfunc('bpf_verify_pkcs7_signature', i32, [dynptr, dynptr, kernel('bpf_key')], sleepable),
]);

/** bpf_fs_kfunc_set of fs/bpf_fs_kfuncs.c. */
const files = onlyFor(
  ['lsm'],
  [
    kfunc('bpf_get_task_exe_file', kernelResult('file', true), [task], acquires),
    kfunc('bpf_put_file', nothing, [kernel('file')], releases),
    kfunc('bpf_path_d_path', i32, [kernel('path'), writable, sizeOrZero]),
    kfunc('bpf_get_file_xattr', i32, [kernel('file'), constString, dynptr], sleepable),
  ],
);

/** bpf_kprobe_multi_kfunc_set of kernel/trace/bpf_trace.c, and what follows it for function sessions. */
const inSession = { onlyForAttachTypes: ['trace_kprobe_session', 'trace_uprobe_session', 'trace_fsession'] };
const sessions = onlyFor(
  ['kprobe', 'tracing'],
  [kfunc('bpf_session_is_return', truth, [], inSession), kfunc('bpf_session_cookie', { kind: 'memory', nullable: false, size: 8 }, [], inSession)],
);

const common = [
  kfunc('bpf_copy_from_user_str', lengthUpTo(1), [writable, sizeOrZero, anything, anything], sleepable),
  kfunc('bpf_map_sum_elem_count', number, [map]),
];

const regions = [
  kfunc('bpf_rcu_read_lock', nothing, [], { region: { kind: 'rcu', enters: true } }),
  kfunc('bpf_rcu_read_unlock', nothing, [], { region: { kind: 'rcu', enters: false } }),
  kfunc('bpf_preempt_disable', nothing, [], { region: { kind: 'preempt', enters: true } }),
  kfunc('bpf_preempt_enable', nothing, [], { region: { kind: 'preempt', enters: false } }),
  kfunc('bpf_local_irq_save', nothing, [fixedWrite(8)], { region: { kind: 'irq', enters: true } }),
  kfunc('bpf_local_irq_restore', nothing, [fixedRead(8)], { region: { kind: 'irq', enters: false } }),
];

const dynptrs = [
  ...onlyFor(PACKETS, [kfunc('bpf_dynptr_from_skb', status, [contextOrKernel, anything, newDynptr], { dynptrOf: 'packet' })]),
  ...onlyFor(['xdp'], [kfunc('bpf_dynptr_from_xdp', status, [frame, anything, newDynptr], { dynptrOf: 'packet' })]),
  kfunc('bpf_dynptr_slice', memoryOrNull, [dynptr, anything, sliceBuffer, recordSize], { readOnlyResult: true }),
  kfunc('bpf_dynptr_slice_rdwr', memoryOrNull, [dynptr, anything, sliceBuffer, recordSize]),
  kfunc('bpf_dynptr_adjust', status, [dynptr, anything, anything]),
  kfunc('bpf_dynptr_is_null', truth, [dynptr]),
  kfunc('bpf_dynptr_is_rdonly', truth, [dynptr]),
  kfunc('bpf_dynptr_size', u32, [dynptr]),
  kfunc('bpf_dynptr_clone', status, [dynptr, newDynptr]),
  kfunc('bpf_dynptr_copy', status, [dynptr, anything, dynptr, anything, anything]),
];

const iterators = [
  ...iterator('num', 8, [anything, anything], { kind: 'memory', nullable: true, size: 4 }),
  ...iterator('bits', 16, [anything, anything], { kind: 'memory', nullable: true, size: 4 }),
  ...iterator('task', 24, [{ ...task, nullable: true }, anything], kernelResult('task_struct', true), underRcu),
  ...iterator('task_vma', 8, [task, anything], kernelResult('vm_area_struct', true)),
  ...iterator('css', 24, [kernel('cgroup_subsys_state'), anything], kernelResult('cgroup_subsys_state', true), underRcu),
  ...iterator('css_task', 8, [kernel('cgroup_subsys_state'), anything], kernelResult('task_struct', true)),
];

const network = [
  kfunc('bpf_xdp_metadata_rx_timestamp', status, [frame, fixedWrite(8)]),
  kfunc('bpf_xdp_metadata_rx_hash', status, [frame, fixedWrite(4), fixedWrite(4)]),
  kfunc('bpf_xdp_metadata_rx_vlan_tag', status, [frame, fixedWrite(2), fixedWrite(2)]),
  /** bpf_sk_iter_kfunc_set of net/core/filter.c. */
  ...onlyFor(['tracing'], [kfunc('bpf_sock_destroy', i32, [socket], { onlyForAttachTypes: ['trace_iter'] })]),
  ...onlyFor(CGROUP, [kfunc('bpf_sock_addr_set_sun_path', status, [kernel('bpf_sock_addr_kern'), readable, size])]),
];

const connections = onlyFor(CONNECTIONS, [
  kfunc('bpf_xdp_ct_alloc', kernelResult('nf_conn___init', true), [frame, readableOrNull, sizeOrZero, updated, size], acquires),
  kfunc('bpf_xdp_ct_lookup', kernelResult('nf_conn', true), [frame, readableOrNull, sizeOrZero, updated, size], acquires),
  kfunc('bpf_skb_ct_alloc', kernelResult('nf_conn___init', true), [buffer, readableOrNull, sizeOrZero, updated, size], acquires),
  kfunc('bpf_skb_ct_lookup', kernelResult('nf_conn', true), [buffer, readableOrNull, sizeOrZero, updated, size], acquires),
  kfunc('bpf_ct_insert_entry', kernelResult('nf_conn', true), [newConnection], { ...acquires, ...releases }),
  kfunc('bpf_ct_release', nothing, [connection], releases),
  kfunc('bpf_ct_set_timeout', nothing, [newConnection, anything]),
  kfunc('bpf_ct_change_timeout', i32, [connection, anything]),
  kfunc('bpf_ct_set_status', i32, [newConnection, anything]),
  kfunc('bpf_ct_change_status', i32, [connection, anything]),
  /** The address is a union nf_inet_addr. */
  kfunc('bpf_ct_set_nat_info', i32, [newConnection, fixedRead(16), anything, anything]),
]);

const cpumasks = onlyFor(OBSERVERS, [
  kfunc('bpf_cpumask_create', kernelResult('bpf_cpumask', true), [], acquires),
  kfunc('bpf_cpumask_acquire', kernelResult('bpf_cpumask', false), [ownMask], acquires),
  kfunc('bpf_cpumask_release', nothing, [ownMask], releases),
  kfunc('bpf_cpumask_first', u32, [mask]),
  kfunc('bpf_cpumask_first_zero', u32, [mask]),
  kfunc('bpf_cpumask_first_and', u32, [mask, mask]),
  kfunc('bpf_cpumask_set_cpu', nothing, [anything, ownMask]),
  kfunc('bpf_cpumask_clear_cpu', nothing, [anything, ownMask]),
  kfunc('bpf_cpumask_test_cpu', truth, [anything, mask]),
  kfunc('bpf_cpumask_test_and_set_cpu', truth, [anything, ownMask]),
  kfunc('bpf_cpumask_test_and_clear_cpu', truth, [anything, ownMask]),
  kfunc('bpf_cpumask_setall', nothing, [ownMask]),
  kfunc('bpf_cpumask_clear', nothing, [ownMask]),
  kfunc('bpf_cpumask_and', truth, [ownMask, mask, mask]),
  kfunc('bpf_cpumask_or', nothing, [ownMask, mask, mask]),
  kfunc('bpf_cpumask_xor', nothing, [ownMask, mask, mask]),
  kfunc('bpf_cpumask_equal', truth, [mask, mask]),
  kfunc('bpf_cpumask_intersects', truth, [mask, mask]),
  kfunc('bpf_cpumask_subset', truth, [mask, mask]),
  kfunc('bpf_cpumask_empty', truth, [mask]),
  kfunc('bpf_cpumask_full', truth, [mask]),
  kfunc('bpf_cpumask_copy', nothing, [ownMask, mask]),
  kfunc('bpf_cpumask_any_distribute', u32, [mask]),
  kfunc('bpf_cpumask_any_and_distribute', u32, [mask, mask]),
  kfunc('bpf_cpumask_weight', u32, [mask]),
  kfunc('bpf_cpumask_populate', status, [mask, readable, size]),
]);

export const kfuncs: ReadonlyMap<string, HelperPrototype> = byName([
  ...objects,
  ...casts,
  ...tasksAndCgroups,
  ...files,
  ...sessions,
  ...common,
  ...regions,
  ...dynptrs,
  ...iterators,
  ...network,
  ...connections,
  ...cpumasks,
]);
