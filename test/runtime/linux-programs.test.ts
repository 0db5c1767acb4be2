import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { loadObject } from '../../src/object/load.ts';
import { linux } from '../../src/platform/linux/linux.ts';
import { XdpHook } from '../../src/runtime/hooks/xdp.ts';
import { deterministicHost } from '../../src/runtime/host.ts';
import type { BpfMap } from '../../src/runtime/maps/map.ts';
import type { ExecutionMode } from '../../src/runtime/policy.ts';
import type { BpfProgram } from '../../src/runtime/programs.ts';
import type { Runtime, VerifyFunction } from '../../src/runtime/runtime.ts';
import { verifyProgram } from '../../src/verifier/index.ts';
import { outcome, u32 } from './map-fixture.ts';
import { acceptAll, testRuntime } from './runtime-fixture.ts';

/** bpf_iter_bits_new and bpf_probe_read take pointers as numbers: Linux lets privileged loaders leak them, the verifier does not. */
const privileged: ReadonlySet<string> = new Set(['bits', 'on_compared']);

const verify: VerifyFunction = (request) => {
  const { object, program, programType, platform } = request;
  return privileged.has(program.name) ? acceptAll(request) : verifyProgram(object, program, { platform, programType });
};

/** A fixture's programs, verified and loaded, and what each leaves in its map `seen`. */
async function bench(name: string, mode: ExecutionMode, step = 1n) {
  const runtime: Runtime = testRuntime('linux', { verify, host: deterministicHost({ step }) });
  const path = fileURLToPath(new URL(`./fixtures/${name}.o`, import.meta.url));
  const object = loadObject(new Uint8Array(readFileSync(path)), name, {
    helperId: (helper) => [...linux.helpers.values()].find((row) => row.name === helper)?.id,
  });
  const { programs } = await runtime.loadObject(object, { mode });
  const map = (wanted: string): BpfMap => runtime.maps().find((candidate) => candidate.name === wanted)!;
  const program = (wanted: string): BpfProgram => programs.find((candidate) => candidate.name === wanted)!;
  return {
    runtime,
    map,
    program,
    run: (wanted: string, data = packet) => runtime.testRun(program(wanted), { data }),
    seen: (count: number) => [...map('seen').entries()].slice(0, count).map(({ value }) => new DataView(value.buffer).getBigInt64(0, true)),
  };
}

/** A TCP segment of 64 bytes that may carry a congestion mark. */
const packet = Uint8Array.from(
  Buffer.from(
    '0a0b0c0d0e0f010203040506080045020032000100004006abcd0a0000010a00000204d200500000000100000002500220001234000000010203040506070809',
    'hex',
  ),
);

const modes: readonly ExecutionMode[] = ['interpret', 'jit'];

/**
 * What the same objects leave in `seen` when Linux 6.18 runs them; but for -E2BIG of bpf_loop, which its verifier inlines with a 32-bit move,
 * and new objects, which it leaves uninitialised.
 */
