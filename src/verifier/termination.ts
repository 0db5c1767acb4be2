import type { Node } from './explore.ts';
import type { Machine } from './machine.ts';
import { add, type Int, max, min, sub, U64_MAX } from './number/index.ts';
import { findOrigin } from './origins.ts';
import { isExact, type State } from './state.ts';
import type { Value } from './value.ts';

/** A register or stack cell by which a loop may count: "r3", "1:504" (frame 1, index 504). */
type Location = string;

/** By how much the content of a location differs from what it was when the turn began. */
interface Change {
  readonly min: Int | undefined;
  readonly max: Int | undefined;
  /** What the content was when the turn began, as far as what it is now tells: turns that a later test cuts off began nowhere else. */
  readonly began: { readonly least: Int; readonly most: Int } | undefined;
}

/** One turn of a loop, from one state of its head to another. */
interface Turn {
  readonly from: State;
  readonly to: State;
  /** Undefined: nothing is known of this turn. */
  readonly changes: ReadonlyMap<Location, Change> | undefined;
  readonly bounded: boolean;
}

/**
 * Proves that loops end. A run of the program that never ended would, in the graph of abstract states of some loop head, follow a cycle forever; so
 * every cycle of that graph must let some number grow (or shrink) by at least one per turn between bounds.
 */
export class LoopProgress {
  private readonly machine: Machine;
  private readonly turns = new Map<number, Turn[]>();
  private readonly successors = new Map<State, State>();

  constructor(machine: Machine) {
    this.machine = machine;
  }

  /** A state came (back) to a loop head and is represented by `target` there. */
  arrived(head: Node, arrival: State, target: State): void {
    const origin = findOrigin(arrival.origins, head.id);
    if (origin === undefined) {
      // A turn of which nothing is known proves nothing.
      if (arrival.back) this.record(head.id, { from: target, to: target, changes: undefined, bounded: isCallbackHead(head, this.machine) });
      return;
    }
    this.record(head.id, {
      from: origin.state,
      to: target,
      changes: changesBetween(origin.state, arrival),
      bounded: origin.bounded || isCallbackHead(head, this.machine),
    });
  }

  /** A loop head's state was generalised: what led to it leads to the new one. */
  superseded(old: State, by: State): void {
    this.successors.set(old, by);
  }

  private record(head: number, turn: Turn): void {
    const list = this.turns.get(head);
    if (list === undefined) this.turns.set(head, [turn]);
    else list.push(turn);
  }

  /** Reports loops without a proof; returns the largest trip count proved. */
  conclude(nodes: ReadonlyMap<number, Node>): number {
    let most = 0;
    for (const [id, turns] of this.turns) {
      const node = nodes.get(id)!;
      const alive = new Set(node.processed);
      most = Math.max(most, node.processed.length - 1);
      const current = turns.map((turn) => ({ ...turn, to: this.latest(turn.to, alive) })).filter((turn) => alive.has(turn.from));
      for (const cycle of cycles(current)) {
        const count = this.tripCount(cycle);
        if (count !== undefined && count <= this.limit()) most = Math.max(most, count);
        else if (this.machine.rules.checkTermination) this.report(node, cycle, count);
      }
    }
    return most;
  }

  private limit(): number {
    return this.machine.rules.platform.name === 'linux' ? 1_000_000 : 100_000;
  }

  private latest(state: State, alive: ReadonlySet<State>): State {
    let current = state;
    while (!alive.has(current)) {
      const next = this.successors.get(current);
      if (next === undefined) return current;
      current = next;
    }
    return current;
  }

  private tripCount(cycle: readonly Turn[]): number | undefined {
    const open = cycle.filter((turn) => !turn.bounded);
    if (open.length === 0) return 0;
    const first = open[0]!.changes;
    if (first === undefined) return undefined;
    let best: number | undefined;
    for (const location of first.keys()) {
      const count = countBy(location, open);
      if (count !== undefined && (best === undefined || count < best)) best = count;
    }
    return best;
  }

  private report(node: Node, cycle: readonly Turn[], count: number | undefined): void {
    const { machine } = this;
    const head = node.block.start;
    const state = cycle[0]!.from;
    const stuck =
      cycle.length > 0 &&
      cycle.every((turn) => turn.changes !== undefined && [...turn.changes.values()].every((change) => change.min === 0 && change.max === 0));
    if (stuck) machine.fail('infinite_loop', head, state, { limit: head });
    else machine.fail('loop_unbounded', head, state, { limit: head, ...(count === undefined ? {} : { max: count, distance: count - this.limit() }) });
  }
}

function isCallbackHead(node: Node, machine: Machine): boolean {
  return node.block.loopEnd < 0 && machine.instruction(node.block.start).kind === 'call';
}

function* locations(state: State): Generator<[Location, Value]> {
  for (let index = 0; index < state.frames.length; index++) {
    const frame = state.frames[index]!;
    for (let r = 0; r < 10; r++) {
      const value = frame.registers[r];
      if (value !== undefined) yield [`${index}:r${r}`, value];
    }
    for (const cell of frame.stack.cells.values()) yield [`${index}:${cell.index}/${cell.size}`, cell.value];
  }
}

