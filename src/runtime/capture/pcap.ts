import { type CapturedPacket, CaptureError, MAXIMUM_FRAME } from './packet.ts';

/**
 * The classic capture format (draft-ietf-opsawg-pcap):
 * ```
 * file:   u32 magic | u16 major, u16 minor | u32 0 | u32 0 | u32 snap length | u32 link type (upper half: the frame check sequence)
 * packet: u32 seconds | u32 micro- or nanoseconds | u32 captured length | u32 original length | bytes
 * ```
 * A patched tcpdump wrote headers of packets that are 8 bytes longer; before version 2.3 the two lengths change places, and in 2.3 some
 * writers still had it so (sf-pcap.c of libpcap).
 */
const FILE_HEADER = 24;
const PACKET_HEADER = 16;
const LINK_TYPE_MASK = 0xffff;
const PATCHED_HEADER = 24;
const LAST_SWAPPED = 3;

interface Format {
  readonly littleEndian: boolean;
  /** Nanoseconds per fraction. */
  readonly unit: bigint;
  readonly packetHeader: number;
}

/** By the magic number as read in little-endian order. */
const formats: ReadonlyMap<number, Format> = new Map([
  [0xa1b2_c3d4, { littleEndian: true, unit: 1000n, packetHeader: PACKET_HEADER }],
  [0xd4c3_b2a1, { littleEndian: false, unit: 1000n, packetHeader: PACKET_HEADER }],
  [0xa1b2_3c4d, { littleEndian: true, unit: 1n, packetHeader: PACKET_HEADER }],
  [0x4d3c_b2a1, { littleEndian: false, unit: 1n, packetHeader: PACKET_HEADER }],
  [0xa1b2_cd34, { littleEndian: true, unit: 1000n, packetHeader: PATCHED_HEADER }],
  [0x34cd_b2a1, { littleEndian: false, unit: 1000n, packetHeader: PATCHED_HEADER }],
]);

/** Whether the bytes begin like a classic capture. */
export function isPcap(bytes: Uint8Array): boolean {
  return bytes.length >= 4 && formats.has(new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true));
}

/** Packets one by one; throws CaptureError where the capture is cut or damaged. */
export function* readPcap(bytes: Uint8Array, path: string): Generator<CapturedPacket, undefined> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const format = bytes.length >= 4 ? formats.get(view.getUint32(0, true)) : undefined;
  if (format === undefined) throw new CaptureError(path, 'file header', 0, 'this is not a pcap file');
  if (bytes.length < FILE_HEADER)
    throw new CaptureError(path, 'file header', bytes.length, `the file ends after ${bytes.length} of ${FILE_HEADER} bytes`);
  const { littleEndian, unit, packetHeader } = format;
  const major = view.getUint16(4, littleEndian);
  if (major !== 2) throw new CaptureError(path, 'file header', 4, `version ${major} is not known`);
  const minor = view.getUint16(6, littleEndian);
  const linkType = view.getUint32(20, littleEndian) & LINK_TYPE_MASK;
  let offset = FILE_HEADER;
  for (let number = 1; offset < bytes.length; number++) {
    const section = `packet ${number}`;
    if (offset + packetHeader > bytes.length) throw new CaptureError(path, section, offset, `its header is cut after ${bytes.length - offset} bytes`);
    const first = view.getUint32(offset + 8, littleEndian);
    const second = view.getUint32(offset + 12, littleEndian);
    const swapped = minor < LAST_SWAPPED || (minor === LAST_SWAPPED && first > second);
    const [length, originalLength] = swapped ? [second, first] : [first, second];
    if (length > MAXIMUM_FRAME) throw new CaptureError(path, section, offset + 8, `a captured length of ${length} bytes is not possible`);
    const start = offset + packetHeader;
    if (start + length > bytes.length)
      throw new CaptureError(path, section, start, `it has ${length} bytes, of which ${bytes.length - start} are there`);
    const timestamp = BigInt(view.getUint32(offset, littleEndian)) * 1_000_000_000n + BigInt(view.getUint32(offset + 4, littleEndian)) * unit;
    yield { timestamp, linkType, data: bytes.slice(start, start + length), originalLength, interfaceId: 0, number };
    offset = start + length;
  }
  return undefined;
}

/** A little-endian capture with nanoseconds. All packets must have the link type. */
export function writePcap(packets: Iterable<Pick<CapturedPacket, 'timestamp' | 'data' | 'originalLength'>>, linkType: number): Uint8Array {
  const parts: Uint8Array[] = [];
  const header = new Uint8Array(FILE_HEADER);
  const view = new DataView(header.buffer);
  view.setUint32(0, 0xa1b2_3c4d, true);
  view.setUint16(4, 2, true);
  view.setUint16(6, 4, true);
  view.setUint32(16, MAXIMUM_FRAME, true);
  view.setUint32(20, linkType, true);
  parts.push(header);
  for (const packet of packets) {
    const part = new Uint8Array(PACKET_HEADER + packet.data.length);
    const fields = new DataView(part.buffer);
    fields.setUint32(0, Number(packet.timestamp / 1_000_000_000n), true);
    fields.setUint32(4, Number(packet.timestamp % 1_000_000_000n), true);
    fields.setUint32(8, packet.data.length, true);
    fields.setUint32(12, packet.originalLength, true);
    part.set(packet.data, PACKET_HEADER);
    parts.push(part);
  }
  return concatenate(parts);
}

/** The parts one after the other. */
export function concatenate(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((size, part) => size + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
}
