/** Which helpers each program type may call: the *_func_proto functions of the kernel, as sets that build on one another. */
import { idsOf } from './table.ts';

function set(...parts: readonly (ReadonlySet<number> | string)[]): ReadonlySet<number> {
  return new Set(parts.flatMap((part) => (typeof part === 'string' ? [...idsOf(part)] : [...part])));
}

/** bpf_base_func_proto, kernel/bpf/helpers.c. */
const base = set(`
  map_lookup_elem map_update_elem map_delete_elem map_push_elem map_pop_elem map_peek_elem map_lookup_percpu_elem
  get_prandom_u32 get_smp_processor_id get_numa_node_id tail_call ktime_get_ns ktime_get_boot_ns ktime_get_tai_ns
  ringbuf_output ringbuf_reserve ringbuf_submit ringbuf_discard ringbuf_query strncmp strtol strtoul
  get_current_pid_tgid get_ns_current_pid_tgid spin_lock spin_unlock jiffies64 per_cpu_ptr this_cpu_ptr
  timer_init timer_set_callback timer_start timer_cancel kptr_xchg for_each_map_elem loop user_ringbuf_drain
  ringbuf_reserve_dynptr ringbuf_submit_dynptr ringbuf_discard_dynptr dynptr_from_mem dynptr_read dynptr_write dynptr_data
  cgrp_storage_get cgrp_storage_delete get_current_cgroup_id get_current_ancestor_cgroup_id
  trace_printk get_current_task get_current_task_btf probe_read_user probe_read_kernel probe_read_user_str probe_read_kernel_str
  snprintf_btf snprintf task_pt_regs trace_vprintk
  get_current_uid_gid get_current_comm current_task_under_cgroup get_cgroup_classid task_storage_get task_storage_delete
  copy_from_user copy_from_user_task perf_event_read_value perf_event_read send_signal send_signal_thread get_task_stack
  get_branch_snapshot find_vma
`);

const castsOfSockets = `
  skc_to_tcp6_sock skc_to_tcp_sock skc_to_tcp_timewait_sock skc_to_tcp_request_sock skc_to_udp6_sock skc_to_unix_sock skc_to_mptcp_sock
`;

/** bpf_sk_base_func_proto, net/core/filter.c. */
const socketBase = set(base, castsOfSockets, 'ktime_get_coarse_ns');

const lookups = 'sk_lookup_tcp sk_lookup_udp sk_release skc_lookup_tcp';
const storage = 'sk_storage_get sk_storage_delete';
const rawSyncookies = `
  tcp_raw_gen_syncookie_ipv4 tcp_raw_gen_syncookie_ipv6 tcp_raw_check_syncookie_ipv4 tcp_raw_check_syncookie_ipv6
`;
const returnValue = 'get_retval set_retval';

/** Programs in a cgroup, cgroup_base_func_proto and its parts in kernel/bpf/cgroup.c. */
const cgroupBase = set(base, returnValue, 'get_local_storage perf_event_output');

export const socketFilter = set(
  socketBase,
  'skb_load_bytes skb_load_bytes_relative get_socket_cookie get_socket_uid get_netns_cookie perf_event_output',
);

export const cgroupPacket = set(
  socketFilter,
  storage,
  lookups,
  returnValue,
  `get_local_storage sk_fullsock skb_cgroup_id skb_ancestor_cgroup_id sk_cgroup_id sk_ancestor_cgroup_id
   tcp_sock get_listener_sock skb_ecn_set_ce`,
);

export const trafficControl = set(
  socketBase,
  storage,
  lookups,
  rawSyncookies,
  `skb_store_bytes skb_load_bytes skb_load_bytes_relative skb_pull_data csum_diff csum_update csum_level l3_csum_replace l4_csum_replace
   clone_redirect skb_vlan_push skb_vlan_pop skb_change_proto skb_change_type skb_adjust_room skb_change_tail
   skb_change_head skb_get_tunnel_key skb_set_tunnel_key skb_get_tunnel_opt skb_set_tunnel_opt redirect redirect_neigh redirect_peer
   get_route_realm get_hash_recalc set_hash_invalid set_hash perf_event_output skb_under_cgroup get_socket_cookie get_socket_uid
   fib_lookup check_mtu sk_fullsock skb_get_xfrm_state skb_cgroup_classid skb_cgroup_id skb_ancestor_cgroup_id tcp_sock
   get_listener_sock tcp_check_syncookie skb_ecn_set_ce tcp_gen_syncookie sk_assign skb_set_tstamp get_netns_cookie`,
);

export const xdp = set(
  socketBase,
  lookups,
  rawSyncookies,
  `perf_event_output csum_diff xdp_adjust_head xdp_adjust_meta redirect redirect_map xdp_adjust_tail xdp_get_buff_len xdp_load_bytes
   xdp_store_bytes fib_lookup check_mtu tcp_check_syncookie tcp_gen_syncookie`,
);