function valueAt(state: State, location: Location): Value | undefined {
  for (const [name, value] of locations(state)) if (name === location) return value;
  return undefined;
}

function changesBetween(from: State, to: State): ReadonlyMap<Location, Change> {
  const before = new Map(locations(from));
  const changes = new Map<Location, Change>();
  for (const [location, after] of locations(to)) {
    const value = before.get(location);
    if (value === undefined || value.kind !== after.kind || value.tag !== after.tag || value.kind === 'any' || value.kind === 'invalid') continue;
    if (value.symbol === after.symbol) {
      const delta = sub(after.offset, value.offset);
      changes.set(location, { min: delta, max: delta, began: begin(value, after, delta, delta) });
      continue;
    }
    const most = to.upperDifference(after, value);
    const least = to.upperDifference(value, after);
    if (most === undefined && least === undefined) continue;
    const smallest = least === undefined ? undefined : sub(0, least);
    changes.set(location, { min: smallest, max: most, began: begin(value, after, smallest, most) });
  }
  return changes;
}

/** The content before a change by `smallest` to `largest` to what is now `after`, where none of it wraps around. */
function begin(before: Value, after: Value, smallest: Int | undefined, largest: Int | undefined): Change['began'] {
  if (smallest === undefined || largest === undefined || !isExact(before) || !isExact(after)) return undefined;
  const { smin, smax } = before.range;
  return { least: max(sub(after.range.smin, largest), smin), most: min(sub(after.range.smax, smallest), smax) };
}

/** How many turns the location allows, where it moves one way in every turn; undefined where it does not. */
function countBy(location: Location, turns: readonly Turn[]): number | undefined {
  let step: Int | undefined;
  let direction = 0;
  let longest: Int = 0;
  let low: Int | undefined;
  let high: Int | undefined;
  for (const turn of turns) {
    const change = turn.changes?.get(location);
    if (change === undefined) return undefined;
    const up = change.min !== undefined && change.min >= 1;
    const down = change.max !== undefined && change.max <= -1;
    const way = up ? 1 : down ? -1 : 0;
    if (way === 0 || (direction !== 0 && way !== direction)) return undefined;
    direction = way;
    const size = up ? change.min! : sub(0, change.max!);
    if (step === undefined || size < step) step = size;
    const leap = up ? change.max : change.min === undefined ? undefined : sub(0, change.min);
    if (leap !== undefined && leap > longest) longest = leap;
    const value = valueAt(turn.from, location)!;
    const { smin, smax, umin, umax } = value.range;
    const signed = change.began ?? { least: smin, most: smax };
    const useSigned = sub(signed.most, signed.least) <= sub(umax, umin);
    const least = useSigned ? signed.least : umin;
    const most = useSigned ? signed.most : umax;
    if (low === undefined || least < low) low = least;
    if (high === undefined || most > high) high = most;
  }
  if (step === undefined || low === undefined || high === undefined) return undefined;
  // A step that wraps around could land within the bounds again.
  if (add(sub(high, low), longest) > U64_MAX) return undefined;
  return Math.ceil(Number(sub(high, low)) / Number(step)) + 1;
}

/** The strongly connected parts of the graph of turns that contain a cycle, as the turns inside them. */
function cycles(turns: readonly Turn[]): Turn[][] {
  const index = new Map<State, number>();
  const low = new Map<State, number>();
  const edges = new Map<State, Turn[]>();
  for (const turn of turns) {
    const list = edges.get(turn.from);
    if (list === undefined) edges.set(turn.from, [turn]);
    else list.push(turn);
  }
  const stack: State[] = [];
  const onStack = new Set<State>();
  const component = new Map<State, number>();
  let counter = 0;
  let components = 0;
  for (const root of edges.keys()) {
    if (index.has(root)) continue;
    const calls: { state: State; edge: number }[] = [];
    const enter = (state: State) => {
      index.set(state, counter);
      low.set(state, counter++);
      stack.push(state);
      onStack.add(state);
      calls.push({ state, edge: 0 });
    };
    enter(root);
    while (calls.length > 0) {
      const call = calls[calls.length - 1]!;
      const out = edges.get(call.state) ?? [];
      if (call.edge < out.length) {
        const target = out[call.edge++]!.to;
        if (!index.has(target)) enter(target);
        else if (onStack.has(target)) low.set(call.state, Math.min(low.get(call.state)!, index.get(target)!));
        continue;
      }
      calls.pop();
      const parent = calls[calls.length - 1];
      if (parent !== undefined) low.set(parent.state, Math.min(low.get(parent.state)!, low.get(call.state)!));
      if (low.get(call.state) === index.get(call.state)) {
        for (;;) {
          const member = stack.pop()!;
          onStack.delete(member);
          component.set(member, components);
          if (member === call.state) break;
        }
        components++;
      }
    }
  }
  const grouped = new Map<number, Turn[]>();
  for (const turn of turns) {
    const inside = component.get(turn.from);
    if (inside === undefined || inside !== component.get(turn.to)) continue;
    const list = grouped.get(inside);
    if (list === undefined) grouped.set(inside, [turn]);
    else list.push(turn);
  }
  return [...grouped.values()];
}
