import type { ObjectProgram } from '../object/object-file.ts';
import { checkRow } from '../verifier/checks.ts';
import type { Node } from '../verifier/explore.ts';
import type { Verification } from '../verifier/index.ts';
import type { Finding } from '../verifier/machine.ts';
import type { VerificationReport } from '../verifier/report.ts';
import type { State } from '../verifier/state.ts';
import { type AspectName, factAbout } from './aspect.ts';
import { type Decision, decisionAt } from './decision.ts';
import { diffFacts, type FactChange } from './diff.ts';
import { type Fact, factsOf } from './facts.ts';
import { instructionText } from './instruction-text.ts';
import { type Answer, knownWords, type Proposition, prove } from './prove.ts';
import { crossEdge, replayBlock } from './replay.ts';
import { type Requirement, requirementsAt } from './requirements.ts';
import { stopsOf } from './route.ts';
import { type StoryEvent, storyOf } from './story.ts';
import type { JoinView, ListedInstruction, NumberedFailure, PathEntry, StepView, WayIn, WayOut } from './views.ts';
import { PathWalker, type Place } from './walker.ts';

/** Why a program cannot be stepped: nothing of it was explored. */
export const NOTHING_EXPLORED = 'The verifier did not get as far as exploring paths, so there is nothing to step through.';

/** States of one block that `waysIn` tries. */
const MAX_STATES = 24;

/**
 * Steps through a finished verification, forward and back, along one path: that of a failure, or the one the verifier took first. Everything shown is
 * the verifier's own: states are replayed from the heads of blocks by its own transfer functions.
 */
export class DebugSession extends PathWalker {
  constructor(program: ObjectProgram, verification: Verification) {
    super(program, verification);
    const first = this.rejections[0];
    if (first !== undefined) this.follow(first.number);
    if (this.route === undefined) this.followEntry();
  }

  get report(): VerificationReport {
    return this.verification.report;
  }

  /** Failed checks in the order of the report, with remarks on portability behind them. */
  get failures(): readonly NumberedFailure[] {
    return [...this.report.failures, ...this.report.warnings].map((failure, index) => ({ number: index + 1, failure }));
  }

  private get rejections(): readonly NumberedFailure[] {
    return this.failures.slice(0, this.report.failures.length);
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
    this.takeStops(stops);
    this.followed = number;
    return true;
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
    const { place } = this;
    if (!this.follow(wanted)) return undefined;
    this.previous = place;
    this.gotoLast(found.failure.instruction);
    return found;
  }

  /** Goes to the failing instruction of the path that is followed; on another path to the last instruction that it was made of. */
  gotoEndOfKnown(): void {
    this.mark();
    const followed = this.failures[this.followed - 1];
    this.gotoLast(followed === undefined ? -1 : followed.failure.instruction);
  }

  /** Whether a check fails at the current instruction on this path. */
  failsHere(): boolean {
    if (this.here().findings.some(isRejection)) return true;
    // Some checks are made of the whole path, when it has ended.
    const followed = this.failures[this.followed - 1];
    return followed?.failure.instruction === this.pc && this.position.visit === this.route!.given - 1;
  }

  /** Checks that fail at an instruction, on whatever path. */
  private failuresAt(pc: number): readonly NumberedFailure[] {
    return this.failures.filter(({ failure }) => failure.instruction === pc);
  }

  // --- looking --------------------------------------------------------------------------------------------------------------------------

