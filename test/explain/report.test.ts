import { readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { explanationText } from '../../contexts/render/explanation.ts';
import { explainFailure, explainFailures } from '../../src/explain/report.ts';
import type { PlatformName } from '../../src/platform/platform.ts';
import { corpusPath, reportSkipped } from '../corpus.ts';
import { debugProgram, debugSample, openObject } from './open.ts';

/** Numbers that only the inside of a verifier knows. */
const SENTINELS = /2147418112|9223372036854775807|9223372036854775808|18446744073709551615|uvalue|svalue|NaN|undefined(?! behaviour)/;

describe('the explanation of a failed check', () => {
  it('says what is required, established and missing, and tells the story in the order of the path', async () => {
    const session = await debugSample('droppacket_unsafe');
    const [first, second] = explainFailures(session, 2);
    expect(first).toMatchObject({
      failure: 0,
      id: 'PKT-01',
      program: 'DropPacket',
      pc: 2,
      required: ['the packet has byte 9, readable through r1'],
      established: ['ip (r1): packet + 0, 0 bytes proved, since line 22 (instruction 1)'],
      evidence: [{ register: 'r1', variable: 'ip', pc: 1, line: 22 }],
      title: 'Packet read without a bounds check',
      portable: { linux: 'rejects', windows: 'rejects' },
      missing: '10 bytes',
      skipped: 0,
    });
    expect(first?.story.map(({ pc, kind, source }) => [pc, kind, source?.line])).toEqual([
      [1, 'made', 22],
      [2, 'fails', 25],
    ]);
    expect(second).toMatchObject({ failure: 1, pc: 4, missing: '16 bytes' });
    expect(JSON.parse(JSON.stringify(first))).toEqual(structuredClone(first));
  });

  it('reads as lines of at most 80 columns', async () => {
    const session = await debugSample('droppacket_unsafe');
    const text = explanationText(explainFailures(session, 1)[0]!);
    expect(text).toBe(`    required     the packet has byte 9, readable through r1
    established  ip (r1): packet + 0, 0 bytes proved, since line 22
                 (instruction 1)
    missing      10 bytes
    (1) line 22: ipv4_header_t* ip = ctx->data;
        ip (r1): packet + 0, 0 bytes proved
    (2) line 25: fails here
`);
  });

  it('does not exist for a program that passes', async () => {
    const session = await debugSample('droppacket');
    expect(explainFailures(session, 5)).toEqual([]);
    expect(explainFailure(session, 0)).toBeUndefined();
  });

  const offByOne = corpusPath('failures/objects/16-map-value-off-by-one.bad.o');
  if (offByOne === undefined) reportSkipped('failures/objects', 1);
  it.skipIf(offByOne === undefined)('names the branch that allows one too many', async () => {
    const object = await openObject(offByOne!, 'linux');
    const session = await debugProgram(object, object.programs[0]!, 'linux');
    const [explanation] = explainFailures(session, 1);
    expect(explanation).toMatchObject({ id: 'MAP-03', missing: '1 byte' });
    expect(explanation?.story.map(({ words }) => words)).toContain('i (r6): 0..64 (was any 32-bit number)');
  });

  for (const [folder, platform] of [
    ['failures/objects', 'linux'],
    ['elf/build', 'windows'],
  ] satisfies readonly (readonly [string, PlatformName])[]) {
    const path = corpusPath(folder);
    if (path === undefined) reportSkipped(folder, 'all');
    it.skipIf(path === undefined)(`is short and free of the verifier's inner numbers in all of ${folder}`, { timeout: 300_000 }, async () => {
      let explained = 0;
      for (const file of readdirSync(path!).filter((name) => name.endsWith('.o'))) {
        const object = await openObject(`${path}/${file}`, platform).catch(() => undefined);
        for (const program of object?.programs ?? []) {
          const session = await debugProgram(object!, program, platform, 1);
          for (const explanation of explainFailures(session, 1)) {
            const text = explanationText(explanation);
            expect(text, file).not.toMatch(SENTINELS);
            expect(text.split('\n').length, file).toBeLessThanOrEqual(34);
            expect(explanation.story.at(-1)?.kind, file).toBe('fails');
            expect(explanation.title, file).toBeTruthy();
            explained++;
          }
        }
      }
      console.log(`${folder}: ${explained} first failures explained`);
      expect(explained).toBeGreaterThan(10);
    });
  }
});
