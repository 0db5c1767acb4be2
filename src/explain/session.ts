import type { ObjectProgram } from '../object/object-file.ts';
import { checkRow } from '../verifier/checks.ts';
import type { Node } from '../verifier/explore.ts';
import type { Verification } from '../verifier/index.ts';
import type { Finding } from '../verifier/machine.ts';
import type { Failure, VerificationReport } from '../verifier/report.ts';
import type { State } from '../verifier/state.ts';
import { Atlas } from './atlas.ts';
import { type Decision, decisionAt } from './decision.ts';
import { diffFacts, type FactChange } from './diff.ts';
import { type Fact, factsOf } from './facts.ts';
import { instructionText } from './instruction-text.ts';
import { type Answer, knownWords, type Proposition, prove } from './prove.ts';
import { crossEdge, type ReplayedStep, ReplayMachine, replayBlock } from './replay.ts';
import { type Requirement, requirementsAt } from './requirements.ts';
import { entryStops, Route, stopsOf } from './route.ts';
import { type SourceLine, SourceMap } from './source.ts';
import { type StoryEvent, storyOf, type TracePoint } from './story.ts';

/** A point on the path: before one instruction of one block on it. */
interface Position {
  readonly visit: number;
  readonly step: number;
}

/** A failed check with its number in the report, from 1. */
export interface NumberedFailure {
  readonly number: number;
  readonly failure: Failure;
}

/** What joins meant for the state at the head of a block. */
export interface JoinView {
  /** Edges over which the verifier entered the block. */
  readonly ways: number;
  /** States it kept apart there. */
  readonly states: number;
  /** Facts that this path alone would know and the merged state does not, or knows otherwise. */
  readonly changes: readonly FactChange[];
}

/** Everything a screen shows about one instruction on the path; plain values. */
export interface StepView {
  /** Instructions of the path before this one. */
  readonly index: number;
  readonly pc: number;
  readonly text: string;
  readonly source: SourceLine | undefined;
  readonly function: string;
  /** Calls that are active, 0 in the program's own function. */
  readonly depth: number;
  readonly join: JoinView | undefined;
  readonly requirements: readonly Requirement[];
  /** Failed checks at this instruction. */
  readonly failures: readonly NumberedFailure[];
  /** A check fails here, and the verifier goes on as if it had held. */
  readonly assumed: boolean;
  /** What the instruction changes; undefined where the path ends with it. */
  readonly changes: readonly FactChange[] | undefined;
  /** For what chooses the way: where this path goes on. */
  readonly decision: Decision | undefined;
  /** Why the path ends here. */
  readonly end: string | undefined;
}

/** A branch, call or return on the path. */
export interface PathEntry {
  readonly index: number;
  readonly pc: number;
  readonly source: SourceLine | undefined;
  readonly text: string;
  readonly decision: Decision;
  readonly current: boolean;
}

/** One instruction on the path. */
export interface PathStep {
  readonly index: number;
  readonly pc: number;
  readonly text: string;
  readonly source: SourceLine | undefined;
}

/** A way into the current block that the verifier took. */
export interface WayIn {
  readonly number: number;
  /** The instruction that leads here; undefined for the program's entry. */
  readonly pc: number;
  readonly source: SourceLine | undefined;
  readonly decision: Decision | undefined;
  /** It is the way of the current path. */
  readonly current: boolean;
  /** Facts that hold on this way and were lost or weakened by merging. */
  readonly lost: readonly FactChange[];
}

export interface ListedInstruction {
  readonly pc: number;
  readonly text: string;
  readonly source: SourceLine | undefined;
  readonly current: boolean;
  /** No state of the verifier reaches it. */
  readonly unreached: boolean;
  readonly failures: readonly NumberedFailure[];
}

/** Why a program cannot be stepped: nothing of it was explored. */
export const NOTHING_EXPLORED = 'The verifier did not get as far as exploring paths, so there is nothing to step through.';

/** How far `goto` looks ahead on a path that is still open, in instructions. */
const MAX_LOOK_AHEAD = 2000;
/** States of one block that `waysIn` tries. */
const MAX_STATES = 24;

/**
 * Steps through a finished verification, forward and back, along one path: that of a failure, or the one the verifier took first. Everything shown is
 * the verifier's own: states are replayed from the heads of blocks by its own transfer functions.
 */
