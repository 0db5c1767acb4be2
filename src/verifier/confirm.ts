import type { Block, ControlFlowGraph } from './cfg.ts';
import { targetOf } from './cfg.ts';
import { Explorer, type Precision, type Search } from './explore.ts';
import type { Liveness } from './liveness.ts';
import type { Finding, Machine } from './machine.ts';
import type { StackLiveness } from './stack-liveness.ts';
import type { State, Trail } from './state.ts';

/**
 * What became of a failed check when it was looked for again with nothing merged. `certain`: it fails on a path on which no state was merged with
 * another, so that no precision helps. `spurious`: it fails on no path, as far as paths go that end where another check fails. `unknown`: too much to
 * look at.
 */
export type Confirmation = 'certain' | 'spurious' | 'unknown';

export interface Question {
  /** The failed check. */
  readonly finding: Finding;
  /** A machine of the same program and rules, to take what fails in a search. */
  readonly create: () => Machine;
  readonly entry: (machine: Machine) => State;
  readonly graph: ControlFlowGraph;
  readonly liveness: Liveness;
  readonly stackLiveness: StackLiveness;
  /** Abstract steps after which the search is given up. */
  readonly steps: number;
  readonly cancelled: () => boolean;
  readonly onProgress?: (steps: number) => void;
}

/** Blocks explored between two pauses. */
const VISITS = 2;

/** Looks for a path on which the check fails although nothing is merged; pauses every few blocks. */
export function* confirmFailure(question: Question): Generator<undefined, Confirmation> {
  const { finding, graph, steps } = question;
  const first = question.create();
  const leading = blocksBefore(first, graph, finding.instruction);
  const leads = ({ id }: Block) => leading.has(id);
  const known = alongTrail(first, finding.state.trail);
  const turns: readonly (readonly [Search['prefers'], number])[] = [
    [known, 0.1],
    [(from, to) => to.id === from.successors[1], 0.1],
    [(from, to) => to.id === from.successors[0], 0.1],
    [known, 0.7],
  ];
  for (const [prefers, share] of turns) {
    const confirmation = yield* searchOnce(question, { leads, prefers }, steps * share);
    if (confirmation !== 'unknown') return confirmation;
  }
  return 'unknown';
}

/**
 * One search. The path on which the check failed is where to begin, but merged states may have come on it that no run comes with; then one that goes
 * straight on, or one that leaves early, is often nearer than those next to it.
 */
function* searchOnce(question: Question, search: Search, steps: number): Generator<undefined, Confirmation> {
  const { finding, create, entry, graph, liveness, stackLiveness, cancelled, onProgress } = question;
  const machine = create();
  const explorer = new Explorer(machine, graph, liveness, stackLiveness, {
    precision: { ...APART, steps },
    search,
    stopAtFailure: true,
    thresholds: [],
    failures: () => (machine.findings.some(({ kind, instruction }) => instruction === finding.instruction && kind === finding.kind) ? 1 : 0),
    cancelled,
    ...(onProgress === undefined ? {} : { onProgress }),
  });
  explorer.begin(entry(machine));
  let exploration = explorer.advance(VISITS);
  while (exploration === undefined) {
    yield;
    exploration = explorer.advance(VISITS);
  }
  if (exploration.stopped === 'failure') return 'certain';
  return exploration.stopped === undefined ? 'spurious' : 'unknown';
}

/** Nothing is merged, however many states there are. */
const APART: Omit<Precision, 'steps'> = {
  states: Number.POSITIVE_INFINITY,
  shapes: Number.POSITIVE_INFINITY,
  constants: false,
  fine: false,
  turns: Number.POSITIVE_INFINITY,
};

/** Prefers what the path did. */
function alongTrail({ instructions }: Machine, trail: Trail | undefined): Search['prefers'] {
  const taken = new Set<number>();
  // Trails name blocks by their first slots.
  for (let step = trail; step?.previous !== undefined; step = step.previous) taken.add(step.previous.block * instructions.length + step.block);
  return (from, to) => taken.has(from.start * instructions.length + to.start);
}

/** Ids of the blocks from which control may come to the slot, through calls and their returns too. */
function blocksBefore(machine: Machine, graph: ControlFlowGraph, slot: number): ReadonlySet<number> {
  const { blocks, functions } = graph;
  // The edges that end at a block, as a list in arrays: programs may have a million blocks.
  const newest = new Int32Array(blocks.length).fill(-1);
  const sources: number[] = [];
  const older: number[] = [];
  const connect = (from: number, to: number) => {
    older.push(newest[to]!);
    sources.push(from);
    newest[to] = sources.length - 1;
  };
  const withCallback: number[] = [];
  for (const block of blocks) {
    for (const next of block.successors) connect(block.id, next);
    const callee = calleeOf(machine, block);
    if (callee === 'callback') withCallback.push(block.id);
    else if (callee !== undefined && functions.has(callee)) connect(block.id, functions.get(callee)!.entry);
  }
  const entries = new Set([...functions.values()].filter(({ start }) => start !== 0).map(({ entry }) => entry));
  const found = new Set<number>();
  const entered = new Set<number>();
  const work = blocks.filter(({ start, last }) => start <= slot && slot <= last).map(({ id }) => id);
  const enter = (start: number) => {
    if (entered.has(start)) return;
    entered.add(start);
    for (const id of functions.get(start)?.blocks ?? []) work.push(id);
  };
  let callbacksMayLead = false;
  while (work.length > 0) {
    const id = work.pop()!;
    if (found.has(id)) continue;
    found.add(id);
    for (let edge = newest[id]!; edge >= 0; edge = older[edge]!) work.push(sources[edge]!);
    // What a block calls comes back to it; which function a helper calls back is not looked at.
    const callee = calleeOf(machine, blocks[id]!);
    if (callee === 'callback') for (const start of functions.keys()) enter(start);
    else if (callee !== undefined) enter(callee);
    if (entries.has(id) && !callbacksMayLead) {
      callbacksMayLead = true;
      work.push(...withCallback);
    }
  }
  return found;
}

/** First slot of the function that the block ends by calling; `callback` where a helper calls one back. */
function calleeOf(machine: Machine, block: Block): number | 'callback' | undefined {
  const instruction = machine.instruction(block.last);
  if (instruction.kind === 'call_local') return targetOf(block.last, instruction);
  return machine.callsBack(instruction) ? 'callback' : undefined;
}
