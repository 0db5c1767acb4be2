import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type * as Library from '../../src/index.ts';
import { projectRoot } from './bin.ts';

describe('the built library', () => {
  it('loads, prints and verifies an object', async () => {
    const { loadObject, formatInstruction, loadPlatform, verifyProgram } = (await import(`${projectRoot}dist/index.js`)) as typeof Library;
    const object = loadObject(readFileSync(`${projectRoot}samples/droppacket_unsafe.o`), 'droppacket_unsafe.o');
    const program = object.programs.find((candidate) => candidate.section === 'xdp')!;
    expect(formatInstruction(program.instructions[2]!, 2)).toBe('r2 = *(u8 *)(r1 + 9)');
    const report = verifyProgram(object, program, { platform: await loadPlatform('windows') });
    expect(report).toMatchObject({ verdict: 'rejected', programType: 'xdp' });
    expect(report.failures[0]?.instruction).toBe(2);
  });

  it('has types where package.json says', () => {
    const manifest = JSON.parse(readFileSync(`${projectRoot}package.json`, 'utf8')) as { exports: { '.': { types: string; default: string } } };
    const { types, default: code } = manifest.exports['.'];
    expect(existsSync(projectRoot + code)).toBe(true);
    expect(readFileSync(projectRoot + types, 'utf8')).toContain('verifyProgram');
  });

  it('knows no terminal: neither process nor console', () => {
    expect(readFileSync(`${projectRoot}dist/index.js`, 'utf8')).not.toMatch(/\b(?:process|console)\./);
  });
});
