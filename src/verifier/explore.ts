import type { Instruction } from '../isa/instruction.ts';
import { slotCount } from '../isa/instruction.ts';
import type { HelperPrototype } from '../platform/platform.ts';
import { executeBinary, executeByteSwap, executeLoadImmediate, executeMoveSignExtended, executeNegate, readRegister } from './alu.ts';
import { executeAtomic } from './atomic.ts';
import { executeBranch, NEGATED } from './branch.ts';
import { changePacket, endLoans, executeCall, isTailCall } from './call.ts';
import type { Block, ControlFlowGraph } from './cfg.ts';
import { targetOf } from './cfg.ts';
import { checkExit } from './exit.ts';
import { checkGlobalCall } from './global-functions.ts';
import { dissimilarity, generalise, type JoinedSymbol, joinStates, sameObligations, shapeOf, stateLeq } from './lattice.ts';
import type { Liveness } from './liveness.ts';
import type { Assumption, Machine } from './machine.ts';
import { executeLoad, executePacketLoad, executeStore } from './memory.ts';
import { constantValue, type Int, TOP } from './number/index.ts';
import { isDeep, joinOrigins, leaveLoops, originSymbols, outerOrigins, sameOrigins, settledOrigins } from './origins.ts';
import { NodeQueue, NodeStack } from './queue.ts';
import { StackFrame } from './stack.ts';
import type { StackLiveness } from './stack-liveness.ts';
import type { LoopOrigin, State } from './state.ts';
import { LoopProgress } from './termination.ts';
import { PACKET_SIZE, type SymbolId, Value, ZERO } from './value.ts';

/** How many states are kept apart, and how long loops are followed turn by turn before they are widened. */
export interface Precision {
  /** States of one shape kept apart at a join. */
  readonly states: number;
  /** Shapes kept apart at a join. */
  readonly shapes: number;
  /** Whether the constants that registers hold are part of the shape: flags that later branches test. */
  readonly constants: boolean;
  /** Whether which stack bytes are written is part of the shape. */
  readonly fine: boolean;
  /** States of a loop head followed before widening. */
  readonly turns: number;
  /** Instructions executed abstractly before giving up. */
  readonly steps: number;
}

/** A chain of active calls; functions are explored per chain. */
export interface CallContext {
  readonly id: number;
  readonly parent: CallContext | undefined;
  /** Slot of the call in the parent. */
  readonly call: number;
  readonly functionStart: number;
  readonly key: readonly number[];
  /** Where control goes on in the parent; a callback returns to the call itself. */
  readonly returnBlock: number;
  readonly callback: boolean;
}

/** A block within a chain of calls, with the states explored there. */
export interface Node {
  readonly id: number;
  readonly context: CallContext;
  readonly block: Block;
  /** States from which the block has been executed (loop heads: the current generalisations). */
  processed: State[];
  pending: State[];
  readonly key: readonly number[];
  /** Priority after a back edge: when the loop's body is drained. */
  readonly againKey: readonly number[];
  readonly loopHead: boolean;
  /** Loop heads: the processed states by the state of the enclosing loop's head they belong to. */
  readonly turns: Map<State | undefined, Turn>;
}

/** What a loop head has seen within one turn of the enclosing loop. */
interface Turn {
  readonly states: State[];
  /** How many of them have a shape. */
  readonly shapes: Map<number, number>;
}

export interface Exploration {
  readonly nodes: ReadonlyMap<number, Node>;
  readonly steps: number;
  readonly statesVisited: number;
  readonly maxLoopCount: number;
  /** Set when the exploration stopped early. */
  readonly stopped: 'failure' | 'steps' | 'chains' | 'cancelled' | undefined;
}

/** How one place is looked for: the deep way first, and only where the place may still be reached. */
export interface Search {
  /** Whether the block may lead there. */
  readonly leads: (block: Block) => boolean;
  /** Whether of a branch's ways on this one is to be tried first. */
  readonly prefers: (from: Block, to: Block) => boolean;
}

