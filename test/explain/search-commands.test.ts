import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { rootContext } from '../../contexts/root/index.ts';
import { Session } from '../../contexts/session.ts';
import { readCapture } from '../../src/runtime/capture/capture.ts';
import { memoryHost, newSession, run } from '../contexts/harness.ts';
import { corpusPath, reportSkipped } from '../corpus.ts';
import { failingPrograms } from './failing-programs.ts';

async function debug(sample = 'droppacket_unsafe') {
  const host = memoryHost();
  const session = new Session(rootContext, host);
  await run(session, `ebpf debug verification samples/${sample}.o`);
  expect(session.prompt).toBe('netsh ebpf debug>');
  return { session, host };
}

describe('attack, replay', () => {
  it('confirms a bug, keeps the input, and runs it again', async () => {
    const { session, host } = await debug();
    const { stdout, stderr, exitCode } = await run(session, 'attack budget=20000 save=found.json capture=found.pcap');
    expect({ stderr, exitCode }).toEqual({ stderr: '', exitCode: 0 });
    expect(stdout).toMatch(/^Failure 1, PKT-01 at instruction 2 \(line 25\):\n {2}CONFIRMED BUG: empty packet -> reads byte 9 of the packet/);
    expect(stdout).toContain('kept in found.json');
    const packets = [...readCapture(host.files['found.pcap'] as Uint8Array, 'found.pcap')];
    expect(packets.map(({ data }) => data.length)).toEqual([0]);
    const again = await run(session, 'replay found.json');
    expect(again.stdout).toContain('This is PKT-01 at instruction 2.');
    expect(again.exitCode).toBe(1);
  });

  it('speaks JSON', async () => {
    const { session } = await debug();
    const { stdout } = await run(session, 'attack failure=2 budget=20000 format=json');
    expect(JSON.parse(stdout)).toMatchObject({ schema: 1, failure: 2, verdict: { kind: 'confirmed', match: 'exact', vector: { schema: 1 } } });
  });

  it('refuses files that are no inputs, and failures that are none', async () => {
    const { session, host } = await debug();
    host.files['bad.json'] = '{"schema":1}';
    expect((await run(session, 'replay bad.json')).stderr).toContain('bad.json: Not a counterexample: program is no object.');
    expect((await run(session, 'attack failure=9')).stderr).toContain('There is no failure 9; they are numbered 1 to 2.');
  });
});

describe('a program that passes', () => {
  it('is attacked as a whole, beside the states of the verifier', async () => {
    const { session } = await debug('droppacket');
    const { stdout, exitCode } = await run(session, 'attack budget=300');
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^No check fails\. \d+ inputs ran over \d+ of the 23 instructions/);
    const { survey } = JSON.parse((await run(session, 'attack budget=300 format=json')).stdout);
    expect(survey.escape).toBeUndefined();
    expect(survey.margins[0].bytes).toBeGreaterThanOrEqual(0);
    expect((await run(session, 'attack budget=20 save=x.json')).stderr).toContain('There is no input to keep.');
  });

  it('tells what was proved of every access, and by how much', async () => {
    const { session } = await debug('droppacket');
    const { stdout } = await run(session, 'bounds');
    expect(stdout).toContain('18 bytes to spare (the packet has byte 9, readable through r1)');
    expect(stdout).toMatch(/4 accesses are proved\.\n$/);
    const { bounds } = JSON.parse((await run(session, 'bounds format=json')).stdout);
    expect(bounds.map(({ pc, margin }: { pc: number; margin: string }) => [pc, margin])).toEqual([
      [6, '18 bytes to spare'],
      [8, '2 bytes to spare'],
      [19, '0 bytes to spare'],
      [21, '0 bytes to spare'],
    ]);
  });

  it('runs an input beside what the verifier knew', async () => {
    const { session } = await debug('droppacket');
    const short = await run(session, 'run data=001122334455');
    expect(short.stdout).toContain('       4: r3 += 28\n          r3 = the packet + 28; verifier: packet + 28, 0 bytes proved\n');
    expect(short.stdout).toMatch(/The run ends after 7 instructions with r0 = 1\.\n$/);
    const udp = `${'00'.repeat(9)}11${'00'.repeat(18)}`;
    const json = JSON.parse((await run(session, `run data=${udp} format=json`)).stdout);
    expect(json).toMatchObject({ schema: 1, outcome: { kind: 'exit', r0: '2' }, more: 0 });
    expect(json.escape).toBeUndefined();
    expect((await run(session, 'run data=0g')).exitCode).toBe(2);
  });
});

