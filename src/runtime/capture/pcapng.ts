import { type CapturedPacket, CaptureError, LinkType, MAXIMUM_FRAME } from './packet.ts';
import { concatenate } from './pcap.ts';

/**
 * The block-structured capture format (draft-ietf-opsawg-pcapng). Every block: u32 type, u32 total length, body, u32 total length.
 * Each section header block sets the byte order of what follows and forgets the interfaces before it.
 */
const Block = { section: 0x0a0d_0d0a, interface: 1, packet: 2, simplePacket: 3, enhancedPacket: 6 } as const;
const BYTE_ORDER_MAGIC = 0x1a2b_3c4d;
const SMALLEST_BLOCK = 12;
const SECTION_BODY = 16;
const LARGEST_BLOCK = 0x100_0000;
const OPTION_END = 0;
const OPTION_RESOLUTION = 9;
const OPTION_OFFSET = 14;

interface Interface {
  readonly linkType: number;
  readonly snapLength: number;
  /** Nanoseconds = units * scale / divisor. */
  readonly scale: bigint;
  readonly divisor: bigint;
  readonly offset: bigint;
}

/** Whether the bytes begin with a section header block. */
export function isPcapng(bytes: Uint8Array): boolean {
  return bytes.length >= 4 && new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true) === Block.section;
}

class SectionReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #path: string;
  #littleEndian = true;
  #interfaces: Interface[] = [];

  constructor(bytes: Uint8Array, path: string) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    this.#path = path;
  }

  *packets(): Generator<CapturedPacket, undefined> {
    let offset = 0;
    let number = 0;
    while (offset < this.#bytes.length) {
      const { type, length } = this.#block(offset, number);
      const body = offset + 8;
      const end = offset + length - 4;
      if (type === Block.section) this.#section(body, end);
      if (type === Block.interface) this.#interface(body, end);
      const packet = this.#packet(type, body, end, number + 1);
      if (packet !== undefined) {
        number++;
        yield packet;
      }
      offset += length;
    }
    return undefined;
  }

  #u32(offset: number): number {
    return this.#view.getUint32(offset, this.#littleEndian);
  }

  #fail(section: string, offset: number, message: string): CaptureError {
    return new CaptureError(this.#path, section, offset, message);
  }

  /** Type and length of the block at an offset, after checking that it is whole. */
  #block(offset: number, packets: number): { readonly type: number; readonly length: number } {
    const section = offset === 0 ? 'section header block' : `block after packet ${packets}`;
    const left = this.#bytes.length - offset;
    if (left < SMALLEST_BLOCK) throw this.#fail(section, offset, `the file ends after ${left} of at least ${SMALLEST_BLOCK} bytes`);
    const first = this.#view.getUint32(offset, true);
    if (first === Block.section) {
      const magic = this.#view.getUint32(offset + 8, true);
      if (magic === BYTE_ORDER_MAGIC) this.#littleEndian = true;
      else if (this.#view.getUint32(offset + 8, false) === BYTE_ORDER_MAGIC) this.#littleEndian = false;
      else throw this.#fail(section, offset + 8, `0x${magic.toString(16)} is no byte-order magic`);
      this.#interfaces = [];
    } else if (offset === 0) throw this.#fail(section, 0, 'this is not a pcapng file');
    const length = this.#u32(offset + 4);
    if (length < SMALLEST_BLOCK || length % 4 !== 0 || length > LARGEST_BLOCK)
      throw this.#fail(section, offset + 4, `a block of ${length} bytes is not possible`);
    if (length > left) throw this.#fail(section, offset, `it has ${length} bytes, of which ${left} are there`);
    if (this.#u32(offset + length - 4) !== length) throw this.#fail(section, offset + length - 4, 'its two lengths differ');
    return { type: first === Block.section ? first : this.#u32(offset), length };
  }

  #section(body: number, end: number): void {
    if (end - body < SECTION_BODY) throw this.#fail('section header block', body, 'it is too short');
    const major = this.#view.getUint16(body + 4, this.#littleEndian);
    if (major !== 1) throw this.#fail('section header block', body + 4, `version ${major} is not known`);
  }

  #interface(body: number, end: number): void {
    if (end - body < 8) throw this.#fail('interface description block', body, 'it is too short');
    let resolution = 6;
    let seconds = 0n;
    for (let option = body + 8; option + 4 <= end; ) {
      const code = this.#view.getUint16(option, this.#littleEndian);
      const length = this.#view.getUint16(option + 2, this.#littleEndian);
      if (code === OPTION_END) break;
      if (option + 4 + length > end) throw this.#fail('interface description block', option, `option ${code} runs over its end`);
      if (code === OPTION_RESOLUTION && length >= 1) resolution = this.#bytes[option + 4]!;
      if (code === OPTION_OFFSET && length >= 8) seconds = this.#view.getBigInt64(option + 4, this.#littleEndian);
      option += 4 + Math.ceil(length / 4) * 4;
    }
    const binary = (resolution & 0x80) !== 0;
    const exponent = BigInt(resolution & 0x7f);
    this.#interfaces.push({
      linkType: this.#view.getUint16(body, this.#littleEndian),
      snapLength: this.#u32(body + 4),
      scale: 1_000_000_000n,
      divisor: binary ? 1n << exponent : 10n ** exponent,
      offset: seconds * 1_000_000_000n,
    });
  }

  #packet(type: number, body: number, end: number, number: number): CapturedPacket | undefined {
    const section = `packet ${number}`;
    if (type === Block.simplePacket) {
      const description = this.#description(0, section, body);
      if (end - body < 4) throw this.#fail(section, body, 'its block is too short');
      const originalLength = this.#u32(body);
      const limit = description.snapLength === 0 ? originalLength : Math.min(originalLength, description.snapLength);
      return this.#cut(section, number, 0, description, 0n, body + 4, Math.min(limit, end - body - 4), originalLength, end);
    }
    if (type !== Block.enhancedPacket && type !== Block.packet) return undefined;
    if (end - body < 20) throw this.#fail(section, body, 'its block is too short');
    const id = type === Block.packet ? this.#view.getUint16(body, this.#littleEndian) : this.#u32(body);
    const description = this.#description(id, section, body);
    const units = (BigInt(this.#u32(body + 4)) << 32n) | BigInt(this.#u32(body + 8));
    const timestamp = (units * description.scale) / description.divisor + description.offset;
    return this.#cut(section, number, id, description, timestamp, body + 20, this.#u32(body + 12), this.#u32(body + 16), end);
  }

  #description(id: number, section: string, offset: number): Interface {
    const description = this.#interfaces[id];
    if (description === undefined) throw this.#fail(section, offset, `interface ${id} was not described`);
    return description;
  }

  #cut(
    section: string,
    number: number,
    interfaceId: number,
    description: Interface,
    timestamp: bigint,
    start: number,
    length: number,
    originalLength: number,
    end: number,
  ): CapturedPacket {
    if (length > MAXIMUM_FRAME || start + length > end) throw this.#fail(section, start, `its ${length} bytes do not fit into its block`);
    return { timestamp, linkType: description.linkType, data: this.#bytes.slice(start, start + length), originalLength, interfaceId, number };
  }
}

