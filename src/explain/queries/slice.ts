import type { Instruction } from '../../isa/instruction.ts';
import type { Node } from '../../verifier/explore.ts';
import { registerEffects } from '../../verifier/liveness.ts';
import type { State } from '../../verifier/state.ts';
import { atOnce, type Steps } from '../../verifier/steps.ts';
import { factAbout } from '../aspect.ts';
import type { ReplayedStep } from '../replay.ts';
import type { DebugSession } from '../session.ts';
import { framePlaceOf, storedPlace } from '../story.ts';
import { valueWords } from '../words.ts';
import { valueAt } from './need.ts';

/** The instructions that matter to a place, over all paths of the verifier. */
export interface Slice {
  readonly direction: 'back' | 'forward';
  /** The place in question, and the instruction before which it is meant. */
  readonly subject: string;
  readonly pc: number;
  /** Slots, ascending. */
  readonly instructions: readonly number[];
  /** Instructions of the program. */
  readonly total: number;
}

/** A place in one active function, as `depth:subject`. */
type PlaceKey = string;

const keyOf = (depth: number, subject: string): PlaceKey => `${depth}:${subject}`;

/** Blocks looked at before a slice is given up as the whole program. */
const MAX_VISITS = 50_000;

/**
 * What the content of a place, and what is known of it, comes from: the instructions that made it, those that made what they read, and the branches that
 * told more about any of them.
 *
 * @param subject `r6` or `fp-16` of the current function, before the current instruction.
 */
export function sliceBack(session: DebugSession, subject: string): Slice {
  return atOnce(sliceBackSteps(session, subject));
}

/** Like `sliceBack`, giving way between the blocks. */
export function* sliceBackSteps(session: DebugSession, subject: string): Steps<Slice> {
  const found = new Set<number>();
  const atEnd = new Map<Node, Set<PlaceKey>>();
  const work: Node[] = [];
  const reach = (node: Node, places: ReadonlySet<PlaceKey>) => {
    let known = atEnd.get(node);
    if (known === undefined) {
      known = new Set();
      atEnd.set(node, known);
    }
    const before = known.size;
    for (const place of places) known.add(place);
    if (known.size > before) work.push(node);
  };
  const enter = (node: Node, places: ReadonlySet<PlaceKey>) => {
    if (places.size === 0) return;
    for (const from of session.atlas!.predecessors(node)) reach(from, acrossBack(session, from, node, places, found));
  };
  const start = stepsOf(session, session.node);
  const here = start.findIndex(({ pc }) => pc === session.pc);
  const wanted = new Set([keyOf(session.state.frames.length - 1, startOf(session, subject))]);
  enter(session.node, backThrough(session, start.slice(0, Math.max(0, here)), wanted, found, session.state));
  for (let visits = 0; work.length > 0 && visits < MAX_VISITS; visits++) {
    yield;
    const node = work.pop()!;
    const replay = session.replayNode(node);
    if (replay !== undefined) enter(node, backThrough(session, replay.steps, new Set(atEnd.get(node)), found, replay.end));
  }
  return sliceOf(session, 'back', subject, found);
}

/** Where the fact about a stack byte begins. */
function startOf(session: DebugSession, subject: string): string {
  return factAbout(session.facts(), subject)?.subject.split('..')[0] ?? subject;
}

function sliceOf(session: DebugSession, direction: Slice['direction'], subject: string, found: ReadonlySet<number>): Slice {
  const total = session.program.instructions.filter((instruction) => instruction !== undefined).length;
  return { direction, subject, pc: session.pc, instructions: [...found].sort((a, b) => a - b), total };
}

function stepsOf(session: DebugSession, node: Node): readonly ReplayedStep[] {
  return session.replayNode(node)?.steps ?? [];
}

function readsOf(session: DebugSession, instruction: Instruction): number {
  return registerEffects(instruction, (call) => session.machine.calledBy(call)?.arguments.length ?? 5).reads;
}

function addRegisters(places: Set<PlaceKey>, depth: number, registers: number): void {
  for (let r = 0; r < 10; r++) if ((registers & (1 << r)) !== 0) places.add(keyOf(depth, `r${r}`));
}

