/** Contexts of network programs other than socket buffers, and the sockets they lead to (linux/bpf.h; access rules of net/core/filter.c, kernel/bpf/cgroup.c, drivers/media/rc/bpf-lirc.c). */
import { field, narrow, packet, packetEnd, packetMeta, socketField } from '../../context-rows.ts';
import type { ContextField, ContextLayout } from '../../platform.ts';

function layout(name: string, size: number, fields: readonly ContextField[]): ContextLayout {
  return { name, size, fields, gaps: 'refused' };
}

/** Where the access rules name the field by its offset alone, narrower loads begin there. */
const fromStart = { fromStart: true };

/** Consecutive u32 fields that allow full-width loads alone. */
function words(offset: number, names: readonly string[]): readonly ContextField[] {
  return names.map((name, index) => field(name, offset + 4 * index, 4));
}

export const xdp = layout('xdp_md', 24, [
  packet('data', 0, 4),
  packetEnd('data_end', 4, 4),
  packetMeta('data_meta', 8, 4),
  field('ingress_ifindex', 12, 4),
  field('rx_queue_index', 16, 4),
  field('egress_ifindex', 20, 4, { attachTypes: ['xdp_devmap'] }),
]);

const ip4 = {
  attachTypes: [
    'cgroup_inet4_bind',
    'cgroup_inet4_connect',
    'cgroup_inet4_getpeername',
    'cgroup_inet4_getsockname',
    'cgroup_udp4_sendmsg',
    'cgroup_udp4_recvmsg',
  ],
};
const ip6 = {
  attachTypes: [
    'cgroup_inet6_bind',
    'cgroup_inet6_connect',
    'cgroup_inet6_getpeername',
    'cgroup_inet6_getsockname',
    'cgroup_udp6_sendmsg',
    'cgroup_udp6_recvmsg',
  ],
};
const wide = { element: 8, writable: true, writeWidths: [4, 8] };

export const socketAddress = layout('bpf_sock_addr', 72, [
  field('user_family', 0, 4),
  narrow('user_ip4', 4, 4, { writable: true, ...ip4 }),
  narrow('user_ip6', 8, 16, { ...wide, ...ip6 }),
  narrow('user_port', 24, 4, { writable: true }),
  field('family', 28, 4),
  field('type', 32, 4),
  field('protocol', 36, 4),
  narrow('msg_src_ip4', 40, 4, { writable: true, attachTypes: ['cgroup_udp4_sendmsg'] }),
  narrow('msg_src_ip6', 44, 16, { ...wide, attachTypes: ['cgroup_udp6_sendmsg'] }),
  socketField('sk', 64, 'bpf_sock', false),
]);

export const socketOperations = layout('bpf_sock_ops', 224, [
  field('op', 0, 4),
  field('reply', 4, 4, { writable: true }),
  field('args', 8, 12, { element: 4 }),
  ...words(20, ['family', 'remote_ip4', 'local_ip4']),
  field('remote_ip6', 32, 16, { element: 4 }),
  field('local_ip6', 48, 16, { element: 4 }),
  ...words(64, [
    'remote_port',
    'local_port',
    'is_fullsock',
    'snd_cwnd',
    'srtt_us',
    'bpf_sock_ops_cb_flags',
    'state',
    'rtt_min',
    'snd_ssthresh',
    'rcv_nxt',
    'snd_nxt',
    'snd_una',
    'mss_cache',
    'ecn_flags',
    'rate_delivered',
    'rate_interval_us',
    'packets_out',
    'retrans_out',
    'total_retrans',
    'segs_in',
    'data_segs_in',
    'segs_out',
    'data_segs_out',
    'lost_out',
    'sacked_out',
  ]),
  field('sk_txhash', 164, 4, { writable: true }),
  field('bytes_received', 168, 8),
  field('bytes_acked', 176, 8),
  socketField('sk', 184, 'bpf_sock', true),
  packet('skb_data', 192, 8),
  packetEnd('skb_data_end', 200, 8),
  field('skb_len', 208, 4),
  narrow('skb_tcp_flags', 212, 4, fromStart),
  field('skb_hwtstamp', 216, 8),
]);

export const socketMessage = layout('sk_msg_md', 80, [
  packet('data', 0, 8),
  packetEnd('data_end', 8, 8),
  ...words(16, ['family', 'remote_ip4', 'local_ip4']),
  field('remote_ip6', 28, 16, { element: 4 }),
  field('local_ip6', 44, 16, { element: 4 }),
  ...words(60, ['remote_port', 'local_port', 'size']),
  socketField('sk', 72, 'bpf_sock', false),
]);

export const reuseport = layout('sk_reuseport_md', 56, [
  packet('data', 0, 8),
  packetEnd('data_end', 8, 8),
  narrow('len', 16, 4),
  narrow('eth_protocol', 20, 4, { narrowest: 2 }),
  narrow('ip_protocol', 24, 4),
  narrow('bind_inany', 28, 4),
  field('hash', 32, 4),
  socketField('sk', 40, 'bpf_sock', false),
  socketField('migrating_sk', 48, 'bpf_sock_common', true),
]);

