/** Follows runs of a program through the states that its verification explored. */
import type { CheckedState } from '../engine/checked/state.ts';
import { ReplayMachine } from '../explain/replay.ts';
import { executeBranch } from '../verifier/branch.ts';
import type { ControlFlowGraph } from '../verifier/cfg.ts';
import { targetOf } from '../verifier/cfg.ts';
import type { CallContext, Node } from '../verifier/explore.ts';
import { executeStraight } from '../verifier/explore.ts';
import type { Verification } from '../verifier/index.ts';
import type { Machine } from '../verifier/machine.ts';
import type { State } from '../verifier/state.ts';
import { outside } from './inside.ts';

/** Oldest states of a block are forgotten beyond these many (src/verifier/explore.ts); then containment cannot be asked of the rest. */
const REMEMBERED = 64;

/** The explored states of a verification, by call chain and block. */
export class Explored {
  readonly machine: Machine;
  readonly graph: ControlFlowGraph;
  readonly root: CallContext;
  /** Instructions at which a check failed, if only for want of precision. */
  readonly failing: ReadonlySet<number>;
  /** Every path was explored to its end; else what is not among the states may be possible. */
  readonly complete: boolean;
  private readonly nodes: ReadonlyMap<number, Node>;
  private readonly contexts = new Map<string, CallContext>();

  constructor(verification: Verification) {
    const { machine, graph, exploration, findings } = verification;
    if (graph === undefined || exploration === undefined) throw new Error('nothing of the program was explored');
    // Replays must not add to what the verification found.
    this.machine = new ReplayMachine(machine);
    this.failing = new Set(findings.map(({ instruction }) => instruction));
    this.complete = exploration.stopped === undefined;
    this.graph = graph;
    this.nodes = exploration.nodes;
    let root: CallContext | undefined;
    for (const { context } of this.nodes.values()) {
      if (context.parent === undefined) root = context;
      else this.contexts.set(`${context.parent.id}:${context.call}:${context.functionStart}`, context);
    }
    this.root = root!;
  }

  callee(context: CallContext, call: number, start: number): CallContext | undefined {
    return this.contexts.get(`${context.id}:${call}:${start}`);
  }

  node(context: CallContext, pc: number): Node | undefined {
    const block = this.graph.blockAt.get(pc);
    return block === undefined ? undefined : this.nodes.get(context.id * this.graph.blocks.length + block);
  }

  isBlockHead(pc: number): boolean {
    return this.graph.blockAt.has(pc);
  }
}

/** Thrown where a run is in a state that the verifier held impossible; stops the interpreter. */
export class Escape extends Error {
  /** Slot of the instruction that led there. */
  readonly pc: number;
  constructor(pc: number, message: string) {
    super(message);
    this.name = 'Escape';
    this.pc = pc;
  }
}

/** Follows one run: at block heads some explored state must contain the concrete one, inside blocks its replay must. */
export class Follower {
  private readonly explored: Explored;
  private readonly replays: boolean;
  private readonly chain: CallContext[];
  private replay: State | undefined;
  private previous = -1;
  private stopped: boolean;

  /** @param replays also compare inside blocks. */
  constructor(explored: Explored, replays: boolean) {
    this.explored = explored;
    this.replays = replays;
    this.stopped = !explored.complete;
    this.chain = [explored.root];
  }

  /** The verifier's state before the current instruction, which contains the run's; undefined where none is known. */
  get abstract(): State | undefined {
    return this.replay;
  }

  /** The run comes to an instruction. @throws Escape */
  step(pc: number, concrete: CheckedState): void {
    // Behind a failed check the verifier goes on as though it had held.
    if (this.stopped || this.explored.failing.has(this.previous)) {
      this.stopped = true;
      this.replay = undefined;
      return;
    }
    const context = this.contextOf(pc, concrete);
    if (this.replay !== undefined) this.advance(pc, concrete);
    if (this.explored.isBlockHead(pc)) this.enter(context, pc, concrete);
    this.previous = pc;
  }

  private contextOf(pc: number, { frames }: CheckedState): CallContext {
    const { chain } = this;
    while (chain.length > frames.length) chain.pop();
    if (chain.length < frames.length) {
      const { callSite } = frames[frames.length - 1]!;
      const next = this.explored.callee(chain[chain.length - 1]!, callSite, pc);
      if (next === undefined) throw new Escape(pc, `the call at ${callSite} was never followed`);
      chain.push(next);
    }
    return chain[chain.length - 1]!;
  }

  private enter(context: CallContext, pc: number, concrete: CheckedState): void {
    const node = this.explored.node(context, pc);
    if (node === undefined) throw new Escape(pc, 'the block was never reached');
    let reason = 'no state was explored';
    this.replay = undefined;
    for (const state of node.processed) {
      const why = outside(state, concrete);
      if (why === undefined) {
        if (this.replays) this.replay = state.clone();
        return;
      }
      reason = why;
    }
    if (node.processed.length >= REMEMBERED && !node.loopHead) return;
    throw new Escape(pc, `outside all ${node.processed.length} states: ${reason}`);
  }

  /** Executes the instruction before `pc` on the replayed state. */
  private advance(pc: number, concrete: CheckedState): void {
    const { machine } = this.explored;
    const at = this.previous;
    const instruction = machine.instruction(at);
    let state = this.replay;
    this.replay = undefined;
    if (state === undefined) return;
    switch (instruction.kind) {
      case 'branch': {
        const target = targetOf(at, instruction);
        if (target === at + 1) return;
        const { taken, fallthrough } = executeBranch(machine, state, at, instruction);
        state = pc === target ? taken : fallthrough;
        break;
      }
      case 'jump':
      case 'may_goto':
      case 'exit':
      case 'call_local':
        return;
      case 'packet':
        // A load past the packet's end has returned from the function.
        if (concrete.frames.length < state.frames.length) return;
        if (!executeStraight(machine, state, at, instruction)) state = undefined;
        break;
      case 'call':
        if (machine.findHelper(instruction.helper)?.callback !== undefined) return;
        if (!executeStraight(machine, state, at, instruction)) state = undefined;
        break;
      default:
        if (!executeStraight(machine, state, at, instruction)) state = undefined;
    }
    if (state === undefined) throw new Escape(at, 'control goes on where the verifier says that it cannot');
    const why = outside(state, concrete);
    if (why !== undefined) throw new Escape(at, `after the instruction: ${why}`);
    this.replay = state;
  }
}
