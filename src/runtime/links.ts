import type { AttachType, Platform } from '../platform/platform.ts';
import { RuntimeError } from './result.ts';

/** Narrows an attachment; absent means everywhere. */
export interface AttachParameters {
  /** Index of the interface (xdp). */
  readonly interfaceIndex?: number;
  /** Network compartment (sock_addr, sockops). */
  readonly compartmentId?: number;
}

/** One attachment of a program to a hook. */
export interface BpfLink {
  readonly id: number;
  readonly programId: number;
  readonly attachType: AttachType;
  readonly parameters: AttachParameters;
  /** Survives the closing of its last handle: attached through the older interface or disconnected on purpose. */
  readonly legacy: boolean;
  state: 'attached' | 'detached';
}

/** Whether several programs may be attached to a hook with the same parameters. */
export function allowsSeveral(platform: Platform, attachType: AttachType): boolean {
  if (platform.name === 'linux') return attachType.name !== 'xdp';
  return attachType.name.startsWith('cgroup/') || attachType.name === 'sockops';
}

/** Throws EBPF_INVALID_ARGUMENT when the hook of this type takes no such parameters. */
export function checkParameters(attachType: AttachType, parameters: AttachParameters): void {
  if (parameters.interfaceIndex !== undefined && attachType.programType !== 'xdp') {
    throw new RuntimeError('EBPF_INVALID_ARGUMENT', `${attachType.name} is not attached to an interface.`);
  }
  if (parameters.compartmentId !== undefined && attachType.programType !== 'sock_addr' && attachType.programType !== 'sockops') {
    throw new RuntimeError('EBPF_INVALID_ARGUMENT', `${attachType.name} is not attached to a compartment.`);
  }
}

/** Whether an attachment covers an event; absent on either side matches all. */
export function covers(attached: AttachParameters, event: AttachParameters): boolean {
  const same = (a: number | undefined, b: number | undefined) => a === undefined || a === 0 || b === undefined || a === b;
  return same(attached.interfaceIndex, event.interfaceIndex) && same(attached.compartmentId, event.compartmentId);
}

/** Whether two attachments are for the same place. */
export function sameParameters(a: AttachParameters, b: AttachParameters): boolean {
  return (a.interfaceIndex ?? 0) === (b.interfaceIndex ?? 0) && (a.compartmentId ?? 0) === (b.compartmentId ?? 0);
}