export interface ExploreOptions {
  readonly precision: Precision;
  /** Explores in the manner of a search. */
  readonly search?: Search;
  /** Stop at the first failed check of severity safety or policy; `ignoreFailures` ends that. */
  readonly stopAtFailure: boolean;
  readonly thresholds: readonly Int[];
  readonly cancelled: () => boolean;
  readonly onProgress?: (steps: number) => void;
  /** How many findings count as failures so far. */
  readonly failures: () => number;
  /** Told of every state that a loop head goes on with. */
  readonly onLoopHead?: ((turn: LoopTurn) => void) | undefined;
}

/** A state came to a loop head, and the verifier goes on from there with it or with what it was merged into. */
export interface LoopTurn {
  readonly node: Node;
  /** What came. */
  readonly arrived: State;
  /** An earlier state that was given up for one that stands for both; undefined where the state was kept apart. */
  readonly merged: State | undefined;
  /** The merged state was widened: bounds that grew were moved to the next threshold at once. */
  readonly widened: boolean;
  /** What it goes on with; not to be changed. */
  readonly result: State;
}

/** Explores every path of the program, states merged as the precision demands, until nothing new is found. */
export class Explorer {
  private readonly machine: Machine;
  private readonly graph: ControlFlowGraph;
  private readonly liveness: Liveness;
  private readonly stackLiveness: StackLiveness;
  private readonly options: ExploreOptions;
  private readonly nodes = new Map<number, Node>();
  private readonly contexts = new Map<string, CallContext>();
  private readonly queue: NodeQueue | NodeStack;
  private readonly progress: LoopProgress;
  private pinnedOrigins: LoopOrigin | undefined;
  private pinned: ReadonlySet<SymbolId> = new Set();
  private stopAtFailure: boolean;
  /** What it may cost before it stops. */
  private allowed = Number.POSITIVE_INFINITY;
  private steps = 0;
  /** States that were compared with others, which costs most where many are kept apart. */
  private compared = 0;
  private statesVisited = 0;

  constructor(machine: Machine, graph: ControlFlowGraph, liveness: Liveness, stackLiveness: StackLiveness, options: ExploreOptions) {
    this.machine = machine;
    this.graph = graph;
    this.liveness = liveness;
    this.stackLiveness = stackLiveness;
    this.options = options;
    this.queue = options.search === undefined ? new NodeQueue() : new NodeStack();
    this.stopAtFailure = options.stopAtFailure;
    this.progress = new LoopProgress(machine);
  }

  run(entry: State, slot = 0): Exploration {
    this.begin(entry, slot);
    for (;;) {
      const exploration = this.advance(Number.POSITIVE_INFINITY);
      if (exploration !== undefined) return exploration;
    }
  }

  /** Makes ready to explore from the function at `slot`, entered with the state. */
  begin(entry: State, slot = 0): void {
    const root: CallContext = { id: 0, parent: undefined, call: -1, functionStart: slot, key: [], returnBlock: -1, callback: false };
    this.contexts.set('', root);
    this.deliver(this.node(root, this.graph.functions.get(slot)!.entry), entry, undefined);
  }

  /** From now on failed checks are no reason to stop. */
  ignoreFailures(): void {
    this.stopAtFailure = false;
  }

  /** Allows so many steps from now on, or what costs as much. */
  allow(steps: number): void {
    this.allowed = this.cost + steps;
  }

  private get cost(): number {
    return this.steps + this.compared / COMPARED_PER_STEP;
  }

  /** Explores some blocks further, each in the states that wait there; undefined while there is more to explore. */
  advance(visits: number): Exploration | undefined {
    let stopped: Exploration['stopped'];
    for (let visit = 0; ; visit++) {
      if (visit >= visits) return undefined;
      const node = this.queue.pop();
      if (node === undefined) break;
      this.visit(node);
      if (this.stopAtFailure && this.options.failures() > 0) stopped = 'failure';
      else if (this.steps > this.options.precision.steps || this.cost > this.allowed) stopped = 'steps';
      else if (this.contexts.size > MAX_CHAINS) stopped = 'chains';
      else if (this.options.cancelled()) stopped = 'cancelled';
      if (stopped !== undefined) break;
      this.options.onProgress?.(this.steps);
    }
    const maxLoopCount = stopped === undefined ? this.progress.conclude(this.nodes) : 0;
    return { nodes: this.nodes, steps: this.steps, statesVisited: this.statesVisited, maxLoopCount, stopped };
  }

