/**
 * struct __sk_buff (linux/bpf.h) as each program type sees it: which fields exist and which may be written follows
 * bpf_skb_is_valid_access and its callers in net/core/filter.c.
 */
import { field, narrow, packet, packetEnd, packetMeta, socketField } from '../../context-rows.ts';
import type { ContextField, ContextLayout } from '../../platform.ts';

const SIZE = 192;

const all: readonly ContextField[] = [
  narrow('len', 0, 4),
  narrow('pkt_type', 4, 4),
  narrow('mark', 8, 4),
  narrow('queue_mapping', 12, 4),
  narrow('protocol', 16, 4),
  narrow('vlan_present', 20, 4),
  narrow('vlan_tci', 24, 4),
  narrow('vlan_proto', 28, 4),
  narrow('priority', 32, 4),
  narrow('ingress_ifindex', 36, 4),
  narrow('ifindex', 40, 4),
  narrow('tc_index', 44, 4),
  narrow('cb', 48, 20, { element: 8, writeWidths: [1, 2, 4, 8] }),
  narrow('hash', 68, 4),
  narrow('tc_classid', 72, 4),
  packet('data', 76, 4),
  packetEnd('data_end', 80, 4),
  narrow('napi_id', 84, 4),
  narrow('family', 88, 4),
  field('remote_ip4', 92, 4),
  field('local_ip4', 96, 4),
  field('remote_ip6', 100, 16, { element: 4 }),
  field('local_ip6', 116, 16, { element: 4 }),
  narrow('remote_port', 132, 4),
  narrow('local_port', 136, 4),
  packetMeta('data_meta', 140, 4),
  field('flow_keys', 144, 8, { kind: 'socket', struct: 'bpf_flow_keys', nullable: false }),
  field('tstamp', 152, 8),
  narrow('wire_len', 160, 4),
  narrow('gso_segs', 164, 4),
  socketField('sk', 168, 'bpf_sock_common', true),
  narrow('gso_size', 176, 4),
  field('tstamp_type', 180, 1),
  field('hwtstamp', 184, 8),
];

const connection = ['family', 'remote_ip4', 'local_ip4', 'remote_ip6', 'local_ip6', 'remote_port', 'local_port'];

/** The layout without the `hidden` fields and with the `writable` ones open for stores. */
function view(hidden: readonly string[], writable: readonly string[]): ContextLayout {
  const fields = all.filter(({ name }) => !hidden.includes(name)).map((row) => (writable.includes(row.name) ? { ...row, writable: true } : row));
  return { name: '__sk_buff', size: SIZE, fields, gaps: 'refused' };
}

const neverOutsideTrafficControl = ['flow_keys', 'tstamp_type'];

export const socketFilter = view(
  [...neverOutsideTrafficControl, ...connection, 'tc_classid', 'data', 'data_meta', 'data_end', 'tstamp', 'wire_len', 'hwtstamp'],
  ['cb'],
);

export const cgroupPacket = view([...neverOutsideTrafficControl, 'tc_classid', 'data_meta', 'wire_len'], ['mark', 'priority', 'cb', 'tstamp']);

export const lightweightTunnel = view(
  [...neverOutsideTrafficControl, ...connection, 'tc_classid', 'data_meta', 'tstamp', 'wire_len', 'hwtstamp'],
  ['mark', 'priority', 'cb'],
);

export const trafficControl = view(['flow_keys', ...connection], ['mark', 'tc_index', 'priority', 'tc_classid', 'cb', 'tstamp', 'queue_mapping']);

export const socketStream = view(
  [...neverOutsideTrafficControl, 'tc_classid', 'data_meta', 'tstamp', 'wire_len', 'hwtstamp', 'mark'],
  ['tc_index', 'priority'],
);

const dissected = ['data', 'data_end', 'flow_keys'];

export const flowDissector = view(
  all.map(({ name }) => name).filter((name) => !dissected.includes(name)),
  [],
);
