import { describe, expect, it } from 'vitest';
import { encode } from '../../src/isa/encode.ts';
import { createLibbpf } from '../../src/libbpf/libbpf.ts';
import type { TypesOut } from '../../src/libbpf/names.ts';
import type { BpfObject, BpfObjectProgram } from '../../src/libbpf/objects.ts';
import { BPF_COMMANDS, type BpfAttributes } from '../../src/libbpf/syscall.ts';
import type { Runtime } from '../../src/runtime/runtime.ts';
import { toU32, u32 } from '../runtime/map-fixture.ts';
import { sample, sampleBytes, testRuntime } from '../runtime/runtime-fixture.ts';

function library(runtime: Runtime = testRuntime()) {
  return createLibbpf({ runtime, parseObject: (_bytes, path) => sample(path), readFile: sampleBytes });
}

async function loaded(bpf: ReturnType<typeof library>, file: string): Promise<BpfObject> {
  const object = bpf.bpf_object__open(file);
  if (object === null) throw new Error(`cannot open ${file}`);
  expect(await bpf.bpf_object__load(object)).toBe(0);
  return object;
}

describe('map calls', () => {
  it('return 0 or a negative errno and fill buffers', () => {
    const bpf = library();
    const fd = bpf.bpf_map_create(1, 'flows', 4, 4, 10);
    const out = new Uint8Array(4);
    const rows: readonly [string, () => number, number][] = [
      ['update', () => bpf.bpf_map_update_elem(fd, u32(1), u32(10), 0), 0],
      ['insert again', () => bpf.bpf_map_update_elem(fd, u32(1), u32(10), 1), -17],
      ['replace missing', () => bpf.bpf_map_update_elem(fd, u32(2), u32(10), 2), -2],
      ['bad flags', () => bpf.bpf_map_update_elem(fd, u32(2), u32(10), 8), -22],
      ['lookup', () => bpf.bpf_map_lookup_elem(fd, u32(1), out), 0],
      ['lookup missing', () => bpf.bpf_map_lookup_elem(fd, u32(9), out), -2],
      ['short key', () => bpf.bpf_map_lookup_elem(fd, new Uint8Array(3), out), -22],
      ['next of none', () => bpf.bpf_map_get_next_key(fd, null, new Uint8Array(4)), 0],
      ['next of last', () => bpf.bpf_map_get_next_key(fd, u32(1), new Uint8Array(4)), -2],
      ['bad descriptor', () => bpf.bpf_map_lookup_elem(99, u32(1), out), -9],
      ['lookup and delete', () => bpf.bpf_map_lookup_and_delete_elem(fd, u32(1), out), 0],
      ['delete missing', () => bpf.bpf_map_delete_elem(fd, u32(1)), -2],
      ['unknown type', () => bpf.bpf_map_create(77, null, 4, 4, 1), -22],
      ['close', () => bpf.close(fd), 0],
      ['closed', () => bpf.bpf_map_lookup_elem(fd, u32(1), out), -9],
    ];
    expect(rows.map(([name, run]) => [name, run()])).toEqual(rows.map(([name, , result]) => [name, result]));
    expect(bpf.errno()).toBe(9);
    expect(toU32(out)).toBe(10);
  });

  it('batches walk the whole map', () => {
    const bpf = library();
    const fd = bpf.bpf_map_create(1, 'm', 4, 4, 100);
    const keys = new Uint8Array(200);
    for (let index = 0; index < 50; index++) keys.set(u32(index), index * 4);
    const count = { value: 50 };
    expect(bpf.bpf_map_update_batch(fd, keys, keys, count)).toBe(0);
    const seen = new Set<number>();
    const [outKeys, outValues, next] = [new Uint8Array(80), new Uint8Array(80), new Uint8Array(4)];
    const results: number[] = [];
    for (let part = 0; part < 3; part++) {
      count.value = 20;
      results.push(bpf.bpf_map_lookup_batch(fd, part === 0 ? null : next.slice(), next, outKeys, outValues, count));
      for (let index = 0; index < count.value; index++) seen.add(toU32(outKeys.subarray(index * 4)) ?? -1);
    }
    expect(results).toEqual([0, 0, -2]);
    expect(seen.size).toBe(50);
    const counts = [20, 20, 20].map((wanted) => {
      count.value = wanted;
      return [bpf.bpf_map_lookup_and_delete_batch(fd, null, next, outKeys, outValues, count), count.value];
    });
    expect(counts).toEqual([
      [0, 20],
      [0, 20],
      [-2, 10],
    ]);
    expect(bpf.bpf_map_delete_batch(fd, outKeys, { value: 1 })).toBe(-2);
  });

  it('maps of maps take descriptors and yield ids', () => {
    const bpf = library();
    const inner = bpf.bpf_map_create(2, 'inner', 4, 4, 1);
    const outer = bpf.bpf_map_create(7, 'outer', 4, 4, 2, { inner_map_fd: inner });
    expect(bpf.bpf_map_update_elem(outer, u32(0), u32(inner), 0)).toBe(0);
    expect(bpf.bpf_map_update_elem(outer, u32(0), u32(1234), 0)).toBe(-9);
    const out = new Uint8Array(4);
    bpf.bpf_map_lookup_elem(outer, u32(0), out);
    const info = bpf.bpf_obj_get_info_by_fd(inner);
    expect(toU32(out)).toBe(info?.id);
    expect(bpf.bpf_map_create(7, 'outer', 4, 4, 2)).toBe(-9);
    const byId = bpf.bpf_map_get_fd_by_id(info?.id ?? 0);
    expect(bpf.bpf_obj_get_info_by_fd(byId)).toEqual(info);
  });
});

