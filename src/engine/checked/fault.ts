/** The violations that a concrete run can show, by the names of the verifier's checks, so that the two can be matched at an instruction. */
export const FAULT_KINDS = [
  'register_uninitialised',
  'clobbered',
  'type',
  'dereference',
  'null_access',
  'packet_upper',
  'packet_lower',
  'map_value_upper',
  'map_value_lower',
  'memory_upper',
  'memory_lower',
  'stack_upper',
  'stack_lower',
  'stack_uninitialised',
  'stack_not_numeric',
  'context_upper',
  'context_lower',
  'context_field',
  'context_write',
  'context_modified',
  'atomic_target',
  'read_only',
  'packet_write',
  'leak_store',
  'leak_return',
  'leak_argument',
  'stack_argument',
  'pointer_plus_pointer',
  'pointer_arithmetic',
  'pointer_truncated',
  'pointer_difference',
  'pointer_comparison',
  'frame_pointer_write',
  'division_by_zero',
  'helper_unknown',
  'kfunc_unknown',
  'map_argument',
  'map_kind',
  'memory_argument',
  'argument_type',
  'argument_zero',
  'argument_constant',
  'size_negative',
  'size_zero',
  'callback_argument',
  'callback_return',
  'exit_value',
  'reference_leak',
  'release_argument',
  'use_after_release',
  'stale_packet',
  'lock_held',
  'lock_state',
  'call_depth',
  'misaligned',
  'control_flow',
  'legacy_packet',
  'unsupported',
] as const;

export type FaultKind = (typeof FAULT_KINDS)[number];

/** One violation, as a plain value. */
export interface CheckedFault {
  readonly kind: FaultKind;
  /** Slot in the linked program. */
  readonly instruction: number;
  /** Call sites (slots) from the entry to the frame of the fault. */
  readonly callStack: readonly number[];
  /** One sentence with the concrete values. */
  readonly message: string;
  readonly register?: number;
  /** Memory accesses: where, and how large the region is. */
  readonly access?: {
    readonly region: string;
    readonly offset: bigint;
    readonly width: number;
    readonly size: number;
    readonly mode: 'read' | 'write';
  };
}

/** Carries the violation out of the instruction that made it; the run catches it. */
export class CheckFailure extends Error {
  readonly check: FaultKind;
  readonly register: number | undefined;
  readonly access: CheckedFault['access'];
  constructor(check: FaultKind, message: string, register?: number, access?: CheckedFault['access']) {
    super(message);
    this.name = 'CheckFailure';
    this.check = check;
    this.register = register;
    this.access = access;
  }
}
