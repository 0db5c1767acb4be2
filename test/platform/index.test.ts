import { build } from 'esbuild';
import { describe, expect, it } from 'vitest';
import {
  findHelper,
  findMapType,
  helperByName,
  inferProgramType,
  loadPlatform,
  platformByName,
  platforms,
  programTypeByName,
} from '../../src/platform/index.ts';
import type { ProgramType } from '../../src/platform/platform.ts';

async function typeOf(platform: 'windows' | 'linux', name: string): Promise<ProgramType> {
  const type = programTypeByName(await loadPlatform(platform), name);
  if (!type) throw new Error(`no type ${name}`);
  return type;
}

describe('platforms', () => {
  it('are found by prefix, Windows first', () => {
    expect(platforms).toEqual(['windows', 'linux']);
    expect(platformByName('Win')).toBe('windows');
    expect(platformByName('l')).toBe('linux');
    expect(platformByName('')).toBeUndefined();
    expect(platformByName('mac')).toBeUndefined();
  });

  it('load by name', async () => {
    expect((await loadPlatform('windows')).title).toBe('eBPF for Windows');
    expect((await loadPlatform('linux')).name).toBe('linux');
    expect(inferProgramType(await loadPlatform('linux'), 'tc')?.type.name).toBe('sched_cls');
  });

  it('keep the tables of Linux out of what is evaluated at the start', async () => {
    const result = await build({
      entryPoints: ['src/platform/index.ts'],
      bundle: true,
      splitting: true,
      format: 'esm',
      platform: 'node',
      outdir: 'unused',
      write: false,
      metafile: true,
    });
    const entry = Object.values(result.metafile.outputs).find(({ entryPoint }) => entryPoint === 'src/platform/index.ts');
    const inputs = Object.keys(entry?.inputs ?? {});
    expect(inputs).toContain('src/platform/index.ts');
    const started = (output: typeof entry): readonly string[] =>
      (output?.imports ?? [])
        .filter(({ kind }) => kind === 'import-statement')
        .flatMap(({ path }) => [...Object.keys(result.metafile.outputs[path]?.inputs ?? {}), ...started(result.metafile.outputs[path])]);
    expect([...inputs, ...started(entry)].filter((path) => path.includes('/linux/'))).toEqual([]);
  });
});

describe('findHelper', () => {
  it('prefers the prototype of the program type', async () => {
    const linux = await loadPlatform('linux');
    expect(findHelper(linux, await typeOf('linux', 'xdp'), 23)?.returns).toEqual({ kind: 'number', min: 0, max: 4 });
    expect(findHelper(linux, await typeOf('linux', 'sched_cls'), 23)?.returns).toEqual({ kind: 'number', min: 0, max: 7 });
  });

  it('knows what a type does not offer', async () => {
    const [linux, windows] = [await loadPlatform('linux'), await loadPlatform('windows')];
    expect(findHelper(linux, await typeOf('linux', 'xdp'), 26)).toBeUndefined();
    expect(findHelper(linux, await typeOf('linux', 'kprobe'), 4)?.name).toBe('bpf_probe_read');
    expect(findHelper(linux, await typeOf('linux', 'socket_filter'), 212)).toBeUndefined();
    expect(findHelper(windows, await typeOf('windows', 'bind'), 0x10000)).toBeUndefined();
    expect(findHelper(windows, await typeOf('windows', 'xdp'), 0x10000)?.name).toBe('bpf_xdp_adjust_head');
    expect(findHelper(windows, await typeOf('windows', 'bind'), 1)?.name).toBe('bpf_map_lookup_elem');
  });
});

describe('helperByName and findMapType', () => {
  it('find rows', async () => {
    const [linux, windows] = [await loadPlatform('linux'), await loadPlatform('windows')];
    expect(helperByName(linux, 'bpf_loop')?.id).toBe(181);
    expect(helperByName(windows, 'bpf_xdp_adjust_head')?.id).toBe(0x10000);
    expect(helperByName(windows, 'bpf_get_socket_cookie')?.implicitContext).toBeUndefined();
    expect(helperByName(windows, 'bpf_get_socket_cookie', await typeOf('windows', 'sock_addr'))?.implicitContext).toBe(true);
    expect(helperByName(windows, 'bpf_loop')).toBeUndefined();
    expect(findMapType(windows, 13)?.name).toBe('ringbuf');
    expect(findMapType(linux, 27)?.name).toBe('ringbuf');
    expect(findMapType(linux, 99)).toBeUndefined();
  });
});
