import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { rootContext } from '../../contexts/root/index.ts';
import { Session } from '../../contexts/session.ts';
import { memoryHost, run } from '../contexts/harness.ts';
import { corpusPath, reportSkipped } from '../corpus.ts';
import { type Entry, failingPrograms } from './failing-programs.ts';

const entries = failingPrograms();
if (entries.length === 0) reportSkipped('failures', 70);

interface Manifest extends Entry {
  readonly code_bad: readonly string[];
}

const objectOf = (entry: Entry) => readFileSync(corpusPath(`failures/objects/${entry.file.replace(/\.c$/, '')}.bad.o`)!);
const byNumber = (number: string) => entries.find(({ file }) => file.startsWith(`${number}-`))!;

async function verified(entry: Entry) {
  const session = new Session(rootContext, memoryHost({ 'x.o': objectOf(entry) }));
  const { stdout } = await run(session, 'ebpf show verification x.o platform=linux format=json');
  return JSON.parse(stdout).programs[0];
}

/** The acceptance groups of the debugger's design that no other test has; the rest stands in failures, search, fixes and crosscheck tests. */
describe.skipIf(entries.length === 0)('acceptance of the failing programs', () => {
  it('every root failure names a line of the program as it is written', { timeout: 300_000 }, async () => {
    let named = 0;
    for (const entry of entries as readonly Manifest[]) {
      const program = await verified(entry);
      const [failure] = program.failures;
      if (failure === undefined || failure.source === null) continue;
      const written = entry.code_bad.map((line) => line.trim());
      const { text, line } = failure.source;
      // Programs of inline assembly have one line for all of it; macros of the shared header are lines of their own.
      expect(
        written.some((candidate) => candidate.startsWith(text.trim()) || text.trim().startsWith(candidate) || /asm|MAP\(/.test(text)),
        `${entry.file}: ${text}`,
      ).toBe(true);
      expect(line, entry.file).toBeGreaterThan(0);
      named++;
    }
    console.log(`${named} root failures on their source lines`);
    expect(named).toBeGreaterThan(55);
  });

  it.each([
    ['05', '10 bytes'],
    ['14', '4 bytes'],
    ['16', '1 byte'],
    ['40', '16 bytes'],
    ['66', '64 bytes'],
  ])('%s is off by %s', async (number, missing) => {
    const program = await verified(byNumber(number));
    expect(program.explanations[0].missing).toBe(missing);
  });

  it('an assumption makes a program pass, and taking it back restores what was', { timeout: 60_000 }, async () => {
    const session = new Session(rootContext, memoryHost({ 'x.o': objectOf(byNumber('15')) }));
    await run(session, 'ebpf debug verification x.o platform=linux');
    const before = (await run(session, 'failure')).stdout;
    const state = (await run(session, 'state')).stdout;
    const report = async () => JSON.parse((await run(session, 'fix list format=json')).stdout);
    const assumed = await run(session, 'assume r6 <= 63 at 9');
    expect(assumed.stdout, assumed.stderr).toMatch(/passes/);
    expect((await run(session, 'undo')).stderr).toBe('');
    expect((await run(session, 'failure 1')).stdout).toBe(before);
    expect((await run(session, 'state')).stdout).toBe(state);
    expect((await report()).fixes[0].applicability).toBe('verified');
  });

  it('the program with a million states in other verifiers is reported in 40 lines', async () => {
    const session = new Session(rootContext, memoryHost({ 'x.o': objectOf(byNumber('43')) }));
    const { stderr } = await run(session, 'ebpf show verification x.o platform=linux');
    expect(stderr).toMatch(/^Verification failed/);
    expect(stderr.split('\n').length).toBeLessThanOrEqual(41);
  });

  it('no answer of the debugger has box art, or a number of the inside', { timeout: 600_000 }, async () => {
    const commands = ['failure', 'state', 'why', 'path', 'list', 'fix', 'bounds', 'diff', 'attack budget=50'];
    for (const entry of entries) {
      const session = new Session(rootContext, memoryHost({ 'x.o': objectOf(entry) }));
      await run(session, 'ebpf debug verification x.o platform=linux');
      for (const command of commands) {
        const { stdout, stderr } = await run(session, command);
        expect(stdout + stderr, `${entry.file} ${command}`).not.toMatch(
          /[\u2500-\u259f]|2147418112|9223372036854775807|18446744073709551615|uvalue|svalue|NaN|\[object|internal error/,
        );
      }
    }
  });
});
