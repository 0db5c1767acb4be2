import { spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { crc32 } from 'node:zlib';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadObject } from '../../src/object/load.ts';
import { deterministicHost } from '../../src/runtime/host.ts';
import type { BpfMap } from '../../src/runtime/maps/map.ts';
import type { Runtime } from '../../src/runtime/runtime.ts';
import { StoreError } from '../../src/runtime/store/files.ts';
import { systemProcesses } from '../../src/runtime/store/process-table.ts';
import { Store } from '../../src/runtime/store/store.ts';
import { toU32, u32 } from './map-fixture.ts';
import { sample, sampleBytes, testRuntime } from './runtime-fixture.ts';

const root = mkdtempSync(join(tmpdir(), 'ebpfsh-store-'));
/** Processes that are killed; EBPFSH_KILLS=500 for the full number. bench/store-kill.ts does the same to the built program. */
const KILLS = Number(process.env['EBPFSH_KILLS'] ?? 8);
const KILLS_PER_STORE = 8;
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

function openSealed(directory: string, key: () => Uint8Array): Store {
  return new Store({ directory, processes, key, parseObject: (bytes, fileName) => loadObject(bytes, fileName) });
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

  it('map_extra: a bloom filter of Linux keeps its number of hashes', async () => {
    const directory = fresh();
    const runtime = testRuntime('linux');
    await open(directory).transaction(runtime, () => {
      const type = runtime.platform.mapTypes.find(({ name }) => name === 'bloom_filter')!;
      const map = runtime.createMap({ name: 'seen', type, keySize: 0, valueSize: 4, maxEntries: 100, flags: 0, extra: 2 });
      map.update(new Uint8Array(0), u32(7));
      runtime.pin(map.id, '/sys/fs/bpf/seen');
    });
    const [again] = (await reopened(directory, testRuntime('linux'))).maps();
    const bits = () => [...again!.entries()].flatMap(({ value }) => [...value]).reduce((count, byte) => count + (byte === 0 ? 0 : 1), 0);
    const before = bits();
    again!.update(new Uint8Array(0), u32(7));
    expect([before > 0, bits() === before, again!.specification.extra]).toEqual([true, true, 2]);
  });

  it('links that are pinned, detached ones as well', async () => {
    const directory = fresh();
    const runtime = testRuntime();
    const store = open(directory);
    const link = await store.transaction(runtime, async () => {
      const { programs } = await runtime.loadObject(sample('droppacket.o'), { bytes: sampleBytes('droppacket.o') });
      runtime.pin(programs[0]!.id, 'p');
      const made = runtime.attach(programs[0]!.id);
      runtime.pin(made.id, 'link');
      return made;
    });
    const state = (from: Runtime) => [from.link(link.id)?.state, from.attached('xdp').length];
    const other = await reopened(directory);
    expect(state(other)).toEqual(['attached', 1]);
    await store.transaction(runtime, () => runtime.detach(link.id));
    expect(state(await reopened(directory))).toEqual(['detached', 0]);
    // Another process that knew it as attached learns of it, and the program goes when its own pin does.
    const [observer, observed] = [open(directory), testRuntime()];
    await observer.begin(observed);
    observer.abandon();
    await store.transaction(runtime, () => runtime.unpin('p'));
    await observer.begin(observed);
    observer.abandon();
    expect([state(observed), observed.programs()]).toEqual([['detached', 0], []]);
    expect(state(await reopened(directory))).toEqual(['detached', 0]);
    await observer.transaction(observed, () => observed.unpin('link'));
    expect((await reopened(directory)).links()).toEqual([]);
  });

  it('interfaces with their counters and what people call them', async () => {
    const directory = fresh();
    const runtime = testRuntime();
    const store = open(directory);
    await store.transaction(runtime, () => {
      const eth = runtime.interfaces.add('eth1', { alias: 'one' });
      runtime.interfaces.add('eth2', { alias: 'two' });
      runtime.interfaces.setAlias(1, 'loop');
      Object.assign(eth.counters, { received: 7, passed: 4, dropped: 3, bytes: 700 });
    });
    const again = testRuntime();
    const other = open(directory);
    await other.transaction(again, () => {
      expect(again.interfaces.list()).toEqual(runtime.interfaces.list());
      // Exchanged names must not stand in each other's way.
      again.interfaces.setAlias(2, 'x');
      again.interfaces.setAlias(3, 'one');
      again.interfaces.setAlias(2, 'two');
    });
    await store.transaction(runtime, () => expect(runtime.interfaces.list()).toEqual(again.interfaces.list()));
  });

  it('per-CPU maps on a machine with another number of processors', async () => {
    const directory = fresh();
    const on = (cpuCount: number) => testRuntime('windows', { host: deterministicHost({ cpuCount }) });
    const four = on(4);
    const store = open(directory);
    const types = ['percpu_hash', 'percpu_array'];
    const create = (runtime: Runtime, type: string) => {
      const map = runtime.createMap({
        name: type,
        type: runtime.platform.mapTypes.find(({ name }) => name === type)!,
        keySize: 4,
        valueSize: 4,
        maxEntries: 3,
        flags: 0,
      });
      runtime.pin(map.id, type);
      return map;
    };
    const values = (...each: number[]) => Uint8Array.from(each.flatMap((value) => [value, 0, 0, 0, 0, 0, 0, 0]));
    await store.transaction(four, () => {
      for (const type of types) create(four, type).update(u32(1), values(1, 2, 3, 4));
    });
    // By snapshot, then by journal.
    await store.transaction(four, () => {
      for (const map of four.maps()) map.update(u32(2), values(5, 6, 7, 8));
    });
    const shown = (runtime: Runtime) => runtime.maps().flatMap((map) => [1, 2].map((key) => map.lookup(u32(key))));
    expect(shown(await reopened(directory, on(6)))).toEqual(types.flatMap(() => [values(1, 2, 3, 4, 0, 0), values(5, 6, 7, 8, 0, 0)]));
    const two = on(2);
    await open(directory).transaction(two, () => {
      expect(shown(two)).toEqual(types.flatMap(() => [values(1, 2), values(5, 6)]));
      for (const map of two.maps()) map.update(u32(1), values(9, 9));
    });
    // What was not changed meanwhile is still there for four.
    expect(shown(await reopened(directory, on(4)))).toEqual(types.flatMap(() => [values(9, 9, 0, 0), values(5, 6, 7, 8)]));
  });

  it('a map that was frozen after it was saved', async () => {
    const directory = fresh();
    const runtime = testRuntime('linux');
    const store = open(directory);
    const map = await store.transaction(runtime, () => {
      const made = hash(runtime, 'm');
      runtime.pin(made.id, 'm');
      return made;
    });
    await store.transaction(runtime, () => map.freeze());
    expect((await reopened(directory, testRuntime('linux'))).maps()[0]!.frozen).toBe(true);
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
  /** Kills one writer after another that work on the same store. */
  async function survive(rounds: number): Promise<void> {
    const directory = fresh();
    const setup = testRuntime();
    await open(directory).transaction(setup, () => {
      const map = hash(setup, 'shared');
      map.update(u32(0), u32(0));
      setup.pin(map.id, 'shared');
    });
    let finishedThirds = 0;
    for (let round = 0; round < rounds; round++) {
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
    expect((await open(directory).repair(testRuntime(), 1)).problems).toEqual([]);
  }

  it(
    'loses no finished command and needs no repair',
    async () => {
      for (let left = KILLS; left > 0; left -= KILLS_PER_STORE) await survive(Math.min(left, KILLS_PER_STORE));
    },
    60_000 + KILLS * 8000,
  );

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
    writeFileSync(join(directory, 'manifest'), 'ebpfsh store 9 00000000 -\n{}');
    await expect(reopened(directory)).rejects.toThrow(/written in format 9, this program knows format 2/);
    expect(await kindOf(directory)).toBe('version');
    const { problems, copy, kept } = await open(directory).repair(testRuntime(), 1);
    expect(problems).toEqual([expect.stringMatching(/format 9/)]);
    expect(copy).toBe(`${directory}.damaged-1`);
    expect(readdirSync(copy!)).toContain('manifest');
    expect(kept).toEqual({ programs: 0, maps: 0, links: 0, pins: 0 });
    expect(await kindOf(directory)).toBe('ok');
  });

  it('another platform says so', async () => {
    await expect(reopened(await filled(), testRuntime('linux'))).rejects.toThrow(/belongs to the windows platform/);
  });

  it('every message names the file, and repair keeps what is intact', async () => {
    const directory = fresh();
    const runtime = testRuntime();
    const store = open(directory);
    await store.transaction(runtime, async () => {
      for (const name of ['droppacket.o', 'tail_call.o']) {
        const { programs } = await runtime.loadObject(sample(name), { bytes: sampleBytes(name) });
        for (const program of programs) runtime.pin(program.id, program.name);
      }
      runtime.attach(runtime.pins.get('caller')!, undefined, {}, { legacy: true });
      const map = hash(runtime, 'lonely');
      runtime.pin(map.id, 'lonely');
      for (const key of [1, 2, 3]) map.update(u32(key), u32(key * 10));
      runtime.policy = { ...runtime.policy, debug: false };
    });
    await store.transaction(runtime, () => {
      const map = runtime.map(runtime.pins.get('lonely')!)!;
      map.update(u32(4), u32(40));
      map.update(u32(5), u32(50));
    });
    const lonely = runtime.pins.get('lonely')!;
    const journal = join(directory, 'maps', `${lonely}.1.journal`);
    const bytes = readFileSync(journal);
    // Inside the second of two records of 16 bytes.
    bytes[20]! ^= 1;
    writeFileSync(journal, bytes);
    await expect(reopened(directory)).rejects.toThrow(`${journal}: the record at offset 16 is damaged`);
    const { sha256 } = runtime.program(runtime.pins.get('caller')!)!.source;
    const object = join(directory, 'objects', `${sha256}.o`);
    writeFileSync(object, readFileSync(join(directory, 'objects', `${runtime.program(runtime.pins.get('DropPacket')!)!.source.sha256}.o`)));

    const { problems, copy, kept, settingsKept } = await open(directory).repair(testRuntime(), 5);
    expect(problems).toEqual([
      expect.stringMatching(/the object of program \d+ was altered/),
      expect.stringMatching(/the object of program \d+ was altered/),
      // The program array that held one of them.
      expect.stringMatching(/snapshot: Cannot restore map map: /),
      expect.stringMatching(/the record at offset 16 is damaged/),
    ]);
    expect(readFileSync(join(copy!, 'maps', `${lonely}.1.journal`))).toEqual(bytes);
    expect([kept, settingsKept]).toEqual([{ programs: 1, maps: 2, links: 0, pins: 2 }, true]);
    const repaired = await reopened(directory);
    expect(repaired.pinned().map(({ path }) => path)).toEqual(['BPF:\\DropPacket', 'BPF:\\lonely']);
    expect([1, 2, 3, 4, 5].map((key) => toU32(repaired.map(lonely)!.lookup(u32(key))))).toEqual([10, 20, 30, 40, undefined]);
    expect(repaired.policy.debug).toBe(false);
    expect(repaired.objects.nextId).toBe(runtime.objects.nextId);
    expect((await open(directory).repair(testRuntime(), 6)).problems).toEqual([]);
  });

  it('what was altered and given a fitting checksum is refused by its seal', async () => {
    const directory = fresh();
    const runtime = testRuntime();
    const key = () => new Uint8Array(32).fill(7);
    await openSealed(directory, key).transaction(runtime, () => runtime.pin(hash(runtime, 'm').id, 'm'));
    const path = join(directory, 'manifest');
    const text = readFileSync(path, 'utf8');
    const body = text.slice(text.indexOf('\n') + 1);
    const forged = body.replace('"maxEntries":10', '"maxEntries":99');
    const seal = text.split('\n')[0]!.split(' ')[4]!;
    const sum = (of: string) => crc32(of).toString(16).padStart(8, '0');
    const attempts = [
      `ebpfsh store 2 ${sum(forged)} ${seal}\n${forged}`,
      `ebpfsh store 2 ${sum(forged)} -\n${forged}`,
      `ebpfsh store 2 ${sum(body)} -\n${body}`,
      `ebpfsh store 2 ${sum(body)} ${'0'.repeat(64)}\n${body}`,
    ];
    for (const attempt of attempts) {
      writeFileSync(path, attempt);
      await expect(openSealed(directory, key).begin(testRuntime())).rejects.toThrow(/its seal is wrong/);
    }
    writeFileSync(path, text);
    await expect(openSealed(directory, () => new Uint8Array(32)).begin(testRuntime())).rejects.toThrow(/its seal is wrong/);
    await openSealed(directory, key).begin(testRuntime());
  });

  it('members that are missing or not what they should be are named', async () => {
    const directory = await filled();
    const path = join(directory, 'manifest');
    const text = readFileSync(path, 'utf8');
    const body = text.slice(text.indexOf('\n') + 1);
    const cases = [
      ['"maxEntries":10', '"maxEntries":-1', 'maps[0].maxEntries is missing or not what it should be'],
      ['"maxEntries":10', '"maxentries":10', 'maps[0].maxEntries is missing or not what it should be'],
      ['"type":1', '"type":77', 'map 2 has the unknown type 77'],
      ['"id":2}]', '"id":3}]', 'what it describes cannot be: There is no object with id 3.'],
      ['"keySize":4', '"keySize":0', 'what it describes cannot be: '],
      ['"keySize":4', '"keySize":8', '2.1.snapshot: '],
      ['"journal":16', '"journal":17', '2.1.journal: it has 16 bytes; 17 are needed'],
      [body, '[]', 'its JSON is missing or not what it should be'],
      [body, '', 'it is not JSON'],
    ];
    for (const [from, to, message] of cases) {
      const changed = body.replace(from!, () => to!);
      expect(changed, from).not.toBe(body);
      writeFileSync(path, `ebpfsh store 2 ${crc32(changed).toString(16).padStart(8, '0')} -\n${changed}`);
      const runtime = testRuntime();
      await expect(open(directory).begin(runtime), to).rejects.toThrow(message);
      expect([runtime.maps(), runtime.pinned()]).toEqual([[], []]);
    }
  });

  it.skipIf(process.getuid === undefined)('a folder that others can write to says so', async () => {
    const directory = await filled();
    const owner = (userId: number) => () => new Store({ directory, processes, userId, parseObject: loadObject });
    const me = statSync(directory).uid;
    expect(owner(me)).not.toThrow();
    expect(owner(me + 1)).toThrow(`the directory belongs to user ${me}`);
    chmodSync(directory, 0o770);
    expect(owner(me)).toThrow(/other users can write to the directory; chmod go-w closes it/);
    chmodSync(directory, 0o700);
  });

  it('any changed byte is found, in any file', async () => {
    const original = await filled();
    const files = ['manifest', ...readdirSync(join(original, 'maps')).map((name) => `maps/${name}`)];
    for (const file of files) {
      const bytes = readFileSync(join(original, file));
      for (let offset = 0; offset < bytes.length; offset += Math.max(1, Math.floor(bytes.length / 25))) {
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
