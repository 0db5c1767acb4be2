import { checkRow } from '../../verifier/checks.ts';
import type { Node } from '../../verifier/explore.ts';
import { registerEffects } from '../../verifier/liveness.ts';
import type { State } from '../../verifier/state.ts';
import type { Steps } from '../../verifier/steps.ts';
import type { Value } from '../../verifier/value.ts';
import { type Proposition, prove } from '../prove.ts';
import { judge } from '../replay.ts';
import type { DebugSession } from '../session.ts';
import { copiedFrom, sourcesOf, storedPlace, type TracePoint } from '../story.ts';
import type { NumberedFailure } from '../views.ts';

/** Something that a state satisfies or not; the verifier's own functions decide. */
export interface Need {
  readonly text: string;
  /** Registers that it speaks of, in the function that is active at its point. */
  readonly registers: readonly number[];
  /** Whether it follows from a state, with these values in its registers. */
  holds(state: State, values: ReadonlyMap<number, Value | undefined>): boolean;
}

/** Whether the need holds in a state of its own function, with the values that are there. */
export function holdsIn(need: Need, state: State): boolean {
  return need.holds(state, new Map(need.registers.map((register) => [register, state.registers[register]])));
}

/** A proposition as a need. */
export function claimNeed({ machine }: DebugSession, text: string, pc: number, claim: Proposition): Need {
  const registers =
    claim.kind === 'packet' ? [] : [claim.branch.dst, ...(claim.branch.source.kind === 'register' ? [claim.branch.source.register] : [])];
  return { text, registers, holds: (state, values) => prove(machine, withValues(state, values), pc, claim) === 'always' };
}

/**
 * A failed check as a need: the instruction would pass it. The debugger must stand at the failing instruction.
 *
 * What the instruction reads besides the register in question is as it is there.
 */
export function checkNeed(session: DebugSession, { failure }: NumberedFailure, text: string): Need {
  const { machine, node, state, pc } = session;
  const { register, kind } = failure.check;
  const { reads } = registerEffects(machine.instruction(pc), () => 5);
  const registers = register === undefined || register === 10 ? [] : [register];
  return {
    text,
    registers,
    holds(other, values) {
      const probe = other.clone();
      for (let r = 0; r < 10; r++) if ((reads & (1 << r)) !== 0) probe.registers[r] = state.registers[r];
      const findings = judge(machine, node, withValues(probe, values), pc);
      return !findings.some(
        (finding) =>
          (finding.kind === kind && finding.details.register === register) ||
          // A value of another kind fails other checks.
          (register !== undefined && finding.details.register === register && checkRow(finding.kind).severity !== 'portability'),
      );
    },
  };
}

function withValues(state: State, values: ReadonlyMap<number, Value | undefined>): State {
  const probe = state.clone();
  for (const [register, value] of values) probe.registers[register] = value;
  return probe;
}

/** Where the value of a register is at an earlier point of the path: in a register or a stack cell of some active function. */
export interface Carrier {
  readonly depth: number;
  /** `r6` or `fp-16`. */
  readonly subject: string;
}

/** Follows the values of registers back along a path while they are only moved about. */
export class Carriers {
  /** By the register they end in. */
  readonly places = new Map<number, Carrier>();

  constructor(registers: readonly number[], depth: number) {
    for (const register of registers) this.places.set(register, { depth, subject: `r${register}` });
  }

  /** Goes back over one instruction; the registers whose value it made are given up and returned. */
  before(session: DebugSession, { pc, before, after }: TracePoint): readonly number[] {
    const instruction = session.machine.instruction(pc);
    const here = before.frames.length - 1;
    const next = after.frames.length - 1;
    const made: number[] = [];
    const { writes } = registerEffects(instruction, () => 5);
    // Calls leave nothing in r1 to r5: what was there is destroyed, not made.
    const written = instruction.kind === 'call' || instruction.kind === 'call_btf' || instruction.kind === 'callx' ? writes & 1 : writes;
    const stored = storedPlace(instruction, before);
    for (const [register, { depth, subject }] of this.places) {
      const number = subject.startsWith('r') ? Number(subject.slice(1)) : undefined;
      if (next > here) {
        // Into a called function: its r1 to r5 are the caller's.
        if (depth === next) this.put(register, number !== undefined && number <= 5 ? { depth: here, subject } : undefined, made);
      } else if (next < here) {
        if (depth === next && number === 0) this.put(register, { depth: here, subject: 'r0' }, made);
      } else if (depth === here && (number === undefined ? subject === stored : (written & (1 << number)) !== 0)) {
        const source = copiedFrom(instruction, before);
        this.put(register, source === undefined ? undefined : { depth: here, subject: source }, made);
      }
    }
    return made;
  }

