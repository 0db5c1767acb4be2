import { describe, expect, it } from 'vitest';
import { Jobs, type JobView } from '../../contexts/jobs.ts';
import type { ExecuteIo, Outcome, SessionView } from '../../contexts/session-types.ts';
import { createTranscript } from '../../shell/repl/output.ts';
import type { Runner } from '../../shell/repl/runner.ts';
import { createRunner } from '../../shell/repl/runner.ts';
import type { Screen } from '../../shell/repl/screen.ts';
import { createScreen } from '../../shell/repl/screen.ts';
import { NO_THEME } from '../../shell/repl/theme.ts';

type Execute = (io: ExecuteIo) => Promise<Outcome>;

function session(execute: Execute): SessionView {
  return {
    prompt: 'netsh>',
    contextPath: [],
    aliases: new Map(),
    execute: (_line, io) => execute(io),
    complete: async () => [],
    helpAt: async () => undefined,
  };
}

interface Fixture {
  readonly runner: Runner;
  readonly screen: Screen;
  readonly transcript: ReturnType<typeof createTranscript>;
  readonly jobs: Jobs;
  readonly ended: readonly JobView[];
  readonly announced: readonly JobView[];
  output(): string;
}

function fixture(more: { readonly speaks?: boolean; readonly ahead?: string } = {}): Fixture {
  let written = '';
  const ended: JobView[] = [];
  const announced: JobView[] = [];
  const size = () => ({ columns: 80, rows: 24 });
  const screen = createScreen((text) => {
    written += text;
  }, size);
  const transcript = createTranscript();
  const jobs = new Jobs({ ended: (job) => ended.push(job), announced: (job) => announced.push(job) });
  const runner = createRunner({
    screen,
    transcript,
    size,
    theme: () => NO_THEME,
    color: () => false,
    speaks: () => more.speaks ?? false,
    ahead: () => more.ahead ?? '',
    jobs,
    openDebugger: async () => undefined,
  });
  return { runner, screen, transcript, jobs, ended, announced, output: () => written };
}

const never = new Promise<Outcome>(() => undefined);

