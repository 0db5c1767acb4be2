import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createJit } from '../../src/engine/jit/jit.ts';
import { parseConformanceCase } from '../../src/isa/conformance.ts';
import { corpusPath, reportSkipped } from '../corpus.ts';
import { executable, runOn } from './jit-fixture.ts';

const folder = corpusPath('conformance');
if (folder === undefined) reportSkipped('conformance', 245);
const jit = createJit();

describe.skipIf(folder === undefined)('JIT: instruction-set conformance', () => {
  const files = folder === undefined ? [] : readdirSync(folder).filter((name) => name.endsWith('.data'));

  it('has all cases', () => {
    expect(files.length).toBeGreaterThanOrEqual(245);
  });

  it.each(files)('%s', (file) => {
    const { instructions, memory, result } = parseConformanceCase(readFileSync(join(folder!, file), 'utf8'));
    const { r0, low } = runOn(jit, executable(instructions), memory);
    expect(r0).toBe(result);
    expect(low).toBe(Number(BigInt.asUintN(32, result!)));
  });
});
