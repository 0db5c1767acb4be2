import type { ReturnRange } from '../platform/platform.ts';
import { readRegister } from './alu.ts';
import { checkNothingHeld } from './call.ts';
import { describeValue } from './describe.ts';
import type { CallContext } from './explore.ts';
import type { Machine } from './machine.ts';
import type { State } from './state.ts';

/** Checks what must hold where a function ends; subprograms may return anything, callbacks and programs a number in range. */
export function checkExit(machine: Machine, state: State, pc: number, context: CallContext): boolean {
  const called = context.parent !== undefined;
  if (called && !context.callback) return true;
  const value = readRegister(machine, state, pc, 0, '== number');
  if (value === undefined) return false;
  if (value.kind !== 'number') {
    if (!machine.rules.allowLeaks || called) {
      machine.fail('leak_return', pc, state, { register: 0, have: describeValue(machine, value) });
      return false;
    }
  }
  if (context.callback) {
    // Nobody knows how often a callback runs, so each run gives back what it took.
    const taken = state.references.find((reference) => reference.frame >= state.frames.length - 1);
    if (taken !== undefined) {
      machine.fail('reference_leak', pc, state, { name: taken.kind, limit: taken.instruction });
      return false;
    }
    const prototype = machine.calledBy(machine.instruction(context.call));
    const range = prototype?.callbackReturns;
    if (range !== undefined && !within(value.range.smin, value.range.smax, range)) {
      machine.fail('callback_return', pc, state, {
        register: 0,
        name: prototype!.name,
        min: value.range.smin,
        max: value.range.smax,
        limit: `${range.min}..${range.max}`,
      });
      return false;
    }
    return true;
  }
  if (!checkNothingHeld(machine, state, pc, 'The program ends')) return false;
  const range = machine.rules.returns;
  // Only the low 32 bits of r0 are the program's result.
  if (range === undefined || (value.kind === 'number' && within(value.range.s32min, value.range.s32max, range))) return true;
  machine.fail('exit_value', pc, state, {
    register: 0,
    limit: range.min === range.max ? `${range.min}` : `${range.min} to ${range.max}`,
    ...(value.kind === 'number' ? { min: value.range.smin, max: value.range.smax } : { have: describeValue(machine, value) }),
  });
  return false;
}

function within(min: number | bigint, max: number | bigint, range: ReturnRange): boolean {
  return min >= range.min && max <= range.max;
}
