import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { runChecked } from '../../src/engine/checked-interpreter.ts';
import { judgeFailure } from '../../src/explain/fixes/judgement.ts';
import { SourceMap } from '../../src/explain/source.ts';
import { loadObject } from '../../src/object/load.ts';
import { linux } from '../../src/platform/linux/linux.ts';
import { verify } from '../../src/verifier/index.ts';
import { reportSkipped } from '../corpus.ts';
import { canCompile, compile } from '../verifier/failures-compile.ts';

/** Programs that fail as those did which people asked about in public; and other shapes of known mistakes, each with its repair (`FIX`). */
const FOLDERS = ['test/explain/threads', 'test/explain/variants'];
/** `// expect: PKT-02 line 8 bug packet_check`: the cause, where it shows, its class, and the first change that is offered. */
const EXPECT = /^\/\/ expect: (?:accepted|(\S+) line (\d+) (\S+) (\S+))$/;

const programs = FOLDERS.flatMap((folder) =>
  readdirSync(folder)
    .filter((name) => name.endsWith('.c'))
    .map((name) => {
      const source = join(folder, name);
      const text = readFileSync(source, 'utf8');
      const wanted = /^\/\/ fix: (.*)$/m.exec(text)?.[1];
      return { name, source, wanted, expected: EXPECT.exec(text.split('\n', 1)[0]!)!, repaired: /\bFIX\b/.test(text) };
    }),
);
const can = canCompile();
if (!can) reportSkipped('programs that people asked about (clang and the corpus)', programs.length);

describe.skipIf(!can)('programs that people asked about', () => {
  const folder = mkdtempSync(join(tmpdir(), 'ebpfsh-threads-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const verified = (source: string, defines: readonly string[]) => {
    const object = join(folder, 'program.o');
    compile(source, object, 'v3', defines);
    const loaded = loadObject(readFileSync(object), source);
    const program = loaded.programs.find(({ section }) => section !== '.text')!;
    return { program, verification: verify(loaded, program, { platform: linux }) };
  };

  it.each(programs)('$name', { timeout: 120_000 }, ({ source, wanted, expected, repaired }) => {
    const [, id, line, cause, pattern] = expected;
    const { program, verification } = verified(source, []);
    if (id === undefined) {
      expect(verification.report.failures).toEqual([]);
      return;
    }
    const [failure] = verification.report.failures;
    // The budget is so large that only the number of tries counts.
    const judged = judgeFailure(verification, 0, { run: runChecked, budgetMilliseconds: 30_000, maxTries: 4000 });
    expect({
      id: failure?.id,
      line: new SourceMap(program).at(failure!.instruction)?.line,
      cause: judged.class,
      pattern: judged.fixes[0]?.pattern,
    }).toEqual({ id, line: Number(line), cause, pattern });
    if (pattern !== 'advice') expect(judged.fixes[0]?.applicability).toMatch(/^verified/);
    if (wanted !== undefined) expect(judged.fixes[0]?.c).toContain(wanted);
    if (repaired) expect(verified(source, ['FIX']).verification.report.failures).toEqual([]);
  });
});
