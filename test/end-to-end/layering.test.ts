import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { projectRoot } from './bin.ts';

const folder = mkdtempSync(join(tmpdir(), 'ebpfsh-layers-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Lints a made-up file that imports one thing, as if it stood at that path of the project. */
function refused(path: string, specifier: string): boolean {
  const { overrides } = JSON.parse(readFileSync(`${projectRoot}biome.json`, 'utf8')) as { overrides: unknown };
  writeFileSync(join(folder, 'biome.json'), JSON.stringify({ root: true, overrides }));
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), `import { x } from '${specifier}';\n\nexport const y = x;\n`);
  const { stdout, stderr, status } = spawnSync(
    process.execPath,
    [`${projectRoot}node_modules/@biomejs/biome/bin/biome`, 'lint', '--only=style/noRestrictedImports', path],
    { cwd: folder, encoding: 'utf8' },
  );
  const complaint = /noRestrictedImports/.test(stdout + stderr);
  expect(complaint, stdout + stderr).toBe(status !== 0);
  return complaint;
}

describe('arrows only point down', () => {
  const cases: readonly { from: string; to: string; allowed: boolean }[] = [
    { from: 'shell/probe.ts', to: '../contexts/session.ts', allowed: true },
    { from: 'contexts/ebpf/probe.ts', to: '../../src/object/load.ts', allowed: true },
    { from: 'contexts/probe.ts', to: '../shell/main.ts', allowed: false },
    { from: 'contexts/probe.ts', to: 'react', allowed: false },
    { from: 'contexts/probe.ts', to: 'ink', allowed: false },
    { from: 'src/verifier/probe.ts', to: '../../contexts/session.ts', allowed: false },
    { from: 'src/isa/probe.ts', to: '../object/load.ts', allowed: false },
    { from: 'src/object/probe.ts', to: '../isa/decode.ts', allowed: true },
    { from: 'src/verifier/probe.ts', to: '../runtime/memory.ts', allowed: false },
    { from: 'src/runtime/probe.ts', to: '../verifier/index.ts', allowed: false },
    { from: 'src/runtime/maps/probe.ts', to: '../../engine/engine.ts', allowed: true },
    { from: 'src/explain/probe.ts', to: '../verifier/index.ts', allowed: true },
    { from: 'src/crosscheck/probe.ts', to: '../engine/engine.ts', allowed: true },
    { from: 'src/crosscheck/probe.ts', to: '../runtime/memory.ts', allowed: false },
    { from: 'src/explain/probe.ts', to: '../crosscheck/index.ts', allowed: false },
    { from: 'src/libbpf/probe.ts', to: '../runtime/memory.ts', allowed: true },
    { from: 'src/engine/probe.ts', to: '../platform/index.ts', allowed: true },
    { from: 'src/engine/probe.ts', to: 'node:readline', allowed: false },
  ];
  for (const { from, to, allowed } of cases)
    it(`${from} ${allowed ? 'may' : 'may not'} import ${to}`, () => expect(refused(from, to)).toBe(!allowed));
});
