import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, it } from 'vitest';
import { loadObject } from '../../src/object/load.ts';
import { systemProcesses } from '../../src/runtime/store/process-table.ts';
import { Store } from '../../src/runtime/store/store.ts';
import { testRuntime } from './runtime-fixture.ts';

const directory = mkdtempSync(join(tmpdir(), 'ebpfsh-origin-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const bytes = new Uint8Array(readFileSync(fileURLToPath(new URL('./fixtures/timers.o', import.meta.url))));

function open(): Store {
  return new Store({
    directory,
    processes: systemProcesses(process.pid, (pid) => process.kill(pid, 0)),
    parseObject: (file, fileName) => loadObject(file, fileName),
  });
}

it('a pinned map keeps the file that defines it, and the parts of its values that belong to the runtime, when its programs are gone', async () => {
  const first = testRuntime('linux');
  await open().transaction(first, async () => {
    const loaded = await first.loadObject(loadObject(bytes, 'timers.o'), { bytes });
    first.pin(first.maps().find(({ name }) => name === 'elements')!.id, 'elements');
    loaded.close();
  });
  expect(readdirSync(join(directory, 'objects')).length).toBe(1);

  const second = testRuntime('linux');
  const store = open();
  await store.transaction(second, () => {
    expect(second.programs()).toEqual([]);
    const [map, ...others] = second.maps();
    expect([map!.name, others]).toEqual(['elements', []]);
    expect(map!.specification.special).toEqual([{ offset: 8, size: 16 }]);
    expect(map!.origin!.source.bytes).toEqual(bytes);
    const definition = loadObject(map!.origin!.source.bytes!, 'timers.o').maps[map!.origin!.index]!;
    expect(definition.name).toBe('elements');
    second.unpinAll(map!.id);
  });
  expect(readdirSync(join(directory, 'objects'))).toEqual([]);
});
