import { type Command, defineCommand, type Environment } from '../command.ts';
import { CommandError } from '../errors.ts';
import type { Jobs, JobView } from '../jobs.ts';
import { duration, progressText } from '../render/progress.ts';
import { table } from '../render/table.ts';

/** @throws CommandError where commands run one after another. */
function jobsOf({ io }: Environment): Jobs {
  if (io.jobs === undefined) throw new CommandError('jobs', 'There are no jobs here: commands run one after another.');
  return io.jobs;
}

const plain = ({ elapsed, ...job }: JobView) => ({ ...job, seconds: elapsed / 1000 });

function how({ line, state, progress, news, elapsed }: JobView): string {
  if (state !== 'running') return duration(elapsed / 1000);
  if (news === undefined) return progress === undefined ? duration(elapsed / 1000) : progressText(progress, elapsed);
  // News begin with what they are about, which the command beside them names.
  const [about, ...rest] = news.split(': ');
  return rest.length > 0 && line.includes(about!) ? rest.join(': ') : news;
}

function jobTable(jobs: readonly JobView[]): string {
  const rows = jobs.map((job) => [String(job.id), job.state, how(job), job.line]);
  const width = (column: number, least: number) => Math.max(least, ...rows.map((row) => row[column]!.length));
  return table(
    [
      { title: ['Job'], width: 3, align: 'right' },
      { title: ['State'], width: width(1, 9) },
      { title: ['Progress'], width: width(2, 14) },
      { title: ['Command'], width: width(3, 34) },
    ],
    rows,
  );
}

/** The newest job that still runs, else the newest. */
function newest(jobs: Jobs): number {
  const all = jobs.list();
  const job = all.findLast(({ state }) => state === 'running') ?? all.at(-1);
  if (job === undefined) throw new CommandError('job', 'There are no jobs.');
  return job.id;
}

const ID = { name: 'id', type: 'integer', help: 'The job.\nThe default is the newest that runs, else the newest.' } as const;

const list = defineCommand({
  tags: [],
  remarks: 'A command that ends in & runs in the background; Ctrl-B sends there what runs already.',
  examples: ['jobs', 'show verification bpf_lxc.o &'],
  run: (_, environment) => jobsOf(environment).list(),
  text: (jobs) => (jobs.length === 0 ? 'There are no jobs.\n' : jobTable(jobs)),
  json: (jobs) => ({ schema: 1, jobs: jobs.map(plain) }),
});

const show = defineCommand({
  tags: [ID],
  remarks: 'What it has written so far where it still runs.',
  examples: ['jobs show', 'jobs show 1'],
  run({ id }, environment) {
    const jobs = jobsOf(environment);
    return jobs.get(id ?? newest(jobs));
  },
  text: (job) => `${job.output}${job.state === 'running' ? `Job ${job.id} still runs: ${how(job)}\n` : ''}`,
  json: ({ output, ...job }) => ({ schema: 1, ...plain(job), output }),
});

const cancel = defineCommand({
  tags: [{ ...ID, required: true, help: 'The job.' }],
  examples: ['jobs cancel 1'],
  run: ({ id }, environment) => jobsOf(environment).cancel(id),
  text: (job) => (job.exitCode === undefined ? `Job ${job.id} is cancelled.\n` : `Job ${job.id} had ended already.\n`),
  json: (job) => ({ schema: 1, ...plain(job) }),
});

/** Shows a job as though it ran here, until it ends, Ctrl-C is pressed (the signal) or Ctrl-B lets it go. */
async function follow(asked: number | undefined, environment: Environment): Promise<JobView> {
  const jobs = jobsOf(environment);
  const id = asked ?? newest(jobs);
  const timer = setInterval(() => {
    const { progress } = jobs.get(id);
    if (progress) environment.progress(progress);
  }, 100);
  try {
    return await jobs.follow(id, (text) => environment.write(text, 'stdout'), environment.signal);
  } finally {
    clearInterval(timer);
  }
}

const wait = defineCommand({
  tags: [ID],
  remarks: 'Ctrl-C stops waiting; the job goes on.',
  examples: ['jobs wait', 'jobs wait 1'],
  run: ({ id }, environment) => follow(id, environment),
  text: () => '',
  outcome: ({ exitCode }) => ({ exitCode: exitCode ?? 0 }),
});

const front = defineCommand({
  tags: [ID],
  remarks: 'Shows what it has written and goes on where it is. Ctrl-C ends the job, Ctrl-B sends it back.',
  examples: ['fg', 'fg 1'],
  async run({ id }, environment) {
    const job = await follow(id, environment);
    if (environment.signal.aborted) jobsOf(environment).cancel(job.id);
    return job;
  },
  text: () => '',
  outcome: ({ exitCode }) => ({ exitCode: exitCode ?? 0 }),
});

/** By what they do. */
export const jobCommands: Readonly<Record<'list' | 'show' | 'cancel' | 'wait' | 'front', Command>> = { list, show, cancel, wait, front };
