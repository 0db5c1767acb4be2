/** The line being typed, as a value: every key is a function from one state to the next. No terminal here. */
import type { Completion } from '../../contexts/session-types.ts';
import { graphemes, nextBoundary, previousBoundary, printable, snap, snapEnd, wordLeft, wordRight } from './text.ts';

/** A text and where the cursor stands in it (UTF-16 offset on a grapheme boundary). */
export interface Line {
  readonly text: string;
  readonly cursor: number;
}

/** Completions being offered. */
export interface Menu {
  readonly items: readonly Completion[];
  /** Index of the one shown in the line; -1 while none is. */
  readonly selected: number;
  /** The line before any of them was put in. */
  readonly original: Line;
}

/** A search through the history that is under way. */
export interface Search {
  readonly query: string;
  /** Matching lines, newest first, each once. */
  readonly matches: readonly string[];
  readonly selected: number;
  readonly original: Line;
}

/** Walking through the history with the arrows. */
interface Walk {
  /** Index into the history; its length while the draft is shown. */
  readonly index: number;
  /** What was typed before walking: shown again at the end, and the beginning that every entry on the way must have. */
  readonly draft: string;
}

/** Where the last yank stands, so that M-y can replace it. */
interface Yank {
  readonly start: number;
  readonly end: number;
  readonly index: number;
}

/** What vi's command mode has collected of an unfinished command. */
export interface ViPending {
  readonly count: string;
  readonly operator: string;
  readonly operatorCount: string;
  /** `f`, `F`, `t`, `T` or `r`, waiting for its character. */
  readonly find: string;
  readonly lastFind: { readonly kind: string; readonly character: string } | undefined;
}

export type EditingMode = 'emacs' | 'vi-insert' | 'vi-command';

export interface EditorState extends Line {
  readonly mode: EditingMode;
  /** Newest last. */
  readonly killRing: readonly string[];
  readonly undo: readonly Line[];
  readonly redo: readonly Line[];
  /** What the last input was: consecutive kills join, consecutive letters undo together. */
  readonly last: 'insert' | 'kill' | 'yank' | 'argument' | 'other';
  readonly yank: Yank | undefined;
  /** How many entries back the last argument came from (M-.). */
  readonly argumentIndex: number;
  readonly walk: Walk | undefined;
  readonly menu: Menu | undefined;
  readonly search: Search | undefined;
  readonly vi: ViPending;
}

/** What the editor asks of the prompt. */
export type Effect = 'submit' | 'interrupt' | 'leave' | 'complete' | 'clear-screen' | 'suspend' | 'pager' | 'hint' | 'bell';

export interface Step {
  readonly state: EditorState;
  readonly effect?: Effect;
}

/** What a step may read besides the state. */
export interface EditorContext {
  /** Oldest first. */
  readonly history: readonly string[];
  /** The whole line that is suggested, starting with the text; undefined where there is none. */
  readonly suggestion: string | undefined;
}

const KILL_RING_LENGTH = 60;
const UNDO_LENGTH = 500;
const SEARCH_MATCHES = 200;

export const NO_VI_PENDING: ViPending = { count: '', operator: '', operatorCount: '', find: '', lastFind: undefined };

/** An empty line. */
export function createEditor(mode: EditingMode = 'emacs'): EditorState {
  return {
    text: '',
    cursor: 0,
    mode,
    killRing: [],
    undo: [],
    redo: [],
    last: 'other',
    yank: undefined,
    argumentIndex: 0,
    walk: undefined,
    menu: undefined,
    search: undefined,
    vi: NO_VI_PENDING,
  };
}

/** The next line: text and undo start afresh, the kill ring stays. `text` is what the new line starts with. */
export function nextLine(state: EditorState, text = ''): EditorState {
  const mode = state.mode === 'emacs' ? 'emacs' : 'vi-insert';
  return { ...createEditor(mode), killRing: state.killRing, text, cursor: text.length };
}

