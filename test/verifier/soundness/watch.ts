/** Runs an accepted program in the checked interpreter and compares every state on the way with what the verifier explored. */
import type { CheckedState } from '../../../src/engine/checked/state.ts';
import type { CheckedInput, CheckedProgram } from '../../../src/engine/checked-interpreter.ts';
import { runChecked } from '../../../src/engine/checked-interpreter.ts';
import { executeBranch } from '../../../src/verifier/branch.ts';
import type { ControlFlowGraph } from '../../../src/verifier/cfg.ts';
import { targetOf } from '../../../src/verifier/cfg.ts';
import type { CallContext, Node } from '../../../src/verifier/explore.ts';
import { executeStraight } from '../../../src/verifier/explore.ts';
import type { Verification } from '../../../src/verifier/index.ts';
import type { Machine } from '../../../src/verifier/machine.ts';
import type { State } from '../../../src/verifier/state.ts';
import { outside } from './inside.ts';

/** What a run of an accepted program showed to be wrong. */
export interface Violation {
  /** `fault`: a check failed; `escape`: a state the verifier did not foresee; `limit`: it did not end. */
  readonly kind: 'fault' | 'escape' | 'limit';
  readonly instruction: number;
  readonly message: string;
}

/** Oldest states of a block are forgotten beyond these many (src/verifier/explore.ts); then containment cannot be asked of the rest. */
const REMEMBERED = 64;

/** The explored states of a verification, by call chain and block. */
export class Explored {
  readonly machine: Machine;
  readonly graph: ControlFlowGraph;
  readonly root: CallContext;
  private readonly nodes: ReadonlyMap<number, Node>;
  private readonly contexts = new Map<string, CallContext>();

  constructor(verification: Verification) {
    const { machine, graph, exploration } = verification;
    if (graph === undefined || exploration === undefined) throw new Error('only a judged program has explored states');
    this.machine = machine;
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

/** Stops the interpreter at the first escape. */
class Escape extends Error {
  readonly pc: number;
  constructor(pc: number, message: string) {
    super(message);
    this.pc = pc;
  }
}

/** Follows one run: at block heads some explored state must contain the concrete one, inside blocks its replay must. */
class Follower {
  private readonly explored: Explored;
  private readonly replays: boolean;
  private readonly chain: CallContext[];
  private replay: State | undefined;
  private previous = -1;

  constructor(explored: Explored, replays: boolean) {
    this.explored = explored;
    this.replays = replays;
    this.chain = [explored.root];
  }

  step(pc: number, concrete: CheckedState): void {
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

/** One run of an accepted program; undefined where nothing went wrong. `replays`: also compare inside blocks. */
export function watch(
  explored: Explored,
  program: CheckedProgram,
  input: CheckedInput,
  options: { readonly replays: boolean; readonly instructionLimit: number; readonly onStep?: (pc: number) => void },
): Violation | undefined {
  const follower = new Follower(explored, options.replays);
  try {
    const outcome = runChecked(program, input, {
      instructionLimit: options.instructionLimit,
      onStep(pc, state) {
        options.onStep?.(pc);
        follower.step(pc, state);
      },
    });
    if (outcome.kind === 'fault')
      return { kind: 'fault', instruction: outcome.fault.instruction, message: `${outcome.fault.kind}: ${outcome.fault.message}` };
    if (outcome.kind === 'limit')
      return { kind: 'limit', instruction: outcome.instruction, message: `still running after ${outcome.steps} instructions` };
    return undefined;
  } catch (error) {
    if (error instanceof Escape) return { kind: 'escape', instruction: error.pc, message: error.message };
    throw error;
  }
}
