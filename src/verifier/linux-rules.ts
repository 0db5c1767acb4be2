import type { Instruction } from '../isa/instruction.ts';
import { slotCount } from '../isa/instruction.ts';
import type { HelperPrototype } from '../platform/platform.ts';
import { describeValue } from './describe.ts';
import type { Machine, MapFacts } from './machine.ts';
import { Path } from './provenance.ts';
import type { State, Trail } from './state.ts';
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

/** Types that run anywhere in the kernel, where a lock may be held already (is_tracing_prog_type), and what they may not use for that reason. */
const ANYWHERE: ReadonlySet<string> = new Set(['kprobe', 'tracepoint', 'perf_event', 'raw_tracepoint', 'raw_tracepoint_writable']);
const NEEDS_CALM: ReadonlySet<string> = new Set([
  'bpf_spin_lock',
  'bpf_spin_unlock',
  'bpf_timer_init',
  'bpf_timer_set_callback',
  'bpf_timer_start',
  'bpf_timer_cancel',
]);

/** Fails where a program that may interrupt anything uses locks or timers. */
export function checkTracing(machine: Machine, state: State, pc: number, prototype: HelperPrototype): boolean {
  const { name } = machine.rules.programType;
  if (machine.rules.platform.name !== 'linux' || !ANYWHERE.has(name) || !NEEDS_CALM.has(prototype.name)) return true;
  machine.fail('helper_unavailable', pc, state, { name: prototype.name, note: name });
  return false;
}

/** Program types that may change what a map of sockets holds (may_update_sockmap of the kernel's verifier); sock_ops may only delete. */
const CHANGES_SOCKETS: ReadonlySet<string> = new Set([
  'socket_filter',
  'sched_cls',
  'sched_act',
  'xdp',
  'sk_reuseport',
  'flow_dissector',
  'sk_lookup',
]);

/** Fails where the program's type may not change a map of sockets by the generic helpers. */
export function checkSocketMap(machine: Machine, state: State, pc: number, prototype: HelperPrototype, map: MapFacts): boolean {
  if (map.kind !== 'sockmap' && map.kind !== 'sockhash') return true;
  const deletes = prototype.name === 'bpf_map_delete_elem';
  if (prototype.name !== 'bpf_map_update_elem' && !deletes) return true;
  const { name } = machine.rules.programType;
  if (CHANGES_SOCKETS.has(name) || (deletes && name === 'sock_ops') || (name === 'tracing' && machine.rules.attachType === 'trace_iter')) return true;
  machine.fail('helper_unavailable', pc, state, { name: `${prototype.name} on a map of sockets`, note: name });
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
  if (passesPacketCheck(machine, state.trail)) return;
  const path = new Path(machine, state.trail, pc);
  const checks = path.packetChecks();
  for (const index of checks) machine.packetChecks.add(path.steps[index]!.pc);
  if (checks.length > 0 || path.differenceChecks().length === 0) return;
  const { register, displacement, width, mode } = access;
  machine.fail('difference_check', pc, state, { register, displacement, width, mode });
}

/** Whether the path goes through a branch that is known to compare a packet pointer with the packet's end. */
function passesPacketCheck(machine: Machine, trail: Trail | undefined): boolean {
  if (machine.packetChecks.size === 0) return false;
  // The block at which the trail ends has not been run to its branch.
  for (let step = trail?.previous; step !== undefined; step = step.previous) if (machine.packetChecks.has(branchOf(machine, step.block))) return true;
  return false;
}

/** Slot of the first branch at or behind the slot, or of what ends the run of instructions before one. */
function branchOf(machine: Machine, slot: number): number {
  let pc = slot;
  for (;;) {
    const instruction = machine.instruction(pc);
    if (instruction === undefined || STOPS.has(instruction.kind)) return pc;
    pc += slotCount(instruction);
  }
}

const STOPS: ReadonlySet<Instruction['kind']> = new Set(['branch', 'jump', 'may_goto', 'exit', 'call_local']);

/** Remarks arithmetic on a pointer that may be null, which Linux refuses whatever becomes of the result. */
export function noteNullArithmetic(machine: Machine, state: State, pc: number, register: number, pointer: Value): void {
  if (pointer.nullable) machine.fail('null_arithmetic', pc, state, { register, have: describeValue(machine, pointer) });
}
