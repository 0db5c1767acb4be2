import type { InstructionList } from '../../isa/instruction.ts';
import type { HelperArgument, HelperPrototype } from '../../platform/platform.ts';
import { windows } from '../../platform/windows/windows.ts';
import { runChecked } from '../checked-interpreter.ts';
import type { CheckedOutcome } from './program.ts';
import { numberValue } from './value.ts';

/** A helper of a raw program: five numbers in, one out, unsigned 64 bits each. */
export type RawHelper = (...registers: readonly bigint[]) => bigint;

/**
 * Runs a program that has no context, the way instruction-set test suites do: r1 points to `memory` (0 without), r2 is its length.
 * The run ends by `limit` after `instructionLimit` instructions. Addresses may be used as numbers; accesses outside the memory and the stack are faults.
 */
export function runRaw(
  instructions: InstructionList,
  instructionLimit: number,
  memory?: Uint8Array,
  helpers: ReadonlyMap<number, RawHelper> = new Map(),
): CheckedOutcome {
  const none: readonly HelperArgument[] = [];
  const prototype = (id: number): HelperPrototype | undefined =>
    helpers.has(id) ? { id, name: `helper ${id}`, returns: { kind: 'number' }, arguments: none } : undefined;
  return runChecked({ instructions, platform: windows, maps: [], helper: prototype }, memory === undefined ? {} : { memory }, {
    instructionLimit,
    helperModel: (call) => numberValue(helpers.get(call.prototype.id)!(...call.arguments.map((value) => value?.address ?? 0n))),
  });
}
