import { Errno } from '../result.ts';
import { type HelperEnvironment, type HelperMaker, type PacketBuffer, requireBytes, row, storeField } from './environment.ts';
import { addOnes } from './memory.ts';

const ETHERNET_HEADER = 14;
/** Helpers refuse offsets that no packet has, whatever its length. */
const LARGEST_OFFSET = 0xffff;

/** Fields that hold the packet's length, by structure. */
const lengths: Readonly<Record<string, string>> = {
  __sk_buff: 'len',
  sk_msg_md: 'size',
  sk_reuseport_md: 'len',
  bpf_sock_ops: 'skb_len',
};

/** Writes the packet's ends into the context fields that hold them, and its length where there is a field for it. */
export function publishPacket(environment: HelperEnvironment): void {
  const { context, layout, packet } = environment.run;
  if (context === 0 || layout === undefined || packet === undefined) return;
  for (const field of layout.fields) {
    const address = context + field.offset;
    if (field.kind === 'packet') storeField(environment, address, field.size, packet.start);
    else if (field.kind === 'packet_meta') storeField(environment, address, field.size, packet.meta ?? packet.start);
    else if (field.kind === 'packet_end') storeField(environment, address, field.size, packet.end);
    else if (lengths[layout.name] === field.name) storeField(environment, address, field.size, packet.end - packet.start);
  }
}

function invalid(environment: HelperEnvironment): number {
  return -environment.rules.codes.invalid;
}

/**
 * Moves the start by delta (negative: towards the headroom, which shows what lies there) and the end by tail (which begins as zeros); false when
 * the buffer does not allow it.
 */
export function adjust(environment: HelperEnvironment, delta: number, tail: number, least: number): boolean {
  const { packet } = environment.run;
  if (packet === undefined) return false;
  const start = packet.start + delta;
  const end = packet.end + tail;
  const metadata = packet.start - (packet.meta ?? packet.start);
  if (start - metadata < packet.bufferStart || end > packet.bufferEnd || end - start < least) return false;
  if (metadata > 0) environment.memory.bytes.copyWithin(start - metadata, packet.start - metadata, packet.start);
  if (tail > 0) environment.memory.bytes.fill(0, packet.end, end);
  if (packet.meta !== undefined) packet.meta = start - metadata;
  packet.start = start;
  packet.end = end;
  publishPacket(environment);
  return true;
}

/** Inserts or removes `delta` bytes at an offset of the packet. */
export function resizeAt(environment: HelperEnvironment, offset: number, delta: number): boolean {
  const { packet } = environment.run;
  if (packet === undefined || offset > packet.end - packet.start) return false;
  const { bytes } = environment.memory;
  if (delta > 0) {
    if (!adjust(environment, -delta, 0, 0)) return false;
    bytes.copyWithin(packet.start, packet.start + delta, packet.start + delta + offset);
    bytes.fill(0, packet.start + offset, packet.start + offset + delta);
    return true;
  }
  if (offset - delta > packet.end - packet.start) return false;
  bytes.copyWithin(packet.start - delta, packet.start, packet.start + offset);
  return adjust(environment, -delta, 0, 0);
}

/** Whether `size` bytes at an offset lie in the packet. */
export function inside(packet: PacketBuffer | undefined, offset: number, size: number): packet is PacketBuffer {
  return packet !== undefined && offset >= 0 && size >= 0 && packet.start + offset + size <= packet.end;
}

/** Offset of the network header: the link header is in front where the program sees it. */
export function networkHeader({ run: { packet } }: HelperEnvironment): number {
  return packet?.network ?? (packet?.linkStart === undefined ? ETHERNET_HEADER : 0);
}

/** Copies bytes at an offset from `base`, by default the packet's start. */
function loadBytes(environment: HelperEnvironment, offset: number, to: number, size: number, base = environment.run.packet?.start ?? 0): number {
  requireBytes(environment, to, size, 'destination');
  const { packet } = environment.run;
  const from = base + offset;
  const { bytes } = environment.memory;
  if (packet === undefined || offset > LARGEST_OFFSET || from + size > packet.end) {
    bytes.fill(0, to, to + size);
    return -Errno.EFAULT;
  }
  bytes.copyWithin(to, from, from + size);
  return 0;
}

/** Where the link or the network header begins (BPF_HDR_START_MAC, BPF_HDR_START_NET); undefined for anything else. */
function headerStart(environment: HelperEnvironment, header: number): number | undefined {
  const { packet } = environment.run;
  if (packet === undefined || header > 1) return undefined;
  return header === 0 ? (packet.linkStart ?? packet.start) : packet.start + networkHeader(environment);
}