const rows: readonly [object: string, program: string, seen: readonly bigint[]][] = [
  ['callbacks', 'loop', [10n, 45n, 3n, -7n, -22n]],
  ['callbacks', 'nested', [5n, 10n]],
  ['callbacks', 'each', [3n, 140n, -22n]],
  ['dynptrs', 'memory', [0n, 0n, 0n, 0x65646362n, -7n, -7n, -22n, 97n, 0n, -22n, -22n]],
  ['dynptrs', 'records', [0n, 0n, -22n, -22n, 24n, 4096n, 0n, 24n]],
  ['dynptrs', 'packet', [0n, 64n, 8n, 0n, 0n, 0n, 8n, 0n, -34n, -22n, 0n, 0n, 0n, 0x12n]],
  ['timers', 'start', [-22n, 0n, -16n, -22n, 0n, -22n, 0n]],
  ['packets', 'tc_load_store', [0n, 38076424n, -14n, 0n, -14n, 0n, 838861381n, 0n, -14n, 0n, -14n, -22n, 0n, 0n, -12n, 2773448803n]],
  ['packets', 'tc_vlan', [0n, 0n, 1n, 8197n, 129n, 64n, 2773448803n, 0n, 7n, 68n, 2997962288n, 0n, 8197n, 64n, 0n, 2997962288n]],
  ['packets', 'tc_length', [0n, 100n, 0n, 60n, -22n, -22n, -22n, 0n, 74n, 1304632237n, -22n, -22n, 74n, 0n, 0n, 0n]],
  ['packets', 'tc_room', [0n, 84n, 2773448803n, 0n, 64n, 2773448803n, 0n, 72n, 2245543732n, 0n, 2773448803n, -524n, -22n, 0n, 0n, 304n]],
  ['packets', 'tc_checksums', [7456n, 55251n, 17735n, 7n, 263n, 0n, 0n, 0n, -22n, -14n, -14n, -524n, -13n, 0n, -22n, 1090111423n]],
  ['packets', 'tc_marks', [0n, 1n, -22n, 0n, 4660n, 4660n, 1n, 3239254819n, 0n, -22n, 0n, 77n, 8n, -22n, -524n, 0n]],
  ['packets', 'tc_routes', [-22n, -22n, 7n, 2n, 2n, 2n, 7n, 0n, 1n, -22n, 0n, -22n, 0n, 5n, 0n, -22n]],
  ['packets', 'tc_fields', [64n, 8n, 1n, 0n, 64n, 0n, 3n, 0n, 0n, 0n, 0n, 0n, 0n, 0n, 1n, 1n]],
  ['packets', 'xdp_moves', [0n, 50n, -22n, 0n, -22n, 0n, 54n, 0n, 3054n, -22n, 0n, -22n, 14n, 0n, -22n, 230n]],
  ['packets', 'xdp_metadata', [0n, 8n, -13n, -22n, -22n, -22n, 0n, 4n, 0n, 4n, 0n, -22n, 0n, -22n, 0n, 4n]],
  ['maps', 'on_hash', [-2n, -2n, 0n, -17n, 10n, 0n, 20n, -22n, 0n, -7n, 0n, 0n, 0n, 10n, -1n, -22n, -22n]],
  ['maps', 'on_array', [0n, -1n, -17n, 0n, -7n, -22n, -22n, -22n, 10n, -7n, -22n]],
  ['maps', 'on_percpu', [0n, 10n, 10n, 0n, -1n, -1n, 0n, -17n, 0n, -22n, -7n, -17n, 0n, -1n]],
  ['maps', 'on_trie', [-2n, 0n, 0n, 2n, -1n, -22n, -1n, -17n, 0n, 3n, 0n, 3n, -28n, -2n, 0n, 3n, -22n, -22n]],
  ['maps', 'on_queue', [-2n, 0n, 0n, 0n, -7n, 0n, -22n, 0n, 2n, 0n, 0n, 3n, -2n]],
  ['maps', 'on_stack', [-2n, 0n, 0n, -7n, 0n, 0n, 3n, 0n, 0n, 2n, -2n]],
  ['maps', 'on_bloom', [-2n, 0n, 0n, -22n, -2n]],
  ['maps', 'on_ring', [0n, -22n, 0n, 120n, 0n, 0n, 1n, 4032n, -11n]],
  ['maps', 'on_others', [-7n, -22n, 0n, 0n, 5n, -1n, 0n, 77n, 0n, -2n, -22n]],
  ['maps', 'on_devices', [2n, 3n, 0n, 4n]],
  [
    'strings',
    'on_signed',
    [
      5n,
      -42n,
      -22n,
      0n,
      5n,
      -16n,
      1n,
      0n,
      -22n,
      0n,
      1n,
      0n,
      1n,
      0n,
      19n,
      9223372036854775807n,
      -34n,
      0n,
      20n,
      -9223372036854775808n,
      -34n,
      0n,
      2n,
      255n,
      3n,
      511n,
      -22n,
      0n,
      -22n,
      0n,
      -22n,
      0n,
      -22n,
      0n,
      3n,
      7n,
      4n,
      31n,
      -34n,
      0n,
      63n,
      0n,
    ],
  ],
  ['strings', 'on_unsigned', [20n, -1n, -34n, 0n, -22n, 0n, -22n, 0n, 18n, -1n, 3n, 63n, 0n, 0n]],
  ['strings', 'on_compared', [0n, 0n, 1n, 0n, 1n, 4n, 6513249n, 2n, 6488161n, -34n, 0n, -34n, 4n, 4n, 25185n, 0n]],
  ['iterators', 'numbers', [0n, 9n, -22n, 0n]],
  ['iterators', 'bits', [0n, 0n, -22n, -7n, 4n, 195n, 0n, 0n]],
  ['iterators', 'objects', [0n, 42n]],
  ['packet_edges', 'checksums', [-22n, -22n, -22n, -14n, -22n, -22n, 0n, -14n, -14n, -22n, -22n, -22n, 0n, 0n, 0n, 0n, 65534n, -22n, -22n]],
  ['packet_edges', 'headers', [-22n, 0n, 84n, 1n, 0n, 838861637n, 0n, 0n, -14n, -14n]],
  ['packet_edges', 'room', [-22n, -22n, -22n, -22n, -22n, -22n, 0n, 56710n, 104n, -114n, 0n, 8n, 64n, -14n, -524n]],
  ['packet_edges', 'xdp_frames', [-14n, -22n, 7n, -14n, -22n, 0n, 0n, 0n, 0n, 218893066n]],
  ['packet_edges', 'sums', [0n, 0n, 65535n, 65535n, -13n, 0n, 0n, 3n, 0n, 2n, 0n, -13n, 0n, -22n, -22n, 0n, 0n, 1n]],
  ['packet_edges', 'addressee', [3n]],
];

