import { slotCount } from '../../../src/isa/instruction.ts';
import { buildControlFlowGraph, ControlFlowError, type ControlFlowGraph } from '../../../src/verifier/cfg.ts';
import { checkRow } from '../../../src/verifier/checks.ts';
import { checkExit } from '../../../src/verifier/exit.ts';
import { type Exploration, Explorer, executeStraight, type Node, type Precision } from '../../../src/verifier/explore.ts';
import { collectThresholds } from '../../../src/verifier/index.ts';
import type { Machine } from '../../../src/verifier/machine.ts';
import type { State } from '../../../src/verifier/state.ts';
import type { Case, Observation } from './case.ts';
import { entryStates, mapTagsIn } from './entry.ts';
import { missingLines, type Witness } from './holds.ts';
import { kindsOf, type Message, parseMessage } from './messages.ts';
import { observationFails } from './observe.ts';
import { assemble, createMachine, FRAME_SIZE, type TestProgram } from './program.ts';

/** States are kept apart as far as the small programs of the suite need; only loops without a small bound are widened. */
export const APART: Precision = { states: 64, shapes: 512, constants: true, fine: true, turns: 160, steps: 1_000_000 };

/** One state at each join, as the peer has it. */
export const JOINED: Precision = { states: 1, shapes: 0, constants: false, fine: false, turns: 1, steps: 1_000_000 };

/** A failed check of ours, by the peer's label. */
interface Alarm {
  readonly label: number;
  readonly kind: string;
  readonly text: string;
}

/** One run from one entry state. */
interface Run {
  readonly witness: Omit<Witness, 'state'>;
  readonly exploration: Exploration | undefined;
  readonly finals: readonly State[];
}

/** How a case came out. */
export interface Judgement {
  /** Our first failed check, `label: kind`, or `accepted`. */
  readonly ours: string;
  /** Lines of the post state that some final state does not imply. */
  readonly missing: readonly string[];
  /** What else differs: messages, observations. */
  readonly problems: readonly string[];
}

/** Runs a case. `oneSided`: its lines `x=y` only say `y <= x`. */
export function judge(test: Case, precision: Precision, oneSided = false): Judgement {
  const program = assemble(test);
  const tags = new Set([...mapTagsIn(test.pre), ...test.observe.flatMap((observation) => [...mapTagsIn(observation.constraints)])]);
  const alarms: Alarm[] = [];
  const runs: Run[] = [];
  const graph = graphOf(test, program, tags);
  // Each choice of types is explored on its own, with a machine of its own.
  for (let choice = 0; ; choice++) {
    const machine = createMachine(test, program, tags);
    const entries = entryStates(machine, test.pre);
    const entry = entries[choice];
    if (entry === undefined) break;
    if (typeof graph === 'string') {
      alarms.push({ label: 0, kind: 'control_flow', text: graph });
      break;
    }
    const exploration = explore(machine, graph, entry.state, precision);
    const finals = finalStates(machine, exploration, program);
    runs.push({ witness: { machine, entry }, exploration, finals });
    alarms.push(...alarmsOf(machine, program));
  }
  const first = alarms.toSorted((a, b) => a.label - b.label)[0];
  return {
    ours: first === undefined ? 'accepted' : `${first.label}: ${first.kind}`,
    missing: missingAfter(test, runs, oneSided),
    problems: [...compareMessages(test, alarms), ...compareObservations(test, runs, program)],
  };
}

function graphOf(test: Case, program: TestProgram, tags: ReadonlySet<number>): ControlFlowGraph | string {
  const machine = createMachine(test, program, tags);
  try {
    return buildControlFlowGraph(
      program.instructions,
      (instruction) => instruction.kind === 'call' && machine.findHelper(instruction.helper)?.callback !== undefined,
    );
  } catch (error) {
    if (error instanceof ControlFlowError) return error.message;
    throw error;
  }
}

function explore(machine: Machine, graph: ControlFlowGraph, entry: State, precision: Precision): Exploration {
  const blocks = graph.blocks.length;
  // Everything counts at the end, so nothing is dead.
  const liveness = { atBlock: new Int32Array(blocks).fill(0x7ff), afterCall: new Map(graph.blocks.map((block) => [block.id, 0x7ff])) };
  const stackLiveness = { atBlock: new Array<Uint32Array>(blocks).fill(new Uint32Array(FRAME_SIZE / 4).fill(0xffff_ffff)) };
  const explorer = new Explorer(machine, graph, liveness, stackLiveness, {
    precision,
    stopAtFailure: false,
    thresholds: collectThresholds(machine.instructions),
    failures: () => machine.failures,
    cancelled: () => false,
  });
  const exploration = explorer.run(entry.clone());
  if (exploration.stopped !== undefined) throw new Error(`exploration stopped: ${exploration.stopped}`);
  return exploration;
}