/** Moves the cursor; leaves history walks alone. */
export function moveTo(state: EditorState, cursor: number): EditorState {
  return { ...state, cursor: snap(state.text, cursor), last: 'other', yank: undefined };
}

/** Replaces text[start, end), remembering the line for undo unless letters are being typed one after another. */
export function replace(state: EditorState, start: number, end: number, text: string, last: EditorState['last'] = 'other'): EditorState {
  const typing = last === 'insert' && state.last === 'insert' && !text.startsWith(' ');
  const changed = state.text.slice(0, start) + text + state.text.slice(end);
  return {
    ...state,
    text: changed,
    // An accent that follows may have joined the last letter: the cursor goes behind both.
    cursor: snapEnd(changed, start + text.length),
    undo: typing ? state.undo : [...state.undo, { text: state.text, cursor: state.cursor }].slice(-UNDO_LENGTH),
    redo: [],
    last,
    yank: undefined,
    walk: undefined,
  };
}

/** Types `text` at the cursor. Control characters are dropped. */
export function insert(state: EditorState, text: string): EditorState {
  return replace(state, state.cursor, state.cursor, printable(text), 'insert');
}

/** Cuts text[start, end) into the kill ring; a kill right after another one joins it on the side it was cut from. */
export function kill(state: EditorState, start: number, end: number): EditorState {
  if (start === end) return { ...state, last: 'kill' };
  const cut = state.text.slice(start, end);
  const newest = state.killRing.at(-1) ?? '';
  const joins = state.last === 'kill' && state.killRing.length > 0;
  const joined = end <= state.cursor && start < state.cursor ? cut + newest : newest + cut;
  const killRing = joins ? [...state.killRing.slice(0, -1), joined] : [...state.killRing, cut].slice(-KILL_RING_LENGTH);
  return { ...replace(state, start, end, '', 'kill'), killRing };
}

function yank(state: EditorState): EditorState {
  const text = state.killRing.at(-1);
  if (text === undefined) return state;
  const next = replace(state, state.cursor, state.cursor, text, 'yank');
  return { ...next, yank: { start: state.cursor, end: next.cursor, index: state.killRing.length - 1 } };
}

function yankPop(state: EditorState): EditorState {
  if (state.yank === undefined) return state;
  const index = (state.yank.index + state.killRing.length - 1) % state.killRing.length;
  const { start, end } = state.yank;
  const next = replace(state, start, end, state.killRing[index] ?? '', 'yank');
  return { ...next, yank: { start, end: next.cursor, index } };
}

/** Takes back the last change. */
export function undo(state: EditorState): EditorState {
  const previous = state.undo.at(-1);
  if (previous === undefined) return state;
  const redo = [...state.redo, { text: state.text, cursor: state.cursor }];
  return { ...state, ...previous, undo: state.undo.slice(0, -1), redo, last: 'other', yank: undefined, walk: undefined };
}

/** Does again what `undo` took back. */
export function redo(state: EditorState): EditorState {
  const next = state.redo.at(-1);
  if (next === undefined) return state;
  const undone = [...state.undo, { text: state.text, cursor: state.cursor }];
  return { ...state, ...next, redo: state.redo.slice(0, -1), undo: undone, last: 'other', yank: undefined, walk: undefined };
}

/** Goes to the nearest older (-1) or newer (+1) entry that starts with what was typed. */
export function walkHistory(state: EditorState, direction: 1 | -1, history: readonly string[]): EditorState {
  const walk = state.walk ?? { index: history.length, draft: state.text };
  for (let index = walk.index + direction; index >= 0 && index <= history.length; index += direction) {
    const text = index === history.length ? walk.draft : (history[index] ?? '');
    if (index < history.length && (!text.startsWith(walk.draft) || text === state.text)) continue;
    return { ...state, text, cursor: text.length, walk: { index, draft: walk.draft }, last: 'other', yank: undefined };
  }
  return state;
}

