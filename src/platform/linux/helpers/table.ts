/** The 211 classic helpers of Linux (___BPF_FUNC_MAPPER of linux/bpf.h) in one table, and look-up of their ids by short name. */
import type { HelperPrototype } from '../../platform.ts';
import { byId } from '../../rows.ts';
import { coreHelpers } from './core.ts';
import { packetHelpers } from './packet.ts';
import { socketHelpers } from './sockets.ts';
import { tracingHelpers } from './tracing.ts';

/** Helpers whose BPF_CALL prototypes take every size as u32 (kernel/trace/bpf_trace.c, net/core/filter.c, kernel/bpf/helpers.c, stackmap.c). */
const narrow: ReadonlySet<string> = new Set(
  [
    'probe_read',
    'probe_read_str',
    'probe_read_user',
    'probe_read_user_str',
    'probe_read_kernel',
    'probe_read_kernel_str',
    'probe_write_user',
    'get_current_comm',
    'get_stack',
    'get_task_stack',
    'copy_from_user',
    'copy_from_user_task',
    'trace_printk',
    'perf_event_read_value',
    'perf_prog_read_value',
    'read_branch_records',
    'seq_printf',
    'seq_write',
    'skb_load_bytes',
    'skb_load_bytes_relative',
    'skb_store_bytes',
    'csum_diff',
    'xdp_load_bytes',
    'xdp_store_bytes',
    'skb_set_tunnel_key',
    'skb_get_tunnel_key',
    'skb_set_tunnel_opt',
    'skb_get_tunnel_opt',
  ].map((name) => `bpf_${name}`),
);

/** Helpers that pointers into the packet may be given to (pkt_access of their prototypes). */
const reading: ReadonlySet<string> = new Set(
  [
    'map_lookup_elem',
    'map_update_elem',
    'map_delete_elem',
    'map_push_elem',
    'map_lookup_percpu_elem',
    'csum_diff',
    'sk_lookup_tcp',
    'sk_lookup_udp',
    'skc_lookup_tcp',
    'tcp_check_syncookie',
    'tcp_gen_syncookie',
    'tcp_raw_gen_syncookie_ipv4',
    'tcp_raw_gen_syncookie_ipv6',
    'tcp_raw_check_syncookie_ipv4',
    'tcp_raw_check_syncookie_ipv6',
  ].map((name) => `bpf_${name}`),
);

export const helpers: ReadonlyMap<number, HelperPrototype> = byId(
  [...coreHelpers, ...packetHelpers, ...socketHelpers, ...tracingHelpers]
    .map((row) => ({
      ...row,
      ...(narrow.has(row.name) ? { narrowSizes: true } : {}),
      ...(reading.has(row.name) ? {} : { noPackets: true }),
    }))
    .sort((a, b) => a.id - b.id),
);

const ids: ReadonlyMap<string, number> = new Map([...helpers.values()].map(({ name, id }) => [name.slice('bpf_'.length), id]));

/** Ids of helpers named without "bpf_", separated by white space. Throws for a name that is not in the table: the lists are ours. */
export function idsOf(names: string): readonly number[] {
  return names
    .trim()
    .split(/\s+/)
    .map((name) => {
      const id = ids.get(name);
      if (id === undefined) throw new Error(`no helper is called bpf_${name}`);
      return id;
    });
}
