import type { Block, ControlFlowGraph } from '../verifier/cfg.ts';
import { targetOf } from '../verifier/cfg.ts';
import type { CallContext, Exploration, Node } from '../verifier/explore.ts';
import type { Machine } from '../verifier/machine.ts';

const NO_NODES: readonly Node[] = [];

/** Finds the nodes of a finished exploration by place: by slot, by chain of calls, and by the edges between them. */
export class Atlas {
  readonly machine: Machine;
  readonly graph: ControlFlowGraph;
  readonly root: Node | undefined;
  private readonly nodes: ReadonlyMap<number, Node>;
  private readonly children = new Map<string, CallContext>();
  /** Nodes with states, by block. */
  private readonly explored = new Map<number, Node[]>();
  /** Block that begins at a slot, by function: a slot may belong to two functions. */
  private readonly blockOf = new Map<string, Block>();
  /** Predecessors by node, once they were asked for. */
  private entered: Map<number, Node[]> | undefined;
  private readonly blocksAt = new Map<number, number[]>();

  constructor(machine: Machine, graph: ControlFlowGraph, exploration: Exploration) {
    this.machine = machine;
    this.graph = graph;
    this.nodes = exploration.nodes;
    for (const block of graph.blocks) {
      this.blockOf.set(`${block.functionStart}:${block.start}`, block);
      for (let pc = block.start; pc <= block.last; pc++) {
        const ids = this.blocksAt.get(pc);
        if (ids === undefined) this.blocksAt.set(pc, [block.id]);
        else ids.push(block.id);
      }
    }
    for (const node of exploration.nodes.values()) {
      const { context, block } = node;
      if (context.parent !== undefined) this.children.set(childKey(context.parent, context.call, context.functionStart), context);
      if (node.processed.length === 0) continue;
      const list = this.explored.get(block.id);
      if (list === undefined) this.explored.set(block.id, [node]);
      else list.push(node);
    }
    const entry = graph.functions.get(0)?.entry;
    this.root = entry === undefined ? undefined : this.nodes.get(entry);
  }

  /** Explored nodes whose block contains the slot, in order of their chains of calls. */
  nodesAt(pc: number): readonly Node[] {
    const ids = this.blocksAt.get(pc) ?? [];
    // Hardly any slot belongs to two functions.
    return ids.length === 1 ? (this.explored.get(ids[0]!) ?? NO_NODES) : ids.flatMap((id) => this.explored.get(id) ?? []);
  }

  private nodeOf(context: CallContext, blockId: number): Node | undefined {
    return this.nodes.get(context.id * this.graph.blocks.length + blockId);
  }

  private nodeAtStart(context: CallContext, start: number): Node | undefined {
    const block = this.blockOf.get(`${context.functionStart}:${start}`);
    return block === undefined ? undefined : this.nodeOf(context, block.id);
  }

  /** The node that control enters when it leaves `node` for the block that begins at `start`; undefined where there is no such edge. */
  next(node: Node, start: number): Node | undefined {
    return this.successors(node).find((candidate) => candidate.block.start === start);
  }

  /** Where control may go from a node; for a branch the taken target first. Nodes that were never entered have no states. */
  successors(node: Node): readonly Node[] {
    const { block, context } = node;
    const instruction = this.machine.instruction(block.last);
    const found: (Node | undefined)[] = [];
    if (instruction.kind === 'exit') {
      if (context.parent !== undefined) found.push(this.nodeOf(context.parent, context.returnBlock));
    } else if (instruction.kind === 'call_local') {
      const target = targetOf(block.last, instruction);
      const child = this.children.get(childKey(context, block.last, target));
      if (child !== undefined) found.push(this.nodeAtStart(child, target));
    } else {
      if (block.start === block.last && instruction.kind === 'call' && this.machine.findHelper(instruction.helper)?.callback !== undefined) {
        for (const start of this.graph.functions.keys()) {
          const child = this.children.get(childKey(context, block.last, start));
          if (child !== undefined) found.push(this.nodeAtStart(child, start));
        }
      }
      for (const successor of block.successors) found.push(this.nodeOf(context, successor));
    }
    return [...new Set(found.filter((candidate) => candidate !== undefined))];
  }

  /** Explored nodes with an edge into `node`. */
  predecessors(node: Node): readonly Node[] {
    if (this.entered === undefined) {
      this.entered = new Map();
      for (const other of this.all()) {
        for (const next of this.successors(other)) {
          const list = this.entered.get(next.id);
          if (list === undefined) this.entered.set(next.id, [other]);
          else list.push(other);
        }
      }
    }
    return this.entered.get(node.id) ?? [];
  }

  /** All explored nodes. */
  *all(): Generator<Node> {
    for (const list of this.explored.values()) yield* list;
  }
}

function childKey(parent: CallContext, call: number, functionStart: number): string {
  return `${parent.id}:${call}:${functionStart}`;
}
