import type { Comparison, Register } from '../../isa/instruction.ts';
import { MAX_PACKET_SIZE } from '../../verifier/constraints.ts';
import { applyAssumption } from '../../verifier/explore.ts';
import type { Claim } from '../../verifier/machine.ts';
import { constantValue } from '../../verifier/number/index.ts';
import type { State } from '../../verifier/state.ts';
import type { Steps } from '../../verifier/steps.ts';
import type { Value } from '../../verifier/value.ts';
import type { DebugSession } from '../session.ts';
import type { SourceLine } from '../source.ts';
import type { NumberedFailure } from '../views.ts';
import { greatest, least } from './bounds.ts';
import { atFailure } from './culprit.ts';
import { Carriers, holdsIn, type Need } from './need.ts';

/** Something that, if it held before an instruction, would make the check hold on this path. */
export interface Sufficient {
  /** As `assume` reads it: `r6 <= 63`. */
  readonly text: string;
  readonly pc: number;
  readonly source: SourceLine | undefined;
  readonly claim: Claim;
}

/** How far a failed check is from being proved. */
export interface Distance {
  readonly failure: NumberedFailure;
  /** What is required, in words. */
  readonly need: string;
  /** By how much it fails: `10 missing`; undefined where no number says so. */
  readonly margin: string | undefined;
  /** Nearest to the check first; tried on this path, not yet on the whole program. */
  readonly sufficient: readonly Sufficient[];
}

/**
 * Measures a failed check: by how much it fails, and the weakest assumptions found that would make it hold. No rule about limits stands here: bounds are
 * found by asking the verifier's own check about one after the other, halving what is left.
 *
 * @param number of the failure.
 * @returns undefined where there is no such failure, or no path to it.
 */
export function distanceSteps(session: DebugSession, number: number): Steps<Distance | undefined> {
  return atFailure(session, number, function* (failure, need) {
    const { check } = failure.failure;
    const failing = session.requirements().find(({ kind, register, holds }) => !holds && kind === check.kind && register === check.register);
    return { failure, need: need.text, margin: failing?.margin, sufficient: yield* sufficientFor(session, need) };
  });
}

/** Instructions looked at on the way back. */
const MAX_POINTS = 400;
const MAX_FOUND = 4;

function* sufficientFor(session: DebugSession, need: Need): Steps<readonly Sufficient[]> {
  const found: Sufficient[] = [];
  const { pc, state } = session;
  const enough = (index: number, at: number, before: State) => (claim: Claim) => {
    const other = before.clone();
    if (!assumed(session, other, at, claim)) return false;
    const arrived = index === session.index ? other : session.runHere(index, other);
    return arrived !== undefined && holdsIn(need, arrived);
  };
  const put = function* (index: number, at: number, before: State, registers: readonly number[]): Steps<void> {
    const holds = enough(index, at, before);
    for (const claim of yield* candidates(before, registers, holds)) {
      const text = claimText(claim);
      if (!found.some((other) => other.text === text)) found.push({ text, pc: at, source: session.source.at(at), claim });
    }
  };
  yield* put(session.index, pc, state, [...need.registers, ...otherOperands(need, session)]);
  // Where a pointer was made from an index, the index is what can be bounded.
  const carriers = new Carriers(need.registers, state.frames.length - 1);
  let budget = MAX_POINTS;
  for (const point of session.earlier()) {
    if (budget-- === 0 || found.length >= MAX_FOUND || (carriers.places.size === 0 && need.registers.length > 0)) break;
    if (need.registers.length === 0) break;
    yield;
    const held = new Map(carriers.places);
    const made = carriers.before(session, point);
    for (const register of made) {
      const instruction = session.machine.instruction(point.pc);
      if (instruction.kind !== 'binary') continue;
      const operands = [instruction.dst, ...(instruction.source.kind === 'register' ? [instruction.source.register] : [])];
      yield* put(point.index, point.pc, point.before, operands);
      // What it was made from is followed further.
      const numbers = operands.filter((operand) => point.before.registers[operand]?.kind === 'number');
      const next = numbers[0] ?? instruction.dst;
      carriers.places.set(register, { depth: held.get(register)!.depth, subject: `r${next}` });
    }
  }
  return found;
}

/** Registers that the failing instruction reads besides those that the need is about: a size beside its pointer. */
function otherOperands(need: Need, session: DebugSession): readonly number[] {
  const instruction = session.machine.instruction(session.pc);
  if (instruction.kind !== 'call' && instruction.kind !== 'call_btf') return [];
  return need.registers.flatMap((register) => (register < 5 ? [register + 1] : []));
}

/** Narrows a state by a claim; false where that is impossible. */
function assumed(session: DebugSession, state: State, pc: number, claim: Claim): boolean {
  const { machine } = session;
  machine.takeFindings();
  const possible = applyAssumption(machine, state, pc, claim);
  return possible && machine.takeFindings().length === 0;
}

/** The largest number that a comparison with an immediate can name (RFC 9669, section 3: 32 bits, sign-extended). */
const LARGEST_IMMEDIATE = 0x7fff_ffff;

function* candidates(state: State, registers: readonly number[], holds: (claim: Claim) => boolean): Steps<readonly Claim[]> {
  const claims: Claim[] = [];
  const packet = yield* least(MAX_PACKET_SIZE, (bytes) => holds({ kind: 'packet', bytes }));
  if (packet !== undefined && packet > 0) claims.push({ kind: 'packet', bytes: packet });
  for (const register of registers) {
    yield;
    const value = state.registers[register];
    if (value === undefined || register > 9) continue;
    const compared = (comparison: Comparison, bound: number) => compare(register as Register, comparison, bound);
    if (value.nullable && holds(compared('ne', 0))) claims.push(compared('ne', 0));
    if (!isVariable(value)) continue;
    if (holds(compared('ne', 0))) {
      claims.push(compared('ne', 0));
      continue;
    }
    const { umin, umax } = value.range;
    // A bound that leaves one number, or none, is no bound that a program would check.
    const end = umax < LARGEST_IMMEDIATE ? Number(umax) : LARGEST_IMMEDIATE;
    const most = umin < end ? yield* greatest(Number(umin) + 1, end, (bound) => holds(compared('le', bound))) : undefined;
    if (most !== undefined) claims.push(compared('le', most));
    else if (holds(compared('sge', 0))) claims.push(compared('sge', 0));
  }
  return claims;
}

function isVariable(value: Value): boolean {
  return value.kind === 'number' && constantValue(value.range) === undefined;
}

function compare(dst: Register, comparison: Comparison, value: number): Claim {
  return { kind: 'comparison', branch: { kind: 'branch', comparison, width: 64, dst, source: { kind: 'immediate', value }, offset: 0 } };
}

const SYMBOLS: Partial<Record<Comparison, string>> = { ne: '!=', le: '<=', sge: 's>=' };

function claimText(claim: Claim): string {
  if (claim.kind === 'packet') return `packet >= ${claim.bytes}`;
  const { dst, comparison, source } = claim.branch;
  return `r${dst} ${SYMBOLS[comparison]} ${source.kind === 'immediate' ? source.value : `r${source.register}`}`;
}
