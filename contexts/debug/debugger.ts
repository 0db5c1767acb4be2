import { type DebugSession, NOTHING_EXPLORED, type StepView } from '../../src/explain/session.ts';
import { type SourceLine, sameLine } from '../../src/explain/source.ts';
import { CommandError } from '../errors.ts';

/** What the commands of one `netsh ebpf debug>` share. */
export class Debugger {
  private current: DebugSession;
  /** Sessions on the program as it was before each fix that was applied, oldest first. */
  private readonly earlier: DebugSession[] = [];
  private shown: SourceLine | undefined;

  constructor(session: DebugSession) {
    this.current = session;
  }

  get session(): DebugSession {
    return this.current;
  }

  /** Goes on with a changed copy of the program. */
  apply(session: DebugSession): void {
    this.earlier.push(this.current);
    this.current = session;
    this.shown = undefined;
  }

  /** Goes back to the program before the last change; false where there was none. */
  undo(): boolean {
    const before = this.earlier.pop();
    if (before === undefined) return false;
    this.current = before;
    this.shown = undefined;
    return true;
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
