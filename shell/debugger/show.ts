/** The debugger on a real terminal: entered, left and restored, however it ends. */
import type { Size } from '../repl/frame.ts';
import type { Theme } from '../repl/theme.ts';
import type { DebuggerController } from './controller.ts';
import { debuggerFrame } from './frame.ts';
import { createPainter, type Painter } from './painter.ts';

/** What `showDebugger` needs besides the controller. */
export interface ShowOptions {
  readonly input: NodeJS.ReadStream;
  readonly output: NodeJS.WriteStream;
  readonly theme: Theme;
  /** Sentences instead of panes. */
  readonly screenReader: boolean;
  /** Aborting it takes the screen away at once. */
  readonly signal: AbortSignal;
  /** Called once, as soon as the terminal is as it was. */
  readonly onClosed: () => void;
}

/** The screen that full-screen programs use; the scrollback stays as it is. */
const ENTER_ALTERNATE = '\u001b[?1049h\u001b[?25l';
const LEAVE_ALTERNATE = '\u001b[?25h\u001b[0m\u001b[?1049l';
const CLEAR = '\u001b[H\u001b[2J';
/** How long a window keeps its size before it is drawn for it (milliseconds). */
const RESIZE_REST = 40;
/** Any long time (milliseconds). */
const KEEP_ALIVE = 1_000_000_000;

/** Shows the debugger until the person goes back. The terminal must be in its normal modes, and is afterwards, however this ends. */
export async function showDebugger(controller: DebuggerController, options: ShowOptions): Promise<void> {
  const shown = new ShownDebugger(controller, options);
  try {
    await shown.run();
  } finally {
    shown.close();
  }
}

class ShownDebugger {
  readonly #controller: DebuggerController;
  readonly #options: ShowOptions;
  #painter: Painter;
  #unmount: (() => void) | undefined;
  #resting: NodeJS.Timeout | undefined;
  /** While nobody listens to keys nothing else would keep the process: it would end instead of going on after Ctrl-Z. */
  #alive: NodeJS.Timeout | undefined;
  #closed = false;
  #suspended = false;

  constructor(controller: DebuggerController, options: ShowOptions) {
    this.#controller = controller;
    this.#options = options;
    this.#painter = this.#newPainter();
  }

  /** Resolves when the person has gone back or the signal is aborted. */
  async run(): Promise<void> {
    const { output, input, screenReader, signal } = this.#options;
    process.on('exit', this.close);
    process.on('uncaughtExceptionMonitor', this.close);
    if (process.platform !== 'win32') process.prependListener('SIGTSTP', this.#onStop).on('SIGCONT', this.#onContinue);
    output.on('resize', this.#onResize);
    signal.addEventListener('abort', this.#abort, { once: true });
    this.#alive = setInterval(() => undefined, KEEP_ALIVE);
    input.setRawMode(true);
    // What is said cannot be drawn over when more is known.
    if (screenReader) await this.#controller.settled;
    this.#enter();
    await this.#mount();
    await new Promise<void>((resolve) => {
      const look = () => {
        if (signal.aborted || this.#controller.done) resolve();
      };
      this.#controller.subscribe(look);
      signal.addEventListener('abort', look, { once: true });
      look();
    });
  }

  /** Gives the terminal back; the second time nothing happens. */
  readonly close = (): void => {
    if (this.#closed) return;
    this.#closed = true;
    const { output, input, signal, onClosed } = this.#options;
    clearTimeout(this.#resting);
    clearInterval(this.#alive);
    process.off('exit', this.close);
    process.off('uncaughtExceptionMonitor', this.close);
    process.off('SIGTSTP', this.#onStop);
    process.off('SIGCONT', this.#onContinue);
    output.off('resize', this.#onResize);
    signal.removeEventListener('abort', this.#abort);
    this.#leave();
    input.setRawMode(false);
    onClosed();
  };

  readonly #abort = (): void => {
    this.close();
    this.#controller.close();
  };

  // --- drawing ------------------------------------------------------------------------------------------------------------------------------

  #newPainter(): Painter {
    const { output } = this.#options;
    const size: Size = { columns: output.columns || 80, rows: output.rows || 24 };
    return createPainter((text) => output.write(text), size);
  }

  readonly #draw = (): void => {
    if (this.#options.screenReader || this.#closed || this.#suspended) return;
    const { snapshot, outline, ui } = this.#controller;
    this.#painter.draw(debuggerFrame({ snapshot, outline, ui, theme: this.#options.theme, size: this.#painter.size }));
  };

  #enter(): void {
    const { screenReader, output } = this.#options;
    if (!screenReader) output.write(ENTER_ALTERNATE + CLEAR);
    this.#painter = this.#newPainter();
    this.#draw();
  }

  #leave(): void {
    this.#unmount?.();
    this.#unmount = undefined;
    if (!this.#options.screenReader) this.#options.output.write(LEAVE_ALTERNATE);
  }

  /** Begins to take keys. Ink is loaded while the first screenful is there already; what is typed meanwhile waits in the stream. */
  async #mount(): Promise<void> {
    const { mountView } = await import('./screen.tsx');
    if (this.#closed || this.#suspended) return;
    const { input, output, screenReader } = this.#options;
    this.#unmount = mountView({ controller: this.#controller, draw: this.#draw, onSuspend: suspendJob, input, output, screenReader });
  }

  // --- size and jobs ------------------------------------------------------------------------------------------------------------------------

  readonly #onResize = (): void => {
    clearTimeout(this.#resting);
    this.#resting = setTimeout(() => {
      if (this.#closed || this.#suspended || this.#options.screenReader) return;
      this.#options.output.write(CLEAR);
      this.#painter = this.#newPainter();
      this.#draw();
    }, RESIZE_REST);
  };

  readonly #onStop = (): void => {
    if (this.#suspended) return;
    this.#suspended = true;
    this.#leave();
    this.#options.input.setRawMode(false);
    // Whoever else listens stops the process; without anybody it is for us to do.
    if (process.listenerCount('SIGTSTP') === 1) process.kill(process.pid, 'SIGSTOP');
  };

  readonly #onContinue = (): void => {
    if (!this.#suspended || this.#closed) return;
    this.#suspended = false;
    this.#options.input.setRawMode(true);
    this.#enter();
    void this.#mount();
  };
}

/** Stops the whole job, as Ctrl-Z does in any program. */
function suspendJob(): void {
  if (process.platform !== 'win32') process.kill(0, 'SIGTSTP');
}
