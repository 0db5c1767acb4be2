import { describeValue } from './describe.ts';
import type { Machine } from './machine.ts';
import { Path } from './provenance.ts';
import type { State } from './state.ts';
import type { Value, ValueKind } from './value.ts';

/** Pointers through which Linux rewrites accesses, one way per instruction (reg_type_mismatch_ok of the kernel's verifier). */
const REWRITTEN: ReadonlySet<ValueKind> = new Set(['ctx', 'socket', 'btf']);

/**
 * Linux rewrites an access to the context, a socket or a kernel object when it loads the program, so one instruction cannot serve such a pointer on one
 * path and another kind on another. False after reporting that it does.
 */
export function checkOneKind(machine: Machine, state: State, pc: number, register: number, pointer: Value): boolean {
  if (machine.rules.platform.name !== 'linux') return true;
  const before = machine.accessed[pc];
  if (before === undefined) {
    machine.accessed[pc] = pointer;
    return true;
  }
  if (before.kind === pointer.kind || (!REWRITTEN.has(before.kind) && !REWRITTEN.has(pointer.kind))) return true;
  machine.fail('mixed_pointers', pc, state, { register, have: describeValue(machine, pointer), want: describeValue(machine, before) });
  return false;
}

/** Remarks that a packet access is proved only by a length computed by subtraction, which Linux does not follow. */
export function noteDifference(
  machine: Machine,
  state: State,
  pc: number,
  access: { readonly register: number; readonly displacement: number; readonly width: number; readonly mode: 'read' | 'write' },
): void {
  if (!machine.subtractsPackets || machine.differencesNoted.has(pc)) return;
  machine.differencesNoted.add(pc);
  const path = new Path(machine, state.trail, pc);
  if (path.packetChecks().length > 0 || path.differenceChecks().length === 0) return;
  const { register, displacement, width, mode } = access;
  machine.fail('difference_check', pc, state, { register, displacement, width, mode });
}

/** Remarks arithmetic on a pointer that may be null, which Linux refuses whatever becomes of the result. */
export function noteNullArithmetic(machine: Machine, state: State, pc: number, register: number, pointer: Value): void {
  if (pointer.nullable) machine.fail('null_arithmetic', pc, state, { register, have: describeValue(machine, pointer) });
}