export const socketLookup = layout('bpf_sk_lookup', 72, [
  socketField('sk', 0, 'bpf_sock', true),
  narrow('family', 8, 4),
  narrow('protocol', 12, 4),
  narrow('remote_ip4', 16, 4),
  narrow('remote_ip6', 20, 16, { element: 4 }),
  narrow('remote_port', 36, 4),
  narrow('local_ip4', 40, 4),
  narrow('local_ip6', 44, 16, { element: 4 }),
  narrow('local_port', 60, 4),
  narrow('ingress_ifindex', 64, 4),
]);

const setting = { writeAttachTypes: ['cgroup_setsockopt'] };
const getting = ['cgroup_getsockopt'];

/** The option's value is what direct packet access is elsewhere: bytes between two pointers. */
export const socketOption = layout('bpf_sockopt', 40, [
  socketField('sk', 0, 'bpf_sock', false),
  packet('optval', 8, 8),
  packetEnd('optval_end', 16, 8),
  field('level', 24, 4, { writable: true, ...setting }),
  field('optname', 28, 4, { writable: true, ...setting }),
  field('optlen', 32, 4, { writable: true }),
  field('retval', 36, 4, { writable: true, attachTypes: getting, writeAttachTypes: getting }),
]);

export const device = layout('bpf_cgroup_dev_ctx', 12, [narrow('access_type', 0, 4), field('major', 4, 4), field('minor', 8, 4)]);

export const systemControl = layout('bpf_sysctl', 8, [narrow('write', 0, 4), narrow('file_pos', 4, 4, { writable: true })]);

/** One pulse or space of an infrared receiver. */
export const infrared = layout('unsigned int', 4, [field('sample', 0, 4)]);

export const netfilter = layout('bpf_nf_ctx', 16, [
  field('state', 0, 8, { kind: 'btf', struct: 'nf_hook_state', nullable: false }),
  field('skb', 8, 8, { kind: 'btf', struct: 'sk_buff', nullable: false }),
]);

const address: readonly ContextField[] = [
  narrow('src_ip4', 24, 4),
  narrow('src_ip6', 28, 16, { element: 4 }),
  narrow('src_port', 44, 4, fromStart),
  narrow('dst_port', 48, 4, { used: 2 }),
  narrow('dst_ip4', 52, 4),
  narrow('dst_ip6', 56, 16, { element: 4 }),
  narrow('state', 72, 4, fromStart),
  narrow('rx_queue_mapping', 76, 4, fromStart),
];

/** A full socket behind a pointer: read-only. */
export const fullSocket = layout('bpf_sock', 80, [
  field('bound_dev_if', 0, 4),
  narrow('family', 4, 4, fromStart),
  narrow('type', 8, 4, fromStart),
  narrow('protocol', 12, 4, fromStart),
  field('mark', 16, 4),
  field('priority', 20, 4),
  ...address,
]);

/** What full, request and time-wait sockets have in common: all but `type` to `priority`. */
export const commonSocket = layout('bpf_sock_common', 80, [field('bound_dev_if', 0, 4), narrow('family', 4, 4, fromStart), ...address]);

const changing = { attachTypes: ['cgroup_inet_sock_create', 'cgroup_inet_sock_release'] };
const boundTo: ReadonlyMap<string, readonly string[]> = new Map([
  ['src_ip4', ['cgroup_inet4_post_bind']],
  ['src_ip6', ['cgroup_inet6_post_bind']],
  ['src_port', ['cgroup_inet4_post_bind', 'cgroup_inet6_post_bind']],
]);

/** The same struct as the context of cgroup_sock programs, where the attach type decides what may be touched (__sock_filter_check_attach_type). */
export const cgroupSocket = layout(
  'bpf_sock',
  80,
  fullSocket.fields.map((row) => {
    if (['bound_dev_if', 'mark', 'priority'].includes(row.name)) return { ...row, writable: true, ...changing };
    const attachTypes = boundTo.get(row.name);
    return attachTypes ? { ...row, attachTypes } : row;
  }),
);

export const tcpSocket = layout('bpf_tcp_sock', 112, [
  ...words(0, [
    'snd_cwnd',
    'srtt_us',
    'rtt_min',
    'snd_ssthresh',
    'rcv_nxt',
    'snd_nxt',
    'snd_una',
    'mss_cache',
    'ecn_flags',
    'rate_delivered',
    'rate_interval_us',
    'packets_out',
    'retrans_out',
    'total_retrans',
    'segs_in',
    'data_segs_in',
    'segs_out',
    'data_segs_out',
    'lost_out',
    'sacked_out',
  ]),
  field('bytes_received', 80, 8),
  field('bytes_acked', 88, 8),
  ...words(96, ['dsack_dups', 'delivered', 'delivered_ce', 'icsk_retransmits']),
]);

/** Plain memory of the flow dissector, open for loads and stores of any width. */
export const flowKeys: ContextLayout = { name: 'bpf_flow_keys', size: 56, fields: [], gaps: 'number', loose: true };