describe('objects', () => {
  it('open, walk, load, pin, unload', async () => {
    const runtime = testRuntime();
    const bpf = library(runtime);
    expect(bpf.bpf_object__open('nosuchfile.o')).toBeNull();
    expect(bpf.libbpf_get_error(null)).toBe(-2);
    const object = bpf.bpf_object__open('tail_call.o')!;
    const first = bpf.bpf_object__next_program(object, null)!;
    const second = bpf.bpf_object__next_program(object, first)!;
    expect([first, second].map(bpf.bpf_program__name)).toEqual(['caller', 'callee']);
    expect(bpf.bpf_object__next_program(object, second)).toBeNull();
    expect(bpf.bpf_program__fd(first)).toBe(-2);
    expect(await bpf.bpf_object__load(object)).toBe(0);
    expect(await bpf.bpf_object__load(object)).toBe(-22);
    expect(bpf.bpf_object__pin_programs(object, 'mypinpath')).toBe(0);
    expect(runtime.pinned().map(({ path }) => path)).toEqual(['BPF:\\mypinpath\\sample_ext', 'BPF:\\mypinpath\\sample_ext_0']);
    expect(bpf.bpf_object__pin_programs(object, 'mypinpath')).toBe(-17);
    expect(bpf.bpf_object__unpin_programs(object, 'mypinpath')).toBe(0);
    const map = bpf.bpf_object__find_map_by_name(object, 'map')!;
    expect(bpf.bpf_map__pin(map, null)).toBe(0);
    expect(bpf.bpf_map__is_pinned(map)).toBe(true);
    const again = bpf.bpf_obj_get('map');
    expect(again).toBeGreaterThan(0);
    expect([bpf.bpf_map__unpin(map, null), bpf.bpf_obj_get('map')]).toEqual([0, -2]);
    expect(bpf.bpf_program__set_type(first, 1)).toBe(-16);
    bpf.close(again);
    bpf.bpf_object__close(object);
    expect([runtime.programs(), runtime.maps()]).toEqual([[], []]);
  });

  it('a second pin that fails undoes the first', async () => {
    const runtime = testRuntime();
    const bpf = library(runtime);
    const object = await loaded(bpf, 'tail_call.o');
    const fd = bpf.bpf_map_create(1, 'm', 4, 4, 1);
    bpf.bpf_obj_pin(fd, 'p/sample_ext_0');
    expect(bpf.bpf_object__pin_programs(object, 'p')).toBe(-17);
    expect(runtime.pinned()).toHaveLength(1);
  });

  it('the words of the verifier reach the log', async () => {
    const runtime = testRuntime('windows', {
      verify: ({ program }) => ({
        section: program.section,
        program: program.name,
        verdict: 'rejected',
        failures: [{ instruction: 3, message: 'bad load' }],
      }),
    });
    const bpf = library(runtime);
    const object = bpf.bpf_object__open('droppacket.o')!;
    expect(await bpf.bpf_object__load(object)).toBe(-13);
    expect(bpf.bpf_program__log_buf(object.programs[0]!)).toBe('3: bad load\n');
  });

  it('links: attach, query, disconnect, destroy', async () => {
    const runtime = testRuntime();
    const bpf = library(runtime);
    const object = await loaded(bpf, 'droppacket.o');
    const program = object.programs[0] as BpfObjectProgram;
    const link = bpf.bpf_program__attach_xdp(program, 1)!;
    const id = { value: 0 };
    expect(bpf.bpf_xdp_query_id(1, 0, id)).toBe(0);
    expect(id.value).toBe(runtime.programs()[0]!.id);
    expect(bpf.bpf_program__attach_xdp(program, 1)).toBeNull();
    expect(bpf.bpf_obj_get_info_by_fd(link.fd)).toMatchObject({ prog_id: id.value, attach_type: 1, attach_data: 1 });
    expect(bpf.bpf_link__destroy(link)).toBe(0);
    expect(runtime.links()).toEqual([]);
    const lasting = bpf.bpf_program__attach(program)!;
    bpf.bpf_link__disconnect(lasting);
    bpf.bpf_link__destroy(lasting);
    expect(runtime.links()).toHaveLength(1);
    expect(bpf.bpf_xdp_attach(5, bpf.bpf_program__fd(program), 0)).toBe(0);
    expect(bpf.bpf_xdp_detach(5, 0)).toBe(0);
    expect(bpf.bpf_xdp_detach(5, 0)).toBe(-2);
  });

  it('prog_attach takes cgroup hooks only, with flags 0', async () => {
    const bpf = library();
    const object = await loaded(bpf, 'cgroup_sock_addr.o');
    const fd = bpf.bpf_program__fd(object.programs[0]!);
    expect([bpf.bpf_prog_attach(fd, 0, 3, 1), bpf.bpf_prog_attach(fd, 0, 1, 0), bpf.bpf_prog_attach(fd, 0, 3, 0)]).toEqual([-22, -22, 0]);
    expect([bpf.bpf_prog_detach2(fd, 0, 3), bpf.bpf_prog_detach2(fd, 0, 3)]).toEqual([0, -2]);
  });
});

