import type { ControlFlowGraph } from './cfg.ts';
import { checkRow } from './checks.ts';
import { Explorer, type Precision } from './explore.ts';
import { calledGlobalFunctions, standaloneEntry } from './global-functions.ts';
import type { Liveness } from './liveness.ts';
import type { Finding, Machine } from './machine.ts';
import type { StackLiveness } from './stack-liveness.ts';

/** The program whose global functions are verified, and how machines for them are made. */
export interface Standalone {
  /** Where findings go. */
  readonly machine: Machine;
  /** A machine without findings. */
  readonly create: () => Machine;
  readonly graph: ControlFlowGraph;
  readonly liveness: Liveness;
  readonly stackLiveness: StackLiveness;
  readonly isStopped: () => boolean;
}

/** Enough to follow the checks of one function, and then more. */
const PRECISIONS: readonly Precision[] = [
  { states: 16, shapes: 64, constants: false, fine: false, turns: 4, steps: 200_000 },
  { states: 256, shapes: 1024, constants: true, fine: true, turns: 160, steps: 400_000 },
];

/** Verifies each global function that is called on its own, as Linux does: its arguments may be all that its prototype allows, whatever the callers here pass. */
export function verifyGlobalFunctions(program: Standalone): void {
  const { machine, isStopped } = program;
  for (const { range, parameters } of calledGlobalFunctions(machine)) {
    const findings = explore(program, (alone) => standaloneEntry(alone, parameters), range.start);
    if (isStopped()) return;
    for (const { kind, instruction, state, details } of findings) {
      const words = kind === 'null_access' ? {} : { note: `Global function ${range.name} is verified on its own: ${checkRow(kind).plain(details)}` };
      machine.fail('global_argument', instruction, state, { ...details, name: range.name, ...words });
    }
  }
}

/** What is found in the function at `slot` at the precision that finds least. */
function explore(program: Standalone, entry: (machine: Machine) => Parameters<Explorer['run']>[0], slot: number): readonly Finding[] {
  const { graph, liveness, stackLiveness, isStopped } = program;
  let findings: readonly Finding[] = [];
  for (const precision of PRECISIONS) {
    const machine = program.create();
    new Explorer(machine, graph, liveness, stackLiveness, {
      precision,
      stopAtFailure: false,
      thresholds: [],
      failures: () => machine.failures,
      cancelled: isStopped,
    }).run(entry(machine), slot);
    findings = machine.findings.filter(({ kind }) => checkRow(kind).severity !== 'portability');
    if (findings.length === 0 || isStopped()) break;
  }
  return findings;
}
