/** The prompt: connects keys, line editor, history, completion, session and screen. */
import { join } from 'node:path';
import type { DebuggerScreen, SessionView } from '../../contexts/session-types.ts';
import type { SettingName, SettingsStore } from '../../contexts/settings.ts';
import { tokenizeUnfinished } from '../../contexts/tokens.ts';
import { Background } from './background.ts';
import type { PromptView } from './frame.ts';
import { enteredFrame, promptFrame } from './frame.ts';
import type { Highlighter } from './highlight.ts';
import { createHighlighter } from './highlight.ts';
import type { History } from './history.ts';
import { openHistory, suggest } from './history.ts';
import { pressKey } from './keymap.ts';
import type { Key } from './keys.ts';
import type { EditingMode, EditorState, Effect } from './line-editor.ts';
import { createEditor, nextLine, offerCompletions } from './line-editor.ts';
import { createTranscript } from './output.ts';
import type { Runner } from './runner.ts';
import { createRunner } from './runner.ts';
import type { Screen } from './screen.ts';
import { createScreen } from './screen.ts';
import type { Terminal, TerminalStreams } from './terminal.ts';
import { openTerminal } from './terminal.ts';
import { printable } from './text.ts';
import type { Theme } from './theme.ts';
import { NO_THEME, THEMES, wantsColor, wantsSpeech } from './theme.ts';
import { WindowTitle } from './window-title.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** Everything a prompt is made of. */
export interface PromptOptions {
  readonly streams: TerminalStreams;
  readonly env: Environment;
  readonly settings: SettingsStore;
  /** Shown until the session is there. */
  readonly firstPrompt: string;
  /** Words of the status line besides the context and the jobs. Never rejects. */
  readonly status: (() => Promise<readonly string[]>) | undefined;
}

/** What a signal that ends the shell makes of its exit code (POSIX `sh`: 128 + number). */
const SIGNAL_EXIT: Readonly<Partial<Record<NodeJS.Signals, number>>> = { SIGHUP: 129, SIGQUIT: 131, SIGTERM: 143 };
/** How long a window keeps its size before the prompt is drawn for it (milliseconds). */
const RESIZE_REST = 40;
const CLEAR_SCREEN = '\u001b[H\u001b[2J';

/** One interactive run of a session; `run` resolves with the exit code. */
export class Prompt {
  readonly #options: PromptOptions;
  readonly #terminal: Terminal;
  readonly #screen: Screen;
  readonly #title: WindowTitle;
  #history: History;
  readonly #highlighter: Highlighter;
  readonly #runner: Runner;
  readonly #transcript = createTranscript();
  readonly #background = new Background(() => this.#tellNews());
  readonly #finished: Promise<number>;
  #finish: (exitCode: number) => void = () => undefined;
  /** Stops waiting for a completion or a hint. */
  #giveUp: () => void = () => undefined;
  #session: SessionView | undefined;
  #editor: EditorState;
  #hint: string | undefined;
  /** True while a line runs or a view covers the prompt: keys wait. */
  #busy = false;
  #ended = false;
  #drawing = false;
  #resizing: NodeJS.Timeout | undefined;
  #waiting: Key[] = [];
  /** Lines of a pasted script that have not run yet. */
  #script: string[] = [];
  #statusWords: readonly string[] = [];

