import { factAbout } from '../aspect.ts';
import { instructionText } from '../instruction-text.ts';
import type { DebugSession } from '../session.ts';
import type { SourceLine } from '../source.ts';
import type { Place } from '../walker.ts';
import type { KernelLog, KernelStep } from './log.ts';
import { kernelValueWords } from './value.ts';

/** One place after an instruction, as both verifiers know it. */
export interface ComparedPlace {
  /** `r6` or `fp-16`. */
  readonly subject: string;
  /** Undefined where nothing is known, or it is not used any more. */
  readonly ours: string | undefined;
  readonly kernel: string;
}

/** One instruction of the kernel's walk. */
export interface ComparedStep {
  readonly pc: number;
  readonly text: string;
  readonly source: SourceLine | undefined;
  /** What the kernel says of the places that the instruction changed or named, beside ours. */
  readonly places: readonly ComparedPlace[];
  /** Our verifier never comes there. */
  readonly unreached: boolean;
  readonly resumed: boolean;
}

/** Steps compared at most. */
const MAX_STEPS = 2000;

/** The kernel's walk beside our states; the debugger's path is asked first, and stays where it is. */
export function compareSteps(session: DebugSession, log: KernelLog): readonly ComparedStep[] {
  if (!session.steppable) return [];
  return session.aside(() => {
    const follower = new Follower(session);
    return log.steps.slice(0, MAX_STEPS).flatMap((step, index) => {
      const instruction = session.program.instructions[step.pc];
      if (instruction === undefined) return [];
      const there = follower.follow(step);
      return {
        pc: step.pc,
        text: instructionText(session.machine, instruction, step.pc),
        source: session.source.at(step.pc),
        places: there ? comparedPlaces(session, step, log.steps[index + 1]) : [],
        unreached: !there,
        resumed: step.resumed,
      };
    });
  });
}

/** Follows the kernel's walk through our states, way by way, so that a turn of a loop stands beside the same turn. */
class Follower {
  private readonly session: DebugSession;
  /** Branches on the way that the kernel may go back to. */
  private branches: Place[] = [];
  private begun = false;

  constructor(session: DebugSession) {
    this.session = session;
    session.gotoStart();
  }

  /** Goes to the instruction of the next step; false where our verifier never comes there. */
  follow({ pc, backTo }: KernelStep): boolean {
    for (const branch of backTo) this.back(branch);
    const { session } = this;
    const found = (!this.begun && session.pc === pc) || this.stepTo(pc) || session.goto([pc]);
    this.begun = true;
    if (found && session.machine.instruction(pc).kind === 'branch') this.branches.push(session.place!);
    return found;
  }

  /** Goes back to the newest branch at that slot: the kernel takes up those first that it left last. */
  private back(pc: number): void {
    const at = this.branches.findLastIndex((place) => place.pc === pc);
    if (at < 0) return;
    this.session.restore(this.branches[at]!);
    this.branches = this.branches.slice(0, at);
  }

  /** One instruction further, on the way that leads to `pc`. */
  private stepTo(pc: number): boolean {
    const { session } = this;
    const from = session.place!;
    if (session.pc === session.node.block.last) {
      const way = session.waysOut().find((one) => one.pc === pc);
      if (way === undefined || !session.turn(way.number)) return false;
    }
    if (session.step(1) === 1 && session.pc === pc) return true;
    session.restore(from);
    return false;
  }
}

function comparedPlaces(session: DebugSession, step: KernelStep, next: KernelStep | undefined): readonly ComparedPlace[] {
  // Since Linux 5.17 a line tells what its instruction changed; before that the next state does.
  const known = step.after.size > 0 ? step.after : next !== undefined && !next.resumed ? next.before : new Map<string, string>();
  const facts = session.factsBehind();
  return [...known].flatMap(([name, text]) => {
    const subject = name.toLowerCase();
    if (subject === 'r10') return [];
    const bytes = BYTES.test(text) ? slotBytes(subject, text) : [{ subject, kernel: kernelValueWords(text) }];
    return bytes.map((one) => ({ ...one, ours: factAbout(facts, one.subject.split('..')[0]!)?.words }));
  });
}

/** A stack slot byte by byte, as the kernel prints it where it holds no one value. */
const BYTES = /^[mz?]{8}$/;
const BYTE_WORDS: Readonly<Record<string, string>> = { m: 'written, any number', z: '0' };

/** The runs of like bytes in `mmmm????`: the first character is the byte at the highest address. */
function slotBytes(slot: string, text: string): readonly { readonly subject: string; readonly kernel: string }[] {
  const top = Number(slot.slice(2)) + text.length - 1;
  return [...text.matchAll(/m+|z+/g)].map((run) => {
    const last = top - run.index;
    const first = last - run[0].length + 1;
    return { subject: first === last ? `fp${first}` : `fp${first}..fp${last}`, kernel: BYTE_WORDS[run[0][0]!]! };
  });
}
