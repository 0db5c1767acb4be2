import { Errno } from '../result.ts';
import { contextNumber, type HelperEnvironment, type HelperMaker, requireBytes, row, setContextNumber } from './environment.ts';
import { adjust, fold, inside, networkHeader, resizeAt } from './packet.ts';

/** ETH_P_IP and ETH_P_IPV6 as __sk_buff.protocol holds them: in network order. */
const IP = 0x0008;
const IPV6 = 0xdd86;
const ETHERNET_HEADER = 14;
/** How much longer an IPv6 header is than an IPv4 header. */
const HEADER_DIFFERENCE = 20;
const PACKET_OTHERHOST = 3;
/** MTU of every interface here. */
const MTU = 1500;
const FRAGMENTATION_NEEDED = 1;
const TC_ACT_SHOT = 2;
const TC_ACT_REDIRECT = 7;
const AF_INET = 2;
const AF_INET6 = 10;
const EAFNOSUPPORT = 97;
const FIB_PARAMETERS = 64;
const FIB_FLAGS = 0x3f;
/** BPF_FIB_LKUP_RET_NOT_FWDED: no route leads there. There are no routes here. */
const NOT_FORWARDED = 4;
/** Accepted sizes of struct bpf_tunnel_key: today's and those of older kernels. */
const TUNNEL_KEY_SIZES: ReadonlySet<number> = new Set([20, 24, 28, 44]);
const IP_TUNNEL_OPTS_MAX = 255;

/** bpf_skb_change_proto: IPv4 and IPv6 headers differ by 20 bytes; what they hold is the program's affair. */
function changeProtocol(environment: HelperEnvironment, protocol: number, flags: bigint): number {
  if (flags !== 0n) return -Errno.EINVAL;
  const from = contextNumber(environment, 'protocol');
  const delta = from === IP && protocol === IPV6 ? HEADER_DIFFERENCE : from === IPV6 && protocol === IP ? -HEADER_DIFFERENCE : 0;
  if (delta === 0) return -Errno.ENOTSUPP;
  if (!resizeAt(environment, networkHeader(environment), delta)) return -Errno.ENOMEM;
  setContextNumber(environment, 'protocol', protocol);
  return 0;
}

/** BPF_F_ADJ_ROOM_*; the length of an inner link header is in the highest byte. */
const Room = {
  fixedSize: 1n << 0n,
  encapsulate4: 1n << 1n,
  encapsulate6: 1n << 2n,
  gre: 1n << 3n,
  udp: 1n << 4n,
  keepChecksum: 1n << 5n,
  ethernet: 1n << 6n,
  decapsulate4: 1n << 7n,
  decapsulate6: 1n << 8n,
} as const;
const ENCAPSULATE = Room.encapsulate4 | Room.encapsulate6;
const TUNNEL = Room.gre | Room.udp;
const DECAPSULATE = Room.decapsulate4 | Room.decapsulate6;
const SHRINKING = Room.fixedSize | DECAPSULATE | Room.keepChecksum;
const ROOM_FLAGS = 0xff00_0000_0000_01ffn;
const LINK_LENGTH_SHIFT = 56n;
const LARGEST_ROOM = 0xfff;
const ADJ_ROOM_NET = 0;
const ADJ_ROOM_MAC = 1;
const IPV4_HEADER = 20;
const IPV6_HEADER = 40;
const EALREADY = 114;

