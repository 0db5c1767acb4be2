import type { Block } from '../../verifier/cfg.ts';
import { atOnce, type Steps } from '../../verifier/steps.ts';
import { crossEdge, replayBlock } from '../replay.ts';
import type { DebugSession } from '../session.ts';
import type { NumberedFailure } from '../views.ts';

/** `unreached`: no state of the verifier comes there, so in a program that passes no run does. */
export type BlockStatus = 'reached' | 'unreached' | 'failing';

/** An edge between blocks. */
export interface CoveredEdge {
  /** First slot of the block that it leads to. */
  readonly to: number;
  readonly kind: 'taken' | 'fall-through' | 'next';
  /** Some state goes that way. */
  readonly possible: boolean;
}

export interface CoveredBlock {
  /** First slot, and slot of the last instruction. */
  readonly start: number;
  readonly last: number;
  readonly function: string;
  readonly status: BlockStatus;
  readonly edges: readonly CoveredEdge[];
  /** First slot of the block that every way from the function's entry comes through last; undefined for the entry. */
  readonly dominator: number | undefined;
  readonly loopHead: boolean;
  /** States kept, over all chains of calls. */
  readonly states: number;
  readonly instructions: number;
  readonly failures: readonly number[];
  readonly current: boolean;
}

/** A source line whose code no state reaches, or only in part. */
export interface CoveredLine {
  readonly file: string;
  readonly line: number;
  readonly text: string;
  readonly instructions: number;
  readonly reached: number;
}

export interface Coverage {
  readonly blocks: readonly CoveredBlock[];
  /** Lines with instructions, in order. */
  readonly lines: readonly CoveredLine[];
  readonly instructions: number;
  readonly reached: number;
  /** The exploration ended early: what was not reached might be. */
  readonly complete: boolean;
}

/** Which blocks, edges and lines the verifier came to; undefined where it explored nothing. */
export function coverageOf(session: DebugSession): Coverage | undefined {
  return atOnce(coverageSteps(session));
}

/** Like `coverageOf`, giving way while it goes through the blocks. */
export function* coverageSteps(session: DebugSession): Steps<Coverage | undefined> {
  const { graph, exploration } = session.verification;
  if (graph === undefined || exploration === undefined || session.atlas === undefined) return undefined;
  const failures = session.failures.slice(0, session.report.failures.length);
  const dominators = dominatorsOf(
    graph.blocks,
    [...graph.functions.values()].map(({ entry }) => entry),
  );
  const blocks: CoveredBlock[] = [];
  for (const block of graph.blocks) {
    yield { done: blocks.length, total: graph.blocks.length };
    blocks.push(coveredBlock(session, block, graph.blocks, dominators.get(block.id), failures));
  }
  blocks.sort((a, b) => a.start - b.start);
  const lines = linesOf(session);
  const slots = session.program.instructions.flatMap((instruction, pc) => (instruction === undefined ? [] : [pc]));
  return {
    blocks,
    lines,
    instructions: slots.length,
    reached: slots.filter((pc) => session.atlas!.nodesAt(pc).length > 0).length,
    complete: exploration.stopped === undefined,
  };
}

/** States of one block that are asked which way they go. */
const MAX_STATES = 32;

function coveredBlock(
  session: DebugSession,
  block: Block,
  blocks: readonly Block[],
  dominator: number | undefined,
  failures: readonly NumberedFailure[],
): CoveredBlock {
  const nodes = session.atlas!.nodesAt(block.start).filter((node) => node.block === block);
  const here = failures.filter(({ failure }) => failure.instruction >= block.start && failure.instruction <= block.last);
  const branches = session.machine.instruction(block.last).kind === 'branch';
  let instructions = 0;
  for (let pc = block.start; pc <= block.last; pc++) if (session.program.instructions[pc] !== undefined) instructions++;
  return {
    start: block.start,
    last: block.last,
    function: session.source.functionAt(block.start)?.name ?? session.program.name,
    status: here.length > 0 ? 'failing' : nodes.length > 0 ? 'reached' : 'unreached',
    edges: block.successors.map((to, index) => ({
      to: blocks[to]!.start,
      kind: !branches ? 'next' : index === 0 ? 'taken' : 'fall-through',
      possible: nodes.some((node) => goesTo(session, node, to)),
    })),
    dominator: dominator === undefined ? undefined : blocks[dominator]!.start,
    loopHead: block.loopEnd >= 0,
    states: nodes.reduce((sum, node) => sum + node.processed.length, 0),
    instructions,
    failures: here.map(({ number }) => number),
    current: session.steppable && session.node.block === block,
  };
}

