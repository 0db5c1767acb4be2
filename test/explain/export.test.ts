import { readdirSync } from 'node:fs';
import type { Log as SarifLog } from 'sarif';
import { describe, expect, it } from 'vitest';
import type { sarifLog } from '../../src/explain/export/sarif.ts';
import { uriOf } from '../../src/explain/export/sarif.ts';
import { MAX_STEPS, recordWalks } from '../../src/explain/export/walk.ts';
import { newSession, run } from '../contexts/harness.ts';
import { corpusPath, reportSkipped } from '../corpus.ts';
import { sarifComplaints } from './export-schema.ts';
import { debugProgram, debugSample, openObject } from './open.ts';

type Log = ReturnType<typeof sarifLog>;

/** As others may change it; what the writer promises is otherwise the same. */
type Writable<T> = T extends readonly (infer Item)[] ? Writable<Item>[] : T extends object ? { -readonly [Key in keyof T]: Writable<T[Key]> } : T;

/** The compiler holds what is written to the types of SARIF 2.1.0: their names, what is required, the words that they allow. */
type Conforms<T extends SarifLog> = T;

async function sarif(line: string): Promise<{ readonly log: Conforms<Writable<Log>>; readonly exitCode: number }> {
  const { stdout, stderr, exitCode } = await run(newSession(), `ebpf show verification ${line} format=sarif`);
  expect(stderr).toBe('');
  return { log: JSON.parse(stdout), exitCode };
}

describe('the recorded ways to failed checks', () => {
  it('end at the check, with what was known before every instruction', async () => {
    const session = await debugSample('droppacket_unsafe');
    const [walk] = recordWalks(session, 'all');
    expect(walk).toMatchObject({ failure: 1, skipped: 0, cut: false });
    expect(walk?.steps.map(({ pc }) => pc)).toEqual([0, 1, 2]);
    expect(walk?.steps[2]).toMatchObject({
      failures: [1],
      facts: expect.arrayContaining([{ kind: 'register', subject: 'r1', words: 'packet + 0, 0 bytes proved' }]),
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

  it('keeps to the schema for every sample', async () => {
    const names = readdirSync('samples').filter((name) => name.endsWith('.o') && name !== 'maponly.o');
    const complaints: string[] = [];
    for (const name of names) complaints.push(...sarifComplaints((await sarif(`samples/${name}`)).log).map((words) => `${name}: ${words}`));
    expect(names.length).toBeGreaterThan(10);
    expect(complaints).toEqual([]);
  });

  it('would not pass the checks with a missing message, an unknown level or a made-up property', async () => {
    const { log } = await sarif('samples/droppacket_unsafe.o');
    const [first] = log.runs[0]!.results;
    const broken = (change: object) => sarifComplaints({ ...log, runs: [{ ...log.runs[0], results: [{ ...first, ...change }] }] });
    expect(broken({})).toEqual([]);
    expect(broken({ message: {} })).toEqual(['log.runs[0].results[0].message: lacks text']);
    expect(broken({ level: 'fatal' })).toHaveLength(1);
    expect(broken({ severity: 1 })).toEqual(['log.runs[0].results[0]: has no property severity']);
  });

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
