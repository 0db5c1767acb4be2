import { readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { PlatformName } from '../../src/platform/platform.ts';
import { corpusPath, reportSkipped } from '../corpus.ts';
import { debugProgram, openObject } from './open.ts';

/** Checks of the code itself, of whole loops, or of a function on its own: no single state fails them. */
const WITHOUT_STATE: ReadonlySet<string> = new Set([
  'control_flow',
  'unreachable',
  'global_argument',
  'infinite_loop',
  'loop_unbounded',
  'mixed_pointers',
  'combined_stack',
  'call_depth',
  'recursion',
  'lock_state',
]);

const FOLDERS: readonly (readonly [string, PlatformName])[] = [
  ['failures/objects', 'linux'],
  ['elf/build', 'windows'],
];

describe('replaying the path of a failure', () => {
  for (const [folder, platform] of FOLDERS) {
    const path = corpusPath(folder);
    if (path === undefined) {
      reportSkipped(folder, 'all');
      it.skip(folder, () => undefined);
      continue;
    }
    it(`comes to the failed check again in all of ${folder}`, { timeout: 300_000 }, async () => {
      const missed: string[] = [];
      let reproduced = 0;
      for (const file of readdirSync(path).filter((name) => name.endsWith('.o'))) {
        const object = await openObject(`${path}/${file}`, platform).catch(() => undefined);
        for (const program of object?.programs ?? []) {
          if (program.section === '.text') continue;
          const session = await debugProgram(object!, program, platform, 1);
          for (const { number, failure } of session.failures) {
            if (failure.severity === 'portability' || WITHOUT_STATE.has(failure.check.kind)) continue;
            const found = session.steppable ? session.failure(number) : undefined;
            const here = found !== undefined && session.pc === failure.instruction;
            if (here && session.view().requirements.some(({ kind, holds }) => !holds && kind === failure.check.kind)) reproduced++;
            else missed.push(`${file} ${program.name} ${failure.instruction} ${failure.check.kind}`);
          }
        }
      }
      console.log(`${folder}: ${reproduced} failed checks reproduced`);
      expect(missed).toEqual([]);
      expect(reproduced).toBeGreaterThan(0);
    });
  }
});
