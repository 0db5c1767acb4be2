import type { Node } from '../verifier/explore.ts';
import { stateLeq } from '../verifier/lattice.ts';
import type { Liveness } from '../verifier/liveness.ts';
import type { State, Trail } from '../verifier/state.ts';
import type { Atlas } from './atlas.ts';
import { crossEdge, type ReplayedBlock, type ReplayMachine, replayBlock } from './replay.ts';

/**
 * Where the state at the head of a block comes from. `explored`: the verifier went on from exactly this state. `covering`: it was merged into
 * this more general one. `alone`: the verifier keeps no state that covers it, so it is what this path alone gives.
 */
export type Origin = 'explored' | 'covering' | 'alone';

/** One block on a path, with the state the verifier had at its head. */
export interface Visit {
  readonly node: Node;
  readonly head: State;
  readonly origin: Origin;
  /** What came over the edge, before it was merged; undefined at the entry. */
  readonly arrived: State | undefined;
}

/** A block of a path; `trail` names the state that the verifier had at its head, where it is known which one. */
export interface Stop {
  readonly node: Node;
  readonly trail: Trail | undefined;
}

/** Paths are not followed further than this many blocks. */
const MAX_VISITS = 100_000;
/** Blocks whose replayed states are kept. */
const MAX_REPLAYS = 4096;

/** A path through the explored program: a list of blocks from the entry on, whose states are computed when they are asked for. */
export class Route {
  private readonly atlas: Atlas;
  private readonly machine: ReplayMachine;
  private readonly liveness: Liveness;
  private readonly stops: Stop[];
  /** Blocks that the path was made of; those behind them were found by following it further. */
  readonly given: number;
  private readonly visits: (Visit | undefined)[] = [];
  private readonly replays = new Map<number, ReplayedBlock>();
  private readonly counts = new Map<number, number>();
  private ended = false;

  constructor(atlas: Atlas, machine: ReplayMachine, liveness: Liveness, stops: readonly Stop[]) {
    this.atlas = atlas;
    this.machine = machine;
    this.liveness = liveness;
    this.stops = [...stops];
    this.given = stops.length;
    for (const { node } of stops) this.count(node);
  }

  /** Blocks known so far; `has` may add some. */
  get length(): number {
    return this.stops.length;
  }

  node(index: number): Node {
    return this.stops[index]!.node;
  }

  /** The same path up to the block at that index, then another one; what is known of the part in common is kept. */
  turned(index: number, next: Node): Route {
    const stops = [...this.stops.slice(0, index + 1), { node: next, trail: undefined }];
    const route = new Route(this.atlas, this.machine, this.liveness, stops);
    for (let at = 0; at <= index; at++) {
      const replay = this.replays.get(at);
      route.visits[at] = this.visits[at];
      if (replay !== undefined) route.replays.set(at, replay);
    }
    return route;
  }

  /** Whether the path has a block at this index, following it further where it has not been followed so far. */
  has(index: number): boolean {
    while (index >= this.stops.length) if (!this.extend()) return false;
    return true;
  }

  /** @param index one for which `has` is true. */
  visit(index: number): Visit {
    let from = index;
    while (this.visits[from] === undefined && this.exploredState(from) === undefined) from--;
    for (let at = from; at <= index; at++) this.visits[at] ??= this.resolve(at);
    return this.visits[index]!;
  }

  replay(index: number): ReplayedBlock {
    let replay = this.replays.get(index);
    if (replay === undefined) {
      const { node, head } = this.visit(index);
      replay = replayBlock(this.machine, node, head);
      if (this.replays.size >= MAX_REPLAYS) this.replays.clear();
      this.replays.set(index, replay);
    }
    return replay;
  }

  /** The state that goes from one block into the next of the path. */
  private crossing(index: number): State | undefined {
    const { end } = this.replay(index - 1);
    return end === undefined ? undefined : crossEdge(this.machine, this.liveness, this.stops[index - 1]!.node, end, this.stops[index]!.node);
  }

  private exploredState(index: number): State | undefined {
    const { node, trail } = this.stops[index]!;
    if (index === 0) return node.processed[0];
    return trail === undefined ? undefined : node.processed.find((state) => state.trail === trail);
  }

  private resolve(index: number): Visit {
    const { node } = this.stops[index]!;
    const explored = this.exploredState(index);
    if (index === 0) return { node, head: explored!, origin: 'explored', arrived: undefined };
    // Asking for what arrived needs the block before, so it waits until the visit itself is asked for.
    const route = this;
    if (explored !== undefined) {
      return {
        node,
        head: explored,
        origin: 'explored',
        get arrived() {
          return route.crossing(index);
        },
      };
    }
    return visitOf(node, this.crossing(index));
  }

  /** Follows the path one block further: a way that was not taken yet where there is one, for a branch the fall-through first. */
  private extend(): boolean {
    if (this.ended || this.stops.length >= MAX_VISITS) return false;
    const at = this.stops.length - 1;
    const { end } = this.replay(at);
    const { node } = this.stops[at]!;
    let best: { readonly next: Node; readonly arrived: State } | undefined;
    for (const next of end === undefined ? [] : this.atlas.successors(node).toReversed()) {
      if (next.processed.length === 0 || (best !== undefined && this.countOf(next) >= this.countOf(best.next))) continue;
      const arrived = crossEdge(this.machine, this.liveness, node, end!, next);
      if (arrived !== undefined) best = { next, arrived };
    }
    if (best === undefined) {
      this.ended = true;
      return false;
    }
    this.count(best.next);
    this.stops.push({ node: best.next, trail: undefined });
    this.visits[at + 1] = visitOf(best.next, best.arrived);
    return true;
  }

  private countOf(node: Node): number {
    return this.counts.get(node.id) ?? 0;
  }

  private count(node: Node): void {
    this.counts.set(node.id, this.countOf(node) + 1);
  }
}

/** A visit whose state the verifier did not keep under its trail: it was merged into another one, or forgotten. */
function visitOf(node: Node, arrived: State | undefined): Visit {
  const covering = arrived === undefined ? node.processed.at(-1) : coveringState(node, arrived);
  return { node, head: covering ?? arrived!, origin: covering === undefined ? 'alone' : 'covering', arrived };
}

/** The newest state at a node that stands for the given one, too. */
function coveringState(node: Node, state: State): State | undefined {
  return node.processed.findLast((other) => other.frames.length === state.frames.length && stateLeq(state, other));
}

/** The blocks of a trail as nodes, from the program's entry on; undefined where the trail does not begin there. */
export function stopsOf(atlas: Atlas, trail: Trail | undefined): readonly Stop[] | undefined {
  const trails: Trail[] = [];
  for (let step = trail; step !== undefined; step = step.previous) trails.push(step);
  trails.reverse();
  const first = trails[0];
  if (first === undefined || atlas.root === undefined || first.block !== atlas.root.block.start || atlas.root.processed.length === 0)
    return undefined;
  const stops: Stop[] = [{ node: atlas.root, trail: first }];
  for (const step of trails.slice(1)) {
    const node = atlas.next(stops[stops.length - 1]!.node, step.block);
    if (node === undefined) return undefined;
    stops.push({ node, trail: step });
  }
  return stops;
}

/** The path that the verifier entered first: it begins at the entry and is followed as it is asked for. */
export function entryStops(atlas: Atlas): readonly Stop[] | undefined {
  const { root } = atlas;
  return root === undefined || root.processed.length === 0 ? undefined : [{ node: root, trail: root.processed[0]!.trail }];
}
