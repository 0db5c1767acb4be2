import { setMaxListeners } from 'node:events';
import { caret, placeOf, type Span } from './caret.ts';
import { type Command, type Environment, type ParsedTags, SUCCESS } from './command.ts';
import { completeLine } from './completion.ts';
import type { ContextDefinition, ContextFrame } from './context.ts';
import { CommandError, type DescribedError, describeError, UsageError } from './errors.ts';
import { commandHelp, listing, usageText } from './help.ts';
import { hintAt } from './hint.ts';
import type { Host, OutputFile } from './host.ts';
import { shellSign } from './other-words.ts';
import { isHelp, type Resolution, resolve } from './resolve.ts';
import type { Completion, ExecuteIo, ExitCode, Hint, Outcome, OutputStream, SessionView } from './session-types.ts';
import { parseTags } from './tags.ts';
import { joinWords, type Token, tokenize, tokenizeUnfinished, tokensFromWords } from './tokens.ts';

const NESTING_LIMIT = 16;
const USAGE_FAILURE: Outcome = { exitCode: 2 };

export interface ScriptOptions {
  /** The first command that fails ends the script. Default: false. */
  readonly stopOnError?: boolean;
  /** Mistakes in a line are told with its number. Default: true. */
  readonly located?: boolean;
}

/** A command that waits for `commit`. */
type QueuedChange = (io: ExecuteIo) => Promise<Outcome>;

/**
 * One netsh session: the stack of entered contexts, aliases, the output file, and how a line becomes a command. It prints nothing itself;
 * all text goes to the `ExecuteIo` of the line.
 */
export class Session implements SessionView {
  readonly host: Host;
  readonly aliases = new Map<string, string>();
  /** What `format=` is where a line does not say. */
  format: 'text' | 'json' = 'text';
  readonly root: ContextDefinition;
  readonly #onInternalError: ((error: unknown) => void) | undefined;
  #frames: readonly ContextFrame[];
  #saved: (readonly ContextFrame[])[] = [];
  #transcript: OutputFile | undefined;
  /** The sinks that copy to the output file already, so that nested scripts are not copied twice. */
  readonly #recorded = new WeakSet<ExecuteIo>();
  #depth = 0;
  /** Where the line that runs came from; undefined: somebody has just typed it, or it came down a pipe. */
  #source: string | undefined;
  #queue: QueuedChange[] | undefined;

  /** @param onInternalError sees the errors that nobody foresaw, of which the user gets one line. */
  constructor(root: ContextDefinition, host: Host, onInternalError?: (error: unknown) => void) {
    this.#onInternalError = onInternalError;
    this.root = root;
    this.host = host;
    this.#frames = [{ definition: root, state: undefined }];
  }

  get prompt(): string {
    return `${this.#frames.map((frame) => frame.definition.name).join(' ')}>`;
  }

  get contextPath(): readonly string[] {
    return this.#frames.slice(1).map((frame) => frame.definition.name);
  }

  /** Contexts from the current one outward. */
  get chain(): readonly ContextDefinition[] {
    return this.#frames.map((frame) => frame.definition).reverse();
  }

  async execute(line: string, io: ExecuteIo): Promise<Outcome> {
    if (!this.#recorded.has(io)) this.#transcript?.write(`${this.prompt}${line}\n`);
    const trimmed = line.trim();
    return this.#guarded(this.#recording(io), trimmed, (guardedIo) =>
      trimmed === '' || trimmed.startsWith('#') ? SUCCESS : this.#dispatch(inFront(tokenize(trimmed)), guardedIo),
    );
  }

