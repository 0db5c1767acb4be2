import { describe, expect, it } from 'vitest';
import { linux } from '../../src/platform/linux/linux.ts';
import { isImplemented } from '../../src/runtime/helpers/table.ts';
import { bench } from './helper-fixture.ts';
import { outcome, toU32, u32 } from './map-fixture.ts';

type Bench = ReturnType<typeof bench>;

const words = (...values: number[]) => Uint8Array.from(values.flatMap((value) => [...u32(value)]));

describe('which helpers work', () => {
  it('all but those that act on a kernel', () => {
    const helpers = [...linux.helpers.values()].map(({ name }) => name).filter((name) => !isImplemented(linux, name));
    expect(helpers).toEqual([
      'bpf_probe_write_user',
      'bpf_lwt_push_encap',
      'bpf_lwt_seg6_store_bytes',
      'bpf_lwt_seg6_adjust_srh',
      'bpf_lwt_seg6_action',
      'bpf_rc_repeat',
      'bpf_rc_keydown',
      'bpf_rc_pointer_rel',
      'bpf_tcp_check_syncookie',
      'bpf_send_signal',
      'bpf_tcp_gen_syncookie',
      'bpf_tcp_send_ack',
      'bpf_send_signal_thread',
      'bpf_d_path',
      'bpf_snprintf_btf',
      'bpf_seq_printf_btf',
      'bpf_bprm_opts_set',
      'bpf_ima_inode_hash',
      'bpf_sock_from_file',
      'bpf_sys_bpf',
      'bpf_btf_find_by_name_kind',
      'bpf_sys_close',
      'bpf_ima_file_hash',
    ]);
  });
});