/** bpf_skb_adjust_room: inserts or removes bytes behind the link header (MAC) or behind the network header (NET). */
function adjustRoom(environment: HelperEnvironment, delta: number, mode: number, flags: bigint): number {
  const { packet, notes } = environment.run;
  if ((flags & ~ROOM_FLAGS) !== 0n) return -Errno.EINVAL;
  if (Math.abs(delta) > LARGEST_ROOM) return -Errno.EFAULT;
  const protocol = contextNumber(environment, 'protocol');
  if (packet === undefined || (protocol !== IP && protocol !== IPV6)) return -Errno.ENOTSUPP;
  const unwrapping = flags & DECAPSULATE;
  if (unwrapping !== 0n && (delta >= 0 || unwrapping === DECAPSULATE)) return -Errno.EINVAL;
  if (mode !== ADJ_ROOM_NET && mode !== ADJ_ROOM_MAC) return -Errno.ENOTSUPP;
  const header = protocol === IP ? IPV4_HEADER : IPV6_HEADER;
  const link = networkHeader(environment);
  const behind = packet.end - packet.start - link;
  const least = unwrapping === Room.decapsulate4 ? IPV4_HEADER : unwrapping === Room.decapsulate6 ? IPV6_HEADER : header;
  if (delta < 0 && (-delta >= behind || behind + delta < least)) return -Errno.ENOTSUPP;
  const wrapping = delta >= 0 && (flags & ENCAPSULATE) !== 0n;
  const refused = delta < 0 ? ((flags & ~SHRINKING) === 0n ? 0 : -Errno.EINVAL) : wrapping ? wrongTunnel(flags, delta, notes.encapsulated) : 0;
  if (refused < 0) return refused;
  if (!resizeAt(environment, link + (mode === ADJ_ROOM_NET ? header : 0), delta)) return -Errno.ENOMEM;
  if (wrapping) notes.encapsulated = true;
  // The outer header may be of the other version.
  const outer = wrapping ? flags & ENCAPSULATE : unwrapping;
  if (outer !== 0n) setContextNumber(environment, 'protocol', outer === Room.encapsulate6 || outer === Room.decapsulate6 ? IPV6 : IP);
  return 0;
}

/** Why room for a tunnel's headers is not made (bpf_skb_net_grow); 0: it is. */
function wrongTunnel(flags: bigint, delta: number, encapsulated: boolean): number {
  const link = Number(flags >> LINK_LENGTH_SHIFT);
  if ((flags & ENCAPSULATE) === ENCAPSULATE || (flags & TUNNEL) === TUNNEL) return -Errno.EINVAL;
  if ((flags & Room.ethernet) !== 0n && link < ETHERNET_HEADER) return -Errno.EINVAL;
  if (encapsulated) return -EALREADY;
  return link > delta ? -Errno.EINVAL : 0;
}

/** ETH_P_8021Q and ETH_P_8021AD in network order. */
const VLAN = 0x0081;
const PROVIDER_VLAN = 0xa888;
const TAG_SIZE = 4;
const ETHERNET_TYPE = 12;

/** Takes the outermost tag out of the packet's bytes and makes it the buffer's own, as cards deliver it. */
function liftTag(environment: HelperEnvironment): boolean {
  const { packet } = environment.run;
  if (!inside(packet, 0, ETHERNET_HEADER + TAG_SIZE)) return false;
  const tag = environment.memory.view.getUint16(packet.start + ETHERNET_HEADER, false);
  if (!dropTag(environment)) return false;
  setTag(environment, contextNumber(environment, 'protocol') === PROVIDER_VLAN ? PROVIDER_VLAN : VLAN, tag);
  return true;
}

function dropTag(environment: HelperEnvironment): boolean {
  return resizeAt(environment, ETHERNET_TYPE, -TAG_SIZE);
}

function setTag(environment: HelperEnvironment, protocol: number, tag: number): void {
  setContextNumber(environment, 'vlan_present', 1);
  setContextNumber(environment, 'vlan_proto', protocol);
  setContextNumber(environment, 'vlan_tci', tag);
}

/** The type field of the link header becomes the buffer's protocol. */
function readProtocol(environment: HelperEnvironment): void {
  const { packet } = environment.run;
  if (inside(packet, 0, ETHERNET_HEADER))
    setContextNumber(environment, 'protocol', environment.memory.view.getUint16(packet.start + ETHERNET_TYPE, true));
}

function isTag(protocol: number): boolean {
  return protocol === VLAN || protocol === PROVIDER_VLAN;
}

function tagged(environment: HelperEnvironment): boolean {
  return isTag(contextNumber(environment, 'protocol'));
}

/** bpf_skb_vlan_push: the tag is kept beside the packet (vlan_tci); one that is already there moves into its bytes (skb_vlan_push). */
function pushTag(environment: HelperEnvironment, protocol: number, tag: number): number {
  if (contextNumber(environment, 'vlan_present') !== 0) {
    const inner = contextNumber(environment, 'vlan_proto');
    if (!resizeAt(environment, ETHERNET_TYPE, TAG_SIZE)) return -Errno.ENOMEM;
    const at = environment.run.packet!.start + ETHERNET_TYPE;
    environment.memory.view.setUint16(at, inner, true);
    environment.memory.view.setUint16(at + 2, contextNumber(environment, 'vlan_tci'), false);
    setContextNumber(environment, 'protocol', inner);
  }
  setTag(environment, protocol === PROVIDER_VLAN ? PROVIDER_VLAN : VLAN, tag);
  return 0;
}

