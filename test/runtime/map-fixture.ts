import { linux } from '../../src/platform/linux/linux.ts';
import type { MapType } from '../../src/platform/platform.ts';
import { windows } from '../../src/platform/windows/windows.ts';
import { deterministicHost } from '../../src/runtime/host.ts';
import { createMap, type MapExtras } from '../../src/runtime/maps/create.ts';
import type { BpfMap, MapEnvironment } from '../../src/runtime/maps/map.ts';
import { mapRules } from '../../src/runtime/maps/rules.ts';
import { LinearMemory } from '../../src/runtime/memory.ts';

/** Maps without programs or a runtime: ids are given in order of creation. */
export interface MapBench {
  readonly environment: MapEnvironment;
  cpu: number;
  make(
    type: string,
    keySize: number,
    valueSize: number,
    maxEntries: number,
    extras?: MapExtras & { readonly flags?: number; readonly name?: string; readonly extra?: number },
  ): BpfMap;
  /** Copies bytes to a fresh block and returns its address. */
  place(bytes: Uint8Array): number;
  readonly held: number[];
  readonly programs: Map<number, string>;
}

export function mapBench(platformName: 'windows' | 'linux', cpuCount = 4): MapBench {
  const platform = platformName === 'windows' ? windows : linux;
  const memory = new LinearMemory();
  const maps = new Map<number, BpfMap>();
  const held: number[] = [];
  const programs = new Map<number, string>();
  const environment: MapEnvironment = {
    memory,
    host: deterministicHost({ cpuCount }),
    rules: mapRules(platformName),
    currentCpu: () => bench.cpu,
    objects: {
      program: (id) => (programs.has(id) ? { id, programType: programs.get(id)! } : undefined),
      map: (id) => maps.get(id),
      hold: (id) => held.push(id),
      drop: (id) => held.splice(held.indexOf(id), 1),
    },
  };
  const bench: MapBench = {
    environment,
    cpu: 0,
    held,
    programs,
    make(type, keySize, valueSize, maxEntries, extras = {}) {
      const map = createMap(
        environment,
        {
          name: extras.name ?? 'm',
          type: mapType(platform.mapTypes, type),
          keySize,
          valueSize,
          maxEntries,
          flags: extras.flags ?? 0,
          ...(extras.extra === undefined ? {} : { extra: extras.extra }),
        },
        extras,
      );
      map.register(maps.size + 1);
      maps.set(map.id, map);
      return map;
    },
    place(bytes) {
      const address = memory.allocate(Math.max(1, bytes.length), 'other', 'test');
      memory.write(address, bytes);
      return address;
    },
  };
  return bench;
}

function mapType(types: readonly MapType[], name: string): MapType {
  const type = types.find((candidate) => candidate.name === name);
  if (type === undefined) throw new Error(`no map type ${name}`);
  return type;
}

export function u32(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value, true);
  return bytes;
}

export function toU32(bytes: Uint8Array | undefined): number | undefined {
  return bytes === undefined ? undefined : new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
}

/** The code with which an operation fails: ebpf_result_t name on Windows, errno on Linux; "ok" when it does not. */
export function outcome(run: () => unknown): string | number {
  try {
    run();
    return 'ok';
  } catch (error) {
    const { result, errno } = error as { result: string; errno: number };
    return result === undefined ? String(error) : `${result}/${errno}`;
  }
}
