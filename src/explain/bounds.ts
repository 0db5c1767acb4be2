import type { Steps } from '../verifier/steps.ts';
import { instructionText } from './instruction-text.ts';
import { ReplayMachine, replayBlock } from './replay.ts';
import { type Requirement, requirementsAt } from './requirements.ts';
import type { DebugSession } from './session.ts';
import type { SourceLine } from './source.ts';

/** What the verifier proved of one access, over all states in which it comes there. */
export interface ProvedBound {
  readonly pc: number;
  readonly text: string;
  readonly source: SourceLine | undefined;
  /** `the packet has byte 23, readable through r1`: in the state that comes closest to failing. */
  readonly words: string;
  /** By how much it holds in that state, where a number says it: `10 bytes to spare`. */
  readonly margin: string | undefined;
  /** States of the verifier that come there. */
  readonly states: number;
}

/** States of one block that are looked at. */
const MAX_STATES = 24;

/** The proved bounds of every access and helper call that the verifier came to, in the order of the code; it gives way between the states. */
export function* boundSteps(session: DebugSession): Steps<readonly ProvedBound[]> {
  const { exploration } = session.verification;
  const machine = new ReplayMachine(session.verification.machine);
  const closest = new Map<number, { requirement: Requirement; states: number }>();
  const total = exploration?.nodes.size ?? 0;
  let done = 0;
  for (const node of exploration?.nodes.values() ?? []) {
    done++;
    for (const head of node.processed.slice(-MAX_STATES)) {
      for (const { pc, before, findings } of replayBlock(machine, node, head).steps) {
        if (!ACCESSES.has(machine.instruction(pc).kind) || findings.length > 0) continue;
        yield { done, total };
        for (const requirement of requirementsAt(machine, node, before, pc)) {
          if (requirement.margin === undefined) continue;
          const known = closest.get(pc);
          const states = (known?.states ?? 0) + 1;
          closest.set(pc, known !== undefined && spare(known.requirement) <= spare(requirement) ? { ...known, states } : { requirement, states });
        }
      }
    }
  }
  return [...closest]
    .sort(([a], [b]) => a - b)
    .map(([pc, { requirement, states }]) => ({
      pc,
      text: instructionText(session.machine, session.machine.instruction(pc), pc),
      source: session.source.at(pc),
      words: requirement.words,
      margin: requirement.margin,
      states,
    }));
}

const ACCESSES: ReadonlySet<string> = new Set(['load', 'load_acquire', 'store', 'store_release', 'atomic', 'call', 'call_btf', 'packet_load']);

/** Bytes to spare; what has no number is as far as can be. */
function spare({ margin }: Requirement): number {
  const bytes = /^(\d+) bytes? to spare$/.exec(margin ?? '')?.[1];
  return bytes === undefined ? Number.POSITIVE_INFINITY : Number(bytes);
}
