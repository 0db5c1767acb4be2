/** Commands that go on in the background while others run at the prompt. */
import { CommandError } from './errors.ts';
import type { ExitCode, Outcome, Progress } from './session-types.ts';

export type JobState = 'running' | 'done' | 'failed' | 'cancelled';

/** A job as others see it; plain values. */
export interface JobView {
  /** From 1, counted over the life of the prompt. */
  readonly id: number;
  readonly line: string;
  readonly state: JobState;
  readonly progress: Progress | undefined;
  /** What it has announced last. */
  readonly news: string | undefined;
  /** Milliseconds that it has run. */
  readonly elapsed: number;
  /** undefined while it runs. */
  readonly exitCode: ExitCode | undefined;
}

/** A command on its way into the background. */
export interface JobStart {
  readonly line: string;
  /** When it was started, as of `Date.now()`. */
  readonly started: number;
  readonly progress: Progress | undefined;
  readonly news: string | undefined;
  readonly finished: Promise<Outcome>;
  cancel(): void;
}

/** What a running job tells. */
export interface JobSink {
  readonly id: number;
  write(text: string): void;
  update(progress: Progress): void;
  announce(news: string): void;
}

/** Hears of jobs that nobody waits for. */
export interface JobsListener {
  /** It has ended by itself. */
  ended(job: JobView): void;
  /** It has something to say while it goes on: `job.news`. */
  announced(job: JobView): void;
}

/** Characters of output that are kept of a job; the first are dropped beyond it. */
const KEPT_OUTPUT = 8 * 1024 * 1024;
/** Finished jobs that are remembered. */
const KEPT_JOBS = 50;

interface Job extends JobStart {
  readonly id: number;
  readonly output: string[];
  length: number;
  state: JobState;
  progress: Progress | undefined;
  news: string | undefined;
  ended: number | undefined;
  exitCode: ExitCode | undefined;
  /** Hears output as it comes. */
  listener: ((text: string) => void) | undefined;
}

/** The prompt's jobs. Scripts and one-shot commands have none: they run one command after another. */
export class Jobs {
  readonly #jobs = new Map<number, Job>();
  readonly #listener: JobsListener;
  #last = 0;
  /** The job that is followed in front, and how whoever follows it is told to stop. */
  #followed: { readonly id: number; readonly stop: () => void } | undefined;

  constructor(listener: JobsListener) {
    this.#listener = listener;
  }

  /** Takes a running command over. */
  add(start: JobStart): JobSink {
    const id = ++this.#last;
    const job: Job = {
      ...start,
      id,
      output: [],
      length: 0,
      state: 'running',
      ended: undefined,
      exitCode: undefined,
      listener: undefined,
    };
    this.#jobs.set(id, job);
    void start.finished.then((outcome) => this.#end(job, outcome));
    return {
      id,
      write(text) {
        job.output.push(text);
        job.length += text.length;
        while (job.length > KEPT_OUTPUT && job.output.length > 1) job.length -= job.output.shift()?.length ?? 0;
        job.listener?.(text);
      },
      update(progress) {
        job.progress = progress;
      },
      announce: (news) => {
        job.news = news;
        if (job.listener === undefined) this.#listener.announced(view(job));
      },
    };
  }

  #end(job: Job, { exitCode }: Outcome): void {
    if (job.state === 'running') job.state = exitCode === 0 ? 'done' : 'failed';
    job.exitCode = exitCode;
    job.ended = Date.now();
    // Whoever cancelled it knows.
    if (job.listener === undefined && job.state !== 'cancelled') this.#listener.ended(view(job));
    const finished = [...this.#jobs.values()].filter(({ ended }) => ended !== undefined);
    for (const { id } of finished.slice(0, Math.max(0, finished.length - KEPT_JOBS))) this.#jobs.delete(id);
  }

  /** All that are remembered, oldest first. */
  list(): readonly JobView[] {
    return [...this.#jobs.values()].map(view);
  }

  get running(): number {
    return this.list().filter(({ state }) => state === 'running').length;
  }

  /** @throws CommandError where there is no such job. */
  get(id: number): JobView & { readonly output: string } {
    const job = this.#find(id);
    return { ...view(job), output: job.output.join('') };
  }

  /** Ends a job; one that has ended stays as it is. @throws CommandError where there is no such job. */
  cancel(id: number): JobView {
    const job = this.#find(id);
    if (job.state === 'running') {
      job.state = 'cancelled';
      job.cancel();
    }
    return view(job);
  }

  cancelAll(): void {
    for (const id of this.#jobs.keys()) this.cancel(id);
  }

  /**
   * Passes a job's output on, what it has written so far first, until it ends, the signal is aborted, or `letGo` is called.
   *
   * @throws CommandError where there is no such job.
   */
  async follow(id: number, write: (text: string) => void, signal: AbortSignal): Promise<JobView> {
    const job = this.#find(id);
    write(job.output.join(''));
    if (job.ended !== undefined || signal.aborted) return view(job);
    job.listener = write;
    const left = new Promise<void>((resolve) => {
      signal.addEventListener('abort', () => resolve(), { once: true });
      this.#followed = { id, stop: resolve };
    });
    await Promise.race([job.finished, left]);
    job.listener = undefined;
    this.#followed = undefined;
    return view(job);
  }

  /** Whether `letGo` has a job to let go. */
  get isFollowing(): boolean {
    return this.#followed !== undefined;
  }

  /** Lets the job that is followed go on in the background. @returns its number; undefined where none is followed. */
  letGo(): number | undefined {
    const followed = this.#followed;
    followed?.stop();
    return followed?.id;
  }

  #find(id: number): Job {
    const job = this.#jobs.get(id);
    if (job === undefined) throw new CommandError('job', `There is no job ${id}. "jobs" lists them.`);
    return job;
  }
}

function view({ id, line, state, progress, news, started, ended, exitCode }: Job): JobView {
  return { id, line, state, progress, news, elapsed: (ended ?? Date.now()) - started, exitCode };
}
