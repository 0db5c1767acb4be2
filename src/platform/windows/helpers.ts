/** Helper prototypes of eBPF for Windows: the 35 global ones by their fixed ids (ebpf_structs.h), then those of each program type. */
import type { HelperPrototype } from '../platform.ts';
import {
  anything,
  between,
  byId,
  byName,
  context,
  helper,
  i32,
  map,
  mapKey,
  mapValue,
  mapValueOut,
  number,
  onMaps,
  readable,
  readableOrNull,
  size,
  sizeOrZero,
  u32,
  valueOrNull,
  writable,
} from '../rows.ts';

/** Ids above this one belong to the program type (EBPF_MAX_GENERAL_HELPER_FUNCTION). */
export const LAST_GENERAL_ID = 0xffff;

/** Maps with keys and plain values; a program array or a ring has neither for a program. */
const keyedMaps = onMaps('hash', 'array', 'lpm_trie', 'custom', 'xskmap');
const readableMaps = onMaps('hash', 'array', 'lpm_trie', 'custom', 'xskmap', 'map_of_maps_array', 'map_of_maps_hash');

const copies = [writable, sizeOrZero, readable, sizeOrZero];

export const globalHelpers = byId([
  helper(1, 'bpf_map_lookup_elem', valueOrNull, [map, mapKey], readableMaps),
  helper(2, 'bpf_map_update_elem', number, [map, mapKey, mapValue, anything], keyedMaps),
  helper(3, 'bpf_map_delete_elem', number, [map, mapKey], keyedMaps),
  helper(4, 'bpf_map_lookup_and_delete_elem', valueOrNull, [map, mapKey], keyedMaps),
  helper(5, 'bpf_tail_call', number, [context, map, anything], onMaps('prog_array')),
  helper(6, 'bpf_get_prandom_u32', u32, []),
  helper(7, 'bpf_ktime_get_boot_ns', number, []),
  helper(8, 'bpf_get_smp_processor_id', u32, []),
  helper(9, 'bpf_ktime_get_ns', number, []),
  helper(10, 'bpf_csum_diff', number, [readableOrNull, sizeOrZero, readableOrNull, sizeOrZero, anything]),
  helper(11, 'bpf_ringbuf_output', number, [map, readable, size, anything], onMaps('ringbuf')),
  helper(12, 'bpf_trace_printk2', number, [readable, size]),
  helper(13, 'bpf_trace_printk3', number, [readable, size, anything]),
  helper(14, 'bpf_trace_printk4', number, [readable, size, anything, anything]),
  helper(15, 'bpf_trace_printk5', number, [readable, size, anything, anything, anything]),
  helper(16, 'bpf_map_push_elem', number, [map, mapValue, anything], onMaps('queue', 'stack')),
  helper(17, 'bpf_map_pop_elem', number, [map, mapValueOut], onMaps('queue', 'stack')),
  helper(18, 'bpf_map_peek_elem', number, [map, mapValueOut], onMaps('queue', 'stack')),
  helper(19, 'bpf_get_current_pid_tgid', number, []),
  helper(20, 'bpf_get_current_logon_id', number, [context]),
  helper(21, 'bpf_is_current_admin', i32, [context]),
  helper(22, 'bpf_memcpy', number, copies),
  helper(23, 'bpf_memcmp', number, [readable, sizeOrZero, readable, sizeOrZero]),
  helper(24, 'bpf_memset', number, [writable, sizeOrZero, anything]),
  helper(25, 'bpf_memmove', number, copies),
  helper(26, 'bpf_get_socket_cookie', number, [context]),
  helper(27, 'bpf_strncpy_s', number, copies),
  helper(28, 'bpf_strncat_s', number, [{ kind: 'memory_readwrite' }, sizeOrZero, readable, sizeOrZero]),
  helper(29, 'bpf_strnlen_s', number, [readable, sizeOrZero]),
  helper(30, 'bpf_ktime_get_boot_ms', number, []),
  helper(31, 'bpf_ktime_get_ms', number, []),
  helper(32, 'bpf_perf_event_output', number, [context, map, anything, readable, size], onMaps('perf_event_array')),
  helper(33, 'bpf_get_current_process_start_key', number, []),
  helper(34, 'bpf_get_current_thread_create_time', number, []),
  helper(35, 'bpf_redirect_map', number, [map, anything, anything], onMaps('xskmap', 'custom')),
]);

