import { conditionText } from '../../isa/format.ts';
import type { Binary, Branch, Comparison, Instruction, Load, Register } from '../../isa/instruction.ts';
import { executeBinary } from '../../verifier/alu.ts';
import { executeBranch, NEGATED } from '../../verifier/branch.ts';
import { MAX_PACKET_SIZE } from '../../verifier/constraints.ts';
import { applyAssumption, type Node } from '../../verifier/explore.ts';
import { writesOf } from '../../verifier/provenance.ts';
import type { State } from '../../verifier/state.ts';
import type { Steps } from '../../verifier/steps.ts';
import { PACKET_SIZE, type Value } from '../../verifier/value.ts';
import { factsOf } from '../facts.ts';
import { instructionText } from '../instruction-text.ts';
import type { DebugSession } from '../session.ts';
import type { SourceLine } from '../source.ts';
import type { TracePoint } from '../story.ts';
import { valueWords } from '../words.ts';
import { least } from './bounds.ts';
import { type Carrier, Carriers, claimNeed, holdsIn, Ingredients, type Loss, lastLoss, type Need, valueAt } from './need.ts';

/**
 * Why something is not known. `none`: nothing checks it. `too short`: a check is about it and says too little. `wrong pointer`: a check would do, about
 * another value or an earlier read of it. `wrong width`: a check compares only the low 32 bits. `another path`: a check does it on the way that is not this one. The rest: it was
 * known, and then lost.
 */
export type MissingProof =
  | 'none'
  | 'wrong pointer'
  | 'too short'
  | 'on another path'
  | 'lost at a join'
  | 'lost by a call'
  | 'wrong width'
  | 'lost by a change';

/** An instruction of the path that an answer points at. */
export interface Pointed {
  /** Instructions of the path before it. */
  readonly index: number;
  readonly pc: number;
  readonly text: string;
  readonly source: SourceLine | undefined;
}

/** A way into a join, and whether what is asked for held on it. */
export interface WayHeld {
  readonly number: number;
  /** The instruction that leads there. */
  readonly pc: number;
  readonly source: SourceLine | undefined;
  readonly holds: boolean;
}

export interface WhyNot {
  readonly need: string;
  /** It is known after all. */
  readonly holds: boolean;
  /** Undefined where it holds. */
  readonly reason: MissingProof | undefined;
  /** The check that comes nearest, or what lost it. */
  readonly at: Pointed | undefined;
  /** One or two sentences. */
  readonly words: string;
  /** For a join: the ways into it. */
  readonly ways: readonly WayHeld[];
}

/** Tells why a need does not hold before the current instruction, on this path. The session stays where it is; it gives way between the points of the path. */
export function* whyNotSteps(session: DebugSession, need: Need): Steps<WhyNot> {
  const answer = (reason: MissingProof | undefined, point: TracePoint | undefined, words: string, ways: readonly WayHeld[] = []): WhyNot => ({
    need: need.text,
    holds: reason === undefined,
    reason,
    at: point && pointed(session, point),
    words,
    ways,
  });
  if (holdsIn(need, session.state)) return answer(undefined, undefined, 'The verifier knows it.');
  const loss = yield* lastLoss(session, need);
  if (loss !== undefined) {
    const { kind, point } = loss;
    const ways = loss.joined === undefined ? [] : waysHeld(session, need, loss.joined, loss.carriers);
    return answer(LOSSES[kind], point, lossWords(session, loss, ways), ways);
  }
  const near = yield* nearestCheck(session, need);
  if (near !== undefined) return answer(near.reason, near.point, near.words);
  const moved = yield* packetLoss(session, need);
  if (moved !== undefined)
    return answer('lost by a call', moved, `Enough of the packet was known until the call at ${placeWords(session, moved.pc)}, which may move it.`);
  const other = yield* otherWay(session, need);
  if (other !== undefined) return answer('on another path', other.point, other.words, other.ways);
  return answer('none', undefined, 'Nothing on this path checks it.');
}

function pointed(session: DebugSession, { index, pc }: { readonly index: number; readonly pc: number }): Pointed {
  return { index, pc, text: instructionText(session.machine, session.machine.instruction(pc), pc), source: session.source.at(pc) };
}

function placeWords(session: DebugSession, pc: number): string {
  const source = session.source.at(pc);
  return source === undefined || source.line === 0 ? `instruction ${pc}` : `instruction ${pc} (line ${source.line})`;
}

// --- lost -------------------------------------------------------------------------------------------------------------------------------

const LOSSES: Record<Loss['kind'], MissingProof> = {
  join: 'lost at a join',
  widening: 'lost at a join',
  call: 'lost by a call',
  change: 'lost by a change',
};