/** Runs the block of the node from each of its states up to the slot; a path that ends before yields nothing. */
function statesBefore(machine: Machine, node: Node, slot: number): State[] {
  return node.processed.flatMap((start) => {
    const state = start.clone();
    for (let pc = node.block.start; pc < slot; ) {
      const instruction = machine.instruction(pc);
      if (!executeStraight(machine, state, pc, instruction)) return [];
      pc += slotCount(instruction);
    }
    return [state];
  });
}

/** The states in which the program ends. */
function finalStates(machine: Machine, exploration: Exploration, program: TestProgram): State[] {
  return [...exploration.nodes.values()].flatMap((node) => {
    const { last } = node.block;
    if (node.context.parent !== undefined || machine.instruction(last).kind !== 'exit' || last > program.end) return [];
    const states = statesBefore(machine, node, last);
    return last === program.end ? states : states.filter((state) => checkExit(machine, state.clone(), last, node.context));
  });
}

function labelOf(program: TestProgram, slot: number): number {
  return program.parsed.slots.indexOf(slot);
}

function alarmsOf(machine: Machine, program: TestProgram): Alarm[] {
  return machine.findings
    .filter((finding) => checkRow(finding.kind).severity !== 'portability' && finding.instruction < program.end)
    .map((finding) => ({ label: labelOf(program, finding.instruction), kind: finding.kind, text: checkRow(finding.kind).classic(finding.details) }));
}

function missingAfter(test: Case, runs: readonly Run[], oneSided: boolean): string[] {
  const missing = runs.flatMap((run) => run.finals.flatMap((state) => missingLines({ ...run.witness, state }, test.post, test.postLines, oneSided)));
  return [...new Set(missing)];
}

function compareMessages(test: Case, alarms: readonly Alarm[]): string[] {
  const wanted = test.messages.map(parseMessage).filter((message): message is Message => message?.about === 'failure');
  const first = Math.min(...alarms.map((alarm) => alarm.label));
  const ours = alarms.filter((alarm) => alarm.label === first);
  const words = ours.map((alarm) => `${alarm.label}: ${alarm.kind}: ${alarm.text}`).join(' | ');
  if (wanted.length === 0) return ours.length === 0 ? [] : [`message: none expected, ours is ${words}`];
  return wanted.flatMap((message) => {
    if (ours.length === 0) return [`message: expected ${message.text}, we have none`];
    const sameLabel = message.label === undefined || message.label === first;
    if (sameLabel && ours.some((alarm) => kindsOf(message).includes(alarm.kind))) return [];
    return [`message: expected ${message.text}, ours is ${words}`];
  });
}

function compareObservations(test: Case, runs: readonly Run[], program: TestProgram): string[] {
  const failed = test.observe.filter((observation) => observationFails(observation, witnessesAt(runs, observation, program)));
  const ours = failed.map(({ at, mode, point }) => `${at}: observation ${mode} failed at ${point}`);
  const theirs = test.messages.filter((message) => parseMessage(message)?.about === 'observation');
  return [
    ...ours.filter((message) => !theirs.includes(message)).map((message) => `observation: ours only: ${message}`),
    ...theirs.filter((message) => !ours.includes(message)).map((message) => `observation: theirs only: ${message}`),
  ];
}

function witnessesAt(runs: readonly Run[], { at, point }: Observation, program: TestProgram): Witness[] {
  return runs.flatMap(({ witness, exploration, finals }) => {
    const states =
      at === 'exit' ? finals : at === 'entry' ? [witness.entry.state] : statesAt(witness.machine, exploration, program.parsed.slots[at] ?? -1, point);
    return states.map((state) => ({ ...witness, state }));
  });
}

function statesAt(machine: Machine, exploration: Exploration | undefined, slot: number, point: 'pre' | 'post'): State[] {
  return [...(exploration?.nodes.values() ?? [])].flatMap((node) => {
    if (slot < node.block.start || slot > node.block.last) return [];
    const states = statesBefore(machine, node, slot);
    return point === 'pre' ? states : states.filter((state) => executeStraight(machine, state, slot, machine.instruction(slot)));
  });
}
