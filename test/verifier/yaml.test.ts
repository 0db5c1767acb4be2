import { readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { corpusPath, reportSkipped } from '../corpus.ts';
import { type BrokenCase, type Case, readCases } from './yaml/case.ts';
import { DIFFERENCES, ONE_SIDED } from './yaml/differences.ts';
import { judge } from './yaml/judge.ts';

const folder = corpusPath('verifier-yaml');
if (folder === undefined) reportSkipped('verifier-yaml', 558);

/** What is wrong with how a case came out, the tables of differences considered. */
function problemsOf(test: Case | BrokenCase): string[] {
  if ('error' in test) return test.error === test.expected ? [] : [`loading: ${test.error}`];
  const same = (row: { readonly file: string; readonly name: string }) => row.file === test.file && row.name === test.name;
  const { ours, missing, problems } = judge(test, ONE_SIDED.some(same));
  const difference = DIFFERENCES.find(same);
  if (difference === undefined) return [...missing.map((line) => `not implied: ${line}`), ...problems];
  if (missing.length + problems.length === 0) return ['agrees, and needs no row in the table of differences'];
  const said = ours === difference.ours ? [] : [`we say "${ours}" instead of "${difference.ours}"`];
  const wanted = difference.missing ?? [];
  return [...said, ...missing.filter((line) => !wanted.includes(line)).map((line) => `not implied: ${line}`)];
}

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
