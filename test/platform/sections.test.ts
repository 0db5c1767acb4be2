import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { loadObject } from '../../src/object/load.ts';
import { judgeContextAccess } from '../../src/platform/context-access.ts';
import { findHelper, programTypeByName, programTypeOfSection } from '../../src/platform/find.ts';
import { inferProgramType, inferProgramTypeOfObject, objectEvidence, type ProgramCode } from '../../src/platform/infer.ts';
import { linux } from '../../src/platform/linux/linux.ts';
import type { Platform } from '../../src/platform/platform.ts';
import { windows } from '../../src/platform/windows/windows.ts';
import { corpusPath, reportSkipped } from '../corpus.ts';

describe('inferProgramType', () => {
  const cases: readonly (readonly [platform: Platform, section: string, want: string])[] = [
    [linux, 'xdp', 'xdp xdp section'],
    [linux, 'xdp_prog', 'xdp xdp section'],
    [linux, 'xdp/devmap', 'xdp xdp_devmap section'],
    [linux, 'xdp.frags/cpumap', 'xdp xdp_cpumap section'],
    [linux, '?xdp', 'xdp xdp section'],
    [linux, 'socket1', 'socket_filter - section'],
    [linux, 'kprobe/sys_write', 'kprobe - section'],
    [linux, 'kprobe.multi/x*', 'kprobe trace_kprobe_multi section'],
    [linux, 'kprobes', 'socket_filter - default'],
    [linux, 'tracepoint/a/b', 'tracepoint - section'],
    [linux, 'raw_tracepoint/filler/sys_x', 'raw_tracepoint - section'],
    [linux, 'raw_tracepoint.w/x', 'raw_tracepoint_writable - section'],
    [linux, 'tp_btf/x', 'tracing trace_raw_tp section'],
    [linux, 'fentry.s/x', 'tracing trace_fentry section sleepable'],
    [linux, 'lsm/file_open', 'lsm lsm_mac section'],
    [linux, 'lsm_cgroup/socket_bind', 'lsm lsm_cgroup section'],
    [linux, 'tc', 'sched_cls - section'],
    [linux, 'tc/ingress', 'sched_cls tcx_ingress section'],
    [linux, 'tc_mark', 'sched_cls - section'],
    [linux, 'tcp', 'socket_filter - default'],
    [linux, 'classifier/ingress', 'sched_cls - section'],
    [linux, 'action', 'sched_act - section'],
    [linux, 'cgroup/sock2', 'cgroup_sock cgroup_inet_sock_create section'],
    [linux, 'cgroup/sock_release', 'cgroup_sock cgroup_inet_sock_release section'],
    [linux, 'cgroup/sockops', 'cgroup_sock cgroup_inet_sock_create section'],
    [linux, 'cgroup_skb/egress', 'cgroup_skb cgroup_inet_egress section'],
    [linux, 'sk_skb/stream_verdict', 'sk_skb sk_skb_stream_verdict section'],
    [linux, 'sockops', 'sock_ops cgroup_sock_ops section'],
    [linux, 'syscall', 'syscall - section sleepable'],
    [linux, 'from-container', 'sched_cls - section'],
    [linux, '2/7', 'socket_filter - default'],
    [linux, '.text', 'socket_filter - default'],
    [windows, 'bind', 'bind bind section'],
    [windows, 'bind/1', 'bind bind section'],
    [windows, 'cgroup/connect4', 'sock_addr cgroup/connect4 section'],
    [windows, 'cgroup/connect_authorization6', 'sock_addr cgroup/connect_authorization6 section'],
    [windows, 'sample_ext/0', 'sample sample_ext section'],
    [windows, 'netevent_monitor', 'netevent_monitor netevent_monitor section'],
    [windows, '.text', 'unspec - default'],
    [windows, 'kprobe/x', 'unspec - default'],
  ];

  it.each(cases)('%#: $name of %s', (platform, section, want) => {
    const found = inferProgramType(platform, section);
    const words = [found?.type.name, found?.attachType ?? '-', found?.inferred, ...(found?.sleepable ? ['sleepable'] : [])];
    expect(words.join(' ')).toBe(want);
  });

  it('prefers the longest prefix whatever the order of the table', () => {
    for (const platform of [windows, linux]) {
      const reversed: Platform = { ...platform, sections: [...platform.sections].reverse() };
      for (const { prefix } of platform.sections) {
        expect(programTypeOfSection(reversed, prefix)?.row.prefix).toBe(prefix);
        expect(programTypeOfSection(platform, prefix)?.row.prefix).toBe(prefix);
      }
    }
  });
});

describe('programTypeByName', () => {
  it('takes names and section names', () => {
    expect(programTypeByName(windows, 'XDP')?.name).toBe('xdp');
    expect(programTypeByName(windows, 'cgroup/connect4')?.name).toBe('sock_addr');
    expect(programTypeByName(windows, 'sock')).toBeUndefined();
    expect(programTypeByName(linux, 'classifier')?.name).toBe('sched_cls');
  });
});

