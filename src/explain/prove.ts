import type { Comparison, Register } from '../isa/instruction.ts';
import { COMPARISON_TEXT } from '../isa/words.ts';
import { executeBranch } from '../verifier/branch.ts';
import type { Claim } from '../verifier/machine.ts';
import type { State } from '../verifier/state.ts';
import type { ReplayMachine } from './replay.ts';
import { numberWords, valueWords } from './words.ts';

/** A question about one state: a comparison as a branch makes it, or how many bytes the packet has at least. */
export type Proposition = Claim;

/** `always`: it follows from what is known. `never`: the opposite does. `unknown`: neither. `undefined`: the operands cannot be compared. */
export type Answer = 'always' | 'never' | 'unknown' | 'undefined';

const SYMBOLS = new Map<string, Comparison>(
  (Object.entries(COMPARISON_TEXT) as [Comparison, string][]).map(([comparison, text]) => [text, comparison]),
);
SYMBOLS.set('&', 'set').set('=', 'eq');
const NUMBER = /^-?(?:\d+|0x[\da-f]+)$/i;

/**
 * Reads `r6 <= 63`, `w1 s> -1`, `r0 != 0`, `r1 == r2`, `packet >= 34`; comparisons are unsigned as in disassembly, signed with `s`.
 *
 * @returns undefined where the words are none of these.
 */
export function parseProposition(text: string): Proposition | undefined {
  const found = /^\s*(packet|[rw]\d+)\s*(s?[<>]=?|[=!]=|=|&)\s*(-?\w+)\s*$/i.exec(text);
  if (found === null) return undefined;
  const [, left, operator, right] = found.map((word) => word.toLowerCase());
  const comparison = SYMBOLS.get(operator!);
  if (comparison === undefined) return undefined;
  if (left === 'packet') return comparison === 'ge' && /^\d+$/.test(right!) ? { kind: 'packet', bytes: Number(right) } : undefined;
  const dst = registerOf(left!);
  const width = left!.startsWith('w') ? 32 : 64;
  if (dst === undefined) return undefined;
  const other = registerOf(right!);
  if (other === undefined && !NUMBER.test(right!)) return undefined;
  const value = other === undefined ? (right!.startsWith('-') ? -Number(right!.slice(1)) : Number(right)) : 0;
  // A branch compares with 32 bits that are sign-extended.
  if (!Number.isInteger(value) || value > 0x7fff_ffff || value < -0x8000_0000) return undefined;
  const source = other === undefined ? ({ kind: 'immediate', value } as const) : ({ kind: 'register', register: other } as const);
  return { kind: 'comparison', branch: { kind: 'branch', comparison, width, dst, source, offset: 0 } };
}

function registerOf(word: string): Register | undefined {
  const found = /^[rw](\d|10)$/.exec(word);
  return found === null ? undefined : (Number(found[1]) as Register);
}

/** Whether the verifier can tell the proposition in a state: it follows the branch that tests it, and sees which sides are possible. */
export function prove(machine: ReplayMachine, state: State, pc: number, proposition: Proposition): Answer {
  if (proposition.kind === 'packet') return state.constraints.packetMin >= proposition.bytes ? 'always' : 'unknown';
  machine.takeFindings();
  const { taken, fallthrough } = executeBranch(machine, state.clone(), pc, proposition.branch);
  if (machine.takeFindings().length > 0) return 'undefined';
  if (fallthrough === undefined) return 'always';
  return taken === undefined ? 'never' : 'unknown';
}

/** What is known of the things a proposition speaks of. */
export function knownWords(machine: ReplayMachine, state: State, proposition: Proposition): readonly string[] {
  if (proposition.kind === 'packet') return [`packet: at least ${state.constraints.packetMin} bytes`];
  const { dst, source, width } = proposition.branch;
  const registers = source.kind === 'register' ? [dst, source.register] : [dst];
  return registers.map((register) => {
    const value = state.registers[register];
    if (value === undefined) return `r${register}: never set, or not used any more`;
    const low =
      width === 32 && value.kind === 'number' && value.range.umax > 0xffff_ffff
        ? `, its low 32 bits ${value.range.u32min}..${value.range.u32max}`
        : '';
    return `r${register}: ${value.kind === 'number' ? numberWords(value.range) : valueWords(machine, value, state)}${low}`;
  });
}