function lossWords(session: DebugSession, { kind, point, joined }: Loss, ways: readonly WayHeld[]): string {
  const at = placeWords(session, point.pc);
  if (joined === undefined) return `It held until ${kind === 'call' ? 'the call at ' : ''}${at}.`;
  const head = `instruction ${joined.block.start}`;
  if (kind === 'widening') return `It held in the turns of the loop at ${head} as they are; merging them, as more and more came, lost it.`;
  const missing = ways.filter(({ holds }) => !holds);
  const which = missing.map(({ pc }) => placeWords(session, pc)).join(', ');
  return missing.length === 0
    ? `It holds on every way to ${head}, but what is known of them together does not say so.`
    : `It held on this path until ${head}, where it meets ${missing.length === 1 ? 'another way' : `${missing.length} other ways`} without it: from ${which}.`;
}

function waysHeld(session: DebugSession, need: Need, joined: Node, carriers: ReadonlyMap<number, Carrier>): readonly WayHeld[] {
  return session.waysOf(joined).map(({ from, arrived }, index) => ({
    number: index + 1,
    pc: from.block.last,
    source: session.source.at(from.block.last),
    holds: need.holds(arrived, new Map(need.registers.map((register) => [register, carried(arrived, carriers.get(register))]))),
  }));
}

function carried(state: State, carrier: Carrier | undefined): Value | undefined {
  return carrier === undefined ? undefined : valueAt(state, carrier);
}

/** The call on this path behind which the packet's length, which would be enough for the need, was no longer known; undefined where it never was. */
function* packetLoss(session: DebugSession, need: Need): Steps<TracePoint | undefined> {
  const enough = yield* least(MAX_PACKET_SIZE, (bytes) => {
    const state = session.state.clone();
    return applyAssumption(session.machine, state, session.pc, { kind: 'packet', bytes }) && holdsIn(need, state);
  });
  if (enough === undefined || need.registers.length === 0) return undefined;
  const loss = yield* lastLoss(session, claimNeed(session, '', session.pc, { kind: 'packet', bytes: enough }));
  return loss?.kind === 'call' ? loss.point : undefined;
}

// --- checks -----------------------------------------------------------------------------------------------------------------------------

interface Near {
  readonly reason: MissingProof;
  readonly point: TracePoint;
  readonly words: string;
}

/** Branches and masks tried as other ones. */
const MAX_TRIES = 40;
/** Instructions looked at. */
const MAX_POINTS = 5000;

/** The branch of the path that comes nearest to proving it, by what it would prove were it another one. */
function* nearestCheck(session: DebugSession, need: Need): Steps<Near | undefined> {
  const carriers = new Carriers(need.registers, session.state.frames.length - 1);
  const ingredients = new Ingredients(need.registers, session.state.frames.length - 1);
  const found = new Map<MissingProof, Near>();
  let mask: Near | undefined;
  let reread: Near | undefined;
  const loads: LoadPoint[] = [];
  let tries = 0;
  let budget = MAX_POINTS;
  for (const point of session.earlier()) {
    if (budget-- === 0 || tries >= MAX_TRIES) break;
    yield;
    const instruction = session.machine.instruction(point.pc);
    let near: Near | undefined;
    if (instruction.kind === 'branch') {
      tries++;
      near = comparedTo(session, need, point, instruction, carriers, ingredients.places);
      reread ??= near === undefined ? rereadAfter(session, need, point, instruction, loads) : undefined;
    } else {
      if (instruction.kind === 'load' && ingredients.has(point.before.frames.length - 1, `r${instruction.dst}`))
        loads.push({ point, load: instruction });
      if (isMask(instruction)) {
        tries++;
        mask ??= maskedBy(session, need, point, instruction);
      }
      carriers.before(session, point);
      ingredients.before(session, point);
    }
    // The nearest check about the right thing is the answer.
    if (near?.reason === 'wrong width' || near?.reason === 'too short') return near;
    if (near !== undefined && !found.has(near.reason)) found.set(near.reason, near);
  }
  // A check says more than a mask, which need not have been meant as one.
  return mask ?? reread ?? found.get('on another path') ?? found.get('wrong pointer');
}

/** A load that the value in question was made from. */
interface LoadPoint {
  readonly point: TracePoint;
  readonly load: Load;
}

