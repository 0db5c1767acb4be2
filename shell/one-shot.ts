import { describeError } from '../contexts/errors.ts';
import type { Host } from '../contexts/host.ts';
import { rootContext } from '../contexts/root/index.ts';
import { scriptLines } from '../contexts/script.ts';
import { Session } from '../contexts/session.ts';
import type { ExecuteIo, ExitCode, Outcome } from '../contexts/session-types.ts';
import { joinWords, tokenizeUnfinished } from '../contexts/tokens.ts';
import { DAP, HELP_TEXT, type Invocation, parseArguments, unfinishedArguments } from './one-shot-arguments.ts';

const STDIN_NAME = 'standard input';
/** Where the prompt opens; whatever `netsh>` knows works there too. */
const START_CONTEXT = 'ebpf';

/** The process around the shell, so that tests can stand in for it. */
export interface Rim {
  readonly io: ExecuteIo;
  readonly host: Host;
  readonly version: string;
  /** Sees the errors that nobody foresaw, of which the user gets one line. */
  onInternalError(error: unknown): void;
  /** true: a person is typing, so the prompt opens. */
  readonly interactive: boolean;
  /** Lines of standard input. */
  readLines(): AsyncIterable<string>;
  /** Opens the prompt. */
  openPrompt(session: Session): Promise<number>;
}

/** What completion scripts of other shells ask (`completion bash`): the rest of the line up to the cursor is one argument. */
const COMPLETE = '__complete';

/** Runs the process's command line to its exit code. */
export async function runArguments(args: readonly string[], rim: Rim): Promise<number> {
  const invocation = parseArguments(args);
  switch (invocation.kind) {
    case 'help':
      rim.io.write(HELP_TEXT, 'stdout');
      return 0;
    case 'version':
      rim.io.write(`ebpfsh ${rim.version}\n`, 'stdout');
      return 0;
    case 'error':
      rim.io.write(`${invocation.message}\n\n${HELP_TEXT}`, 'stderr');
      return 2;
    case 'run':
      return runSession(invocation, rim);
  }
}

async function runSession(invocation: Extract<Invocation, { kind: 'run' }>, rim: Rim): Promise<number> {
  const session = new Session(rootContext, rim.host, rim.onInternalError);
  const prepared = await prepare(session, invocation, rim);
  if (prepared !== 0) return prepared;
  const { script, words } = invocation;
  if (words[0] === COMPLETE) return complete(session, words[1] ?? '', rim.io);
  if (words.length > 0) return (await runWords(session, words, rim.io)).exitCode;
  if (script !== undefined && script !== '-') return (await runFile(session, script, rim.io)).exitCode;
  if (script === undefined && rim.interactive) return rim.openPrompt(session);
  return (await session.runScript(STDIN_NAME, rim.readLines(), rim.io, { located: false })).exitCode;
}

/** The start context and the alias file. */
async function prepare(session: Session, { aliasFile, context }: Extract<Invocation, { kind: 'run' }>, rim: Rim): Promise<ExitCode> {
  const entered = await session.execute(context ?? START_CONTEXT, rim.io);
  if (entered.exitCode !== 0 || aliasFile === undefined) return entered.exitCode;
  return (await runFile(session, aliasFile, rim.io)).exitCode;
}

interface Choice {
  readonly value: string;
  readonly description: string;
}

/** Writes a line `value<Tab>description` for every way to complete the last word, unquoted; values that would not be one line are left out. */
async function complete(session: Session, line: string, io: ExecuteIo): Promise<number> {
  const seen = new Set<string>();
  for (const { value, description } of await choices(session, line, io)) {
    const word = value.replaceAll('"', '');
    if (seen.has(word) || /\p{Cc}/u.test(word)) continue;
    seen.add(word);
    io.write(`${word}\t${description.replace(/\p{Cc}/gu, ' ')}\n`, 'stdout');
  }
  return 0;
}

/** What the process's own options take, and for the command's words what the session knows. */
async function choices(session: Session, line: string, io: ExecuteIo): Promise<readonly Choice[]> {
  const tokens = tokenizeUnfinished(line);
  const end = tokens.at(-1)?.end ?? 0;
  const words = [...tokens.map(({ text }) => text), ...(end === line.length && end > 0 ? [] : [''])];
  const unfinished = unfinishedArguments(words);
  const last = words.at(-1)!;
  switch (unfinished.kind) {
    case 'option':
      return unfinished.options.map(({ name, help }) => ({ value: name, description: help }));
    case 'value': {
      if (unfinished.value !== 'context') return completed(session, `exec ${joinWords([last])}`);
      return (await completed(session, last)).filter(({ kind }) => kind === 'context');
    }
    case 'command': {
      if (unfinished.context !== undefined) await session.execute(unfinished.context, { ...io, write: () => undefined });
      const command = line.slice(tokens[unfinished.from]?.start ?? line.length);
      const own = unfinished.from === words.length - 1 && DAP.name.startsWith(last) ? [{ value: DAP.name, description: DAP.help }] : [];
      return [...(await completed(session, command)), ...own];
    }
  }
}

function completed(session: Session, line: string) {
  return session.complete(line, line.length);
}

/** A single argument with blanks is a whole line that the user quoted for the other shell. */
function runWords(session: Session, words: readonly string[], io: ExecuteIo): Promise<Outcome> {
  const [only] = words;
  return words.length === 1 && only !== undefined && /\s/.test(only.trim()) ? session.execute(only, io) : session.executeWords(words, io);
}

async function runFile(session: Session, path: string, io: ExecuteIo): Promise<Outcome> {
  let lines: readonly string[];
  try {
    lines = scriptLines(await session.host.readFile(path), path);
  } catch (error) {
    io.write(`${describeError(error).message}\n`, 'stderr');
    return { exitCode: 1 };
  }
  return session.runScript(path, lines, io);
}
