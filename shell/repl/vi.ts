/** vi's command mode on one line (POSIX `sh`, "Command Line Editing (vi-mode)"): counts, operators, motions. */
import type { EditorContext, EditorState, Step, ViPending } from './line-editor.ts';
import { insert, kill, moveTo, NO_VI_PENDING, redo, replace, run, undo } from './line-editor.ts';
import { nextBoundary, previousBoundary, snap, snapEnd } from './text.ts';

/** Where a motion ends. `inclusive`: an operator takes the character there as well. */
interface Target {
  readonly at: number;
  readonly inclusive?: boolean;
}

type Motion = (text: string, cursor: number) => Target;

type CharacterClass = 'blank' | 'word' | 'punctuation';

function classOf(text: string, at: number, big: boolean): CharacterClass {
  const character = text.charAt(at);
  if (!/\S/u.test(character)) return 'blank';
  return big || /[\p{L}\p{N}_]/u.test(character) ? 'word' : 'punctuation';
}

function forward(big: boolean): Motion {
  return (text, cursor) => {
    let at = cursor;
    const from = classOf(text, at, big);
    while (at < text.length && from !== 'blank' && classOf(text, at, big) === from) at += 1;
    while (at < text.length && classOf(text, at, big) === 'blank') at += 1;
    return { at };
  };
}

function backward(big: boolean): Motion {
  return (text, cursor) => {
    let at = cursor;
    while (at > 0 && classOf(text, at - 1, big) === 'blank') at -= 1;
    if (at === 0) return { at };
    const into = classOf(text, at - 1, big);
    while (at > 0 && classOf(text, at - 1, big) === into) at -= 1;
    return { at };
  };
}

function endOfWord(big: boolean): Motion {
  return (text, cursor) => {
    let at = cursor + 1;
    while (at < text.length && classOf(text, at, big) === 'blank') at += 1;
    if (at >= text.length) return { at: Math.max(0, text.length - 1), inclusive: true };
    const into = classOf(text, at, big);
    while (at + 1 < text.length && classOf(text, at + 1, big) === into) at += 1;
    return { at, inclusive: true };
  };
}

const MOTIONS: Readonly<Record<string, Motion>> = {
  h: (text, cursor) => ({ at: previousBoundary(text, cursor) }),
  l: (text, cursor) => ({ at: nextBoundary(text, cursor) }),
  ' ': (text, cursor) => ({ at: nextBoundary(text, cursor) }),
  '0': () => ({ at: 0 }),
  '^': (text) => ({ at: Math.max(0, text.search(/\S/u)) }),
  $: (text) => ({ at: text.length }),
  w: forward(false),
  W: forward(true),
  b: backward(false),
  B: backward(true),
  e: endOfWord(false),
  E: endOfWord(true),
};

/** Finds of `;` turned around by `,`. */
const OPPOSITE: Readonly<Record<string, string>> = { f: 'F', F: 'f', t: 'T', T: 't' };

function find(text: string, cursor: number, kind: string, character: string): Target | undefined {
  const toRight = kind === 'f' || kind === 't';
  const at = toRight ? text.indexOf(character, cursor + 1) : cursor === 0 ? -1 : text.lastIndexOf(character, cursor - 1);
  if (at === -1) return undefined;
  if (kind === 't') return { at: previousBoundary(text, at), inclusive: true };
  if (kind === 'T') return { at: nextBoundary(text, at) };
  return { at, inclusive: toRight };
}

function insertMode(state: EditorState, cursor: number): EditorState {
  return { ...moveTo(state, cursor), mode: 'vi-insert' };
}

function cut(state: EditorState, start: number, end: number): EditorState {
  return kill({ ...state, last: 'other' }, start, end);
}

function put(state: EditorState, after: boolean, count: number): EditorState {
  const text = (state.killRing.at(-1) ?? '').repeat(count);
  if (text === '') return state;
  const at = after ? nextBoundary(state.text, state.cursor) : state.cursor;
  const next = replace(state, at, at, text);
  return moveTo(next, previousBoundary(next.text, next.cursor));
}

