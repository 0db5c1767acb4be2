/** Runs one line: output goes through to the scrollback, progress and what is typed ahead are drawn below it, Ctrl-C ends it at once. */
import { setMaxListeners } from 'node:events';
import type { JobSink, Jobs } from '../../contexts/jobs.ts';
import { progressText } from '../../contexts/render/progress.ts';
import type { DebuggerScreen, Outcome, Progress, SessionView } from '../../contexts/session-types.ts';
import type { Frame, Size } from './frame.ts';
import type { Transcript } from './output.ts';
import { safeOutput } from './output.ts';
import { aheadFrame, progressFrame } from './progress.ts';
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
  readonly speaks: () => boolean;
  /** What is typed while the line runs; '' while nothing is. */
  readonly ahead: () => string;
  readonly jobs: Jobs;
  /** Shows the debugger over the prompt until the person goes back or the signal is aborted. */
  readonly openDebugger: (screen: DebuggerScreen, signal: AbortSignal) => Promise<void>;
}

/** How a line went. */
export interface Ran extends Outcome {
  readonly cancelled: boolean;
  /** It goes on in the background as this job. */
  readonly job?: number;
}

export interface Runner {
  /** Runs a line to its end, to its cancellation, or until it is in the background. Never rejects. @param background from the start. */
  run(session: SessionView, line: string, background?: boolean): Promise<Ran>;
  /** Sends the running line to the background. @returns false where it has to stay. */
  toBackground(): boolean;
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
  readonly #speaks: boolean;
  /** Whether what runs could be sent to the background. */
  readonly #canLeave: () => boolean;
  readonly #started = Date.now();
  readonly #timer: NodeJS.Timeout;
  #progress: Progress | undefined;
  #spoken = '';
  #visible = false;
  #covered = false;

  constructor(host: RunnerHost, canLeave: () => boolean) {
    this.#host = host;
    this.#canLeave = canLeave;
    this.#speaks = host.speaks();
    this.#timer = setInterval(() => (this.#speaks ? this.#speak() : this.show()), this.#speaks ? SPOKEN_INTERVAL : PROGRESS_INTERVAL);
    this.#timer.unref();
  }

  update(progress: Progress): void {
    this.#progress = progress;
  }

