/**
 * Context structures of eBPF for Windows as laid out on x64 (ebpf_nethooks.h, sample_ext_helpers.h, ebpf_ntos_hooks.h, ebpf_netevent_hooks.h).
 *
 * A context descriptor there names only the size and the pointer fields: any access that stays inside and touches no pointer field is a
 * number, at any width, stores included. The other fields are named here for people.
 */
import { field, packet, packetEnd, packetMeta } from '../context-rows.ts';
import type { ContextField, ContextLayout } from '../platform.ts';

function layout(name: string, size: number, fields: readonly ContextField[]): ContextLayout {
  return { name, size, fields, gaps: 'number', loose: true };
}

function plain(name: string, offset: number, size: number, element = size): ContextField {
  return field(name, offset, size, { narrow: true, writable: true, element });
}

export const noContext = layout('void', 0, []);

export const bind = layout('bind_md_t', 56, [
  packet('app_id_start', 0, 8),
  packetEnd('app_id_end', 8, 8),
  plain('process_id', 16, 8),
  plain('socket_address', 24, 16, 1),
  plain('socket_address_length', 40, 1),
  plain('operation', 44, 4),
  plain('protocol', 48, 1),
]);

/** `user_ip4` and `msg_src_ip4` are the first words of their IPv6 unions. */
export const socketAddress = layout('bpf_sock_addr_t', 64, [
  plain('family', 0, 4),
  plain('msg_src_ip', 4, 16, 4),
  plain('msg_src_port', 20, 2),
  plain('user_ip', 24, 16, 4),
  plain('user_port', 40, 2),
  plain('protocol', 44, 4),
  plain('compartment_id', 48, 4),
  plain('interface_luid', 56, 8),
]);

export const socketOperations = layout('bpf_sock_ops_t', 64, [
  plain('op', 0, 4),
  plain('family', 4, 4),
  plain('local_ip', 8, 16, 4),
  plain('local_port', 24, 4),
  plain('remote_ip', 28, 16, 4),
  plain('remote_port', 44, 4),
  plain('protocol', 48, 1),
  plain('compartment_id', 52, 4),
  plain('interface_luid', 56, 8),
]);

export const xdp = layout('xdp_md_t', 32, [
  packet('data', 0, 8),
  packetEnd('data_end', 8, 8),
  packetMeta('data_meta', 16, 8),
  plain('ingress_ifindex', 24, 4),
]);

export const sample = layout('sample_program_context_t', 32, [
  packet('data_start', 0, 8),
  packetEnd('data_end', 8, 8),
  plain('uint32_data', 16, 4),
  plain('uint16_data', 20, 2),
  plain('helper_data_1', 24, 4),
  plain('helper_data_2', 28, 4),
]);

export const process = layout('process_md_t', 144, [
  packet('command_start', 0, 8),
  packetEnd('command_end', 8, 8),
  plain('process_id', 16, 8),
  plain('parent_process_id', 24, 8),
  plain('creating_process_id', 32, 8),
  plain('creating_thread_id', 40, 8),
  plain('creation_time', 48, 8),
  plain('exit_time', 56, 8),
  plain('process_exit_code', 64, 4),
  plain('operation', 68, 1),
  plain('token_sid_size', 72, 4),
  plain('token_sid', 76, 68, 1),
]);

export const networkEvent = layout('netevent_event_md_t', 24, [packetMeta('data_meta', 0, 8), packet('data', 8, 8), packetEnd('data_end', 16, 8)]);