/** bpf_skb_change_head: room for a link header of its own; the network header stays where it is. */
function changeHead(environment: HelperEnvironment, size: number, flags: number): number {
  const network = networkHeader(environment) + size;
  const { packet } = environment.run;
  if (flags !== 0 || packet === undefined || !adjust(environment, -size, 0, 0)) return -Errno.EINVAL;
  environment.memory.bytes.fill(0, packet.start, packet.start + size);
  packet.network = network;
  return 0;
}

function storeBytes(environment: HelperEnvironment, offset: number, from: number, size: number): number {
  requireBytes(environment, from, size, 'source');
  const { packet } = environment.run;
  if (!inside(packet, offset, size)) return -Errno.EFAULT;
  environment.memory.bytes.copyWithin(packet.start + offset, from, from + size);
  return 0;
}

/** Why bytes of an XDP frame cannot be reached (bpf_xdp_pointer); 0: they can. */
function frameError(environment: HelperEnvironment, offset: number, size: number): number {
  if (offset > LARGEST_OFFSET || size > LARGEST_OFFSET) return -Errno.EFAULT;
  return inside(environment.run.packet, offset, size) ? 0 : -Errno.EINVAL;
}

/** A 32-bit one's complement sum as 16 bits. */
export function fold(sum: number): number {
  const once = (sum & 0xffff) + (sum >>> 16);
  return ((once & 0xffff) + (once >>> 16)) & 0xffff;
}

/** Flags of bpf_l4_csum_replace beside the size of the field (BPF_F_PSEUDO_HDR, BPF_F_IPV6 ...). */
const MANGLED_ZERO = 0x20;
const MARK_ENFORCE = 0x40;
const TRANSPORT_FLAGS = 0xff;

/** Replaces what changed in an Internet checksum: sum' = ~(~sum + ~from + to). Sizes 2 and 4, or 0 where `to` is a difference. */
function replaceChecksum(environment: HelperEnvironment, offset: number, from: number, to: number, flags: number, transport: boolean): number {
  const { packet } = environment.run;
  const size = flags & 0xf;
  const mangledZero = transport && (flags & MANGLED_ZERO) !== 0;
  if ((flags & ~(transport ? TRANSPORT_FLAGS : 0xf)) !== 0) return -Errno.EINVAL;
  if (offset > LARGEST_OFFSET || !inside(packet, offset, 2) || offset % 2 !== 0) return -Errno.EFAULT;
  const { view } = environment.memory;
  const stored = view.getUint16(packet.start + offset, true);
  if (mangledZero && (flags & MARK_ENFORCE) === 0 && stored === 0) return 0;
  if (![0, 2, 4].includes(size) || (size === 0 && from !== 0)) return -Errno.EINVAL;
  const removed = size === 2 ? ~from & 0xffff : ~from >>> 0;
  let sum = ~stored & 0xffff;
  if (size !== 0) sum = addOnes(sum, removed);
  sum = addOnes(sum, size === 2 ? to & 0xffff : to >>> 0);
  const result = ~fold(sum) & 0xffff;
  view.setUint16(packet.start + offset, mangledZero && result === 0 ? 0xffff : result, true);
  return 0;
}

const redirectTo = (environment: HelperEnvironment, target: number, flags: number, action: number, aborted: number): number => {
  if ((flags & ~1) !== 0) return aborted;
  environment.run.redirect = { target };
  return action;
};

/** Largest XDP metadata (skb_shared_info.meta_len). */
const LARGEST_METADATA = 255;

/** bpf_xdp_adjust_meta: whole words in front of the packet (net/core/filter.c). */
function adjustMetadata(environment: HelperEnvironment, delta: number): number {
  const { packet } = environment.run;
  if (packet === undefined) return -Errno.ENOTSUPP;
  const meta = (packet.meta ?? packet.start) + delta;
  const size = packet.start - meta;
  if (meta < packet.bufferStart || size < 0) return -Errno.EINVAL;
  if ((size & 3) !== 0 || size > LARGEST_METADATA) return -Errno.EACCES;
  packet.meta = meta;
  publishPacket(environment);
  return 0;
}

/** Packet helpers of eBPF for Windows. */
export const windowsPacket: Readonly<Record<string, HelperMaker>> = {
  bpf_xdp_adjust_head: row('u32 i32', 'i32', (e) => (_context: number, delta: number) => (adjust(e, delta, 0, 0) ? 0 : invalid(e))),
};

