import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { corpusPath, reportSkipped } from '../corpus.ts';
import { captures, concatenate, FRAMES, fields } from './capture-builder.ts';
import { dissect, headerSumIsRight, type OracleFrame, onEthernet, oracleFrames, routed } from './capture-oracle.ts';
import { newSession, type Run, run } from './harness.ts';

const NAMES = [
  '4KHttpRequests.pcap',
  'DnsPackets.pcap',
  'VlanPackets.pcap',
  'microsecs_big_endian.pcap',
  'one_ipv6_http_stream.pcap',
  'pcapng-example.pcapng',
  'raw_ip.pcap',
];
const PORT = 53;

type Files = Record<string, string | Uint8Array>;

/** Runs lines at the root; every one must succeed. Returns what the last one wrote. */
async function play(files: Files, lines: readonly string[]): Promise<Run> {
  const session = newSession(files);
  let last: Run | undefined;
  for (const line of lines) {
    last = await run(session, line);
    expect(last, line).toMatchObject({ exitCode: 0, stderr: '' });
  }
  return last!;
}

/** Frames that reach the interface, in the shape in which it gets them. */
function arriving(bytes: Uint8Array): { readonly frames: readonly { time: bigint; bytes: Uint8Array }[]; readonly skipped: number } {
  const all = oracleFrames(bytes);
  const frames = all.flatMap((frame: OracleFrame) => {
    const ethernet = onEthernet(frame);
    return ethernet ? [{ time: frame.time, bytes: ethernet }] : [];
  });
  return { frames, skipped: all.length - frames.length };
}

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

/** What was written, as the second reader sees it; times modulo 2^64 as captures keep them. */
function written(files: Files, name: string) {
  return oracleFrames(files[name] as Uint8Array).map(({ time, bytes, link }) => `${BigInt.asUintN(64, time)} ${link} ${hex(bytes)}`);
}

function expected(frames: readonly { time: bigint; bytes: Uint8Array }[]) {
  return frames.map(({ time, bytes }) => `${BigInt.asUintN(64, time)} 1 ${hex(bytes)}`);
}

const present = NAMES.flatMap((name) => {
  const path = corpusPath(`pcap/${name}`);
  return path === undefined ? [] : [{ name, bytes: new Uint8Array(readFileSync(path)) }];
});
if (present.length < NAMES.length) reportSkipped('pcap', (NAMES.length - present.length) * 3);

describe.each(present)('real traffic, confirmed by a second reader: $name', ({ name, bytes }) => {
  const { frames, skipped } = arriving(bytes);

  it('counter by protocol', async () => {
    const files: Files = { [name]: bytes };
    const fed = await play(files, ['ebpf add program samples/xdp_protocols.o', `interface set 1 feed=${name} pass=all.pcapng format=json`]);
    expect(JSON.parse(fed.stdout)).toMatchObject({ frames: frames.length, skipped, counts: { pass: frames.length, drop: 0, tx: 0 } });
    expect(written(files, 'all.pcapng')).toEqual(expected(frames));

    const counted = new Map<string, { packets: number; bytes: number }>();
    for (const frame of frames) {
      const { type, protocol = 0 } = dissect(frame.bytes);
      const key = `${type}/${protocol}`;
      const known = counted.get(key) ?? { packets: 0, bytes: 0 };
      counted.set(key, { packets: known.packets + 1, bytes: known.bytes + frame.bytes.length });
    }
    const shown = await play({ [name]: bytes }, [
      'ebpf add program samples/xdp_protocols.o',
      `interface set 1 feed=${name}`,
      'ebpf show map 3 format=json',
    ]);
    const entries = (
      JSON.parse(shown.stdout) as {
        entries: { decodedKey: { ethernet_type: number; protocol: number }; decodedValues: { packets: number; bytes: number }[] }[];
      }
    ).entries;
    expect(new Map(entries.map(({ decodedKey: key, decodedValues }) => [`${key.ethernet_type}/${key.protocol}`, decodedValues[0]!]))).toEqual(
      counted,
    );
  });

  it('dropper by port', async () => {
    const files: Files = { [name]: bytes };
    const blocked = ({ bytes: frame }: { bytes: Uint8Array }) => dissect(frame).ports?.includes(PORT) === true;
    const shown = await play(files, [
      'ebpf add program samples/xdp_drop_port.o',
      `ebpf set map 3 key=0 value=${PORT}`,
      `interface set 1 feed=${name} pass=passed.pcap drop=dropped.pcapng`,
      'ebpf show map 4 format=json',
    ]);
    expect(JSON.parse(shown.stdout).entries[0].decodedValues).toEqual([frames.filter(blocked).length]);
    expect(written(files, 'dropped.pcapng')).toEqual(expected(frames.filter(blocked)));
    // The classic format keeps 32 bits of seconds.
    expect(oracleFrames(files['passed.pcap'] as Uint8Array).map((frame) => hex(frame.bytes))).toEqual(
      frames.filter((frame) => !blocked(frame)).map((frame) => hex(frame.bytes)),
    );
  });

  it('header rewriter', async () => {
    const files: Files = { [name]: bytes };
    const fed = await play(files, [
      'ebpf add program samples/xdp_router.o',
      `interface set 1 feed=${name} pass=pass.pcapng drop=drop.pcapng tx=tx.pcapng format=json`,
    ]);
    const results = frames.map(({ time, bytes: frame }) => ({ time, original: frame, ...routed(frame) }));
    const count = (verdict: string) => results.filter((result) => result.verdict === verdict).length;
    expect(JSON.parse(fed.stdout).counts).toEqual({ pass: count('pass'), drop: count('drop'), tx: count('tx'), redirect: 0 });
    for (const verdict of ['pass', 'drop', 'tx'])
      expect(written(files, `${verdict}.pcapng`), verdict).toEqual(expected(results.filter((result) => result.verdict === verdict)));
    // A header whose sum was right before has a right one after.
    for (const { original, bytes: frame, verdict } of results) {
      if (verdict === 'tx' && dissect(original).type === 0x0800) expect(headerSumIsRight(frame)).toBe(headerSumIsRight(original));
    }
  });

  it('cut and damaged: the good packets, then one located line', async () => {
    const whole = oracleFrames(bytes).length;
    const files: Files = { 'cut.pcap': bytes.subarray(0, Math.floor(bytes.length * 0.6)), 'end.pcap': bytes.subarray(0, bytes.length - 1) };
    const session = newSession(files);
    for (const [path, most] of [
      ['cut.pcap', whole - 1],
      ['end.pcap', whole - 1],
    ] as const) {
      const { stdout, stderr, exitCode } = await run(session, `interface set 1 feed=${path} pass=good.pcapng`);
      expect(exitCode).toBe(1);
      expect(stderr).toMatch(new RegExp(`^error: ${path}: (?:packet|block after packet) \\d+ at offset \\d+: .+\\n$`));
      const good = written(files, 'good.pcapng');
      expect(good).toEqual(expected(frames).slice(0, good.length));
      const received = Number(/^Received +: (\d+) packets/.exec(stdout)?.[1]) + Number(/Skipped +: (\d+)/.exec(stdout)?.[1] ?? 0);
      expect(good.length).toBe(Number(/^Passed +: (\d+)/m.exec(stdout)?.[1]));
      if (path === 'end.pcap') expect(received).toBe(most);
      else expect(received).toBeGreaterThan(0);
    }
  });
});

