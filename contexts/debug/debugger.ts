import { type DebugSession, NOTHING_EXPLORED, type StepView } from '../../src/explain/session.ts';
import { type SourceLine, sameLine } from '../../src/explain/source.ts';
import { CommandError } from '../errors.ts';

/** What the commands of one `netsh ebpf debug>` share. */
export class Debugger {
  readonly session: DebugSession;
  private shown: SourceLine | undefined;

  constructor(session: DebugSession) {
    this.session = session;
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
