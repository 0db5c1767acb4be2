import type { Instruction } from '../isa/instruction.ts';
import type { Node } from '../verifier/explore.ts';
import { registerEffects } from '../verifier/liveness.ts';
import type { Machine } from '../verifier/machine.ts';
import { constantValue } from '../verifier/number/index.ts';
import type { State } from '../verifier/state.ts';
import { type AspectName, watchedWords } from './aspect.ts';
import type { Fact } from './facts.ts';
import { factsOf } from './facts.ts';

/** One instruction that was executed on the way to a point. */
export interface TracePoint {
  /** Instructions of the path before it. */
  readonly index: number;
  readonly node: Node;
  /** Where the instruction ends its block: the one that the path goes on in. */
  readonly next: Node | undefined;
  readonly pc: number;
  readonly before: State;
  /** Behind the instruction, before anything was merged. */
  readonly after: State;
  /** Where the next block's head is a merged state: that one. */
  readonly merged: State | undefined;
}

/**
 * What happened to a value. `made`: an instruction gave it its content. `narrowed`: a branch told more about it. `merged`: paths met and less was
 * known behind. `copied`: it moved from one place to another. `lost`: it became unusable.
 */
export type EventKind = 'made' | 'copied' | 'narrowed' | 'merged' | 'lost';

/** Something that happened on the path to a value that matters. */
export interface StoryEvent {
  readonly kind: EventKind;
  /** Instructions of the path before it. */
  readonly index: number;
  readonly pc: number;
  /** The place and what was known of it afterwards: `r1`, `packet + 0, 14 bytes proved`. */
  readonly subject: string;
  readonly words: string;
  /** What was known before, for what was narrowed or merged. */
  readonly before: string | undefined;
}

/** A place that matters, in one active function (0 is the program's own). */
interface Place {
  readonly depth: number;
  readonly subject: string;
}

/** Instructions looked at before a story is cut. */
const MAX_TRACE = 4_000;

/**
 * The story of some places, oldest event first: what they were made from, which branches told more about them, where merging paths lost something.
 * A backward slice over the path along data, with the facts of the verifier's own states.
 *
 * @param trace instructions before the point, newest first.
 * @param depth of the function that is active at the point, 0 for the program's own.
 * @param subjects `r1`, or `fp-16` where a stored value begins.
 * @param aspect only what changed this of a place is told, besides what made it.
 */
export function storyOf(
  machine: Machine,
  trace: Iterable<TracePoint>,
  depth: number,
  subjects: readonly string[],
  aspect?: AspectName,
): readonly StoryEvent[] {
  const tracked = new Map<string, Place>();
  const events: StoryEvent[] = [];
  const track = (place: Place) => tracked.set(`${place.depth}:${place.subject}`, place);
  const isTracked = (at: number, subject: string) => tracked.has(`${at}:${subject}`);
  const drop = (at: number, subject: string) => tracked.delete(`${at}:${subject}`);
  for (const subject of subjects) track({ depth, subject });
  let budget = MAX_TRACE;
  for (const point of trace) {
    if (tracked.size === 0 || budget-- === 0) break;
    const { index, pc, before, after, merged } = point;
    const instruction = machine.instruction(pc);
    const here = before.frames.length - 1;
    const next = after.frames.length - 1;
    if (merged !== undefined) events.push(...differences('merged', machine, point, tracked, after, merged, aspect));
    if (next > here) {
      for (let r = 1; r <= 5; r++) {
        if (!isTracked(next, `r${r}`)) continue;
        drop(next, `r${r}`);
        // A callback gets its arguments from the helper, a function its caller's.
        if (instruction.kind === 'call_local') track({ depth: here, subject: `r${r}` });
        else events.push({ kind: 'made', index, pc, subject: `r${r}`, words: wordsOf(machine, after, `r${r}`), before: undefined });
      }
      continue;
    }
    if (next < here) {
      if (isTracked(next, 'r0')) {
        drop(next, 'r0');
        track({ depth: here, subject: 'r0' });
      }
      continue;
    }
    if (instruction.kind === 'branch') {
      events.push(...differences('narrowed', machine, point, tracked, before, after, aspect));
      continue;
    }
    const { writes } = registerEffects(instruction, () => 5);
    for (let r = 0; r < 10; r++) {
      if ((writes & (1 << r)) === 0 || !isTracked(here, `r${r}`)) continue;
      const made = factsOf(machine, after).find(({ subject }) => subject === `r${r}`);
      const sources = sourcesOf(instruction, before);
      events.push({ kind: kindOf(instruction, made, sources), index, pc, subject: `r${r}`, words: made?.words ?? 'not usable', before: undefined });
      drop(here, `r${r}`);
      for (const subject of sources) track({ depth: here, subject });
    }
    const stored = storedPlace(instruction, before);
    if (stored !== undefined && isTracked(here, stored)) {
      drop(here, stored);
      const fact = factsOf(machine, after).find(({ subject }) => subject.split('..')[0] === stored);
      events.push({ kind: 'copied', index, pc, subject: fact?.subject ?? stored, words: fact?.words ?? 'written', before: undefined });
      if (instruction.kind === 'store' && instruction.source.kind === 'register') track({ depth: here, subject: `r${instruction.source.register}` });
    }
  }
  return events.reverse();
}