/** Goes back over the instructions of a block; returns what matters before the first one. */
function backThrough(
  session: DebugSession,
  steps: readonly ReplayedStep[],
  places: Set<PlaceKey>,
  found: Set<number>,
  end: State | undefined,
): ReadonlySet<PlaceKey> {
  for (let at = steps.length - 1; at >= 0; at--) {
    const { pc, before } = steps[at]!;
    const instruction = session.machine.instruction(pc);
    // What happens between functions is the edge's matter.
    if (instruction.kind === 'exit' || instruction.kind === 'call_local') continue;
    const depth = before.frames.length - 1;
    const { writes } = registerEffects(instruction, () => 5);
    let matters = false;
    for (let r = 0; r < 10; r++) if ((writes & (1 << r)) !== 0 && places.delete(keyOf(depth, `r${r}`))) matters = true;
    const stored = storedPlace(instruction, before);
    if (stored !== undefined && places.delete(keyOf(depth, stored))) matters = true;
    if (!matters && (instruction.kind === 'call' || instruction.kind === 'call_btf'))
      matters = fills(session, before, steps[at + 1]?.before ?? end, places);
    if (!matters) continue;
    found.add(pc);
    addRegisters(places, depth, readsOf(session, instruction) & ~(1 << 10));
    const loaded = instruction.kind === 'load' ? framePlaceOf(before, instruction.src, instruction.offset) : undefined;
    if (loaded !== undefined) places.add(keyOf(depth, loaded));
  }
  return places;
}

/** Whether a call changed one of the stack places, which it got the address of. */
function fills(session: DebugSession, before: State, after: State | undefined, places: ReadonlySet<PlaceKey>): boolean {
  const stack = [...places].filter((place) => place.includes(':fp'));
  if (stack.length === 0 || after === undefined) return false;
  return stack.some((place) => told(session, before, after, place));
}

function wordsAt(session: DebugSession, state: State, place: PlaceKey): string | undefined {
  const [depth, subject] = place.split(':');
  const frame = state.frames[Number(depth)];
  if (frame === undefined) return undefined;
  const value = valueAt(state, { depth: Number(depth), subject: subject! });
  if (value !== undefined) return valueWords(session.machine, value, state);
  return subject!.startsWith('r') ? undefined : `byte ${frame.stack.bytes[frame.stack.size + Number(subject!.slice(2))]}`;
}

/** Whether something else is known of a place in another state; most values are the same objects. */
function told(session: DebugSession, before: State, after: State, place: PlaceKey): boolean {
  const [depth, subject] = place.split(':');
  const a = before.frames[Number(depth)];
  const b = after.frames[Number(depth)];
  if (a !== undefined && b !== undefined && before.constraints === after.constraints) {
    const same = subject!.startsWith('r') ? a.registers[Number(subject!.slice(1))] === b.registers[Number(subject!.slice(1))] : a.stack === b.stack;
    if (same) return false;
  }
  return wordsAt(session, before, place) !== wordsAt(session, after, place);
}

/** What matters at the end of a block for what matters at the head of the next one. */
function acrossBack(session: DebugSession, from: Node, to: Node, places: ReadonlySet<PlaceKey>, found: Set<number>): ReadonlySet<PlaceKey> {
  const pc = from.block.last;
  const instruction = session.machine.instruction(pc);
  const end = session.replayNode(from)?.end;
  const depth = (end?.frames.length ?? 1) - 1;
  if (instruction.kind === 'call_local') {
    const entered = keyOf(depth + 1, '');
    const passed = [...places].filter((place) => !place.startsWith(entered));
    const given = [...places].filter((place) => place.startsWith(`${entered}r`) && Number(place.slice(entered.length + 1)) <= 5);
    if (given.length > 0) found.add(pc);
    return new Set([...passed, ...given.map((place) => keyOf(depth, place.slice(entered.length)))]);
  }
  if (instruction.kind === 'exit') {
    const result = keyOf(depth - 1, 'r0');
    if (!places.has(result)) return places;
    found.add(pc);
    return new Set([...[...places].filter((place) => place !== result), keyOf(depth, 'r0')]);
  }
  if (instruction.kind !== 'branch' || end === undefined) return places;
  const after = session.crossing(from, to);
  if (after === undefined || ![...places].some((place) => told(session, end, after, place))) return places;
  found.add(pc);
  const more = new Set(places);
  addRegisters(more, depth, readsOf(session, instruction) & ~(1 << 10));
  return more;
}

/**
 * Who uses a place: the instructions that read it after the current one, directly or through what was made from it. Gives way between the blocks.
 *
 * @param subject `r6` or `fp-16` of the current function, before the current instruction.
 */
