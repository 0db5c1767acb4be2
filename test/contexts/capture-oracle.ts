/**
 * A second reader of captures and packets for tests. It shares no code with src/runtime/capture and knows only what the captures of the
 * corpus need: no checks, no errors.
 */
export interface OracleFrame {
  /** Nanoseconds since 1970. */
  readonly time: bigint;
  readonly link: number;
  readonly bytes: Uint8Array;
}

export function oracleFrames(file: Uint8Array): OracleFrame[] {
  const data = Buffer.from(file);
  return data.readUInt32LE(0) === 0x0a0d0d0a ? blocks(data) : records(data);
}

function records(data: Buffer): OracleFrame[] {
  const first = data.readUInt32BE(0).toString(16);
  const big = first === 'a1b2c3d4' || first === 'a1b23c4d';
  const nano = first === 'a1b23c4d' || first === '4d3cb2a1';
  const word = (at: number) => (big ? data.readUInt32BE(at) : data.readUInt32LE(at));
  const frames: OracleFrame[] = [];
  let at = 24;
  while (at < data.length) {
    const size = word(at + 8);
    const time = BigInt(word(at)) * 10n ** 9n + BigInt(word(at + 4)) * (nano ? 1n : 1000n);
    frames.push({ time, link: word(20), bytes: new Uint8Array(data.subarray(at + 16, at + 16 + size)) });
    at += 16 + size;
  }
  return frames;
}

function blocks(data: Buffer): OracleFrame[] {
  const frames: OracleFrame[] = [];
  let big = false;
  let interfaces: { link: number; perSecond: bigint }[] = [];
  const word = (at: number) => (big ? data.readUInt32BE(at) : data.readUInt32LE(at));
  const half = (at: number) => (big ? data.readUInt16BE(at) : data.readUInt16LE(at));
  for (let at = 0; at < data.length; at += word(at + 4)) {
    const isSection = data.readUInt32LE(at) === 0x0a0d0d0a;
    if (isSection) {
      big = data.readUInt32BE(at + 8) === 0x1a2b3c4d;
      interfaces = [];
      continue;
    }
    const type = word(at);
    if (type === 1) {
      let perSecond = 1_000_000n;
      for (let option = at + 16; option < at + word(at + 4) - 4 && half(option) !== 0; option += 4 + ((half(option + 2) + 3) & ~3)) {
        const value = data[option + 4]!;
        if (half(option) === 9) perSecond = value < 128 ? 10n ** BigInt(value) : 2n ** BigInt(value - 128);
      }
      interfaces.push({ link: half(at + 8), perSecond });
    } else if (type === 6) {
      const { link, perSecond } = interfaces[word(at + 8)]!;
      const units = BigInt(word(at + 12)) * 2n ** 32n + BigInt(word(at + 16));
      const size = word(at + 20);
      frames.push({ time: (units * 10n ** 9n) / perSecond, link, bytes: new Uint8Array(data.subarray(at + 28, at + 28 + size)) });
    } else if (type === 3) {
      const size = Math.min(word(at + 8), word(at + 4) - 16);
      frames.push({ time: 0n, link: interfaces[0]!.link, bytes: new Uint8Array(data.subarray(at + 12, at + 12 + size)) });
    }
  }
  return frames;
}

/** What an Ethernet interface gets of a frame; undefined where it gets nothing. */
export function onEthernet({ link, bytes }: OracleFrame): Uint8Array | undefined {
  if (link === 1) return bytes;
  // Linux cooked: 16 bytes, of which the last two are the Ethernet type.
  if (link === 113) return bytes.length < 16 ? undefined : Uint8Array.from([...new Uint8Array(12), ...bytes.subarray(14)]);
  const ip = link === 101 || link === 12 || link === 228 || link === 229 ? bytes : undefined;
  const version = (ip?.[0] ?? 0) >> 4;
  if (ip === undefined || (version !== 4 && version !== 6)) return undefined;
  return Uint8Array.from([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, ...(version === 4 ? [0x08, 0x00] : [0x86, 0xdd]), ...ip]);
}

export interface OraclePacket {
  /** Ethernet type behind up to two tags; 0 where the frame ends before it. */
  readonly type: number;
  readonly tags: number;
  /** Where the network header begins. */
  readonly network: number;
  /** IP protocol or first next header; undefined where its header is cut. */
  readonly protocol: number | undefined;
  /** UDP ports; undefined for everything else. */
  readonly ports: readonly [number, number] | undefined;
}

export function dissect(frame: Uint8Array): OraclePacket {
  const data = Buffer.from(frame);
  const nothing = { type: 0, tags: 0, network: 0, protocol: undefined, ports: undefined };
  if (data.length < 14) return nothing;
  let network = 14;
  let tags = 0;
  while (tags < 2 && [0x8100, 0x88a8].includes(data.readUInt16BE(network - 2))) {
    if (data.length < network + 4) return nothing;
    network += 4;
    tags++;
  }
  const type = data.readUInt16BE(network - 2);
  const rest = data.subarray(network);
  let protocol: number | undefined;
  let transport: Buffer | undefined;
  if (type === 0x0800 && rest.length >= 20) {
    protocol = rest[9]!;
    if ((rest.readUInt16BE(6) & 0x1fff) === 0) transport = rest.subarray((rest[0]! & 15) * 4);
  } else if (type === 0x86dd && rest.length >= 40) {
    protocol = rest[6]!;
    transport = rest.subarray(40);
  }
  const ports = protocol === 17 && transport && transport.length >= 8 ? ([transport.readUInt16BE(0), transport.readUInt16BE(2)] as const) : undefined;
  return { type, tags, network, protocol, ports };
}

/** What samples/xdp_router.c makes of a frame: its verdict and the bytes that leave. */
export function routed(frame: Uint8Array): { readonly verdict: 'pass' | 'drop' | 'tx'; readonly bytes: Uint8Array } {
  const { type, tags, network, protocol } = dissect(frame);
  if (protocol === undefined) return { verdict: 'pass', bytes: frame };
  const changed = Buffer.from(frame);
  const life = type === 0x0800 ? network + 8 : network + 7;
  if (changed[life]! <= 1) return { verdict: 'drop', bytes: frame };
  const word = network + 8;
  const before = changed.readUInt16BE(word);
  changed[life]! -= 1;
  if (type === 0x0800) {
    // RFC 1624, equation 3.
    let sum = (~changed.readUInt16BE(network + 10) & 0xffff) + (~before & 0xffff) + changed.readUInt16BE(word);
    while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
    changed.writeUInt16BE(~sum & 0xffff, network + 10);
  }
  const swapped = Buffer.concat([changed.subarray(6, 12), changed.subarray(0, 6), changed.subarray(tags > 0 ? 16 : 12)]);
  return { verdict: 'tx', bytes: new Uint8Array(swapped) };
}

/** Whether an IPv4 header's checksum is right, summed up from scratch. */
export function headerSumIsRight(frame: Uint8Array): boolean {
  const { network } = dissect(frame);
  const header = Buffer.from(frame).subarray(network, network + (frame[network]! & 15) * 4);
  let sum = 0;
  for (let at = 0; at + 1 < header.length; at += 2) sum += header.readUInt16BE(at);
  return ((sum & 0xffff) + (sum >>> 16)) % 0xffff === 0;
}
