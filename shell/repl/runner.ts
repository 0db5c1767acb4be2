/** Runs one line: output goes through to the scrollback, progress is drawn below it, Ctrl-C ends it at once. */
import type { Outcome, Progress, SessionView } from '../../contexts/session-types.ts';
import type { Size } from './frame.ts';
import type { Transcript } from './output.ts';
import { safeOutput } from './output.ts';
import { progressFrame, progressText } from './progress.ts';
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
}

export interface Runner {
  /** Runs a line to its end, or to its cancellation. Never rejects. */
  run(session: SessionView, line: string): Promise<Outcome & { readonly cancelled: boolean }>;
  /** Cancels the running line. */
  cancel(): void;
  /** Takes the progress line away, for something else to be shown. */
  hide(): void;
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

/** Keeps the progress line up to date while one command runs. */
class ProgressLine {
  readonly #host: RunnerHost;
  readonly #started = Date.now();
  readonly #timer: NodeJS.Timeout;
  #progress: Progress | undefined;
  #visible = false;

  constructor(host: RunnerHost) {
    this.#host = host;
    this.#timer = setInterval(() => this.#show(), host.spokenProgress ? SPOKEN_INTERVAL : PROGRESS_INTERVAL);
    this.#timer.unref();
  }

  update(progress: Progress): void {
    this.#progress = progress;
  }

  #show(): void {
    const elapsed = Date.now() - this.#started;
    const { screen, spokenProgress } = this.#host;
    if (this.#progress === undefined || elapsed < PROGRESS_DELAY) return;
    if (spokenProgress) {
      if (screen.atLineStart) screen.print(`${progressText(this.#progress, elapsed)}\n`);
      return;
    }
    if (!this.#visible && !screen.atLineStart) return;
    screen.draw(progressFrame(this.#progress, elapsed, this.#host.theme(), this.#host.size()));
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
  let line: ProgressLine | undefined;
  let settling: Promise<unknown> = Promise.resolve();

  function cancellation(signal: AbortSignal): Promise<undefined> {
    return new Promise((resolve) => signal.addEventListener('abort', () => resolve(undefined), { once: true }));
  }

  return {
    async run(session, text) {
      const current = new AbortController();
      const progress = new ProgressLine(host);
      const cancelled = cancellation(current.signal);
      controller = current;
      line = progress;
      host.transcript.clear();
      const write = (chunk: string) => {
        if (current.signal.aborted) return;
        const safe = safeOutput(chunk, host.color());
        progress.hide();
        host.transcript.add(safe);
        host.screen.print(safe);
      };
      const work = async () => {
        await Promise.race([settling, wait(SETTLE_WAIT)]);
        if (current.signal.aborted) return undefined;
        return session.execute(text, { signal: current.signal, write, onProgress: (made) => progress.update(made) });
      };
      // The session promises never to reject; if it does all the same, the person reads why and the prompt lives on.
      const finished = work().catch((error: unknown): Outcome => {
        write(`${error instanceof Error ? error.message : String(error)}\n`);
        return { exitCode: 1 };
      });
      settling = finished;
      const outcome = await Promise.race([finished, cancelled]);
      progress.end();
      controller = undefined;
      line = undefined;
      if (!host.screen.atLineStart) host.screen.print('\n');
      if (current.signal.aborted) return { exitCode: 1, cancelled: true };
      return { ...(outcome ?? { exitCode: 1 }), cancelled: false };
    },
    cancel() {
      controller?.abort();
    },
    hide() {
      line?.hide();
    },
  };
}
