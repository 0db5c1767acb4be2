import { describe, expect, it } from 'vitest';
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
  output(): string;
}

function fixture(more: { readonly spokenProgress?: boolean; readonly ahead?: string } = {}): Fixture {
  let written = '';
  const size = () => ({ columns: 80, rows: 24 });
  const screen = createScreen((text) => {
    written += text;
  }, size);
  const transcript = createTranscript();
  const runner = createRunner({
    screen,
    transcript,
    size,
    theme: () => NO_THEME,
    color: () => false,
    spokenProgress: more.spokenProgress ?? false,
    ahead: () => more.ahead ?? '',
    openDebugger: async () => undefined,
  });
  return { runner, screen, transcript, output: () => written };
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
});
