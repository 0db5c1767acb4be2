import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { loadObject } from '../../src/object/load.ts';
import { helperByName } from '../../src/platform/index.ts';
import { linux } from '../../src/platform/linux/linux.ts';
import { windows } from '../../src/platform/windows/windows.ts';
import { RuntimeError } from '../../src/runtime/result.ts';
import type { Runtime } from '../../src/runtime/runtime.ts';
import { systemProcesses } from '../../src/runtime/store/process-table.ts';
import { Store } from '../../src/runtime/store/store.ts';
import { corpusPath, reportSkipped } from '../corpus.ts';
import { testRuntime } from './runtime-fixture.ts';

/** Whatever can be loaded comes back from the store as it was: every sample, and every shipped object of the corpus. */
const root = mkdtempSync(join(tmpdir(), 'ebpfsh-store-objects-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
const processes = systemProcesses(process.pid, (pid) => process.kill(pid, 0));
const samples = fileURLToPath(new URL('../../samples/', import.meta.url));

const FOLDERS = ['cilium', 'linux', 'prototype-kernel'];

function files(folder: string): string[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.o'))
    .map((name) => join(folder, name));
}

/** All that a runtime holds, as plain values. */
function described(runtime: Runtime) {
  return {
    programs: runtime.programs().map(({ id, name, section, index, type, attachType, mode, mapIds, objectMapIds, source, instructions }) => {
      return { id, name, section, index, type: type.name, attach: attachType?.name, mode, mapIds, objectMapIds, sha256: source.sha256, instructions };
    }),
    maps: runtime.maps().map((map) => {
      const { id, name, keySize, valueSize, maxEntries, flags, frozen, specification, origin } = map;
      const content = Buffer.from(map.exportAll()).toString('base64');
      const from = origin && [origin.index, origin.source.sha256, origin.source.bytes?.length];
      return {
        id,
        name,
        keySize,
        valueSize,
        maxEntries,
        flags,
        frozen,
        type: specification.type.name,
        special: specification.special,
        content,
        from,
      };
    }),
    links: runtime
      .links()
      .map(({ id, programId, attachType, parameters, legacy, state }) => [id, programId, attachType.name, parameters, legacy, state]),
    pins: runtime.pinned(),
    next: runtime.objects.nextId,
  };
}

/** Loads one object, pins everything, and compares with what another process would see. Returns false where it cannot be loaded. */
async function comesBack(path: string, platform: 'windows' | 'linux', directory: string): Promise<boolean> {
  const tables = platform === 'windows' ? windows : linux;
  const parseObject = (bytes: Uint8Array, name: string) => loadObject(bytes, name, { helperId: (helper) => helperByName(tables, helper)?.id });
  const open = () => new Store({ directory, processes, parseObject });
  const runtime = testRuntime(platform, { memoryLimit: 1 << 28 });
  const bytes = new Uint8Array(readFileSync(path));
  try {
    await open().transaction(runtime, async () => {
      const { programs, maps, close } = await runtime.loadObject(parseObject(bytes, basename(path)), { bytes, mode: 'interpret' });
      for (const program of programs) runtime.pin(program.id, `${basename(path)}/${program.id}`);
      for (const map of maps) if (map) runtime.pin(map.id, `${basename(path)}/${map.id}`);
      close();
    });
  } catch (error) {
    if (!(error instanceof RuntimeError)) throw error;
    return false;
  }
  const again = testRuntime(platform, { memoryLimit: 1 << 28 });
  const store = open();
  await store.begin(again);
  store.abandon();
  expect(described(again), path).toEqual(described(runtime));
  return true;
}

describe('everything comes back from the store', () => {
  it('the samples', async () => {
    let loaded = 0;
    for (const path of files(samples)) {
      const platform = /linux/.test(path) ? 'linux' : 'windows';
      if (await comesBack(path, platform, join(root, basename(path)))) loaded++;
    }
    expect(loaded).toBeGreaterThan(20);
  }, 60_000);

  for (const folder of FOLDERS) {
    const path = corpusPath(`elf/${folder}`);
    if (path === undefined) {
      reportSkipped(`elf/${folder}`, 'all');
      continue;
    }
    it(`the objects of ${folder}`, async () => {
      let loaded = 0;
      for (const file of files(path)) if (await comesBack(file, 'linux', join(root, `${folder}-${basename(file)}`))) loaded++;
      expect(loaded).toBeGreaterThan(0);
    }, 120_000);
  }
});