describe.each(modes)('in mode %s', (mode) => {
  it.each(rows)('%s: %s does what it does on Linux', async (object, program, seen) => {
    const { run, seen: left } = await bench(object, mode);
    expect(run(program).returnValue).toBe(program.startsWith('xdp') ? 2 : program === 'on_devices' ? 1 : 0);
    expect(left(seen.length)).toEqual(seen);
  });

  it('gives XDP metadata back in front of the frame, with offsets in the context', async () => {
    const { runtime, program } = await bench('packets', mode);
    const made = program('xdp_metadata');
    const { data, context } = runtime.testRun(made, { data: packet });
    // Four bytes of metadata, fourteen more of headroom, then the frame.
    expect([data.length, data[18], new DataView(context.buffer).getUint32(0, true), new DataView(context.buffer).getUint32(4, true)]).toEqual([
      82, 10, 4, 82,
    ]);
    const given = new Uint8Array(24);
    new DataView(given.buffer).setUint32(0, 4, true);
    new DataView(given.buffer).setUint32(4, packet.length, true);
    const moved = runtime.testRun(program('xdp_moves'), { data: packet, context: given });
    expect(moved.returnValue).toBe(2);
    new DataView(given.buffer).setUint32(0, 6, true);
    expect(outcome(() => runtime.testRun(made, { data: packet, context: given }))).toBe('EBPF_INVALID_ARGUMENT/22');
  });

  it('ends a program that throws, from any depth', async () => {
    const { run } = await bench('iterators', mode);
    expect(run('throwing').returnValue).toBe(6);
    expect(run('throwing', new Uint8Array(65)).returnValue).toBe(77);
    expect(run('throwing').returnValue).toBe(6);
  });

  it('gives the memory of iterators and objects back', async () => {
    const { run, runtime } = await bench('iterators', mode);
    run('throwing');
    const { used } = runtime.memory;
    for (const program of ['bits', 'objects', 'numbers']) run(program);
    expect(runtime.memory.used).toBe(used);
  });

  it('keeps a record that a dynptr submitted', async () => {
    const { run, map } = await bench('dynptrs', mode);
    run('records');
    expect([...map('ring').entries()].map(({ value }) => String.fromCharCode(...value))).toEqual(['hello, ring\0']);
  });

  it('fires timers when they are due, and again when their callback starts them', async () => {
    const { run, runtime, seen } = await bench('timers', mode, 100n);
    run('start');
    expect(seen(9)[8]).toBe(0n);
    const fired: number[] = [];
    for (let turn = 0; turn < 60; turn++) fired.push(runtime.fireTimers());
    // Three expirations of key 7: the callback stops at 21.
    expect(fired.reduce((total, count) => total + count)).toBe(3);
    expect(seen(10).slice(8)).toEqual([21n, 0n]);
    expect(runtime.helperEnvironment.timers.pending).toBe(0);
  });

  it('cancels timers, and forgets those of deleted elements', async () => {
    const first = await bench('timers', mode, 0n);
    first.run('start');
    expect(first.runtime.helperEnvironment.timers.pending).toBe(1);
    first.run('stop');
    expect(first.seen(2)).toEqual([1n, 0n]);
    expect(first.runtime.helperEnvironment.timers.pending).toBe(0);

    const second = await bench('timers', mode, 10_000n);
    second.runtime.helperEnvironment.timers.fire(second.runtime.helperEnvironment);
    const later = await bench('timers', mode, 100n);
    later.run('start');
    later.run('forget');
    for (let turn = 0; turn < 60; turn++) later.runtime.fireTimers();
    expect(later.seen(9)[8]).toBe(0n);
  });

  it('hides timers from user space, and resets them when an element is replaced', async () => {
    const { run, map, runtime } = await bench('timers', mode, 0n);
    run('start');
    const key = u32(7);
    expect([...map('elements').lookup(key)!]).toEqual(Array(24).fill(0));
    map('elements').update(key, new Uint8Array(24).fill(0xff));
    expect([...map('elements').lookup(key)!]).toEqual([...Array(8).fill(255), ...Array(16).fill(0)]);
    runtime.fireTimers();
    expect(runtime.helperEnvironment.timers.pending).toBe(0);
  });

  it('drains what user space sent', async () => {
    const { run, map, seen } = await bench('timers', mode);
    const requests = map('requests');
    for (const value of [1, 2, 99, 4]) requests.update(new Uint8Array(0), u32(value));
    expect(requests.count).toBe(4);
    run('drain');
    expect(seen(2)).toEqual([3n, 102n]);
    run('drain');
    expect(seen(2)).toEqual([1n, 4n]);
    expect(requests.count).toBe(0);
    expect(outcome(() => requests.update(new Uint8Array(0), new Uint8Array(5000)))).toBe('EBPF_OUT_OF_SPACE/7');
    requests.update(new Uint8Array(0), new Uint8Array(4000));
    expect(outcome(() => requests.update(new Uint8Array(0), new Uint8Array(100)))).toBe('EBPF_OUT_OF_SPACE/28');
  });
});