  private node(context: CallContext, blockId: number): Node {
    const id = context.id * this.graph.blocks.length + blockId;
    let node = this.nodes.get(id);
    if (node === undefined) {
      const block = this.graph.blocks[blockId]!;
      const loopHead = block.loopEnd >= 0 || this.invokesCallback(block);
      const key = [...context.key, block.order];
      const againKey = loopHead ? [...context.key, Math.max(block.loopEnd, block.order) + 0.5] : key;
      node = { id, context, block, processed: [], pending: [], key, againKey, loopHead, turns: loopHead ? new Map() : NO_TURNS };
      this.nodes.set(id, node);
    }
    return node;
  }

  private invokesCallback(block: Block): boolean {
    const instruction = this.machine.instruction(block.start);
    return block.start === block.last && this.machine.callsBack(instruction);
  }

  /** Hands a state to a node: dead registers go, and pending states beyond the precision are merged. */
  private deliver(node: Node, state: State, from: Node | undefined): void {
    const { search } = this.options;
    if (search !== undefined && !search.leads(node.block)) return;
    const live = this.liveness.atBlock[node.block.id]!;
    const { registers } = state;
    for (let r = 0; r < 10; r++) if ((live & (1 << r)) === 0) registers[r] = undefined;
    state.forget(this.stackLiveness.atBlock[node.block.id]!);
    state.trail = { block: node.block.start, depth: (state.trail?.depth ?? 0) + 1, previous: state.trail };
    if (state.constraints.totals.length > 0) state.constraints = state.constraints.project(state.usedSymbols());
    else if (state.constraints.list.length > 8) state.constraints = state.constraints.retain(state.usedSymbols());
    const back = from !== undefined && node.loopHead && isBackEdge(from, node);
    state.back = back;
    if (!back) state.origins = leaveLoops(state.origins, node, this.nodes);
    if (node.loopHead) {
      state.shape = shapeOf(state, this.options.precision.fine, false);
      addPending(node, state);
      this.queue.push(node, back || node.processed.length > 0 ? node.againKey : node.key);
      return;
    }
    state.shape = shapeOf(state, this.options.precision.fine, this.options.precision.constants);
    if (node.pending.length > 0 && this.mergePending(node, state)) return;
    addPending(node, state);
    this.queue.push(node, node.key);
  }

  /** Merges the state into a pending one where the precision leaves no room for both. */
  private mergePending(node: Node, state: State): boolean {
    const { pending } = node;
    const { states, shapes } = this.options.precision;
    const alike = pending.filter((other) => other.shape === state.shape);
    const crowd = alike.length >= states ? alike : pending.length >= shapes + states ? pending : undefined;
    if (crowd === undefined) return false;
    this.compared += crowd.length;
    const target = mostSimilar(crowd, state);
    if (target === undefined) return false;
    const merged = joinStates(target, state, this.machine);
    merged.shape = target.shape;
    pending[pending.indexOf(target)] = merged;
    return true;
  }

  private visit(node: Node): void {
    if (this.options.search !== undefined) {
      const state = node.pending.pop()!;
      if (node.loopHead) this.visitHead(node, state);
      else this.visitOrdinary(node, state);
      return;
    }
    if (node.loopHead) {
      const state = node.pending.shift();
      if (state !== undefined) this.visitHead(node, state);
      if (node.pending.length > 0) this.queue.push(node, node.againKey);
      return;
    }
    const { pending } = node;
    if (pending.length > MAX_AT_ONCE) {
      // What is left comes first of what is queued: nothing that follows from here comes before it.
      node.pending = pending.slice(MAX_AT_ONCE);
      this.queue.push(node, node.key);
    } else node.pending = [];
    for (const state of pending.slice(0, MAX_AT_ONCE)) this.visitOrdinary(node, state);
  }