function jumpHistory(state: EditorState, index: number, history: readonly string[]): EditorState {
  const draft = state.walk?.draft ?? state.text;
  const text = index === history.length ? draft : (history[index] ?? '');
  return { ...state, text, cursor: text.length, walk: { index, draft }, last: 'other', yank: undefined };
}

function transposeCharacters(state: EditorState): EditorState {
  const at = state.cursor === state.text.length ? previousBoundary(state.text, state.cursor) : state.cursor;
  const start = previousBoundary(state.text, at);
  const end = nextBoundary(state.text, at);
  if (start === at || at === end) return state;
  return replace(state, start, end, state.text.slice(at, end) + state.text.slice(start, at));
}

function transposeWords(state: EditorState): EditorState {
  const end = wordRight(state.text, state.cursor, 'alphanumeric');
  const second = wordLeft(state.text, end, 'alphanumeric');
  const first = wordLeft(state.text, second, 'alphanumeric');
  const firstEnd = wordRight(state.text, first, 'alphanumeric');
  if (first === second || firstEnd > second) return state;
  const { text } = state;
  return replace(state, first, end, text.slice(second, end) + text.slice(firstEnd, second) + text.slice(first, firstEnd));
}

function changeCase(state: EditorState, change: (word: string) => string): EditorState {
  const end = wordRight(state.text, state.cursor, 'alphanumeric');
  return replace(state, state.cursor, end, change(state.text.slice(state.cursor, end)));
}

function capitalize(word: string): string {
  return word.toLowerCase().replace(/[\p{L}\p{N}]/u, (letter) => letter.toUpperCase());
}

/** Puts in the last word of an older line; repeated, of ever older ones. */
function lastArgument(state: EditorState, history: readonly string[]): Step {
  const again = state.last === 'argument' && state.yank !== undefined;
  const argumentIndex = again ? state.argumentIndex + 1 : 1;
  const entry = history[history.length - argumentIndex];
  if (entry === undefined) return { state, effect: 'bell' };
  const word = /(?:"[^"]*"|\S+)\s*$/.exec(entry)?.[0].trimEnd() ?? '';
  const start = again ? state.yank.start : state.cursor;
  const next = replace(state, start, again ? state.yank.end : state.cursor, word, 'argument');
  return { state: { ...next, argumentIndex, yank: { start, end: next.cursor, index: 0 } } };
}

/** Takes the suggestion up to `end`, or moves right where there is none. */
function acceptSuggestion(state: EditorState, context: EditorContext, whole: boolean): EditorState | undefined {
  const { suggestion } = context;
  if (suggestion === undefined || state.cursor !== state.text.length || !suggestion.startsWith(state.text)) return undefined;
  const end = whole ? suggestion.length : wordRight(suggestion, state.cursor, 'blank');
  return replace(state, state.cursor, state.cursor, suggestion.slice(state.cursor, end));
}

function startSearch(state: EditorState, context: EditorContext): EditorState {
  const original = { text: state.text, cursor: state.cursor };
  return { ...state, menu: undefined, search: { query: state.text, matches: searchHistory(context.history, state.text), selected: 0, original } };
}

/** Lines that contain every word of `query` in any case, newest first, each once. */
export function searchHistory(history: readonly string[], query: string): string[] {
  const words = query
    .toLowerCase()
    .split(' ')
    .filter((word) => word !== '');
  const found = new Set<string>();
  for (let index = history.length - 1; index >= 0 && found.size < SEARCH_MATCHES; index -= 1) {
    const entry = history[index] ?? '';
    const lower = entry.toLowerCase();
    if (words.every((word) => lower.includes(word))) found.add(entry);
  }
  return [...found];
}

type Command = (state: EditorState, context: EditorContext) => Step;

function edit(change: (state: EditorState, context: EditorContext) => EditorState): Command {
  return (state, context) => ({ state: change(state, context) });
}

function ask(effect: Effect): Command {
  return (state) => ({ state, effect });
}