/** bpf_skb_vlan_pop: removes the outermost tag; the next one in the packet's bytes, if any, takes its place beside it. */
function popTag(environment: HelperEnvironment): number {
  if (contextNumber(environment, 'vlan_present') !== 0) {
    for (const name of ['vlan_present', 'vlan_proto', 'vlan_tci']) setContextNumber(environment, name, 0);
  } else {
    if (!tagged(environment)) return 0;
    if (!dropTag(environment)) return -Errno.ENOMEM;
    readProtocol(environment);
  }
  if (!tagged(environment)) return 0;
  if (!liftTag(environment)) return -Errno.ENOMEM;
  readProtocol(environment);
  return 0;
}

const LARGEST_LEVEL = 3;
/** BPF_CSUM_LEVEL_QUERY, INC, DEC and RESET: from one level to the next. */
const levelChanges: readonly ((level: number | undefined) => number | undefined)[] = [
  (level) => level,
  (level) => (level === undefined ? 0 : Math.min(level + 1, LARGEST_LEVEL)),
  (level) => (level === undefined || level === 0 ? undefined : level - 1),
  () => undefined,
];

/** The protocol behind the tags in the packet's bytes (skb_protocol). */
function innerProtocol(environment: HelperEnvironment): number {
  const { packet } = environment.run;
  let protocol = contextNumber(environment, 'protocol');
  for (let at = ETHERNET_TYPE + TAG_SIZE; isTag(protocol) && inside(packet, at, 2); at += TAG_SIZE)
    protocol = environment.memory.view.getUint16(packet.start + at, true);
  return protocol;
}

/** INET_ECN_set_ce: marks congestion on packets that may carry the mark; 1 when it stands there afterwards. */
function markCongestion(environment: HelperEnvironment): number {
  const { packet } = environment.run;
  const at = networkHeader(environment);
  if (!inside(packet, at, 1)) return 0;
  const { view, bytes } = environment.memory;
  const header = packet.start + at;
  const protocol = innerProtocol(environment);
  if (protocol === IP && inside(packet, at, 20)) {
    const mark = bytes[header + 1]! & 3;
    if (mark === 0) return 0;
    if (mark === 3) return 1;
    const before = view.getUint16(header, true);
    bytes[header + 1]! |= 3;
    const sum = fold((~view.getUint16(header + 10, true) & 0xffff) + (~before & 0xffff) + view.getUint16(header, true));
    view.setUint16(header + 10, ~sum & 0xffff, true);
    return 1;
  }
  if (protocol === IPV6 && inside(packet, at, 40)) {
    // The traffic class straddles the first two bytes: its lowest bits are bits 5 and 4 of the second.
    const mark = (bytes[header + 1]! >>> 4) & 3;
    if (mark === 0) return 0;
    bytes[header + 1]! |= 0x30;
    return 1;
  }
  return 0;
}

/** A hash of addresses and ports, as skb_get_hash makes one: the same for all packets of a flow. */
function flowHash(environment: HelperEnvironment): number {
  const { packet } = environment.run;
  const at = networkHeader(environment);
  if (!inside(packet, at, 20)) return 0;
  const { bytes } = environment.memory;
  const header = packet.start + at;
  const six = bytes[header]! >>> 4 === 6;
  const [from, to] = six ? [header + 8, header + 44] : [header + 12, header + 24];
  let hash = 0x811c_9dc5;
  for (let address = from; address < Math.min(to, packet.end); address++) hash = Math.imul(hash ^ bytes[address]!, 0x0100_0193);
  return hash >>> 0;
}

/** bpf_check_mtu (net/core/filter.c): 0, 1 when it is too long; the MTU is written back. */
function checkMtu(environment: HelperEnvironment, length: number, difference: number, flags: bigint): number {
  requireBytes(environment, length, 4, 'length');
  const { packet, layout } = environment.run;
  const socketBuffer = layout?.name === '__sk_buff';
  if ((flags & ~(socketBuffer ? 1n : 0n)) !== 0n) return -Errno.EINVAL;
  const { view } = environment.memory;
  const given = view.getUint32(length, true);
  const size = given === 0 ? (packet?.end ?? 0) - (packet?.start ?? 0) : given + ETHERNET_HEADER;
  view.setUint32(length, MTU, true);
  return size + difference > MTU + ETHERNET_HEADER ? FRAGMENTATION_NEEDED : 0;
}