describe('what pcapng can hold', () => {
  it.each(['le.pcapng', 'be.pcapng'])('%s: interfaces, resolutions, offsets, simple and old packet blocks, unknown blocks', async (name) => {
    const files: Files = { [name]: captures()[name]! };
    const fed = await play(files, [`interface set 1 feed=${name} pass=out.pcapng format=json`]);
    expect(JSON.parse(fed.stdout)).toMatchObject({ frames: 4, skipped: 0 });
    const [first, second, third] = FRAMES as [Uint8Array, Uint8Array, Uint8Array];
    const unaddressed = Uint8Array.from([...new Uint8Array(12), ...third.subarray(12)]);
    expect(written(files, 'out.pcapng')).toEqual([
      // Nanoseconds; a simple packet without a time; microseconds 7 s later, raw IP; nanoseconds in the old block.
      `${0x1797_b0a0n << 32n} 1 ${hex(first)}`,
      `0 1 ${hex(second)}`,
      `7000005000 1 ${hex(unaddressed)}`,
      `9 1 ${hex(first)}`,
    ]);
  });

  it.each(['le.pcap', 'be.pcap'])('%s: both byte orders, micro- and nanoseconds', async (name) => {
    const files: Files = { [name]: captures()[name]! };
    await play(files, [`interface set 1 feed=${name} pass=out.pcap`]);
    const nanoseconds = name === 'le.pcap' ? 999_999_000n : 999_999n;
    expect(written(files, 'out.pcap')).toEqual(FRAMES.map((frame) => `${1_700_000_000_000_000_000n + nanoseconds} 1 ${hex(frame)}`));
  });

  it('Linux cooked headers of both versions, loopback headers and raw IP get an Ethernet header', async () => {
    const ip = FRAMES[1]!.subarray(14);
    const links: readonly (readonly [number, Uint8Array])[] = [
      [113, Uint8Array.from([0, 0, 0, 1, 0, 6, 1, 2, 3, 4, 5, 6, 0, 0, 0x08, 0x00, ...ip])],
      [276, Uint8Array.from([0x08, 0x00, 0, 0, 0, 0, 0, 1, 0, 1, 0, 6, 1, 2, 3, 4, 5, 6, 0, 0, ...ip])],
      [0, Uint8Array.from([2, 0, 0, 0, ...ip])],
      [108, Uint8Array.from([0, 0, 0, 2, ...ip])],
      [101, ip],
      [228, ip],
    ];
    for (const [link, frame] of links) {
      const capture = concatenate([
        fields(true, [4, 0xa1b2_c3d4], [2, 2], [2, 4], [4, 0], [4, 0], [4, 65_535], [4, link]),
        fields(true, [4, 1], [4, 0], [4, frame.length], [4, frame.length]),
        frame,
      ]);
      const files: Files = { 'x.pcap': capture };
      await play(files, ['interface set 1 feed=x.pcap pass=out.pcapng']);
      expect(written(files, 'out.pcapng'), `link type ${link}`).toEqual([`1000000000 1 ${hex(new Uint8Array(12))}0800${hex(ip)}`]);
    }
  });

  it('a section of another version is refused where it says so', async () => {
    const bytes = captures()['le.pcapng']!.slice();
    bytes[12] = 9;
    const { stderr, exitCode } = await run(newSession({ 'x.pcapng': bytes }), 'interface set 1 feed=x.pcapng');
    expect([stderr, exitCode]).toEqual(['error: x.pcapng: section header block at offset 12: version 9 is not known\n', 1]);
  });
});
