import { describe, expect, it } from 'vitest';
import { buildContext, readContext } from '../../src/runtime/hooks/contexts.ts';
import { deterministicHost } from '../../src/runtime/host.ts';
import { RuntimeError } from '../../src/runtime/result.ts';
import type { Runtime } from '../../src/runtime/runtime.ts';
import { outcome, toU32, u32 } from './map-fixture.ts';
import { sample, testRuntime } from './runtime-fixture.ts';

async function outcomeOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
    return 'ok';
  } catch (error) {
    return error instanceof RuntimeError ? error.result : String(error);
  }
}

const state = (runtime: Runtime) => [runtime.programs().length, runtime.maps().length, runtime.links().length];

describe('loading', () => {
  it('gives the ids of the original: 3 and 4 maps, 5 and 6 programs, 7 the link', async () => {
    const runtime = testRuntime();
    const { programs, close } = await runtime.loadObject(sample('tail_call.o'));
    expect(runtime.maps().map(({ id }) => id)).toEqual([3, 4]);
    expect(programs.map(({ id, name }) => [id, name])).toEqual([
      [5, 'caller'],
      [6, 'callee'],
    ]);
    expect(programs[0]!.mapIds).toContain(4);
    const link = runtime.attach(5, undefined, {}, { legacy: true });
    expect(link.id).toBe(7);
    runtime.closeHandle(7);
    expect(runtime.linkCount(5)).toBe(1);
    runtime.pin(5, 'mypinpath');
    close();
    // The callee lives on in the program array of the pinned caller.
    expect(state(runtime)).toEqual([2, 2, 1]);
    expect(runtime.unpinAll(5)).toEqual(['BPF:\\mypinpath']);
    runtime.detach(7);
    expect(state(runtime)).toEqual([0, 0, 0]);
  });

  it('frees everything when the last reference goes, cycles through program arrays included', async () => {
    const runtime = testRuntime();
    const used = runtime.memory.used;
    const { close } = await runtime.loadObject(sample('tail_call_multiple.o'));
    expect(state(runtime)[0]).toBe(3);
    close();
    expect(state(runtime)).toEqual([0, 0, 0]);
    expect(runtime.memory.used).toBe(used);
  });

  it('leaves nothing behind when a program is rejected', async () => {
    const runtime = testRuntime('windows', {
      verify: ({ program }) => ({
        section: program.section,
        program: program.name,
        verdict: program.name === 'callee' ? 'rejected' : 'accepted',
        failures: [],
      }),
    });
    const used = runtime.memory.used;
    expect(await outcomeOf(runtime.loadObject(sample('tail_call.o')))).toBe('EBPF_VERIFICATION_FAILED');
    expect(state(runtime)).toEqual([0, 0, 0]);
    expect(runtime.memory.used).toBe(used);
  });

  it('honours the policy', async () => {
    const runtime = testRuntime('windows', {
      policy: { hypervisorCodeIntegrity: true, debug: false, testSigning: false, proofOfVerification: false },
    });
    expect(await outcomeOf(runtime.loadObject(sample('bpf.o')))).toBe('EBPF_BLOCKED_BY_POLICY');
    expect(await outcomeOf(runtime.loadObject(sample('bpf.o'), { mode: 'interpret' }))).toBe('EBPF_BLOCKED_BY_POLICY');
    runtime.policy = { ...runtime.policy, debug: true };
    expect(await outcomeOf(runtime.loadObject(sample('bpf.o'), { mode: 'interpret' }))).toBe('ok');
    expect(await outcomeOf(testRuntime().loadObject(sample('bpf.o'), { mode: 'native' }))).toBe('EBPF_OPERATION_NOT_SUPPORTED');
  });

  it('reuses maps pinned by name and refuses others', async () => {
    const runtime = testRuntime();
    const first = await runtime.loadObject(sample('map_reuse.o'));
    expect(runtime.pinned().map(({ path }) => path)).toEqual(['BPF:\\outer_map', 'BPF:\\port_map']);
    const second = await runtime.loadObject(sample('map_reuse.o'));
    expect(second.maps.slice(0, 2).map((map) => map!.id)).toEqual(first.maps.slice(0, 2).map((map) => map!.id));
    first.close();
    second.close();
    expect(runtime.maps().map(({ name }) => name)).toEqual(['outer_map', 'port_map']);
    runtime.unpin('port_map');
    const other = runtime.createMap({ name: 'port_map', type: runtime.platform.mapTypes[1]!, keySize: 8, valueSize: 4, maxEntries: 1, flags: 0 });
    runtime.pin(other.id, 'port_map');
    expect(await outcomeOf(runtime.loadObject(sample('map_reuse.o')))).toBe('EBPF_INVALID_ARGUMENT');
  });

  it('names the holders of what is in use', async () => {
    const runtime = testRuntime();
    await runtime.loadObject(sample('droppacket.o'));
    const map = runtime.maps()[0]!;
    runtime.pin(map.id, 'counts');
    expect(() => runtime.requireUnused(map.id)).toThrow(/program 4 \(DropPacket\), pin BPF:\\counts|pin BPF:\\counts, program 4 \(DropPacket\)/);
  });
});

