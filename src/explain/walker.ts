import type { ObjectProgram } from '../object/object-file.ts';
import type { Node } from '../verifier/explore.ts';
import type { Verification } from '../verifier/index.ts';
import type { State } from '../verifier/state.ts';
import type { Steps } from '../verifier/steps.ts';
import { Atlas } from './atlas.ts';
import { instructionText } from './instruction-text.ts';
import { crossEdge, type ReplayedBlock, type ReplayedStep, ReplayMachine, replayBlock } from './replay.ts';
import { entryStops, Route, type Stop, stopsOf, type Visit } from './route.ts';
import { SourceMap } from './source.ts';
import type { TracePoint } from './story.ts';
import type { PathStep } from './views.ts';

/** A point on the path: before one instruction of one block on it. */
interface Position {
  readonly visit: number;
  readonly step: number;
}

/** A point of a debugger that can be gone back to: `index` instructions of its path lie before it. */
export interface Place {
  readonly index: number;
  readonly pc: number;
  readonly route: Route;
  readonly position: Position;
  /** The failure whose path it is on, 0 where it is on no failure's. */
  readonly followed: number;
}

/** How far `goto` looks ahead on a path that is still open, in instructions. */
const MAX_LOOK_AHEAD = 2000;
/** Blocks whose replays from their newest state are kept. */
const MAX_NODE_REPLAYS = 20_000;

/** Goes forward and back along one path through a finished verification. */
export class PathWalker {
  readonly verification: Verification;
  readonly program: ObjectProgram;
  readonly source: SourceMap;
  readonly machine: ReplayMachine;
  /** What was explored, by place; undefined where nothing was. */
  readonly atlas: Atlas | undefined;
  protected route: Route | undefined;
  protected position: Position = { visit: 0, step: 0 };
  /** Where the last command left from. */
  protected previous: Place | undefined;
  /** The failure whose path is followed, by its number; 0 where it is no failure's. */
  protected followed = 0;
  /** Instructions of the path before each block, as far as it has been counted. */
  private offsets: number[] = [0];
  private readonly nodeReplays = new Map<Node, ReplayedBlock>();
  private readonly crossings = new Map<Node, Map<Node, State | undefined>>();

  constructor(program: ObjectProgram, verification: Verification) {
    this.verification = verification;
    this.program = program;
    this.source = new SourceMap(program);
    this.machine = new ReplayMachine(verification.machine);
    const { graph, exploration, liveness } = verification;
    this.atlas = graph === undefined || exploration === undefined || liveness === undefined ? undefined : new Atlas(this.machine, graph, exploration);
  }

  /** False where the program could not be explored at all; then only the report and `list` have something to say. */
  get steppable(): boolean {
    return this.route !== undefined;
  }

  /** Number of the failure whose path is followed; 0 for another path. */
  get followedFailure(): number {
    return this.followed;
  }

  // --- paths ----------------------------------------------------------------------------------------------------------------------------

  protected followEntry(): void {
    const stops = this.atlas === undefined ? undefined : entryStops(this.atlas);
    if (stops !== undefined) this.takeStops(stops);
  }

  /** Takes the path of some state of a block that contains the slot; false where the verifier has none. */
  protected routeThrough(pc: number): boolean {
    for (const node of this.atlas?.nodesAt(pc) ?? []) {
      for (const state of node.processed) {
        const stops = stopsOf(this.atlas!, state.trail);
        if (stops === undefined) continue;
        this.takeStops(stops);
        return true;
      }
    }
    return false;
  }

  protected takeStops(stops: readonly Stop[]): void {
    this.takeRoute(new Route(this.atlas!, this.machine, this.verification.liveness!, stops), { visit: 0, step: 0 });
  }

  protected takeRoute(route: Route, position: Position): void {
    this.route = route;
    this.followed = 0;
    this.position = position;
    this.offsets = [0];
  }

  // --- where ----------------------------------------------------------------------------------------------------------------------------

  protected here(): ReplayedStep {
    return this.route!.replay(this.position.visit).steps[this.position.step]!;
  }

  get pc(): number {
    return this.here().pc;
  }

  get node(): Node {
    return this.route!.node(this.position.visit);
  }

