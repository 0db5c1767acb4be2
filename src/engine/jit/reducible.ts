import type { Block, FlowGraph } from './flow-graph.ts';

/**
 * Makes a control-flow graph reducible without copying code: a loop that is entered at several blocks gets one new header, a dispatch block.
 * Every edge to one of the entries, from outside or inside the loop, first notes which entry it wants (a `select` block) and then goes to the
 * dispatch block. Loops inside are treated alike, once the header of the loop around them is left out.
 * Compilers do not emit such graphs from structured source; hand-written assembly may. The rest of the function is untouched.
 */
export function makeReducible(graph: FlowGraph): FlowGraph {
  const result = { entry: graph.entry, blocks: graph.blocks.map((block): Block => ({ ...block, successors: [...block.successors] })) };
  const regions: number[][] = [result.blocks.map((_, index) => index)];
  for (let region = regions.pop(); region !== undefined; region = regions.pop()) {
    for (const loop of loopsAmong(result.blocks, region)) {
      const entries = entriesOf(result, loop);
      // The header is left out of the region inside: cycles that remain there are inner loops.
      regions.push(entries.length > 1 ? dispatchTo(result, loop, entries) : loop.filter((block) => block !== entries[0]));
    }
  }
  return result;
}

interface MutableGraph {
  entry: number;
  readonly blocks: Block[];
}

/** Members of the loop that can be reached without passing another member. */
function entriesOf(graph: MutableGraph, loop: readonly number[]): number[] {
  const members = new Set(loop);
  const entries = new Set<number>();
  if (members.has(graph.entry)) entries.add(graph.entry);
  graph.blocks.forEach((block, index) => {
    if (members.has(index)) return;
    for (const successor of block.successors) if (members.has(successor)) entries.add(successor);
  });
  return [...entries];
}

/** Puts a dispatch block before the entries; returns the members of the loop without it. */
function dispatchTo(graph: MutableGraph, loop: readonly number[], entries: readonly number[]): number[] {
  const { blocks } = graph;
  const members = new Set(loop);
  const add = (block: Block): number => blocks.push(block) - 1;
  const dispatch = blocks.length + 2 * entries.length;
  const synthetic = { start: -1, end: -1, last: -1 };
  const select = (label: number) => add({ kind: 'select', ...synthetic, successors: [dispatch], label });
  // Two blocks per entry: one that is part of the loop and one before it, or the loop would again have several entries.
  const inside = new Map(entries.map((entry, label) => [entry, select(label)]));
  const outside = new Map(entries.map((entry, label) => [entry, select(label)]));
  blocks.forEach((block, index) => {
    const redirect = members.has(index) ? inside : outside;
    block.successors.forEach((successor, edge) => {
      block.successors[edge] = redirect.get(successor) ?? successor;
    });
  });
  graph.entry = outside.get(graph.entry) ?? graph.entry;
  add({ kind: 'dispatch', ...synthetic, successors: [...entries], label: 0 });
  return [...loop, ...inside.values()];
}

/** The strongly connected components with a cycle in the subgraph of `region` (Tarjan 1972, without recursion). */
function loopsAmong(blocks: readonly Block[], region: readonly number[]): number[][] {
  const member = new Uint8Array(blocks.length);
  for (const block of region) member[block] = 1;
  const number = new Int32Array(blocks.length).fill(-1);
  const low = new Int32Array(blocks.length);
  const next = new Int32Array(blocks.length);
  const open = new Uint8Array(blocks.length);
  const path: number[] = [];
  const component: number[] = [];
  const loops: number[][] = [];
  let counter = 0;
  const enter = (block: number) => {
    number[block] = low[block] = counter++;
    open[block] = 1;
    path.push(block);
    component.push(block);
  };
  for (const root of region) {
    if (number[root] !== -1) continue;
    enter(root);
    while (path.length > 0) {
      const block = path[path.length - 1]!;
      const { successors } = blocks[block]!;
      const step = next[block]!;
      if (step < successors.length) {
        next[block] = step + 1;
        const successor = successors[step]!;
        if (member[successor] === 0) continue;
        if (number[successor] === -1) enter(successor);
        else if (open[successor] === 1) low[block] = Math.min(low[block]!, number[successor]!);
        continue;
      }
      path.pop();
      const parent = path[path.length - 1];
      if (parent !== undefined) low[parent] = Math.min(low[parent]!, low[block]!);
      if (low[block] !== number[block]) continue;
      const found = component.splice(component.lastIndexOf(block));
      for (const one of found) open[one] = 0;
      if (found.length > 1 || successors.includes(block)) loops.push(found);
    }
  }
  return loops;
}
