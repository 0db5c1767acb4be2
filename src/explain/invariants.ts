import type { Node } from '../verifier/explore.ts';
import type { Verification } from '../verifier/index.ts';
import type { State } from '../verifier/state.ts';
import { Atlas } from './atlas.ts';
import { diffFacts } from './diff.ts';
import { factsOf } from './facts.ts';
import { instructionText } from './instruction-text.ts';
import { crossEdge, ReplayMachine, replayBlock } from './replay.ts';
import { type SourceLine, SourceMap } from './source.ts';

/** One instruction with the facts that it changed; `r1: packet + 0, 14 bytes proved`. */
export interface InvariantStep {
  readonly pc: number;
  readonly text: string;
  readonly source: SourceLine | undefined;
  readonly changes: readonly string[];
}

/** A block from one of the states that the verifier kept at its head. */
export interface BlockInvariant {
  /** `12`, or `7/12` for the block at 12 in a function called at 7. */
  readonly label: string;
  /** Last instructions of the blocks that lead here. */
  readonly from: readonly number[];
  /** Number of the state, from 1, and how many there are. */
  readonly state: number;
  readonly states: number;
  readonly before: readonly string[];
  readonly steps: readonly InvariantStep[];
  /** Undefined where the path ends inside. */
  readonly after: readonly string[] | undefined;
}

/** States shown of one block. */
const MAX_STATES = 4;

/** What the verifier knew before and after every block it explored, and what each instruction changed; callers before what they call. */
export function invariantsOf(verification: Verification): readonly BlockInvariant[] {
  const { graph, exploration, liveness } = verification;
  if (graph === undefined || exploration === undefined || liveness === undefined) return [];
  const machine = new ReplayMachine(verification.machine);
  const atlas = new Atlas(machine, graph, exploration);
  const source = new SourceMap(machine.program);
  const words = (state: State) => factsOf(machine, state).map((fact) => `${fact.subject}: ${fact.words}`);
  const nodes = [...exploration.nodes.values()].filter((node) => node.processed.length > 0);
  nodes.sort((a, b) => a.context.id - b.context.id || a.block.order - b.block.order);
  return nodes.flatMap((node) =>
    node.processed.slice(-MAX_STATES).map((head, index, shown) => {
      const { steps, end } = replayBlock(machine, node, head);
      const ways = end === undefined ? [] : atlas.successors(node).flatMap((next) => crossEdge(machine, liveness, node, end, next) ?? []);
      return {
        label: labelOf(node),
        from: atlas.predecessors(node).map(({ block }) => block.last),
        state: node.processed.length - shown.length + index + 1,
        states: node.processed.length,
        before: words(head),
        steps: steps.map(({ pc, before }, at) => ({
          pc,
          text: instructionText(machine, machine.instruction(pc), pc),
          source: source.at(pc),
          changes: changeWords(machine, before, steps[at + 1]?.before ?? (ways.length === 1 ? ways[0] : undefined)),
        })),
        after: end === undefined ? undefined : words(ways.length === 1 ? ways[0]! : end),
      };
    }),
  );
}

function changeWords(machine: ReplayMachine, before: State, after: State | undefined): readonly string[] {
  if (after === undefined || after.frames.length !== before.frames.length) return [];
  return diffFacts(factsOf(machine, before), factsOf(machine, after)).map(
    ({ subject, after: words }) => `${subject}: ${words ?? 'nothing known any more'}`,
  );
}

function labelOf({ context, block }: Node): string {
  const calls: number[] = [];
  for (let call = context; call.parent !== undefined; call = call.parent) calls.unshift(call.call);
  return [...calls, block.start].join('/');
}