/** Packet helpers of Linux that need no network stack. */
export const linuxPacket: Readonly<Record<string, HelperMaker>> = {
  bpf_xdp_adjust_head: row('u32 i32', 'i32', (e) => (_context: number, delta: number) => (adjust(e, delta, 0, ETHERNET_HEADER) ? 0 : -Errno.EINVAL)),
  bpf_xdp_adjust_tail: row('u32 i32', 'i32', (e) => (_context: number, delta: number) => (adjust(e, 0, delta, ETHERNET_HEADER) ? 0 : -Errno.EINVAL)),
  bpf_xdp_adjust_meta: row('u32 i32', 'i32', (e) => (_context: number, delta: number) => adjustMetadata(e, delta)),
  bpf_xdp_get_buff_len: row('u32', 'i64', (e) => (_context: number) => BigInt((e.run.packet?.end ?? 0) - (e.run.packet?.start ?? 0))),
  // Unlike loads of socket buffers, one that fails leaves the destination as it was.
  bpf_xdp_load_bytes: row(
    'u32 u32 u32 u32',
    'i32',
    (e) => (_context: number, offset: number, to: number, size: number) => frameError(e, offset, size) || loadBytes(e, offset, to, size),
  ),
  bpf_xdp_store_bytes: row(
    'u32 u32 u32 u32',
    'i32',
    (e) => (_context: number, offset: number, from: number, size: number) => frameError(e, offset, size) || storeBytes(e, offset, from, size),
  ),
  bpf_skb_load_bytes: row(
    'u32 u32 u32 u32',
    'i32',
    (e) => (_context: number, offset: number, to: number, size: number) => loadBytes(e, offset, to, size),
  ),
  bpf_skb_load_bytes_relative: row(
    'u32 u32 u32 u32 u32',
    'i32',
    (e) => (_context: number, offset: number, to: number, size: number, header: number) =>
      loadBytes(e, offset, to, size, headerStart(e, header) ?? Number.POSITIVE_INFINITY),
  ),
  bpf_skb_store_bytes: row(
    'u32 u32 u32 u32 flags',
    'i32',
    (e) => (_context: number, offset: number, from: number, size: number, flags: number) =>
      (flags & ~3) !== 0 ? -Errno.EINVAL : storeBytes(e, offset, from, size),
  ),
  bpf_skb_pull_data: row('u32 u32', 'i32', (e) => (_context: number, size: number) => (inside(e.run.packet, 0, size) ? 0 : -Errno.ENOMEM)),
  bpf_skb_change_tail: row('u32 u32 flags', 'i32', (e) => (_context: number, size: number, flags: number) => {
    const { packet } = e.run;
    if (flags !== 0 || packet === undefined) return -Errno.EINVAL;
    return adjust(e, 0, size - (packet.end - packet.start), ETHERNET_HEADER) ? 0 : -Errno.EINVAL;
  }),
  bpf_skb_change_head: row('u32 u32 flags', 'i32', (e) => (_context: number, size: number, flags: number) => changeHead(e, size, flags)),
  bpf_l3_csum_replace: row(
    'u32 u32 u32 u32 flags',
    'i32',
    (e) => (_context: number, offset: number, from: number, to: number, flags: number) => replaceChecksum(e, offset, from, to, flags, false),
  ),
  bpf_l4_csum_replace: row(
    'u32 u32 u32 u32 flags',
    'i32',
    (e) => (_context: number, offset: number, from: number, to: number, flags: number) => replaceChecksum(e, offset, from, to, flags, true),
  ),
  bpf_get_route_realm: row('u32', 'u32', () => (_context: number) => 0),
  bpf_redirect: row(
    'u32 flags',
    'i32',
    (e) => (target: number, flags: number) =>
      e.run.programType === 'xdp' ? redirectTo(e, target, flags === 0 ? 0 : 2, 4, 0) : redirectTo(e, target, flags, 7, 2),
  ),
  bpf_clone_redirect: row('u32 u32 flags', 'i32', (e) => (_context: number, target: number, flags: number) => {
    if ((flags & ~1) !== 0) return -Errno.EINVAL;
    e.run.redirect = { target };
    return 0;
  }),
  bpf_redirect_peer: row('u32 flags', 'i32', (e) => (target: number, flags: number) => redirectTo(e, target, flags === 0 ? 0 : 2, 7, 2)),
};