function toggleCase(state: EditorState, count: number): EditorState {
  const end = snapEnd(state.text, Math.min(state.text.length, state.cursor + count));
  const swapped = Array.from(state.text.slice(state.cursor, end), (c) => (c === c.toUpperCase() ? c.toLowerCase() : c.toUpperCase()));
  return replace(state, state.cursor, end, swapped.join(''));
}

function older(state: EditorState, context: EditorContext, name: 'history-older' | 'history-newer'): EditorState {
  return moveTo({ ...run({ ...state, cursor: 0 }, name, context).state }, 0);
}

type Direct = (state: EditorState, count: number, context: EditorContext) => EditorState;

const DIRECT: Readonly<Record<string, Direct>> = {
  i: (s) => insertMode(s, s.cursor),
  I: (s) => insertMode(s, 0),
  a: (s) => insertMode(s, nextBoundary(s.text, s.cursor)),
  A: (s) => insertMode(s, s.text.length),
  x: (s, n) =>
    cut(
      s,
      s.cursor,
      repeat(n, s.cursor, (at) => nextBoundary(s.text, at)),
    ),
  X: (s, n) =>
    cut(
      s,
      repeat(n, s.cursor, (at) => previousBoundary(s.text, at)),
      s.cursor,
    ),
  D: (s) => cut(s, s.cursor, s.text.length),
  C: (s) => ({ ...cut(s, s.cursor, s.text.length), mode: 'vi-insert' }),
  S: (s) => ({ ...cut(s, 0, s.text.length), mode: 'vi-insert' }),
  s: (s, n) => ({
    ...cut(
      s,
      s.cursor,
      repeat(n, s.cursor, (at) => nextBoundary(s.text, at)),
    ),
    mode: 'vi-insert',
  }),
  Y: (s) => ({ ...s, killRing: [...s.killRing, s.text] }),
  p: (s, n) => put(s, true, n),
  P: (s, n) => put(s, false, n),
  u: (s, n) => repeat(n, s, undo),
  '~': toggleCase,
  k: (s, n, c) => repeat(n, s, (state) => older(state, c, 'history-older')),
  j: (s, n, c) => repeat(n, s, (state) => older(state, c, 'history-newer')),
  '-': (s, n, c) => repeat(n, s, (state) => older(state, c, 'history-older')),
  '+': (s, n, c) => repeat(n, s, (state) => older(state, c, 'history-newer')),
};

/** A count is a person's; a mistyped huge one must not hang the prompt. */
const MAX_COUNT = 1000;

function repeat<T>(count: number, value: T, step: (value: T) => T): T {
  let result = value;
  for (let done = 0; done < count; done += 1) result = step(result);
  return result;
}

function countOf(pending: ViPending): number {
  const first = pending.operatorCount === '' ? 1 : Number.parseInt(pending.operatorCount, 10);
  const second = pending.count === '' ? 1 : Number.parseInt(pending.count, 10);
  return Math.min(MAX_COUNT, first * second);
}

/** The cursor rests on a character in command mode, not behind the last one. */
function settle(state: EditorState): EditorState {
  if (state.mode !== 'vi-command' || state.text === '' || state.cursor < state.text.length) return state;
  return { ...state, cursor: previousBoundary(state.text, state.text.length) };
}

function operate(state: EditorState, operator: string, start: number, end: number): EditorState {
  if (operator === 'y')
    return { ...moveTo(state, start), killRing: start === end ? state.killRing : [...state.killRing, state.text.slice(start, end)] };
  const next = cut(state, start, end);
  return operator === 'c' ? { ...next, mode: 'vi-insert' } : next;
}

function applyTarget(state: EditorState, target: Target): EditorState {
  const { operator } = state.vi;
  const at = snap(state.text, target.at);
  if (operator === '') return moveTo(state, at);
  const end = target.inclusive === true ? nextBoundary(state.text, at) : at;
  return operate(state, operator, Math.min(state.cursor, end), Math.max(state.cursor, end));
}

