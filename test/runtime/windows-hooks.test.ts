import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { loadObject } from '../../src/object/load.ts';
import { windows } from '../../src/platform/windows/windows.ts';
import { defaultData, settableFields } from '../../src/runtime/hooks/contexts.ts';
import { deterministicHost } from '../../src/runtime/host.ts';
import { RuntimeError } from '../../src/runtime/result.ts';
import type { TestRunOptions } from '../../src/runtime/test-run.ts';
import { verifyProgram } from '../../src/verifier/index.ts';
import { testRuntime } from './runtime-fixture.ts';

const path = fileURLToPath(new URL('./fixtures/hooks.o', import.meta.url));
const object = loadObject(new Uint8Array(readFileSync(path)), 'hooks.o', {});
const runtime = testRuntime('windows', {
  verify: ({ object: file, program, programType, platform }) => verifyProgram(file, program, { platform, programType }),
});
const { programs } = await runtime.loadObject(object);
const host = deterministicHost();

function fire(name: string, options: TestRunOptions = { fields: {} }) {
  const program = programs.find((candidate) => candidate.name === name)!;
  const seen = runtime.maps()[0]!;
  seen.clearAll();
  const data = options.data ?? defaultData(windows, program.type);
  const result = runtime.testRun(program, { ...options, ...(data && program.type.name !== 'sock_addr' ? { data } : {}) });
  return { result, seen: [...seen.entries()].map(({ value }) => new DataView(value.buffer).getBigInt64(0, true)) };
}

function refusal(run: () => unknown): string {
  try {
    run();
    return 'accepted';
  } catch (error) {
    return error instanceof RuntimeError ? `${error.result}: ${error.message}` : String(error);
  }
}

const caller = (BigInt(host.processId) << 32n) | BigInt(host.threadId);
const loopback4 = [0x0100_007fn, 0n];
const loopback6 = [0n, 0x0100_0000n];
const NOT_SUPPORTED = -18n;

describe('socket address hooks', () => {
  /** Who may redirect (only before routing), and who knows the network (only after it). */
  const rows: readonly [program: string, family: bigint, redirects: boolean, knowsNetwork: boolean][] = [
    ['connect4', 2n, true, false],
    ['connect6', 23n, true, false],
    ['recv_accept4', 2n, false, true],
    ['recv_accept6', 23n, false, true],
    ['connect_authorization4', 2n, false, true],
    ['connect_authorization6', 23n, false, true],
    ['bind4', 2n, false, true],
    ['bind6', 23n, false, true],
    ['listen4', 2n, false, true],
    ['listen6', 23n, false, true],
  ];
  it.each(rows)('%s fires with defaults', (program, family, redirects, knowsNetwork) => {
    const { result, seen } = fire(program);
    expect(result.returnName).toBe('PROCEED_SOFT');
    expect(seen).toEqual([
      family,
      ...(family === 2n ? loopback4 : loopback6),
      0x5000n,
      6n,
      1n,
      0n,
      caller,
      caller,
      0n,
      0x3e7n,
      0n,
      knowsNetwork ? 0n : NOT_SUPPORTED,
      knowsNetwork ? 1n : 0n,
      knowsNetwork ? 6n : 0n,
      redirects ? 0n : NOT_SUPPORTED,
    ]);
    expect(result.redirectContext === undefined).toBe(!redirects);
  });

  it('takes every field and every fact by name', () => {
    const { seen } = fire('listen6', {
      fields: {
        family: 2,
        user_ip4: Uint8Array.of(10, 0, 0, 1),
        user_port: 1,
        protocol: 17,
        compartment_id: 3,
        interface_luid: 2n ** 40n,
        process_id: 5n,
        thread_id: 6n,
        is_admin: 1n,
        logon_id: 77n,
        socket_cookie: 2n ** 63n - 1n,
        interface_type: 71n,
      },
    });
    expect(seen.slice(0, 15)).toEqual([
      2n,
      0x0100_000an,
      0n,
      1n,
      17n,
      3n,
      2n ** 40n,
      (5n << 32n) | 6n,
      (5n << 32n) | 6n,
      1n,
      77n,
      2n ** 63n - 1n,
      0n,
      1n,
      71n,
    ]);
  });

  it('gives the context back as the program changed it', () => {
    const { result } = fire('connect4');
    expect([...result.context.subarray(24, 28), ...result.context.subarray(40, 42)]).toEqual([10, 0, 0, 1, 0x1f, 0x90]);
  });

  it('takes the extended context of 120 bytes, which brings the network along', () => {
    const context = new Uint8Array(120);
    new DataView(context.buffer).setUint32(24, 2, true);
    new DataView(context.buffer).setUint32(24 + 64, 1, true);
    new DataView(context.buffer).setUint32(24 + 64 + 4, 131, true);
    const { result, seen } = fire('connect4', { context });
    expect(seen.slice(12, 15)).toEqual([0n, 1n, 131n]);
    expect(result.context.length).toBe(120);
    expect([...result.context.subarray(48, 52)]).toEqual([10, 0, 0, 1]);
  });
});

