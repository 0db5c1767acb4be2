import { type Command, defineCommand, type Environment } from '../command.ts';
import { CommandError } from '../errors.ts';
import type { Jobs, JobView } from '../jobs.ts';
import { duration, progressText } from '../render/progress.ts';
import { table } from '../render/table.ts';

/** @throws CommandError where commands run one after another. */
function jobsOf({ io }: Environment): Jobs {
  if (io.jobs === undefined) throw new CommandError('jobs', 'Only the prompt has jobs: here, commands run one after another.');
  return io.jobs;
}

const plain = ({ id, line, state, progress, elapsed, exitCode }: JobView) => ({ id, line, state, progress, seconds: elapsed / 1000, exitCode });

function how({ state, progress, elapsed }: JobView): string {
  return progress === undefined || state !== 'running' ? duration(elapsed / 1000) : progressText(progress, elapsed);
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
  text: (jobs) =>
    jobs.length === 0
      ? 'There are no jobs.\n'
      : table(
          [
            { title: ['Job'], width: 3, align: 'right' },
            { title: ['State'], width: 9 },
            { title: ['Progress'], width: 26 },
            { title: ['Command'], width: 34 },
          ],
          jobs.map((job) => [String(job.id), job.state, how(job), job.line]),
        ),
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

const wait = defineCommand({
  tags: [ID],
  remarks: 'Ctrl-C stops waiting; the job goes on.',
  examples: ['jobs wait', 'jobs wait 1'],
  async run({ id }, environment) {
    const jobs = jobsOf(environment);
    const { io } = environment;
    const job = id ?? newest(jobs);
    const timer = setInterval(() => {
      const { progress } = jobs.get(job);
      if (progress) io.onProgress?.(progress);
    }, 100);
    try {
      return await jobs.follow(job, (text) => environment.write(text, 'stdout'), environment.signal);
    } finally {
      clearInterval(timer);
    }
  },
  text: () => '',
  outcome: ({ exitCode }) => ({ exitCode: exitCode ?? 0 }),
});

/** By the words behind `jobs`; '' for the word alone. */
export const jobCommands: Readonly<Record<'' | 'show' | 'cancel' | 'wait', Command>> = { '': list, show, cancel, wait };
