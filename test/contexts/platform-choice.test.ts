import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { corpusPath, reportSkipped } from '../corpus.ts';
import { newSession, run } from './harness.ts';

const json = async (line: string, files: Record<string, Uint8Array> = {}) => JSON.parse((await run(newSession(files), `${line} format=json`)).stdout);

describe('the platform of an object', () => {
  it('is what its context structure says where its sections mean something on both', async () => {
    const windows = await json('ebpf show sections samples/droppacket.o');
    expect(windows.platform).toBe('windows');
    expect(windows.platformInferredFrom).toBeUndefined();
    expect(await json('ebpf show sections samples/xdp_linux.o')).toMatchObject({ platform: 'linux', platformInferredFrom: 'struct xdp_md' });
    const { stdout } = await run(newSession(), 'ebpf show verification samples/xdp_linux.o');
    expect(stdout).toMatch(/^Platform: linux \(inferred from struct xdp_md; platform= sets it\)\n/);
  });

  it('is the one that is asked for in any case', async () => {
    expect((await json('ebpf show sections samples/xdp_linux.o platform=windows')).platform).toBe('windows');
    expect((await json('ebpf show sections samples/droppacket.o platform=linux')).platform).toBe('linux');
  });

  it('does not change for a structure that neither has', async () => {
    expect((await json('ebpf show sections samples/myxdp_layout.o')).platform).toBe('windows');
  });

  const object = corpusPath('failures/objects/16-map-value-off-by-one.bad.o');
  if (object === undefined) reportSkipped('failures/objects', 1);
  it.skipIf(object === undefined)('brings the right cause', async () => {
    const { platform, programs } = await json('ebpf show verification x.o', { 'x.o': readFileSync(object!) });
    expect(platform).toBe('linux');
    expect(programs[0].failures[0].id).toBe('MAP-03');
  });
});
