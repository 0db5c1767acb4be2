import { readdirSync, readFileSync } from 'node:fs';
import type { Log as SarifLog } from 'sarif';
import { describe, expect, it } from 'vitest';
import type { sarifLog } from '../../src/explain/export/sarif.ts';
import { uriOf } from '../../src/explain/export/sarif.ts';
import { MAX_STEPS, recordWalks } from '../../src/explain/export/walk.ts';
import { newSession, run } from '../contexts/harness.ts';
import { corpusPath, reportSkipped } from '../corpus.ts';
import { debugProgram, debugSample, openObject } from './open.ts';
import { sarifComplaints } from './sarif.ts';

type Log = ReturnType<typeof sarifLog>;

/** As others may change it; what the writer promises is otherwise the same. */
type Writable<T> = T extends readonly (infer Item)[] ? Writable<Item>[] : T extends object ? { -readonly [Key in keyof T]: Writable<T[Key]> } : T;

/** The compiler holds what is written to the types of SARIF 2.1.0: their names, what is required, the words that they allow. */
type Conforms<T extends SarifLog> = T;

async function sarif(
  line: string,
  files: Record<string, Uint8Array> = {},
): Promise<{ readonly log: Conforms<Writable<Log>>; readonly exitCode: number }> {
  const { stdout, stderr, exitCode } = await run(newSession(files), `ebpf show verification ${line} format=sarif`);
  expect(stderr).toBe('');
  return { log: JSON.parse(stdout), exitCode };
}

/** An object with one of its texts replaced by another that is no longer. @throws Error where it is not there. */
function renamed(object: Uint8Array, from: string, to: string): Uint8Array {
  const bytes = Buffer.from(object);
  const [old, fresh] = [Buffer.from(from, 'latin1'), Buffer.from(to, to.startsWith('\xfe') ? 'latin1' : 'utf8')];
  const at = bytes.indexOf(old);
  if (at < 0 || fresh.length > old.length) throw new Error(`cannot write ${to} over ${from}`);
  bytes.fill(0, at, at + old.length);
  fresh.copy(bytes, at);
  return bytes;
}

describe('the recorded ways to failed checks', () => {
  it('end at the check, with what was known before every instruction', async () => {
    const session = await debugSample('droppacket_unsafe');
    const [walk] = recordWalks(session, 'all');
    expect(walk).toMatchObject({ failure: 1, skipped: 0, cut: false });
    expect(walk?.steps.map(({ pc }) => pc)).toEqual([0, 1, 2]);
    expect(walk?.steps[2]).toMatchObject({
      failures: [1],
      facts: expect.arrayContaining([{ kind: 'register', subject: 'r1', words: 'packet + 0, 0 bytes proved', name: 'ip' }]),
    });
    expect(structuredClone(walk)).toEqual(walk);
  });

  it('are one path that was taken first where every check holds', async () => {
    const session = await debugSample('droppacket');
    const walks = recordWalks(session, 'all');
    expect(recordWalks(session, 'failures')).toEqual([]);
    expect(walks).toHaveLength(1);
    expect(walks[0]).toMatchObject({ failure: 0, cut: false });
    expect(walks[0]?.steps.at(-1)).toMatchObject({ text: 'exit', end: 'The program ends.' });
  });
});

