import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { corpusPath, reportSkipped } from '../corpus.ts';
import { ebpfsh } from './bin.ts';

/** The largest objects cost the most; what holds for them holds for all. */
const LARGEST = 10;
const MEGABYTES = 300;
const MILLISECONDS = 2000;

const elf = corpusPath('elf');
if (elf === undefined) reportSkipped('elf', LARGEST);

const folder = mkdtempSync(join(tmpdir(), 'ebpfsh-large-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What a process took until it ended, as it knows itself: processor time, which other work on the machine does not change. */
interface Cost {
  readonly megabytes: number;
  readonly milliseconds: number;
}

function listed(path: string): Cost & { readonly exitCode: number | null; readonly rows: number } {
  const probe = join(folder, 'probe.cjs');
  const answer = join(folder, 'cost.json');
  writeFileSync(
    probe,
    `process.on('exit', () => { const { maxRSS, userCPUTime, systemCPUTime } = process.resourceUsage();
      require('node:fs').writeFileSync(${JSON.stringify(answer)}, JSON.stringify({
        megabytes: maxRSS / 1024, milliseconds: (userCPUTime + systemCPUTime) / 1000 })); });`,
  );
  const { stdout, exitCode } = ebpfsh(['ebpf', 'show', 'sections', path], { env: { NODE_OPTIONS: `--require ${probe}` } });
  return { exitCode, rows: stdout.split('\n').length, ...(JSON.parse(readFileSync(answer, 'utf8')) as Cost) };
}

describe.skipIf(elf === undefined)('the largest objects of the corpus', () => {
  const paths = readdirSync(elf ?? '.', { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.o'))
    .map((name) => join(elf ?? '.', name))
    .toSorted((a, b) => statSync(b).size - statSync(a).size)
    .slice(0, LARGEST);
  it(`are listed in ${MILLISECONDS / 1000} s and ${MEGABYTES} MB each`, { timeout: 60_000 }, () => {
    const costs = paths.map((path) => ({ path, ...listed(path) }));
    const most = (key: keyof Cost) => Math.round(Math.max(...costs.map((cost) => cost[key])));
    console.log(`largest objects: at most ${most('megabytes')} MB, ${most('milliseconds')} ms of processor time`);
    for (const { path, exitCode, rows, megabytes, milliseconds } of costs) {
      expect(exitCode, path).toBe(0);
      expect(rows, path).toBeGreaterThan(8);
      expect(megabytes, path).toBeLessThan(MEGABYTES);
      expect(milliseconds, path).toBeLessThan(MILLISECONDS);
    }
  });
});