describe('runner', () => {
  it('writes output through, made safe, and keeps it for the pager', async () => {
    const { runner, transcript, output } = fixture();
    const outcome = await runner.run(
      session(async (io) => {
        io.write('one\n', 'stdout');
        io.write('t\u001b[2Jwo\n', 'stderr');
        return { exitCode: 1 };
      }),
      'x',
    );
    expect(outcome).toEqual({ exitCode: 1, cancelled: false });
    expect(output()).toBe('one\r\nt\\x1b[2Jwo\r\n');
    expect(transcript.lines()).toEqual(['one', 't\\x1b[2Jwo']);
  });

  it('ends an unfinished line', async () => {
    const { runner, output } = fixture();
    await runner.run(
      session(async (io) => {
        io.write('no end', 'stdout');
        return { exitCode: 0 };
      }),
      'x',
    );
    expect(output()).toBe('no end\r\n');
  });

  it('returns at once when cancelled, and drops what comes later', async () => {
    const { runner, output } = fixture();
    let later: (() => void) | undefined;
    const running = runner.run(
      session((io) => {
        later = () => io.write('too late\n', 'stdout');
        queueMicrotask(() => runner.cancel());
        return never;
      }),
      'x',
    );
    expect(await running).toEqual({ exitCode: 1, cancelled: true });
    later?.();
    expect(output()).toBe('');
  });

  it('does not start a line that is cancelled while it waits for the one before', async () => {
    const { runner } = fixture();
    let started = 0;
    const stuck = session(() => {
      started += 1;
      queueMicrotask(() => runner.cancel());
      return never;
    });
    await runner.run(stuck, 'x');
    const second = runner.run(stuck, 'y');
    runner.cancel();
    expect((await second).cancelled).toBe(true);
    expect(started).toBe(1);
  });

  it('words the error of a session that breaks its promise', async () => {
    const { runner, output } = fixture();
    const outcome = await runner.run(
      session(() => Promise.reject(new Error('a bug'))),
      'x',
    );
    expect(outcome.exitCode).toBe(1);
    expect(output()).toBe('a bug\r\n');
  });

  it('draws what is typed ahead and takes it away before output and at the end', async () => {
    const { runner, output } = fixture({ ahead: 'next line' });
    await runner.run(
      session(async (io) => {
        runner.show();
        io.write('out\n', 'stdout');
        runner.show();
        return { exitCode: 0 };
      }),
      'x',
    );
    const shown = '\rnext line\u001b[K\r\u001b[9C';
    const gone = '\r\u001b[J';
    expect(output()).toBe(`${shown}${gone}out\r\n${shown}${gone}`);
  });

  it('draws nothing behind an unfinished line', async () => {
    const { runner, output } = fixture({ ahead: 'next' });
    await runner.run(
      session(async (io) => {
        io.write('half', 'stdout');
        runner.show();
        return { exitCode: 0 };
      }),
      'x',
    );
    expect(output()).toBe('half\r\n');
  });

  it('lets a command listen to its cancellation many times without a warning', async () => {
    const { runner } = fixture();
    const warnings: Error[] = [];
    const onWarning = (warning: Error) => warnings.push(warning);
    process.on('warning', onWarning);
    await runner.run(
      session(async (io) => {
        for (let step = 0; step < 50; step += 1) io.signal.addEventListener('abort', () => step);
        return { exitCode: 0 };
      }),
      'x',
    );
    await new Promise((resolve) => setImmediate(resolve));
    process.off('warning', onWarning);
    expect(warnings).toEqual([]);
  });

  it("sends a running line to the background: the prompt goes on, the output is the job's", async () => {
    const { runner, output, ended, jobs } = fixture();
    let finish: () => void = () => undefined;
    const slow = session(async (io) => {
      io.write('early\n', 'stdout');
      await new Promise<void>((resolve) => {
        finish = resolve;
      });
      io.write('late\n', 'stdout');
      return { exitCode: 0 };
    });
    const running = runner.run(slow, 'slow thing');
    await new Promise((resolve) => setTimeout(resolve));
    expect(runner.toBackground()).toBe(true);
    expect(await running).toEqual({ exitCode: 0, cancelled: false, job: 1 });
    const next = await runner.run(
      session(async (io) => {
        io.write('next\n', 'stdout');
        return { exitCode: 0 };
      }),
      'next',
    );
    expect(next).toEqual({ exitCode: 0, cancelled: false });
    finish();
    await new Promise((resolve) => setTimeout(resolve));
    expect(output()).toBe('early\r\nnext\r\n');
    expect(ended).toMatchObject([{ id: 1, line: 'slow thing', state: 'done' }]);
    expect(jobs.get(1).output).toBe('early\nlate\n');
  });

  it('starts a line in the background', async () => {
    const { runner, output, jobs } = fixture();
    const quick = session(async (io) => {
      io.write('out\n', 'stdout');
      return { exitCode: 1 };
    });
    expect(await runner.run(quick, 'quick', true)).toEqual({ exitCode: 0, cancelled: false, job: 1 });
    await new Promise((resolve) => setTimeout(resolve));
    expect(output()).toBe('');
    expect(jobs.get(1)).toMatchObject({ state: 'failed', output: 'out\n' });
  });

  it('cancels a job without the line in front', async () => {
    const { runner, jobs } = fixture();
    await runner.run(
      session((io) => new Promise((resolve) => io.signal.addEventListener('abort', () => resolve({ exitCode: 1 })))),
      'endless',
      true,
    );
    const front = runner.run(
      session(async () => {
        jobs.cancel(1);
        return { exitCode: 0 };
      }),
      'front',
    );
    expect(await front).toEqual({ exitCode: 0, cancelled: false });
    await new Promise((resolve) => setTimeout(resolve));
    expect(jobs.get(1)).toMatchObject({ state: 'cancelled', exitCode: 1 });
  });

  it('keeps in front what has to stay there', async () => {
    const { runner, output } = fixture();
    const staying = { ...session(async () => ({ exitCode: 0 })), staysInFront: () => true };
    const running = runner.run(staying, 'ebpf', true);
    expect(runner.toBackground()).toBe(false);
    expect(await running).toEqual({ exitCode: 0, cancelled: false });
    expect(output()).toBe('');
    expect(runner.toBackground()).toBe(false);
  });

  it('announces what runs in the background, not what stays in front', async () => {
    const { runner, announced, jobs } = fixture();
    let say: (news: string) => void = () => undefined;
    const watch = session((io) => {
      say = (news) => io.announce?.(news);
      say('p.c: 2 checks fail');
      return never;
    });
    const running = runner.run(watch, 'watch p.c');
    await new Promise((resolve) => setTimeout(resolve));
    expect(announced).toEqual([]);
    runner.toBackground();
    await running;
    // What it said in front is known all the same.
    expect(jobs.list()).toMatchObject([{ news: 'p.c: 2 checks fail' }]);
    say('p.c: passes');
    expect(announced).toMatchObject([{ id: 1, line: 'watch p.c', news: 'p.c: passes' }]);
  });

  it('sends a job that is followed back, and not the line that follows it', async () => {
    const { runner, jobs, output } = fixture();
    let write: (text: string) => void = () => undefined;
    const work = session((io) => {
      write = (text) => io.write(text, 'stdout');
      write('one\n');
      return never;
    });
    await runner.run(work, 'work', true);
    const following: SessionView = {
      ...session(async (io) => {
        await jobs.follow(1, (text) => io.write(text, 'stdout'), io.signal);
        return { exitCode: 0 };
      }),
      staysInFront: () => true,
    };
    const front = runner.run(following, 'fg');
    await new Promise((resolve) => setTimeout(resolve));
    write('two\n');
    expect(runner.toBackground()).toBe(true);
    expect(await front).toEqual({ exitCode: 0, cancelled: false, job: 1 });
    write('three\n');
    expect(output()).toBe('one\r\ntwo\r\n');
    expect(jobs.list()).toMatchObject([{ id: 1, state: 'running' }]);
    expect(jobs.get(1).output).toBe('one\ntwo\nthree\n');
  });
});
