/** What keys do: moves the session, runs commands, and keeps what is shown up to date. No terminal: keys in, a view out. */
import type { Debugger } from '../../contexts/debug/debugger.ts';
import { culpritFor } from '../../contexts/debug/found.ts';
import type { ExecuteIo, Outcome, SessionView } from '../../contexts/session-types.ts';
import { type Slice, sliceBack } from '../../src/explain/queries/slice.ts';
import type { DebugSession } from '../../src/explain/session.ts';
import { sameLine } from '../../src/explain/source.ts';
import { printable } from '../repl/text.ts';
import { helpLines } from './help.ts';
import { type Action, actionOf } from './keys.ts';
import { knownHere, type Outline, type Snapshot, takeOutline, takeSnapshot } from './snapshot.ts';
import { plainText } from './spans.ts';
import { type Answer, FIRST_UI, nextPane, scrolled, type Typing, type Ui } from './ui.ts';

/** What the debugger's screen is opened on. */
export interface ControllerOptions {
  /** Runs the lines that keys stand for. */
  readonly session: SessionView;
  /** The debugger that commands work on now; undefined once its context was left. */
  readonly current: () => Debugger | undefined;
}

/** Steps that a search for a change looks at, at most. */
const MAX_SEARCH = 2000;
const PAGE = 10;

export class DebuggerController {
  readonly #options: ControllerOptions;
  readonly #listeners = new Set<() => void>();
  #snapshot: Snapshot;
  #outline: Outline | undefined;
  #ui: Ui = FIRST_UI;
  /** What the outline was made of, to notice another path. */
  #outlined: { readonly session: DebugSession; readonly route: unknown } | undefined;
  #running: AbortController | undefined;
  /** Keys that were pressed while a command ran. */
  #waiting: string[] = [];
  #searched = '';
  #slice: Slice | undefined;
  /** What was known at the point that was shown before. */
  #before: ReturnType<typeof knownHere>;
  #done = false;
  /** What is under way: a command, or the outline. */
  #work: Promise<void> = Promise.resolve();

  /** @throws where nothing is being debugged. */
  constructor(options: ControllerOptions) {
    this.#options = options;
    const debug = options.current();
    if (debug === undefined) throw new Error('there is no debugger to show');
    this.#snapshot = takeSnapshot(debug.session, assumptionsOf(debug), undefined);
    this.#outlineSoon();
  }

  get snapshot(): Snapshot {
    return this.#snapshot;
  }

  get outline(): Outline | undefined {
    return this.#outline;
  }

  get ui(): Ui {
    return this.#ui;
  }

  /** The person has gone back, or left the context. */
  get done(): boolean {
    return this.#done;
  }

  /** Resolves when nothing is under way. */
  get settled(): Promise<void> {
    return this.#settle();
  }

