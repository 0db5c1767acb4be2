/** Shipped programs: what the verifier accepts runs without a fault and inside the explored states, on made-up packets, contexts and maps. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { corpusPath, reportSkipped } from '../corpus.ts';
import { watchObject } from './soundness/objects.ts';

const elf = corpusPath('elf');
if (elf === undefined) reportSkipped('elf', 'about 160');
const samples = fileURLToPath(new URL('../../samples/', import.meta.url));

/** Objects of the large folder: a few are enough here, `node bench/run.mjs soundness-corpus` takes all. */
const LARGE_OBJECTS = 2;

function objectsIn(folder: string): string[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.o'))
    .sort()
    .map((name) => join(folder, name));
}

function check(paths: readonly string[], platform: 'linux' | 'windows', inputs: number, least: number): void {
  const shown: string[] = [];
  let accepted = 0;
  for (const path of paths) {
    for (const { program, violation, runs } of watchObject(readFileSync(path), path, platform, inputs)) {
      if (runs > 0) accepted++;
      if (violation !== undefined) shown.push(`${path} ${program}: ${violation.kind} at ${violation.instruction}: ${violation.message}`);
    }
  }
  expect(shown).toEqual([]);
  expect(accepted).toBeGreaterThanOrEqual(least);
}

describe('programs of this project', () => {
  it('on eBPF for Windows stay inside', { timeout: 120_000 }, () => check(objectsIn(samples), 'windows', 20, 15));
});

describe.skipIf(elf === undefined)('shipped programs', () => {
  it.each([
    ['linux', 6, 110],
    ['prototype-kernel', 10, 30],
    ['build', 10, 25],
    ['new_linux', 6, 15],
  ] as const)('of %s stay inside', { timeout: 240_000 }, (folder, inputs, least) =>
    check(objectsIn(join(elf ?? '', folder)), 'linux', inputs, least),
  );

  it('of cilium stay inside', { timeout: 240_000 }, () => check(objectsIn(join(elf ?? '', 'cilium')).slice(0, LARGE_OBJECTS), 'linux', 4, 5));
});