describe('inferProgramTypeOfObject', () => {
  const call = (section: string, ...helpers: readonly number[]): ProgramCode => ({
    section,
    instructions: helpers.map((helper) => ({ kind: 'call', helper })),
  });
  const load = (section: string, offset: number, size: number): ProgramCode => ({
    section,
    instructions: [
      { kind: 'binary', operator: 'mov', dst: 6, source: { kind: 'register', register: 1 } },
      { kind: 'call', helper: 1 },
      { kind: 'load', dst: 1, src: 6, offset, size },
    ],
  });
  const type = (path: string, programs: readonly ProgramCode[], section: string) => {
    const found = inferProgramTypeOfObject(linux, objectEvidence(path, programs), section);
    return `${found?.type.name} ${found?.inferred}`;
  };

  it('lets a section name of libbpf decide alone', () => {
    expect(type('a.o', [call('xdp', 9)], 'xdp')).toBe('xdp section');
  });

  it('follows the majority of recognised sections', () => {
    expect(type('a.o', [call('classifier', 9), call('mine')], 'mine')).toBe('sched_cls object');
  });

  it('gives tail-called sections the type of the hook beside them', () => {
    const programs = [call('from-container', 9), call('2/7', 12), call('2/8', 12)];
    expect(type('bpf_lxc.o', programs, '2/7')).toBe('sched_cls object');
    expect(type('bpf_lxc.o', programs, 'from-container')).toBe('sched_cls section');
  });

  it('hears the file name only where the code agrees', () => {
    expect(type('bpf_xdp.o', [call('from-netdev', 44)], 'from-netdev')).toBe('xdp object');
    expect(type('bpf_xdp.o', [call('from-netdev', 9)], 'from-netdev')).toBe('sched_cls section');
  });

  it('tells types apart by helpers and by context loads', () => {
    expect(type('a.o', [call('mine', 1)], 'mine')).toBe('socket_filter default');
    expect(type('a.o', [call('mine', 9)], 'mine')).toBe('sched_cls object');
    expect(type('a.o', [call('mine', 44)], 'mine')).toBe('xdp object');
    expect(type('a.o', [call('mine', 4)], 'mine')).toBe('kprobe object');
    expect(type('a.o', [load('mine', 76, 4)], 'mine')).toBe('sched_cls object');
    expect(type('a.o', [load('mine', 112, 8)], 'mine')).toBe('kprobe object');
  });

  it('looks for a kindred type where a loosely matched name does not suit the code', () => {
    expect(type('a.o', [call('socket_filter', 9)], 'socket_filter')).toBe('sched_cls object');
    expect(type('a.o', [call('socket_filter', 26)], 'socket_filter')).toBe('socket_filter section');
    expect(type('a.o', [call('socket', 9)], 'socket')).toBe('socket_filter section');
    expect(type('a.o', [call('xdp_prog', 53)], 'xdp_prog')).toBe('xdp section');
  });

  it('says default for an object about which nothing is known', () => {
    expect(inferProgramTypeOfObject(linux, { sections: ['mine'] }, 'mine')?.inferred).toBe('default');
  });
});

describe('corpus', () => {
  const table = corpusPath('elf/peer-verdicts.csv');
  if (!table) reportSkipped('elf', '85 objects');
  const shipped = ['cilium', 'cilium-examples', 'falco', 'linux', 'new_linux', 'prototype-kernel'];

  it.skipIf(!table)('every section name resolves, and hooks resolve by their name', () => {
    const sections = new Set(
      readFileSync(table ?? '', 'utf8')
        .trim()
        .split('\n')
        .slice(1)
        .map((line) => line.split(',')[1] ?? ''),
    );
    expect(sections.size).toBeGreaterThan(200);
    const byDefault = [...sections]
      .filter((section) => inferProgramType(linux, section)?.inferred !== 'section')
      .filter((section) => !section.startsWith('bind'));
    expect(byDefault.filter((section) => !/^[12]\//.test(section)).sort()).toEqual([
      '.text',
      'cgroup/recv_accept4',
      'cgroup/recv_accept6',
      'clone_redirect_recv',
      'clone_redirect_xmit',
      'drop_non_tun_vip',
      'filter',
      'l2_to_ip6tun_ingress_redirect',
      'l2_to_iptun_ingress_forward',
      'l2_to_iptun_ingress_redirect',
      'redirect_recv',
      'redirect_xmit',
      'test',
      'test_md',
    ]);
  });

  it.skipIf(!table)('every shipped program calls only helpers, and loads only context fields, that its type has', () => {
    let programs = 0;
    for (const folder of shipped) {
      const path = corpusPath(`elf/${folder}`);
      for (const file of path ? readdirSync(path).filter((name) => name.endsWith('.o')) : []) {
        const object = loadObject(readFileSync(`${path}/${file}`), file);
        const evidence = objectEvidence(file, object.programs);
        for (const [section, code] of evidence.code ?? []) {
          const inferred = inferProgramTypeOfObject(linux, evidence, section);
          const attached = inferred?.attachType && { attachType: inferred.attachType };
          const helpers = [...code.helpers].filter((id) => !inferred || !findHelper(linux, inferred.type, id));
          const loads = code.contextLoads.filter(
            (access) => !inferred || !judgeContextAccess(inferred.type.context, { ...access, write: false, ...attached }).allowed,
          );
          expect({ file, section, type: inferred?.type.name, helpers, loads }).toEqual({
            file,
            section,
            type: inferred?.type.name,
            helpers: [],
            loads: [],
          });
          programs += 1;
        }
      }
    }
    expect(programs).toBeGreaterThan(300);
  });
});