export class DebugSession {
  readonly verification: Verification;
  readonly program: ObjectProgram;
  readonly source: SourceMap;
  readonly machine: ReplayMachine;
  private readonly atlas: Atlas | undefined;
  private route: Route | undefined;
  private position: Position = { visit: 0, step: 0 };
  /** Where the last command left from, for `changesSince`. */
  private previous: { readonly route: Route; readonly position: Position } | undefined;
  /** The failure whose path is followed, by its number; 0 where it is no failure's. */
  private followed = 0;
  /** Instructions of the path before each block, as far as it has been counted. */
  private offsets: number[] = [0];

  constructor(program: ObjectProgram, verification: Verification) {
    this.verification = verification;
    this.program = program;
    this.source = new SourceMap(program);
    this.machine = new ReplayMachine(verification.machine);
    const { graph, exploration, liveness } = verification;
    this.atlas = graph === undefined || exploration === undefined || liveness === undefined ? undefined : new Atlas(this.machine, graph, exploration);
    const first = this.rejections[0];
    if (first !== undefined) this.follow(first.number);
    if (this.route === undefined) this.followEntry();
  }

  get report(): VerificationReport {
    return this.verification.report;
  }

  /** False where the program could not be explored at all; then only the report and `list` have something to say. */
  get steppable(): boolean {
    return this.route !== undefined;
  }

  /** Failed checks in the order of the report, with remarks on portability behind them. */
  get failures(): readonly NumberedFailure[] {
    return [...this.report.failures, ...this.report.warnings].map((failure, index) => ({ number: index + 1, failure }));
  }

  private get rejections(): readonly NumberedFailure[] {
    return this.failures.slice(0, this.report.failures.length);
  }

  /** Number of the failure whose path is followed; 0 for another path. */
  get followedFailure(): number {
    return this.followed;
  }

  private finding(number: number): Finding | undefined {
    const failure = this.failures[number - 1]?.failure;
    return this.verification.findings.find(
      (finding) =>
        failure !== undefined &&
        finding.instruction === failure.instruction &&
        finding.kind === failure.check.kind &&
        finding.details.register === failure.check.register,
    );
  }

  /** Takes the path of a failure, from the entry; false where the verifier kept none. */
  private follow(number: number): boolean {
    const finding = this.finding(number);
    if (this.atlas === undefined || finding === undefined) return false;
    const stops = stopsOf(this.atlas, finding.state.trail);
    if (stops === undefined) return this.routeThrough(finding.instruction);
    this.take(new Route(this.atlas, this.machine, this.verification.liveness!, stops));
    this.followed = number;
    return true;
  }

  private followEntry(): void {
    const stops = this.atlas === undefined ? undefined : entryStops(this.atlas);
    if (this.atlas !== undefined && stops !== undefined) this.take(new Route(this.atlas, this.machine, this.verification.liveness!, stops));
  }

  /** Takes the path of some state of a block that contains the slot; false where the verifier has none. */
  private routeThrough(pc: number): boolean {
    if (this.atlas === undefined) return false;
    for (const node of this.atlas.nodesAt(pc)) {
      for (const state of node.processed) {
        const stops = stopsOf(this.atlas, state.trail);
        if (stops === undefined) continue;
        this.take(new Route(this.atlas, this.machine, this.verification.liveness!, stops));
        return true;
      }
    }
    return false;
  }

  private take(route: Route): void {
    this.route = route;
    this.followed = 0;
    this.position = { visit: 0, step: 0 };
    this.offsets = [0];
  }

  // --- moving ---------------------------------------------------------------------------------------------------------------------------

  private mark(): void {
    this.previous = { route: this.route!, position: this.position };
  }

  /** Goes forward, at most to the end of the path. Returns how many instructions it went. */
  step(count: number): number {
    this.mark();
    return this.advance(count);
  }

  private advance(count: number): number {
    let done = 0;
    while (done < count) {
      const next = this.after(this.position);
      if (next === undefined) break;
      this.position = next;
      done++;
    }
    return done;
  }

  /** Goes back, at most to the entry. Returns how many instructions it went. */
  back(count: number): number {
    this.mark();
    let done = 0;
    for (; done < count; done++) {
      const before = this.before(this.position);
      if (before === undefined) break;
      this.position = before;
    }
    return done;
  }