  /** Runs words that stand in the line of another command, whose caller words the errors. */
  runWords(words: readonly string[], io: ExecuteIo): Promise<Outcome> {
    return inOuterLine(words, () => this.#dispatch(tokensFromWords(words), io));
  }

  /** What words in the line of another command mean in the current context. */
  async resolveWords(words: readonly string[]): Promise<Resolution> {
    return inOuterLine(words, async () => this.resolve(tokensFromWords(words)));
  }

  /** Runs a command whose words another shell has split already. Never rejects. */
  async executeWords(words: readonly string[], io: ExecuteIo): Promise<Outcome> {
    return this.#guarded(this.#recording(io), joinWords(words), (guardedIo) => this.#dispatch(tokensFromWords(words), guardedIo));
  }

  staysInFront(line: string): boolean {
    try {
      const resolution = this.resolve(tokenize(line.trim()));
      return resolution.kind !== 'command' || resolution.row.staysInFront === true;
    } catch {
      return true;
    }
  }

  questionAt(line: string): number | undefined {
    const tokens = line.trimStart().startsWith('#') ? [] : tokenizeUnfinished(line);
    const last = tokens.at(-1);
    if (last === undefined || isHelp(last, false)) return last?.start;
    const asking = spelledApart(tokens);
    return asking && !this.#resolves(tokens) && this.#resolves(asking) ? asking.at(-1)?.start : undefined;
  }

  async complete(line: string, cursor: number): Promise<readonly Completion[]> {
    try {
      return await completeLine(this, line, cursor);
    } catch {
      return [];
    }
  }

  async helpAt(line: string, cursor: number): Promise<Hint | undefined> {
    try {
      return await hintAt(this, line, cursor);
    } catch {
      return undefined;
    }
  }

  /** Enters a context below the current one, with the state that its commands share. */
  enter(definition: ContextDefinition, state?: unknown): void {
    this.#frames = [...this.#frames, { definition, state }];
  }

  /** Goes up one context; stays at the root. */
  leave(): void {
    if (this.#frames.length > 1) this.#frames = this.#frames.slice(0, -1);
  }

  /** The state of the innermost entered context of this kind. */
  stateOf(definition: ContextDefinition): unknown {
    return this.#frames.findLast((frame) => frame.definition === definition)?.state;
  }

  /** Remembers the current context for `popContext`. */
  pushContext(): void {
    this.#saved.push(this.#frames);
  }

  /** @returns false where nothing was pushed. */
  popContext(): boolean {
    const frames = this.#saved.pop();
    if (frames) this.#frames = frames;
    return frames !== undefined;
  }

  /**
   * Runs the lines of a script one after another until one leaves the shell, the signal is aborted or, with `stopOnError`, one fails.
   *
   * @param name what messages call the script.
   * @returns the worst exit code of its lines.
   */
  async runScript(
    name: string,
    lines: Iterable<string> | AsyncIterable<string>,
    io: ExecuteIo,
    { stopOnError = false, located = true }: ScriptOptions = {},
  ): Promise<Outcome> {
    if (this.#depth >= NESTING_LIMIT) throw new CommandError('script', `error: scripts are nested more than ${NESTING_LIMIT} deep at ${name}`);
    const source = this.#source;
    // Every script around a line waits for the signal too.
    setMaxListeners(0, io.signal);
    this.#depth++;
    try {
      let worst: ExitCode = 0;
      let number = 0;
      for await (const line of lines) {
        number++;
        this.#source = located ? `${name}, line ${number}` : undefined;
        const outcome = await this.execute(line, io);
        if (outcome.exitCode > worst) worst = outcome.exitCode;
        if (outcome.exit) return { exitCode: worst, exit: true };
        if (io.signal.aborted || (stopOnError && outcome.exitCode !== 0)) break;
      }
      return { exitCode: io.signal.aborted && worst === 0 ? 1 : worst };
    } finally {
      this.#depth--;
      this.#source = source;
    }
  }

  /** 'offline': commands that change something wait for `commit`. */
  get mode(): 'online' | 'offline' {
    return this.#queue ? 'offline' : 'online';
  }

  goOffline(): void {
    this.#queue ??= [];
  }

  /** Runs the changes that waited, in order, up to the first that fails; the rest go on waiting. */
  async commit(io: ExecuteIo): Promise<Outcome> {
    const queue = this.#queue ?? [];
    while (queue[0]) {
      const outcome = await queue[0](io);
      if (outcome.exitCode !== 0) return outcome;
      queue.shift();
    }
    return SUCCESS;
  }

  /** Commits, then runs commands at once again; stays offline where a change fails. */
  async goOnline(io: ExecuteIo): Promise<Outcome> {
    const outcome = await this.commit(io);
    if (outcome.exitCode === 0) this.#queue = undefined;
    return outcome;
  }

  /** Forgets the changes that wait. */
  discardChanges(): void {
    if (this.#queue) this.#queue = [];
  }

  /** Copies everything that is written from now on to a file as well; undefined ends it. */
  async setTranscript(file: OutputFile | undefined): Promise<void> {
    await this.#transcript?.close();
    this.#transcript = file;
  }

  get transcript(): string | undefined {
    return this.#transcript?.path;
  }

  /** Finds what words mean in the current context, aliases replaced. */
  resolve(tokens: readonly Token[]): Resolution {
    return resolve(this.chain, this.#expandAlias(tokens));
  }

  async #dispatch(tokens: readonly Token[], io: ExecuteIo): Promise<Outcome> {
    const resolution = this.#resolveOrHelp(tokens);
    switch (resolution.kind) {
      case 'enter':
        this.#enterChain(resolution.chain);
        return SUCCESS;
      case 'listing':
        io.write(listing(resolution.chain, resolution.words), 'stdout');
        return resolution.asked || resolution.words.length === 0 ? SUCCESS : USAGE_FAILURE;
      case 'command':
        return this.#runCommand(resolution, io);
    }
  }

  /** `show ver?` asks for help as `show ver ?` does, where it is no command of its own. */
  #resolveOrHelp(tokens: readonly Token[]): Resolution {
    try {
      return this.resolve(tokens);
    } catch (error) {
      const asking = spelledApart(tokens);
      if (asking === undefined) throw error;
      return this.resolve(asking);
    }
  }

  #resolves(tokens: readonly Token[]): boolean {
    try {
      this.resolve(tokens);
      return true;
    } catch {
      return false;
    }
  }

  async #runCommand(resolution: Extract<Resolution, { kind: 'command' }>, io: ExecuteIo): Promise<Outcome> {
    const command = await resolution.row.load();
    const { rest } = resolution;
    if (!resolution.raw && rest.some((token, index) => isHelp(token, index === 0))) {
      io.write(commandHelp(resolution.row.words, resolution.row.summary, command), 'stdout');
      return SUCCESS;
    }
    const tags = resolution.raw ? { words: rest.map(({ text }) => text) } : this.#parse(resolution.row.words, command, rest);
    const run = (sink: ExecuteIo) => abortable(command.execute(tags, this.#environment(resolution, sink)), sink.signal);
    if (!this.#queue || !resolution.row.changes) return run(io);
    this.#queue.push(run);
    return SUCCESS;
  }

  #parse(words: string, command: Command, rest: readonly Token[]) {
    try {
      return this.#withFormat(command, parseTags(command.tags, rest));
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
      const signs = rest.filter(({ quoted }) => !quoted).map(({ text }) => shellSign(text));
      throw new UsageError(`${error.message}${signs.find((said) => said !== '') ?? ''}`, error.place, usageText(words, command.tags));
    }
  }

  /** Gives a command that can speak JSON the session's form where its line asks for none. */
  #withFormat(command: Command, tags: ParsedTags): ParsedTags {
    if (this.format === 'text' || 'format' in tags) return tags;
    const takes = command.tags.some(({ name, type }) => name === 'format' && typeof type !== 'string' && type.includes(this.format));
    return takes ? { ...tags, format: this.format } : tags;
  }

  #environment(resolution: Extract<Resolution, { kind: 'command' }>, io: ExecuteIo): Environment {
    const frame = this.#frames.findLast((candidate) => candidate.definition === resolution.chain[0]);
    return {
      session: this,
      host: this.host,
      state: frame?.state,
      signal: io.signal,
      io,
      progress: (progress) => {
        if (!io.signal.aborted) io.onProgress?.(progress);
      },
      announce: (news) => {
        if (!io.signal.aborted) io.announce?.(news);
      },
      // A command that is cancelled may still be finishing: nobody wants to read it.
      write: (text, stream) => {
        if (!io.signal.aborted) io.write(text, stream);
      },
    };
  }

  /** Enters what a line like `ebpf` names: contexts that are entered already keep their state. */
  #enterChain(chain: readonly ContextDefinition[]): void {
    const path = [...chain].reverse();
    const kept = this.#frames.slice(0, path.length);
    this.#frames = path.map((definition, level) => (kept[level]?.definition === definition ? kept[level] : { definition, state: undefined }));
  }

