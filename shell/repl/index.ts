/** The interactive shell: one function that runs a session at a terminal. */
import type { SessionView } from '../../contexts/session-types.ts';
import type { SettingsStore } from '../../contexts/settings.ts';
import { configDirectory, openSettings } from '../settings.ts';
import { runPlain } from './plain.ts';
import { Prompt } from './prompt.ts';

/** What the prompt may be told; everything has a default. */
export interface ReplOptions {
  readonly input?: NodeJS.ReadStream;
  readonly output?: NodeJS.WriteStream;
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly settings?: SettingsStore;
  /** Shown until the session is there. */
  readonly firstPrompt?: string;
  /** Words for the status line besides the context and the jobs; asked again after every line. Never rejects. */
  readonly status?: () => Promise<readonly string[]>;
}

/**
 * Runs the prompt until `bye`, Ctrl-D at the root, or a signal.
 *
 * The prompt shows and takes keys before a promised session is there, so that loading it costs the person no time.
 * A terminal that understands no escape sequences (TERM=dumb), or none at all, gets a plain line by line loop.
 *
 * @returns the exit code: 0, or 128 + the signal's number. Rejects only where `session` does.
 */
export async function runRepl(session: SessionView | Promise<SessionView>, options: ReplOptions = {}): Promise<number> {
  const { input = process.stdin, output = process.stdout, env = process.env, firstPrompt = 'netsh>' } = options;
  if (env.TERM === 'dumb' || input.isTTY !== true || output.isTTY !== true) return runPlain(await session, { input, output });
  const settings = options.settings ?? openSettings(configDirectory(env));
  const exitCode = await new Prompt({ streams: { input, output }, env, settings, firstPrompt, status: options.status }).run(session);
  if (output === process.stdout) leaveSoon(exitCode);
  return exitCode;
}

/** How long work that ignored its cancellation may keep the process alive after the shell was left (milliseconds). */
const LINGER = 1000;

/** Ends the process if something still runs a moment from now; on its own it keeps nothing alive. */
function leaveSoon(exitCode: number): void {
  setTimeout(() => process.exit(exitCode), LINGER).unref();
}