  private visitOrdinary(node: Node, state: State): void {
    const { processed } = node;
    if (processed.length > 0) {
      const pinned = this.pinnedBy(state.origins);
      this.compared += processed.length;
      for (let index = processed.length - 1; index >= 0; index--) {
        const other = processed[index]!;
        if (sameOrigins(state.origins, other.origins) && stateLeq(state, other, pinned)) return;
      }
    }
    if (processed.length >= MAX_REMEMBERED) processed.shift();
    const entered = remembered(state.clone());
    if (processed.length === 0) node.processed = [entered];
    else processed.push(entered);
    this.execute(node, state);
  }

  /** Symbols of the loop heads' states that these origins name. */
  private pinnedBy(origins: LoopOrigin | undefined): ReadonlySet<SymbolId> {
    // States that follow one another mostly come from one state of a head.
    if (origins !== this.pinnedOrigins) {
      this.pinnedOrigins = origins;
      this.pinned = originSymbols(origins);
    }
    return this.pinned;
  }

  /** States are compared and merged only with those of the same turn of the enclosing loops, whose progress would be lost otherwise. */
  private visitHead(node: Node, state: State): void {
    const outer = settledOrigins(outerOrigins(state.origins, node.id));
    const pinned = this.pinnedBy(outer);
    // The innermost enclosing head's state stands for the whole chain: it carries its own origins.
    let turn = node.turns.get(outer?.state);
    if (turn === undefined) {
      turn = { states: [], shapes: new Map() };
      node.turns.set(outer?.state, turn);
    }
    const { states } = turn;
    this.compared += Math.min(states.length, MAX_COMPARED);
    // What a loop's state falls under is one of its latest or a generalised one; looking at all of them would be quadratic.
    for (let index = states.length - 1; index >= 0; index--) {
      const candidate = states[index]!;
      if (index < states.length - MAX_COMPARED && candidate.generalisations === 0) continue;
      if (!sameOrigins(outer, candidate.origins) || !stateLeq(state, candidate, pinned)) continue;
      this.progress.arrived(node, state, candidate);
      return;
    }
    let entered = state;
    let merged: State | undefined;
    const { turns, shapes } = this.options.precision;
    const alike = turn.shapes.get(state.shape) ?? 0;
    const known = states.length === 0 && this.options.search === undefined ? this.earlierTurn(node, outer, state) : undefined;
    if (known !== undefined) {
      merged = known.state;
      entered = generalise(merged, state, this.machine, undefined, known.symbols);
      entered.generalisations = merged.generalisations;
      entered.shape = merged.shape;
      entered.trail = state.trail;
    } else if (alike >= turns || states.length >= turns + shapes) {
      const crowd = alike >= turns ? states.filter((other) => other.shape === state.shape) : states;
      const at = mostSimilar(
        crowd.length > MAX_COMPARED ? [...crowd.filter((other) => other.generalisations > 0), ...crowd.slice(-MAX_COMPARED)] : crowd,
        state,
      );
      if (at !== undefined) {
        // A widened state keeps the shape it stands for, so that later turns find it.
        entered = generalise(at, state, this.machine, at.generalisations > 0 ? this.options.thresholds : undefined, NO_SYMBOLS);
        merged = at;
        entered.generalisations = at.generalisations + 1;
        entered.shape = at.shape;
        entered.trail = state.trail;
        states.splice(states.indexOf(at), 1);
        node.processed.splice(node.processed.lastIndexOf(at), 1);
        turn.shapes.set(at.shape, turn.shapes.get(at.shape)! - 1);
        this.progress.superseded(at, entered);
      }
    }
    const snapshot = entered === state ? state.clone() : entered;
    snapshot.shape = entered.shape;
    // What stands for both has only those bounds that both have.
    snapshot.origins = merged === undefined || known !== undefined ? outer : joinOrigins(outer, merged.origins);
    node.processed.push(remembered(snapshot));
    states.push(snapshot);
    turn.shapes.set(snapshot.shape, (turn.shapes.get(snapshot.shape) ?? 0) + 1);
    this.progress.arrived(node, state, snapshot);
    this.options.onLoopHead?.({ node, arrived: state, merged, widened: merged !== undefined && merged.generalisations > 0, result: snapshot });
    const running = snapshot.clone();
    running.origins = { head: node.id, state: snapshot, bounded: false, advancing: 0, previous: snapshot.origins };
    this.execute(node, running);
  }