function lookUpRoute(environment: HelperEnvironment, parameters: number, size: number, flags: number): number {
  if (size < FIB_PARAMETERS || (flags & ~FIB_FLAGS) !== 0) return -Errno.EINVAL;
  requireBytes(environment, parameters, FIB_PARAMETERS, 'parameters');
  const family = environment.memory.view.getUint8(parameters);
  return family === AF_INET || family === AF_INET6 ? NOT_FORWARDED : -EAFNOSUPPORT;
}

function setTimestamp(environment: HelperEnvironment, time: bigint, type: number): number {
  const protocol = contextNumber(environment, 'protocol');
  if (protocol !== IP && protocol !== IPV6) return -Errno.EOPNOTSUPP;
  // 0: no delivery time; 1: of the monotonic clock; 2: of the atomic clock.
  if (type > 2 || (type === 0) !== (time === 0n)) return -Errno.EINVAL;
  const { context, layout } = environment.run;
  const field = layout?.fields.find(({ name }) => name === 'tstamp');
  if (field !== undefined) environment.memory.view.setBigInt64(context + field.offset, time, true);
  setContextNumber(environment, 'tstamp_type', type);
  return 0;
}

function clear(environment: HelperEnvironment, to: number, size: number, code: number): number {
  requireBytes(environment, to, size, 'buffer');
  environment.memory.bytes.fill(0, to, to + size);
  return -code;
}

/** bpf_msg_push_data and bpf_msg_pop_data: insert or remove bytes within the message. */
function resizeMessage(environment: HelperEnvironment, start: number, length: number, flags: bigint, insert: boolean): number {
  const { packet } = environment.run;
  if (flags !== 0n || packet === undefined) return -Errno.EINVAL;
  if (length === 0) return 0;
  if (!inside(packet, start, insert ? 0 : length)) return -Errno.EINVAL;
  return resizeAt(environment, start, insert ? length : -length) ? 0 : -Errno.ENOMEM;
}

