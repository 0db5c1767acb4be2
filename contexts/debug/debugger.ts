import { type DebugSession, NOTHING_EXPLORED } from '../../src/explain/session.ts';
import { type SourceLine, sameLine } from '../../src/explain/source.ts';
import type { StepView } from '../../src/explain/views.ts';
import type { ObjectProgram } from '../../src/object/object-file.ts';
import type { Assumption } from '../../src/verifier/machine.ts';
import { CommandError } from '../errors.ts';

/** Something the user takes to hold before an instruction. */
export interface NamedAssumption {
  readonly text: string;
  readonly pc: number;
  readonly assumption: Assumption;
}

/** What is being stepped: a verification of the program or of a changed copy, under assumptions. */
interface Standing {
  readonly session: DebugSession;
  readonly assumptions: readonly NamedAssumption[];
}

export type VerifyAgain = (program: ObjectProgram, assumptions: ReadonlyMap<number, readonly Assumption[]>) => DebugSession;

/** What the commands of one `netsh ebpf debug>` share. */
export class Debugger {
  private current: Standing;
  /** What stood before each change, oldest first. */
  private readonly earlier: Standing[] = [];
  private readonly verifyAgain: VerifyAgain;
  private shown: SourceLine | undefined;

  /** @param verifyAgain verifies the program or a copy of it in the same way, with what is taken to hold. */
  constructor(program: ObjectProgram, verifyAgain: VerifyAgain) {
    this.verifyAgain = verifyAgain;
    this.current = { session: verifyAgain(program, new Map()), assumptions: [] };
  }

  get session(): DebugSession {
    return this.current.session;
  }

  get assumptions(): readonly NamedAssumption[] {
    return this.current.assumptions;
  }

  /** Goes on with a changed copy of the program. */
  apply(session: DebugSession): void {
    this.change({ session, assumptions: [] });
  }

  /** Verifies the program again under one more assumption and goes on with that, at the same instruction where it is still reached. */
  assume(assumption: NamedAssumption): void {
    const assumptions = [...this.assumptions, assumption];
    const at = new Map<number, Assumption[]>();
    for (const { pc, assumption: one } of assumptions) at.set(pc, [...(at.get(pc) ?? []), one]);
    const session = this.verifyAgain(this.session.program, at);
    if (this.session.steppable && session.steppable) session.goto([this.session.pc]);
    this.change({ session, assumptions });
  }

  /** Goes back to what stood before the last change; false where there was none. */
  undo(): boolean {
    const before = this.earlier.pop();
    if (before === undefined) return false;
    this.current = before;
    this.shown = undefined;
    return true;
  }

  private change(standing: Standing): void {
    this.earlier.push(this.current);
    this.current = standing;
    this.shown = undefined;
  }

  /** The current instruction, with whether its source line is another one than was shown last. */
  look(): ShownStep {
    const view = this.session.view();
    const sourceChanged = !sameLine(view.source, this.shown);
    this.shown = view.source;
    return { ...view, sourceChanged };
  }
}

export interface ShownStep extends StepView {
  readonly sourceChanged: boolean;
}

/** The debugger of the context that a command runs in. @throws CommandError where there is none, or nothing to step through. */
export function debuggerOf(state: unknown, steppable = true): Debugger {
  if (!(state instanceof Debugger)) throw new CommandError('debug', 'Nothing is being debugged. Start with: ebpf debug verification <file>');
  if (steppable && !state.session.steppable) throw new CommandError('debug', NOTHING_EXPLORED);
  return state;
}