/** Repeats a motion; `cw` ends at the word's end instead of at the next word, as in vi. */
function moved(state: EditorState, name: string): Target | undefined {
  const changesWord = state.vi.operator === 'c' && (name === 'w' || name === 'W') && /\S/u.test(state.text.charAt(state.cursor));
  const motion = MOTIONS[changesWord ? (name === 'w' ? 'e' : 'E') : name];
  if (motion === undefined) return undefined;
  // `e` moves off the character it stands on; for `cw` on a word of one letter it must not.
  const start: Target = { at: changesWord ? state.cursor - 1 : state.cursor };
  return repeat(countOf(state.vi), start, (target) => motion(state.text, target.at));
}

function done(state: EditorState): Step {
  return { state: settle({ ...state, vi: { ...NO_VI_PENDING, lastFind: state.vi.lastFind } }) };
}

function finish(state: EditorState, kind: string, character: string): Step {
  if (kind === 'r') {
    const end = nextBoundary(state.text, state.cursor);
    if (end === state.cursor) return done(state);
    const next = replace(state, state.cursor, end, character);
    return done(moveTo(next, previousBoundary(next.text, next.cursor)));
  }
  const remembered = { ...state, vi: { ...state.vi, lastFind: { kind, character } } };
  return again(remembered, kind, character);
}

function again(state: EditorState, kind: string, character: string): Step {
  let target: Target | undefined = { at: state.cursor };
  for (let left = countOf(state.vi); left > 0 && target !== undefined; left -= 1) target = find(state.text, target.at, kind, character);
  return target === undefined ? { ...done(state), effect: 'bell' } : done(applyTarget(state, target));
}

/** One typed character in command mode. */
function commandKey(state: EditorState, key: string, context: EditorContext): Step {
  const { vi } = state;
  if (vi.find !== '') return finish({ ...state, vi: { ...vi, find: '' } }, vi.find, key);
  if (/[1-9]/.test(key) || (key === '0' && vi.count !== '')) return { state: { ...state, vi: { ...vi, count: `${vi.count}${key}`.slice(0, 4) } } };
  if (key === vi.operator) return done(operate(state, key, 0, state.text.length));
  const target = moved(state, key);
  if (target !== undefined) return done(applyTarget(state, target));
  if ('fFtT'.includes(key) || (key === 'r' && vi.operator === '')) return { state: { ...state, vi: { ...vi, find: key } } };
  if (key === ';' || key === ',') {
    if (vi.lastFind === undefined) return { ...done(state), effect: 'bell' };
    const { kind, character } = vi.lastFind;
    return again(state, key === ';' ? kind : (OPPOSITE[kind] ?? kind), character);
  }
  if (vi.operator !== '') return { ...done(state), effect: 'bell' };
  if ('dcy'.includes(key)) return { state: { ...state, vi: { ...vi, operator: key, operatorCount: vi.count, count: '' } } };
  if (key === '/') return run(done(state).state, 'history-search', context);
  const direct = DIRECT[key];
  if (direct === undefined) return { ...done(state), effect: 'bell' };
  return done(direct(state, countOf(vi), context));
}

/** One typed character in either vi mode: inserted, or taken as a command. */
export function viCharacter(state: EditorState, character: string, context: EditorContext): Step {
  return state.mode === 'vi-command' ? commandKey(state, character, context) : { state: insert(state, character) };
}

/** A named key that command mode reads differently; undefined where the common table serves. */
export function viChord(state: EditorState, chord: string): Step | undefined {
  if (state.mode !== 'vi-command') return undefined;
  if (chord === 'C-r') return done(redo(state));
  if (chord === 'Escape') return done(state);
  if (chord === 'Backspace') return done(moveTo(state, previousBoundary(state.text, state.cursor)));
  return undefined;
}