/** One row per rule: what a call gives after what was prepared. */
const rows: readonly [what: string, type: string, expected: unknown, run: (b: Bench) => unknown][] = [
  // Sockets
  [
    'a full socket is its own',
    'cgroup_skb',
    true,
    ({ call, environment }) => call('bpf_sk_fullsock', environment.kernel.standIn('bpf_sock')) === environment.kernel.standIn('bpf_sock'),
  ],
  [
    'no socket is found',
    'xdp',
    [0, 0, 0],
    ({ call }) => ['bpf_sk_lookup_tcp', 'bpf_sk_lookup_udp', 'bpf_skc_lookup_tcp'].map((name) => call(name, 0, 0, 12, 0, 0)),
  ],
  [
    'bpf_tcp_sock wants TCP',
    'cgroup_skb',
    [false, true],
    ({ call, environment, memory }) =>
      [17, 6].map((protocol) => {
        memory.view.setUint32(environment.kernel.standIn('bpf_sock') + 12, protocol, true);
        return call('bpf_tcp_sock', environment.kernel.standIn('bpf_sock')) !== 0;
      }),
  ],
  ['bpf_sk_assign checks its flags', 'sched_cls', [0, -22], ({ call }) => [call('bpf_sk_assign', 0, 0, 0), call('bpf_sk_assign', 0, 0, 4)]],
  [
    'socket options are remembered',
    'sock_ops',
    [0, 0, 1234, 0, 0, -22, -22],
    ({ call, place, memory }) => {
      const value = place(u32(1234));
      const out = place(u32(9));
      const result = [call('bpf_setsockopt', 0, 6, 13, value, 4), call('bpf_getsockopt', 0, 6, 13, out, 4), memory.view.getUint32(out, true)];
      result.push(call('bpf_getsockopt', 0, 6, 14, out, 4), memory.view.getUint32(out, true));
      result.push(call('bpf_setsockopt', 0, 99, 1, value, 4), call('bpf_getsockopt', 0, 1, 1, out, -1));
      return result;
    },
  ],
  [
    'bpf_bind checks the address',
    'cgroup_sock_addr',
    [0, -22, -22, -97],
    ({ call, place }) => [
      call('bpf_bind', 0, place(Uint8Array.of(2, 0)), 16),
      call('bpf_bind', 0, place(Uint8Array.of(2, 0)), 8),
      call('bpf_bind', 0, place(u32(0)), 1),
      call('bpf_bind', 0, place(u32(7)), 16),
    ],
  ],
  [
    'header options are for their callbacks',
    'sock_ops',
    [-1, -1, -2, -22],
    ({ call }) => [
      call('bpf_reserve_hdr_opt', 0, 4, 0),
      call('bpf_store_hdr_opt', 0, 0, 4, 0),
      call('bpf_load_hdr_opt', 0, 0, 4, 0),
      call('bpf_load_hdr_opt', 0, 0, 4, 2),
    ],
  ],
  // Redirections through maps
  [
    'bpf_msg_redirect_map',
    'sk_msg',
    [0, 1, { map: 'm', target: 2 }, 0],
    ({ call, use, environment }) => {
      const map = use('sockmap', 4, 8, 4);
      const before = call('bpf_msg_redirect_map', 0, map.handle, 2, 0);
      map.update(u32(2), words(7, 0));
      return [before, call('bpf_msg_redirect_map', 0, map.handle, 2, 1), environment.run.redirect, call('bpf_msg_redirect_map', 0, map.handle, 2, 2)];
    },
  ],
  [
    'bpf_sock_hash_update and bpf_sk_redirect_hash',
    'sock_ops',
    [0, -17, -22, 1],
    ({ call, use, place }) => {
      const map = use('sockhash', 4, 4, 4);
      const key = place(u32(5));
      return [
        call('bpf_sock_hash_update', 0, map.handle, key, 0),
        call('bpf_sock_hash_update', 0, map.handle, key, 1),
        call('bpf_sock_hash_update', 0, map.handle, key, 3),
        map.programLookup(key) === 0 ? 0 : 1,
      ];
    },
  ],
  [
    'bpf_sk_select_reuseport',
    'sk_reuseport',
    [-2, 0, -22],
    ({ call, use, place }) => {
      const map = use('reuseport_sockarray', 4, 8, 4);
      const key = place(u32(1));
      const before = call('bpf_sk_select_reuseport', 0, map.handle, key, 0);
      map.update(u32(1), words(3, 0));
      return [before, call('bpf_sk_select_reuseport', 0, map.handle, key, 0), call('bpf_sk_select_reuseport', 0, map.handle, key, 1)];
    },
  ],
  [
    'bpf_redirect_map: empty slots fall back, devices broadcast, unknown flags abort',
    'xdp',
    [2, 4, 4, 0, 0],
    ({ call, use }) => {
      const map = use('devmap', 4, 4, 4);
      map.update(u32(1), u32(9));
      return [
        [0, 2],
        [1, 2],
        [0, 8],
        [1, 32],
        [1, 2 ** 32],
      ].map(([key, flags]) => call('bpf_redirect_map', map.handle, key!, flags!));
    },
  ],
  [
    'bpf_redirect_map: processors do not broadcast',
    'xdp',
    [0, 4],
    ({ call, use }) => {
      const map = use('cpumap', 4, 4, 4);
      map.update(u32(1), u32(192));
      return [call('bpf_redirect_map', map.handle, 1, 8), call('bpf_redirect_map', map.handle, 1, 0)];
    },
  ],
  // Cgroups
  [
    'the only cgroup is the root',
    'cgroup_skb',
    [1n, 1n, 0n, 1n],
    ({ call }) => [
      call('bpf_sk_cgroup_id', 0),
      call('bpf_sk_ancestor_cgroup_id', 0, 0),
      call('bpf_sk_ancestor_cgroup_id', 0, 1),
      call('bpf_skb_cgroup_id', 0),
    ],
  ],
  [
    'bpf_current_task_under_cgroup',
    'kprobe',
    [-7, -11, 1, 0],
    ({ call, use }) => {
      const map = use('cgroup_array', 4, 4, 4);
      map.update(u32(1), u32(1));
      map.update(u32(2), u32(2));
      return [9, 0, 1, 2].map((index) => call('bpf_current_task_under_cgroup', map.handle, index));
    },
  ],
  // Storage
  [
    'storage is made when first asked for',
    'tracing',
    [0, true, 5, true, 0, 0, -2],
    ({ call, use, place, memory }) => {
      const map = use('task_storage', 4, 8, 0, { flags: 1 });
      const first = place(words(5, 0));
      const absent = call('bpf_task_storage_get', map.handle, 0x1_2340, 0, 0);
      const made = Number(call('bpf_task_storage_get', map.handle, 0x1_2340, first, 1));
      const again = call('bpf_task_storage_get', map.handle, 0x1_2340, 0, 1) === made;
      return [
        absent,
        made !== 0,
        memory.view.getUint32(made, true),
        again,
        call('bpf_task_storage_get', map.handle, 0, 0, 1),
        call('bpf_task_storage_delete', map.handle, 0x1_2340),
        call('bpf_task_storage_delete', map.handle, 0x1_2340),
      ];
    },
  ],
  // Perf events
  [
    'counters are not there',
    'kprobe',
    [-2, -7, -22],
    ({ call, use }) => [0, 9, 2 ** 33].map((flags) => call('bpf_perf_event_read', use('perf_event_array', 4, 4, 4).handle, flags)),
  ],
  [
    'values of counters are cleared',
    'kprobe',
    [-2, 0, -22],
    ({ call, use, place, memory }) => {
      const out = place(new Uint8Array(24).fill(9));
      const { handle } = use('perf_event_array', 4, 4, 4);
      return [call('bpf_perf_event_read_value', handle, 0, out, 24), memory.bytes[out + 23], call('bpf_perf_event_read_value', handle, 0, out, 16)];
    },
  ],
  [
    'bpf_skb_output appends packet bytes',
    'tracing',
    [0, [1, 2, 7, 8]],
    ({ call, use, place, environment, memory }) => {
      const map = use('perf_event_array', 4, 4, 4);
      const start = place(Uint8Array.of(7, 8, 9));
      environment.run.packet = { bufferStart: start, bufferEnd: start + 3, start, end: start + 3 };
      const code = call('bpf_skb_output', 0, map.handle, (2n << 32n) | 0xffff_ffffn, place(Uint8Array.of(1, 2)), 2);
      expect(memory.bytes[start]).toBe(7);
      return [code, [...[...map.entries()][0]!.value]];
    },
  ],
  // The process
  [
    'bpf_get_ns_current_pid_tgid',
    'kprobe',
    [0, 4243, 4242, -22],
    ({ call, place, memory }) => {
      const out = place(new Uint8Array(8));
      return [
        call('bpf_get_ns_current_pid_tgid', 4, 5, out, 8),
        memory.view.getUint32(out, true),
        memory.view.getUint32(out + 4, true),
        call('bpf_get_ns_current_pid_tgid', 4, 5, out, 4),
      ];
    },
  ],
  [
    'bpf_kallsyms_lookup_name',
    'syscall',
    [-2, -22, -22],
    ({ call, place, text }) =>
      [
        [5, 0],
        [5, 1],
        [1, 0],
      ].map(([size, flags]) => call('bpf_kallsyms_lookup_name', text('name'), size!, flags!, place(new Uint8Array(8)))),
  ],
  [
    'bpf_seq_write and bpf_seq_printf',
    'tracing',
    [0, 0, 'ab7\n'],
    ({ call, text, place, environment }) => [
      call('bpf_seq_write', 0, text('ab'), 2),
      call('bpf_seq_printf', 0, text('%d\n'), 4, place(words(7, 0)), 8),
      environment.run.notes.output,
    ],
  ],
  [
    'bpf_get_func_arg',
    'tracing',
    [0, 5n, -22],
    ({ call, place, memory }) => {
      const context = place(new Uint8Array(96));
      memory.view.setBigUint64(context + 8, 5n, true);
      const out = place(new Uint8Array(8));
      return [call('bpf_get_func_arg', context, 1, out), memory.view.getBigUint64(out, true), call('bpf_get_func_arg', context, 12, out)];
    },
  ],
  // Strings
  [
    'bpf_strncmp',
    'kprobe',
    [0, -1, 1, 0],
    ({ call, text }) =>
      [
        ['abc', 3, 'abc'],
        ['abb', 3, 'abc'],
        ['abd', 3, 'abc'],
        ['abcX', 3, 'abcY'],
      ].map(([a, size, b]) => call('bpf_strncmp', text(String(a)), Number(size), text(String(b)))),
  ],
  [
    'bpf_copy_from_user_str',
    'kprobe',
    [4, 'abc\0\0\0', 3, 'ab\0', -14, -22],
    ({ call, text, place, memory }) => {
      const out = place(new Uint8Array(6).fill(9));
      const read = (size: number) => String.fromCharCode(...memory.read(out, size));
      const padded = [call('bpf_copy_from_user_str', out, 6, text('abc'), 1), read(6)];
      const cut = [call('bpf_copy_from_user_str', out, 3, text('abc'), 0), read(3)];
      return [...padded, ...cut, call('bpf_copy_from_user_str', out, 3, 8, 0), call('bpf_copy_from_user_str', out, 3, text('abc'), 2)];
    },
  ],
  // CPU masks, on a machine of four processors
  [
    'CPU masks',
    'tracing',
    [4, 0, 0, 1, 1, 2, 3, 1, 0, 1, 4, 0],
    ({ call }) => {
      const mask = Number(call('bpf_cpumask_create'));
      const other = Number(call('bpf_cpumask_create'));
      const result = [
        call('bpf_cpumask_first', mask),
        call('bpf_cpumask_first_zero', mask),
        call('bpf_cpumask_test_and_set_cpu', 1, mask),
        call('bpf_cpumask_test_and_set_cpu', 1, mask),
      ];
      call('bpf_cpumask_set_cpu', 3, mask);
      call('bpf_cpumask_set_cpu', 9, mask);
      result.push(call('bpf_cpumask_first', mask), call('bpf_cpumask_weight', mask));
      call('bpf_cpumask_setall', other);
      call('bpf_cpumask_clear_cpu', 1, other);
      result.push(
        call('bpf_cpumask_first_and', mask, other),
        call('bpf_cpumask_intersects', mask, other),
        call('bpf_cpumask_subset', mask, other),
        call('bpf_cpumask_and', mask, mask, other),
      );
      call('bpf_cpumask_or', mask, mask, other);
      call('bpf_cpumask_set_cpu', 1, mask);
      result.push(call('bpf_cpumask_weight', mask), call('bpf_cpumask_empty', mask));
      return result;
    },
  ],
  [
    'CPU masks from memory',
    'tracing',
    [-13, 0, 2, 1],
    ({ call, place }) => {
      const mask = Number(call('bpf_cpumask_create'));
      const source = place(Uint8Array.of(0xfc, 0xff, 0, 0, 0, 0, 0, 0));
      return [
        call('bpf_cpumask_populate', mask, source, 4),
        call('bpf_cpumask_populate', mask, source, 8),
        call('bpf_cpumask_first', mask),
        call('bpf_cpumask_full', mask) === 0 ? 1 : 0,
      ];
    },
  ],
  [
    'references keep objects',
    'tracing',
    [true, true],
    ({ call, memory }) => {
      const { used } = memory;
      const mask = Number(call('bpf_cpumask_create'));
      call('bpf_cpumask_acquire', mask);
      call('bpf_cpumask_release', mask);
      const held = memory.used > used;
      call('bpf_cpumask_release', mask);
      return [held, memory.used === used];
    },
  ],
  [
    'bpf_kptr_xchg',
    'sched_cls',
    [0n, 77n],
    ({ call, place }) => {
      const place8 = place(new Uint8Array(8));
      return [call('bpf_kptr_xchg', place8, 77), call('bpf_kptr_xchg', place8, 0)];
    },
  ],
  // Cookies of connections
  [
    'raw SYN cookies agree with themselves alone',
    'xdp',
    [0, -13, 1460n, -22],
    ({ call, place, memory }) => {
      const ip = place(Uint8Array.of(0x45, 0, 0, 44, 0, 0, 0, 0, 64, 6, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2));
      const syn = place(Uint8Array.of(4, 210, 0, 80, 0, 0, 0, 9, 0, 0, 0, 0, 0x60, 2, 0, 0, 0, 0, 0, 0, 2, 4, 5, 0xb4));
      const cookie = call('bpf_tcp_raw_gen_syncookie_ipv4', ip, syn, 24) as bigint;
      const acknowledgement = place(new Uint8Array(20));
      memory.write(acknowledgement, Uint8Array.of(4, 210, 0, 80, 0, 0, 0, 10));
      memory.view.setUint32(acknowledgement + 8, (Number(cookie & 0xffff_ffffn) + 1) >>> 0, false);
      const right = call('bpf_tcp_raw_check_syncookie_ipv4', ip, acknowledgement);
      memory.view.setUint32(acknowledgement + 8, (Number(cookie & 0xffff_ffffn) + 9) >>> 0, false);
      return [
        right,
        call('bpf_tcp_raw_check_syncookie_ipv4', ip, acknowledgement),
        cookie >> 32n,
        Number(call('bpf_tcp_raw_gen_syncookie_ipv4', ip, syn, 20)),
      ];
    },
  ],
];

