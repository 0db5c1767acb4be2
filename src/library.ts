import { createLibbpf, type Libbpf } from './libbpf/libbpf.ts';
import { loadObject } from './object/load.ts';
import { loadPlatform } from './platform/index.ts';
import type { PlatformName } from './platform/platform.ts';
import { deterministicHost } from './runtime/host.ts';
import { Runtime, type RuntimeOptions } from './runtime/runtime.ts';
import { verifyProgram } from './verifier/index.ts';

export interface OpenOptions extends Partial<Pick<RuntimeOptions, 'host' | 'policy' | 'mapProviders' | 'memoryLimit'>> {
  /** Default: windows. */
  readonly platform?: PlatformName;
}

/**
 * A runtime of this process that loads what the verifier accepts.
 *
 * Time, processors and random numbers come from `host`: `systemHost(process)` for the real ones; the default gives the same ones every time.
 */
export async function openRuntime({ platform: name = 'windows', host = deterministicHost(), ...options }: OpenOptions = {}): Promise<Runtime> {
  const platform = await loadPlatform(name);
  return new Runtime({
    ...options,
    platform,
    host,
    verify: ({ object, program, programType }) => verifyProgram(object, program, { platform, programType }),
  });
}

export interface OpenLibbpfOptions extends OpenOptions {
  /** Reads a file for bpf_object__open_file: `readFileSync`. Without it only bpf_object__open_mem works. */
  readonly readFile?: (path: string) => Uint8Array;
}

/** The functions of libbpf over a runtime of their own. */
export async function openLibbpf({ readFile, ...options }: OpenLibbpfOptions = {}): Promise<Libbpf> {
  const runtime = await openRuntime(options);
  return createLibbpf({ runtime, parseObject: (bytes, path) => loadObject(bytes, path), ...(readFile ? { readFile } : {}) });
}