export function* sliceForwardSteps(session: DebugSession, subject: string): Steps<Slice> {
  const found = new Set<number>();
  const atHead = new Map<Node, Set<PlaceKey>>();
  const work: Node[] = [];
  const leave = (node: Node, places: ReadonlySet<PlaceKey>) => {
    if (places.size === 0) return;
    for (const next of session.atlas!.successors(node)) {
      const known = atHead.get(next) ?? new Set();
      const before = known.size;
      for (const place of acrossForward(session, node, places, found)) known.add(place);
      atHead.set(next, known);
      if (known.size > before) work.push(next);
    }
  };
  const start = stepsOf(session, session.node);
  const here = start.findIndex(({ pc }) => pc === session.pc);
  const wanted = new Set([keyOf(session.state.frames.length - 1, startOf(session, subject))]);
  leave(session.node, forwardThrough(session, start.slice(Math.max(0, here)), wanted, found));
  for (let visits = 0; work.length > 0 && visits < MAX_VISITS; visits++) {
    yield;
    const node = work.pop()!;
    leave(node, forwardThrough(session, stepsOf(session, node), new Set(atHead.get(node)), found));
  }
  return sliceOf(session, 'forward', subject, found);
}

/** Goes forward over the instructions of a block; returns what was made from the places by its end. */
function forwardThrough(session: DebugSession, steps: readonly ReplayedStep[], places: Set<PlaceKey>, found: Set<number>): ReadonlySet<PlaceKey> {
  for (const { pc, before } of steps) {
    const instruction = session.machine.instruction(pc);
    const depth = before.frames.length - 1;
    if (instruction.kind === 'call_local') continue;
    const reads = readsOf(session, instruction);
    const loaded = instruction.kind === 'load' ? framePlaceOf(before, instruction.src, instruction.offset) : undefined;
    const uses = loaded !== undefined && places.has(keyOf(depth, loaded)) ? true : readsAny(places, depth, reads);
    if (uses) found.add(pc);
    const { writes } = registerEffects(instruction, () => 5);
    for (let r = 0; r < 10; r++) {
      if ((writes & (1 << r)) === 0) continue;
      // Of what a call leaves only r0 is made from its arguments.
      if (uses && (r === 0 || (writes & (writes - 1)) === 0)) places.add(keyOf(depth, `r${r}`));
      else places.delete(keyOf(depth, `r${r}`));
    }
    const stored = storedPlace(instruction, before);
    if (stored !== undefined) {
      const value = instruction.kind === 'store' && instruction.source.kind === 'register' ? instruction.source.register : undefined;
      if (value !== undefined && places.has(keyOf(depth, `r${value}`))) places.add(keyOf(depth, stored));
      else places.delete(keyOf(depth, stored));
    }
  }
  return places;
}

function readsAny(places: ReadonlySet<PlaceKey>, depth: number, registers: number): boolean {
  for (let r = 0; r < 10; r++) if ((registers & (1 << r)) !== 0 && places.has(keyOf(depth, `r${r}`))) return true;
  return false;
}

/** The places as the next block's function names them. */
function acrossForward(session: DebugSession, from: Node, places: ReadonlySet<PlaceKey>, found: Set<number>): ReadonlySet<PlaceKey> {
  const pc = from.block.last;
  const { kind } = session.machine.instruction(pc);
  const depth = (session.replayNode(from)?.end?.frames.length ?? 1) - 1;
  if (kind !== 'call_local' && kind !== 'exit') return places;
  const here = keyOf(depth, '');
  const kept = [...places].filter((place) => !place.startsWith(`${here}r`) || (kind === 'call_local' && Number(place.slice(here.length + 1)) > 5));
  const handed = [...places].filter(
    (place) => place.startsWith(`${here}r`) && (kind === 'exit' ? place === keyOf(depth, 'r0') : isArgument(place.slice(here.length + 1))),
  );
  if (handed.length > 0) found.add(pc);
  const next = kind === 'exit' ? depth - 1 : depth + 1;
  return new Set([
    ...kept.filter((place) => kind !== 'exit' || !place.startsWith(here)),
    ...handed.map((place) => keyOf(next, place.slice(here.length))),
  ]);
}

function isArgument(register: string): boolean {
  return Number(register) >= 1 && Number(register) <= 5;
}