describe('attaching', () => {
  it('takes one program per single hook and parameter set', async () => {
    const runtime = testRuntime();
    const [a] = (await runtime.loadObject(sample('droppacket.o'))).programs;
    const [b] = (await runtime.loadObject(sample('droppacket.o'))).programs;
    const [bind] = (await runtime.loadObject(sample('bindmonitor.o'))).programs;
    const link = runtime.attach(a!.id, undefined, { interfaceIndex: 1 });
    expect(outcome(() => runtime.attach(b!.id, undefined, { interfaceIndex: 1 }))).toBe('EBPF_EXTENSION_FAILED_TO_LOAD/22');
    expect(outcome(() => runtime.attach(b!.id, undefined, { interfaceIndex: 2 }))).toBe('ok');
    expect(outcome(() => runtime.attach(bind!.id, a!.attachType))).toBe('EBPF_INVALID_ARGUMENT/22');
    expect(outcome(() => runtime.attach(bind!.id, undefined, { interfaceIndex: 1 }))).toBe('EBPF_INVALID_ARGUMENT/22');
    expect(outcome(() => runtime.attach(999))).toBe('EBPF_OBJECT_NOT_FOUND/2');
    expect(runtime.attached('xdp', { interfaceIndex: 1 }).map(({ program }) => program.id)).toEqual([a!.id]);
    runtime.closeHandle(link.id);
    expect(runtime.attached('xdp', { interfaceIndex: 1 })).toEqual([]);
  });

  it('a disconnected link outlives its handle, a detached one releases the program', async () => {
    const runtime = testRuntime();
    const { programs, close } = await runtime.loadObject(sample('bindmonitor.o'));
    const link = runtime.attach(programs[0]!.id);
    runtime.disconnect(link.id);
    runtime.closeHandle(link.id);
    close();
    expect(state(runtime)).toEqual([1, 2, 1]);
    runtime.detach(link.id);
    expect(state(runtime)).toEqual([0, 0, 0]);
  });
});

describe.each(['jit', 'interpret'] as const)('running by %s', (mode) => {
  it('xdp programs change maps and name their verdict', async () => {
    const runtime = testRuntime();
    const { programs, maps } = await runtime.loadObject(sample('droppacket.o'), { mode });
    // This sample's data begins with the IPv4 header.
    const udp = new Uint8Array(60);
    udp[0] = 0x45;
    udp[9] = 17;
    udp.set([0, 8], 24);
    const result = runtime.testRun(programs[0]!, { data: udp, repeat: 3 });
    expect([result.returnValue, result.returnName, result.runs]).toEqual([2, 'XDP_DROP', 3]);
    expect(toU32(maps[0]!.lookup(u32(0)))).toBe(3);
    expect(runtime.testRun(programs[0]!, { data: new Uint8Array(60) }).returnName).toBe('XDP_PASS');
  });

  it('tells what was measured besides the ticks of the platform', async () => {
    const runtime = testRuntime('windows', { host: deterministicHost({ step: 260n }) });
    const { programs } = await runtime.loadObject(sample('droppacket.o'), { mode });
    const of = (repeat: number) => {
      const { duration, elapsed } = runtime.testRun(programs[0]!, { data: new Uint8Array(60), repeat });
      return { duration, elapsed };
    };
    expect([of(1), of(20)]).toEqual([
      { duration: 300, elapsed: 260 },
      { duration: 0, elapsed: 260 },
    ]);
  });

  it('tail calls reach the callee; a missing one returns to the caller', async () => {
    const runtime = testRuntime();
    const { programs, maps } = await runtime.loadObject(sample('tail_call.o'), { mode });
    const caller = programs[0]!;
    const direct = runtime.testRun(programs[1]!).returnValue;
    expect(runtime.testRun(caller).returnValue).toBe(direct);
    maps[1]!.delete(u32(0));
    expect(runtime.testRun(caller).returnValue).not.toBe(direct);
  });

  it('global variables are read and written', async () => {
    const runtime = testRuntime();
    const { programs, maps } = await runtime.loadObject(sample('global_vars.o'), { mode });
    const before = maps.map((map) => [...map!.lookup(u32(0))!]);
    runtime.testRun(programs[0]!);
    expect(maps.map((map) => [...map!.lookup(u32(0))!])).not.toEqual(before);
    expect([...maps[0]!.lookup(u32(0))!]).toEqual(before[0]);
  });

  it('maps of maps yield the inner map', async () => {
    const runtime = testRuntime();
    const { programs, maps } = await runtime.loadObject(sample('map_in_map_btf.o'), { mode });
    expect(toU32(maps[1]!.lookup(u32(0)))).toBe(maps[0]!.id);
    expect(() => runtime.testRun(programs[0]!)).not.toThrow();
  });

  it('bind events go to the ring buffer', async () => {
    const runtime = testRuntime();
    const { programs, maps } = await runtime.loadObject(sample('ringbuf.o'), { mode });
    runtime.testRun(programs[0]!, { fields: { process_id: 77 }, data: new TextEncoder().encode('app') });
    const ring = maps[0] as unknown as { pendingRecords(): Uint8Array[] };
    expect(ring.pendingRecords()).toHaveLength(1);
  });

  it('printk reaches the result', async () => {
    const runtime = testRuntime();
    const { programs } = await runtime.loadObject(sample('printk.o'), { mode });
    const result = runtime.testRun(programs[0]!, { fields: {} });
    expect(result.trace.length).toBeGreaterThan(0);
    expect(result.trace[0]!.program).toBe('func');
  });

  it('Linux: xdp, tc', async () => {
    const runtime = testRuntime('linux');
    const xdp = await runtime.loadObject(sample('xdp_linux.o', 'linux'), { mode });
    const frame = new Uint8Array(64);
    frame.set([8, 0], 12);
    frame.set([0x45, 0, 0, 50], 14);
    frame.set([10, 1, 2, 3], 26);
    expect(runtime.testRun(xdp.programs[0]!, { data: frame }).returnName).toBe('XDP_PASS');
    const tc = await runtime.loadObject(sample('tc_linux.o', 'linux'), { mode });
    runtime.testRun(tc.programs[0]!, { data: frame, repeat: 2 });
    expect(tc.maps[0]!.count).toBe(1);
  });
});