  private after({ visit, step }: Position): Position | undefined {
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
    const reachable = slots.filter((slot) => this.atlas!.nodesAt(slot).length > 0);
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

  private behind(slots: readonly number[]): Position | undefined {
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

  /** Goes to the last block of the known path, to the slot in it or the last instruction before it that is executed. */
  private gotoLast(slot: number): void {
    const visit = this.route!.length - 1;
    const { steps } = this.route!.replay(visit);
    const at = steps.findIndex(({ pc }) => pc === slot);
    this.position = { visit, step: at < 0 ? steps.length - 1 : at };
  }

  /**
   * Goes to a failed check along its own path: the next one after the current, or the one with that number.
   *
   * @returns the failure, or undefined where there is no such one or no path to it was kept.
   */
  failure(number?: number): NumberedFailure | undefined {
    const all = this.failures;
    if (all.length === 0) return undefined;
    const here = this.steppable ? this.failuresAt(this.pc) : [];
    const wanted = number ?? (here.length > 0 ? (here[here.length - 1]!.number % all.length) + 1 : Math.max(1, this.followed));
    const found = all[wanted - 1];
    if (found === undefined) return undefined;
    const from = this.previousMark();
    if (!this.follow(wanted)) return undefined;
    this.previous = from;
    this.gotoLast(found.failure.instruction);
    return found;
  }

  private previousMark() {
    return this.route === undefined ? undefined : { route: this.route, position: this.position };
  }

  /** Whether the path to a failure is known. */
  private failuresAt(pc: number): readonly NumberedFailure[] {
    return this.failures.filter(({ failure }) => failure.instruction === pc);
  }

  // --- looking --------------------------------------------------------------------------------------------------------------------------

  private here(): ReplayedStep {
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

  /** What is known before the current instruction. */
  facts(): readonly Fact[] {
    return factsOf(this.machine, this.state);
  }

  /** Instructions of the path before the current one. */
  get index(): number {
    const { visit, step } = this.position;
    this.countTo(visit);
    return this.offsets[visit]! + step;
  }

  private countTo(visit: number): void {
    for (let at = this.offsets.length; at <= visit; at++) this.offsets.push(this.offsets[at - 1]! + this.lengthOf(this.route!.node(at - 1)));
  }

  /** Instructions of a block; on a path every block but the last is run to its end. */
  private lengthOf({ block }: Node): number {
    let length = 0;
    for (let pc = block.start; pc <= block.last; pc++) if (this.program.instructions[pc] !== undefined) length++;
    return length;
  }

  /** What an observer is shown of the current instruction. */
  view(): StepView {
    const { pc, before } = this.here();
    const after = this.stateAfter();
    const next = this.after(this.position);
    const failures = this.failuresAt(pc);
    const instruction = this.machine.instruction(pc);
    return {
      index: this.index,
      pc,
      text: instructionText(this.machine, instruction, pc),
      source: this.source.at(pc),
      function: this.source.functionAt(pc)?.name ?? this.program.name,
      depth: before.frames.length - 1,
      join: this.position.step === 0 ? this.joinView() : undefined,
      requirements: requirementsAt(this.machine, this.node, before, pc),
      failures,
      assumed: next !== undefined && this.here().findings.some((finding) => isRejection(finding)),
      changes: after === undefined ? undefined : this.changes(before, after),
      decision: next === undefined ? undefined : this.decision(this.position.visit, this.position.step),
      end: next === undefined ? this.endWords() : undefined,
    };
  }

  /** The state behind the current instruction on this path, before it is merged with others. */
  private stateAfter(): State | undefined {
    const { visit, step } = this.position;
    const route = this.route!;
    const { steps, end } = route.replay(visit);
    if (step + 1 < steps.length) return steps[step + 1]!.before;
    if (end === undefined || !route.has(visit + 1)) return undefined;
    return crossEdge(this.machine, this.verification.liveness!, route.node(visit), end, route.node(visit + 1));
  }

  private changes(before: State, after: State): readonly FactChange[] {
    const frame = after.frames.length - 1;
    const known = frame < before.frames.length ? factsOf(this.machine, before, frame) : sharedFacts(factsOf(this.machine, before));
    return diffFacts(known, factsOf(this.machine, after));
  }

  private decision(visit: number, step: number): Decision | undefined {
    const route = this.route!;
    const { steps } = route.replay(visit);
    if (step + 1 < steps.length || !route.has(visit + 1)) return undefined;
    return decisionAt(this.machine, route.node(visit), route.node(visit + 1));
  }

  private endWords(): string {
    const { pc } = this.here();
    const instruction = this.machine.instruction(pc);
    if (this.here().findings.some(isRejection) && this.route!.replay(this.position.visit).end === undefined)
      return 'The check fails, so the verifier follows this path no further.';
    if (instruction.kind === 'exit') return 'The program ends.';
    if (instruction.kind === 'branch') return 'The verifier went neither way from here.';
    return 'The verifier went no further on this path.';
  }

  private joinView(): JoinView | undefined {
    const { visit } = this.position;
    if (visit === 0) return undefined;
    const { node, head, arrived } = this.route!.visit(visit);
    const ways = this.atlas!.predecessors(node).length;
    const changes = arrived === undefined ? [] : this.merging(node, arrived, head);
    if (ways < 2 && changes.length === 0) return undefined;
    return { ways, states: node.processed.length, changes };
  }

  /** What merging changed, without what nobody reads any more. */
  private merging(node: Node, arrived: State, head: State): readonly FactChange[] {
    const live = this.verification.liveness!.atBlock[node.block.id]!;
    return diffFacts(factsOf(this.machine, arrived), factsOf(this.machine, head)).filter(
      ({ kind, subject, after }) =>
        !(after === undefined && (kind === 'stack' || (kind === 'register' && (live & (1 << Number(subject.slice(1)))) === 0))),
    );
  }

  /** Facts that differ between the point that the last command left and the current one. */
  changesSince(): { readonly pc: number; readonly changes: readonly FactChange[] } | undefined {
    if (this.previous === undefined) return undefined;
    const { route, position } = this.previous;
    const { pc, before } = route.replay(position.visit).steps[position.step]!;
    return { pc, changes: this.changes(before, this.state) };
  }

  /** Facts that differ between the last time the path was at `pc` and now; undefined where it was never there. */
  changesFrom(pc: number): readonly FactChange[] | undefined {
    const found = this.behind([pc]);
    if (found === undefined) return undefined;
    return this.changes(this.route!.replay(found.visit).steps[found.step]!.before, this.state);
  }

  /** Whether a register of the current function may still be read after the head of the current block. */
  isLive(register: number): boolean {
    return (this.verification.liveness!.atBlock[this.node.block.id]! & (1 << register)) !== 0;
  }

  // --- the way here -----------------------------------------------------------------------------------------------------------------------

  /** Decisions on the path, from the entry to the current instruction and, where the path is that of a failure, on to it. */
  path(): readonly PathEntry[] {
    const route = this.route!;
    const entries: PathEntry[] = [];
    const last = this.followed > 0 ? Math.max(route.length - 1, this.position.visit) : this.position.visit;
    let index = 0;
    for (let visit = 0; visit <= last && route.has(visit); visit++) {
      const { block } = route.node(visit);
      index += this.lengthOf(route.node(visit));
      const decision = visit < last && route.has(visit + 1) ? decisionAt(this.machine, route.node(visit), route.node(visit + 1)) : undefined;
      if (decision === undefined || !decision.choice) continue;
      const instruction = this.machine.instruction(block.last);
      entries.push({
        index: index - 1,
        pc: block.last,
        source: this.source.at(block.last),
        text: instructionText(this.machine, instruction, block.last),
        decision,
        current: visit === this.position.visit,
      });
    }
    return entries;
  }

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
        if (index >= from && index < to)
          steps.push({ index, pc, text: instructionText(this.machine, instruction, pc), source: this.source.at(pc) });
        index++;
      }
    }
    return steps;
  }