  /**
   * The generalised state of the turn that the enclosing loop's state had before it was itself generalised, to begin the new turn with: loops would
   * otherwise start anew for every state of every loop around them, which is exponential in their nesting.
   */
  private earlierTurn(node: Node, outer: LoopOrigin | undefined, state: State): State['grownFrom'] {
    const grown = outer?.state.grownFrom;
    if (grown === undefined || (this.options.precision.turns > 1 && !isDeep(outer))) return undefined;
    const candidates = node.turns.get(grown.state)?.states.filter((earlier) => earlier.generalisations > 0 && earlier.shape === state.shape) ?? [];
    const similar = mostSimilar(candidates, state);
    return similar === undefined ? undefined : { state: similar, symbols: grown.symbols };
  }

  /** Runs the block's instructions on the state, which is consumed, and delivers what leaves it. */
  private execute(node: Node, state: State): void {
    const { machine } = this;
    this.statesVisited++;
    const { block } = node;
    for (let pc = block.start; ; ) {
      const instruction = machine.instruction(pc);
      this.steps++;
      if (machine.rules.assumptions !== undefined && !assumeAt(machine, state, pc)) return;
      if (instruction.kind === 'packet') this.leavePacket(node, state, pc);
      else if (node.context.parent !== undefined) this.leaveByTailCall(node, state, pc, instruction);
      if (pc === block.last && this.leave(node, state, pc, instruction)) return;
      if (!executeStraight(machine, state, pc, instruction)) return;
      if (pc === block.last) break;
      pc += slotCount(instruction);
    }
    this.deliver(this.node(node.context, block.successors[0]!), state, node);
  }

  /** Handles instructions that end a block other than by falling through; false where the instruction is an ordinary one. */
  private leave(node: Node, state: State, pc: number, instruction: Instruction): boolean {
    const { machine } = this;
    switch (instruction.kind) {
      case 'jump':
        this.deliver(this.node(node.context, node.block.successors[0]!), state, node);
        return true;
      case 'branch': {
        const { taken, fallthrough } = executeBranch(machine, state, pc, instruction);
        const [far, near] = node.block.successors;
        const { search } = this.options;
        // Where a search goes first is delivered last. Else the fall-through goes first: it is the one that reuses this state.
        const nearLast = search?.prefers(node.block, this.graph.blocks[near!]!) === true;
        if (nearLast && taken !== undefined) this.deliver(this.node(node.context, far!), taken, node);
        if (fallthrough !== undefined) this.deliver(this.node(node.context, near!), fallthrough, node);
        if (!nearLast && taken !== undefined) this.deliver(this.node(node.context, far!), taken, node);
        return true;
      }
      case 'may_goto': {
        const taken = state.clone();
        // Once the host has had enough, every may_goto of this call of the function jumps.
        state.origins = this.boundedOrigins(state.origins, node.context);
        this.deliver(this.node(node.context, node.block.successors[1]!), state, node);
        this.deliver(this.node(node.context, node.block.successors[0]!), taken, node);
        return true;
      }
      case 'exit':
        this.exit(node, state, pc);
        return true;
      case 'call_local':
        this.callLocal(node, state, pc, targetOf(pc, instruction));
        return true;
      case 'call':
        return this.callWithCallback(node, state, pc, instruction.helper);
      default:
        return false;
    }
  }

  /** Loops of other calls of functions go on when this one's budget is spent: the next call has a budget of its own. */
  private boundedOrigins(origins: LoopOrigin | undefined, context: CallContext): LoopOrigin | undefined {
    if (origins === undefined) return undefined;
    const previous = this.boundedOrigins(origins.previous, context);
    const bounded = origins.bounded || this.nodes.get(origins.head)!.context === context;
    return { ...origins, bounded, previous };
  }

