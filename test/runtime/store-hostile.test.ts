import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { afterAll, describe, expect, it } from 'vitest';
import { loadObject } from '../../src/object/load.ts';
import { StoreError } from '../../src/runtime/store/files.ts';
import { systemProcesses } from '../../src/runtime/store/process-table.ts';
import { Store } from '../../src/runtime/store/store.ts';
import { Damage } from '../contexts/hostile-bytes.ts';
import { u32 } from './map-fixture.ts';
import { sample, sampleBytes, testRuntime } from './runtime-fixture.ts';

/**
 * Manifests that say something else and carry a fitting checksum, read without a seal: the worst that a file can be. Each is a StoreError,
 * or describes something that can be. EBPFSH_HOSTILE=5000 runs the full number; EBPFSH_HOSTILE_SEED another set.
 */
const CASES = Number(process.env['EBPFSH_HOSTILE'] ?? 300);
const SEED = Number(process.env['EBPFSH_HOSTILE_SEED'] ?? 1);

const directory = mkdtempSync(join(tmpdir(), 'ebpfsh-store-hostile-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));
const processes = systemProcesses(process.pid, (pid) => process.kill(pid, 0));
const open = () => new Store({ directory, processes, parseObject: loadObject });

const STRANGE: readonly unknown[] = [
  0,
  -1,
  1,
  2,
  5,
  77,
  1.5,
  2 ** 31,
  2 ** 32,
  2 ** 53,
  null,
  true,
  '',
  'x',
  '__proto__',
  [],
  {},
  [1],
  '\u0000',
  1e300,
];

/** Every place in a JSON value, as the object and the key that lead there. */
function places(value: unknown): { readonly of: Record<string, unknown>; readonly key: string }[] {
  if (typeof value !== 'object' || value === null) return [];
  const of = value as Record<string, unknown>;
  return Object.keys(of).flatMap((key) => [{ of, key }, ...places(of[key])]);
}

describe(`manifests that lie, seed ${SEED}, ${CASES} cases`, () => {
  it(
    'are refused, or describe what can be',
    async () => {
      const runtime = testRuntime();
      await open().transaction(runtime, async () => {
        for (const name of ['tail_call.o', 'xdp_count.o', 'map_in_map_btf.o']) {
          const { programs, maps } = await runtime.loadObject(sample(name), { bytes: sampleBytes(name) });
          runtime.pin(programs[0]!.id, programs[0]!.name);
          runtime.pin(maps[0]!.id, `map of ${name}`);
        }
        const link = runtime.attach(runtime.pins.get('count_packets')!);
        runtime.pin(link.id, 'link');
        runtime.interfaces.add('eth1', { alias: 'Ethernet' });
      });
      await open().transaction(runtime, () => runtime.map(runtime.pins.get('map of xdp_count.o')!)!.update(u32(1), new Uint8Array(16).fill(1)));
      const path = join(directory, 'manifest');
      const body = readFileSync(path, 'utf8').replace(/^.*\n/, '');
      const damage = new Damage(SEED);
      const seen = { refused: 0, taken: 0 };
      for (let index = 0; index < CASES; index++) {
        const manifest = JSON.parse(body) as Record<string, unknown>;
        const changed: string[] = [];
        for (let count = 1 + damage.below(2); count > 0; count--) {
          const { of, key } = damage.pick(places(manifest));
          const how = damage.below(4);
          if (how === 0) delete of[key];
          else if (how === 1) of[key] = structuredClone(damage.pick(places(manifest)).of);
          else of[key] = damage.pick(STRANGE);
          changed.push(`${key} = ${JSON.stringify(of[key])}`);
        }
        const lie = JSON.stringify(manifest);
        writeFileSync(path, `ebpfsh store 2 ${crc32(lie).toString(16).padStart(8, '0')} -\n${lie}`);
        const fresh = testRuntime('windows', { memoryLimit: 1 << 26 });
        const store = open();
        try {
          await store.begin(fresh);
          store.abandon();
          seen.taken++;
        } catch (error) {
          expect(error, `case ${index} of seed ${SEED}: ${changed.join(', ')}`).toBeInstanceOf(StoreError);
          expect([fresh.programs(), fresh.maps(), fresh.links(), fresh.pinned()], changed.join(', ')).toEqual([[], [], [], []]);
          seen.refused++;
        }
      }
      expect(seen.refused).toBeGreaterThan(CASES / 2);
      expect(seen.taken).toBeGreaterThan(0);
    },
    60_000 + CASES * 50,
  );
});