export const cgroupSocket = set(
  base,
  returnValue,
  'get_local_storage get_socket_cookie get_netns_cookie perf_event_output sk_storage_get ktime_get_coarse_ns',
);

export const socketAddress = set(
  socketBase,
  returnValue,
  lookups,
  storage,
  'bind get_socket_cookie get_netns_cookie get_local_storage perf_event_output setsockopt getsockopt',
);

export const socketOperations = set(
  socketBase,
  storage,
  `setsockopt getsockopt sock_ops_cb_flags_set sock_map_update sock_hash_update get_socket_cookie get_local_storage perf_event_output
   get_netns_cookie load_hdr_opt store_hdr_opt reserve_hdr_opt tcp_sock`,
);

export const socketMessage = set(
  socketBase,
  storage,
  `msg_redirect_map msg_redirect_hash msg_apply_bytes msg_cork_bytes msg_pull_data msg_push_data msg_pop_data perf_event_output
   get_netns_cookie`,
);

export const socketStream = set(
  socketBase,
  lookups,
  `skb_store_bytes skb_load_bytes skb_pull_data skb_change_tail skb_change_head skb_adjust_room get_socket_cookie get_socket_uid
   sk_redirect_map sk_redirect_hash perf_event_output`,
);

export const flowDissector = set(socketBase, 'skb_load_bytes');

export const tunnelOut = set(socketBase, 'skb_load_bytes skb_pull_data csum_diff get_route_realm get_hash_recalc perf_event_output skb_under_cgroup');

export const tunnelIn = set(tunnelOut, 'lwt_push_encap');

export const tunnelTransmit = set(
  tunnelIn,
  `skb_get_tunnel_key skb_set_tunnel_key skb_get_tunnel_opt skb_set_tunnel_opt redirect clone_redirect skb_change_tail skb_change_head
   skb_store_bytes csum_update csum_level l3_csum_replace l4_csum_replace set_hash_invalid`,
);

export const segmentRouting = set(tunnelOut, 'lwt_seg6_store_bytes lwt_seg6_action lwt_seg6_adjust_srh');

export const reuseport = set(base, 'sk_select_reuseport skb_load_bytes skb_load_bytes_relative get_socket_cookie ktime_get_coarse_ns');

export const socketLookup = set(socketBase, 'perf_event_output sk_assign sk_release');

export const cgroupDevice = cgroupBase;

export const systemControl = set(
  cgroupBase,
  'sysctl_get_name sysctl_get_current_value sysctl_get_new_value sysctl_set_new_value ktime_get_coarse_ns',
);

export const socketOption = set(cgroupBase, storage, 'get_netns_cookie setsockopt getsockopt tcp_sock');

/** lirc_mode2_func_proto, drivers/media/rc/bpf-lirc.c: a list of its own, not built on the base. */
export const infrared = set(`
  rc_repeat rc_keydown rc_pointer_rel map_lookup_elem map_update_elem map_delete_elem map_push_elem map_pop_elem map_peek_elem
  ktime_get_ns ktime_get_boot_ns tail_call get_prandom_u32 trace_printk
`);

export const netfilter = base;

/** bpf_tracing_func_proto, kernel/trace/bpf_trace.c. */
const tracingBase = set(base, 'probe_write_user probe_read probe_read_str get_func_ip');

const events = 'perf_event_output get_stackid get_stack get_attach_cookie';

export const kprobe = set(tracingBase, events, 'override_return');
export const tracepoint = set(tracingBase, events);
export const perfEvent = set(tracingBase, events, 'perf_prog_read_value read_branch_records');
export const rawTracepoint = set(tracingBase, events);

export const tracing = set(
  rawTracepoint,
  castsOfSockets,
  storage,
  `skb_output xdp_output sock_from_file get_socket_cookie xdp_get_buff_len seq_printf seq_write seq_printf_btf d_path get_func_arg
   get_func_ret get_func_arg_cnt`,
);

/** bpf_lsm_func_proto, kernel/bpf/bpf_lsm.c. */
export const securityModule = set(
  tracing,
  returnValue,
  `inode_storage_get inode_storage_delete bprm_opts_set ima_inode_hash ima_file_hash get_local_storage setsockopt getsockopt
   get_netns_cookie`,
);

/** The sum of what the operations offer (bpf_tcp_ca_get_func_proto, bpf_scx_get_func_proto, ...). */
export const structOperations = set(base, storage, 'tcp_send_ack setsockopt getsockopt ktime_get_coarse_ns');

/** syscall_prog_func_proto, kernel/bpf/syscall.c, which offers what tracing programs have but for what needs their attachment. */
export const systemCall = set(
  tracingBase,
  castsOfSockets,
  storage,
  `perf_event_output get_stackid get_stack get_socket_cookie skb_output xdp_output d_path sock_from_file xdp_get_buff_len
   sys_bpf btf_find_by_name_kind sys_close kallsyms_lookup_name`,
);