describe('contexts', () => {
  it('fields written by name are read back, pointers left out', () => {
    const layout = testRuntime().platform.programTypes.find(({ name }) => name === 'bind')!.context;
    const bytes = buildContext(layout, { process_id: 2n ** 40n, protocol: 17, socket_address: Uint8Array.of(2, 0) });
    const fields = readContext(layout, bytes);
    expect(fields).toMatchObject({ process_id: 2n ** 40n, protocol: 17n, operation: 0n });
    expect([...(fields['socket_address'] as Uint8Array)].slice(0, 3)).toEqual([2, 0, 0]);
    expect(fields).not.toHaveProperty('app_id_start');
  });
});

describe('the rules of test runs', () => {
  it.each([
    ['cgroup_sock_addr.o', { data: Uint8Array.of(1), context: new Uint8Array(64) }, 'EBPF_INVALID_ARGUMENT/22'],
    ['cgroup_sock_addr.o', {}, 'EBPF_INVALID_ARGUMENT/22'],
    ['cgroup_sock_addr.o', { context: new Uint8Array(63) }, 'EBPF_INVALID_ARGUMENT/22'],
    ['cgroup_sock_addr.o', { context: new Uint8Array(64) }, 'ok'],
    ['cgroup_sock_addr.o', { context: new Uint8Array(120) }, 'ok'],
    ['bindmonitor.o', { context: new Uint8Array(55) }, 'EBPF_INVALID_ARGUMENT/22'],
    ['bindmonitor.o', { context: new Uint8Array(56), contextOutSize: 10 }, 'EBPF_INSUFFICIENT_BUFFER/105'],
    ['bindmonitor.o', { fields: { nonsense: 1 } }, 'EBPF_INVALID_ARGUMENT/22'],
    ['bindmonitor.o', { fields: { protocol: 256 } }, 'EBPF_INVALID_ARGUMENT/22'],
    ['droppacket.o', { data: new Uint8Array(0x1_0000) }, 'EBPF_INVALID_ARGUMENT/22'],
    ['droppacket.o', { data: new Uint8Array(60), dataOutSize: 59 }, 'EBPF_INSUFFICIENT_BUFFER/105'],
    ['droppacket.o', { cpu: 4 }, 'EBPF_INVALID_ARGUMENT/22'],
    ['droppacket.o', { repeat: 5000, cancelled: () => true }, 'EBPF_CANCELED/131'],
  ] as const)('%s %#', async (file, options, expected) => {
    const runtime = testRuntime();
    const { programs } = await runtime.loadObject(sample(file));
    expect(outcome(() => runtime.testRun(programs[0]!, options))).toBe(expected);
    // The first run may have added entries to maps.
    const { used } = runtime.memory;
    outcome(() => runtime.testRun(programs[0]!, options));
    expect(runtime.memory.used).toBe(used);
  });

  it('pins the program to the processor', async () => {
    const runtime = testRuntime();
    const map = runtime.createMap({ name: 'p', type: runtime.platform.mapTypes[5]!, keySize: 4, valueSize: 8, maxEntries: 1, flags: 0 });
    const { programs } = await runtime.loadObject(sample('droppacket.o'));
    let seen = -1;
    const cancelled = () => {
      seen = runtime.helperEnvironment.currentCpu();
      return false;
    };
    runtime.testRun(programs[0]!, { cpu: 3, repeat: 2, batch: 1, cancelled });
    expect([seen, runtime.helperEnvironment.currentCpu(), map.userValueSize]).toEqual([3, 0, 32]);
  });
});