  /** The verifier's state before the current instruction; not to be changed. */
  get state(): State {
    return this.here().before;
  }

  /** The current block's entry, where the current instruction is its first; undefined elsewhere. */
  get entered(): Visit | undefined {
    return this.position.step === 0 ? this.route!.visit(this.position.visit) : undefined;
  }

  /** The state at the head of the current block with which the path goes on; undefined where nothing can be stepped. */
  get head(): State | undefined {
    return this.route?.visit(this.position.visit).head;
  }

  /** Instructions of the path before the current one. */
  get index(): number {
    return this.indexOf(this.position);
  }

  private indexOf({ visit, step }: Position): number {
    this.countTo(visit);
    return this.offsets[visit]! + step;
  }

  private countTo(visit: number): void {
    for (let at = this.offsets.length; at <= visit; at++) this.offsets.push(this.offsets[at - 1]! + this.lengthOf(this.route!.node(at - 1)));
  }

  /** Instructions of a block; on a path every block but the last is run to its end. */
  protected lengthOf({ block }: Node): number {
    let length = 0;
    for (let pc = block.start; pc <= block.last; pc++) if (this.program.instructions[pc] !== undefined) length++;
    return length;
  }

  /** The current point, to come back to; undefined where nothing can be stepped. */
  get place(): Place | undefined {
    const { route, position, followed } = this;
    return route === undefined ? undefined : { index: this.index, pc: this.pc, route, position, followed };
  }

  /** Goes to a point that this debugger was at, on the path it was on. */
  restore(place: Place): void {
    this.mark();
    this.returnTo(place);
  }

  /** Asks something elsewhere and comes back: neither the path nor where the last command left from change. */
  aside<Answer>(ask: () => Answer): Answer {
    const { place, previous } = this;
    try {
      return ask();
    } finally {
      if (place !== undefined) this.returnTo(place);
      this.previous = previous;
    }
  }

  /** As `aside`, for work that gives way. */
  *asideSteps<Answer>(ask: () => Steps<Answer>): Steps<Answer> {
    const { place, previous } = this;
    try {
      return yield* ask();
    } finally {
      if (place !== undefined) this.returnTo(place);
      this.previous = previous;
    }
  }

  /** As `aside`, for what takes its time. */
  async asideAsync<Answer>(ask: () => Promise<Answer>): Promise<Answer> {
    const { place, previous } = this;
    try {
      return await ask();
    } finally {
      if (place !== undefined) this.returnTo(place);
      this.previous = previous;
    }
  }

  private returnTo({ route, position, followed }: Place): void {
    if (this.route !== route) {
      this.route = route;
      this.offsets = [0];
    }
    this.position = position;
    this.followed = followed;
  }

  // --- moving ---------------------------------------------------------------------------------------------------------------------------

  protected mark(): void {
    this.previous = this.place;
  }

  /** Goes forward, at most to the end of the path. Returns how many instructions it went. */
  step(count: number): number {
    this.mark();
    return this.forward(count);
  }

  /** Goes back, at most to the entry. Returns how many instructions it went. */
  back(count: number): number {
    this.mark();
    return this.backward(count);
  }

  protected forward(count: number): number {
    let done = 0;
    for (; done < count; done++) {
      const next = this.after(this.position);
      if (next === undefined) break;
      this.position = next;
    }
    return done;
  }

  protected backward(count: number): number {
    let done = 0;
    for (; done < count; done++) {
      const before = this.before(this.position);
      if (before === undefined) break;
      this.position = before;
    }
    return done;
  }

  /**
   * Goes on, one instruction at a time, until there is a reason to stop; the way back begins where this left from.
   *
   * @param stop asked after each instruction; anything but undefined ends the motion.
   * @param most instructions to go.
   * @returns the reason, or undefined where the path or `most` ended it, and how far it went.
   */
  advance<Reason>(
    direction: 'forward' | 'back',
    stop: () => Reason | undefined,
    most = Number.POSITIVE_INFINITY,
  ): { readonly reason: Reason | undefined; readonly went: number } {
    this.mark();
    for (let went = 0; went < most; went++) {
      if ((direction === 'forward' ? this.forward(1) : this.backward(1)) === 0) return { reason: undefined, went };
      const reason = stop();
      if (reason !== undefined) return { reason, went: went + 1 };
    }
    return { reason: undefined, went: most };
  }