  private callWithCallback(node: Node, state: State, pc: number, helper: number): boolean {
    const prototype = this.machine.findHelper(helper);
    if (prototype?.callback === undefined) return false;
    const outcome = executeCall(this.machine, state, pc, prototype);
    if (outcome === undefined) return true;
    if (outcome.callback !== undefined) {
      const context = this.context(node.context, pc, outcome.callback.slot, node.block.id, true, node.block);
      if (context === undefined) this.machine.fail('call_depth', pc, state, { limit: this.machine.rules.callFrames });
      else {
        this.deliver(this.node(context, this.graph.functions.get(outcome.callback.slot)!.entry), outcome.callback.state, node);
      }
    }
    if (!outcome.ends) this.deliver(this.node(node.context, node.block.successors[0]!), state, node);
    return true;
  }

  private callLocal(node: Node, state: State, pc: number, target: number): void {
    const { machine, graph } = this;
    if (state.lock !== 0 && machine.program.functions.find((range) => range.start === target)?.linkage !== 'static') {
      machine.fail('lock_state', pc, state, { note: 'Calls a global function while a spin lock is held' });
      return;
    }
    for (let context: CallContext | undefined = node.context; context !== undefined; context = context.parent) {
      if (context.functionStart !== target) continue;
      machine.fail('recursion', pc, state, { name: functionName(machine, target), limit: machine.rules.callFrames });
      return;
    }
    if (!checkGlobalCall(machine, state, pc, target)) return;
    const context = this.context(node.context, pc, target, node.block.successors[0]!, false, node.block);
    if (context === undefined || state.frames.length >= machine.rules.callFrames) {
      machine.fail('call_depth', pc, state, { limit: machine.rules.callFrames });
      return;
    }
    enterFunction(machine, state, this.liveness.afterCall.get(node.block.id) ?? 0);
    this.deliver(this.node(context, graph.functions.get(target)!.entry), state, node);
  }

  private context(
    parent: CallContext,
    call: number,
    functionStart: number,
    returnBlock: number,
    callback: boolean,
    block: Block,
  ): CallContext | undefined {
    const name = `${parent.id}:${call}:${functionStart}`;
    let context = this.contexts.get(name);
    if (context === undefined) {
      if (parent.key.length >= this.machine.rules.callFrames) return undefined;
      context = { id: this.contexts.size, parent, call, functionStart, key: [...parent.key, block.order], returnBlock, callback };
      this.contexts.set(name, context);
    }
    return context;
  }

  /** A packet load outside the packet ends the function with result 0 (RFC 9669, section 5.5). */
  private leavePacket(node: Node, state: State, pc: number): void {
    if (node.context.parent === undefined) return;
    const ended = state.clone();
    ended.registers[0] = this.machine.constant(0);
    this.exit(node, ended, pc);
  }

  /** A tail call that succeeds in a subprogram ends it with what the other program returns, which may have changed the packet. */
  private leaveByTailCall(node: Node, state: State, pc: number, instruction: Instruction): void {
    const { machine } = this;
    const prototype = machine.calledBy(instruction);
    if (prototype === undefined || !isTailCall(prototype)) return;
    const ended = state.clone();
    changePacket(machine, ended);
    ended.registers[0] = machine.number(TOP);
    this.exit(node, ended, pc);
  }

  private exit(node: Node, state: State, pc: number): void {
    const { machine } = this;
    const { context } = node;
    if (!checkExit(machine, state, pc, context)) return;
    if (context.parent === undefined) return;
    leaveFunction(state, context.callback);
    this.deliver(this.node(context.parent, context.returnBlock), state, node);
  }
}