describe('programs', () => {
  const returns = (value: number) =>
    encode([{ kind: 'binary', operator: 'mov', width: 64, dst: 0, source: { kind: 'immediate', value } }, { kind: 'exit' }], 'little');

  it('prog_load names what has no name after its code, and runs it', async () => {
    const bpf = library();
    const fd = await bpf.bpf_prog_load(999, null, 'MIT', returns(7));
    const info = bpf.bpf_obj_get_info_by_fd(fd);
    expect(info).toMatchObject({ kind: 'program', type: 999 });
    expect((info as { name: string }).name).toMatch(/^[0-9a-f]{63}$/);
    const opts = { repeat: 3, data_out: new Uint8Array(8), ctx_out: new Uint8Array(32) };
    expect(bpf.bpf_prog_test_run_opts(fd, opts)).toBe(0);
    expect(opts).toMatchObject({ retval: 7, data_size_out: 0, ctx_size_out: 32 });
    expect(bpf.bpf_prog_test_run_opts(fd, { ctx_out: new Uint8Array(1) })).toBe(-105);
    expect(await bpf.bpf_prog_load(999, 'x', 'MIT', new Uint8Array(7))).toBe(-22);
    expect(await bpf.bpf_prog_load(999, 'x', 'MIT', new Uint8Array(8).fill(0xff))).toBe(-22);
    expect(await bpf.bpf_prog_load(0, 'x', 'MIT', returns(1))).toBe(-22);
  });

  it('prog_load resolves map descriptors', async () => {
    const runtime = testRuntime();
    const bpf = library(runtime);
    const map = bpf.bpf_map_create(2, 'm', 4, 4, 1);
    bpf.bpf_map_update_elem(map, u32(0), u32(41), 0);
    const code = encode(
      [
        { kind: 'lddw', dst: 1, source: 'map_value', low: map, high: 0 },
        undefined,
        { kind: 'load', size: 4, signed: false, dst: 0, src: 1, offset: 0 },
        { kind: 'exit' },
      ],
      'little',
    );
    const fd = await bpf.bpf_prog_load(999, 'reader', 'MIT', code);
    bpf.close(map);
    const opts: { retval?: number } = {};
    expect(bpf.bpf_prog_test_run_opts(fd, opts)).toBe(0);
    expect(opts.retval).toBe(41);
    bpf.close(fd);
    expect([runtime.programs(), runtime.maps()]).toEqual([[], []]);
  });
});

