/** Which key does what, and the one function that takes a key. */
import type { Key } from './keys.ts';
import type { CommandName, EditorContext, EditorState, Step } from './line-editor.ts';
import { closeMenu, closeSearch, insert, run, searchFor, selectInMenu, selectMatch } from './line-editor.ts';
import { graphemes, previousBoundary, printable } from './text.ts';
import { viCharacter, viChord } from './vi.ts';

/** Keys of both editing modes. */
const COMMON: Readonly<Record<string, CommandName>> = {
  Left: 'left',
  Right: 'right',
  Home: 'home',
  End: 'end',
  Up: 'history-older',
  Down: 'history-newer',
  'C-Left': 'word-left',
  'C-Right': 'word-right',
  'M-Left': 'word-left',
  'M-Right': 'word-right',
  Backspace: 'delete-left',
  Delete: 'delete-right',
  'C-Delete': 'kill-word-right',
  'M-Backspace': 'kill-word-left',
  Enter: 'submit',
  Tab: 'complete',
  Escape: 'cancel',
  F1: 'hint',
  'C-c': 'interrupt',
  'C-d': 'delete-right-or-leave',
  'C-l': 'clear-screen',
  'C-o': 'pager',
  'C-r': 'history-search',
  'C-s': 'history-search',
  'C-u': 'kill-to-start',
  'C-w': 'kill-blank-word-left',
  'C-z': 'suspend',
};

/** Emacs keys on top of the common ones (GNU Readline's default bindings). */
const EMACS: Readonly<Record<string, CommandName>> = {
  ...COMMON,
  'C-a': 'home',
  'C-e': 'end',
  'C-b': 'left',
  'C-f': 'right',
  'M-b': 'word-left',
  'M-f': 'word-right',
  'C-k': 'kill-to-end',
  'M-d': 'kill-word-right',
  'C-y': 'yank',
  'M-y': 'yank-pop',
  'M-.': 'last-argument',
  'M-_': 'redo',
  'C-t': 'transpose-characters',
  'M-t': 'transpose-words',
  'M-u': 'uppercase',
  'M-l': 'lowercase',
  'M-c': 'capitalize',
  'C-_': 'undo',
  'M-/': 'redo',
  'C-p': 'history-older',
  'C-n': 'history-newer',
  'M-<': 'history-first',
  'M->': 'history-last',
  'M-h': 'hint',
  'M-?': 'hint',
};

/** While completions are offered. Keys that are not here close the menu, keep the choice and act as usual. */
const MENU: Readonly<Record<string, (state: EditorState) => Step>> = {
  Tab: (state) => ({ state: selectInMenu(state, 1) }),
  'S-Tab': (state) => ({ state: selectInMenu(state, -1) }),
  Down: (state) => ({ state: selectInMenu(state, 1) }),
  Up: (state) => ({ state: selectInMenu(state, -1) }),
  'C-n': (state) => ({ state: selectInMenu(state, 1) }),
  'C-p': (state) => ({ state: selectInMenu(state, -1) }),
  Enter: (state) => ({ state: closeMenu(state, true) }),
  Escape: (state) => ({ state: closeMenu(state, false) }),
  'C-g': (state) => ({ state: closeMenu(state, false) }),
  'C-c': (state) => ({ state: closeMenu(state, false), effect: 'interrupt' }),
};

/** While the history is searched. Keys that are not here end the search with the match and act as usual. */
const SEARCH: Readonly<Record<string, (state: EditorState, context: EditorContext) => Step>> = {
  'C-r': (state) => ({ state: selectMatch(state, 1) }),
  Up: (state) => ({ state: selectMatch(state, 1) }),
  'C-p': (state) => ({ state: selectMatch(state, 1) }),
  'C-s': (state) => ({ state: selectMatch(state, -1) }),
  Down: (state) => ({ state: selectMatch(state, -1) }),
  'C-n': (state) => ({ state: selectMatch(state, -1) }),
  Backspace: (state, context) => {
    const query = state.search?.query ?? '';
    return { state: searchFor(state, query.slice(0, previousBoundary(query, query.length)), context) };
  },
  'C-u': (state, context) => ({ state: searchFor(state, '', context) }),
  Escape: (state) => ({ state: closeSearch(state, false) }),
  'C-g': (state) => ({ state: closeSearch(state, false) }),
  'C-c': (state) => ({ state: closeSearch(state, false), effect: 'interrupt' }),
  Tab: (state) => ({ state: closeSearch(state, true) }),
  Enter: (state) => ({ state: closeSearch(state, true), effect: 'submit' }),
};

function searchKey(state: EditorState, key: Key, context: EditorContext): Step {
  if (key.kind !== 'chord') return { state: searchFor(state, (state.search?.query ?? '') + printable(key.text), context) };
  const bound = SEARCH[key.chord];
  if (bound !== undefined) return bound(state, context);
  return pressKey(closeSearch(state, true), key, context);
}

function menuKey(state: EditorState, key: Key, context: EditorContext): Step {
  const bound = key.kind === 'chord' ? MENU[key.chord] : undefined;
  if (bound !== undefined) return bound(state);
  const chosen = closeMenu(state, true);
  // A space after a choice that already brought its own is the habit of a typist, not a second space.
  const spaced = state.menu?.selected !== -1 && chosen.text.charAt(chosen.cursor - 1) === ' ';
  if (key.kind !== 'text' || !spaced || !key.text.startsWith(' ')) return pressKey(chosen, key, context);
  const text = key.text.slice(1);
  return text === '' ? { state: chosen } : pressKey(chosen, { kind: 'text', text }, context);
}

/** In vi's command mode each character is a key of its own, and may open the search that takes the next. */
function viText(state: EditorState, text: string, context: EditorContext): Step {
  let step: Step = { state };
  for (const { text: character } of graphemes(text)) {
    const { state: now } = step;
    step = now.search === undefined ? viCharacter(now, character, context) : searchKey(now, { kind: 'text', text: character }, context);
  }
  return step;
}

/** One key: the next state, and what the prompt has to do. Pasted text is inserted as one line; the prompt cuts scripts up before. */
export function pressKey(state: EditorState, key: Key, context: EditorContext): Step {
  if (state.search !== undefined) return searchKey(state, key, context);
  if (state.menu !== undefined) return menuKey(state, key, context);
  if (key.kind === 'paste') return { state: insert({ ...state, last: 'other' }, key.text) };
  if (key.kind === 'text') return state.mode === 'emacs' ? { state: insert(state, key.text) } : viText(state, key.text, context);
  const vi = state.mode === 'emacs' ? undefined : viChord(state, key.chord);
  if (vi !== undefined) return vi;
  // In vi's insert mode Escape followed quickly by a letter arrives as a Meta chord: it is the command, not a binding.
  const meta = /^M-(.)$/u.exec(key.chord)?.[1];
  if (state.mode !== 'emacs' && meta !== undefined) return viText(run(state, 'cancel', context).state, meta, context);
  const name = (state.mode === 'emacs' ? EMACS : COMMON)[key.chord];
  return name === undefined ? { state } : run(state, name, context);
}
