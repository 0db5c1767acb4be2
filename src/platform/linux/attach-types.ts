/** Attach types of Linux (enum bpf_attach_type), named as libbpf prints them, with the return ranges of check_return_code (kernel/bpf/verifier.c). */
import type { AttachTarget, AttachType, ReturnRange } from '../platform.ts';
import { errno, hooks, hooksOfCgroup } from './lsm-hooks.ts';

const zero = { min: 0, max: 0 };
const verdict = { min: 0, max: 1 };
const always = { min: 1, max: 1 };
const withFlags = { min: 0, max: 3 };

/** In the order of the enumeration: the index is the id. */
const rows: readonly (readonly [name: string, programType: string, returns?: ReturnRange, targets?: ReadonlyMap<string, AttachTarget>])[] = [
  ['cgroup_inet_ingress', 'cgroup_skb', verdict],
  ['cgroup_inet_egress', 'cgroup_skb', withFlags],
  ['cgroup_inet_sock_create', 'cgroup_sock'],
  ['cgroup_sock_ops', 'sock_ops'],
  ['sk_skb_stream_parser', 'sk_skb'],
  ['sk_skb_stream_verdict', 'sk_skb'],
  ['cgroup_device', 'cgroup_device'],
  ['sk_msg_verdict', 'sk_msg'],
  ['cgroup_inet4_bind', 'cgroup_sock_addr', withFlags],
  ['cgroup_inet6_bind', 'cgroup_sock_addr', withFlags],
  ['cgroup_inet4_connect', 'cgroup_sock_addr'],
  ['cgroup_inet6_connect', 'cgroup_sock_addr'],
  ['cgroup_inet4_post_bind', 'cgroup_sock'],
  ['cgroup_inet6_post_bind', 'cgroup_sock'],
  ['cgroup_udp4_sendmsg', 'cgroup_sock_addr'],
  ['cgroup_udp6_sendmsg', 'cgroup_sock_addr'],
  ['lirc_mode2', 'lirc_mode2'],
  ['flow_dissector', 'flow_dissector'],
  ['cgroup_sysctl', 'cgroup_sysctl'],
  ['cgroup_udp4_recvmsg', 'cgroup_sock_addr', always],
  ['cgroup_udp6_recvmsg', 'cgroup_sock_addr', always],
  ['cgroup_getsockopt', 'cgroup_sockopt'],
  ['cgroup_setsockopt', 'cgroup_sockopt'],
  ['trace_raw_tp', 'tracing'],
  ['trace_fentry', 'tracing', zero],
  ['trace_fexit', 'tracing', zero],
  ['modify_return', 'tracing'],
  ['lsm_mac', 'lsm', errno, hooks],
  ['trace_iter', 'tracing', verdict],
  ['cgroup_inet4_getpeername', 'cgroup_sock_addr', always],
  ['cgroup_inet6_getpeername', 'cgroup_sock_addr', always],
  ['cgroup_inet4_getsockname', 'cgroup_sock_addr', always],
  ['cgroup_inet6_getsockname', 'cgroup_sock_addr', always],
  ['xdp_devmap', 'xdp'],
  ['cgroup_inet_sock_release', 'cgroup_sock'],
  ['xdp_cpumap', 'xdp'],
  ['sk_lookup', 'sk_lookup'],
  ['xdp', 'xdp'],
  ['sk_skb_verdict', 'sk_skb'],
  ['sk_reuseport_select', 'sk_reuseport'],
  ['sk_reuseport_select_or_migrate', 'sk_reuseport'],
  ['perf_event', 'perf_event'],
  ['trace_kprobe_multi', 'kprobe'],
  ['lsm_cgroup', 'lsm', verdict, hooksOfCgroup],
  ['struct_ops', 'struct_ops'],
  ['netfilter', 'netfilter'],
  ['tcx_ingress', 'sched_cls'],
  ['tcx_egress', 'sched_cls'],
  ['trace_uprobe_multi', 'kprobe'],
  ['cgroup_unix_connect', 'cgroup_sock_addr'],
  ['cgroup_unix_sendmsg', 'cgroup_sock_addr'],
  ['cgroup_unix_recvmsg', 'cgroup_sock_addr', always],
  ['cgroup_unix_getpeername', 'cgroup_sock_addr', always],
  ['cgroup_unix_getsockname', 'cgroup_sock_addr', always],
  ['netkit_primary', 'sched_cls'],
  ['netkit_peer', 'sched_cls'],
  ['trace_kprobe_session', 'kprobe', verdict],
  ['trace_uprobe_session', 'kprobe', verdict],
  ['trace_fsession', 'tracing', zero],
];

export const attachTypes: readonly AttachType[] = rows.map(([name, programType, returns, targets], id) => ({
  name,
  id,
  programType,
  ...(returns && { returns }),
  ...(targets && { targets }),
}));