describe('names', () => {
  it('sections, types, errors', () => {
    const bpf = library();
    const types = { prog_type: 0, expected_attach_type: 0 };
    expect(bpf.libbpf_prog_type_by_name('cgroup/connect4', types)).toBe(0);
    expect(types).toEqual({ prog_type: 3, expected_attach_type: 3 });
    expect(bpf.libbpf_prog_type_by_name('nonsense', types)).toBe(-22);
    const out = { value: 0 };
    expect([bpf.libbpf_attach_type_by_name('bind', out), out.value]).toEqual([0, 2]);
    expect([1, 999].map(bpf.libbpf_bpf_prog_type_str)).toEqual(['xdp', 'sample']);
    expect([13, 999].map(bpf.libbpf_bpf_map_type_str)).toEqual(['ringbuf', null]);
    expect(bpf.libbpf_strerror(-2)).toBe('No such file or directory');
    expect(bpf.libbpf_num_possible_cpus()).toBe(4);
  });

  it('ids in order', () => {
    const bpf = library();
    const first = bpf.bpf_map_create(1, 'a', 4, 4, 1);
    bpf.bpf_map_create(1, 'b', 4, 4, 1);
    const id = { value: 0 };
    const ids = [1, 2, 3].map(() => [bpf.bpf_map_get_next_id(id.value, id), id.value]);
    expect(ids).toEqual([
      [0, 2],
      [0, 3],
      [-2, 3],
    ]);
    expect(bpf.bpf_prog_get_next_id(0, id)).toBe(-2);
    expect(bpf.ebpf_duplicate_fd(first)).toBeGreaterThan(first);
  });
});

