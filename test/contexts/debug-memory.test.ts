import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { rootContext } from '../../contexts/root/index.ts';
import { Session } from '../../contexts/session.ts';
import { corpusPath, reportSkipped } from '../corpus.ts';
import { memoryHost, newSession, run } from './harness.ts';

async function debug(line: string): Promise<Session> {
  const session = newSession();
  expect((await run(session, line)).stderr).toBe('');
  return session;
}

async function lines(session: Session, ...commands: readonly string[]): Promise<string> {
  let text = '';
  for (const command of commands) {
    const { stdout, stderr } = await run(session, command);
    text += stdout + stderr;
  }
  return text;
}

async function json(session: Session, command: string) {
  return JSON.parse((await run(session, `${command} format=json`)).stdout);
}

describe('memory', () => {
  it('shows bytes of the stack that are known, and question marks for the others', async () => {
    const session = await debug('ebpf debug verification samples/droppacket_unsafe.o');
    await lines(session, 'goto 14');
    expect(await lines(session, 'memory fp-8')).toBe(
      `fp-8, before instruction 14:\n${'      -8  00 00 00 00 00 00 00 00'.padEnd(60)}........\n8 bytes, 8 known.\n`,
    );
    expect(await json(session, 'memory fp-12 8')).toEqual({
      schema: 1,
      instruction: 14,
      place: 'fp-12',
      offset: -12,
      bytes: [null, null, null, null, 0, 0, 0, 0],
    });
    expect(await json(session, 'memory fp-512 2')).toMatchObject({ bytes: [null, null] });
    expect(await lines(session, 'memory ctx 8')).toContain('8 bytes, 0 known, 24 more follow.');
    expect(await lines(session, 'memory packet 8')).toMatch(/\?\? \?\? .*\n8 bytes, 0 known\.\n$/);
  });

  it('knows what read-only maps hold, and nothing of what a program may write', async () => {
    const session = await debug('ebpf debug verification samples/global_vars.o');
    expect(await json(session, 'memory .rodata 4')).toMatchObject({ bytes: expect.not.arrayContaining([null]) });
    expect(await json(session, 'memory .data 4')).toMatchObject({ bytes: [null, null, null, null] });
  });

  it('refuses what leads nowhere', async () => {
    const session = await debug('ebpf debug verification samples/droppacket_unsafe.o');
    expect(await lines(session, 'memory r0', 'memory nonsense')).toBe(
      '"r0" leads to no memory whose place is known here.\n"nonsense" leads to no memory whose place is known here.\n',
    );
    expect(await lines(session, 'memory fp-600')).toBe('fp-600 lies outside its memory.\n');
  });
});

describe('report', () => {
  it('says of the program as it stands what show verification says of a file', async () => {
    const session = await debug('ebpf debug verification samples/droppacket_unsafe.o');
    await lines(session, 'step');
    const here = await lines(session, 'state');
    const text = await lines(session, 'report');
    expect(text).toContain('    cause        PKT-01, Packet read without a bounds check\n');
    expect(text).toContain('CONFIRMED BUG: empty packet');
    expect(text).toMatch(/ {4}next {9}explain PKT-01\n {17}guide\n/);
    expect(await lines(session, 'state')).toBe(here);
    expect(await json(session, 'report')).toMatchObject({
      schema: 1,
      programs: [{ verdict: 'rejected', failures: [{ id: 'PKT-01' }, { id: 'PKT-02' }] }],
    });
    await lines(session, 'fix A');
    expect(await lines(session, 'report')).toMatch(/^Verification succeeded\n/);
    await lines(session, 'undo', 'assume "packet >= 26" at 2');
    expect(await json(session, 'report')).toMatchObject({ programs: [{ verdict: 'accepted' }] });
  });

  it('keeps a page, a SARIF log or JSON in a file', async () => {
    const host = memoryHost();
    const session = new Session(rootContext, host);
    await run(session, 'ebpf debug verification samples/droppacket_unsafe.o');
    const kept = async (format: string) => {
      expect(await lines(session, `report format=${format} save=kept`)).toContain('kept');
      return new TextDecoder().decode(host.files['kept'] as Uint8Array);
    };
    expect(await kept('html')).toMatch(/^<!doctype html>[\s\S]*id="stepper"/);
    expect(JSON.parse(await kept('sarif'))).toMatchObject({ version: '2.1.0', runs: [{ results: [{ ruleId: 'PKT-01' }, { ruleId: 'PKT-02' }] }] });
    expect(JSON.parse(await kept('json'))).toMatchObject({ schema: 1, programs: [{ verdict: 'rejected' }] });
    expect(await kept('text')).toMatch(/^Verification failed\n/);
  });
});