  constructor(options: PromptOptions) {
    this.#options = options;
    const { settings } = options;
    this.#terminal = openTerminal(options.streams, {
      onKeys: (keys) => this.#takeKeys(keys),
      onResize: () => this.#resized(),
      onSuspend: () => this.#suspended(),
      onResume: () => this.#resumed(),
      onEnd: (signal) => this.#end(signal === undefined ? 0 : (SIGNAL_EXIT[signal] ?? 1)),
    });
    this.#screen = createScreen(
      (text) => this.#terminal.write(text),
      () => this.#terminal.size,
    );
    this.#title = new WindowTitle(
      (text) => this.#terminal.write(text),
      // The Linux console has no title and would show the sequence.
      () => settings.get('title') === 'on' && options.env.TERM !== 'linux',
    );
    this.#history = this.#openHistory();
    this.#editor = createEditor(this.#editingMode);
    this.#highlighter = createHighlighter(
      () => this.#session,
      () => this.#drawSoon(),
    );
    this.#runner = createRunner({
      screen: this.#screen,
      transcript: this.#transcript,
      size: () => this.#terminal.size,
      theme: () => this.#theme,
      color: () => this.#hasColor,
      speaks: () => this.#speaks,
      ahead: () => this.#typedAhead(),
      jobs: this.#background.jobs,
      openDebugger: (screen, signal) => this.#openDebugger(screen, signal),
    });
    this.#finished = new Promise((resolve) => {
      this.#finish = resolve;
    });
  }

  /** Shows the prompt at once; lines run when the session is there. @returns the exit code of the shell. */
  async run(session: SessionView | Promise<SessionView>): Promise<number> {
    const { settings } = this.#options;
    this.#terminal.acquire();
    this.#draw();
    const stopListening = settings.onChange((name) => this.#applied[name]?.());
    try {
      this.#session = await session;
      this.#showTitle();
      this.#refreshStatus();
      this.#draw();
      this.#pump();
      return await this.#finished;
    } finally {
      stopListening();
      clearTimeout(this.#resizing);
      this.#busy = true;
      this.#screen.erase();
      this.#title.giveBack();
      this.#terminal.close();
    }
  }

  /** Settings that have to be acted upon; the others are asked whenever they matter. */
  readonly #applied: Readonly<Partial<Record<SettingName, () => void>>> = {
    editing: () => {
      this.#editor = { ...this.#editor, mode: this.#editingMode };
    },
    history: () => {
      this.#history = this.#openHistory();
    },
    title: () => this.#showTitle(),
  };

  get #editingMode(): EditingMode {
    return this.#options.settings.get('editing') === 'vi' ? 'vi-insert' : 'emacs';
  }

  #openHistory(): History {
    const { settings } = this.#options;
    return openHistory(join(settings.directory, 'history'), settings.get('history'));
  }

  /** Nothing is drawn that a screen reader would have to read twice: no colors, suggestions or status line; menus and progress become plain lines. */
  get #speaks(): boolean {
    return wantsSpeech(this.#options.settings.get('screenreader'), this.#options.env);
  }

  get #hasColor(): boolean {
    const { settings, env } = this.#options;
    return !this.#speaks && wantsColor(settings.get('color'), env, true);
  }

  get #theme(): Theme {
    return this.#hasColor ? THEMES[this.#options.settings.get('theme')] : NO_THEME;
  }

  #view(): PromptView {
    const { settings, firstPrompt } = this.#options;
    return {
      prompt: settings.get('prompt').replaceAll('%p', this.#session?.prompt ?? firstPrompt),
      editor: this.#editor,
      spans: this.#hasColor ? this.#highlighter.spans(this.#editor.text) : [],
      suggestion: this.#suggestion,
      hint: this.#hint,
      status: this.#status(),
      theme: this.#theme,
      size: this.#terminal.size,
    };
  }

  /** The older line whose rest is shown; undefined where nothing can be shown, as a key must not take what nobody sees. */
  get #suggestion(): string | undefined {
    if (this.#options.settings.get('suggestions') === 'off' || this.#theme.suggestion === '') return undefined;
    return suggest(this.#history.entries, this.#editor.text);
  }

  #status(): string | undefined {
    if (!this.#showsStatus) return undefined;
    const context = this.#session?.contextPath.join(' ') || 'netsh';
    return [context, ...this.#statusWords, ...this.#background.statusWords].join(' | ');
  }

  get #showsStatus(): boolean {
    return !this.#speaks && this.#options.settings.get('status') === 'on';
  }

  /** Asks for the status line's words; they are drawn when they come. */
  #refreshStatus(): void {
    if (!this.#showsStatus) return;
    void this.#options.status?.().then((words) => {
      this.#statusWords = words;
      this.#draw();
    });
  }

  #draw(): void {
    if (this.#busy || this.#ended) return;
    this.#screen.draw(promptFrame(this.#view()));
  }

  /** Draws once for all answers of this turn of the event loop. */
  #drawSoon(): void {
    if (this.#drawing) return;
    this.#drawing = true;
    setImmediate(() => {
      this.#drawing = false;
      this.#draw();
    });
  }

  #showTitle(running?: string): void {
    this.#title.show(running ?? this.#session?.prompt.replace(/>$/, '') ?? 'netsh');
  }

  #takeKeys(keys: readonly Key[]): void {
    for (const key of keys) {
      if (this.#busy && key.kind === 'chord' && key.chord === 'C-c') this.#cancel();
      else if (this.#busy && key.kind === 'chord' && key.chord === 'C-z') this.#terminal.suspend();
      else if (this.#busy && key.kind === 'chord' && key.chord === 'C-b') this.#toBackground();
      else this.#waiting.push(key);
    }
    if (this.#busy) this.#runner.show();
    this.#pump();
  }

  /** The line that the waiting keys will make, up to the first that does more than edit. */
  #typedAhead(): string {
    const context = { history: this.#history.entries, suggestion: undefined };
    let state = nextLine(this.#editor);
    for (const key of this.#waiting) {
      const step = pressKey(state, key, context);
      state = step.state;
      if (step.effect !== undefined) break;
    }
    return state.text;
  }

  /** Ctrl-C while something runs: it ends, and so does everything that was to follow. */
  #cancel(): void {
    this.#waiting = [];
    this.#runner.cancel();
    this.#giveUp();
  }

  #toBackground(): void {
    if (!this.#runner.toBackground()) this.#terminal.write('\u0007');
  }

  /** Says what jobs have to tell above the prompt, as soon as nothing else writes there. */
  #tellNews(): void {
    if (this.#busy || this.#ended) return;
    const news = this.#background.takeNews();
    if (news === '') return;
    this.#screen.erase();
    this.#screen.print(news);
    this.#draw();
  }

  /** What `work` gives, or undefined as soon as Ctrl-C is pressed. */
  #interruptible<T>(work: Promise<T>): Promise<T | undefined> {
    const interrupted = new Promise<undefined>((resolve) => {
      this.#giveUp = () => resolve(undefined);
    });
    return Promise.race([work, interrupted]);
  }

  /** Handles waiting keys up to one that starts something; then draws once. */
  #pump(): void {
    while (!this.#busy && !this.#ended) {
      const key = this.#waiting[0];
      if (key === undefined) break;
      // Without a session, lines can be typed but not run: what comes from Enter on waits.
      if (this.#session === undefined && !this.#worksWithoutSession(key)) break;
      this.#waiting.shift();
      this.#press(key);
    }
    this.#draw();
  }

  #worksWithoutSession(key: Key): boolean {
    return key.kind === 'text' || (key.kind === 'chord' && !['Enter', 'Tab', 'C-d', 'F1', 'M-h'].includes(key.chord));
  }

  #press(key: Key): void {
    this.#hint = undefined;
    if (key.kind === 'paste' && /[\r\n]/.test(key.text) && this.#editor.search === undefined) {
      this.#pasteScript(key.text);
      return;
    }
    // A search looks at what other shells have done until now as well.
    if (key.kind === 'chord' && key.chord === 'C-r' && this.#editor.search === undefined) this.#history.refresh();
    const step = pressKey(this.#editor, key, { history: this.#history.entries, suggestion: this.#suggestion });
    this.#editor = step.state;
    if (step.effect !== undefined) this.#effects[step.effect]();
  }

  readonly #effects: Readonly<Record<Effect, () => void>> = {
    submit: () => this.#start(this.#submit()),
    interrupt: () => this.#interrupt(),
    leave: () => this.#leave(),
    complete: () => this.#start(this.#complete()),
    'clear-screen': () => this.#clearScreen(),
    suspend: () => this.#terminal.suspend(),
    pager: () => this.#start(this.#openPager()),
    hint: () => this.#start(this.#showHint()),
    bell: () => this.#terminal.write('\u0007'),
  };

  /** Runs one activity during which keys wait. */
  #start(activity: Promise<void>): void {
    this.#busy = true;
    void activity
      .catch((error: unknown) => {
        this.#screen.print(`${error instanceof Error ? error.message : String(error)}\n`);
      })
      .finally(() => {
        this.#busy = false;
        this.#refreshStatus();
        this.#tellNews();
        this.#pump();
      });
  }

  #interrupt(): void {
    this.#screen.settle();
    const frame = enteredFrame(this.#view());
    const last = frame.rows.at(-1);
    const rows = last === undefined ? frame.rows : [...frame.rows.slice(0, -1), { text: `${last.text}^C`, width: last.width + 2 }];
    this.#screen.draw({ ...frame, rows: last !== undefined && last.width + 2 <= this.#terminal.size.columns ? rows : frame.rows });
    this.#screen.commit();
    this.#editor = nextLine(this.#editor);
  }

  #leave(): void {
    const up = (this.#session?.contextPath.length ?? 0) > 0;
    this.#editor = nextLine(this.#editor, up ? '..' : 'bye');
    this.#start(this.#submit());
  }

  #clearScreen(): void {
    this.#terminal.write(CLEAR_SCREEN);
    this.#screen.forget();
  }

  async #submit(): Promise<void> {
    const { text } = this.#editor;
    const question = this.#session?.questionAt?.(text);
    if (question === undefined) this.#history.add(text);
    await this.#runLine(text);
    // Who asked in the middle of a line goes on with it.
    this.#editor = nextLine(this.#editor, text.slice(0, question ?? 0));
  }

  /** Leaves the entered line in the scrollback and runs it. @returns whether it succeeded. */
  async #runLine(text: string): Promise<boolean> {
    const session = this.#session;
    if (session === undefined) return false;
    this.#screen.settle();
    this.#editor = { ...nextLine(this.#editor), text, cursor: text.length };
    this.#screen.draw(enteredFrame(this.#view()));
    this.#screen.commit();
    if (text.trim() === '') return true;
    this.#showTitle(text.trim());
    const { line, background } = splitBackground(text);
    const outcome = await this.#runner.run(session, line, background);
    if (outcome.cancelled) this.#screen.print('^C\n');
    this.#highlighter.reset();
    this.#history.refresh();
    if (outcome.exit === true && this.#mayLeave()) {
      this.#end(0);
      return false;
    }
    if (outcome.exit !== true) this.#background.stayed();
    this.#showTitle();
    if (outcome.job === undefined) await this.#pageLongOutput();
    else this.#screen.print(`[${outcome.job}] runs in the background. "jobs" tells how far it is, "fg" brings it back.\n`);
    return outcome.exitCode === 0 && !outcome.cancelled;
  }

  /** Asks once whether the jobs may end. */
  #mayLeave(): boolean {
    const warning = this.#background.warning();
    if (warning !== undefined) this.#screen.print(warning);
    return warning === undefined;
  }

  #pasteScript(text: string): void {
    const { text: before, cursor } = this.#editor;
    const lines = `${before.slice(0, cursor)}${text}${before.slice(cursor)}`.split(/\r\n|\r|\n/).map(printable);
    const rest = lines.pop() ?? '';
    this.#script = lines.filter((line) => line.trim() !== '');
    this.#start(this.#runScript(rest));
  }

  /** Runs pasted lines up to the first that fails; what follows the last line end is left to be edited. */
  async #runScript(rest: string): Promise<void> {
    let line = this.#script.shift();
    let succeeded = true;
    while (line !== undefined && succeeded && !this.#ended) {
      this.#history.add(line);
      succeeded = await this.#runLine(line);
      line = succeeded ? this.#script.shift() : line;
    }
    const left = this.#script.length;
    if (!succeeded && left > 0 && !this.#ended) this.#screen.print(`Stopped: ${left} pasted ${left === 1 ? 'line was' : 'lines were'} not run.\n`);
    this.#script = [];
    this.#editor = nextLine(this.#editor, succeeded ? rest : '');
  }

  async #complete(): Promise<void> {
    const { text, cursor } = this.#editor;
    const items = (this.#session && (await this.#interruptible(this.#session.complete(text, cursor)))) ?? [];
    const step = offerCompletions(this.#editor, { text, cursor }, items);
    this.#editor = step.state;
    // Nothing to choose from: say what is expected instead.
    if (step.effect === 'bell') await this.#showHint();
    if (step.effect === 'bell' && this.#hint === undefined) this.#terminal.write('\u0007');
    if (this.#speaks && this.#editor.menu !== undefined) this.#listChoices();
  }

  /** The menu as plain lines, for a screen reader; the prompt follows below. */
  #listChoices(): void {
    const items = this.#editor.menu?.items ?? [];
    this.#editor = { ...this.#editor, menu: undefined };
    this.#screen.draw(enteredFrame(this.#view()));
    this.#screen.commit();
    this.#screen.print(
      items.map((item) => `${printable(item.label)}${item.description === '' ? '' : `: ${printable(item.description)}`}\n`).join(''),
    );
  }

  async #showHint(): Promise<void> {
    const { text, cursor } = this.#editor;
    const hint = this.#session && (await this.#interruptible(this.#session.helpAt(text, cursor)));
    if (hint === undefined) return;
    this.#hint = [hint.usage, hint.text].filter((line) => line !== '').join('\n');
  }

  async #pageLongOutput(): Promise<void> {
    if (this.#options.settings.get('pager') !== 'auto' || this.#speaks) return;
    if (this.#transcript.lines().length >= this.#terminal.size.rows) await this.#openPager();
  }

  /** Shows the last command's output with search. The view is Ink's, loaded the first time it is wanted. */
  async #openPager(): Promise<void> {
    const lines = this.#transcript.lines();
    if (lines.length === 0 || this.#speaks) {
      this.#terminal.write('\u0007');
      return;
    }
    this.#screen.erase();
    const { showPager } = await import('./pager.tsx');
    this.#terminal.release();
    try {
      await showPager(lines, this.#options.streams, this.#hasColor);
    } finally {
      this.#terminal.acquire();
      this.#screen.forget();
    }
  }

  /** Shows the debugger, loaded the first time it is wanted. The prompt has the terminal again as soon as the screen is gone. */
  async #openDebugger(screen: DebuggerScreen, signal: AbortSignal): Promise<void> {
    this.#screen.erase();
    const { openDebugger } = await import('../debugger/index.ts');
    this.#terminal.release();
    const onClosed = () => {
      this.#terminal.acquire();
      this.#screen.forget();
    };
    await openDebugger(screen, { ...this.#options.streams, theme: this.#theme, screenReader: this.#speaks, signal, onClosed });
  }

  /** Waits until the window rests: what is written for one size while it already has the next would land on lines that are not ours. */
  #resized(): void {
    this.#screen.hold();
    clearTimeout(this.#resizing);
    this.#resizing = setTimeout(() => {
      this.#screen.settle();
      this.#drawAgain();
    }, RESIZE_REST);
  }

  #suspended(): void {
    this.#runner.hide();
    this.#screen.commit();
    // Timers may come before the word that the process goes on.
    this.#screen.hold();
  }

  #resumed(): void {
    this.#screen.forget();
    this.#drawAgain();
  }

  #drawAgain(): void {
    if (this.#busy) this.#runner.show();
    else this.#draw();
  }

  #end(exitCode: number): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#runner.cancel();
    this.#background.jobs.cancelAll();
    this.#finish(exitCode);
  }
}

/** A line that ends in an unquoted `&` runs in the background. */
function splitBackground(text: string): { readonly line: string; readonly background: boolean } {
  const last = tokenizeUnfinished(text).at(-1);
  return last?.text === '&' && !last.quoted ? { line: text.slice(0, last.start), background: true } : { line: text, background: false };
}
