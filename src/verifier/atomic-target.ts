import { type Access, isAligned, plain, span } from './access.ts';
import { describeValue } from './describe.ts';
import type { Machine } from './machine.ts';
import type { State } from './state.ts';
import type { ValueKind } from './value.ts';

/** What Linux takes no atomic access of (atomic_ptr_type_ok of the kernel's verifier). */
const NEVER: ReadonlySet<ValueKind> = new Set(['ctx', 'packet', 'socket']);

/** Fails where a pointer leads to what atomic instructions must not touch. */
export function checkAtomicTarget(machine: Machine, state: State, pc: number, { register, pointer, mode }: Access): boolean {
  const isLinux = machine.rules.platform.name === 'linux';
  const isRefused = isLinux ? NEVER.has(pointer.kind) || (pointer.kind === 'btf' && mode === 'write') : pointer.kind === 'ctx';
  if (!isRefused) return true;
  machine.fail('atomic_target', pc, state, { register, have: pointer.kind === 'ctx' ? 'the context' : describeValue(machine, pointer) });
  return false;
}

/** Fails where an atomic access is not certainly aligned to its width, which Linux demands wherever it goes. */
export function checkAtomicAlignment(machine: Machine, state: State, pc: number, access: Access): boolean {
  if (machine.rules.platform.name !== 'linux' || isAligned(access)) return true;
  machine.fail('misaligned', pc, state, { ...plain(access), name: 'the start of the memory + ', ...span(access) });
  return false;
}