describe('ring and perf buffers', () => {
  it('poll, consume, stop at a negative result, iterate', async () => {
    const runtime = testRuntime();
    const bpf = library(runtime);
    const fd = bpf.bpf_map_create(13, 'events', 0, 0, 4096);
    const map = runtime.maps()[0] as unknown as { write(bytes: Uint8Array): void };
    const seen: number[] = [];
    const ring = bpf.ring_buffer__new(fd, (record) => {
      seen.push(record[0]!);
      return record[0] === 3 ? -5 : 0;
    })!;
    expect(bpf.ring_buffer__new(bpf.bpf_map_create(1, 'h', 4, 4, 1), () => 0)).toBeNull();
    expect(await bpf.ring_buffer__poll(ring, 0)).toBe(0);
    expect(await bpf.ring_buffer__poll(ring, 5)).toBe(0);
    for (const value of [1, 2, 3, 4]) map.write(Uint8Array.of(value));
    expect(bpf.ring_buffer__consume(ring)).toBe(-5);
    expect(bpf.ring_buffer__consume(ring)).toBe(1);
    setTimeout(() => map.write(Uint8Array.of(7)), 2);
    expect(await bpf.ring_buffer__poll(ring, -1)).toBe(1);
    expect(seen).toEqual([1, 2, 3, 4, 7]);
    const abort = new AbortController();
    setTimeout(() => map.write(Uint8Array.of(8)), 2);
    for await (const record of ring.records(abort.signal)) {
      seen.push(record[0]!);
      abort.abort();
    }
    expect(seen.at(-1)).toBe(8);
    bpf.ring_buffer__free(ring);
  });

  it('perf buffers report CPU and losses', () => {
    const runtime = testRuntime();
    const bpf = library(runtime);
    const fd = bpf.bpf_map_create(14, 'perf', 0, 0, 64);
    const map = runtime.maps()[0] as unknown as { output(context: undefined, flags: bigint, data: number, size: number): number };
    const data = runtime.memory.allocate(16, 'other', 'x');
    const lost: [number, number][] = [];
    const records: number[] = [];
    const buffer = bpf.perf_buffer__new(
      fd,
      1,
      (cpu) => records.push(cpu),
      (cpu, count) => lost.push([cpu, count]),
    )!;
    for (let index = 0; index < 5; index++) map.output(undefined, 0xffff_ffffn, data, 8);
    expect(bpf.perf_buffer__buffer_cnt(buffer)).toBe(4);
    expect(bpf.perf_buffer__consume(buffer)).toBe(3);
    expect(lost).toEqual([[0, 2]]);
    expect(bpf.perf_buffer__consume_buffer(buffer, 9)).toBe(-22);
    expect(records).toEqual([0, 0, 0]);
    bpf.perf_buffer__free(buffer);
  });
});