  #expandAlias(tokens: readonly Token[]): readonly Token[] {
    const used = new Set<string>();
    let current = tokens;
    for (;;) {
      const first = current[0];
      const name = first && !first.quoted ? findAlias(this.aliases, first.text) : undefined;
      if (name === undefined || used.has(name)) return current;
      used.add(name);
      // What an alias stands for has no place in the line but the alias's own.
      const { start, end } = current[0]!;
      current = [...tokenize(this.aliases.get(name)!).map((token) => ({ ...token, start, end })), ...current.slice(1)];
    }
  }

  #recording(io: ExecuteIo): ExecuteIo {
    if (this.#recorded.has(io)) return io;
    const recording: ExecuteIo = {
      signal: io.signal,
      write: (text: string, stream: OutputStream) => {
        this.#transcript?.write(text);
        io.write(text, stream);
      },
      ...(io.jobs ? { jobs: io.jobs } : {}),
      ...(io.onProgress ? { onProgress: io.onProgress.bind(io) } : {}),
      ...(io.announce ? { announce: io.announce.bind(io) } : {}),
      ...(io.openDebugger ? { openDebugger: io.openDebugger.bind(io) } : {}),
    };
    this.#recorded.add(recording);
    return recording;
  }

  async #guarded(io: ExecuteIo, line: string, run: (io: ExecuteIo) => Promise<Outcome> | Outcome): Promise<Outcome> {
    try {
      return await run(io);
    } catch (error) {
      const described = describeError(error);
      if (described.kind === 'internal') this.#onInternalError?.(error);
      if (wantsJson(line, this.format)) {
        const span = spanOf(described, line);
        const error = {
          kind: described.kind,
          message: described.message,
          ...(span ? { column: span.start + 1, length: span.end - span.start } : {}),
        };
        io.write(`${JSON.stringify({ schema: 1, error })}\n`, 'stdout');
      } else {
        io.write(`${described.message}\n${this.#pointAt(described, line)}${described.usage ? `\n${described.usage}` : ''}`, 'stderr');
      }
      return { exitCode: described.exitCode };
    }
  }

  /** The line again, with carets under what is wrong with it. */
  #pointAt(error: DescribedError, line: string): string {
    const span = spanOf(error, line);
    return span ? caret(line, span, error.place && 'missing' in error.place ? error.place.missing : undefined, this.#source) : '';
  }
}

