import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { corpusPath, reportSkipped } from '../corpus.ts';
import { newSession, run } from './harness.ts';

/** Records of a little-endian pcap file, read independently of the reader under test. */
function* pcapRecords(bytes: Uint8Array): Generator<Uint8Array> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let at = 24; at + 16 <= bytes.length; at += 16 + view.getUint32(at + 8, true)) {
    yield bytes.subarray(at + 16, at + 16 + view.getUint32(at + 8, true));
  }
}

describe('virtual interfaces', () => {
  const rows: readonly { name: string; lines: readonly string[]; stdout?: string | RegExp; stderr?: string | RegExp; exitCode?: number }[] = [
    {
      name: 'add and show',
      lines: ['interface add eth1 "Office LAN"', 'interface show eth1'],
      stdout: /\n {4}2 {8}- +0 +0 +0 +0 {2}eth1 {10}Office LAN\n$/,
    },
    { name: 'are found by alias', lines: ['interface add eth1 "Office LAN"', 'interface show "office lan" format=json'], stdout: /"name":"eth1"/ },
    {
      name: 'have one name each',
      lines: ['interface add eth1', 'interface add ETH1'],
      stderr: 'error 8: EBPF_OBJECT_ALREADY_EXISTS: There is already an interface ETH1.\n',
      exitCode: 1,
    },
    { name: 'are renamed', lines: ['interface add eth1', 'interface set eth1 Lab', 'interface show Lab format=json'], stdout: /"alias":"Lab"/ },
    {
      name: 'are deleted',
      lines: ['interface add eth1', 'interface delete eth1', 'interface show eth1'],
      stderr: 'There is no interface "eth1".\n',
      exitCode: 1,
    },
    {
      name: 'the loopback stays',
      lines: ['interface delete 1'],
      stderr: 'error 20: EBPF_ACCESS_DENIED: The loopback interface cannot be removed.\n',
      exitCode: 1,
    },
    {
      name: 'in use stay',
      lines: ['interface add eth1', 'ebpf add program samples/xdp_count.o interface=eth1', 'interface delete eth1'],
      stderr: 'Interface eth1 is in use: link 5 attaches program 4 to it. Detach it first: ebpf set program 4 ""\n',
      exitCode: 1,
    },
    {
      name: 'without a program pass everything',
      lines: ['interface set 1 generate=12'],
      stdout: 'Received     : 12 packets, 6968 bytes\nPassed       : 12\nDropped      : 0\nSent back    : 0\n',
    },
    {
      name: 'take packets from one place',
      lines: ['interface set 1 feed=x.pcap generate=1'],
      stderr: /^Packets come from feed or from generate/,
      exitCode: 2,
    },
    {
      name: 'have an index of their own, which is not 0',
      lines: ['interface add eth1 index=0'],
      stderr: 'error 6: EBPF_INVALID_ARGUMENT: 0 is no interface index.\n',
      exitCode: 1,
    },
    { name: 'have an index of 31 bits', lines: ['interface add eth1 index=2147483648'], stderr: /2147483648 is no interface index/, exitCode: 1 },
    { name: 'want something to do', lines: ['interface set 1'], stderr: /One or more essential parameters/, exitCode: 2 },
    {
      name: 'only meet programs that are attached to them',
      lines: ['interface add eth1', 'ebpf add program samples/xdp_count.o interface=eth1', 'interface set 1 generate=5', 'ebpf show map 3 key=17'],
      stdout: /value: \{packets: 0, bytes: 0\}/,
    },
    {
      name: 'count what the program did',
      lines: ['ebpf add program samples/xdp_count.o interface=1', 'interface set 1 generate=5', 'interface show 1'],
      stdout: / {4}1 {8}4 +5 +5 +0 +0 {2}loopback_0/,
    },
  ];
  for (const { name, lines, stdout = '', stderr = '', exitCode = 0 } of rows) {
    it(name, async () => {
      const session = newSession();
      let result = { stdout: '', stderr: '', exitCode: 0 };
      for (const line of lines) result = await run(session, line);
      for (const [text, expected] of [
        [result.stderr, stderr],
        [result.stdout, stdout],
      ] as const) {
        if (typeof expected === 'string') expect(text).toBe(expected);
        else expect(text).toMatch(expected);
      }
      expect(result.exitCode).toBe(exitCode);
    });
  }

  it('damage ends a capture in one line, after the good packets', async () => {
    const session = newSession();
    const files = (session.host as unknown as { files: Record<string, Uint8Array> }).files;
    await run(session, 'interface set 1 generate=3 pass=three.pcap');
    files['cut.pcap'] = files['three.pcap']!.slice(0, -10);
    const { stdout, stderr, exitCode } = await run(session, 'interface set 1 feed=cut.pcap');
    expect(stdout).toMatch(/^Received {5}: 2 packets/);
    expect(stderr).toMatch(/^error: cut\.pcap: packet 3 at offset \d+: [^\n]+\n$/);
    expect(exitCode).toBe(1);
  });

  const capture = corpusPath('pcap/4KHttpRequests.pcap');
  if (!capture) reportSkipped('pcap', 1);
  it.skipIf(!capture)('real traffic is counted by protocol, dropped and written back as an independent count says', async () => {
    const bytes = new Uint8Array(readFileSync(capture!));
    const records = [...pcapRecords(bytes)];
    const expected = new Map<number, { packets: number; bytes: number }>();
    for (const record of records) {
      const ethertype = (record[12]! << 8) | record[13]!;
      const protocol = ethertype === 0x0800 ? record[23]! : ethertype === 0x86dd ? record[20]! : undefined;
      if (protocol === undefined) continue;
      const known = expected.get(protocol) ?? { packets: 0, bytes: 0 };
      expected.set(protocol, { packets: known.packets + 1, bytes: known.bytes + record.length });
    }
    expect(expected.size).toBeGreaterThan(0);
    const session = newSession({ 'in.pcap': bytes });
    await run(session, 'ebpf add program samples/xdp_count.o interface=1');
    const fed = await run(session, 'interface set 1 feed=in.pcap pass=out.pcapng format=json');
    expect(JSON.parse(fed.stdout)).toMatchObject({
      frames: records.length,
      counts: { pass: records.length, drop: 0 },
      actions: { XDP_PASS: records.length },
    });
    const shown = JSON.parse((await run(session, 'ebpf show map 3 format=json')).stdout) as {
      entries: { decodedKey: number; decodedValues: [{ packets: number; bytes: number }] }[];
    };
    const counted = new Map(
      shown.entries.filter(({ decodedValues }) => decodedValues[0].packets > 0).map((entry) => [entry.decodedKey, entry.decodedValues[0]]),
    );
    expect(counted).toEqual(expected);
    const again = await run(session, 'interface set 1 feed=out.pcapng format=json');
    expect(JSON.parse(again.stdout)).toMatchObject({ frames: records.length, bytes: records.reduce((sum, { length }) => sum + length, 0) });
  });
});

describe('inside the context', () => {
  it("the root's commands that begin with the same word stay reachable", async () => {
    const session = newSession();
    const say = async (line: string) => {
      const { stdout, stderr, exitCode } = await run(session, line);
      expect([stderr, exitCode], line).toEqual(['', 0]);
      return stdout;
    };
    await say('alias lan interface show eth1');
    await say('interface');
    await say('add eth1');
    await say('add mode');
    expect(await say('show alias')).toBe('lan : interface show eth1\n');
    expect(await say('SHOW MODE')).toBe('online\n');
    await say('set mode offline');
    expect(await say('show mode')).toBe('offline\n');
    await say('set mode online');
    expect(await say('show')).toMatch(/ eth1 /);
    expect(await say('show eth1 format=json')).toMatch(/"name":"eth1"/);
    expect(await say('show name=mode format=json')).toMatch(/"name":"mode"/);
    await say('set eth1 Office');
    // From outside, or with the context's name, the context's own command is meant.
    expect(await say('interface show mode format=json')).toMatch(/"name":"mode"/);
    await say('..');
    expect(await say('interface show mode format=json')).toMatch(/"name":"mode"/);
    expect(await say('lan')).toMatch(/Office/);
  });
});
