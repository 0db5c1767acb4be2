import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { loadObject } from '../../src/object/load.ts';
import { linux } from '../../src/platform/linux/linux.ts';
import { defaultData } from '../../src/runtime/hooks/contexts.ts';
import { deterministicHost } from '../../src/runtime/host.ts';
import type { TestRunOptions } from '../../src/runtime/test-run.ts';
import { verifyProgram } from '../../src/verifier/index.ts';
import { testRuntime } from './runtime-fixture.ts';

const path = fileURLToPath(new URL('./fixtures/linux_hooks.o', import.meta.url));
const runtime = testRuntime('linux', {
  verify: ({ object, program, programType, platform }) => verifyProgram(object, program, { platform, programType }),
});
const { programs } = await runtime.loadObject(loadObject(new Uint8Array(readFileSync(path)), 'linux_hooks.o', {}));
const host = deterministicHost();

function fire(name: string, options: TestRunOptions = { fields: {} }) {
  const program = programs.find((candidate) => candidate.name === name)!;
  const seen = runtime.maps().find((map) => map.name === 'seen')!;
  seen.clearAll();
  const data = options.data ?? defaultData(linux, program.type);
  const result = runtime.testRun(program, { ...options, ...(data ? { data } : {}) });
  return { result, seen: [...seen.entries()].map(({ value }) => new DataView(value.buffer).getBigInt64(0, true)) };
}

const pid = BigInt(host.processId);
const frame = Uint8Array.from({ length: 64 }, (_, index) => (index === 12 ? 8 : index === 13 ? 0 : index));

interface Row {
  readonly program: string;
  readonly options?: TestRunOptions;
  readonly value: number;
  readonly name?: string;
  readonly seen: readonly bigint[];
}

const rows: readonly Row[] = [
  // The packet begins behind the Ethernet header.
  { program: 'on_socket', options: { data: frame, fields: {} }, value: 50, seen: [50n, 8n] },
  { program: 'on_cgroup_skb', value: 1, name: 'allow', seen: [50n, 1n, 50n] },
  { program: 'on_cgroup_sock', options: { fields: { family: 10, type: 2, protocol: 17 } }, value: 1, name: 'allow', seen: [10n, 2n, 17n] },
  {
    program: 'on_connect4',
    options: { fields: { user_ip4: Uint8Array.of(10, 0, 0, 9), user_port: 1, socket_cookie: 77n } },
    value: 1,
    name: 'allow',
    seen: [2n, 0x0900_000an, 1n, 6n, 2n, pid, 77n, 0n, 0n, 1n],
  },
  { program: 'on_connect6', value: 0, name: 'reject', seen: [10n, 0x0100_0000n] },
  {
    program: 'on_sockopt',
    options: { data: Uint8Array.of(1, 2, 3, 4), fields: { level: 6, optname: 2 } },
    value: 1,
    name: 'allow',
    seen: [6n, 2n, 4n, 4n, 0n, -1n],
  },
  { program: 'on_sysctl', value: 1, name: 'allow', seen: [0n, 19n, 110n, 10n, -7n, 1n, 48n, -22n, -22n] },
  {
    program: 'on_sysctl',
    options: { fields: { write: 1, name: 'kernel/panic', current_value: '5', new_value: '12' } },
    value: 1,
    seen: [1n, 12n, 107n, 5n, -7n, 1n, 53n, 2n, 0n],
  },
  { program: 'on_device', options: { fields: { access_type: 2, major: 1, minor: 3 } }, value: 1, name: 'allow', seen: [2n, 1n, 3n] },
  { program: 'on_sockops', options: { fields: { op: 5, local_port: 99 } }, value: 1, seen: [5n, 99n, 0x80n, 5n] },
  { program: 'on_kprobe', options: { fields: { di: 9, command: 'bash' } }, value: 0, seen: [9n, 0n, 98n, pid, 1000n, 1n, -14n, 1n, 0n] },
  { program: 'on_tracepoint', options: { context: Uint8Array.of(...Array(8).fill(0), 5, ...Array(7).fill(0), 6) }, value: 0, seen: [5n, 6n] },
  { program: 'on_raw_tracepoint', options: { fields: { arg0: 3, arg1: 2n ** 63n } }, value: 0, seen: [3n, -(2n ** 63n)] },
  { program: 'on_perf_event', options: { fields: { sample_period: 100, addr: 7 } }, value: 0, seen: [100n, 7n, 0n] },
  { program: 'on_lwt', value: 0, name: 'BPF_OK', seen: [50n, 50n] },
  { program: 'on_message', value: 1, name: 'SK_PASS', seen: [64n, 0n, 0n, 0n, 67n, 0n, 65n, 0n, 3n] },
  { program: 'on_stream', value: 1, name: 'SK_PASS', seen: [50n] },
  { program: 'on_flow', options: { data: frame, fields: {} }, value: 0, name: 'BPF_OK', seen: [14n, 34n, 64n] },
  { program: 'on_lookup', options: { fields: { family: 2, local_port: 80 } }, value: 1, name: 'SK_PASS', seen: [2n, 80n, 0n] },
  { program: 'on_reuseport', value: 1, name: 'SK_PASS', seen: [64n, 64n] },
  { program: 'on_typed', options: { fields: { arg0: 1 } }, value: 0, seen: [1n] },
  { program: 'on_syscall', options: { context: Uint8Array.of(8) }, value: 0, seen: [8n] },
];

describe('every program type that needs no kernel', () => {
  it.each(rows)('$program', ({ program, options, value, name, seen }) => {
    const fired = fire(program, options);
    expect(fired.result.returnValue).toBe(value);
    if (name !== undefined) expect(fired.result.returnName).toBe(name);
    expect(fired.seen.slice(0, seen.length)).toEqual(seen);
    expect(fired.result.unsupported).toEqual([]);
  });

  it('is in the table', () => expect(new Set(rows.map(({ program }) => program))).toEqual(new Set(programs.map(({ name }) => name))));
});

describe('what programs leave besides their result', () => {
  it('a changed context', () => {
    const { context } = fire('on_connect4').result;
    expect([...context.subarray(4, 8)]).toEqual([10, 0, 0, 1]);
    expect(new DataView(fire('on_syscall', { context: new Uint8Array(16) }).result.context.buffer).getUint32(8, true)).toBe(5);
  });
  it('changed data, and the value that the hook returns', () => {
    const { result } = fire('on_sockopt', { data: Uint8Array.of(1, 2, 3, 4), fields: {} });
    expect([...result.data]).toEqual([9, 2, 3, 4]);
    expect(result.hookReturn).toBe(-1);
    expect(fire('on_kprobe').result.hookReturn).toBe(-12);
    expect(fire('on_device').result.hookReturn).toBeUndefined();
  });
  it('a new value of a sysctl', () => {
    expect(fire('on_sysctl', { fields: { write: 1 } }).result.newValue).toBe('17');
    expect(fire('on_sysctl').result.newValue).toBeUndefined();
  });
  it('keys of a flow instead of the packet', () => {
    const { data } = fire('on_flow', { data: frame, fields: {} }).result;
    expect(data.length).toBe(56);
    expect([...data.subarray(0, 4), ...data.subarray(10, 12)]).toEqual([14, 0, 34, 0, 8, 0]);
  });
  it('packets that are too short for their headers are refused', () => {
    expect(() => fire('on_socket', { data: new Uint8Array(13), fields: {} })).toThrow(/at least 14 bytes/);
  });
});
