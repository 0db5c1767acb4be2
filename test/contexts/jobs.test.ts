import { describe, expect, it } from 'vitest';
import { Jobs, type JobView } from '../../contexts/jobs.ts';
import type { ExecuteIo, Outcome } from '../../contexts/session-types.ts';
import { newSession, run } from './harness.ts';

/** A job that ends when told to. */
function manual(jobs: Jobs, line = 'slow') {
  let end: (outcome: Outcome) => void = () => undefined;
  let cancelled = 0;
  const finished = new Promise<Outcome>((resolve) => {
    end = resolve;
  });
  const sink = jobs.add({ line, started: Date.now(), progress: undefined, news: undefined, finished, cancel: () => cancelled++ });
  const endWith = (outcome: Outcome) => {
    end(outcome);
    return finished;
  };
  return { sink, end: endWith, cancelled: () => cancelled };
}

function fixture() {
  const ended: JobView[] = [];
  const announced: (string | undefined)[] = [];
  const jobs = new Jobs({ ended: (job) => ended.push(job), announced: ({ news }) => announced.push(news) });
  const session = newSession();
  const written: string[] = [];
  const controller = new AbortController();
  const io: ExecuteIo = { signal: controller.signal, write: (text) => written.push(text), jobs };
  const say = async (line: string) => {
    written.length = 0;
    const outcome = await session.execute(line, io);
    return { ...outcome, text: written.join('') };
  };
  return { ended, announced, jobs, say, controller, written };
}