  protected after({ visit, step }: Position): Position | undefined {
    const route = this.route!;
    if (step + 1 < route.replay(visit).steps.length) return { visit, step: step + 1 };
    if (!route.has(visit + 1) || route.replay(visit).end === undefined) return undefined;
    return { visit: visit + 1, step: 0 };
  }

  private before({ visit, step }: Position): Position | undefined {
    if (step > 0) return { visit, step: step - 1 };
    return visit === 0 ? undefined : { visit: visit - 1, step: this.route!.replay(visit - 1).steps.length - 1 };
  }

  /**
   * Goes to the next time the path comes to one of the slots, else to the last time it came there, else to another path that does.
   *
   * @returns false where no path of the verifier comes there.
   */
  goto(slots: readonly number[]): boolean {
    const reachable = slots.filter((slot) => (this.atlas?.nodesAt(slot).length ?? 0) > 0);
    if (reachable.length === 0) return false;
    const found = this.ahead(reachable) ?? this.behind(reachable);
    this.mark();
    if (found !== undefined) {
      this.position = found;
      return true;
    }
    for (const slot of reachable) {
      if (!this.routeThrough(slot)) continue;
      this.gotoLast(slot);
      return true;
    }
    return false;
  }

  /** Goes to where the path begins. */
  gotoStart(): void {
    this.mark();
    this.position = { visit: 0, step: 0 };
  }

  /** Goes to where the path ends. */
  gotoEnd(): void {
    this.step(Number.POSITIVE_INFINITY);
  }

  /** Goes to an instruction of the path by its index, at most to the end of the path. */
  gotoIndex(index: number): void {
    const { index: here } = this;
    if (index > here) this.step(index - here);
    else this.back(here - index);
  }

  private ahead(slots: readonly number[]): Position | undefined {
    const route = this.route!;
    let budget = MAX_LOOK_AHEAD;
    for (let visit = this.position.visit; budget > 0 && route.has(visit); visit++) {
      const { block } = route.node(visit);
      budget -= block.last - block.start + 1;
      if (!slots.some((slot) => slot >= block.start && slot <= block.last)) continue;
      const { steps } = route.replay(visit);
      const first = visit === this.position.visit ? this.position.step + 1 : 0;
      for (let step = first; step < steps.length; step++) if (slots.includes(steps[step]!.pc)) return { visit, step };
    }
    return undefined;
  }

  /** The last time that the path came to one of the slots. */
  protected behind(slots: readonly number[]): Position | undefined {
    const route = this.route!;
    for (let visit = this.position.visit; visit >= 0; visit--) {
      const { block } = route.node(visit);
      if (!slots.some((slot) => slot >= block.start && slot <= block.last)) continue;
      const { steps } = route.replay(visit);
      const last = visit === this.position.visit ? this.position.step : steps.length - 1;
      for (let step = last; step >= 0; step--) if (slots.includes(steps[step]!.pc)) return { visit, step };
    }
    return undefined;
  }

  /** Goes to the last block that the path was made of, to the slot in it or the last instruction before it that is executed. */
  protected gotoLast(slot: number): void {
    const visit = this.route!.given - 1;
    const { steps } = this.route!.replay(visit);
    const at = steps.findIndex(({ pc }) => pc === slot);
    this.position = { visit, step: at < 0 ? steps.length - 1 : at };
  }

  // --- the path -------------------------------------------------------------------------------------------------------------------------

  /** Instructions of the path that are known so far: on the path of a failure all of them, on others those that were gone to and the block behind. */
  get knownLength(): number {
    const route = this.route!;
    this.countTo(route.length - 1);
    return this.offsets[route.length - 1]! + this.lengthOf(route.node(route.length - 1));
  }

