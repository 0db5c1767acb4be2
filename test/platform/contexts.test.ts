import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { type ContextAccess, judgeContextAccess } from '../../src/platform/context-access.ts';
import { linux } from '../../src/platform/linux/linux.ts';
import type { ContextLayout, Platform } from '../../src/platform/platform.ts';
import { windows } from '../../src/platform/windows/windows.ts';

function contextOf(platform: Platform, type: string): ContextLayout {
  const found = platform.programTypes.find(({ name }) => name === type);
  if (!found) throw new Error(`no type ${type}`);
  return found.context;
}

const layouts = [windows, linux].flatMap((platform) => [
  ...platform.programTypes.map(({ name, context }) => [`${platform.name} ${name}`, context] as const),
  ...[...(platform.structs ?? [])].map(([name, layout]) => [`${platform.name} struct ${name}`, layout] as const),
]);

describe('context layouts', () => {
  it.each(layouts)('%s: fields stay inside, apart and aligned', (_, layout) => {
    let end = 0;
    for (const row of layout.fields) {
      expect(row.offset, row.name).toBeGreaterThanOrEqual(end);
      expect(row.size % (row.element ?? 1) === 0 || row.element === 8, row.name).toBe(true);
      if (row.element === undefined) expect(row.offset % row.size, row.name).toBe(0);
      end = row.offset + row.size;
    }
    expect(end).toBeLessThanOrEqual(layout.size);
    expect(new Set(layout.fields.map(({ name }) => name)).size).toBe(layout.fields.length);
  });

  it.each(layouts)('%s: a packet comes with its end', (_, layout) => {
    const kinds = layout.fields.map(({ kind }) => kind);
    expect(kinds.filter((kind) => kind === 'packet').length).toBe(kinds.filter((kind) => kind === 'packet_end').length);
    if (kinds.includes('packet_meta')) expect(kinds).toContain('packet');
  });
});

const compiler = process.env['CC'] ?? 'clang';
const clang = spawnSync(compiler, ['--version']).status === 0 && existsSync('/usr/include/linux/bpf.h');
if (!clang) console.warn('SKIPPED: comparison of context layouts with linux/bpf.h (clang or the header is absent)');

describe.skipIf(!clang)('linux/bpf.h, as clang lays it out', () => {
  const types =
    'socket_filter sched_cls xdp cgroup_sock_addr sock_ops sk_msg sk_reuseport sk_lookup cgroup_sockopt cgroup_device cgroup_sysctl cgroup_sock';
  /** Newer than the oldest header in use. */
  const recent = ['skb_hwtstamp'];
  const structs = [...types.split(' ').map((type) => contextOf(linux, type)), ...['bpf_tcp_sock'].map((name) => linux.structs?.get(name))];

  it.each(structs.map((layout) => [layout?.name ?? 'missing', layout] as const))('%s has the fields at the same offsets', (name, layout) => {
    const fields = layout?.fields.filter((row) => !recent.includes(row.name)) ?? [];
    expect(fields.length).toBeGreaterThan(1);
    const member = (row: { readonly name: string; readonly offset: number }) =>
      name === 'bpf_sock_ops' && row.name === 'args' ? 'args[1]' : row.name;
    const checks = fields.map((row) => `_Static_assert(__builtin_offsetof(struct ${name}, ${member(row)}) == ${row.offset}, "${row.name}");`);
    const source = `#include <linux/bpf.h>\n${checks.join('\n')}\n`;
    const result = spawnSync(compiler, ['-target', 'x86_64-linux-gnu', '-fsyntax-only', '-x', 'c', '-'], { input: source, encoding: 'utf8' });
    expect(result.stderr).toBe('');
    expect(result.status).toBe(0);
  });
});

