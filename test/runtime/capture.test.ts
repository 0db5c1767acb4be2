import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readCapture } from '../../src/runtime/capture/capture.ts';
import { asEthernet, asIp, type CapturedPacket, CaptureError, LinkType } from '../../src/runtime/capture/packet.ts';
import { writePcap } from '../../src/runtime/capture/pcap.ts';
import { writePcapng } from '../../src/runtime/capture/pcapng.ts';
import { fireHook } from '../../src/runtime/hooks/fire.ts';
import { XdpHook } from '../../src/runtime/hooks/xdp.ts';
import { corpusPath, reportSkipped } from '../corpus.ts';
import { outcome, u32 } from './map-fixture.ts';
import { sample, testRuntime } from './runtime-fixture.ts';

function all(bytes: Uint8Array): { packets: CapturedPacket[]; error: CaptureError | undefined } {
  const packets: CapturedPacket[] = [];
  try {
    for (const packet of readCapture(bytes, 'x.pcap')) packets.push(packet);
    return { packets, error: undefined };
  } catch (error) {
    if (!(error instanceof CaptureError)) throw error;
    return { packets, error };
  }
}

/** An independent count: walks the classic format with nothing but its length fields. */
function countPcap(bytes: Uint8Array, little: boolean): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  let count = 0;
  for (let offset = 24; offset < bytes.length; count++) offset += 16 + view.getUint32(offset + 8, little);
  return count;
}

const corpus = [
  ['4KHttpRequests.pcap', true, LinkType.ethernet],
  ['DnsPackets.pcap', true, LinkType.ethernet],
  ['VlanPackets.pcap', true, LinkType.ethernet],
  ['microsecs_big_endian.pcap', false, 253],
  ['one_ipv6_http_stream.pcap', true, LinkType.raw],
  ['raw_ip.pcap', true, LinkType.raw],
] as const;

describe('captures of the corpus', () => {
  for (const [name, little, linkType] of corpus) {
    const path = corpusPath(`pcap/${name}`);
    if (path === undefined) {
      reportSkipped('pcap', 1);
      continue;
    }
    it(name, () => {
      const bytes = new Uint8Array(readFileSync(path));
      const { packets, error } = all(bytes);
      expect(error).toBeUndefined();
      expect(packets.length).toBe(countPcap(bytes, little));
      expect(new Set(packets.map((packet) => packet.linkType))).toEqual(new Set([linkType]));
      // Netlink messages (link type 253) carry no Ethernet frames.
      expect(packets.every((packet) => (asEthernet(packet) !== undefined) === (linkType !== 253))).toBe(true);
      const again = all(writePcap(packets, packets[0]!.linkType)).packets;
      expect(again).toEqual(packets);
    });
  }
  const pcapng = corpusPath('pcap/pcapng-example.pcapng');
  it.skipIf(pcapng === undefined)('pcapng-example.pcapng', () => {
    const { packets, error } = all(new Uint8Array(readFileSync(pcapng!)));
    expect(error).toBeUndefined();
    expect(packets.length).toBeGreaterThan(0);
    const again = all(writePcapng(packets)).packets;
    // One timestamp of this capture lies before 1970; in 64 bits of nanoseconds it wraps.
    const content = ({ data, timestamp, linkType }: CapturedPacket) => [data, BigInt.asUintN(64, timestamp), linkType];
    expect(again.map(content)).toEqual(packets.map(content));
  });
});

describe('written captures', () => {
  const frame = fc
    .record({ timestamp: fc.bigInt(0n, (1n << 32n) * 1_000_000_000n - 1n), data: fc.uint8Array({ maxLength: 80 }) })
    .map((packet) => ({ ...packet, originalLength: packet.data.length }));
  it('are read back in both formats', () => {
    fc.assert(
      fc.property(fc.array(frame, { maxLength: 8 }), (frames) => {
        const read = [all(writePcap(frames, 1)), all(writePcapng(frames))];
        return read.every(
          ({ packets, error }) =>
            error === undefined &&
            packets.length === frames.length &&
            packets.every((packet, index) => packet.timestamp === frames[index]!.timestamp && packet.data.join() === frames[index]!.data.join()),
        );
      }),
      { numRuns: 100 },
    );
  });

  it('cut anywhere: the good packets, then one located error', () => {
    const frames = [1, 2, 3].map((size) => ({ timestamp: 5n, data: new Uint8Array(size * 10), originalLength: size * 10 }));
    for (const whole of [writePcap(frames, 1), writePcapng(frames)]) {
      for (let size = 0; size < whole.length; size++) {
        const { packets, error } = all(whole.slice(0, size));
        const boundary = error === undefined;
        expect(packets.length).toBeLessThan(boundary ? 4 : 3);
        if (!boundary) expect(error.offset).toBeLessThanOrEqual(size);
      }
    }
  });

  it('damaged anywhere: never anything but a CaptureError', () => {
    const base = [
      writePcap([{ timestamp: 1n, data: new Uint8Array(40), originalLength: 40 }], 1),
      writePcapng([{ timestamp: 1n, data: new Uint8Array(40), originalLength: 40 }]),
    ];
    fc.assert(
      fc.property(fc.constantFrom(...base), fc.array(fc.tuple(fc.nat(200), fc.nat(255)), { minLength: 1, maxLength: 4 }), (bytes, changes) => {
        const copy = bytes.slice();
        for (const [offset, value] of changes) copy[offset % copy.length] = value;
        all(copy);
        return true;
      }),
      { numRuns: 2000 },
    );
  });
});