describe('other hooks', () => {
  it('bind: denies, and permits an unbind; the process is the one that binds', () => {
    const { result, seen } = fire('on_bind', { fields: { process_id: 77, thread_id: 8n, is_admin: 1n }, data: Uint8Array.of(0x61, 0, 0x62, 0) });
    expect(result.returnName).toBe('BIND_DENY');
    expect(seen.slice(0, 9)).toEqual([4n, 77n, 16n, 0n, 6n, (77n << 32n) | 8n, 1n, 0x3e7n, 0x61n]);
    expect(fire('on_bind', { fields: { operation: 2 } }).result.returnName).toBe('BIND_PERMIT_SOFT');
    expect(fire('on_bind').seen[0]).toBeGreaterThan(0n);
  });
  it('sockops', () => {
    expect(fire('on_sockops', { fields: { op: 2, flow_id: 9n } }).seen.slice(0, 9)).toEqual([
      2n,
      2n,
      0x0100_007fn,
      1234n,
      0x0100_007fn,
      80n,
      6n,
      9n,
      caller,
    ]);
  });
  it('process: paths and accounts are UTF-16, results their length in bytes', () => {
    const facts = { image_path: 'C:\\a.exe', account_name: 'me', account_domain: 'HERE' };
    const { result, seen } = fire('on_process', { fields: { process_id: 66, ...facts }, data: new Uint8Array(10) });
    expect(seen.slice(0, 11)).toEqual([10n, 66n, 4n, 0n, 16n, 0x43n, -24n, 4n, 8n, host.processStartKey, host.threadCreateTime]);
    expect(result.returnValue).toBe(0xc000_0022);
    expect(fire('on_process', { fields: { process_id: 66, operation: 1 } }).result.returnValue).toBe(0);
  });
  it('netevent_monitor: pushes the event', () => {
    const { result, seen } = fire('on_netevent', { fields: {}, data: Uint8Array.of(100, 1, 2) });
    expect(seen.slice(0, 3)).toEqual([3n, 100n, 0n]);
    expect(result.events.map((event) => [...event])).toEqual([[100, 1, 2]]);
  });
  it('sample_ext', () => {
    const { result, seen } = fire('on_sample', { fields: { uint32_data: 5, uint16_data: 6 }, data: new Uint8Array(3) });
    expect(result.returnValue).toBe(42);
    expect(seen.slice(0, 11)).toEqual([3n, 5n, 6n, 6n, 0n, 0x53n, -1n, -1n, 10n, 25n, -1n]);
    expect(new DataView(result.context.buffer).getUint32(16, true)).toBe(77);
  });
  it('xdp', () => {
    const { result, seen } = fire('on_xdp', { data: new Uint8Array(20), fields: { ingress_ifindex: 9 } });
    expect(result.returnName).toBe('XDP_TX');
    expect(seen.slice(0, 6)).toEqual([20n, 9n, 0n, 24n, -6n, -6n]);
    expect(result.data.length).toBe(24);
  });
});

describe('what is refused', () => {
  const rows: readonly [string, () => unknown, string | RegExp][] = [
    [
      'data for a socket address',
      () => runtime.testRun(programs[0]!, { fields: {}, data: new Uint8Array(1) }),
      /^EBPF_INVALID_ARGUMENT: Programs of type sock_addr have no data/,
    ],
    ['no context', () => runtime.testRun(programs[0]!, {}), /^EBPF_INVALID_ARGUMENT: Programs of type sock_addr need a context/],
    ['a short context', () => fire('connect4', { context: new Uint8Array(63) }), /bpf_sock_addr_t has 64 bytes; 63 were given/],
    ['an unknown field', () => fire('connect4', { fields: { user_prt: 1 } }), /bpf_sock_addr_t has no field user_prt to set \(it has: family, /],
    ['a pointer field', () => fire('on_xdp', { fields: { data: 1 } }), /xdp_md_t has no field data to set/],
    ['a number that does not fit', () => fire('connect4', { fields: { user_port: 65536 } }), /bpf_sock_addr_t.user_port has 2 bytes/],
    ['a fact that does not fit', () => fire('connect4', { fields: { is_admin: 2n } }), /is_admin is a number from 0 to 1/],
    ['text for a number', () => fire('connect4', { fields: { user_port: 'http' } }), /bpf_sock_addr_t.user_port is no text/],
    ['a processor that is not there', () => fire('connect4', { fields: {}, cpu: 4 }), /There is no processor 4: this machine has 4/],
    [
      'a small output buffer',
      () => fire('connect4', { fields: {}, contextOutSize: 63 }),
      /^EBPF_INSUFFICIENT_BUFFER: The output context has 64 bytes/,
    ],
    ['more than 64 KiB', () => fire('on_bind', { fields: {}, data: new Uint8Array(65_500) }), /exceed 64 KiB/],
  ];
  it.each(rows)('%s', (_what, run, message) => expect(refusal(run)).toMatch(message));

  it('no field of any type, at its largest value', () => {
    for (const program of programs) {
      for (const field of settableFields(program.type.context)) {
        const largest = field.size <= 8 ? (1n << BigInt(field.size * 8)) - 1n : new Uint8Array(field.size).fill(255);
        const { context } = fire(program.name, { fields: { [field.name]: largest } }).result;
        const changed = program.name === 'connect4' && ['user_ip', 'user_port'].includes(field.name);
        const kept = changed || (program.name === 'on_sample' && field.name === 'uint32_data');
        if (!kept)
          expect([program.name, field.name, [...context.subarray(field.offset, field.offset + field.size)]]).toEqual([
            program.name,
            field.name,
            Array(field.size).fill(255),
          ]);
      }
    }
  });
});
