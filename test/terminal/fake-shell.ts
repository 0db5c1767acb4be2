/** A shell with a few made-up commands, so that the prompt is tested apart from the real ones. Bundled and run by the tests. */
import type { Completion, ExecuteIo, Hint, Outcome, SessionView } from '../../contexts/session-types.ts';
import { runRepl } from '../../shell/repl/index.ts';

const COMMANDS: Readonly<Record<string, string>> = {
  'show sections': 'Shows sections of an eBPF file.',
  'show verification': 'Shows the verification report.',
  'show programs': 'Shows eBPF programs.',
  count: 'Writes numbered lines.',
  slow: 'Takes its time.',
  stuck: 'Ignores its cancellation.',
  fail: 'Fails.',
  nasty: 'Writes escape sequences.',
  bye: 'Leaves the shell.',
};

let path: string[] = [];

function sleep(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}

type Action = (io: ExecuteIo, words: readonly string[]) => Promise<Outcome> | Outcome;

const ACTIONS: Readonly<Record<string, Action>> = {
  ebpf: () => {
    path = ['ebpf'];
    return { exitCode: 0 };
  },
  '..': () => {
    path = path.slice(0, -1);
    return { exitCode: 0 };
  },
  count: (io, [, number = '3']) => {
    for (let line = 1; line <= Number(number); line += 1) io.write(`line ${line}\n`, 'stdout');
    return { exitCode: 0 };
  },
  async slow(io) {
    io.write('started\n', 'stdout');
    for (let done = 0; done < 600 && !io.signal.aborted; done += 1) {
      io.onProgress?.({ title: 'crunching numbers', done, total: 600 });
      await sleep(50, io.signal);
    }
    return { exitCode: 1 };
  },
  async nap(io) {
    for (let done = 0; done < 40 && !io.signal.aborted; done += 1) {
      io.onProgress?.({ title: 'napping', done, total: 40 });
      await sleep(50, io.signal);
    }
    io.write('slept\n', 'stdout');
    return { exitCode: 0 };
  },
  stuck: () => new Promise(() => undefined),
  fail: (io) => {
    io.write('it failed\n', 'stderr');
    return { exitCode: 1 };
  },
  nasty: (io) => {
    io.write('name \u001b[2J\u001b]0;owned\u0007 end\n', 'stdout');
    return { exitCode: 0 };
  },
  crash: () => {
    setImmediate(() => {
      throw new Error('a bug');
    });
    return { exitCode: 0 };
  },
  bye: () => ({ exitCode: 0, exit: true }),
};

const session: SessionView = {
  get prompt() {
    return `${['netsh', ...path].join(' ')}>`;
  },
  get contextPath() {
    return path;
  },
  aliases: new Map(),
  async execute(line, io) {
    const words = line.trim().split(/\s+/);
    if (words.at(-1) === '?') {
      io.write(`Help for: ${words.slice(0, -1).join(' ')}\n`, 'stdout');
      return { exitCode: 0 };
    }
    const action = ACTIONS[words[0] ?? ''];
    if (action !== undefined) return action(io, words);
    if (words[0] === 'show') {
      io.write(`shown: ${line}\n`, 'stdout');
      return { exitCode: 0 };
    }
    io.write(`The following command was not found: ${line}.\n`, 'stderr');
    return { exitCode: 2 };
  },
  questionAt: (line) => /\?\s*$/.exec(line)?.index,
  async complete(line, cursor) {
    const typed = line.slice(0, cursor);
    const start = typed.lastIndexOf(' ') + 1;
    const found = Object.entries(COMMANDS).filter(([command]) => command.startsWith(typed));
    const words = new Map(found.map(([command, help]) => [command.slice(start).split(' ')[0] ?? '', help]));
    return Array.from(
      words,
      ([value, description]): Completion => ({ value, label: value, kind: 'command', description, start, end: cursor, final: true }),
    );
  },
  async helpAt(line): Promise<Hint | undefined> {
    return line.startsWith('show ') ? { usage: 'show sections [filename=]<string>', text: 'An object file.' } : undefined;
  },
};

/** A session that takes its time to load: keys typed meanwhile must not be lost. */
async function loaded(): Promise<SessionView> {
  await new Promise((resolve) => setTimeout(resolve, Number(process.env['FAKE_LOAD'] ?? 0)));
  return session;
}

process.exitCode = await runRepl(loaded(), { status: async () => ['windows', '2 objects'] });