describe('bpf(2)', () => {
  it('does by number what the functions do by name', async () => {
    const bpf = library();
    const fd = await bpf.bpf(BPF_COMMANDS.MAP_CREATE, { map_type: 1, map_name: 'flows', key_size: 4, value_size: 4, max_entries: 10 });
    expect(fd).toBeGreaterThan(0);
    const value = new Uint8Array(4);
    const next_key = new Uint8Array(4);
    const rows: readonly [string, number, BpfAttributes, number][] = [
      ['update', BPF_COMMANDS.MAP_UPDATE_ELEM, { map_fd: fd, key: u32(1), value: u32(10) }, 0],
      ['insert again', BPF_COMMANDS.MAP_UPDATE_ELEM, { map_fd: fd, key: u32(1), value: u32(10), flags: 1 }, -17],
      ['lookup', BPF_COMMANDS.MAP_LOOKUP_ELEM, { map_fd: fd, key: u32(1), value }, 0],
      ['next', BPF_COMMANDS.MAP_GET_NEXT_KEY, { map_fd: fd, next_key }, 0],
      ['next of last', BPF_COMMANDS.MAP_GET_NEXT_KEY, { map_fd: fd, key: u32(1), next_key }, -2],
      ['lookup and delete', BPF_COMMANDS.MAP_LOOKUP_AND_DELETE_ELEM, { map_fd: fd, key: u32(1), value }, 0],
      ['delete missing', BPF_COMMANDS.MAP_DELETE_ELEM, { map_fd: fd, key: u32(1) }, -2],
      ['pin', BPF_COMMANDS.OBJ_PIN, { bpf_fd: fd, pathname: 'flows' }, 0],
      ['no descriptor', BPF_COMMANDS.MAP_LOOKUP_ELEM, { key: u32(1), value }, -9],
      ['no such pin', BPF_COMMANDS.OBJ_GET, { pathname: 'nowhere' }, -2],
      ['no instructions', BPF_COMMANDS.PROG_LOAD, { prog_type: 1 }, -22],
      ['no such link', BPF_COMMANDS.LINK_DETACH, { link_fd: 99 }, -9],
      ['no such command', 18, {}, -22],
    ];
    for (const [name, command, attributes, result] of rows) expect(await bpf.bpf(command, attributes), name).toBe(result);
    expect([toU32(value), toU32(next_key)]).toEqual([10, 1]);
    expect(await bpf.bpf(BPF_COMMANDS.OBJ_GET, { pathname: 'flows' })).toBeGreaterThan(fd);
    const ids: BpfAttributes = {};
    expect(await bpf.bpf(BPF_COMMANDS.MAP_GET_NEXT_ID, ids)).toBe(0);
    const info: BpfAttributes = { bpf_fd: await bpf.bpf(BPF_COMMANDS.MAP_GET_FD_BY_ID, { map_id: ids.next_id! }) };
    expect(await bpf.bpf(BPF_COMMANDS.OBJ_GET_INFO_BY_FD, info)).toBe(0);
    expect(info.info).toMatchObject({ kind: 'map', name: 'flows', id: ids.next_id });
  });

  it('loads, attaches, runs and detaches programs', async () => {
    const bpf = library();
    const insns = encode(
      [{ kind: 'binary', operator: 'mov', width: 64, dst: 0, source: { kind: 'immediate', value: 1 } }, { kind: 'exit' }],
      'little',
    );
    const type: TypesOut = { prog_type: 0, expected_attach_type: 0 };
    expect(bpf.libbpf_prog_type_by_name('cgroup/connect4', type)).toBe(0);
    const prog_fd = await bpf.bpf(BPF_COMMANDS.PROG_LOAD, { prog_type: type.prog_type, prog_name: 'one', license: 'MIT', insns });
    expect(prog_fd).toBeGreaterThan(0);
    const run: BpfAttributes = { prog_fd, ctx_in: new Uint8Array(64) };
    expect(await bpf.bpf(BPF_COMMANDS.PROG_TEST_RUN, run)).toBe(0);
    expect(run.retval).toBe(1);
    const hook = { attach_bpf_fd: prog_fd, attach_type: type.expected_attach_type };
    expect(await bpf.bpf(BPF_COMMANDS.PROG_ATTACH, hook)).toBe(0);
    const link: BpfAttributes = {};
    expect(await bpf.bpf(BPF_COMMANDS.LINK_GET_NEXT_ID, link)).toBe(0);
    expect(await bpf.bpf(BPF_COMMANDS.LINK_GET_FD_BY_ID, { link_id: link.next_id! })).toBeGreaterThan(prog_fd);
    expect(await bpf.bpf(BPF_COMMANDS.PROG_DETACH, hook)).toBe(0);
    expect(await bpf.bpf(BPF_COMMANDS.PROG_DETACH, hook)).toBe(-2);
    const map_fd = bpf.bpf_map_create(2, 'm', 4, 4, 1);
    expect(await bpf.bpf(BPF_COMMANDS.PROG_BIND_MAP, { prog_fd, map_fd })).toBe(0);
  });
});

describe('deprecated calls', () => {
  it('do what replaced them does', async () => {
    const bpf = library();
    const fd = bpf.bpf_create_map_xattr({ map_type: 2, name: 'm', key_size: 4, value_size: 8, max_entries: 3 });
    expect(bpf.bpf_obj_get_info_by_fd(fd)).toMatchObject({ kind: 'map', name: 'm', max_entries: 3 });
    const out: { object: BpfObject | null; prog_fd: number } = { object: null, prog_fd: -1 };
    expect(await bpf.bpf_prog_load_deprecated('droppacket.o', 0, out)).toBe(0);
    expect(bpf.bpf_obj_get_info_by_fd(out.prog_fd)).toMatchObject({ kind: 'program', name: 'DropPacket' });
    expect(await bpf.bpf_object__load_xattr({ obj: out.object! })).toBe(-22);
    expect(await bpf.bpf_prog_load_deprecated('droppacket.o', 99, out)).toBe(-22);
    const exit = encode([{ kind: 'exit' }], 'little');
    expect(await bpf.bpf_load_program(1, exit, 'MIT')).toBeGreaterThan(0);
    expect(await bpf.bpf_load_program(1, exit.slice(1), 'MIT')).toBe(-22);
    expect(await bpf.bpf_load_program_xattr({ prog_type: 99, insns: exit, license: 'MIT' }, null)).toBe(-22);
  });
});