/** Whether a check of what an earlier load read would prove it, had it been about what the same load read again. */
function rereadAfter(session: DebugSession, need: Need, point: TracePoint, branch: Branch, loads: readonly LoadPoint[]): Near | undefined {
  if (loads.length === 0 || branch.source.kind !== 'immediate') return undefined;
  const made = session.aside(() => {
    session.gotoIndex(point.index);
    for (const earlier of session.earlier()) {
      const instruction = session.machine.instruction(earlier.pc);
      if (point.before.frames.length === earlier.before.frames.length && writesOf(instruction).sets === branch.dst)
        return { point: earlier, instruction };
    }
    return undefined;
  });
  if (made?.instruction.kind !== 'load') return undefined;
  const { instruction: first } = made;
  const base = made.point.before.registers[first.src];
  for (const { point: again, load } of loads) {
    const other = again.before.registers[load.src];
    const same =
      load.offset === first.offset && load.size === first.size && base !== undefined && base.kind === other?.kind && base.tag === other.tag;
    if (!same || base.identity !== other.identity || base.symbol !== other.symbol || base.offset !== other.offset) continue;
    const taken = point.next?.block.id === point.node.block.successors[0];
    const outcome = executeBranch(session.machine, again.after.clone(), again.pc, { ...branch, dst: load.dst });
    session.machine.takeFindings();
    const state = taken ? outcome.taken : outcome.fallthrough;
    const arrived = state === undefined ? undefined : session.runHere(again.index + 1, state);
    if (arrived === undefined || !holdsIn(need, arrived)) continue;
    const words = `The check at ${placeWords(session, point.pc)}, ${conditionText(branch)}, is about what was read before; ${placeWords(session, again.pc)} reads it again, and it may have changed.`;
    return { reason: 'wrong pointer', point, words };
  }
  return undefined;
}

function isMask(instruction: Instruction): instruction is Binary {
  return instruction.kind === 'binary' && instruction.operator === 'and' && instruction.source.kind === 'immediate';
}

/** Whether a mask that kept less would prove it. */
function maskedBy(session: DebugSession, need: Need, point: TracePoint, mask: Binary): Near | undefined {
  const state = point.before.clone();
  executeBinary(session.machine, state, point.pc, { ...mask, source: { kind: 'immediate', value: 0 } });
  session.machine.takeFindings();
  const arrived = session.runHere(point.index + 1, state);
  if (arrived === undefined || !holdsIn(need, arrived)) return undefined;
  const kept = factsOf(session.machine, point.after).find(({ subject }) => subject === `r${mask.dst}`)?.words ?? 'any number';
  return {
    reason: 'too short',
    point,
    words: `The mask at ${placeWords(session, point.pc)} is about it and keeps too much. Behind it: r${mask.dst}: ${kept}.`,
  };
}

function comparedTo(
  session: DebugSession,
  need: Need,
  point: TracePoint,
  branch: Branch,
  carriers: Carriers,
  ingredients: readonly Carrier[],
): Near | undefined {
  const { before, after } = point;
  const taken = point.next?.block.id === point.node.block.successors[0];
  const provesWith = (instruction: Branch, side: boolean, change?: Change) => {
    const state = before.clone();
    change?.(state);
    const outcome = executeBranch(session.machine, state, point.pc, instruction);
    session.machine.takeFindings();
    const behind = side ? outcome.taken : outcome.fallthrough;
    return behind !== undefined && provesHere(session, need, point, behind, side === taken, carriers);
  };
  const at = placeWords(session, point.pc);
  const condition = conditionText(branch);
  if (branch.width === 32 && provesWith({ ...branch, width: 64 }, taken))
    return { reason: 'wrong width', point, words: `The check at ${at}, ${condition}, compares only the low 32 bits; with all 64 it would do.` };
  const told = toldAbout(session, before, after, ingredients, need);
  if (told !== undefined && strongerOnes(session, point.pc, branch).some(([other, change]) => provesWith(other, taken, change)))
    return { reason: 'too short', point, words: `The check at ${at}, ${condition}, is about it and does not say enough. Behind it: ${told}.` };
  if (provesWith(branch, !taken)) {
    const holding = conditionText(taken ? { ...branch, comparison: NEGATED[branch.comparison] } : branch);
    return { reason: 'on another path', point, words: `The check at ${at} proves it only where ${holding}; on this path it is the other way round.` };
  }
  const other = wrongOperand(session, need, point, branch, carriers, (instruction, change) => provesWith(instruction, taken, change));
  return other === undefined
    ? undefined
    : { reason: 'wrong pointer', point, words: `The check at ${at}, ${condition}, would do, but it is about ${other}.` };
}

/** Whether the need holds in a state behind a branch or, along this path, at its point. */
function provesHere(session: DebugSession, need: Need, point: TracePoint, state: State, samePath: boolean, carriers: Carriers): boolean {
  const values = carriers.values(state, need.registers);
  if (values !== undefined && need.holds(state, values)) return true;
  if (!samePath) return false;
  const arrived = session.runHere(point.index + 1, state);
  return arrived !== undefined && holdsIn(need, arrived);
}