  /** Goes to an instruction of the path by its index, at most to the end of the path. */
  gotoIndex(index: number): void {
    const { index: here } = this;
    if (index > here) this.step(index - here);
    else this.back(here - index);
  }

  /** Instructions of the path before the current one, newest first. */
  private *earlier(): Generator<TracePoint> {
    const route = this.route!;
    let { visit, step } = this.position;
    for (;;) {
      const { steps } = route.replay(visit);
      for (; step > 0; step--) yield { pc: steps[step - 1]!.pc, before: steps[step - 1]!.before, after: steps[step]!.before, merged: undefined };
      if (visit === 0) return;
      const { arrived, head } = route.visit(visit);
      visit--;
      const last = route.replay(visit).steps;
      step = last.length - 1;
      yield { pc: last[step]!.pc, before: last[step]!.before, after: arrived ?? head, merged: arrived === undefined ? undefined : head };
    }
  }

  /** How registers came to hold what they hold before the current instruction, oldest event first. */
  story(registers: readonly number[]): readonly StoryEvent[] {
    return storyOf(this.machine, this.earlier(), this.state.frames.length - 1, registers);
  }

  /**
   * Whether something follows from what the verifier knows before the current instruction or, with `pc`, before that one in each of its states.
   *
   * @returns with what is known where the answer comes from; undefined where no state of the verifier comes to `pc`.
   */
  prove(proposition: Proposition, pc?: number): { readonly answer: Answer; readonly states: number; readonly known: readonly string[] } | undefined {
    const states = pc === undefined ? [this.state] : this.statesAt(pc);
    if (states.length === 0) return undefined;
    const answers = states.map((state) => prove(this.machine, state, pc ?? this.pc, proposition));
    const [first] = answers;
    const agreed = answers.every((answer) => answer === first);
    // Where the states disagree the one that does not prove it says why.
    const telling = Math.max(
      0,
      answers.findIndex((answer) => answer !== 'always'),
    );
    const answer = agreed ? first! : answers.includes('undefined') ? 'undefined' : 'unknown';
    return { answer, states: states.length, known: knownWords(this.machine, states[telling]!, proposition) };
  }

