import { spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadObject } from '../../src/object/load.ts';
import type { BpfMap } from '../../src/runtime/maps/map.ts';
import type { Runtime } from '../../src/runtime/runtime.ts';
import { StoreError } from '../../src/runtime/store/files.ts';
import { systemProcesses } from '../../src/runtime/store/process-table.ts';
import { Store } from '../../src/runtime/store/store.ts';
import { toU32, u32 } from './map-fixture.ts';
import { sample, sampleBytes, testRuntime } from './runtime-fixture.ts';

const root = mkdtempSync(join(tmpdir(), 'ebpfsh-store-'));
let worker = '';
let directories = 0;

beforeAll(async () => {
  worker = join(root, 'worker.mjs');
  await build({
    entryPoints: [fileURLToPath(new URL('store-worker.ts', import.meta.url))],
    outfile: worker,
    bundle: true,
    platform: 'node',
    format: 'esm',
    logLevel: 'silent',
  });
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

const processes = systemProcesses(process.pid, (pid) => process.kill(pid, 0));
const fresh = () => join(root, `store-${++directories}`);

function open(directory: string, timeout = 20_000): Store {
  return new Store({ directory, processes, timeout, parseObject: (bytes, fileName) => loadObject(bytes, fileName) });
}

/** What a new process would see. */
async function reopened(directory: string, runtime = testRuntime()): Promise<Runtime> {
  const store = open(directory);
  await store.begin(runtime);
  store.abandon();
  return runtime;
}

function hash(runtime: Runtime, name: string, maxEntries = 10, valueSize = 4): BpfMap {
  return runtime.createMap({ name, type: runtime.platform.mapTypes[1]!, keySize: 4, valueSize, maxEntries, flags: 0 });
}

describe('what is pinned outlives the process', () => {
  it('programs, maps, links, pins, policy, interfaces; not what only handles hold', async () => {
    const directory = fresh();
    const runtime = testRuntime();
    await open(directory).transaction(runtime, async () => {
      const loaded = await runtime.loadObject(sample('tail_call.o'), { bytes: sampleBytes('tail_call.o') });
      runtime.pin(loaded.programs[0]!.id, 'caller');
      runtime.attach(loaded.programs[0]!.id, undefined, {}, { legacy: true });
      loaded.maps[0]!.update(u32(0), u32(77));
      hash(runtime, 'unpinned');
      runtime.policy = { ...runtime.policy, hypervisorCodeIntegrity: true };
      runtime.interfaces.add('eth1', { alias: 'Ethernet' });
    });
    expect([Store.exists(directory), Store.exists(`${directory}-other`)]).toEqual([true, false]);
    const again = await reopened(directory);
    expect(again.programs().map(({ id, name, section, mode }) => [id, name, section, mode])).toEqual([
      [5, 'caller', 'sample_ext', 'jit'],
      [6, 'callee', 'sample_ext/0', 'jit'],
    ]);
    expect(again.pinned()).toEqual([{ path: 'BPF:\\caller', id: 5, kind: 'program' }]);
    expect(again.linkCount(5)).toBe(1);
    expect(again.maps().map(({ id, name }) => [id, name])).toEqual([
      [3, 'progress_map'],
      [4, 'map'],
    ]);
    expect(toU32(again.map(3)!.lookup(u32(0)))).toBe(77);
    expect(toU32(again.map(4)!.lookup(u32(0)))).toBe(6);
    expect(again.policy.hypervisorCodeIntegrity).toBe(true);
    expect(again.interfaces.find('Ethernet')?.index).toBe(2);
    expect(again.objects.nextId).toBe(runtime.objects.nextId);
    const here = runtime.testRun(runtime.program(5)!).returnValue;
    expect(again.testRun(again.program(5)!).returnValue).toBe(here);
    for (const id of again.links().map((link) => link.id)) again.detach(id);
    again.unpinAll(5);
    expect([again.programs(), again.maps(), again.links()]).toEqual([[], [], []]);
  });

  it('maps of every kind keep their contents', async () => {
    const directory = fresh();
    const runtime = testRuntime();
    const kinds: readonly [string, number, number, number][] = [
      ['hash', 3, 5, 10],
      ['array', 4, 6, 4],
      ['percpu_hash', 4, 4, 4],
      ['percpu_array', 4, 12, 3],
      ['lru_hash', 4, 4, 4],
      ['lpm_trie', 8, 4, 4],
      ['queue', 0, 4, 4],
      ['stack', 0, 4, 4],
    ];
    await open(directory).transaction(runtime, () => {
      for (const [type, keySize, valueSize, maxEntries] of kinds) {
        const map = runtime.createMap({
          name: type,
          type: runtime.platform.mapTypes.find(({ name }) => name === type)!,
          keySize,
          valueSize,
          maxEntries,
          flags: 0,
        });
        for (let index = 1; index < 4; index++) {
          const key = new Uint8Array(keySize);
          if (keySize > 0) key[0] = index % maxEntries;
          map.update(key, new Uint8Array(map.userValueSize).fill(index));
        }
        runtime.pin(map.id, type);
      }
      const ring = runtime.createMap({ name: 'ring', type: runtime.platform.mapTypes[13]!, keySize: 0, valueSize: 0, maxEntries: 4096, flags: 0 });
      (ring as unknown as { write(bytes: Uint8Array): void }).write(Uint8Array.of(1, 2, 3));
      runtime.pin(ring.id, 'ring');
    });
    const content = (from: Runtime) => from.maps().map((map) => [map.name, [...map.entries()].map(({ key, value }) => `${key}=${value}`).sort()]);
    const again = await reopened(directory);
    expect(content(again)).toEqual(content(runtime));
    expect(again.maps()).toHaveLength(9);
  });

  it('files and folders are for the user alone', async () => {
    const directory = fresh();
    const runtime = testRuntime();
    await open(directory).transaction(runtime, () => runtime.pin(hash(runtime, 'm').id, 'm'));
    expect(statSync(directory).mode & 0o077).toBe(0);
    expect(statSync(join(directory, 'manifest')).mode & 0o077).toBe(0);
  });
});

describe('two processes', () => {
  it('see each other: pins, contents by journal and snapshot, removals', async () => {
    const directory = fresh();
    const [a, b] = [testRuntime(), testRuntime()];
    const [storeA, storeB] = [open(directory), open(directory)];
    const id = await storeA.transaction(a, () => {
      const map = hash(a, 'm');
      for (let index = 0; index < 100; index++) map.update(u32(index), u32(index));
      a.pin(map.id, 'm');
      return map.id;
    });
    const unpinned = hash(b, 'mine');
    await storeB.transaction(b, () => b.map(id)!.update(u32(5), u32(500)));
    await storeA.transaction(a, () => {
      expect(toU32(a.map(id)!.lookup(u32(5)))).toBe(500);
      a.map(id)!.delete(u32(6));
    });
    expect(readdirSync(join(directory, 'maps')).sort()).toEqual([`${id}.1.journal`, `${id}.1.snapshot`]);
    await storeB.transaction(b, () => {
      expect(b.map(id)!.lookup(u32(6))).toBeUndefined();
      b.unpin('m');
      b.pin(hash(b, 'other').id, 'other');
    });
    await storeA.transaction(a, () => undefined);
    expect(a.pinned().map(({ path }) => path)).toEqual(['BPF:\\other']);
    expect(b.map(unpinned.id)).toBe(unpinned);
    expect(readdirSync(join(directory, 'maps'))).toHaveLength(1);
  });

  it('a program that stores through a value pointer is noticed', async () => {
    const directory = fresh();
    const runtime = testRuntime();
    const store = open(directory);
    const { map, program } = await store.transaction(runtime, async () => {
      const loaded = await runtime.loadObject(sample('droppacket.o'), { bytes: sampleBytes('droppacket.o') });
      runtime.pin(loaded.programs[0]!.id, 'p');
      return { map: loaded.maps[0]!, program: loaded.programs[0]! };
    });
    const udp = new Uint8Array(60);
    udp[0] = 0x45;
    udp[9] = 17;
    await store.transaction(runtime, () => runtime.testRun(program, { data: udp, repeat: 9 }));
    expect(toU32((await reopened(directory)).map(map.id)!.lookup(u32(0)))).toBe(9);
  });

  it('wait for each other and say who holds the store', async () => {
    const directory = fresh();
    const [a, b] = [testRuntime(), testRuntime()];
    const first = open(directory);
    await first.begin(a);
    await expect(open(directory, 30).begin(b)).rejects.toThrow(new RegExp(`process ${process.pid} is using the store`));
    const second = open(directory).begin(b);
    first.commit(a);
    await second;
  });

  it('the lock of a dead process is broken by exactly one of many', async () => {
    const directory = fresh();
    open(directory);
    writeFileSync(join(directory, 'lock'), '999999999 dead-token 1\n');
    let inside = 0;
    await Promise.all(
      Array.from({ length: 8 }, async () => {
        const runtime = testRuntime();
        const store = open(directory);
        await store.begin(runtime);
        expect(++inside).toBe(1);
        await new Promise((resolve) => setTimeout(resolve, 1));
        inside--;
        store.abandon();
      }),
    );
    expect(readdirSync(directory).filter((name) => name.startsWith('lock'))).toEqual([]);
  });
});

describe('killed at any instant', () => {
  it('loses no finished command and needs no repair', async () => {
    const directory = fresh();
    const setup = testRuntime();
    await open(directory).transaction(setup, () => {
      const map = hash(setup, 'shared');
      map.update(u32(0), u32(0));
      setup.pin(map.id, 'shared');
    });
    let finishedThirds = 0;
    for (let round = 0; round < 8; round++) {
      const name = `w${round}`;
      const child = spawn(process.execPath, [worker, directory, name, '1000'], { stdio: ['ignore', 'pipe', 'inherit'] });
      let output = '';
      child.stdout.on('data', (chunk) => {
        output += chunk;
        // Somewhere inside one of the next commands.
        if (output.split('\n').length > round + 1) setTimeout(() => child.kill('SIGKILL'), round % 4);
      });
      await new Promise((resolve) => child.on('close', resolve));
      const finished = output.split('\n').length - 1;
      finishedThirds += Math.ceil(finished / 3);
      const runtime = await reopened(directory);
      const map = runtime.map(runtime.pins.get(name)!)!;
      for (let index = 0; index < finished; index++) expect(map.lookup(u32(index))?.[7]).toBe(index & 255);
      expect(map.count - finished).toBeGreaterThanOrEqual(0);
      expect(map.count - finished).toBeLessThanOrEqual(1);
      const total = toU32(runtime.map(runtime.pins.get('shared')!)!.lookup(u32(0)))!;
      expect(total - finishedThirds).toBeGreaterThanOrEqual(0);
      finishedThirds = total;
    }
  }, 60_000);

  it('several writers at once end in a consistent state', async () => {
    const directory = fresh();
    const setup = testRuntime();
    await open(directory).transaction(setup, () => {
      const map = hash(setup, 'shared');
      map.update(u32(0), u32(0));
      setup.pin(map.id, 'shared');
    });
    const codes = await Promise.all(
      ['a', 'b', 'c', 'd'].map(
        (name) =>
          new Promise((resolve) =>
            spawn(process.execPath, [worker, directory, name, '12'], { stdio: ['ignore', 'ignore', 'inherit'] }).on('close', resolve),
          ),
      ),
    );
    expect(codes).toEqual([0, 0, 0, 0]);
    const runtime = await reopened(directory);
    expect(toU32(runtime.map(runtime.pins.get('shared')!)!.lookup(u32(0)))).toBe(16);
    expect(['a', 'b', 'c', 'd'].map((name) => runtime.map(runtime.pins.get(name)!)!.count)).toEqual([12, 12, 12, 12]);
    expect(new Set(runtime.maps().map(({ id }) => id)).size).toBe(5);
    expect(readdirSync(directory).sort()).toEqual(['manifest', 'maps', 'objects']);
  }, 60_000);
});

describe('a store that cannot be used', () => {
  async function kindOf(directory: string): Promise<string> {
    try {
      await reopened(directory);
      return 'ok';
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      return error.kind;
    }
  }

  async function filled(): Promise<string> {
    const directory = fresh();
    const runtime = testRuntime();
    const store = open(directory);
    await store.transaction(runtime, () => {
      const map = hash(runtime, 'm');
      map.update(u32(1), u32(2));
      runtime.pin(map.id, 'm');
    });
    await store.transaction(runtime, () => runtime.maps()[0]!.update(u32(2), u32(3)));
    return directory;
  }

  it('another version says so', async () => {
    const directory = await filled();
    writeFileSync(join(directory, 'manifest'), 'ebpfsh store 2 00000000\n{}');
    await expect(reopened(directory)).rejects.toThrow(/written in format 2, this program knows format 1/);
    expect(await kindOf(directory)).toBe('version');
    const moved = Store.repair(directory, 1);
    expect(readdirSync(moved)).toContain('manifest');
    expect(await kindOf(directory)).toBe('ok');
  });

  it('another platform says so', async () => {
    await expect(reopened(await filled(), testRuntime('linux'))).rejects.toThrow(/belongs to the windows platform/);
  });

  it('any changed byte is found, in any file', async () => {
    const original = await filled();
    const files = ['manifest', ...readdirSync(join(original, 'maps')).map((name) => `maps/${name}`)];
    for (const file of files) {
      const bytes = readFileSync(join(original, file));
      for (let offset = 0; offset < bytes.length; offset += Math.max(1, Math.floor(bytes.length / 25))) {
        // Bytes 12 to 15 of a snapshot are reserved.
        if (file.endsWith('snapshot') && offset >= 12 && offset < 16) continue;
        const changed = Uint8Array.from(bytes);
        changed[offset]! ^= 0x11;
        writeFileSync(join(original, file), changed);
        expect([file, offset, await kindOf(original)]).not.toEqual([file, offset, 'ok']);
      }
      writeFileSync(join(original, file), bytes.subarray(0, bytes.length - 1));
      expect(await kindOf(original)).toBe('damaged');
      writeFileSync(join(original, file), bytes);
    }
    expect(await kindOf(original)).toBe('ok');
  });

  it.skipIf(process.getuid?.() === 0)('a folder without permission says so', async () => {
    const directory = await filled();
    chmodSync(join(directory, 'manifest'), 0);
    expect(await kindOf(directory)).toBe('io');
  });
});

describe('a million entries', () => {
  it('one change is written and read by a new process without writing the rest', async () => {
    const directory = fresh();
    const runtime = testRuntime();
    const store = open(directory);
    await store.transaction(runtime, () => {
      const map = hash(runtime, 'big', 1_000_000, 8);
      const packed = new Uint8Array(12_000_000);
      const view = new DataView(packed.buffer);
      for (let index = 0; index < 1_000_000; index++) view.setUint32(index * 12, index, true);
      map.importAll(packed);
      runtime.pin(map.id, 'big');
    });
    const before = statSync(join(directory, 'maps', '2.1.snapshot')).mtimeMs;
    await store.transaction(runtime, () => runtime.maps()[0]!.update(u32(777), new Uint8Array(8).fill(9)));
    expect(statSync(join(directory, 'maps', '2.1.snapshot')).mtimeMs).toBe(before);
    expect(statSync(join(directory, 'maps', '2.1.journal')).size).toBe(20);
    const again = await reopened(directory);
    expect(again.maps()[0]!.count).toBe(1_000_000);
    expect(again.maps()[0]!.lookup(u32(777))?.[0]).toBe(9);
  }, 30_000);
});
