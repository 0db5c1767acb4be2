import type { Instruction } from '../isa/instruction.ts';
import { slotCount } from '../isa/instruction.ts';
import { executeBranch } from '../verifier/branch.ts';
import { executeCall } from '../verifier/call.ts';
import type { CheckDetails, CheckKind } from '../verifier/checks.ts';
import { checkExit } from '../verifier/exit.ts';
import { assumeAt, enterFunction, executeStraight, leaveFunction, type Node } from '../verifier/explore.ts';
import type { Liveness } from '../verifier/liveness.ts';
import { type Finding, Machine } from '../verifier/machine.ts';
import type { State } from '../verifier/state.ts';
import type { SymbolId } from '../verifier/value.ts';

/** Symbols and identities made during replays must not meet those of the exploration. */
const FIRST_REPLAY_NAME = 2 ** 40;

/** A machine that runs the verifier's own transfer functions again, and keeps what fails to itself. */
export class ReplayMachine extends Machine {
  private recorded: Finding[] = [];
  private nextName = FIRST_REPLAY_NAME;

  constructor(machine: Machine) {
    super(machine.object, machine.program, machine.rules, machine.maps, machine.findHelper, machine.findKfunc);
  }

  override symbol(): SymbolId {
    return this.nextName++;
  }

  override identity(): number {
    return this.nextName++;
  }

  override fail(kind: CheckKind, instruction: number, state: State, details: CheckDetails = {}): void {
    this.recorded.push({ kind, instruction, details, state: state.clone() });
  }

  /** What failed since the last call. */
  takeFindings(): readonly Finding[] {
    const found = this.recorded;
    this.recorded = [];
    return found;
  }
}

/** One instruction with the state that the verifier had before it. */
export interface ReplayedStep {
  readonly pc: number;
  /** Not to be changed: clone it. */
  readonly before: State;
  readonly findings: readonly Finding[];
}

export interface ReplayedBlock {
  readonly steps: readonly ReplayedStep[];
  /** The state with which the block is left: after its last instruction, or before it where that instruction chooses the way. Undefined where the path ends inside. */
  readonly end: State | undefined;
}

/** Runs a block's instructions, or those from `from` on, on a copy of the state before the first of them. */
export function replayBlock(machine: ReplayMachine, node: Node, head: State, from = node.block.start): ReplayedBlock {
  const steps: ReplayedStep[] = [];
  const state = head.clone();
  machine.takeFindings();
  const { block } = node;
  for (let pc = from; ; ) {
    const instruction = machine.instruction(pc);
    if (!assumeAt(machine, state, pc)) return { steps, end: undefined };
    const before = state.clone();
    if (pc === block.last && choosesWay(machine, node, instruction)) {
      const open = judgeWay(machine, node, state.clone(), pc, instruction);
      steps.push({ pc, before, findings: machine.takeFindings() });
      return { steps, end: open ? state : undefined };
    }
    const open = executeStraight(machine, state, pc, instruction);
    steps.push({ pc, before, findings: machine.takeFindings() });
    if (!open) return { steps, end: undefined };
    if (pc === block.last) return { steps, end: state };
    pc += slotCount(instruction);
  }
}

/** Executes the instruction at `pc` on the state, which is consumed; returns what fails. */
export function judge(machine: ReplayMachine, node: Node, state: State, pc: number): readonly Finding[] {
  machine.takeFindings();
  const instruction = machine.instruction(pc);
  if (pc === node.block.last && choosesWay(machine, node, instruction)) judgeWay(machine, node, state, pc, instruction);
  else executeStraight(machine, state, pc, instruction);
  return machine.takeFindings();
}

/**
 * The state that goes from the end of one block into the next, before the verifier merges it with others there; undefined where that way is impossible.
 *
 * @param end the `end` of the replayed block; it is copied.
 */
export function crossEdge(machine: ReplayMachine, liveness: Liveness, from: Node, end: State, to: Node): State | undefined {
  const state = end.clone();
  const { block, context } = from;
  const instruction = machine.instruction(block.last);
  machine.takeFindings();
  try {
    switch (instruction.kind) {
      case 'branch': {
        const { taken, fallthrough } = executeBranch(machine, state, block.last, instruction);
        const first = to.block.id === block.successors[0] ? taken : undefined;
        return first ?? (to.block.id === block.successors[1] ? fallthrough : undefined);
      }
      case 'call_local':
        enterFunction(machine, state, liveness.afterCall.get(block.id) ?? 0);
        return state;
      case 'exit':
        leaveFunction(state, context.callback);
        return state;
      case 'call': {
        const prototype = machine.findHelper(instruction.helper);
        if (!choosesWay(machine, from, instruction) || prototype === undefined) return state;
        const outcome = executeCall(machine, state, block.last, prototype);
        return to.context === context ? (outcome?.ends === false ? state : undefined) : outcome?.callback?.state;
      }
      default:
        return state;
    }
  } finally {
    machine.takeFindings();
  }
}

const WAY_CHOOSERS: ReadonlySet<Instruction['kind']> = new Set(['jump', 'branch', 'may_goto', 'exit', 'call_local']);

function choosesWay(machine: Machine, node: Node, instruction: Instruction): boolean {
  if (WAY_CHOOSERS.has(instruction.kind)) return true;
  return node.block.start === node.block.last && instruction.kind === 'call' && machine.findHelper(instruction.helper)?.callback !== undefined;
}

/** Runs the checks of an instruction that chooses the way; false where no way is open. */
function judgeWay(machine: ReplayMachine, node: Node, state: State, pc: number, instruction: Instruction): boolean {
  switch (instruction.kind) {
    case 'branch': {
      const { taken, fallthrough } = executeBranch(machine, state, pc, instruction);
      return taken !== undefined || fallthrough !== undefined;
    }
    case 'exit':
      return checkExit(machine, state, pc, node.context) && node.context.parent !== undefined;
    case 'call': {
      const prototype = machine.findHelper(instruction.helper);
      return prototype !== undefined && executeCall(machine, state, pc, prototype) !== undefined;
    }
    default:
      return true;
  }
}