describe('show verification format=sarif', () => {
  it('is a SARIF 2.1.0 log of the failed checks and the ways to them', async () => {
    const { log, exitCode } = await sarif('samples/droppacket_unsafe.o');
    expect(exitCode).toBe(1);
    expect(sarifComplaints(log)).toEqual([]);
    const [run] = log.runs;
    const result = run!.results[0]!;
    expect(result).toMatchObject({
      ruleId: 'PKT-01',
      level: 'error',
      kind: 'fail',
      properties: { program: 'DropPacket', platform: 'windows', instruction: 2, missing: '10 bytes' },
    });
    expect(result.locations[0]!.physicalLocation).toMatchObject({ region: { startLine: 25 }, address: { relativeAddress: 16, length: 8 } });
    const flow = result.codeFlows![0]!.threadFlows[0]!.locations;
    expect(flow.map(({ location }) => location.physicalLocation.address.relativeAddress / 8)).toEqual([0, 1, 2]);
    expect(flow[2]).toMatchObject({
      importance: 'essential',
      kinds: ['danger'],
      nestingLevel: 0,
      state: { r1: { text: 'packet + 0, 0 bytes proved' } },
    });
    expect(run!.tool.driver.rules[result.ruleIndex]).toMatchObject({
      id: 'PKT-01',
      fullDescription: { text: expect.stringMatching(/\.$/) },
      help: expect.anything(),
    });
    expect(run!.artifacts.map(({ location }) => location.uri)).toContain('samples/droppacket_unsafe.o');
  });

  it('has no results for a program that passes', async () => {
    const { log, exitCode } = await sarif('samples/droppacket.o');
    expect(exitCode).toBe(0);
    expect(sarifComplaints(log)).toEqual([]);
    expect(log.runs[0]).toMatchObject({
      results: [],
      invocations: [{ executionSuccessful: true }],
      properties: { programs: [{ verdict: 'accepted' }] },
    });
  });

  it('keeps to the standard for every sample', async () => {
    const names = readdirSync('samples').filter((name) => name.endsWith('.o') && name !== 'maponly.o');
    const complaints: string[] = [];
    let programs = 0;
    for (const name of names) {
      const { log } = await sarif(`samples/${name}`);
      programs = Math.max(programs, log.runs[0]!.properties.programs.length);
      complaints.push(...sarifComplaints(log).map((words) => `${name}: ${words}`));
    }
    expect(names.length).toBeGreaterThan(10);
    expect(programs).toBeGreaterThan(3);
    expect(complaints).toEqual([]);
  });

  const unsafe = readFileSync('samples/droppacket_unsafe.o');

  it.each([
    ['prüfung 日本/é#1.o', 'pr%C3%BCfung%20%E6%97%A5%E6%9C%AC/%C3%A9%231.o'],
    ['C:\\objects\\a b.o', 'file:///C:/objects/a%20b.o'],
    ['\\\\host\\share\\x?.o', 'file:///host/share/x%3F.o'],
    ['/tmp/%41[1].o', 'file:///tmp/%2541%5B1%5D.o'],
  ])('names the object %s as a URI', async (name, uri) => {
    const { log } = await sarif(`"${name}"`, { [name]: unsafe });
    expect(sarifComplaints(log)).toEqual([]);
    expect(log.runs[0]!.artifacts[0]!.location.uri).toBe(uri);
  });

  it.each([
    ['C:\\src\\drop packet.c', 'file:///C:/src/drop%20packet.c'],
    ['./quellen/größe.c', './quellen/gr%C3%B6%C3%9Fe.c'],
    ['src\\100%.c', 'src/100%25.c'],
    ['a:b\u0001"<>.c', 'a%3Ab%01%22%3C%3E.c'],
  ])('names the source file %j as a URI', async (name, uri) => {
    const { log } = await sarif('x.o', { 'x.o': renamed(unsafe, './samples/droppacket_unsafe.c', name) });
    expect(sarifComplaints(log)).toEqual([]);
    const [result] = log.runs[0]!.results;
    expect(result!.locations[0]!.physicalLocation).toMatchObject({ artifactLocation: { uri }, region: { startLine: 25 } });
    expect(log.runs[0]!.artifacts.map(({ location }) => location.uri)).toContain(uri);
  });

  it('leads into the object where that says no lines', async () => {
    const { log } = await sarif('x.o', { 'x.o': renamed(unsafe, '.BTF.ext', '.XTF.ext') });
    expect(sarifComplaints(log)).toEqual([]);
    const [result] = log.runs[0]!.results;
    expect(result!.locations[0]!.physicalLocation).toEqual({
      artifactLocation: { uri: 'x.o' },
      address: { relativeAddress: 16, length: 8, kind: 'instruction', name: 'instruction 2' },
    });
  });

  it('says of a program without a verdict why there is none', async () => {
    const { log } = await sarif('x.o', { 'x.o': renamed(readFileSync('samples/bpf.o'), '\x95\0\0\0\0\0\0\0', '\xfe\0\0\0\0\0\0\0') });
    expect(sarifComplaints(log)).toEqual([]);
    expect(log.runs[0]!.invocations).toMatchObject([{ executionSuccessful: false, toolExecutionNotifications: [{ level: 'error' }] }]);
  });

  it('would not pass with a missing message, an unknown level, a made-up property or a broken URI', async () => {
    const { log } = await sarif('samples/droppacket_unsafe.o');
    const [first] = log.runs[0]!.results;
    const broken = (change: object) => sarifComplaints({ ...log, runs: [{ ...log.runs[0], results: [{ ...first, ...change }] }] });
    const at = '/runs/0/results/0';
    expect(broken({})).toEqual([]);
    expect(broken({ message: {} })).toContain(`${at}/message: must have required property 'text'`);
    expect(broken({ level: 'fatal' })).toEqual([`${at}/level: must be equal to one of the allowed values (none,note,warning,error)`]);
    expect(broken({ severity: 1 })).toEqual([`${at}: must NOT have additional properties (severity)`]);
    expect(broken({ hostedViewerUri: 'a b' })).toEqual([`${at}/hostedViewerUri: must match format "uri"`]);
  });

  it('would not pass where it breaks what only the text of the standard says', async () => {
    const { log } = await sarif('samples/droppacket_unsafe.o');
    const broken = (change: (run: Writable<Log>['runs'][number]) => void) => {
      const copy = structuredClone(log);
      change(copy.runs[0]!);
      return sarifComplaints(copy);
    };
    expect(broken((run) => (run.results[0]!.ruleIndex = 1))).toEqual(['/runs/0/results/0: ruleIndex leads to PKT-02 and not to PKT-01 (3.27.6)']);
    expect(broken((run) => run.artifacts.pop())[0]).toMatch(/is not among the artifacts \(3\.14\.15\)$/);
    expect(broken((run) => run.artifacts.push({ ...run.artifacts[0]!, sourceLanguage: 'c' }))).toEqual([
      '/runs/0/artifacts: a file is listed twice (3.24)',
    ]);
    expect(broken((run) => run.results[0]!.codeFlows![0]!.threadFlows[0]!.locations.reverse())).toHaveLength(1);
  });

  for (const [folder, platform] of [
    ['failures/objects', 'linux'],
    ['elf/build', 'windows'],
  ] as const) {
    const path = corpusPath(folder);
    if (path === undefined) reportSkipped(folder, 'all');
    it.skipIf(path === undefined)(`keeps to the standard for all of ${folder}`, { timeout: 300_000 }, async () => {
      let results = 0;
      for (const file of readdirSync(path!).filter((name) => name.endsWith('.o'))) {
        const { stdout } = await run(
          newSession({ 'x.o': readFileSync(`${path}/${file}`) }),
          `ebpf show verification x.o platform=${platform} attack=no format=sarif`,
        );
        const log = JSON.parse(stdout);
        expect(sarifComplaints(log), file).toEqual([]);
        results += log.runs[0].results.length;
      }
      expect(results).toBeGreaterThan(30);
    });
  }

  const folder = corpusPath('failures/objects');
  if (folder === undefined) reportSkipped('failures/objects', 'all');
  it.skipIf(folder === undefined)('leads every kept failure of a corpus to its instruction, in at most so many steps', async () => {
    const files = readdirSync(folder!).filter((name) => name.endsWith('.bad.o'));
    let walks = 0;
    for (const file of files) {
      const object = await openObject(`${folder}/${file}`, 'linux');
      for (const program of object.programs.filter(({ section }) => section !== '.text')) {
        const session = await debugProgram(object, program, 'linux');
        for (const walk of recordWalks(session, 'all')) {
          if (walk.failure === 0) continue;
          walks++;
          expect(walk.steps.length).toBeLessThanOrEqual(MAX_STEPS);
          expect(walk.steps.at(-1)!.failures).toContain(walk.failure);
        }
      }
    }
    expect(walks).toBeGreaterThan(files.length / 2);
  });
});

describe('names of files as URI references', () => {
  it.each([
    ['samples/a.o', 'samples/a.o'],
    ['/usr/src/a b.c', 'file:///usr/src/a%20b.c'],
    ['C:\\src\\a#1.c', 'file:///C:/src/a%231.c'],
    ['//host/share?.c', 'file:///host/share%3F.c'],
    ['a\ud800.c', 'a%EF%BF%BD.c'],
    ['x:y.c', 'x%3Ay.c'],
  ])('%j is %s', (file, uri) => expect(uriOf(file)).toBe(uri));
});
