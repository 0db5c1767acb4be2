import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Session } from '../../contexts/session.ts';
import { corpusPath, reportSkipped } from '../corpus.ts';
import { newSession, run } from './harness.ts';

const FILE = 'samples/droppacket_unsafe.o';

async function guided(): Promise<Session> {
  const session = newSession();
  await run(session, `ebpf debug verification ${FILE}`);
  return session;
}

/** First line of the output, or the complaint. */
async function first(session: Session, line: string): Promise<string> {
  const { stdout, stderr } = await run(session, line);
  return (stdout + stderr).split('\n')[0]!;
}

describe('guide', () => {
  it('asks, takes answers by tag or by a number alone, and goes back', async () => {
    const session = await guided();
    expect(await first(session, 'guide')).toBe('Which failed check first? The first is often the cause of the others.');
    expect(await first(session, 'guide answer=2')).toBe('Failure 2, PKT-02, samples/droppacket_unsafe.c:26');
    expect(await first(session, 'guide back')).toMatch(/^Which failed check first/);
    expect(await first(session, '1')).toBe('Failure 1, PKT-01, samples/droppacket_unsafe.c:25');
    const { stdout } = await run(session, '2');
    expect(stdout).toContain('  confirmed empty packet -> reads byte 9 of the packet, which has 0 bytes\n');
    expect(stdout).toContain('  1. Show what repairs it (fix)\n');
    const { stdout: end } = await run(session, '1');
    expect(end).toContain('     +   if ((void *)ip + 10 > ctx->data_end) return XDP_PASS;\n    25   if (ip->protocol == PROTOCOL_UDP) {\n');
    expect(end.replaceAll('\n', ' ')).toContain('With it the program passes');
    expect(end).toMatch(/\n {4}ebpf watch samples\/droppacket_unsafe\.c\n$/);
    // The question stays until it is answered; asking again shows the same.
    expect((await run(session, 'guide')).stdout).toBe(end);
    expect(await first(session, 'guide again')).toMatch(/^Which failed check first/);
  });

  it('names the fix that `fix` applies, after which there is nothing to ask', async () => {
    const session = await guided();
    expect((await run(session, 'guide answer=1,3')).stdout).toContain('"fix A"');
    await run(session, 'fix A');
    expect((await run(session, 'guide')).stdout).toBe('No check fails: the program passes, and there is nothing to repair.\n');
    await run(session, 'undo');
    expect((await run(session, 'guide')).stdout).toContain('"fix A"');
  });

  it('explains the kind of failure by a wrong and a right program', async () => {
    const session = await guided();
    const { stdout } = await run(session, 'guide answer=1,4');
    expect(stdout).toContain('  about     Packet read without a bounds check.\n');
    expect(stdout).toMatch(/\n {2}wrong {5}\S.*\n(?: {12}\S.*\n)+\n {2}right {5}/);
    expect(stdout).toContain('What next?\n  1. Show how it came to this');
    expect(stdout).not.toContain('Explain this kind');
    const answered = JSON.parse((await run(session, 'guide answer=1,4 format=json')).stdout);
    expect(answered).toMatchObject({ stage: 'general', example: { wrong: expect.any(String), right: expect.any(String) } });
  });

  it('does not look for an input where a rule is broken, whatever the input', async () => {
    const file = corpusPath('failures/objects/60-gpl-only-helper.bad.o');
    if (file === undefined) return reportSkipped('the guide for a broken rule', 1);
    const session = newSession({ 'gpl.o': readFileSync(file) });
    await run(session, 'ebpf debug verification gpl.o platform=linux');
    const { stdout } = await run(session, 'guide');
    expect(stdout).toContain('1. Show what repairs it (fix)');
    expect(stdout).not.toContain('(attack)');
  });

  it('watches no source that is on another machine', async () => {
    const file = corpusPath('failures/objects/01-null-map-value.bad.o');
    if (file === undefined) return reportSkipped('the guide where the source is elsewhere', 1);
    const end = async (files: Record<string, string>) => {
      const session = newSession({ 'null.o': readFileSync(file), ...files });
      return (await run(session, 'ebpf debug guide null.o platform=linux answer=3')).stdout;
    };
    expect(await end({})).toMatch(/\nThen compile it and verify it again\.\n$/);
    expect(await end({ '01-null-map-value.c': '' })).toMatch(/\n {4}ebpf watch 01-null-map-value\.c\n$/);
  });

  it('says of a program that passes what other verifiers refuse in it', async () => {
    const file = corpusPath('failures/objects/03-null-arith-before-check.bad.o');
    if (file === undefined) return reportSkipped('the guide for a program that is not portable', 1);
    const session = newSession({ 'arith.o': readFileSync(file) });
    await run(session, 'ebpf debug verification arith.o platform=linux');
    const { stdout } = await run(session, 'guide');
    expect(stdout).toMatch(/^No check fails: .*\n\nOther verifiers may refuse it all the same:\n {2}line \d+, NUL-03: /);
    expect(stdout).toContain('(explain NUL-03)');
  });

  it('leaves the debugger where it is', async () => {
    const session = await guided();
    await run(session, 'step');
    const { stdout } = await run(session, 'state');
    for (const line of ['guide', '1', '1', '1', '1']) await run(session, line);
    expect((await run(session, 'state')).stdout).toBe(stdout);
  });

  it.each([
    ['guide answer=7', 1, 'There is no answer 7; they are numbered 1 to 2.'],
    ['guide answer=x', 2, '"x" is not an acceptable value for answer.'],
    ['guide answer=1,,2', 2, '"1,,2" is not an acceptable value for answer.'],
    ['7', 1, 'There is no answer 7; they are numbered 1 to 2.'],
    ['1 2', 1, 'A number alone answers the question of "guide".'],
  ])('refuses %s', async (line, exitCode, words) => {
    const result = await run(await guided(), line);
    expect(result.exitCode).toBe(exitCode);
    expect(result.stderr).toContain(words);
  });

  it('is JSON for programs', async () => {
    const session = await guided();
    const question = JSON.parse((await run(session, 'guide answer=1 format=json')).stdout);
    expect(question).toMatchObject({ schema: 1, answers: [1], stage: 'what', failure: { number: 1, id: 'PKT-01', instruction: 2 }, ending: null });
    expect(question.choices).toHaveLength(4);
    expect(question.example).toBeNull();
    const { ending } = JSON.parse((await run(session, 'guide answer=3 format=json')).stdout);
    expect(ending).toMatchObject({ kind: 'fix', left: 0, fix: { letter: 'A', applicability: 'verified' } });
    expect(ending.fix).not.toHaveProperty('applied');
    expect(ending.changes[0]).toMatchObject({ where: 'before', place: { line: 25 } });
  });
});