/** Blocks that head no loop have none, and never get one. */
const NO_TURNS: Map<State | undefined, Turn> = new Map();
const NO_SYMBOLS: readonly JoinedSymbol[] = [];
/** Comparisons of states that cost as much as a step. */
const COMPARED_PER_STEP = 4;
/** States of a loop head that an arriving one is compared with, besides the generalised ones. */
const MAX_COMPARED = 32;
/** States of one block that a visit takes on, so that no visit takes long. */
const MAX_AT_ONCE = 16;
/** States of an ordinary block remembered for pruning. */
const MAX_REMEMBERED = 64;
/** Chains of calls explored at most: each is explored on its own. */
export const MAX_CHAINS = 50_000;

const FRAME_GONE = new Value('invalid', 0, ZERO, 0, TOP, false, 0, undefined, 'frame_gone');
const CLOBBERED = new Value('invalid', 0, ZERO, 0, TOP, false, 0, undefined, 'clobbered');

/** Narrows the state by what is assumed before an instruction; false where that contradicts it, so that the path ends. */
export function assumeAt(machine: Machine, state: State, pc: number): boolean {
  return (machine.rules.assumptions?.get(pc) ?? []).every((assumption) => applyAssumption(machine, state, pc, assumption));
}

/** Narrows the state by one assumption; false where that contradicts it. */
export function applyAssumption(machine: Machine, state: State, pc: number, assumption: Assumption): boolean {
  if (assumption.kind === 'packet') state.relate(ZERO, PACKET_SIZE, -assumption.bytes);
  else if (assumption.kind === 'havoc') state.registers[assumption.register] = machine.number(TOP);
  else {
    // The side that is not taken is the one that keeps this state.
    const branch = { ...assumption.branch, comparison: NEGATED[assumption.branch.comparison] };
    return executeBranch(machine, state, pc, branch).fallthrough !== undefined;
  }
  return true;
}

/** A local call's effect on the state: a frame for the callee, which gets r1 to r5; of the caller's registers those of `live` are kept. */
export function enterFunction(machine: Machine, state: State, live: number): void {
  const caller = state.registers;
  const registers: (Value | undefined)[] = new Array(11).fill(undefined);
  for (let r = 1; r <= 5; r++) {
    registers[r] = caller[r];
    caller[r] = undefined;
  }
  caller[0] = undefined;
  for (let r = 6; r <= 9; r++) if ((live & (1 << r)) === 0) caller[r] = undefined;
  registers[10] = machine.pointer('stack', state.frames.length, 0);
  state.frames.push({ registers, stack: new StackFrame(machine.rules.stackSize) });
}

/** The effect of a subprogram's or callback's exit: its frame goes; a caller gets r0 and loses r1 to r5. */
export function leaveFunction(state: State, callback: boolean): void {
  const result = state.registers[0];
  state.frames.pop();
  const gone = state.frames.length;
  state.rewrite((value) => (value.kind === 'stack' && value.tag >= gone ? FRAME_GONE : value));
  if (callback) {
    endLoans(state);
    return;
  }
  const { registers } = state;
  registers[0] = result !== undefined && result.kind === 'stack' && result.tag >= gone ? FRAME_GONE : result;
  for (let r = 1; r <= 5; r++) registers[r] = CLOBBERED;
}

export function functionName(machine: Machine, slot: number): string {
  return machine.program.functions.find((f) => f.start === slot)?.name ?? `at instruction ${slot}`;
}

/** A list's first element is written with it: a list that grows takes room for many more. */
function addPending(node: Node, state: State): void {
  if (node.pending.length === 0) node.pending = [state];
  else node.pending.push(state);
}

/** Prepares a state for comparison with later ones: its relations speak only of what it still holds. */
function remembered(state: State): State {
  if (state.constraints.relates) state.constraints = state.constraints.project(state.usedSymbols());
  return state;
}

function isBackEdge(from: Node, head: Node): boolean {
  if (from.context === head.context)
    return from.block.order >= head.block.order && from.block.order <= Math.max(head.block.loopEnd, head.block.order);
  // Returning from a callback to its call is a turn of that loop; returning from a subprogram is not an edge of its own.
  return from.context.callback && from.context.parent === head.context && from.context.call === head.block.start;
}

