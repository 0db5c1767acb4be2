/** What the pager shows of a long output: position and search, as a value. Line numbers count from 0. */
import { printable } from './text.ts';

export interface PagerState {
  /** First line on screen. */
  readonly top: number;
  /** Columns scrolled to the right. */
  readonly left: number;
  /** Searched words; '' where nothing is searched. */
  readonly pattern: string;
  /** What is being typed after `/`; undefined while keys are commands. */
  readonly typing: string | undefined;
  /** Says why a key did nothing: 'not found'. */
  readonly note: string;
  /** The person went back. */
  readonly done: boolean;
}

/** The keys the pager knows, as `less` has them. */
export type PagerKey =
  | 'down'
  | 'up'
  | 'page-down'
  | 'page-up'
  | 'half-down'
  | 'half-up'
  | 'top'
  | 'bottom'
  | 'left'
  | 'right'
  | 'search'
  | 'next'
  | 'previous'
  | 'quit';

/** Characters as commands. */
const CHARACTERS: Readonly<Record<string, PagerKey>> = {
  j: 'down',
  k: 'up',
  ' ': 'page-down',
  f: 'page-down',
  b: 'page-up',
  d: 'half-down',
  u: 'half-up',
  g: 'top',
  G: 'bottom',
  '<': 'top',
  '>': 'bottom',
  h: 'left',
  l: 'right',
  '/': 'search',
  n: 'next',
  N: 'previous',
  q: 'quit',
};

export const FIRST_PAGE: PagerState = { top: 0, left: 0, pattern: '', typing: undefined, note: '', done: false };

const COLUMN_STEP = 20;

/** Lines that hold `pattern`: any case while it is all lower case, as written otherwise. */
export function matches(line: string, pattern: string): boolean {
  if (pattern === '') return false;
  return pattern === pattern.toLowerCase() ? line.toLowerCase().includes(pattern) : line.includes(pattern);
}

function scrollTo(state: PagerState, top: number, count: number, height: number): PagerState {
  return { ...state, top: Math.max(0, Math.min(top, count - height)), note: '' };
}

function findFrom(state: PagerState, lines: readonly string[], height: number, direction: 1 | -1): PagerState {
  if (state.pattern === '') return { ...state, note: 'nothing searched yet: / starts a search' };
  for (let step = 1; step <= lines.length; step += 1) {
    const at = (state.top + direction * step + lines.length * 2) % lines.length;
    if (!matches(lines[at] ?? '', state.pattern)) continue;
    const wrapped = direction === 1 ? at <= state.top : at >= state.top;
    return { ...scrollTo(state, at, lines.length, height), note: wrapped ? 'search went round' : '' };
  }
  return { ...state, note: `not found: ${state.pattern}` };
}

type Move = (state: PagerState, lines: readonly string[], height: number) => PagerState;

function scroll(by: (height: number) => number): Move {
  return (state, lines, height) => scrollTo(state, state.top + by(height), lines.length, height);
}

const MOVES: Readonly<Record<PagerKey, Move>> = {
  down: scroll(() => 1),
  up: scroll(() => -1),
  'page-down': scroll((height) => height),
  'page-up': scroll((height) => -height),
  'half-down': scroll((height) => Math.ceil(height / 2)),
  'half-up': scroll((height) => -Math.ceil(height / 2)),
  top: (state, lines, height) => scrollTo(state, 0, lines.length, height),
  bottom: (state, lines, height) => scrollTo(state, lines.length, lines.length, height),
  left: (state) => ({ ...state, left: Math.max(0, state.left - COLUMN_STEP), note: '' }),
  right: (state) => ({ ...state, left: state.left + COLUMN_STEP, note: '' }),
  search: (state) => ({ ...state, typing: '', note: '' }),
  next: (state, lines, height) => findFrom(state, lines, height, 1),
  previous: (state, lines, height) => findFrom(state, lines, height, -1),
  quit: (state) => ({ ...state, done: true }),
};

/** One command key; `height` is the number of lines on screen. */
export function pagerKey(state: PagerState, key: PagerKey, lines: readonly string[], height: number): PagerState {
  return MOVES[key](state, lines, height);
}

/** Typed text: commands one by one, and after `/` the pattern up to a line end. Who types fast, or pastes, sends all of it at once. */
export function pagerText(state: PagerState, text: string, lines: readonly string[], height: number): PagerState {
  let next = state;
  for (const character of text) {
    const enter = character === '\r' || character === '\n';
    const key = enter ? 'down' : CHARACTERS[character];
    if (next.typing === undefined) next = key === undefined ? next : pagerKey(next, key, lines, height);
    else if (enter) next = pagerSearch(next, lines, height);
    else if (character === '\u007f') next = { ...next, typing: next.typing.slice(0, -1) };
    else next = { ...next, typing: next.typing + printable(character) };
  }
  return next;
}

/** Ends typing a pattern and goes to its first match from the top line on; an empty pattern ends the search. */
export function pagerSearch(state: PagerState, lines: readonly string[], height: number): PagerState {
  const searching = { ...state, pattern: state.typing ?? '', typing: undefined };
  if (searching.pattern === '') return { ...searching, note: '' };
  if (matches(lines[state.top] ?? '', searching.pattern)) return { ...searching, note: '' };
  return findFrom(searching, lines, height, 1);
}