  /** The states of the verifier before an instruction, over all paths. */
  private statesAt(pc: number): readonly State[] {
    return (this.atlas?.nodesAt(pc) ?? []).flatMap((node) =>
      node.processed.flatMap((head) => replayBlock(this.machine, node, head).steps.find((step) => step.pc === pc)?.before ?? []),
    );
  }

  /** Registers that the checks at the current instruction are about: of those that fail, else those it reads. */
  relevantRegisters(): readonly number[] {
    const requirements = requirementsAt(this.machine, this.node, this.state, this.pc);
    const failing = requirements.filter(({ holds }) => !holds);
    const of = (list: readonly Requirement[]) => [
      ...new Set(list.flatMap(({ register }) => (register === undefined || register === 10 ? [] : [register]))),
    ];
    return of(failing.length > 0 ? failing : requirements);
  }

  /** The ways over which the verifier came to the head of the current block. */
  waysIn(): readonly WayIn[] {
    const { visit } = this.position;
    if (visit === 0) return [];
    const { node, head } = this.route!.visit(visit);
    return this.waysOf(node).map(({ from, arrived }, index) => {
      const pc = from.block.last;
      return {
        number: index + 1,
        pc,
        source: this.source.at(pc),
        decision: decisionAt(this.machine, from, node),
        current: from === this.route!.node(visit - 1),
        lost: this.merging(node, arrived, head).filter(({ change }) => change === 'lost' || change === 'weaker'),
      };
    });
  }

  /** One way for each block that leads here, from the newest of its states that does. */
  private waysOf(node: Node): readonly { readonly from: Node; readonly state: State; readonly arrived: State }[] {
    const ways: { from: Node; state: State; arrived: State }[] = [];
    for (const from of this.atlas!.predecessors(node)) {
      for (const state of from.processed.slice(-MAX_STATES).reverse()) {
        const { end } = replayBlock(this.machine, from, state);
        const arrived = end === undefined ? undefined : crossEdge(this.machine, this.verification.liveness!, from, end, node);
        if (arrived === undefined) continue;
        ways.push({ from, state, arrived });
        break;
      }
    }
    return ways;
  }

  /** Changes to the path that enters the current block over another of the `waysIn`; false where there is no such one. */
  chooseWay(number: number): boolean {
    const { visit } = this.position;
    const node = this.node;
    const way = visit === 0 ? undefined : this.waysOf(node)[number - 1];
    const stops = way === undefined ? undefined : stopsOf(this.atlas!, way.state.trail);
    if (stops === undefined) return false;
    this.mark();
    this.take(new Route(this.atlas!, this.machine, this.verification.liveness!, [...stops, { node, trail: undefined }]));
    this.position = { visit: stops.length, step: 0 };
    return true;
  }

  // --- the program --------------------------------------------------------------------------------------------------------------------------

  /**
   * The instructions of the current function, or of the whole program where nothing can be stepped.
   *
   * @param around at most this many slots before and after the current instruction.
   */
  list(around = Number.POSITIVE_INFINITY): readonly ListedInstruction[] {
    const here = this.steppable ? this.pc : -1;
    const range = this.source.functionAt(here) ?? { start: 0, end: this.program.instructions.length };
    const listed: ListedInstruction[] = [];
    const middle = Math.max(here, range.start);
    for (let pc = Math.max(range.start, middle - around); pc < Math.min(range.end, middle + around + 1); pc++) {
      const instruction = this.program.instructions[pc];
      if (instruction === undefined) continue;
      listed.push({
        pc,
        text: instructionText(this.machine, instruction, pc),
        source: this.source.at(pc),
        current: pc === here,
        unreached: this.atlas !== undefined && this.atlas.nodesAt(pc).length === 0,
        failures: this.failuresAt(pc),
      });
    }
    return listed;
  }

  /** Slots that a line's instructions begin at; a call's target is not part of its line. */
  slotsOfLine(line: number): readonly number[] {
    return this.source.slotsOfLine(line);
  }
}

function isRejection({ kind }: Finding): boolean {
  return checkRow(kind).severity !== 'portability';
}

/** Of the caller's facts those that hold in a function it calls, too. */
function sharedFacts(facts: readonly Fact[]): readonly Fact[] {
  return facts.filter(({ kind }) => kind !== 'register' && kind !== 'stack');
}
