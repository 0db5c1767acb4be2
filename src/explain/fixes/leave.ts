import type { Instruction } from '../../isa/instruction.ts';
import type { Machine } from '../../verifier/machine.ts';

interface Leaving {
  readonly value: number;
  /** As C programs write it. */
  readonly name: string;
  /** What becomes of the packet, call or event. */
  readonly effect: string;
  /** A function of the program is left, not the program. */
  readonly inFunction?: boolean;
}

const ALLOW: Leaving = { value: 1, name: '1', effect: 'is allowed' };
const NOTHING: Leaving = { value: 0, name: '0', effect: 'is left alone' };

/** How a program of a type says "go on as if I were not there" (include/uapi/linux/bpf.h, pkt_cls.h; ebpf_nethooks.h of eBPF for Windows). */
const LEAVING: Readonly<Record<string, Leaving>> = {
  'linux xdp': { value: 2, name: 'XDP_PASS', effect: 'passes' },
  'windows xdp': { value: 1, name: 'XDP_PASS', effect: 'passes' },
  'windows xdp_test': { value: 1, name: 'XDP_PASS', effect: 'passes' },
  'linux sched_cls': { value: 0, name: 'TC_ACT_OK', effect: 'passes' },
  'linux sched_act': { value: 0, name: 'TC_ACT_OK', effect: 'passes' },
  'linux cgroup_skb': ALLOW,
  'linux cgroup_sock': ALLOW,
  'linux cgroup_sock_addr': ALLOW,
  'linux cgroup_sockopt': ALLOW,
  'linux cgroup_sysctl': ALLOW,
  'linux cgroup_device': ALLOW,
  'linux sk_skb': { value: 1, name: 'SK_PASS', effect: 'passes' },
  'linux sk_msg': { value: 1, name: 'SK_PASS', effect: 'passes' },
  'linux sk_lookup': { value: 1, name: 'SK_PASS', effect: 'passes' },
  'linux socket_filter': { value: 0, name: '0', effect: 'is not delivered to the socket' },
  'windows sock_addr': { value: 1, name: 'BPF_SOCK_ADDR_VERDICT_PROCEED', effect: 'is allowed' },
  'windows bind': { value: 0, name: 'BIND_PERMIT', effect: 'is allowed' },
};

/** How to leave early from where a fix does. A subprogram returns 0 to its caller. */
export function leavingOf({ rules }: Machine, inSubprogram: boolean): Leaving {
  return inSubprogram ? { ...NOTHING, inFunction: true } : (LEAVING[`${rules.platform.name} ${rules.programType.name}`] ?? NOTHING);
}

/** `the program returns XDP_PASS: what it was called for passes`, `the function returns 0`. */
export function leavingWords({ name, effect, inFunction }: Leaving): string {
  return inFunction === true ? `the function returns ${name}` : `the program returns ${name}: what it was called for ${effect}`;
}

/** What a value does that is refused: `ends the program with XDP_PASS`, `makes the function return 0`. */
export function endingWords({ name, inFunction }: Leaving): string {
  return inFunction === true ? `makes the function return ${name}` : `ends the program with ${name}`;
}

/** What becomes of a packet that is too short: `passes (XDP_PASS)`, `makes the function return 0`. */
export function shortPacketWords({ name, effect, inFunction }: Leaving): string {
  return inFunction === true ? `makes the function return ${name}` : `${effect} (${name})`;
}

/** `w0 = value; exit`. */
export function leaveCode({ value }: Leaving): readonly Instruction[] {
  return [{ kind: 'binary', operator: 'mov', width: 32, dst: 0, source: { kind: 'immediate', value } }, { kind: 'exit' }];
}

export type { Leaving };
