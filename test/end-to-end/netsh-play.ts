import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { ebpfsh } from './bin.ts';

/** One line as a process of its own, or several in one process where the original keeps them in one. */
export interface Step {
  readonly run: string | readonly string[];
  readonly stdout?: string | RegExp;
  readonly stderr?: string | RegExp;
  readonly exitCode?: number;
}

/** A case of the original's netsh tests: its number and name in the reference, and what is typed and printed. */
export interface Case {
  readonly name: string;
  readonly steps: readonly Step[];
}

/** A folder for one file of tests; `{folder}` in a step stands for it. */
export const folder = mkdtempSync(join(tmpdir(), 'ebpfsh-netsh-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let number = 0;

/** Plays each case against the built bin, with a store of its own. */
export function play(cases: readonly Case[]): void {
  for (const { name, steps } of cases) {
    it(name, () => {
      const store = join(folder, `store-${number++}`);
      for (const { run, stdout = '', stderr = '', exitCode = 0 } of steps) {
        const finished = ebpfsh(commandLine(run), { env: { EBPFSH_STORE: store } });
        const what = typeof run === 'string' ? run : run.join('; ');
        expectText(finished.stderr, stderr, `standard error of ${what}`);
        expectText(finished.stdout, stdout, `standard output of ${what}`);
        expect(finished.exitCode, `exit code of ${what}`).toBe(exitCode);
      }
    });
  }
}

function commandLine(run: Step['run']): readonly string[] {
  const lines = (typeof run === 'string' ? [run] : run).map((line) => line.replaceAll('{folder}', folder));
  if (lines.length === 1) return [lines[0]!];
  const path = join(folder, `script-${number++}.nsh`);
  writeFileSync(path, `${lines.join('\n')}\n`);
  return ['-f', path];
}

function expectText(text: string, expected: string | RegExp, what: string): void {
  if (typeof expected === 'string') expect(text, what).toBe(expected.replaceAll('{folder}', folder));
  else expect(text, what).toMatch(expected);
}

export const PROGRAMS = `
    ID  Pins  Links  Mode       Type           Name
======  ====  =====  =========  =============  ====================
`;
export const MAPS = `
                              Key  Value      Max  Inner
     ID            Map Type  Size   Size  Entries     ID  Pins  Name
=======  ==================  ====  =====  =======  =====  ====  ========
`;
export const LINKS = `
   Link  Program  Attach
     ID       ID  Type
=======  =======  =============
`;
export const PINS = `
     ID     Type  Path
=======  =======  ==============
`;