describe('judgeContextAccess', () => {
  const at = (offset: number, size: number, write = false, attachType?: string): ContextAccess => ({
    offset,
    size,
    write,
    ...(attachType && { attachType }),
  });
  const cases: readonly (readonly [platform: Platform, type: string, access: ContextAccess, want: string])[] = [
    [linux, 'xdp', at(0, 4), 'data'],
    [linux, 'xdp', at(0, 8), 'width'],
    [linux, 'xdp', at(4, 2), 'width'],
    [linux, 'xdp', at(12, 4), 'ingress_ifindex'],
    [linux, 'xdp', at(12, 2), 'width'],
    [linux, 'xdp', at(24, 4), 'outside'],
    [linux, 'xdp', at(-4, 4), 'outside'],
    [linux, 'xdp', at(0, 4, true), 'pointer'],
    [linux, 'xdp', at(12, 4, true), 'read_only'],
    [linux, 'xdp', at(20, 4, false, 'xdp'), 'field'],
    [linux, 'xdp', at(20, 4, false, 'xdp_devmap'), 'egress_ifindex'],
    [linux, 'socket_filter', at(76, 4), 'field'],
    [linux, 'socket_filter', at(2, 1), 'len'],
    [linux, 'socket_filter', at(3, 2), 'alignment'],
    [linux, 'socket_filter', at(48, 8, true), 'cb'],
    [linux, 'socket_filter', at(49, 1, true), 'cb'],
    [linux, 'socket_filter', at(64, 8), 'width'],
    [linux, 'socket_filter', at(8, 4, true), 'read_only'],
    [linux, 'sched_cls', at(8, 4, true), 'mark'],
    [linux, 'sched_cls', at(8, 2, true), 'width'],
    [linux, 'sched_cls', at(140, 4), 'data_meta'],
    [linux, 'sched_cls', at(88, 4), 'field'],
    [linux, 'sched_cls', at(180, 1), 'tstamp_type'],
    [linux, 'sched_cls', at(182, 1), 'field'],
    [linux, 'sk_skb', at(88, 4), 'family'],
    [linux, 'sk_skb', at(8, 4), 'field'],
    [linux, 'flow_dissector', at(144, 8), 'flow_keys'],
    [linux, 'flow_dissector', at(0, 4), 'field'],
    [linux, 'cgroup_sock_addr', at(8, 8, true, 'cgroup_inet6_bind'), 'user_ip6'],
    [linux, 'cgroup_sock_addr', at(12, 4, true, 'cgroup_inet6_bind'), 'user_ip6'],
    [linux, 'cgroup_sock_addr', at(12, 2, true, 'cgroup_inet6_bind'), 'width'],
    [linux, 'cgroup_sock_addr', at(4, 4, false, 'cgroup_inet6_bind'), 'field'],
    [linux, 'cgroup_sock', at(16, 4, true, 'cgroup_inet_sock_create'), 'mark'],
    [linux, 'cgroup_sock', at(16, 4, false, 'cgroup_inet4_post_bind'), 'field'],
    [linux, 'cgroup_sock', at(4, 1), 'family'],
    [linux, 'cgroup_sock', at(5, 1), 'width'],
    [linux, 'cgroup_sock', at(46, 2, false, 'cgroup_inet4_post_bind'), 'width'],
    [linux, 'cgroup_sock', at(26, 2, false, 'cgroup_inet4_post_bind'), 'src_ip4'],
    [linux, 'sock_ops', at(212, 1), 'skb_tcp_flags'],
    [linux, 'sock_ops', at(213, 1), 'width'],
    [linux, 'sk_reuseport', at(20, 2), 'eth_protocol'],
    [linux, 'sk_reuseport', at(20, 1), 'width'],
    [linux, 'sk_reuseport', at(25, 1), 'ip_protocol'],
    [linux, 'syscall', at(8, 8, true), 'number'],
    [linux, 'syscall', at(9, 1, true), 'number'],
    [linux, 'syscall', at(9, 8), 'alignment'],
    [linux, 'cgroup_sockopt', at(24, 4, true, 'cgroup_getsockopt'), 'read_only'],
    [linux, 'cgroup_sockopt', at(24, 4, true, 'cgroup_setsockopt'), 'level'],
    [linux, 'kprobe', at(112, 8), 'di'],
    [linux, 'kprobe', at(112, 4), 'di'],
    [linux, 'kprobe', at(168, 8), 'outside'],
    [linux, 'kprobe', at(112, 8, true), 'read_only'],
    [linux, 'tracepoint', at(0, 8), 'field'],
    [linux, 'tracepoint', at(8, 8), 'number'],
    [linux, 'tracepoint', at(16, 8, true), 'read_only'],
    [linux, 'perf_event', at(168, 8), 'sample_period'],
    [linux, 'perf_event', at(0, 4), 'width'],
    [linux, 'raw_tracepoint', at(88, 8), 'number'],
    [linux, 'raw_tracepoint', at(96, 8), 'outside'],
    [windows, 'xdp', at(0, 8), 'data'],
    [windows, 'xdp', at(0, 4), 'width'],
    [windows, 'xdp', at(4, 8), 'width'],
    [windows, 'xdp', at(8, 8, true), 'pointer'],
    [windows, 'bind', at(17, 4), 'number'],
    [windows, 'bind', at(16, 8, true), 'number'],
    [windows, 'bind', at(56, 1), 'outside'],
    [windows, 'sock_addr', at(24, 4, true), 'number'],
  ];

  it.each(cases)('%#: $1 %j', (platform, type, access, want) => {
    const verdict = judgeContextAccess(contextOf(platform, type), access);
    expect(verdict.allowed ? (verdict.field?.name ?? 'number') : verdict.reason).toBe(want);
  });
});