/** What a branch told of the places in question; undefined where it told nothing. */
function toldAbout(session: DebugSession, before: State, after: State, places: readonly Carrier[], need: Need): string | undefined {
  if (need.registers.length === 0 && before.constraints.packetMin === after.constraints.packetMin) return undefined;
  if (need.registers.length === 0) return `the packet has at least ${after.constraints.packetMin} bytes`;
  for (const { depth, subject } of places) {
    const find = (state: State) => factsOf(session.machine, state, depth).find((fact) => fact.subject.split('..')[0] === subject)?.words;
    if (depth >= before.frames.length || depth >= after.frames.length) continue;
    const words = find(after);
    if (words !== undefined && words !== find(before)) return `${subject}: ${words}`;
  }
  return undefined;
}

/** How far behind a pointer the operand of a comparison is tried, in bytes. */
const FAR = 4096;

type Change = (state: State) => void;

function moved(session: DebugSession, pc: number, register: Register): Change {
  return (state) => {
    if (state.registers[register]?.kind !== 'packet') return;
    executeBinary(session.machine, state, pc, {
      kind: 'binary',
      operator: 'add',
      width: 64,
      dst: register,
      source: { kind: 'immediate', value: FAR },
    });
  };
}

/** The same check with a narrower limit, or of all numbers instead of the signed ones; a check of an address with one farther on. */
function strongerOnes(session: DebugSession, pc: number, branch: Branch): readonly (readonly [Branch, Change | undefined])[] {
  const unsigned = UNSIGNED[branch.comparison] ?? branch.comparison;
  const limits = branch.source.kind === 'immediate' ? [branch.source.value, 1, 0] : [1, 0];
  const numbers = limits.flatMap((value) =>
    [branch.comparison, unsigned].map((comparison) => [{ ...branch, comparison, source: { kind: 'immediate', value } }, undefined] as const),
  );
  const addresses = [branch.dst, ...(branch.source.kind === 'register' ? [branch.source.register] : [])];
  return [...addresses.map((register) => [branch, moved(session, pc, register)] as const), ...numbers];
}

const UNSIGNED: Partial<Record<Comparison, Comparison>> = { sgt: 'gt', sge: 'ge', slt: 'lt', sle: 'le' };

/** The operand of a branch that would prove the need were it about the value in question; undefined where none would. */
function wrongOperand(
  session: DebugSession,
  need: Need,
  { pc, before }: TracePoint,
  branch: Branch,
  carriers: Carriers,
  proves: (instruction: Branch, change: Change) => boolean,
): string | undefined {
  const operands = [branch.dst, ...(branch.source.kind === 'register' ? [branch.source.register] : [])];
  const depth = before.frames.length - 1;
  for (const register of need.registers) {
    const carrier = carriers.places.get(register);
    const value = carrier === undefined ? undefined : valueAt(before, carrier);
    if (value === undefined || !value.isPointer) continue;
    for (const operand of operands) {
      const compared = before.registers[operand];
      // The packet's end is no pointer that is checked, but what it is checked against.
      if (compared === undefined || compared.kind !== value.kind || compared.symbol === PACKET_SIZE) continue;
      if (carrier!.depth === depth && carrier!.subject === `r${operand}`) continue;
      const far = moved(session, pc, operand);
      const asked: Change = (state) => {
        state.registers[operand] = value;
        far(state);
      };
      if (!proves(branch, asked)) continue;
      return `r${operand} (${valueWords(session.machine, compared, before)})`;
    }
  }
  return undefined;
}

// --- other paths ------------------------------------------------------------------------------------------------------------------------

/** Joins looked at. */
const MAX_JOINS = 24;

/** A join of the path that is also entered over a way on which the need holds. */
function* otherWay(
  session: DebugSession,
  need: Need,
): Steps<{ readonly point: TracePoint; readonly words: string; readonly ways: readonly WayHeld[] } | undefined> {
  const carriers = new Carriers(need.registers, session.state.frames.length - 1);
  let joins = 0;
  for (const point of session.earlier()) {
    yield;
    if (point.next !== undefined && session.atlas!.predecessors(point.next).length > 1) {
      if (++joins > MAX_JOINS) return undefined;
      const ways = waysHeld(session, need, point.next, carriers.places);
      const held = ways.filter(({ holds }) => holds);
      if (held.length > 0) {
        const from = held.map(({ pc }) => placeWords(session, pc)).join(', ');
        const words = `It is known where instruction ${point.next.block.start} is entered from ${from}, and not on this path, which comes from ${placeWords(session, point.pc)}.`;
        return { point, words, ways };
      }
    }
    if (carriers.before(session, point).length > 0) return undefined;
  }
  return undefined;
}
