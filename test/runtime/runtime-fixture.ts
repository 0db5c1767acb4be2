import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { loadObject } from '../../src/object/load.ts';
import type { ObjectFile } from '../../src/object/object-file.ts';
import { helperByName } from '../../src/platform/index.ts';
import { linux } from '../../src/platform/linux/linux.ts';
import { windows } from '../../src/platform/windows/windows.ts';
import { deterministicHost } from '../../src/runtime/host.ts';
import { Runtime, type RuntimeOptions, type VerifyFunction } from '../../src/runtime/runtime.ts';

/** Accepts everything: what runs here is known to be safe. */
export const acceptAll: VerifyFunction = ({ program }) => ({ section: program.section, program: program.name, verdict: 'accepted', failures: [] });

export function testRuntime(platform: 'windows' | 'linux' = 'windows', options: Partial<RuntimeOptions> = {}): Runtime {
  return new Runtime({ platform: platform === 'windows' ? windows : linux, verify: acceptAll, host: deterministicHost(), ...options });
}

export function sampleBytes(name: string): Uint8Array {
  return new Uint8Array(readFileSync(fileURLToPath(new URL(`../../samples/${name}`, import.meta.url))));
}

export function sample(name: string, platform: 'windows' | 'linux' = 'windows'): ObjectFile {
  const tables = platform === 'windows' ? windows : linux;
  return loadObject(sampleBytes(name), name, { helperId: (helper) => helperByName(tables, helper)?.id });
}
