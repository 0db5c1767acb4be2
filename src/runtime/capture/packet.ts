/** Link types that the readers know (tcpdump.org/linktypes.html). */
export const LinkType = {
  null: 0,
  ethernet: 1,
  rawLegacy: 12,
  rawOpenBsd: 14,
  raw: 101,
  loop: 108,
  linuxCooked: 113,
  ipv4: 228,
  ipv6: 229,
  linuxCooked2: 276,
} as const;

/** One captured frame. */
export interface CapturedPacket {
  /** Nanoseconds since 1970. */
  readonly timestamp: bigint;
  readonly linkType: number;
  /** The captured bytes; fewer than `originalLength` when the capture was cut by its snap length. */
  readonly data: Uint8Array;
  readonly originalLength: number;
  /** pcapng: interface number of its section; 0 in pcap. */
  readonly interfaceId: number;
  /** Position in the capture, from 1. */
  readonly number: number;
}

/** A capture that cannot be read on from `offset`. The packets before it are good. */
export class CaptureError extends Error {
  readonly path: string;
  /** Byte offset of what is wrong. */
  readonly offset: number;
  /** "file header", "packet 7", "section header block". */
  readonly section: string;
  constructor(path: string, section: string, offset: number, message: string) {
    super(`${path}: ${section} at offset ${offset}: ${message}`);
    this.name = 'CaptureError';
    this.path = path;
    this.offset = offset;
    this.section = section;
  }
}

/** No frame of any real link is longer; a larger length means damage (also libpcap's limit). */
export const MAXIMUM_FRAME = 0x4_0000;

const ETHERNET_HEADER = 14;
const LOOPBACK_HEADER = 4;
/** Bytes of a Linux cooked header, and where it has the Ethernet type (LINUX_SLL and LINUX_SLL2). */
const COOKED = { header: 16, type: 14 } as const;
const COOKED_2 = { header: 20, type: 0 } as const;
const ETHERTYPE_IPV4 = 0x0800;
const ETHERTYPE_IPV6 = 0x86dd;

/**
 * The frame as an Ethernet frame, for hooks that expect one: raw IP, loopback and Linux cooked captures get an Ethernet header with zero
 * addresses. Undefined for link types that carry no Ethernet or IP, and for frames shorter than their link header.
 */
export function asEthernet(packet: CapturedPacket): Uint8Array | undefined {
  const { data, linkType } = packet;
  if (linkType === LinkType.ethernet) return data;
  if (linkType === LinkType.linuxCooked || linkType === LinkType.linuxCooked2) {
    const { header, type } = linkType === LinkType.linuxCooked ? COOKED : COOKED_2;
    return data.length < header ? undefined : withHeader(data.subarray(header), (data[type]! << 8) | data[type + 1]!);
  }
  if (linkType === LinkType.null || linkType === LinkType.loop) {
    return data.length < LOOPBACK_HEADER ? undefined : fromIp(data.subarray(LOOPBACK_HEADER));
  }
  const ip: readonly number[] = [LinkType.raw, LinkType.rawLegacy, LinkType.rawOpenBsd, LinkType.ipv4, LinkType.ipv6];
  return ip.includes(linkType) ? fromIp(data) : undefined;
}

/** The IP packet inside a frame, VLAN tags skipped; undefined when it carries something else. */
export function asIp(packet: CapturedPacket): Uint8Array | undefined {
  const frame = asEthernet(packet);
  if (frame === undefined) return undefined;
  let offset = ETHERNET_HEADER;
  while (offset <= frame.length) {
    const type = (frame[offset - 2]! << 8) | frame[offset - 1]!;
    if (type === ETHERTYPE_IPV4 || type === ETHERTYPE_IPV6) return frame.subarray(offset);
    if (type !== 0x8100 && type !== 0x88a8) return undefined;
    offset += 4;
  }
  return undefined;
}

function fromIp(data: Uint8Array): Uint8Array | undefined {
  const version = (data[0] ?? 0) >>> 4;
  if (version === 4) return withHeader(data, ETHERTYPE_IPV4);
  return version === 6 ? withHeader(data, ETHERTYPE_IPV6) : undefined;
}

function withHeader(payload: Uint8Array, type: number): Uint8Array {
  const frame = new Uint8Array(ETHERNET_HEADER + payload.length);
  frame[12] = type >>> 8;
  frame[13] = type & 0xff;
  frame.set(payload, ETHERNET_HEADER);
  return frame;
}