  private put(register: number, carrier: Carrier | undefined, made: number[]): void {
    if (carrier === undefined) {
      this.places.delete(register);
      made.push(register);
    } else this.places.set(register, carrier);
  }

  /** The values in a state; undefined where one of `registers` has none there. */
  values(state: State, registers: readonly number[]): ReadonlyMap<number, Value | undefined> | undefined {
    const values = new Map<number, Value | undefined>();
    for (const register of registers) {
      const carrier = this.places.get(register);
      if (carrier === undefined) return undefined;
      values.set(register, valueAt(state, carrier));
    }
    return values;
  }
}

/** Follows back along a path what values were made from: all places that went into them. */
export class Ingredients {
  private readonly found = new Map<string, Carrier>();

  constructor(registers: readonly number[], depth: number) {
    for (const register of registers) this.put({ depth, subject: `r${register}` });
  }

  get places(): readonly Carrier[] {
    return [...this.found.values()];
  }

  has(depth: number, subject: string): boolean {
    return this.found.has(`${depth}:${subject}`);
  }

  private put(carrier: Carrier): void {
    this.found.set(`${carrier.depth}:${carrier.subject}`, carrier);
  }

  /** Goes back over one instruction. */
  before({ machine }: DebugSession, { pc, before, after }: TracePoint): void {
    const instruction = machine.instruction(pc);
    const here = before.frames.length - 1;
    const next = after.frames.length - 1;
    const { writes } = registerEffects(instruction, () => 5);
    const stored = storedPlace(instruction, before);
    for (const [key, { depth, subject }] of [...this.found]) {
      const number = subject.startsWith('r') ? Number(subject.slice(1)) : undefined;
      const crosses = next !== here && depth === next && number !== undefined && (next > here ? number <= 5 : number === 0);
      const written = next === here && depth === here && (number === undefined ? subject === stored : (writes & (1 << number)) !== 0);
      if (!crosses && !written) continue;
      this.found.delete(key);
      const sources = crosses ? [subject] : number === undefined ? [copiedFrom(instruction, before)] : sourcesOf(instruction, before);
      for (const source of sources) if (source !== undefined) this.put({ depth: here, subject: source });
    }
  }
}

/** What a state holds at a place. */
export function valueAt(state: State, { depth, subject }: Carrier): Value | undefined {
  const frame = state.frames[depth];
  if (frame === undefined) return undefined;
  if (subject.startsWith('r')) return frame.registers[Number(subject.slice(1))];
  return frame.stack.cells.get(frame.stack.size + Number(subject.slice(2)))?.value;
}

/** A point where the need held and behind which it does not. */
export interface Loss {
  /** `join`: merging lost it. `widening`: merging the turns of a loop did. `call`: a call did. `change`: another instruction did. */
  readonly kind: 'join' | 'widening' | 'call' | 'change';
  readonly point: TracePoint;
  /** For a join: where paths meet. */
  readonly joined: Node | undefined;
  readonly carriers: ReadonlyMap<number, Carrier>;
}

/** Points looked at on the way back. */
const MAX_POINTS = 5000;

const CALLS: ReadonlySet<string> = new Set(['call', 'call_btf', 'callx', 'call_local', 'exit']);

/** The last point before the current one where the need held; undefined where it never did while the values existed. */
export function* lastLoss(session: DebugSession, need: Need): Steps<Loss | undefined> {
  const carriers = new Carriers(need.registers, session.state.frames.length - 1);
  const holds = (state: State) => {
    const values = carriers.values(state, need.registers);
    return values !== undefined && need.holds(state, values);
  };
  let budget = MAX_POINTS;
  let behind = session.node;
  for (const point of session.earlier()) {
    if (budget-- === 0) return undefined;
    yield;
    const { before, after, merged, pc } = point;
    const places = () => new Map(carriers.places);
    if (merged !== undefined && holds(after)) {
      return { kind: merged.generalisations > 0 ? 'widening' : 'join', point, joined: behind, carriers: places() };
    }
    behind = point.node;
    if (carriers.before(session, point).length > 0) return undefined;
    if (holds(before))
      return { kind: CALLS.has(session.machine.instruction(pc).kind) ? 'call' : 'change', point, joined: undefined, carriers: places() };
  }
  return undefined;
}