/** Everything a key can be bound to, by name. */
export const COMMANDS = {
  left: edit((s) => moveTo(s, previousBoundary(s.text, s.cursor))),
  right: edit((s, c) => acceptSuggestion(s, c, true) ?? moveTo(s, nextBoundary(s.text, s.cursor))),
  'word-left': edit((s) => moveTo(s, wordLeft(s.text, s.cursor, 'alphanumeric'))),
  'word-right': edit((s, c) => acceptSuggestion(s, c, false) ?? moveTo(s, wordRight(s.text, s.cursor, 'alphanumeric'))),
  home: edit((s) => moveTo(s, 0)),
  end: edit((s, c) => acceptSuggestion(s, c, true) ?? moveTo(s, s.text.length)),
  'delete-left': edit((s) => (s.cursor === 0 ? s : replace(s, previousBoundary(s.text, s.cursor), s.cursor, ''))),
  'delete-right': edit((s) => (s.cursor === s.text.length ? s : replaceKeepingCursor(s, s.cursor, nextBoundary(s.text, s.cursor)))),
  'delete-right-or-leave': (s) => (s.text === '' ? { state: s, effect: 'leave' } : { state: deleteRight(s) }),
  'kill-to-end': edit((s) => kill(s, s.cursor, s.text.length)),
  'kill-to-start': edit((s) => kill(s, 0, s.cursor)),
  'kill-blank-word-left': edit((s) => kill(s, wordLeft(s.text, s.cursor, 'blank'), s.cursor)),
  'kill-word-left': edit((s) => kill(s, wordLeft(s.text, s.cursor, 'alphanumeric'), s.cursor)),
  'kill-word-right': edit((s) => kill(s, s.cursor, wordRight(s.text, s.cursor, 'alphanumeric'))),
  yank: edit(yank),
  'yank-pop': edit(yankPop),
  'last-argument': (s, c) => lastArgument(s, c.history),
  'transpose-characters': edit(transposeCharacters),
  'transpose-words': edit(transposeWords),
  uppercase: edit((s) => changeCase(s, (word) => word.toUpperCase())),
  lowercase: edit((s) => changeCase(s, (word) => word.toLowerCase())),
  capitalize: edit((s) => changeCase(s, capitalize)),
  undo: edit(undo),
  redo: edit(redo),
  'history-older': edit((s, c) => walkHistory(s, -1, c.history)),
  'history-newer': edit((s, c) => walkHistory(s, 1, c.history)),
  'history-first': edit((s, c) => jumpHistory(s, 0, c.history)),
  'history-last': edit((s, c) => jumpHistory(s, c.history.length, c.history)),
  'history-search': edit(startSearch),
  complete: ask('complete'),
  submit: ask('submit'),
  interrupt: ask('interrupt'),
  'clear-screen': ask('clear-screen'),
  suspend: ask('suspend'),
  pager: ask('pager'),
  hint: ask('hint'),
  cancel: edit((s) => (s.mode === 'vi-insert' ? { ...moveTo(s, previousBoundary(s.text, s.cursor)), mode: 'vi-command' } : s)),
  nothing: edit((s) => s),
} as const satisfies Readonly<Record<string, Command>>;

export type CommandName = keyof typeof COMMANDS;

function replaceKeepingCursor(state: EditorState, start: number, end: number): EditorState {
  const changed = replace(state, start, end, '');
  return { ...changed, cursor: snap(changed.text, Math.min(state.cursor, start)) };
}

function deleteRight(state: EditorState): EditorState {
  return state.cursor === state.text.length ? state : replaceKeepingCursor(state, state.cursor, nextBoundary(state.text, state.cursor));
}

/** Runs one named command. */
export function run(state: EditorState, name: CommandName, context: EditorContext): Step {
  return COMMANDS[name](state, context);
}