  async #settle(): Promise<void> {
    // A command starts the next outline when it ends.
    for (let work: Promise<void> | undefined; work !== this.#work; ) {
      work = this.#work;
      await work;
    }
  }

  /** `listener` is called whenever something else is to be shown. Returns what ends it. */
  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  /** Ends what runs, for the screen to be taken away. */
  close(): void {
    this.#running?.abort();
    this.#finish();
  }

  /** One key: a chord as the key decoder spells it, or the letter. */
  press(chord: string): void {
    if (this.#done) return;
    if (this.#running !== undefined) {
      if (chord === 'C-c' || chord === 'Escape') {
        this.#waiting = [];
        this.#running.abort();
      } else this.#waiting.push(chord);
      return;
    }
    if (this.#ui.typing !== undefined) this.#type(this.#ui.typing, chord);
    else if (!this.#answerKey(chord)) this.#act(chord);
    this.#changed();
  }

  #changed(): void {
    for (const listener of this.#listeners) listener();
  }

  #set(part: Partial<Ui>): void {
    this.#ui = { ...this.#ui, ...part };
  }

  #finish(): void {
    this.#done = true;
    this.#changed();
  }

  get #debug(): DebugSession | undefined {
    return this.#options.current()?.session;
  }

  // --- keys ---------------------------------------------------------------------------------------------------------------------------------

  /** Keys that an open answer takes for itself. */
  #answerKey(chord: string): boolean {
    const { answer } = this.#ui;
    if (answer === undefined) return false;
    const page = SCROLL[chord];
    if (page !== undefined) this.#set({ answer: scrolled(answer, page) });
    else if (CLOSES.has(chord)) this.#set({ answer: undefined, note: '' });
    else if (answer.kind === 'fix' && /^[A-F]$/.test(chord)) this.#command(`fix ${chord}`, 'move');
    else if (answer.kind === 'guide' && /^\d$/.test(chord)) this.#command(`guide answer=${chord}`, 'guide');
    else if (answer.kind === 'branch' && /^[1-9]$/.test(chord)) this.#command(`branch ${chord}`, 'move');
    else if (answer.kind === 'guide' && chord === 'Enter') this.#command('guide answer=1', 'guide');
    else if (answer.kind === 'guide' && chord === 'Backspace') this.#command('guide back', 'guide');
    else return false;
    return true;
  }

  #act(chord: string): void {
    if (/^[1-9]$/.test(chord)) {
      this.#command(`join ${chord}`, 'move');
      return;
    }
    const action = actionOf(chord);
    if (action === undefined) return;
    this.#set({ note: '' });
    this.#actions[action]();
  }

  readonly #actions: Readonly<Record<Action, () => void>> = {
    step: () => this.#vertical(1),
    back: () => this.#vertical(-1),
    'step-line': () => this.#move((session) => this.#byLine(session, 'forward')),
    'back-line': () => this.#move((session) => this.#byLine(session, 'back')),
    'next-change': () => this.#move((session) => this.#byChange(session, 'forward')),
    'previous-change': () => this.#move((session) => this.#byChange(session, 'back')),
    'page-forward': () => this.#move((session) => session.step(PAGE)),
    'page-back': () => this.#move((session) => session.back(PAGE)),
    start: () => this.#move((session) => session.gotoStart()),
    end: () => this.#move((session) => session.gotoEnd()),
    goto: () => this.#set({ typing: { kind: 'goto', text: '' } }),
    search: () => this.#set({ typing: { kind: 'search', text: '' } }),
    command: () => this.#set({ typing: { kind: 'command', text: '' } }),
    failure: () => this.#command('failure', 'move'),
    culprit: () => this.#command('culprit', 'text'),
    why: () => this.#command(`why ${placeWord(this.#ui.selected)}`.trim(), 'text'),
    diff: () => this.#command('diff', 'text'),
    join: () => this.#command('join', 'text'),
    branch: () => this.#command('branch', 'branch'),
    slice: () => this.#toggleSlice(),
    attack: () => this.#command('attack', 'text'),
    fix: () => this.#command('fix', 'fix'),
    undo: () => this.#command('undo', 'move'),
    guide: () => this.#command('guide', 'guide'),
    'toggle-steps': () => {
      const eventsOnly = !this.#ui.eventsOnly;
      // On a narrow screen the list is out of sight.
      this.#set({ eventsOnly, note: `The list of steps shows ${eventsOnly ? 'events only' : 'all of them'}; Tab goes to it.` });
    },
    'next-pane': () => this.#set({ pane: nextPane(this.#ui.pane, 1) }),
    'previous-pane': () => this.#set({ pane: nextPane(this.#ui.pane, -1) }),
    help: () => this.#set({ answer: { title: 'help', lines: helpLines(HELP_WIDTH).map(plainText), top: 0, kind: 'help' } }),
    quit: () => this.#finish(),
  };

  /** Down and up: in the state they choose a value, in the list of events they go from event to event. */
  #vertical(direction: 1 | -1): void {
    const { pane, eventsOnly } = this.#ui;
    if (pane === 'state') this.#choose(direction);
    else if (pane === 'steps' && eventsOnly) this.#move((session) => this.#byEvent(session, direction));
    else this.#move((session) => (direction === 1 ? session.step(1) : session.back(1)));
  }

  #choose(direction: 1 | -1): void {
    const { facts } = this.#snapshot;
    if (facts.length === 0) return;
    const at = facts.findIndex(({ subject }) => subject === this.#ui.selected);
    const next = Math.max(0, Math.min(facts.length - 1, at < 0 ? 0 : at + direction));
    this.#set({ selected: facts[next]!.subject });
  }

  // --- moving -------------------------------------------------------------------------------------------------------------------------------

  #move(go: (session: DebugSession) => void): void {
    const debug = this.#options.current();
    if (debug?.session.steppable !== true) return;
    const { session } = debug;
    const before = knownHere(session);
    const from = session.place;
    go(session);
    const to = session.place;
    if (from === undefined || to === undefined) return;
    const went = to.index - from.index;
    if (to.route !== from.route) debug.moved(`goto ${to.pc}`);
    else if (went !== 0) debug.moved(went > 0 ? `step ${went}` : `back ${-went}`);
    else if (this.#ui.note === '') this.#set({ note: to.index === 0 ? 'The path begins here.' : 'The path ends here.' });
    this.#set({ answer: undefined });
    this.#refresh(before);
  }

  /** Shows only the instructions that the chosen value comes from, or all of them again. */
  #toggleSlice(): void {
    const session = this.#debug;
    const place = placeWord(this.#ui.selected);
    if (session?.steppable !== true) return;
    const slice = this.#slice === undefined && place !== '' ? sliceBack(session, place) : undefined;
    if (this.#slice === undefined && (slice === undefined || slice.instructions.length === 0))
      this.#set({ note: place === '' ? 'Choose a register or a stack cell in the state first.' : `Nothing before this instruction makes ${place}.` });
    this.#slice = slice?.instructions.length === 0 ? undefined : slice;
    this.#refresh(this.#before);
  }

  #byLine(session: DebugSession, direction: 'forward' | 'back'): void {
    const from = session.source.at(session.pc);
    const depth = session.state.frames.length;
    const arrived = () => {
      const now = session.source.at(session.pc);
      // Code without lines is gone through block by block.
      const another = session.source.known ? now !== undefined && now.line !== 0 && !sameLine(now, from) : session.entered !== undefined;
      return another || session.state.frames.length !== depth ? true : undefined;
    };
    // A loop may stand on one line and never end.
    const { went } = session.advance(direction, arrived, MAX_SEARCH);
    if (went === MAX_SEARCH) this.#set({ note: `The next ${MAX_SEARCH} instructions of this path belong to the same line.` });
  }

  #byChange(session: DebugSession, direction: 'forward' | 'back'): void {
    const { selected } = this.#ui;
    if (selected === undefined) {
      this.#set({ note: 'Choose a value first: Tab to the state, then j and k.' });
      return;
    }
    const words = () => session.facts().find(({ subject }) => subject === selected)?.words;
    const from = words();
    const { reason } = session.advance(direction, () => (words() === from ? undefined : true), MAX_SEARCH);
    if (reason === undefined) this.#set({ note: `${selected} does not change on this path ${direction === 'forward' ? 'from here on' : 'before'}.` });
  }

  #byEvent(session: DebugSession, direction: 1 | -1): void {
    const indices = (this.#outline?.events ?? []).map(({ index }) => index);
    const { index } = session;
    const next = direction === 1 ? indices.find((at) => at > index) : indices.findLast((at) => at < index);
    if (next !== undefined) session.gotoIndex(next);
  }

  /** Takes in what a command or a key has changed. */
  #refresh(before: ReturnType<typeof knownHere>): void {
    const debug = this.#options.current();
    if (debug === undefined) {
      this.#finish();
      return;
    }
    // Another program has other instructions.
    if (this.#outlined?.session !== debug.session) this.#slice = undefined;
    this.#before = before;
    this.#snapshot = takeSnapshot(debug.session, assumptionsOf(debug), before, this.#slice);
    this.#outlineSoon();
  }

  /** The story of a long path takes a moment: the screen is there before it. */
  #outlineSoon(): void {
    const session = this.#debug;
    const route = session?.place?.route;
    const open = session !== undefined && session.followedFailure === 0;
    if (session === undefined || (this.#outlined?.session === session && this.#outlined.route === route && !open)) return;
    const another = this.#outlined?.session !== session || this.#outlined.route !== route;
    this.#outlined = { session, route };
    if (another) this.#outline = undefined;
    const work = new Promise<void>((resolve) => {
      setImmediate(() => {
        if (this.#outlined?.route === route && this.#debug === session) {
          this.#outline = takeOutline(session);
          if (this.#ui.selected === undefined && this.#outline?.selected !== undefined) this.#set({ selected: this.#outline.selected });
          this.#changed();
        }
        resolve();
      });
    });
    this.#work = Promise.all([this.#work, work]).then(() => undefined);
  }

  // --- typing -------------------------------------------------------------------------------------------------------------------------------

  #type(typing: Typing, chord: string): void {
    if (chord === 'Enter') {
      this.#set({ typing: undefined });
      this.#entered(typing);
    } else if (chord === 'Escape' || chord === 'C-c') this.#set({ typing: undefined });
    else if (chord === 'Backspace') this.#set({ typing: typing.text === '' ? undefined : { ...typing, text: typing.text.slice(0, -1) } });
    else if (chord === 'C-u') this.#set({ typing: { ...typing, text: '' } });
    else if (chord === 'Space') this.#set({ typing: { ...typing, text: `${typing.text} ` } });
    else if ([...chord].length === 1) this.#set({ typing: { ...typing, text: typing.text + printable(chord) } });
  }

  #entered({ kind, text }: Typing): void {
    const words = text.trim();
    if (kind === 'search') this.#search(text === '' ? this.#searched : text);
    else if (words === '') return;
    else if (kind === 'goto') this.#command(`goto ${words}`, 'move');
    else this.#command(words, 'text');
  }

  /** Goes to the next instruction below the current one that the words occur in, or in its source line. */
  #search(words: string): void {
    if (words === '') return;
    this.#searched = words;
    const wanted = words.toLowerCase();
    this.#move((session) => {
      const listing = session.list();
      const here = listing.findIndex(({ current }) => current);
      const ordered = [...listing.slice(here + 1), ...listing.slice(0, here + 1)];
      const hits = ordered.filter(({ text, source }) => `${text}\n${source?.text ?? ''}`.toLowerCase().includes(wanted));
      const reached = hits.find(({ unreached }) => !unreached);
      if (reached !== undefined) session.goto([reached.pc]);
      else
        this.#set({
          note: hits.length === 0 ? `"${words}" does not occur in this function.` : `The verifier never came to instruction ${hits[0]!.pc}.`,
        });
    });
  }

  // --- commands -----------------------------------------------------------------------------------------------------------------------------

  /**
   * Runs a line as if it had been typed at the prompt.
   *
   * @param as `move`: where it leads is shown, and what it says only where it fails or nothing moves. Otherwise its output is shown.
   */
  #command(text: string, as: Answer['kind'] | 'move'): void {
    const running = new AbortController();
    this.#running = running;
    this.#set({ busy: text, note: '' });
    this.#changed();
    const run = this.#run(text, as, running.signal).finally(() => {
      this.#running = undefined;
      this.#set({ busy: undefined });
      this.#changed();
      while (this.#running === undefined && this.#waiting.length > 0) this.press(this.#waiting.shift()!);
    });
    this.#work = Promise.all([this.#work, run]).then(() => undefined);
  }

  async #run(text: string, as: Answer['kind'] | 'move', signal: AbortSignal): Promise<void> {
    const session = this.#debug;
    const before = session === undefined ? undefined : knownHere(session);
    const at = session?.place;
    let output = '';
    let complaint = '';
    const io: ExecuteIo = {
      signal,
      write: (words, stream) => {
        if (stream === 'stderr') complaint += words;
        else output += words;
      },
      onProgress: ({ title, done, total }) => {
        this.#set({ busy: `${title}: ${done}${total === undefined ? '' : ` of ${total}`}` });
        this.#changed();
      },
    };
    // What blocks for a moment does so after the key has been answered.
    await new Promise((resolve) => setImmediate(resolve));
    const outcome = await this.#options.session.execute(text, io);
    if (outcome.exit === true || this.#done) {
      this.#finish();
      return;
    }
    this.#show(text, as, outcome, output, complaint, signal.aborted);
    if (as === 'guide') this.#gotoSubject(output);
    if (text === 'culprit') await this.#gotoCulprit(signal);
    const now = this.#debug;
    const moved = now !== session || now?.place?.index !== at?.index || now?.place?.route !== at?.route;
    if (moved || now === undefined) this.#refresh(now === session ? before : undefined);
  }

  /** The panes show the point that the answer speaks of, where there is one. */
  async #gotoCulprit(signal: AbortSignal): Promise<void> {
    const debug = this.#options.current();
    if (debug?.session.steppable !== true || signal.aborted) return;
    const { session } = debug;
    // The command has found it; it is only asked for again.
    const at = (await culpritFor(session, session.followedFailure, { signal, progress: () => undefined }))?.at;
    if (at === undefined) return;
    debug.session.gotoIndex(at.index);
    debug.moved('goto culprit');
  }

  /** The panes show what the guide's question is about. */
  #gotoSubject(output: string): void {
    const number = Number(/^Failure (\d+),/.exec(output)?.[1]);
    const session = this.#debug;
    const failure = session?.failures[number - 1]?.failure;
    if (session?.steppable === true && failure !== undefined && !(session.followedFailure === number && session.pc === failure.instruction))
      session.failure(number);
  }

  #show(title: string, as: Answer['kind'] | 'move', outcome: Outcome, output: string, complaint: string, stopped: boolean): void {
    const said = oneLine(complaint);
    if (stopped) this.#set({ note: `${title}: stopped.` });
    else if (outcome.exitCode !== 0 && said !== '' && as === 'text') this.#set({ answer: { title, lines: linesOf(complaint), top: 0, kind: as } });
    else if (outcome.exitCode !== 0 && said !== '') this.#set({ note: said });
    else if (as !== 'move') {
      const lines = linesOf(output);
      this.#set({ answer: { title, lines: lines.length === 1 && lines[0] === '' ? ['Done.'] : lines, top: 0, kind: as } });
    } else {
      const applied = /^(?:Fix|The last|Nothing is assumed|Assumed).*/.exec(output)?.[0] ?? '';
      this.#set({ answer: undefined, note: applied });
    }
  }
}

/** Wide enough for all that help says; the screen lays it out anew. */
const HELP_WIDTH = 100;

const SCROLL: Readonly<Record<string, number>> = {
  PageDown: PAGE,
  Space: PAGE,
  PageUp: -PAGE,
  Home: Number.NEGATIVE_INFINITY,
  End: Number.POSITIVE_INFINITY,
};
const CLOSES = new Set(['q', 'Escape', 'C-c']);

/** What `why` calls a value: `fp-8` for the cell `fp-8..fp-1`; '' for what it can tell nothing of. */
function placeWord(subject: string | undefined): string {
  return /^(?:r\d|fp-?\d+)/.exec(subject ?? '')?.[0] ?? '';
}

function linesOf(text: string): readonly string[] {
  return text.trimEnd().split('\n').map(printable);
}

function oneLine(text: string): string {
  return printable(text.trim().split('\n')[0] ?? '');
}

function assumptionsOf(debug: Debugger): readonly string[] {
  return debug.assumptions.map(({ text, pc }) => `${text} before instruction ${pc}`);
}
