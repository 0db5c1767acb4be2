import type { CheckedState } from '../engine/checked/state.ts';
import type { Value } from '../engine/checked/value.ts';
import { CLOBBERED } from '../engine/checked/value.ts';
import { instructionText } from '../explain/instruction-text.ts';
import type { RunInput, RunOutcome } from '../explain/search/runner.ts';
import { type SourceLine, SourceMap } from '../explain/source.ts';
import { valueWords } from '../explain/words.ts';
import type { Verification } from '../verifier/index.ts';
import { registerEffects } from '../verifier/liveness.ts';
import type { Machine } from '../verifier/machine.ts';
import type { State } from '../verifier/state.ts';
import { Crosscheck, type EscapeReport } from './index.ts';

/** One register of a run beside what the verifier knew of it at the same point. */
export interface ComparedValue {
  readonly register: string;
  /** `50`, `packet + 14`. */
  readonly concrete: string;
  /** `20..74`; undefined where the verifier no longer keeps it, or follows the run no longer. */
  readonly abstract: string | undefined;
}

export interface ComparedStep {
  readonly pc: number;
  readonly text: string;
  readonly source: SourceLine | undefined;
  /** What the instruction wrote. */
  readonly values: readonly ComparedValue[];
}

export interface ComparedRun {
  readonly steps: readonly ComparedStep[];
  /** Steps that ran beyond the last one told. */
  readonly more: number;
  readonly outcome: RunOutcome | undefined;
  readonly escape: EscapeReport | undefined;
}

/** Runs an input and puts what each instruction wrote beside what the verifier knew of it. @param most steps told at most. */
export function runSideBySide(verification: Verification, input: RunInput, most: number): ComparedRun {
  const { machine } = verification;
  const source = new SourceMap(machine.program);
  const steps: ComparedStep[] = [];
  let all = 0;
  let before: number | undefined;
  const followed = new Crosscheck(verification).follow(input, {
    onStep(pc, concrete, abstract) {
      if (before !== undefined && steps.length < most) steps.push(stepOf(machine, source, before, concrete, abstract));
      before = pc;
      all++;
    },
  });
  if (before !== undefined && steps.length < most) steps.push({ pc: before, text: textOf(machine, before), source: source.at(before), values: [] });
  return { steps, more: all - steps.length, ...followed };
}

function stepOf(machine: Machine, source: SourceMap, pc: number, concrete: CheckedState, abstract: State | undefined): ComparedStep {
  const { writes } = registerEffects(machine.instruction(pc), () => 5);
  const values: ComparedValue[] = [];
  for (let register = 0; register < 10; register++) {
    const value = (writes & (1 << register)) === 0 ? undefined : concrete.registers[register];
    // A call destroys r1 to r5; that says nothing.
    if (value === undefined || value === CLOBBERED) continue;
    const known = abstract?.registers[register];
    values.push({
      register: `r${register}`,
      concrete: concreteWords(value),
      abstract: abstract === undefined || known === undefined ? undefined : valueWords(machine, known, abstract),
    });
  }
  return { pc, text: textOf(machine, pc), source: source.at(pc), values };
}

const textOf = (machine: Machine, pc: number) => instructionText(machine, machine.instruction(pc), pc);

function concreteWords({ region, bits }: Value): string {
  const number = BigInt.asIntN(64, bits);
  if (region === undefined) return `${number}`;
  return `${region.name} ${number < 0n ? '-' : '+'} ${number < 0n ? -number : number}`;
}