describe('state', () => {
  it('shows groups, maps with what leads to them, and every view of a number', async () => {
    const session = await debug('ebpf debug verification samples/droppacket_unsafe.o');
    await lines(session, 'goto 15');
    const subjects = async (line: string) => (await json(session, line)).facts.map(({ subject }: { subject: string }) => subject);
    expect(await subjects('state registers')).toContain('r0');
    expect(await subjects('state registers')).not.toContain('packet');
    expect(await lines(session, 'state held')).toBe('Known before instruction 15:\n  held: nothing known\n');
    expect(await lines(session, 'state maps')).toBe(
      'Known before instruction 15:\n  dropped_packet_map: array, keys of 4 bytes, values of 8 bytes, 1 entry; r0\n    leads to it\n',
    );
    await lines(session, 'goto 3');
    expect((await lines(session, 'state r2 raw=yes')).replaceAll(/\s+/g, ' ')).toContain(
      'unsigned 0..255; signed 0..255; low half unsigned 0..255; low half signed 0..255; bits 0x0000000000000000, of which 0x00000000000000ff are open',
    );
    expect(await lines(session, 'state stac')).toContain('"stac" is not an acceptable value for register.');
  });
});

describe('culprit and distance', () => {
  it.each([
    ['42-infinite-loop', '"loop" shows its turns.'],
    ['52-exit-value-range', undefined],
    ['61-stack-too-deep', '"explain STK-04" says what it is about.'],
  ])('of %s name what tells more where no point is to blame', async (name, more) => {
    const file = corpusPath(`failures/objects/${name}.bad.o`);
    if (file === undefined) return reportSkipped('culprits of checks of the whole program', 1);
    const session = newSession({ 'x.o': readFileSync(file) });
    await run(session, 'ebpf debug verification x.o platform=linux');
    for (const command of ['culprit', 'distance']) {
      const text = await lines(session, command);
      if (more === undefined) expect(text).not.toContain('does not decide this check.');
      else expect(text).toMatch(new RegExp(`^What is known before one instruction does not decide this check\\.\\n.*${more}\\n$`));
    }
  });
});

describe('branch', () => {
  it('shows both sides, and goes on over the one that is chosen', async () => {
    const session = await debug('ebpf debug verification samples/droppacket_unsafe.o');
    await lines(session, 'goto 3');
    expect(await lines(session, 'branch')).toBe(
      '2 ways lead out of this block:\n' +
        '  1. to instruction 19 (line 34): r2 != 17: goes to instruction 19\n' +
        '> 2. to instruction 4 (line 26): r2 == 17: goes on at instruction 4\n',
    );
    expect(await json(session, 'branch 1')).toMatchObject({ step: { pc: 19 } });
    expect(await json(session, 'back')).toMatchObject({ steps: [{ pc: 3, decision: { kind: 'taken' } }] });
    expect(await json(session, 'branch')).toMatchObject({ ways: [{ current: true }, { current: false }] });
    expect(await json(session, 'branch 2')).toMatchObject({ step: { pc: 4, failures: [{ number: 2 }] } });
    expect(await lines(session, 'branch 7')).toBe('There is no way 7 out of this block; "branch" lists them.\n');
  });

  it('follows the failure as before where its own way is chosen', async () => {
    const session = await debug('ebpf debug verification samples/droppacket_unsafe.o');
    await lines(session, 'failure 2', 'back', 'branch 2');
    expect(await lines(session, 'path')).toMatch(/^From the entry to failure 2 at instruction 4:/);
  });

  it('enters functions, and says where a path ends', async () => {
    const session = await debug('ebpf debug verification samples/bpf2bpf.o section=bind');
    expect(await lines(session, 'branch')).toContain('1 way leads out of this block:');
    expect(await json(session, 'branch 1')).toMatchObject({ step: { function: 'level1', depth: 1 } });
    await lines(session, 'goto end');
    expect(await lines(session, 'branch')).toBe('No way leads out of this block: the path ends here.\n');
  });
});