type SessionNode = DebugSession['node'];

/** Whether some state goes from its block into another one of the function. */
function goesTo(session: DebugSession, node: SessionNode, to: number): boolean {
  const { machine, verification } = session;
  const atlas = session.atlas!;
  const kind = machine.instruction(node.block.last).kind;
  // A call's successor is entered from the function that was called.
  if (kind === 'call_local') return atlas.nodesAt(verification.graph!.blocks[to]!.start).length > 0;
  const next = atlas.successors(node).find(({ block }) => block.id === to);
  if (next === undefined || next.processed.length === 0) return false;
  // What was entered and has no other way in was entered this way.
  if (next !== atlas.root && atlas.predecessors(next).length === 1) return true;
  if (session.crossing(node, next) !== undefined) return true;
  return node.processed.slice(-MAX_STATES, -1).some((head) => {
    const { end } = replayBlock(machine, node, head);
    return end !== undefined && crossEdge(machine, verification.liveness!, node, end, next) !== undefined;
  });
}

/** Immediate dominators by block (Cooper, Harvey, Kennedy: A Simple, Fast Dominance Algorithm); entries have none. */
function dominatorsOf(blocks: readonly Block[], entries: readonly number[]): ReadonlyMap<number, number> {
  const predecessors = new Map<number, number[]>();
  for (const block of blocks) {
    for (const to of block.successors) {
      const list = predecessors.get(to);
      if (list === undefined) predecessors.set(to, [block.id]);
      else list.push(block.id);
    }
  }
  const found = new Map<number, number>(entries.map((entry) => [entry, entry]));
  const ordered = [...blocks].sort((a, b) => a.functionStart - b.functionStart || a.order - b.order);
  const order = new Map(ordered.map(({ id }, index) => [id, index]));
  const meet = (a: number, b: number) => {
    let [x, y] = [a, b];
    while (x !== y) {
      if (order.get(x)! > order.get(y)!) x = found.get(x)!;
      else y = found.get(y)!;
    }
    return x;
  };
  for (let changed = true; changed; ) {
    changed = false;
    for (const { id } of ordered) {
      if (entries.includes(id)) continue;
      const known = (predecessors.get(id) ?? []).filter((from) => found.has(from));
      if (known.length === 0) continue;
      const next = known.reduce(meet);
      if (found.get(id) === next) continue;
      found.set(id, next);
      changed = true;
    }
  }
  for (const entry of entries) found.delete(entry);
  return found;
}

function linesOf(session: DebugSession): readonly CoveredLine[] {
  const lines = new Map<string, { file: string; line: number; text: string; instructions: number; reached: number }>();
  session.program.instructions.forEach((instruction, pc) => {
    const source = instruction === undefined ? undefined : session.source.at(pc);
    if (source === undefined || source.line === 0) return;
    const key = `${source.file}:${source.line}`;
    const row = lines.get(key) ?? { file: source.file, line: source.line, text: source.text.trim(), instructions: 0, reached: 0 };
    row.instructions++;
    if (session.atlas!.nodesAt(pc).length > 0) row.reached++;
    lines.set(key, row);
  });
  return [...lines.values()].sort((a, b) => (a.file === b.file ? a.line - b.line : a.file < b.file ? -1 : 1));
}