/** Helpers of Linux on socket buffers and socket messages beyond loads, stores and checksums, by name. */
export const socketBufferHelpers: Readonly<Record<string, HelperMaker>> = {
  bpf_skb_change_proto: row(
    'u32 u32 i64',
    'i32',
    (e) => (_context: number, protocol: number, flags: bigint) => changeProtocol(e, protocol & 0xffff, flags),
  ),
  bpf_skb_change_type: row('u32 u32', 'i32', (e) => (_context: number, type: number) => {
    if (contextNumber(e, 'pkt_type') > PACKET_OTHERHOST || type > PACKET_OTHERHOST) return -Errno.EINVAL;
    setContextNumber(e, 'pkt_type', type);
    return 0;
  }),
  bpf_skb_adjust_room: row(
    'u32 i32 u32 i64',
    'i32',
    (e) => (_context: number, delta: number, mode: number, flags: bigint) => adjustRoom(e, delta, mode, BigInt.asUintN(64, flags)),
  ),
  bpf_skb_vlan_push: row(
    'u32 u32 u32',
    'i32',
    (e) => (_context: number, protocol: number, tag: number) => pushTag(e, protocol & 0xffff, tag & 0xffff),
  ),
  bpf_skb_vlan_pop: row('u32', 'i32', (e) => (_context: number) => popTag(e)),
  bpf_skb_ecn_set_ce: row('u32', 'i32', (e) => (_context: number) => markCongestion(e)),
  bpf_get_hash_recalc: row('u32', 'u32', (e) => (_context: number) => {
    const known = contextNumber(e, 'hash');
    if (known !== 0) return known;
    const hash = flowHash(e);
    setContextNumber(e, 'hash', hash);
    return hash;
  }),
  bpf_set_hash: row('u32 u32', 'i32', (e) => (_context: number, hash: number) => {
    setContextNumber(e, 'hash', hash);
    return 0;
  }),
  bpf_set_hash_invalid: row('u32', 'none', (e) => (_context: number) => {
    setContextNumber(e, 'hash', 0);
    return undefined;
  }),
  // Only a packet whose checksum the card computed has something to update.
  bpf_csum_update: row('u32 u32', 'i32', () => (_context: number, _sum: number) => -Errno.ENOTSUPP),
  bpf_csum_level: row('u32 flags', 'i32', (e) => (_context: number, operation: number) => {
    const change = levelChanges[operation];
    if (change === undefined) return -Errno.EINVAL;
    const { notes } = e.run;
    notes.checksumLevel = change(notes.checksumLevel);
    return operation > 0 ? 0 : (notes.checksumLevel ?? -Errno.EACCES);
  }),
  bpf_skb_set_tstamp: row('u32 i64 u32', 'i32', (e) => (_context: number, time: bigint, type: number) => setTimestamp(e, time, type)),
  bpf_check_mtu: row(
    'u32 u32 u32 i32 i64',
    'i32',
    (e) => (_context: number, _interface: number, length: number, difference: number, flags: bigint) => checkMtu(e, length, difference, flags),
  ),
  bpf_fib_lookup: row(
    'u32 u32 i32 u32',
    'i32',
    (e) => (_context: number, parameters: number, size: number, flags: number) => lookUpRoute(e, parameters, size, flags),
  ),
  bpf_redirect_neigh: row('u32 u32 i32 i64', 'i32', (e) => (target: number, _neighbour: number, size: number, flags: bigint) => {
    if (flags !== 0n || (size !== 0 && size < 20)) return TC_ACT_SHOT;
    e.run.redirect = { target };
    return TC_ACT_REDIRECT;
  }),
  bpf_skb_set_tunnel_key: row('u32 u32 u32 i64', 'i32', (e) => (_context: number, from: number, size: number, flags: bigint) => {
    requireBytes(e, from, size, 'tunnel key');
    if ((flags & ~0x1fn) !== 0n || !TUNNEL_KEY_SIZES.has(size)) return -Errno.EINVAL;
    e.run.notes.tunnelKey = e.memory.read(from, size);
    return 0;
  }),
  // Packets here came through no tunnel: there is what the program itself set.
  bpf_skb_get_tunnel_key: row('u32 u32 u32 i64', 'i32', (e) => (_context: number, to: number, size: number, _flags: bigint) => {
    const { tunnelKey } = e.run.notes;
    if (tunnelKey === undefined || !TUNNEL_KEY_SIZES.has(size)) return clear(e, to, size, Errno.EINVAL);
    clear(e, to, size, 0);
    e.memory.write(to, tunnelKey.subarray(0, size));
    return 0;
  }),
  bpf_skb_get_tunnel_opt: row('u32 u32 u32', 'i32', (e) => (_context: number, to: number, size: number) => clear(e, to, size, Errno.ENOENT)),
  bpf_skb_set_tunnel_opt: row('u32 u32 u32', 'i32', (e) => (_context: number, _from: number, size: number) => {
    if (e.run.notes.tunnelKey === undefined || size % 4 !== 0) return -Errno.EINVAL;
    return size > IP_TUNNEL_OPTS_MAX ? -Errno.ENOMEM : 0;
  }),
  bpf_skb_get_xfrm_state: row(
    'u32 u32 u32 u32 i64',
    'i32',
    (e) => (_context: number, _index: number, to: number, size: number, _flags: bigint) => clear(e, to, size, Errno.EINVAL),
  ),
  bpf_msg_apply_bytes: row('u32 u32', 'i32', () => (_context: number, _bytes: number) => 0),
  bpf_msg_cork_bytes: row('u32 u32', 'i32', () => (_context: number, _bytes: number) => 0),
  bpf_msg_pull_data: row('u32 u32 u32 i64', 'i32', (e) => (_context: number, start: number, end: number, flags: bigint) => {
    if (flags !== 0n || end <= start) return -Errno.EINVAL;
    // The message is in one piece: from now on the program sees the part that it asked for.
    const { packet } = e.run;
    if (!inside(packet, start, end - start)) return -Errno.EINVAL;
    adjust(e, start, packet.start + end - packet.end, 0);
    return 0;
  }),
  bpf_msg_push_data: row(
    'u32 u32 u32 i64',
    'i32',
    (e) => (_context: number, start: number, length: number, flags: bigint) => resizeMessage(e, start, length, flags, true),
  ),
  bpf_msg_pop_data: row(
    'u32 u32 u32 i64',
    'i32',
    (e) => (_context: number, start: number, length: number, flags: bigint) => resizeMessage(e, start, length, flags, false),
  ),
};
