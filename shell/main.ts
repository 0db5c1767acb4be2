#!/usr/bin/env node
import { CommandError, describeError } from '../contexts/errors.ts';
import type { DebuggerScreen, ExecuteIo } from '../contexts/session-types.ts';
import packageData from '../package.json' with { type: 'json' };
import { nodeHost } from './node-host.ts';
import { type Rim, runArguments } from './one-shot.ts';
import { DAP } from './one-shot-arguments.ts';
import { safeOutput } from './repl/output.ts';

/** Exit code of a process that a second Ctrl-C ends, as other shells have it. */
const INTERRUPTED = 130;

const cancel = new AbortController();

const io: ExecuteIo = {
  signal: cancel.signal,
  write: (text, stream) => {
    const to = process[stream];
    // What comes from an object must not command the terminal; a file or a pipe gets it as it is.
    to.write(to.isTTY ? safeOutput(text, true) : text);
  },
  ...(hasScreen() ? { openDebugger } : {}),
};

/** Whether views can be shown: keys come from a terminal, and it understands escape sequences. */
function hasScreen(): boolean {
  // Standard input last: asking opens it, which only a command at a terminal need pay for.
  return process.stdout.isTTY === true && process.env['TERM'] !== 'dumb' && process.stdin.isTTY === true;
}

async function openDebugger(screen: DebuggerScreen): Promise<void> {
  const { openDebuggerOnce } = await import('./debugger/index.ts');
  await openDebuggerOnce(screen, rim.host.settings, process.env, cancel.signal);
}

const rim: Rim = {
  io,
  host: nodeHost(new URL('../contexts/verify-worker.js', import.meta.url)),
  version: packageData.version,
  onInternalError: showStack,
  get interactive() {
    return process.stdin.isTTY === true;
  },
  async *readLines() {
    const { createInterface } = await import('node:readline');
    try {
      yield* createInterface({ input: process.stdin, crlfDelay: Number.POSITIVE_INFINITY, signal: cancel.signal });
    } finally {
      // `bye` before the end of the pipe: whoever still writes must not keep the process.
      process.stdin.destroy();
    }
  },
  async openPrompt(session) {
    process.off('SIGINT', interrupt);
    const { runRepl } = await import('./repl/index.ts');
    // The settings that `set` changes are the ones that the prompt listens to.
    const { settings } = session.host;
    const status = async () => (await import('../contexts/status.ts')).statusWords(session);
    return runRepl(session, { firstPrompt: session.prompt, status, ...(settings ? { settings } : {}) });
  },
};

function interrupt(): void {
  if (cancel.signal.aborted) process.exit(INTERRUPTED);
  cancel.abort();
}

/** A reader that went away (`| head`) has seen enough; whatever else is wrong with the output (a full disk) is said where that is still possible. */
function outputGone(error: NodeJS.ErrnoException): void {
  if (error.code === 'EPIPE') process.exit(0);
  giveUp(new CommandError('output', `the output cannot be written: ${error.message}`));
}

/** For those who look for the mistake: EBPFSH_DEBUG=1 shows where it happened. */
function showStack(error: unknown): void {
  if (process.env['EBPFSH_DEBUG'] === '1' && error instanceof Error) process.stderr.write(`${error.stack}\n`);
}

/** One clear line for what nobody foresaw. */
function giveUp(error: unknown): void {
  process.stderr.write(`ebpfsh: ${describeError(error).message}\n`);
  showStack(error);
  process.exit(1);
}

process.on('SIGINT', interrupt);
process.on('uncaughtException', giveUp);
process.on('unhandledRejection', giveUp);
process.stdout.on('error', outputGone);
process.stderr.on('error', () => process.exit(1));

/** `ebpfsh dap` speaks to editors, not to people; everything else is the shell's. */
async function run(args: readonly string[]): Promise<number> {
  const [first, ...words] = args;
  if (first !== DAP.name) return runArguments(args, rim);
  const { runDap } = await import('./dap/index.ts');
  return runDap(words, rim.host, { stdin: process.stdin, stdout: process.stdout, stderr: process.stderr, signal: cancel.signal });
}

run(process.argv.slice(2)).then((exitCode) => {
  process.exitCode = exitCode;
}, giveUp);
