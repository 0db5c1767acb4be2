import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { corpusPath, reportSkipped } from '../corpus.ts';
import { type BrokenCase, type Case, readCases } from './yaml/case.ts';
import { DIFFERENCES, ONE_SIDED } from './yaml/differences.ts';
import { APART, JOINED, type Judgement, judge } from './yaml/judge.ts';

const folder = corpusPath('verifier-yaml');
if (folder === undefined) reportSkipped('verifier-yaml', 558);

function isMet({ missing, problems }: Judgement): boolean {
  return missing.length + problems.length === 0;
}

/** What is wrong with how a case came out, the tables of differences considered. */
function problemsOf(test: Case | BrokenCase): string[] {
  if ('error' in test) return test.error === test.expected ? [] : [`loading: ${test.error}`];
  const same = (row: { readonly file: string; readonly name: string }) => row.file === test.file && row.name === test.name;
  const apart = judge(test, APART, ONE_SIDED.some(same));
  // The dial's lowest setting merges paths at every join; what it says is as good.
  const agrees = isMet(apart) || isMet(judge(test, JOINED, ONE_SIDED.some(same)));
  const difference = DIFFERENCES.find(same);
  const { ours, missing, problems } = apart;
  if (agrees) return difference === undefined ? [] : ['agrees, and needs no row in the table of differences'];
  if (difference === undefined) return [...missing.map((line) => `not implied: ${line}`), ...problems];
  const said = ours === difference.ours ? [] : [`we say "${ours}" instead of "${difference.ours}"`];
  const wanted = difference.missing ?? [];
  return [...said, ...missing.filter((line) => !wanted.includes(line)).map((line) => `not implied: ${line}`)];
}

/** Cases of our own, which need no corpus. */
describe('our unit cases', () => {
  const cases = readCases(fileURLToPath(new URL('yaml/cases.yaml', import.meta.url)), 'cases.yaml');
  it.each(cases.map((test) => [test.name, test] as const))('%s', (_, test) => {
    expect(problemsOf(test)).toEqual([]);
  });
});

/** Cases of the peer's suite: what it proves we prove, what it refuses we refuse, at the same instruction and for the same kind of reason. */
describe.skipIf(folder === undefined)('the peer verifier’s unit cases', () => {
  const files = folder === undefined ? [] : readdirSync(folder).filter((name) => name.endsWith('.yaml'));
  const cases = files.flatMap((file) => readCases(`${folder}/${file}`, file));

  for (const file of files) {
    it(file, () => {
      const problems: string[] = [];
      for (const test of cases) {
        if (test.file !== file) continue;
        problems.push(...problemsOf(test).map((text) => `${test.name} (#${test.index}): ${text}`));
      }
      expect(problems).toEqual([]);
    });
  }

  it('has a case for every row of the table of differences', () => {
    const names = new Set(cases.map((test) => `${test.file}: ${test.name}`));
    expect([...DIFFERENCES, ...ONE_SIDED].filter((row) => !names.has(`${row.file}: ${row.name}`))).toEqual([]);
  });
});