describe('jobs', () => {
  it('are listed with how far they are', async () => {
    const { jobs, say } = fixture();
    const { sink, end } = manual(jobs, 'show verification x.o');
    sink.update({ title: 'x.o xdp', done: 2, total: 7 });
    expect((await say('jobs')).text).toMatch(/\n {2}1 {2}running {4}x\.o xdp: 2 of 7.* show verification x\.o\n$/);
    await end({ exitCode: 1 });
    expect((await say('jobs')).text).toMatch(/\n {2}1 {2}failed {5}0 s +show verification x\.o\n$/);
    expect(JSON.parse((await say('jobs format=json')).text)).toMatchObject({ schema: 1, jobs: [{ id: 1, state: 'failed', exitCode: 1 }] });
  });

  it('keep their output', async () => {
    const { jobs, say } = fixture();
    const { sink, end } = manual(jobs);
    sink.write('one\n');
    expect((await say('jobs show')).text).toMatch(/^one\nJob 1 still runs: 0 s\n$/);
    sink.write('two\n');
    await end({ exitCode: 0 });
    expect((await say('jobs show 1')).text).toBe('one\ntwo\n');
  });

  it('tell when they end', async () => {
    const { jobs, ended } = fixture();
    const { end } = manual(jobs);
    expect(jobs.running).toBe(1);
    await end({ exitCode: 0 });
    expect(ended).toMatchObject([{ id: 1, state: 'done', exitCode: 0 }]);
    expect(jobs.running).toBe(0);
  });

  it('are cancelled', async () => {
    const { jobs, say, ended } = fixture();
    const { end, cancelled } = manual(jobs);
    expect((await say('jobs cancel 1')).text).toBe('Job 1 is cancelled.\n');
    expect(cancelled()).toBe(1);
    await end({ exitCode: 1 });
    // Whoever cancelled it need not be told.
    expect(ended).toEqual([]);
    expect(jobs.list()).toMatchObject([{ state: 'cancelled' }]);
    expect((await say('jobs cancel 1')).text).toBe('Job 1 had ended already.\n');
  });

  it('are followed to their end', async () => {
    const { jobs, say, ended } = fixture();
    const { sink, end } = manual(jobs);
    sink.write('before\n');
    const waiting = say('jobs wait');
    await new Promise((resolve) => setTimeout(resolve));
    sink.write('after\n');
    await end({ exitCode: 1 });
    expect(await waiting).toEqual({ exitCode: 1, text: 'before\nafter\n' });
    expect(ended).toEqual([]);
  });

  it('go on when nobody waits any more', async () => {
    const { jobs, say, controller, ended } = fixture();
    const { end, cancelled } = manual(jobs);
    const waiting = say('jobs wait 1');
    controller.abort();
    expect((await waiting).exitCode).toBe(1);
    expect(cancelled()).toBe(0);
    await new Promise((resolve) => setTimeout(resolve));
    await end({ exitCode: 0 });
    expect(ended).toMatchObject([{ state: 'done' }]);
  });

  it('are brought to the front, where Ctrl-C ends them', async () => {
    const { say, controller, jobs, cancelled, end } = (() => {
      const made = fixture();
      return { ...made, ...manual(made.jobs) };
    })();
    const front = say('fg');
    controller.abort();
    expect((await front).exitCode).toBe(1);
    await new Promise((resolve) => setTimeout(resolve));
    expect(cancelled()).toBe(1);
    await end({ exitCode: 1 });
    expect(jobs.list()).toMatchObject([{ state: 'cancelled' }]);
  });

  it('are brought to the front and sent back', async () => {
    const { jobs, say, announced } = fixture();
    const { sink, cancelled } = manual(jobs);
    expect(jobs.letGo()).toBeUndefined();
    sink.write('before\n');
    const front = say('fg 1');
    await new Promise((resolve) => setTimeout(resolve));
    sink.announce('not told: it is seen');
    expect(jobs.letGo()).toBe(1);
    expect(await front).toEqual({ exitCode: 0, text: 'before\n' });
    expect(jobs.isFollowing).toBe(false);
    sink.announce('told');
    expect(announced).toEqual(['told']);
    expect(cancelled()).toBe(0);
  });

  it('say how things stand', async () => {
    const { jobs, say } = fixture();
    const { sink, end } = manual(jobs, 'watch p.c');
    sink.update({ title: 'waiting for a change' });
    expect((await say('jobs')).text).toMatch(/running +waiting for a change +watch p\.c\n/);
    sink.announce('p.c: 2 checks fail');
    expect((await say('jobs')).text).toMatch(/running +2 checks fail +watch p\.c\n$/);
    expect(JSON.parse((await say('jobs format=json')).text).jobs).toMatchObject([{ news: 'p.c: 2 checks fail' }]);
    await end({ exitCode: 1 });
    expect((await say('jobs')).text).toMatch(/failed +0 s +watch p\.c\n$/);
  });

  it('that have ended are forgotten at last, those that run are not', async () => {
    const { jobs } = fixture();
    const first = manual(jobs);
    for (let count = 0; count < 60; count++) await manual(jobs).end({ exitCode: 0 });
    const ids = jobs.list().map(({ id }) => id);
    expect(ids).toHaveLength(51);
    expect(ids[0]).toBe(first.sink.id);
  });

  it('that do not exist are named', async () => {
    const { say } = fixture();
    expect(await say('jobs show 7')).toEqual({ exitCode: 1, text: 'There is no job 7. "jobs" lists them.\n' });
    expect(await say('jobs show')).toEqual({ exitCode: 1, text: 'There are no jobs.\n' });
    expect((await say('jobs')).text).toBe('There are no jobs.\n');
  });
});

describe('where commands run one after another', () => {
  it('there are no jobs', async () => {
    expect(await run(newSession(), 'jobs')).toMatchObject({
      exitCode: 1,
      stderr: 'There are no jobs here: commands run one after another.\n',
    });
  });
  it('there is no background', async () => {
    expect(await run(newSession(), 'show mode &')).toMatchObject({
      exitCode: 2,
      stdout: '',
      stderr: 'Nothing runs in the background here: commands run one after another.\n  show mode &\n            ^\n',
    });
    expect((await run(newSession(), 'alias both "&"')).exitCode).toBe(0);
  });
});

describe('lines that stay in front', () => {
  const cases: readonly { line: string; stays: boolean }[] = [
    { line: 'ebpf show verification x.o', stays: false },
    { line: 'ebpf debug verification x.o', stays: true },
    { line: 'ebpf', stays: true },
    { line: '..', stays: true },
    { line: 'bye', stays: true },
    { line: 'exec x.nsh', stays: true },
    { line: 'jobs wait', stays: true },
    { line: 'fg', stays: true },
    { line: 'ebpf watch x.c', stays: false },
    { line: 'nonsense', stays: true },
    { line: 'ebpf show "', stays: true },
  ];
  for (const { line, stays } of cases) it(line, () => expect(newSession().staysInFront(line)).toBe(stays));
});
