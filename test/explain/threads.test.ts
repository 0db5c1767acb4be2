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

const FOLDER = 'test/explain/threads';
/** `// expect: PKT-02 line 8 bug packet_check`: the cause, where it shows, its class, and the first change that is offered. */
const EXPECT = /^\/\/ expect: (\S+) line (\d+) (\S+) (\S+)$/;

const programs = readdirSync(FOLDER)
  .filter((name) => name.endsWith('.c'))
  .map((name) => ({ name, expected: EXPECT.exec(readFileSync(join(FOLDER, name), 'utf8').split('\n', 1)[0]!)! }));
const can = canCompile();
if (!can) reportSkipped('programs that people asked about (clang and the corpus)', programs.length);

/** Programs that fail as those did which people asked about in public: questions, issues of loaders and tools, exercises of tutorials. */
describe.skipIf(!can)('programs that people asked about', () => {
  const folder = mkdtempSync(join(tmpdir(), 'ebpfsh-threads-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it.each(programs)('$name', { timeout: 120_000 }, ({ name, expected }) => {
    const [, id, line, cause, pattern] = expected;
    const object = join(folder, `${name}.o`);
    compile(join(FOLDER, name), object, 'v3');
    const loaded = loadObject(readFileSync(object), name);
    const program = loaded.programs.find(({ section }) => section !== '.text')!;
    const verification = verify(loaded, program, { platform: linux });
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
  });
});
