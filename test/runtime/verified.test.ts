import { describe, expect, it } from 'vitest';
import { VerificationFailure } from '../../src/runtime/loader.ts';
import type { VerifyFunction } from '../../src/runtime/runtime.ts';
import { verifyProgram } from '../../src/verifier/index.ts';
import { sample, testRuntime } from './runtime-fixture.ts';

const verify: VerifyFunction = ({ object, program, programType, platform }) => verifyProgram(object, program, { platform, programType });

describe('with the real verifier', () => {
  it.each(['bindmonitor.o', 'bpf2bpf.o', 'cgroup_sock_addr.o', 'droppacket.o', 'map_reuse.o', 'ringbuf.o', 'tail_call.o', 'xdp_count.o'])(
    '%s loads',
    async (file) => {
      const runtime = testRuntime('windows', { verify });
      const { programs } = await runtime.loadObject(sample(file));
      expect(programs.every(({ report }) => report?.verdict === 'accepted')).toBe(true);
    },
  );

  it.each(['droppacket_unsafe.o', 'printk_unsafe.o'])('%s does not', async (file) => {
    const runtime = testRuntime('windows', { verify });
    const error = await runtime.loadObject(sample(file)).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(VerificationFailure);
    expect((error as VerificationFailure).report.failures.length).toBeGreaterThan(0);
    expect([runtime.programs(), runtime.maps()]).toEqual([[], []]);
  });

  it.each(['tc_linux.o', 'xdp_linux.o'])('%s loads on Linux', async (file) => {
    const runtime = testRuntime('linux', { verify });
    expect((await runtime.loadObject(sample(file, 'linux'))).programs).toHaveLength(1);
  });
});
