/** Runs one line: output goes through to the scrollback, progress and what is typed ahead are drawn below it, Ctrl-C ends it at once. */
import { setMaxListeners } from 'node:events';
import type { DebuggerScreen, Outcome, Progress, SessionView } from '../../contexts/session-types.ts';
import type { Frame, Size } from './frame.ts';
import type { Transcript } from './output.ts';
import { safeOutput } from './output.ts';
import { aheadFrame, progressFrame, progressText } from './progress.ts';
import type { Screen } from './screen.ts';
import type { Theme } from './theme.ts';

/** What a runner needs of the prompt. */
export interface RunnerHost {
  readonly screen: Screen;
  readonly transcript: Transcript;
  readonly size: () => Size;
  readonly theme: () => Theme;
  readonly color: () => boolean;
  /** Progress as whole lines now and then, for screen readers. */
  readonly spokenProgress: boolean;
  /** What is typed while the line runs; '' while nothing is. */
  readonly ahead: () => string;
  /** Shows the debugger over the prompt until the person goes back or the signal is aborted. */
  readonly openDebugger: (screen: DebuggerScreen, signal: AbortSignal) => Promise<void>;
}

export interface Runner {
  /** Runs a line to its end, or to its cancellation. Never rejects. */
  run(session: SessionView, line: string): Promise<Outcome & { readonly cancelled: boolean }>;
  /** Cancels the running line. */
  cancel(): void;
  /** Takes what is drawn away, for something else to be shown. */
  hide(): void;
  /** Draws at once: a key was pressed. */
  show(): void;
}

/** A command that is done sooner shows no progress (milliseconds). */
const PROGRESS_DELAY = 200;
const PROGRESS_INTERVAL = 100;
const SPOKEN_INTERVAL = 5000;
/** How long the next command waits for a cancelled one to let go (milliseconds). */
const SETTLE_WAIT = 2000;

function wait(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds).unref());
}

/** What is drawn below the output while one command runs. */
class RunningView {
  readonly #host: RunnerHost;
  readonly #started = Date.now();
  readonly #timer: NodeJS.Timeout;
  #progress: Progress | undefined;
  #visible = false;
  #covered = false;

  constructor(host: RunnerHost) {
    this.#host = host;
    this.#timer = setInterval(() => (host.spokenProgress ? this.#speak() : this.show()), host.spokenProgress ? SPOKEN_INTERVAL : PROGRESS_INTERVAL);
    this.#timer.unref();
  }

  update(progress: Progress): void {
    this.#progress = progress;
  }

  get #elapsed(): number {
    return Date.now() - this.#started;
  }

  #speak(): void {
    if (this.#progress !== undefined && !this.#covered && this.#host.screen.atLineStart)
      this.#host.screen.print(`${progressText(this.#progress, this.#elapsed)}\n`);
  }

  /** Takes what is drawn away while something else has the screen. */
  cover(covered: boolean): void {
    this.hide();
    this.#covered = covered;
  }

  /** Progress once the command has taken its time, then what is typed ahead; nothing is drawn behind an unfinished line of output. */
  show(): void {
    const { screen, spokenProgress, theme, size, ahead } = this.#host;
    if (spokenProgress || this.#covered || (!this.#visible && !screen.atLineStart)) return;
    const shown: Frame[] = [];
    if (this.#progress !== undefined && this.#elapsed >= PROGRESS_DELAY) shown.push(progressFrame(this.#progress, this.#elapsed, theme(), size()));
    const typed = ahead();
    if (typed !== '') shown.push(aheadFrame(typed, theme(), size()));
    const last = shown.at(-1);
    if (last === undefined) {
      this.hide();
      return;
    }
    screen.draw({ rows: shown.flatMap((frame) => frame.rows), cursorRow: shown.length - 1, cursorColumn: last.cursorColumn });
    this.#visible = true;
  }

  hide(): void {
    if (!this.#visible) return;
    this.#host.screen.erase();
    this.#visible = false;
  }

  end(): void {
    clearInterval(this.#timer);
    this.hide();
  }
}

export function createRunner(host: RunnerHost): Runner {
  let controller: AbortController | undefined;
  let view: RunningView | undefined;
  let settling: Promise<unknown> = Promise.resolve();

  function cancellation(signal: AbortSignal): Promise<undefined> {
    return new Promise((resolve) => signal.addEventListener('abort', () => resolve(undefined), { once: true }));
  }

  return {
    async run(session, text) {
      const current = new AbortController();
      // A command of many steps may listen in each; Node's warning about that would land in the middle of the screen.
      setMaxListeners(0, current.signal);
      const running = new RunningView(host);
      const cancelled = cancellation(current.signal);
      controller = current;
      view = running;
      host.transcript.clear();
      const write = (chunk: string) => {
        if (current.signal.aborted) return;
        const safe = safeOutput(chunk, host.color());
        running.hide();
        host.transcript.add(safe);
        host.screen.print(safe);
      };
      const openDebugger = async (screen: DebuggerScreen) => {
        running.cover(true);
        await host.openDebugger(screen, current.signal);
        running.cover(false);
      };
      const work = async () => {
        await Promise.race([settling, wait(SETTLE_WAIT)]);
        if (current.signal.aborted) return undefined;
        return session.execute(text, { signal: current.signal, write, onProgress: (made) => running.update(made), openDebugger });
      };
      // The session promises never to reject; if it does all the same, the person reads why and the prompt lives on.
      const finished = work().catch((error: unknown): Outcome => {
        write(`${error instanceof Error ? error.message : String(error)}\n`);
        return { exitCode: 1 };
      });
      settling = finished;
      const outcome = await Promise.race([finished, cancelled]);
      running.end();
      controller = undefined;
      view = undefined;
      if (!host.screen.atLineStart) host.screen.print('\n');
      if (current.signal.aborted) return { exitCode: 1, cancelled: true };
      return { ...(outcome ?? { exitCode: 1 }), cancelled: false };
    },
    cancel() {
      controller?.abort();
    },
    hide() {
      view?.hide();
    },
    show() {
      view?.show();
    },
  };
}
