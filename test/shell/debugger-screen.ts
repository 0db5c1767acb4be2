/** The debugger's screen without a terminal: keys in, rows out. */
import { Debugger } from '../../contexts/debug/debugger.ts';
import { debugContext } from '../../contexts/debug/index.ts';
import { DebuggerController } from '../../shell/debugger/controller.ts';
import { debuggerFrame } from '../../shell/debugger/frame.ts';
import type { Size } from '../../shell/repl/frame.ts';
import { NO_THEME, type Theme } from '../../shell/repl/theme.ts';
import { newSession, run } from '../contexts/harness.ts';

export interface OpenScreen {
  readonly controller: DebuggerController;
  /** Presses keys one after another and waits for what they start. */
  press(...chords: readonly string[]): Promise<void>;
  /** Rows without blanks at their ends. */
  rows(size: Size, theme?: Theme): readonly string[];
  text(size: Size): string;
}

/** Opens the screen on the first program of an object. */
export async function openScreen(line: string, files: Record<string, Uint8Array> = {}): Promise<OpenScreen> {
  const session = newSession(files);
  const { stderr, exitCode } = await run(session, `ebpf debug verification ${line}`);
  if (exitCode !== 0) throw new Error(stderr);
  const current = () => {
    const state = session.stateOf(debugContext);
    return state instanceof Debugger ? state : undefined;
  };
  const controller = new DebuggerController({ session, current });
  await controller.settled;
  const rows = (size: Size, theme: Theme = NO_THEME) => {
    const { snapshot, outline, ui } = controller;
    return debuggerFrame({ snapshot, outline, ui, theme, size }).map(({ text }) => text.trimEnd());
  };
  return {
    controller,
    async press(...chords) {
      for (const chord of chords) {
        controller.press(chord);
        await controller.settled;
      }
    },
    rows,
    text: (size) => rows(size).join('\n'),
  };
}

export const SMALL: Size = { columns: 80, rows: 24 };
export const LARGE: Size = { columns: 200, rows: 50 };