  /** What is known before the current instruction. */
  facts(): readonly Fact[] {
    return factsOf(this.machine, this.state);
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
      join: this.joinHere(),
      requirements: this.requirements(),
      failures,
      assumed: next !== undefined && this.here().findings.some((finding) => isRejection(finding)),
      changes: after === undefined ? undefined : this.changes(before, after),
      decision: next === undefined ? undefined : this.decision(this.position.visit, this.position.step),
      end: next === undefined ? this.endWords() : undefined,
    };
  }

  /** What is known behind the current instruction on this path, before anything is merged; nothing where the path ends with it. */
  factsBehind(): readonly Fact[] {
    const after = this.stateAfter();
    return after === undefined ? [] : factsOf(this.machine, after);
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

  /** What merging meant for the state before the current instruction; undefined where no ways meet. */
  joinHere(): JoinView | undefined {
    const { visit, step } = this.position;
    if (visit === 0 || step > 0) return undefined;
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

  /** Facts that differ between another point and the current one, on whatever path that is. */
  changesFromPlace({ route, position }: Place): readonly FactChange[] {
    return this.changes(route.replay(position.visit).steps[position.step]!.before, this.state);
  }

  /** Facts that differ between what arrives at the head of the current block over one of the `waysIn` and what is known there; undefined for no such way. */
  changesFromWay(number: number): { readonly pc: number; readonly changes: readonly FactChange[] } | undefined {
    const { visit } = this.position;
    const way = this.waysHere()[number - 1];
    if (way === undefined) return undefined;
    return { pc: way.from.block.last, changes: this.changes(way.arrived, this.route!.visit(visit).head) };
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

  /**
   * How places came to hold what they hold before the current instruction, oldest event first.
   *
   * @param places registers by number, or places by name (`r6`, `fp-16`).
   * @param aspect only what changed this of them.
   */
  story(places: readonly (number | string)[], aspect?: AspectName): readonly StoryEvent[] {
    const facts = factsOf(this.machine, this.state);
    const subjects = places.map((place) => (typeof place === 'number' ? `r${place}` : (factAbout(facts, place)?.subject.split('..')[0] ?? place)));
    return storyOf(this.machine, this.earlier(), this.state.frames.length - 1, subjects, aspect);
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

  /** What the current instruction requires, what fails first. */
  requirements(): readonly Requirement[] {
    return requirementsAt(this.machine, this.node, this.state, this.pc);
  }

  /** Registers that the checks at the current instruction are about: of those that fail, else those it reads. */
  relevantRegisters(): readonly number[] {
    const requirements = this.requirements();
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
    return this.waysHere().map(({ from, arrived }, index) => {
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

  /** The ways into the current block; of the one that the path takes, what arrives on the path. None where the program begins. */
  waysHere(): ReturnType<DebugSession['waysOf']> {
    const { visit } = this.position;
    if (visit === 0) return [];
    const route = this.route!;
    const { arrived } = route.visit(visit);
    const before = route.node(visit - 1);
    return this.waysOf(this.node).map((way) =>
      way.from === before && arrived !== undefined ? { from: before, state: route.visit(visit - 1).head, arrived } : way,
    );
  }

  /** One way for each block that leads here, from the newest of its states that does. */
  waysOf(node: Node): readonly { readonly from: Node; readonly state: State; readonly arrived: State }[] {
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
    this.takeStops([...stops, { node, trail: undefined }]);
    this.position = { visit: stops.length, step: 0 };
    return true;
  }

  /** The ways on which the current block may be left: the sides of a branch, a function that is called, what a host calls back. */
  waysOut(): readonly WayOut[] {
    const { visit } = this.position;
    const route = this.route!;
    const taken = route.has(visit + 1) ? route.node(visit + 1) : undefined;
    return this.nextNodes().map((next, index) => ({
      number: index + 1,
      pc: next.block.start,
      source: this.source.at(next.block.start),
      decision: decisionAt(this.machine, route.node(visit), next),
      current: next === taken,
    }));
  }

  /** Blocks that control can enter from the end of the current one, as far as the state it is entered with tells. */
  private nextNodes(): readonly Node[] {
    const { end } = this.route!.replay(this.position.visit);
    const { node } = this;
    if (end === undefined) return [];
    return this.atlas!.successors(node).filter(
      (next) => next.processed.length > 0 && crossEdge(this.machine, this.verification.liveness!, node, end, next) !== undefined,
    );
  }

  /** Changes to the path that leaves the current block over another of the `waysOut`, and stays where it is; false where there is no such one. */
  turn(number: number): boolean {
    const { position } = this;
    const route = this.route!;
    const next = this.nextNodes()[number - 1];
    if (next === undefined) return false;
    if (route.has(position.visit + 1) && route.node(position.visit + 1) === next) return true;
    this.mark();
    this.takeRoute(route.turned(position.visit, next), position);
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
    const middle = Math.max(here, range.start);
    const slots: number[] = [];
    for (let pc = Math.max(range.start, middle - around); pc < Math.min(range.end, middle + around + 1); pc++) slots.push(pc);
    return this.instructionsAt(slots);
  }

  /** The instructions at some slots, as `list` shows them. */
  instructionsAt(slots: readonly number[]): readonly ListedInstruction[] {
    const here = this.steppable ? this.pc : -1;
    const { failures } = this;
    return slots.flatMap((pc) => {
      const instruction = this.program.instructions[pc];
      if (instruction === undefined) return [];
      return {
        pc,
        text: instructionText(this.machine, instruction, pc),
        source: this.source.at(pc),
        current: pc === here,
        unreached: this.atlas !== undefined && this.atlas.nodesAt(pc).length === 0,
        failures: failures.filter(({ failure }) => failure.instruction === pc),
      };
    });
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
