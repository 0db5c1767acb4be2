/** Commands in the background as a person at the prompt hears of them. */
import { Jobs, type JobsListener, type JobView } from '../../contexts/jobs.ts';
import { duration } from '../../contexts/render/progress.ts';
import { printable } from './text.ts';

/** The jobs of one prompt, what is to be told of them, and whether leaving may end them. */
export class Background implements JobsListener {
  readonly jobs = new Jobs(this);
  readonly #onNews: () => void;
  /** By job, the one with the oldest news first: while something else has the screen, news of a job take the place of what it said before. */
  readonly #news = new Map<number, string>();
  #warned = false;

  /** @param onNews there is something to be told. */
  constructor(onNews: () => void) {
    this.#onNews = onNews;
  }

  ended({ id, line, state, elapsed }: JobView): void {
    this.#tell(id, `${state} after ${duration(elapsed / 1000)}: ${line}`);
  }

  announced({ id, news }: JobView): void {
    this.#tell(id, news ?? '');
  }

  #tell(id: number, news: string): void {
    this.#news.delete(id);
    this.#news.set(id, `[${id}] ${printable(news)}\n`);
    this.#onNews();
  }

  /** The lines that have not been told yet; '' where there are none. They count as told. */
  takeNews(): string {
    const lines = [...this.#news.values()].join('');
    this.#news.clear();
    return lines;
  }

  /** For the status line: what jobs have announced, and how many run. */
  get statusWords(): readonly string[] {
    const running = this.jobs.list().filter(({ state }) => state === 'running');
    if (running.length === 0) return [];
    return [...running.flatMap(({ news }) => news ?? []), counted(running.length)];
  }

  /** What somebody who leaves has to be told; undefined where nothing runs, or where it has been told: whoever leaves again means it. */
  warning(): string | undefined {
    const { running } = this.jobs;
    if (running === 0 || this.#warned) return undefined;
    this.#warned = true;
    const [verb, them] = running === 1 ? ['runs', 'it'] : ['run', 'them'];
    return `${counted(running)} ${verb} in the background. Leave again to end ${them}.\n`;
  }

  /** The person did something else than leave. */
  stayed(): void {
    this.#warned = false;
  }
}

function counted(jobs: number): string {
  return jobs === 1 ? '1 job' : `${jobs} jobs`;
}