describe('helpers one by one', () => {
  it.each(rows)('%s', (_what, type, expected, run) => expect(run(bench('linux', type))).toEqual(expected));
});

describe('maps of references', () => {
  /** What the system calls of Linux 6.18 answer: empty lookup, delete, update, update with NOEXIST and EXIST, delete, delete outside, update outside. */
  const maps: readonly [type: string, valueSize: number, answers: readonly (string | number | boolean | undefined)[]][] = [
    ['devmap', 4, [undefined, true, 'ok', 'EBPF_OBJECT_ALREADY_EXISTS/17', 'ok', 1, true, 'EBPF_INVALID_ARGUMENT/22', 'EBPF_OUT_OF_SPACE/7']],
    ['cpumap', 4, [undefined, true, 'ok', 'EBPF_OBJECT_ALREADY_EXISTS/17', 'ok', 1, true, 'EBPF_INVALID_ARGUMENT/22', 'EBPF_OUT_OF_SPACE/7']],
    [
      'sockmap',
      8,
      [
        undefined,
        'EBPF_INVALID_ARGUMENT/22',
        'ok',
        'EBPF_OBJECT_ALREADY_EXISTS/17',
        'ok',
        1,
        true,
        'EBPF_INVALID_ARGUMENT/22',
        'EBPF_OUT_OF_SPACE/7',
      ],
    ],
    // bpf_fd_array_map_update_elem takes no flags.
    [
      'cgroup_array',
      4,
      [undefined, false, 'ok', 'EBPF_INVALID_ARGUMENT/22', 'EBPF_INVALID_ARGUMENT/22', 1, true, 'EBPF_OUT_OF_SPACE/7', 'EBPF_OUT_OF_SPACE/7'],
    ],
    [
      'reuseport_sockarray',
      8,
      [undefined, false, 'ok', 'EBPF_OBJECT_ALREADY_EXISTS/17', 'ok', 1, true, 'EBPF_OUT_OF_SPACE/7', 'EBPF_OUT_OF_SPACE/7'],
    ],
  ];
  it.each(maps)('%s', (type, valueSize, answers) => {
    const { use } = bench('linux', 'xdp');
    const map = use(type, 4, valueSize, 4);
    const value = words(1, 0).subarray(0, valueSize);
    const tried = (run: () => unknown) => {
      let result: unknown;
      const code = outcome(() => {
        result = run();
      });
      return code === 'ok' ? (result ?? 'ok') : code;
    };
    const lookup = () => toU32(map.lookup(u32(1)));
    expect([
      lookup(),
      tried(() => map.delete(u32(1))),
      tried(() => map.update(u32(1), value)),
      tried(() => map.update(u32(1), value, 1)),
      tried(() => map.update(u32(1), value, 2)),
      lookup(),
      tried(() => map.delete(u32(1))),
      tried(() => map.delete(u32(9))),
      tried(() => map.update(u32(9), value)),
    ]).toEqual(answers);
    expect(map.count).toBe(0);
  });
  it('function tables of a kernel are refused', () => {
    const { make } = bench('linux', 'xdp');
    expect(() => make('struct_ops', 4, 8, 1)).toThrow(/function tables of a kernel/);
  });
  it('a processor that is not there, and a queue that is too long', () => {
    const map = bench('linux', 'xdp').use('cpumap', 4, 4, 8);
    expect([outcome(() => map.update(u32(5), u32(8))), outcome(() => map.update(u32(1), u32(20_000)))]).toEqual([
      expect.stringMatching(/\/19$/),
      expect.stringMatching(/\/75$/),
    ]);
  });
  it('values of cgroup storage are there or not; user space only changes them', () => {
    const { use, call } = bench('linux', 'cgroup_skb');
    const map = use('cgroup_storage', 8, 4, 0);
    const key = words(1, 0);
    expect(outcome(() => map.update(key, u32(5)))).toBe('EBPF_OBJECT_NOT_FOUND/2');
    expect(call('bpf_get_local_storage', map.handle, 0)).not.toBe(0);
    map.update(key, u32(5));
    expect(toU32(map.lookup(key))).toBe(5);
    expect([outcome(() => map.update(key, u32(5), 1)), outcome(() => map.delete(key))]).toEqual([
      'EBPF_INVALID_ARGUMENT/22',
      'EBPF_INVALID_ARGUMENT/22',
    ]);
  });
});
