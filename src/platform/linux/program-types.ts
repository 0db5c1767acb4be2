/** Program types of Linux (enum bpf_prog_type), named as libbpf prints them. */
import type { HelperPrototype, ProgramType } from '../platform.ts';
import {
  anything,
  byId,
  context,
  helper,
  i32,
  kernel,
  map,
  mapValueOrNull,
  number,
  onMaps,
  readable,
  size,
  socket,
  socketOrNull,
  status,
  u32,
  value,
  valueOrNull,
  writable,
} from '../rows.ts';
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
const cookieOfSocket = helper(46, 'bpf_get_socket_cookie', number, [socketOrNull]);
const lengthOfFrame = helper(188, 'bpf_xdp_get_buff_len', number, [kernel('xdp_buff')]);
const classOfPacket = helper(17, 'bpf_get_cgroup_classid', u32, [context]);
const ofPacket = byId([classOfPacket]);
const assignInLookup = byId([helper(124, 'bpf_sk_assign', status, [context, socketOrNull, anything])]);
/** Traced code may hold a null socket; the host checks it. */
const storageOfSocket: readonly HelperPrototype[] = [
  helper(107, 'bpf_sk_storage_get', valueOrNull, [map, socketOrNull, mapValueOrNull, anything], onMaps('socket_storage')),
  helper(108, 'bpf_sk_storage_delete', status, [map, socketOrNull], onMaps('socket_storage')),
];
const onlyInCgroup = { onlyForAttachTypes: ['lsm_cgroup'] };
const cgroupOfSecurity: readonly HelperPrototype[] = [
  ...optionsOfSocket,
  helper(81, 'bpf_get_local_storage', value, [map, { kind: 'zero' }], onMaps('cgroup_storage')),
  helper(186, 'bpf_get_retval', i32, []),
  helper(187, 'bpf_set_retval', status, [anything]),
].map((row) => ({ ...row, ...onlyInCgroup }));
const redirectInXdp = byId([helper(23, 'bpf_redirect', { kind: 'number', min: 0, max: 4 }, [anything, anything])]);

const forTracing = byId([cookieOfSocket, lengthOfFrame, ...storageOfSocket]);

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
    ownHelpers: ofPacket,
    legacyPacketAccess: true,
    packetWrite: true,
  },
  {
    name: 'sched_act',
    id: 4,
    context: packets.trafficControl,
    helperIds: offers.trafficControl,
    ownHelpers: ofPacket,
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
    returns: verdict,
  },
  { name: 'lwt_in', id: 10, context: packets.lightweightTunnel, helperIds: offers.tunnelIn, ownHelpers: ofPacket },
  { name: 'lwt_out', id: 11, context: packets.lightweightTunnel, helperIds: offers.tunnelOut, ownHelpers: ofPacket },
  { name: 'lwt_xmit', id: 12, context: packets.lightweightTunnel, helperIds: offers.tunnelTransmit, ownHelpers: ofPacket, packetWrite: true },
  { name: 'sock_ops', id: 13, context: network.socketOperations, helperIds: offers.socketOperations, returns: verdict },
  { name: 'sk_skb', id: 14, context: packets.socketStream, helperIds: offers.socketStream, packetWrite: true },
  {
    name: 'cgroup_device',
    id: 15,
    context: network.device,
    helperIds: offers.cgroupDevice,
    returns: verdict,
  },
  {
    name: 'sk_msg',
    id: 16,
    context: network.socketMessage,
    helperIds: offers.socketMessage,
    packetWrite: true,
  },
  { name: 'raw_tracepoint', id: 17, context: tracing.rawArguments, helperIds: offers.rawTracepoint, ...privileged },
  {
    name: 'cgroup_sock_addr',
    id: 18,
    context: network.socketAddress,
    helperIds: offers.socketAddress,
    returns: verdict,
  },
  { name: 'lwt_seg6local', id: 19, context: packets.lightweightTunnel, helperIds: offers.segmentRouting, ownHelpers: ofPacket },
  { name: 'lirc_mode2', id: 20, context: network.infrared, helperIds: offers.infrared },
  { name: 'sk_reuseport', id: 21, context: network.reuseport, helperIds: offers.reuseport, ownHelpers: byId([cookieOfSocket]) },
  { name: 'flow_dissector', id: 22, context: packets.flowDissector, helperIds: offers.flowDissector },
  {
    name: 'cgroup_sysctl',
    id: 23,
    context: network.systemControl,
    helperIds: offers.systemControl,
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
    ownHelpers: byId(optionsOfSocket.map((row) => ({ ...row, onlyForAttachTypes: ['cgroup_setsockopt'] }))),
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
    ownHelpers: byId([...forTracing.values(), ...cgroupOfSecurity]),
    ...privileged,
  },
  { name: 'sk_lookup', id: 30, context: network.socketLookup, helperIds: offers.socketLookup, ownHelpers: assignInLookup, returns: verdict },
  { name: 'syscall', id: 31, context: tracing.userArguments, helperIds: offers.systemCall, ownHelpers: forTracing, ...privileged },
  { name: 'netfilter', id: 32, context: network.netfilter, helperIds: offers.netfilter, returns: verdict },
];
