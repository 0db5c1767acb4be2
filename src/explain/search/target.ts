import type { ContextLayout } from '../../platform/platform.ts';
import type { CheckKind } from '../../verifier/checks.ts';
import type { Failure } from '../../verifier/report.ts';
import type { RunOutcome, RunRegion } from './runner.ts';

/**
 * What shows that a failed check stands for something that can happen.
 * `fault`: a run violates it (or a rule it stands for) at the same instruction. `reached`: it is enough that a run comes there with the same calls
 * active, because the rest of the rule is arithmetic on the code. `endless`: a run does not end. `rule`: nothing that runs could show; the text says
 * why it is refused all the same.
 */
export type Proof = 'fault' | 'reached' | 'endless' | 'rule';

interface TargetRow {
  readonly proof: Proof;
  /** Names under which a run may report the violation, besides the check's own. */
  readonly also?: readonly string[];
  /** A violation is no danger: the platform forbids it all the same. */
  readonly policy?: boolean;
  /** What the verifier proved is all that counts: the platform refuses it although no run breaks it. */
  readonly ruled?: boolean;
}

const FAULT: TargetRow = { proof: 'fault' };
const RULE: TargetRow = { proof: 'rule' };
const BOUNDS = ['packet_upper', 'packet_lower', 'map_value_upper', 'map_value_lower', 'memory_upper', 'memory_lower', 'stack_upper', 'stack_lower'];

/** Checks that a run does not violate under their own name; every other is of proof `fault`. */
const TARGETS: Readonly<Partial<Record<CheckKind, TargetRow>>> = {
  register_uninitialised: { proof: 'fault', also: ['clobbered'] },
  clobbered: { proof: 'fault', also: ['register_uninitialised'] },
  dereference: { proof: 'fault', also: ['null_access', 'type', 'register_uninitialised', 'stale_packet', 'use_after_release'] },
  type: { proof: 'fault', also: ['argument_type', 'memory_argument', 'dereference', 'null_access'] },
  memory_argument: { proof: 'fault', also: ['null_access', 'argument_type'] },
  argument_type: { proof: 'fault', also: ['null_access', 'memory_argument', 'map_argument'] },
  context_variable: { proof: 'fault', also: ['context_upper', 'context_lower', 'context_field', 'context_write'], ruled: true },
  // Where addresses are no secret, a run can calculate with them; verifiers refuse it all the same.
  pointer_arithmetic: { proof: 'fault', ruled: true },
  pointer_plus_pointer: { proof: 'fault', ruled: true },
  pointer_truncated: { proof: 'fault', ruled: true },
  size_negative: { proof: 'fault', also: ['size_zero', ...BOUNDS] },
  stack_argument: { proof: 'fault', also: ['stack_uninitialised', 'leak_argument'] },
  leak_argument: { proof: 'fault', also: ['stack_not_numeric'] },
  stack_not_numeric: { proof: 'fault', also: ['leak_argument', 'leak_store'] },
  pointer_difference: { proof: 'fault', also: ['pointer_comparison', 'pointer_arithmetic'] },
  pointer_comparison: { proof: 'fault', also: ['pointer_difference'] },
  release_argument: { proof: 'fault', also: ['null_access', 'use_after_release'] },
  combined_stack: { proof: 'reached' },
  loop_unbounded: { proof: 'endless' },
  infinite_loop: { proof: 'endless' },
  division_by_zero: { proof: 'fault', policy: true },
  exit_value: { proof: 'fault', policy: true, ruled: true },
  callback_return: { proof: 'fault', policy: true, ruled: true },
  helper_unknown: RULE,
  helper_unavailable: RULE,
  helper_licence: RULE,
  kfunc_unknown: RULE,
  map_kind: RULE,
  misaligned: RULE,
  mixed_pointers: RULE,
  unreachable: RULE,
  recursion: RULE,
  global_argument: RULE,
  legacy_packet: RULE,
  unsupported: RULE,
  socket_field: RULE,
  argument_constant: RULE,
  packet_write: RULE,
  write_only: RULE,
  special_field: RULE,
  special_argument: RULE,
  stack_object: RULE,
  region_open: RULE,
  frame_pointer_write: RULE,
};

/** What the search aims at for one failed check. */
export class Target {
  readonly failure: Failure;
  readonly proof: Proof;
  /** It is a rule of the platform even where a run breaks it. */
  readonly policy: boolean;
  /** It is refused whatever runs show. */
  readonly ruled: boolean;
  private readonly names: ReadonlySet<string>;

  constructor(failure: Failure) {
    this.failure = failure;
    const row = TARGETS[failure.check.kind as CheckKind] ?? FAULT;
    this.proof = failure.severity === 'portability' ? 'rule' : row.proof;
    this.policy = row.policy === true;
    this.ruled = row.ruled === true;
    this.names = new Set([failure.check.kind, ...(row.also ?? [])]);
  }

  /** What was checked may be read again: whether it changes meanwhile is for others to say. */
  get rereads(): boolean {
    return this.failure.id === 'MAP-08';
  }

  /** What an access at the failing instruction shows by itself: a field that depends on the input may be the one that holds a pointer. */
  witness(region: RunRegion, index: number, context: ContextLayout): string | undefined {
    if (this.failure.check.kind !== 'context_variable' || region.kind !== 'ctx') return undefined;
    const field = context.fields.find(({ offset, size }) => offset <= index && index < offset + size);
    return field === undefined || field.kind === 'number'
      ? undefined
      : `byte ${index} of struct ${context.name} is accessed as a number, but it belongs to the pointer ${field.name}`;
  }

  /** How a run bears on the check: `exact` the same check, `here` another violation at the same instruction. */
  judge(outcome: RunOutcome, witnessed: boolean): 'exact' | 'here' | undefined {
    if (witnessed) return 'exact';
    if (this.proof === 'reached') return undefined;
    if (this.proof === 'endless') return outcome.kind === 'limit' ? 'exact' : undefined;
    if (outcome.kind !== 'fault' || outcome.fault.instruction !== this.failure.instruction) return undefined;
    return this.names.has(outcome.fault.kind) ? 'exact' : 'here';
  }

  /** Whether the calls active are those of the failure. */
  atCalls(frames: readonly { readonly callSite: number }[]): boolean {
    const { callStack } = this.failure;
    return frames.length === callStack.length + 1 && callStack.every((site, index) => frames[index + 1]!.callSite === site);
  }
}