/** The state whose join with this one loses least; undefined where what is owed differs from all of them. */
function mostSimilar(states: readonly State[], state: State): State | undefined {
  let best: State | undefined;
  let least = Number.POSITIVE_INFINITY;
  for (const candidate of states) {
    if (!sameObligations(candidate, state)) continue;
    const distance = dissimilarity(candidate, state);
    if (distance < least) {
      least = distance;
      best = candidate;
    }
  }
  return best;
}

/** Executes one instruction that neither branches nor leaves; false where the path ends (a failed check has been reported, or no return). */
export function executeStraight(machine: Machine, state: State, pc: number, instruction: Instruction): boolean {
  switch (instruction.kind) {
    case 'binary':
      return executeBinary(machine, state, pc, instruction);
    case 'movsx':
      return executeMoveSignExtended(machine, state, pc, instruction);
    case 'negate':
      return executeNegate(machine, state, pc, instruction);
    case 'swap':
      return executeByteSwap(machine, state, pc, instruction);
    case 'lddw':
      return executeLoadImmediate(machine, state, pc, instruction);
    case 'load':
    case 'load_acquire':
      return executeLoad(machine, state, pc, instruction);
    case 'store':
    case 'store_release':
      return executeStore(machine, state, pc, instruction);
    case 'atomic':
      return executeAtomic(machine, state, pc, instruction);
    case 'packet':
      return executePacketLoad(machine, state, pc, instruction);
    case 'call':
      return callHelper(machine, state, pc, instruction.helper);
    case 'call_btf': {
      const prototype = machine.findKfunc(instruction.btfId);
      if (prototype === undefined) {
        machine.fail('kfunc_unknown', pc, state, {
          name: machine.object.externs[instruction.btfId]?.name ?? `${instruction.btfId}`,
          note: machine.rules.platform.title,
        });
        return false;
      }
      return callOrdinary(machine, state, pc, prototype);
    }
    case 'callx': {
      const target = readRegister(machine, state, pc, instruction.register, 'is helper');
      if (target === undefined) return false;
      const id = target.kind === 'number' ? constantValue(target.range) : undefined;
      const prototype = typeof id === 'number' ? machine.findHelper(id) : undefined;
      if (prototype !== undefined) return callOrdinary(machine, state, pc, prototype);
      if (typeof id === 'number') return callHelper(machine, state, pc, id);
      machine.fail('unsupported', pc, state, { note: 'The function called through a register is not a known constant' });
      return false;
    }
    case 'cast': {
      const source = readRegister(machine, state, pc, instruction.src);
      if (source === undefined) return false;
      if (!machine.maps.some(({ kind }) => kind === 'arena')) {
        machine.fail('unsupported', pc, state, { note: 'The address space of a pointer is changed, and the program has no arena' });
        return false;
      }
      state.registers[instruction.dst] = machine.number(TOP);
      return true;
    }
    case 'jump':
    case 'branch':
    case 'may_goto':
    case 'exit':
    case 'call_local':
      return true;
  }
}

function callHelper(machine: Machine, state: State, pc: number, id: number): boolean {
  const prototype = machine.findHelper(id);
  if (prototype === undefined) {
    const known = machine.rules.platform.helpers.get(id);
    if (known === undefined) machine.fail('helper_unknown', pc, state, { name: `${id}`, note: machine.rules.platform.title });
    else machine.fail('helper_unavailable', pc, state, { name: known.name, note: machine.rules.programType.name });
    return false;
  }
  const outcome = executeCall(machine, state, pc, prototype);
  return outcome !== undefined && !outcome.ends;
}

/** A call that invokes nothing of the program: callbacks are followed only where the call names its helper by number. */
function callOrdinary(machine: Machine, state: State, pc: number, prototype: HelperPrototype): boolean {
  if (prototype.callback !== undefined) {
    machine.fail('unsupported', pc, state, { note: `${prototype.name} takes a callback and is not called by its number` });
    return false;
  }
  const outcome = executeCall(machine, state, pc, prototype);
  return outcome !== undefined && !outcome.ends;
}