describe('definitions', () => {
  it('are completed as libbpf does', async () => {
    const { map } = await bench('definitions', 'interpret');
    const { maxEntries, keySize } = map('ring');
    expect({ maxEntries, keySize, cpus: map('events').maxEntries }).toEqual({ maxEntries: 8192, keySize: 0, cpus: 4 });
  });
  it('hand map_extra on: how many hashes a bloom filter takes', async () => {
    const { map, run } = await bench('definitions', 'jit');
    expect(run('push').returnValue).toBe(0);
    const bits = ['bloom', 'narrow'].map((name) => {
      const [entry] = map(name).entries();
      return entry!.value.reduce((count, byte) => count + byte.toString(2).replaceAll('0', '').length, 0);
    });
    expect(bits).toEqual([3, 2]);
  });
});

describe('test runs of packets', () => {
  it('a frame to all is one to a group, as the loopback device sees it', async () => {
    const { run, seen } = await bench('packet_edges', 'jit');
    run(
      'addressee',
      Uint8Array.from({ length: 60 }, (_, index) => (index < 6 ? 0xff : 0)),
    );
    expect(seen(1)).toEqual([2n]);
  });
  it('a link header that the program does not see comes back empty', async () => {
    const { run } = await bench('linux_hooks', 'jit');
    const { data } = run('on_socket');
    expect([data.length, data.subarray(0, 14).every((byte) => byte === 0), data[14]]).toEqual([64, true, 0x45]);
  });
  it('a frame on an interface shows nothing of the one before it', async () => {
    const { runtime, program, seen } = await bench('packet_edges', 'jit');
    const eth = runtime.interfaces.add('eth1');
    runtime.attach(program('xdp_headroom').id, undefined, { interfaceIndex: eth.index });
    const hook = new XdpHook(runtime, eth);
    const left = [hook.process(packet), hook.process(packet)].map(({ data }) => data.length);
    expect([left, seen(3)]).toEqual([
      [68, 68],
      [0n, 0n, 0n],
    ]);
  });
});
