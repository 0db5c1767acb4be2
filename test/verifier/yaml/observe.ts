import { stateLeq } from '../../../src/verifier/lattice.ts';
import { meet, type Scalar } from '../../../src/verifier/number/index.ts';
import { CELL, NUMERIC } from '../../../src/verifier/stack.ts';
import type { State } from '../../../src/verifier/state.ts';
import type { Value } from '../../../src/verifier/value.ts';
import type { Observation } from './case.ts';
import { entryStates } from './entry.ts';
import type { Witness } from './holds.ts';

/** Whether a partial observation of a run contradicts what is known (`consistent`), or leaves room for states outside of it (`entailed`). */
export function observationFails({ constraints, mode }: Observation, witnesses: readonly Witness[]): boolean {
  const machine = witnesses[0]?.machine;
  if (machine === undefined) return true;
  const observed = entryStates(machine, constraints).map((entry) => entry.state);
  if (observed.length === 0) return true;
  if (mode === 'entailed') return !observed.every((state) => witnesses.some((witness) => stateLeq(state, witness.state)));
  return !observed.some((state) => witnesses.some((witness) => compatible(state, witness.state)));
}

/** Whether some concrete state may be in both, as far as registers and stack bytes tell. */
function compatible(a: State, b: State): boolean {
  const left = a.frames[0]!;
  const right = b.frames[0]!;
  for (let register = 0; register < 11; register++) if (!valuesMeet(left.registers[register], right.registers[register])) return false;
  for (const cell of left.stack.cells.values()) {
    const at = cell.index;
    if (
      right.stack.firstNonNumeric(at, cell.size) >= 0 &&
      right.stack.bytes.subarray(at, at + cell.size).some((byte) => byte === NUMERIC || byte === CELL)
    )
      return false;
    if (right.stack.firstNonNumeric(at, cell.size) >= 0) continue;
    if (meet(cell.value.range, right.stack.assemble(at, cell.size as 1 | 2 | 4 | 8, false)) === undefined) return false;
  }
  return true;
}

function valuesMeet(a: Value | undefined, b: Value | undefined): boolean {
  if (a === undefined || b === undefined) return true;
  if (a.kind === 'any' || b.kind === 'any' || a.kind === 'invalid' || b.kind === 'invalid') return true;
  return a.kind === b.kind && rangesMeet(a.range, b.range);
}

function rangesMeet(a: Scalar, b: Scalar): boolean {
  return meet(a, b) !== undefined;
}