  get #elapsed(): number {
    return Date.now() - this.#started;
  }

  /** Nothing is said twice. */
  #speak(): void {
    if (this.#progress === undefined || this.#covered || !this.#host.screen.atLineStart) return;
    const text = progressText(this.#progress, this.#elapsed);
    if (text !== this.#spoken) this.#host.screen.print(`${text}\n`);
    this.#spoken = text;
  }

  /** Takes what is drawn away while something else has the screen. */
  cover(covered: boolean): void {
    this.hide();
    this.#covered = covered;
  }

  /** Progress once the command has taken its time, then what is typed ahead; nothing is drawn behind an unfinished line of output. */
  show(): void {
    const { screen, theme, size, ahead } = this.#host;
    if (this.#speaks || this.#covered || (!this.#visible && !screen.atLineStart)) return;
    const shown: Frame[] = [];
    if (this.#progress !== undefined && this.#elapsed >= PROGRESS_DELAY) {
      shown.push(progressFrame(this.#progress, this.#elapsed, this.#canLeave(), theme(), size()));
    }
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

/** A line from its start to its end, in front or in the background. */
class RunningLine {
  readonly view: RunningView;
  readonly #host: RunnerHost;
  readonly #session: SessionView;
  readonly #text: string;
  readonly #staysInFront: boolean;
  readonly #controller = new AbortController();
  readonly #started = Date.now();
  #progress: Progress | undefined;
  #news: string | undefined;
  #finished: Promise<Ran> | undefined;
  #job: JobSink | undefined;
  #release: (ran: Ran) => void = () => undefined;
  /** Resolves when the prompt need not wait for it any more: it was cancelled, or sent to the background. */
  readonly released: Promise<Ran>;

  constructor(host: RunnerHost, session: SessionView, text: string) {
    this.#host = host;
    this.#session = session;
    this.#text = text;
    this.#staysInFront = session.staysInFront?.(text) === true;
    this.view = new RunningView(host, () => this.#canLeave);
    // A command of many steps may listen in each; Node's warning about that would land in the middle of the screen.
    setMaxListeners(0, this.#controller.signal);
    this.released = new Promise((resolve) => {
      this.#release = resolve;
    });
    host.transcript.clear();
  }

  /** Never rejects. */
  start(ready: () => Promise<void>): Promise<Ran> {
    const { signal } = this.#controller;
    const work = async (): Promise<Outcome> => {
      await ready();
      if (signal.aborted) return { exitCode: 1 };
      return this.#session.execute(this.#text, {
        signal,
        write: (chunk) => this.#write(chunk),
        onProgress: (progress) => this.#update(progress),
        announce: (news) => this.#announce(news),
        openDebugger: (screen) => this.#openDebugger(screen),
        jobs: this.#host.jobs,
      });
    };
    // The session promises never to reject; if it does all the same, the person reads why and the prompt lives on.
    this.#finished = work()
      .catch((error: unknown): Outcome => {
        this.#write(`${error instanceof Error ? error.message : String(error)}\n`);
        return { exitCode: 1 };
      })
      .then((outcome) => ({ ...outcome, cancelled: signal.aborted }));
    return this.#finished;
  }

  cancel(): void {
    this.#controller.abort();
    this.#release({ exitCode: 1, cancelled: true });
  }

  /** Whether `toBackground` would do something. */
  get #canLeave(): boolean {
    return this.#host.jobs.isFollowing || (this.#job === undefined && !this.#staysInFront);
  }

  toBackground(): boolean {
    // A line that follows a job is not sent away itself: the job goes back.
    const followed = this.#host.jobs.letGo();
    if (followed !== undefined) this.#release({ exitCode: 0, cancelled: false, job: followed });
    return followed !== undefined || this.#becomeJob();
  }

  #becomeJob(): boolean {
    if (this.#finished === undefined || !this.#canLeave) return false;
    this.#job = this.#host.jobs.add({
      line: this.#text.trim(),
      started: this.#started,
      progress: this.#progress,
      news: this.#news,
      finished: this.#finished,
      cancel: () => this.#controller.abort(),
    });
    for (const text of this.#host.transcript.parts) this.#job.write(text);
    this.#release({ exitCode: 0, cancelled: false, job: this.#job.id });
    return true;
  }

  #write(chunk: string): void {
    if (this.#controller.signal.aborted) return;
    const safe = safeOutput(chunk, this.#host.color());
    if (this.#job !== undefined) {
      this.#job.write(safe);
      return;
    }
    this.view.hide();
    this.#host.transcript.add(safe);
    this.#host.screen.print(safe);
  }

  #update(progress: Progress): void {
    this.#progress = progress;
    if (this.#job !== undefined) this.#job.update(progress);
    else this.view.update(progress);
  }

  #announce(news: string): void {
    this.#news = news;
    this.#job?.announce(news);
  }

  async #openDebugger(screen: DebuggerScreen): Promise<void> {
    this.view.cover(true);
    await this.#host.openDebugger(screen, this.#controller.signal);
    this.view.cover(false);
  }
}

export function createRunner(host: RunnerHost): Runner {
  let current: RunningLine | undefined;
  let settling: Promise<unknown> = Promise.resolve();

  return {
    async run(session, text, background = false) {
      const line = new RunningLine(host, session, text);
      current = line;
      const before = settling;
      const finished = line.start(async () => {
        await Promise.race([before, wait(SETTLE_WAIT)]);
      });
      settling = finished;
      if (background) line.toBackground();
      const ran = await Promise.race([finished, line.released]);
      // What goes on in the background keeps nobody waiting.
      if (ran.job !== undefined) settling = before;
      line.view.end();
      current = undefined;
      if (!host.screen.atLineStart) host.screen.print('\n');
      return ran;
    },
    cancel() {
      current?.cancel();
    },
    toBackground() {
      return current?.toBackground() ?? false;
    },
    hide() {
      current?.view.hide();
    },
    show() {
      current?.view.show();
    },
  };
}