describe('debug guide', () => {
  it('takes all answers in one line, for scripts, and says how to give the next', async () => {
    const session = newSession();
    const { stdout, exitCode } = await run(session, `ebpf debug guide ${FILE} answer=1`);
    expect(exitCode).toBe(0);
    expect(stdout.trimEnd().endsWith(`ebpf debug guide ${FILE} answer=1,1`)).toBe(true);
    expect(session.prompt).toBe('netsh ebpf debug>');
    expect((await run(newSession(), `ebpf debug guide ${FILE} answer=1,3`)).stdout).toContain('Write before line 25 of samples/droppacket_unsafe.c:');
    // The context goes on where the line ended.
    expect(await first(session, '3')).toBe('Failure 1, PKT-01, samples/droppacket_unsafe.c:25');
  });

  it('has nothing to ask about a program that passes', async () => {
    expect((await run(newSession(), 'ebpf debug guide samples/droppacket.o')).stdout).toMatch(/^No check fails/);
  });

  it('complains as `debug verification` does', async () => {
    const { stderr, exitCode } = await run(newSession(), 'ebpf debug guide samples/bpf2.o');
    expect(exitCode).toBe(1);
    expect(stderr).toContain('name one by its section or program:');
  });
});

describe('debug screen', () => {
  it.each(['ebpf debug screen samples/droppacket_unsafe.o', 'ebpf debug verification samples/droppacket_unsafe.o|screen'])(
    'names the commands where there is no screen: %s',
    async (lines) => {
      const session = newSession();
      let last = { exitCode: 0, stderr: '' };
      for (const line of lines.split('|')) last = await run(session, line);
      expect(last.exitCode).toBe(1);
      expect(last.stderr).toContain('The same line by line: step, back, goto');
    },
  );
});