describe('a failing program', () => {
  it('runs a found input up to where it breaks', async () => {
    const { session } = await debug();
    await run(session, 'attack budget=20000 save=found.json');
    const { stdout, exitCode } = await run(session, 'run input=found.json');
    expect(stdout).toMatch(/The run breaks a rule at instruction 2: /);
    expect(exitCode).toBe(1);
  });
});

describe('fix', () => {
  it('lists verified fixes, applies one to the copy, and takes it back', async () => {
    const { session } = await debug();
    const listed = await run(session, 'fix');
    expect(listed.stdout).toMatch(/fix A \(verified\): Check that the packet has 10 bytes \(line 25\); check that the/);
    expect(listed.stdout).toContain(
      '      if ((void *)ip + 10 > ctx->data_end) return XDP_PASS;\n      if ((void *)ip + 26 > ctx->data_end) return XDP_PASS;\n',
    );
    const applied = await run(session, 'fix A');
    expect(applied.stdout).toBe('Fix A is applied to the copy in memory. The program passes.\n');
    expect((await run(session, 'attack budget=20')).stdout).toMatch(/^No check fails\. \d+ inputs? ran/);
    expect((await run(session, 'list all')).stdout).toContain('exit');
    const undone = await run(session, 'fix undo');
    expect(undone.stdout).toBe('The last fix is taken back. 2 checks fail.\n');
    expect((await run(session, 'fix undo')).stderr).toContain('No fix was applied.');
    expect((await run(session, 'fix Z')).stderr).toContain('There is no fix Z');
  });

  it('does not show a found input any more once it is applied', async () => {
    const { session } = await debug();
    await run(session, 'attack budget=20000 save=found.json');
    await run(session, 'fix A');
    const { stdout, exitCode } = await run(session, 'replay found.json');
    expect(stdout).toContain('This does not show PKT-01 at instruction 2.');
    expect(exitCode).toBe(0);
  });

  it('speaks JSON', async () => {
    const { session } = await debug();
    const { stdout } = await run(session, 'fix list format=json');
    expect(JSON.parse(stdout)).toMatchObject({
      schema: 1,
      did: 'list',
      failure: 1,
      fixes: [{ letter: 'A', applicability: 'verified' }],
      lowering: null,
    });
  });
});

describe('show verification', () => {
  const line = 'ebpf show verification samples/droppacket_unsafe.o';

  it('says whether the first failure is a bug, and what repairs it', async () => {
    const { stderr, exitCode } = await run(newSession(), line);
    expect(exitCode).toBe(1);
    expect(stderr).toContain('    verdict      CONFIRMED BUG: empty packet -> reads byte 9 of the packet,\n                 which has 0 bytes\n');
    expect(stderr).toContain('    fix A        Check that the packet has 10 bytes (line 25); check that the\n');
    expect(stderr).toContain('                 if ((void *)ip + 10 > ctx->data_end) return XDP_PASS;\n');
  });

  it('does not where it is told not to', async () => {
    const { stderr } = await run(newSession(), `${line} attack=no`);
    expect(stderr).not.toMatch(/verdict|fix A/);
  });

  it('has both in JSON, as plain values', async () => {
    const { stdout } = await run(newSession(), `${line} format=json`);
    expect(JSON.parse(stdout)).toMatchObject({
      programs: [
        { judgements: [{ failure: 0, verdict: { kind: 'confirmed', vector: { schema: 1 } }, fixes: [{ letter: 'A', applicability: 'verified' }] }] },
      ],
    });
  });

  const entries = failingPrograms();
  if (entries.length === 0) reportSkipped('failures', 70);
  it.skipIf(entries.length === 0)('fits 40 lines, without a number that says nothing', { timeout: 120_000 }, async () => {
    for (const { file } of entries) {
      const path = corpusPath(`failures/objects/${file.replace(/\.c$/, '')}.bad.o`)!;
      const { stderr } = await run(newSession({ 'x.o': readFileSync(path) }), 'ebpf show verification x.o platform=linux');
      expect(stderr.split('\n').length, `${file}\n${stderr}`).toBeLessThanOrEqual(41);
      expect(stderr, file).not.toMatch(/undefined(?! behaviour)|NaN|\[object|internal error/);
    }
  });
});