/** The longest beginning that all of `values` share, whatever their case; spelled as in the first. */
function commonPrefix(values: readonly string[]): string {
  const [first = '', ...rest] = values;
  let length = first.length;
  for (const value of rest) {
    let same = 0;
    while (same < length && first.charAt(same).toLowerCase() === value.charAt(same).toLowerCase()) same += 1;
    length = same;
  }
  const end = graphemes(first.slice(0, length + 1)).findLast((grapheme) => grapheme.start + grapheme.text.length <= length);
  return end === undefined ? '' : first.slice(0, end.start + end.text.length);
}

function applyCompletion(line: Line, item: Completion, space: boolean): Line {
  const after = line.text.slice(item.end);
  const text = line.text.slice(0, item.start) + item.value + (space && !after.startsWith(' ') ? ' ' : '') + after;
  return { text, cursor: snap(text, item.start + item.value.length + (space ? 1 : 0)) };
}

/** Puts in the only completion, or the part that all share and opens the menu. Completions made for another line are ignored. */
export function offerCompletions(state: EditorState, made: Line, items: readonly Completion[]): Step {
  if (state.text !== made.text || state.cursor !== made.cursor || state.search !== undefined) return { state };
  const [first] = items;
  if (first === undefined) return { state, effect: 'bell' };
  if (items.length === 1) {
    const line = applyCompletion(state, first, first.final);
    return { state: { ...replace(state, 0, state.text.length, line.text), cursor: line.cursor } };
  }
  const sameWord = items.every((item) => item.start === first.start && item.end === first.end);
  const shared = sameWord ? commonPrefix(items.map((item) => item.value)) : '';
  if (shared.length <= first.end - first.start)
    return { state: { ...state, menu: { items, selected: -1, original: { text: state.text, cursor: state.cursor } } } };
  const grown = replace(state, first.start, first.end, shared);
  const moved = items.map((item) => ({ ...item, end: item.start + shared.length }));
  return { state: { ...grown, menu: { items: moved, selected: -1, original: { text: grown.text, cursor: grown.cursor } } } };
}

/** Moves through the menu and shows the choice in the line; past either end comes the line as it was. */
export function selectInMenu(state: EditorState, direction: 1 | -1): EditorState {
  const { menu } = state;
  if (menu === undefined) return state;
  const places = menu.items.length + 1;
  const selected = ((menu.selected + 1 + direction + places) % places) - 1;
  const item = menu.items[selected];
  const line = item === undefined ? menu.original : applyCompletion(menu.original, item, false);
  return { ...state, ...line, menu: { ...menu, selected }, last: 'other', yank: undefined, walk: undefined };
}

/** Closes the menu; keeps what it put into the line (as one change to undo) or gives back the line from before. */
export function closeMenu(state: EditorState, keep: boolean): EditorState {
  const { menu } = state;
  if (menu === undefined) return state;
  const item = menu.items[menu.selected];
  if (!keep || item === undefined) return { ...state, ...menu.original, menu: undefined };
  const line = applyCompletion(menu.original, item, item.final);
  return { ...replace({ ...state, ...menu.original }, 0, menu.original.text.length, line.text), cursor: line.cursor, menu: undefined };
}

/** Changes what is searched for. */
export function searchFor(state: EditorState, query: string, context: EditorContext): EditorState {
  if (state.search === undefined) return state;
  return { ...state, search: { ...state.search, query, matches: searchHistory(context.history, query), selected: 0 } };
}

/** Goes to the next older (+1) or newer (-1) match. */
export function selectMatch(state: EditorState, direction: 1 | -1): EditorState {
  const { search } = state;
  if (search === undefined) return state;
  const selected = Math.max(0, Math.min(search.matches.length - 1, search.selected + direction));
  return { ...state, search: { ...search, selected } };
}

/** Ends the search with the chosen line, or with the line from before. */
export function closeSearch(state: EditorState, keep: boolean): EditorState {
  const { search } = state;
  if (search === undefined) return state;
  const match = search.matches[search.selected];
  if (!keep || match === undefined) return { ...state, ...search.original, search: undefined };
  return { ...replace({ ...state, ...search.original }, 0, search.original.text.length, match), search: undefined };
}