describe('classic captures of other writers', () => {
  const frame = Uint8Array.from({ length: 20 }, (_, index) => index);
  /** A capture with one frame. */
  function capture(magic: number, minor: number, linkType: number, lengths: readonly [number, number], extra = 0): Uint8Array {
    const bytes = new Uint8Array(24 + 16 + extra + frame.length);
    const view = new DataView(bytes.buffer);
    view.setUint32(0, magic, true);
    view.setUint16(4, 2, true);
    view.setUint16(6, minor, true);
    view.setUint32(20, linkType, true);
    view.setUint32(24, 7, true);
    view.setUint32(32, lengths[0], true);
    view.setUint32(36, lengths[1], true);
    bytes.set(frame, 40 + extra);
    return bytes;
  }
  const plain = { linkType: LinkType.ethernet, data: frame, originalLength: 60 };
  it.each([
    { what: 'the frame check sequence told of in the link type', bytes: capture(0xa1b2_c3d4, 4, 0x2400_0001, [20, 60]) },
    { what: 'longer packet headers', bytes: capture(0xa1b2_cd34, 4, 1, [20, 60], 8) },
    { what: 'lengths in the order of version 2.2', bytes: capture(0xa1b2_c3d4, 2, 1, [60, 20]) },
    { what: 'lengths in the old order in version 2.3', bytes: capture(0xa1b2_c3d4, 3, 1, [60, 20]) },
    { what: 'lengths in the new order in version 2.3', bytes: capture(0xa1b2_c3d4, 3, 1, [20, 60]) },
  ])('$what', ({ bytes }) => expect([...readCapture(bytes, 'old.pcap')]).toMatchObject([plain]));
});

describe('XDP on interfaces', () => {
  const path = corpusPath('pcap/DnsPackets.pcap');
  it.skipIf(path === undefined)('counts what an independent count confirms', async () => {
    const runtime = testRuntime();
    const { programs, maps } = await runtime.loadObject(sample('xdp_count.o'));
    const eth = runtime.interfaces.add('eth1');
    runtime.attach(programs[0]!.id, undefined, { interfaceIndex: eth.index });
    const hook = new XdpHook(runtime, eth);
    const packets = all(new Uint8Array(readFileSync(path!))).packets;
    const transport = (ip: Uint8Array | undefined) => ip && (ip[0]! >>> 4 === 6 ? ip[6] : ip[9]);
    const udp = packets.filter((packet) => transport(asIp(packet)) === 17).length;
    for (const packet of packets) hook.process(asEthernet(packet)!);
    hook.close();
    expect(eth.counters).toMatchObject({ received: packets.length, passed: packets.length, dropped: 0 });
    const counted = [...maps[0]!.entries()].find((entry) => entry.key[0] === 17);
    expect(Number(new DataView(counted!.value.buffer).getBigUint64(0, true))).toBe(udp);
  });

  it('sends back what XDP_TX returns, passes everything without a program', async () => {
    const runtime = testRuntime();
    const loopback = runtime.interfaces.find('loopback_0')!;
    const hook = new XdpHook(runtime, loopback);
    const frame = new Uint8Array(60);
    expect(hook.process(frame)).toEqual({ verdict: 'pass', action: undefined, data: frame });
    const { programs } = await runtime.loadObject(sample('xdp_reflect.o'));
    runtime.attach(programs[0]!.id);
    const echo = Uint8Array.from({ length: 60 }, (_, index) => index);
    echo.set([8, 0, 0x45, 0, 0, 46], 12);
    echo[23] = 17;
    const { verdict, data } = hook.process(echo);
    expect(['tx', 'pass', 'drop']).toContain(verdict);
    expect(data.length).toBe(60);
    expect(loopback.counters.received).toBe(2);
    expect(outcome(() => hook.process(new Uint8Array(70_000)))).toBe('EBPF_INVALID_ARGUMENT/22');
  });

  it('interfaces are found by index, alias, name', () => {
    const { interfaces } = testRuntime();
    const eth = interfaces.add('eth1', { alias: 'Ethernet' });
    expect(['2', 'ethernet', 'eth1'].map((text) => interfaces.find(text)?.index)).toEqual([2, 2, 2]);
    expect(interfaces.find('Loopback Pseudo-Interface 1')?.index).toBe(1);
    expect(outcome(() => interfaces.add('ETH1'))).toBe('EBPF_OBJECT_ALREADY_EXISTS/17');
    expect(outcome(() => interfaces.add('7'))).toBe('EBPF_INVALID_ARGUMENT/22');
    expect(outcome(() => interfaces.remove(1))).toBe('EBPF_ACCESS_DENIED/1');
    interfaces.remove(eth.index);
    expect(outcome(() => interfaces.remove(eth.index))).toBe('EBPF_OBJECT_NOT_FOUND/2');
  });
});

describe('socket hooks', () => {
  it('connect policy: a rejected address, and attachments per compartment', async () => {
    const runtime = testRuntime();
    const { programs } = await runtime.loadObject(sample('cgroup_sock_addr.o'));
    const connect = programs.find(({ section }) => section === 'cgroup/connect4')!;
    expect(fireHook(runtime, 'cgroup/connect4', {}).verdict).toBe('proceed');
    runtime.attach(connect.id, undefined, { compartmentId: 2 });
    expect(fireHook(runtime, 'cgroup/connect4', {}, { compartmentId: 1 }).results).toEqual([]);
    const outcomeHere = fireHook(runtime, 'cgroup/connect4', { user_ip: u32(0x0100_007f) }, { compartmentId: 2 });
    expect(outcomeHere.results.map(({ programId }) => programId)).toEqual([connect.id]);
    expect(outcomeHere.verdict).toBe(outcomeHere.results[0]!.result.returnName === 'REJECT' ? 'reject' : 'proceed');
  });
});