function wordsOf(machine: Machine, state: State, place: string): string {
  return factsOf(machine, state).find(({ subject }) => subject === place)?.words ?? 'not usable';
}

/** Tracked places of which something else is known in another state of the same function. */
function differences(
  kind: EventKind,
  machine: Machine,
  { index, pc }: TracePoint,
  tracked: ReadonlyMap<string, Place>,
  before: State,
  after: State,
  aspect: AspectName | undefined,
): StoryEvent[] {
  const depth = after.frames.length - 1;
  if (before.frames.length !== after.frames.length || !mayDiffer(tracked, depth, before, after)) return [];
  const old = new Map(factsOf(machine, before).map((fact) => [fact.subject, fact.words]));
  return factsOf(machine, after).flatMap(({ subject, words }) => {
    const was = old.get(subject);
    const first = subject.split('..')[0]!;
    if (!tracked.has(`${depth}:${first}`) || was === undefined || was === words) return [];
    const meant = { subject: first, aspect };
    if (aspect !== undefined && watchedWords(machine, before, meant) === watchedWords(machine, after, meant)) return [];
    return [{ kind, index, pc, subject, words, before: was }];
  });
}

/** A cheap necessary condition: values that nothing was learnt of stay the same objects. */
function mayDiffer(tracked: ReadonlyMap<string, Place>, depth: number, before: State, after: State): boolean {
  if (before.constraints !== after.constraints) return true;
  const a = before.frames[depth]!;
  const b = after.frames[depth]!;
  for (const { depth: at, subject } of tracked.values()) {
    if (at !== depth) continue;
    if (subject.startsWith('r') ? a.registers[Number(subject.slice(1))] !== b.registers[Number(subject.slice(1))] : a.stack !== b.stack) return true;
  }
  return false;
}

function kindOf(instruction: Instruction, made: Fact | undefined, sources: readonly string[]): EventKind {
  if (made === undefined || made.value?.kind === 'invalid') return 'lost';
  const copies = (instruction.kind === 'binary' && instruction.operator === 'mov') || instruction.kind === 'load';
  return copies && sources.length === 1 ? 'copied' : 'made';
}

/** Places (`r2`, `fp-8`) whose content goes into what the instruction writes; none for what comes from outside the program. */
export function sourcesOf(instruction: Instruction, before: State): readonly string[] {
  switch (instruction.kind) {
    case 'binary': {
      const source = instruction.source.kind === 'register' ? [`r${instruction.source.register}`] : [];
      return instruction.operator === 'mov' ? source : [`r${instruction.dst}`, ...source];
    }
    case 'movsx':
    case 'cast':
      return [`r${instruction.src}`];
    case 'negate':
    case 'swap':
      return [`r${instruction.dst}`];
    case 'load':
    case 'load_acquire': {
      const place = framePlaceOf(before, instruction.src, instruction.offset);
      return place === undefined ? [] : [place];
    }
    default:
      return [];
  }
}

/** The place whose whole content the instruction copies unchanged, into a register or a stack cell; undefined where it does more. */
export function copiedFrom(instruction: Instruction, before: State): string | undefined {
  switch (instruction.kind) {
    case 'binary':
      return instruction.operator === 'mov' && instruction.width === 64 && instruction.source.kind === 'register'
        ? `r${instruction.source.register}`
        : undefined;
    case 'load':
      return instruction.size === 8 ? framePlaceOf(before, instruction.src, instruction.offset) : undefined;
    case 'store':
      return instruction.size === 8 && instruction.source.kind === 'register' ? `r${instruction.source.register}` : undefined;
    default:
      return undefined;
  }
}

/** The stack place that a store writes, `fp-8`; undefined where the instruction stores elsewhere. */
export function storedPlace(instruction: Instruction, before: State): string | undefined {
  return instruction.kind === 'store' ? framePlaceOf(before, instruction.dst, instruction.offset) : undefined;
}

/** `fp-8` where a register and an offset name a fixed place in the current frame. */
export function framePlaceOf(state: State, register: number, offset: number): string | undefined {
  const value = state.registers[register];
  if (value?.kind !== 'stack' || value.tag !== state.frames.length - 1) return undefined;
  const at = constantValue(value.range);
  return at === undefined ? undefined : `fp${Number(at) + offset}`;
}
