/** Program types of Linux (enum bpf_prog_type), named as libbpf prints them. */
import type { HelperPrototype, ProgramType } from '../platform.ts';
import { anything, byId, helper, i32, kernel, number, readable, size, socket, writable } from '../rows.ts';
import * as offers from './helpers/availability.ts';
import * as network from './layouts/network.ts';
import * as packets from './layouts/socket-buffer.ts';
import * as tracing from './layouts/tracing.ts';

const verdict = { min: 0, max: 1 };

/** Where the program has no context of its own to name the socket, the socket is the argument. */
const optionsOfSocket: readonly HelperPrototype[] = [
  helper(49, 'bpf_setsockopt', i32, [socket, anything, anything, readable, size]),
  helper(57, 'bpf_getsockopt', i32, [socket, anything, anything, writable, size]),
];
const cookieOfSocket = helper(46, 'bpf_get_socket_cookie', number, [{ ...socket, nullable: true }]);
const lengthOfFrame = helper(188, 'bpf_xdp_get_buff_len', number, [kernel('xdp_buff')]);
const currentClass = helper(17, 'bpf_get_cgroup_classid', { kind: 'number', min: 0, max: 0xffff_ffff }, []);
const ofCurrentTask = byId([currentClass]);
const redirectInXdp = byId([helper(23, 'bpf_redirect', { kind: 'number', min: 0, max: 4 }, [anything, anything])]);

const forTracing = byId([cookieOfSocket, lengthOfFrame]);

/**
 * Linux lets privileged loaders leak pointers from every program type. Here only types that root alone loads, to look into the kernel, may;
 * for the others the safe rule holds (PREVAIL calls kprobes alone privileged).
 */
const privileged = { allowPointerLeaks: true };

export const programTypes: readonly ProgramType[] = [
  { name: 'unspec', id: 0, context: tracing.none },
  { name: 'socket_filter', id: 1, context: packets.socketFilter, helperIds: offers.socketFilter, legacyPacketAccess: true },
  { name: 'kprobe', id: 2, context: tracing.registersOfProbe, helperIds: offers.kprobe, ...privileged },
  {
    name: 'sched_cls',
    id: 3,
    context: packets.trafficControl,
    helperIds: offers.trafficControl,
    legacyPacketAccess: true,
    packetWrite: true,
  },
  {
    name: 'sched_act',
    id: 4,
    context: packets.trafficControl,
    helperIds: offers.trafficControl,
    legacyPacketAccess: true,
    packetWrite: true,
  },
  { name: 'tracepoint', id: 5, context: tracing.tracepointRecord, helperIds: offers.tracepoint, ...privileged },
  { name: 'xdp', id: 6, context: network.xdp, helperIds: offers.xdp, ownHelpers: redirectInXdp, packetWrite: true },
  { name: 'perf_event', id: 7, context: tracing.perfEvent, helperIds: offers.perfEvent, ...privileged },
  { name: 'cgroup_skb', id: 8, context: packets.cgroupPacket, helperIds: offers.cgroupPacket, returns: verdict },
  {
    name: 'cgroup_sock',
    id: 9,
    context: network.cgroupSocket,
    helperIds: offers.cgroupSocket,
    ownHelpers: ofCurrentTask,
    returns: verdict,
  },
  { name: 'lwt_in', id: 10, context: packets.lightweightTunnel, helperIds: offers.tunnelIn },
  { name: 'lwt_out', id: 11, context: packets.lightweightTunnel, helperIds: offers.tunnelOut },
  { name: 'lwt_xmit', id: 12, context: packets.lightweightTunnel, helperIds: offers.tunnelTransmit, packetWrite: true },
  { name: 'sock_ops', id: 13, context: network.socketOperations, helperIds: offers.socketOperations, returns: verdict },
  { name: 'sk_skb', id: 14, context: packets.socketStream, helperIds: offers.socketStream, packetWrite: true },
  {
    name: 'cgroup_device',
    id: 15,
    context: network.device,
    helperIds: offers.cgroupDevice,
    ownHelpers: ofCurrentTask,
    returns: verdict,
  },
  {
    name: 'sk_msg',
    id: 16,
    context: network.socketMessage,
    helperIds: offers.socketMessage,
    ownHelpers: ofCurrentTask,
    packetWrite: true,
  },
  { name: 'raw_tracepoint', id: 17, context: tracing.rawArguments, helperIds: offers.rawTracepoint, ...privileged },
  {
    name: 'cgroup_sock_addr',
    id: 18,
    context: network.socketAddress,
    helperIds: offers.socketAddress,
    ownHelpers: ofCurrentTask,
    returns: verdict,
  },
  { name: 'lwt_seg6local', id: 19, context: packets.lightweightTunnel, helperIds: offers.segmentRouting },
  { name: 'lirc_mode2', id: 20, context: network.infrared, helperIds: offers.infrared },
  { name: 'sk_reuseport', id: 21, context: network.reuseport, helperIds: offers.reuseport },
  { name: 'flow_dissector', id: 22, context: packets.flowDissector, helperIds: offers.flowDissector },
  {
    name: 'cgroup_sysctl',
    id: 23,
    context: network.systemControl,
    helperIds: offers.systemControl,
    ownHelpers: ofCurrentTask,
    returns: verdict,
  },
  {
    name: 'raw_tracepoint_writable',
    id: 24,
    context: tracing.rawWritableArguments,
    helperIds: offers.rawTracepoint,
    ...privileged,
  },
  {
    name: 'cgroup_sockopt',
    id: 25,
    context: network.socketOption,
    helperIds: offers.socketOption,
    ownHelpers: byId([currentClass, ...optionsOfSocket.map((row) => ({ ...row, onlyForAttachTypes: ['cgroup_setsockopt'] }))]),
    returns: verdict,
    packetWrite: true,
  },
  { name: 'tracing', id: 26, context: tracing.typedArguments, helperIds: offers.tracing, ownHelpers: forTracing, ...privileged },
  {
    name: 'struct_ops',
    id: 27,
    context: tracing.typedArguments,
    helperIds: offers.structOperations,
    ownHelpers: byId(optionsOfSocket),
    ...privileged,
  },
  /** Replaces a function of another program, whose type decides the rest. */
  { name: 'ext', id: 28, context: tracing.typedArguments, ...privileged },
  {
    name: 'lsm',
    id: 29,
    context: tracing.typedArguments,
    helperIds: offers.securityModule,
    ownHelpers: byId([...forTracing.values(), currentClass, ...optionsOfSocket]),
    ...privileged,
  },
  { name: 'sk_lookup', id: 30, context: network.socketLookup, helperIds: offers.socketLookup, returns: verdict },
  { name: 'syscall', id: 31, context: tracing.userArguments, helperIds: offers.systemCall, ...privileged },
  { name: 'netfilter', id: 32, context: network.netfilter, helperIds: offers.netfilter, returns: verdict },
];