  /** Instructions of the path by their index on it, `from` to before `to`, without going there; fewer where the known path has an end. */
  walk(from: number, to: number): readonly PathStep[] {
    const route = this.route!;
    this.countTo(route.length - 1);
    const steps: PathStep[] = [];
    // The last block that begins at or before the first one wanted.
    let low = 0;
    let high = route.length - 1;
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if (this.offsets[middle]! <= from) low = middle;
      else high = middle - 1;
    }
    for (let visit = low; visit < route.length && this.offsets[visit]! < to; visit++) {
      const { block } = route.node(visit);
      let index = this.offsets[visit]!;
      for (let pc = block.start; pc <= block.last; pc++) {
        const instruction = this.program.instructions[pc];
        if (instruction === undefined) continue;
        if (index >= from && index < to) steps.push({ index, pc, text: instructionText(this.machine, instruction, pc), source: this.source.at(pc) });
        index++;
      }
    }
    return steps;
  }

  /** Instructions of the path before the current one, newest first. */
  *earlier(): Generator<TracePoint> {
    const route = this.route!;
    let { visit, step } = this.position;
    let { index } = this;
    for (;;) {
      const node = route.node(visit);
      const { steps } = route.replay(visit);
      for (; step > 0; step--)
        yield {
          index: --index,
          node,
          next: undefined,
          pc: steps[step - 1]!.pc,
          before: steps[step - 1]!.before,
          after: steps[step]!.before,
          merged: undefined,
        };
      if (visit === 0) return;
      const { arrived, head } = route.visit(visit);
      visit--;
      const last = route.replay(visit).steps;
      step = last.length - 1;
      yield {
        index: --index,
        node: route.node(visit),
        next: node,
        pc: last[step]!.pc,
        before: last[step]!.before,
        after: arrived ?? head,
        merged: arrived === undefined ? undefined : head,
      };
    }
  }

  /**
   * What this path would lead to from another state: runs it from an instruction of the path to the current one, merging nothing.
   *
   * @param index of the instruction that the state is before; its place on the path is before the current one.
   * @returns the state before the current instruction, or undefined where the path ends or turns elsewhere before that.
   */
  runHere(index: number, state: State): State | undefined {
    const route = this.route!;
    const { visit: last } = this.position;
    const here = this.pc;
    this.countTo(last);
    let visit = last;
    while (visit > 0 && this.offsets[visit]! > index) visit--;
    const { steps: known } = route.replay(visit);
    let from = known[index - this.offsets[visit]!]?.pc;
    let current = state;
    for (; ; visit++) {
      const node = route.node(visit);
      const { steps, end } = replayBlock(this.machine, node, current, from);
      if (visit === last) return steps.find(({ pc }) => pc === here)?.before;
      const next = end === undefined ? undefined : crossEdge(this.machine, this.verification.liveness!, node, end, route.node(visit + 1));
      if (next === undefined) return undefined;
      current = next;
      from = undefined;
    }
  }

  /** A block run once more from the newest of its states; kept, so that questions about the whole program are cheap. Undefined where it has none. */
  replayNode(node: Node): ReplayedBlock | undefined {
    const known = this.nodeReplays.get(node);
    if (known !== undefined) return known;
    const state = node.processed.at(-1);
    if (state === undefined) return undefined;
    const replay = replayBlock(this.machine, node, state);
    if (this.nodeReplays.size >= MAX_NODE_REPLAYS) this.nodeReplays.clear();
    this.nodeReplays.set(node, replay);
    return replay;
  }

  /** What goes over an edge from the newest state of its first block, before merging; kept like `replayNode`. Undefined where nothing does. Not to be changed. */
  crossing(from: Node, to: Node): State | undefined {
    let known = this.crossings.get(from);
    if (known === undefined) {
      if (this.crossings.size >= MAX_NODE_REPLAYS) this.crossings.clear();
      known = new Map();
      this.crossings.set(from, known);
    }
    if (!known.has(to)) {
      const end = this.replayNode(from)?.end;
      known.set(to, end === undefined ? undefined : crossEdge(this.machine, this.verification.liveness!, from, end, to));
    }
    return known.get(to);
  }

  /** The states of the verifier before an instruction, over all paths. */
  statesAt(pc: number): readonly State[] {
    return (this.atlas?.nodesAt(pc) ?? []).flatMap((node) =>
      node.processed.flatMap((head) => replayBlock(this.machine, node, head).steps.find((step) => step.pc === pc)?.before ?? []),
    );
  }
}