/** Packets one by one; throws CaptureError where the capture is cut or damaged. */
export function readPcapng(bytes: Uint8Array, path: string): Generator<CapturedPacket, undefined> {
  return new SectionReader(bytes, path).packets();
}

function block(type: number, body: Uint8Array): Uint8Array {
  const length = 12 + Math.ceil(body.length / 4) * 4;
  const bytes = new Uint8Array(length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, type, true);
  view.setUint32(4, length, true);
  bytes.set(body, 8);
  view.setUint32(length - 4, length, true);
  return bytes;
}

/** A little-endian capture with one section, an interface per link type, and nanoseconds. */
export function writePcapng(
  packets: Iterable<Pick<CapturedPacket, 'timestamp' | 'data' | 'originalLength'> & { readonly linkType?: number }>,
): Uint8Array {
  const section = new Uint8Array(16);
  const head = new DataView(section.buffer);
  head.setUint32(0, BYTE_ORDER_MAGIC, true);
  head.setUint16(4, 1, true);
  head.setBigInt64(8, -1n, true);
  const parts = [block(Block.section, section)];
  const interfaces = new Map<number, number>();
  for (const packet of packets) {
    const linkType = packet.linkType ?? LinkType.ethernet;
    let id = interfaces.get(linkType);
    if (id === undefined) {
      id = interfaces.size;
      interfaces.set(linkType, id);
      parts.push(block(Block.interface, interfaceBody(linkType)));
    }
    const body = new Uint8Array(20 + packet.data.length);
    const view = new DataView(body.buffer);
    view.setUint32(0, id, true);
    view.setUint32(4, Number(packet.timestamp >> 32n), true);
    view.setUint32(8, Number(packet.timestamp & 0xffff_ffffn), true);
    view.setUint32(12, packet.data.length, true);
    view.setUint32(16, packet.originalLength, true);
    body.set(packet.data, 20);
    parts.push(block(Block.enhancedPacket, body));
  }
  return concatenate(parts);
}

function interfaceBody(linkType: number): Uint8Array {
  const body = new Uint8Array(20);
  const view = new DataView(body.buffer);
  view.setUint16(0, linkType, true);
  view.setUint16(8, OPTION_RESOLUTION, true);
  view.setUint16(10, 1, true);
  view.setUint8(12, 9);
  return body;
}