const pidTgidOfContext = helper(19, 'bpf_get_current_pid_tgid', number, [], { implicitContext: true });
const logonIdOfContext = helper(20, 'bpf_get_current_logon_id', number, [context], { implicitContext: true });
const adminOfContext = helper(21, 'bpf_is_current_admin', i32, [context], { implicitContext: true });
const cookieOfContext = helper(26, 'bpf_get_socket_cookie', number, [context], { implicitContext: true });

/** The n-th helper (from 1) of a program type. */
function own(n: number, ...row: Parameters<typeof helper> extends [number, ...infer Rest] ? Rest : never): HelperPrototype {
  return helper(LAST_GENERAL_ID + n, ...row);
}

export const bindHelpers = byId([pidTgidOfContext, logonIdOfContext, adminOfContext]);

/**
 * Where the attach point cannot serve a call (redirect contexts outside connect, network contexts at plain connect), the host's
 * implementation returns an error at run time; verification does not forbid it.
 */
export const socketAddressHelpers = byId([
  own(1, 'bpf_sock_addr_get_current_pid_tgid', number, [context]),
  own(2, 'bpf_sock_addr_set_redirect_context', number, [context, readable, size]),
  own(3, 'bpf_sock_addr_get_network_context', number, [context, writable, size]),
  pidTgidOfContext,
  logonIdOfContext,
  adminOfContext,
  cookieOfContext,
]);

export const socketOperationsHelpers = byId([own(1, 'bpf_sock_ops_get_flow_id', number, [context]), pidTgidOfContext]);

export const xdpHelpers = byId([own(1, 'bpf_xdp_adjust_head', number, [context, anything], { changesPacket: true })]);

export const sampleHelpers = byId([
  own(1, 'sample_ebpf_extension_helper_function1', number, [context]),
  own(2, 'sample_ebpf_extension_find', number, [readable, size, readable, size]),
  own(3, 'sample_ebpf_extension_replace', number, [readable, size, anything, readable, size]),
  own(4, 'sample_ebpf_extension_helper_implicit_1', number, [], { implicitContext: true }),
  own(5, 'sample_ebpf_extension_helper_implicit_2', number, [anything], { implicitContext: true }),
  own(6, 'sample_ext_helper_map_lookup_element', valueOrNull, [map, mapKey], { implicitContext: true }),
  own(7, 'sample_ext_helper_map_get_value', number, [map, mapKey, writable, size]),
  pidTgidOfContext,
  helper(35, 'bpf_redirect_map', number, [map, anything, anything], onMaps('xskmap', 'custom', 'hash', 'array')),
]);

/** The results of the three are lengths in bytes or negative NTSTATUS-derived errors. */
export const processHelpers = byId([
  own(1, 'bpf_process_get_image_path', between(-0x8000_0000, 0x7fff_ffff), [context, writable, size]),
  own(2, 'bpf_process_get_account_name', between(-0x8000_0000, 0x7fff_ffff), [context, writable, size]),
  own(3, 'bpf_process_get_account_domain', between(-0x8000_0000, 0x7fff_ffff), [context, writable, size]),
]);

export const networkEventHelpers = byId([own(1, 'bpf_netevent_push_event', number, [context])]);

/** Functions resolved by BTF. The sample extension's module {8f6c1f83-ce4c-4b58-8b91-654a29e23b7c} has the only one that ships. */
export const btfFunctions = byName([helper(0, 'sample_ebpf_extension_btf_lookup', number, [anything, readable, size])]);