/** Words mistakes in some of a line's words so that they are found in the whole line. */
async function inOuterLine<T>(words: readonly string[], act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    if (!(error instanceof UsageError && error.place && 'start' in error.place)) throw error;
    const { start, end } = error.place;
    throw new UsageError(error.message, { value: joinWords(words).slice(start, end) }, error.usage);
  }
}

function spanOf({ place }: DescribedError, line: string): Span | undefined {
  return place && placeOf(place, line, tokenizeUnfinished(line));
}

/** `show ver?` as `show ver ?`; undefined where the last word is not asked about. */
function spelledApart(tokens: readonly Token[]): readonly Token[] | undefined {
  const last = tokens.at(-1);
  const word = last?.quoted === false ? /^(.*[^?])\?+$/s.exec(last.text)?.[1] : undefined;
  if (last === undefined || word === undefined) return undefined;
  const start = last.start + word.length;
  return [...tokens.slice(0, -1), { ...last, text: word, end: start }, { text: '?', start, end: last.end, quoted: false }];
}

/** @throws UsageError for a line that asks for the background, which only the prompt has; it never passes such lines on. */
function inFront(tokens: readonly Token[]): readonly Token[] {
  const last = tokens.at(-1);
  if (last?.text !== '&' || last.quoted) return tokens;
  throw new UsageError('Nothing runs in the background here: commands run one after another.', last);
}

function findAlias(aliases: ReadonlyMap<string, string>, word: string): string | undefined {
  const wanted = word.toLowerCase();
  for (const name of aliases.keys()) if (name.toLowerCase() === wanted) return name;
  return undefined;
}

/** Whether the line asked for JSON, also where it is too wrong to be parsed; where it asks for nothing, what the session has. */
function wantsJson(line: string, otherwise: 'text' | 'json'): boolean {
  const asked = /(?:^|\s)f(?:o(?:r(?:m(?:at?)?)?)?)?=([a-z]+)(?=\s|$)/i.exec(line)?.[1]?.toLowerCase() ?? otherwise;
  return 'json'.startsWith(asked);
}

/** Rejects as soon as the signal is aborted, whatever the command is doing. */
function abortable<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((settle, reject) => {
    const cancel = () => reject(new CommandError('cancelled', 'The command was cancelled.'));
    if (signal.aborted) {
      work.catch(() => undefined);
      cancel();
      return;
    }
    signal.addEventListener('abort', cancel, { once: true });
    work.then(settle, reject).finally(() => signal.removeEventListener('abort', cancel));
  });
}
