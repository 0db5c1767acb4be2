import type { Atomic } from '../isa/instruction.ts';
import { combineNumbers, low32, readRegister } from './alu.ts';
import { checkAtomicAlignment, checkAtomicTarget } from './atomic-target.ts';
import { describeValue } from './describe.ts';
import type { Machine } from './machine.ts';
import { describeRegion, loadFrom, requireAccess, storeStack } from './memory.ts';
import { add, join, TOP, truncate } from './number/index.ts';
import type { State } from './state.ts';
import type { Value } from './value.ts';

/** An atomic operation on memory (RFC 9669, section 5.3): a load, an operation and a store in one. */
export function executeAtomic(machine: Machine, state: State, pc: number, instruction: Atomic): boolean {
  const { dst, src, offset, size, operator, fetch } = instruction;
  const pointer = readRegister(machine, state, pc, dst, 'in {ctx, stack, packet, shared}');
  if (pointer === undefined) return false;
  // Where addresses are no secret, one counts as a number (is_pointer_value of the kernel's verifier).
  const number = (value: Value | undefined) =>
    value === undefined || value.kind === 'number' || !machine.rules.allowLeaks ? value : machine.number(TOP);
  const operand = number(readRegister(machine, state, pc, src, '== number'));
  if (operand === undefined) return false;
  const expected = operator === 'cmpxchg' ? number(readRegister(machine, state, pc, 0, '== number')) : undefined;
  if (operator === 'cmpxchg' && expected === undefined) return false;
  const access = { register: dst, pointer, displacement: offset, width: size, mode: 'write' } as const;
  if (!checkAtomicTarget(machine, state, pc, access)) return false;
  if (operand.kind !== 'number' || (expected !== undefined && expected.kind !== 'number')) {
    machine.fail(pointer.kind === 'stack' ? 'type' : 'leak_store', pc, state, {
      register: operand.kind !== 'number' ? src : 0,
      have: describeValue(machine, operand.kind !== 'number' ? operand : expected),
      want: pointer.kind === 'stack' ? 'a number' : describeRegion(machine, pointer),
      types: '== number',
    });
    return false;
  }
  for (const mode of ['read', 'write'] as const) if (!requireAccess(machine, state, pc, { ...access, mode })) return false;
  if (!checkAtomicAlignment(machine, state, pc, access)) return false;
  const old = loadFrom(machine, state, pc, pointer, dst, offset, size);
  if (old === undefined) return false;
  if (old.kind !== 'number') {
    machine.fail('stack_not_numeric', pc, state, {
      register: dst,
      displacement: offset,
      width: size,
      mode: 'read',
      min: add(pointer.offset, offset),
    });
    return false;
  }
  if (pointer.kind === 'stack') {
    const width = size === 8 ? 64 : 32;
    let result: Value;
    if (operator === 'xchg') result = operand;
    else if (operator === 'cmpxchg') result = machine.number(join(old.range, truncate(size, operand.range)));
    else result = combineNumbers(machine, state, operator, width, old, operand);
    storeStack(machine, state, pointer, offset, size, result);
  }
  if (fetch) state.registers[operator === 'cmpxchg' ? 0 : src] = size === 4 ? low32(machine, old) : old;
  return true;
}
