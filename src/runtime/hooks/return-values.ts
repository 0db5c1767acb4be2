import type { Platform, ProgramType } from '../../platform/platform.ts';

const xdpActions: Readonly<Record<number, string>> = { 1: 'XDP_PASS', 2: 'XDP_DROP', 3: 'XDP_TX' };
const verdicts: Readonly<Record<number, string>> = { 0: 'REJECT', 1: 'PROCEED_SOFT', 2: 'PROCEED_HARD' };
const binding: Readonly<Record<number, string>> = { 0: 'BIND_PERMIT_SOFT', 1: 'BIND_DENY', 2: 'BIND_REDIRECT', 3: 'BIND_PERMIT_HARD' };
const linuxXdp: Readonly<Record<number, string>> = { 0: 'XDP_ABORTED', 1: 'XDP_DROP', 2: 'XDP_PASS', 3: 'XDP_TX', 4: 'XDP_REDIRECT' };
const trafficControl: Readonly<Record<number, string>> = {
  4294967295: 'TC_ACT_UNSPEC',
  0: 'TC_ACT_OK',
  1: 'TC_ACT_RECLASSIFY',
  2: 'TC_ACT_SHOT',
  3: 'TC_ACT_PIPE',
  4: 'TC_ACT_STOLEN',
  5: 'TC_ACT_QUEUED',
  6: 'TC_ACT_REPEAT',
  7: 'TC_ACT_REDIRECT',
  8: 'TC_ACT_TRAP',
};
const allowed: Readonly<Record<number, string>> = { 0: 'reject', 1: 'allow' };

const delivery: Readonly<Record<number, string>> = { 0: 'SK_DROP', 1: 'SK_PASS' };
const tunnel: Readonly<Record<number, string>> = { 0: 'BPF_OK', 2: 'BPF_DROP', 7: 'BPF_REDIRECT', 128: 'BPF_LWT_REROUTE' };
const dissection: Readonly<Record<number, string>> = { 0: 'BPF_OK', 2: 'BPF_DROP', 129: 'BPF_FLOW_DISSECTOR_CONTINUE' };
const filtering: Readonly<Record<number, string>> = { 0: 'NF_DROP', 1: 'NF_ACCEPT' };

const names: Readonly<Record<string, Readonly<Record<number, string>>>> = {
  'windows xdp': xdpActions,
  'windows bind': binding,
  'windows sock_addr': verdicts,
  'linux xdp': linuxXdp,
  'linux sched_cls': trafficControl,
  'linux sched_act': trafficControl,
  'linux cgroup_skb': allowed,
  'linux cgroup_sock': allowed,
  'linux cgroup_sock_addr': allowed,
  'linux cgroup_sockopt': allowed,
  'linux cgroup_sysctl': allowed,
  'linux cgroup_device': allowed,
  'linux sk_msg': delivery,
  'linux sk_skb': delivery,
  'linux sk_lookup': delivery,
  'linux sk_reuseport': delivery,
  'linux lwt_in': tunnel,
  'linux lwt_out': tunnel,
  'linux lwt_xmit': tunnel,
  'linux lwt_seg6local': tunnel,
  'linux flow_dissector': dissection,
  'linux netfilter': filtering,
};

/** What a return value means to the hook ("XDP_DROP"); undefined where it is just a number. */
export function returnValueName(platform: Platform, type: ProgramType, value: number): string | undefined {
  return names[`${platform.name} ${type.name}`]?.[value >>> 0];
}
