import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Completion } from '../../contexts/session-types.ts';
import { pressKey } from '../../shell/repl/keymap.ts';
import { createKeyDecoder } from '../../shell/repl/keys.ts';
import type { EditingMode, EditorContext, EditorState, Step } from '../../shell/repl/line-editor.ts';
import { createEditor, nextLine, offerCompletions, searchHistory } from '../../shell/repl/line-editor.ts';
import { graphemes } from '../../shell/repl/text.ts';

const EMPTY: EditorContext = { history: [], suggestion: undefined };

/** Presses the keys that a terminal would send for `input`; the last effect is kept. */
function press(state: EditorState, input: string, context: EditorContext = EMPTY): Step {
  const decoder = createKeyDecoder();
  let step: Step = { state };
  for (const key of [...decoder.feed(input), ...decoder.flush()]) step = pressKey(step.state, key, context);
  return step;
}

/** The line with `|` where the cursor stands. */
function show({ text, cursor }: { text: string; cursor: number }): string {
  return `${text.slice(0, cursor)}|${text.slice(cursor)}`;
}

/** An editor from a line with `|` for the cursor. */
function at(line: string, mode: EditingMode = 'emacs'): EditorState {
  const cursor = line.indexOf('|');
  return { ...createEditor(mode), text: line.replace('|', ''), cursor };
}

const C = (letter: string) => String.fromCharCode(letter.charCodeAt(0) & 0x1f);
const M = (letter: string) => `\u001b${letter}`;
const UP = '\u001b[A';
const DOWN = '\u001b[B';
const RIGHT = '\u001b[C';
const TAB = '\t';
const ESCAPE = '\u001b';

describe('emacs keys', () => {
  it.each([
    ['type', '|', 'show', 'show|'],
    ['type in the middle', 'sw|', `${C('b')}ho`, 'sho|w'],
    ['home, end', 'abc|', C('a'), '|abc'],
    ['end', '|abc', C('e'), 'abc|'],
    ['left over a grapheme', 'a👨‍👩‍👧|', C('b'), 'a|👨‍👩‍👧'],
    ['delete a grapheme', 'ae\u0301|', '\u007f', 'a|'],
    ['delete right', '|abc', '\u001b[3~', '|bc'],
    ['C-d in a text', '|abc', C('d'), '|bc'],
    ['word left', 'show x.o|', M('b'), 'show x.|o'],
    ['word right', '|show x.o', `${M('f')}${M('f')}`, 'show x|.o'],
    ['kill to end', 'ab|cd', C('k'), 'ab|'],
    ['kill to start', 'ab|cd', C('u'), '|cd'],
    ['kill blank word', 'show x.o|', C('w'), 'show |'],
    ['kill word left', 'show x.o|', M('\u007f'), 'show x.|'],
    ['kill word right', '|show x', M('d'), '| x'],
    ['yank', 'ab|cd', `${C('k')}${C('a')}${C('y')}`, 'cd|ab'],
    ['kills one after another join', 'one two three|', `${C('w')}${C('w')}${C('y')}`, 'one two three|'],
    ['kills in both directions join', 'a b|c d', `${C('k')}${C('u')}${C('y')}`, 'a bc d|'],
    ['a move parts kills', 'one two|', `${C('w')}${C('e')}${C('w')}${C('y')}`, 'one |'],
    ['yank-pop', 'one two|', `${C('w')}${C('e')}${C('w')}${C('y')}${M('y')}`, 'two|'],
    ['transpose', 'ab|', C('t'), 'ba|'],
    ['transpose in the middle', 'a|bc', C('t'), 'ba|c'],
    ['transpose words', 'one two|', M('t'), 'two one|'],
    ['case', '|one two three', `${M('u')}${M('c')}${M('l')}`, 'ONE Two three|'],
    ['undo letters together', '|', `abc${C('_')}`, '|'],
    ['redo', '|', `abc${C('_')}${M('/')}`, 'abc|'],
    ['undo a kill', 'ab|cd', `${C('k')}${C('_')}`, 'ab|cd'],
    ['control characters are not typed', '|', '\u001b[200~a\u0007b\u001b[201~', 'ab|'],
  ])('%s', (_name, before, keys, after) => {
    expect(show(press(at(before), keys).state)).toBe(after);
  });

  it.each([
    ['Enter', 'abc|', '\r', 'submit'],
    ['C-c', 'abc|', C('c'), 'interrupt'],
    ['C-d on an empty line', '|', C('d'), 'leave'],
    ['C-l', 'abc|', C('l'), 'clear-screen'],
    ['C-z', 'abc|', C('z'), 'suspend'],
    ['Tab', 'abc|', TAB, 'complete'],
    ['C-o', 'abc|', C('o'), 'pager'],
    ['F1', 'abc|', '\u001bOP', 'hint'],
  ])('%s asks the prompt', (_name, before, keys, effect) => {
    const step = press(at(before), keys);
    expect(step.effect).toBe(effect);
    expect(show(step.state)).toBe(before);
  });

  it('undoes typed words one by one', () => {
    const typed = ['a', 'b', ' ', 'c', 'd'].reduce((state, letter) => press(state, letter).state, at('|'));
    expect(show(press(typed, C('_')).state)).toBe('ab|');
    expect(show(press(typed, C('_') + C('_')).state)).toBe('|');
  });

  it('keeps the kill ring for the next line, and nothing else', () => {
    const used = press(at('one two|'), C('w')).state;
    const next = nextLine(used, 'x');
    expect(show(next)).toBe('x|');
    expect(show(press(next, C('y')).state)).toBe('xtwo|');
    expect(show(press(nextLine(used), C('_')).state)).toBe('|');
  });

  it('keeps the cursor on a grapheme boundary whatever is pressed', () => {
    const keys = fc.constantFrom(
      ...'abdefhknptuwy_'.split('').map(C),
      ...'bfdtuclyp.'.split('').map(M),
      UP,
      DOWN,
      RIGHT,
      '\u007f',
      'a b',
      '漢',
      '👨‍👩‍👧',
      'e\u0301',
      TAB,
    );
    const context = { history: ['show 漢字', 'count 👨‍👩‍👧 4'], suggestion: undefined };
    fc.assert(
      fc.property(fc.array(keys, { maxLength: 40 }), fc.constantFrom<EditingMode>('emacs', 'vi-insert'), (pressed, mode) => {
        let state = createEditor(mode);
        for (const key of pressed) {
          state = press(state, key, context).state;
          const boundaries = [...graphemes(state.text).map((part) => part.start), state.text.length];
          expect(boundaries).toContain(state.cursor);
        }
      }),
      { seed: 6, numRuns: 300 },
    );
  });
});

describe('history', () => {
  const context: EditorContext = { history: ['show a', 'count 1', 'show b', 'count 2'], suggestion: undefined };

  it.each([
    ['newest first', '|', UP, 'count 2|'],
    ['older', '|', UP + UP, 'show b|'],
    ['stays at the oldest', '|', UP.repeat(9), 'show a|'],
    ['back to the draft', '|', UP + UP + DOWN + DOWN, '|'],
    ['only lines that start with the draft', 'show|', UP + UP, 'show a|'],
    ['back to what was typed', 'show|', UP + UP + DOWN + DOWN, 'show|'],
    ['first and last', '|', M('<'), 'show a|'],
    ['the end of it', 'dr|', `${M('<')}${M('>')}`, 'dr|'],
    ['last argument', 'x |', M('.'), 'x 2|'],
    ['older last argument', 'x |', `${M('.')}${M('.')}`, 'x b|'],
    ['editing an older line', '|', `${UP}3`, 'count 23|'],
  ])('%s', (_name, before, keys, after) => {
    expect(show(press(at(before), keys, context).state)).toBe(after);
  });

  it('searches all words in any case, newest first, each line once', () => {
    expect(searchHistory(['show Map x', 'count', 'show map y', 'show Map x'], 'MAP show')).toEqual(['show Map x', 'show map y']);
  });

  it('finds, goes on, and runs', () => {
    const found = press(at('|'), `${C('r')}sh`, context).state;
    expect(found.search?.matches).toEqual(['show b', 'show a']);
    const older = press(found, C('r'), context).state;
    expect(older.search?.selected).toBe(1);
    const run = press(older, '\r', context);
    expect(run.effect).toBe('submit');
    expect(show(run.state)).toBe('show a|');
  });

  it('goes back to the line from before', () => {
    expect(show(press(at('x|y'), `${C('r')}zzz\u0007`, context).state)).toBe('x|y');
  });

  it('ends with Ctrl-C, which clears the line as ever', () => {
    expect(press(at('x|y'), `${C('r')}${C('c')}`, context).effect).toBe('interrupt');
  });

  it('takes the match to be edited with any other key', () => {
    expect(show(press(at('|'), `${C('r')}sh${C('a')}`, context).state)).toBe('|show b');
    expect(show(press(at('|'), `${C('r')}sh${TAB}`, context).state)).toBe('show b|');
  });
});

describe('suggestion', () => {
  const context: EditorContext = { history: [], suggestion: 'show sections x.o' };

  it.each([
    ['right takes it whole', 'sho|', RIGHT, 'show sections x.o|'],
    ['end takes it whole', 'sho|', C('e'), 'show sections x.o|'],
    ['a word at a time', 'sho|', M('f'), 'show|'],
    ['the next word', 'show|', M('f'), 'show sections|'],
    ['not in the middle of the line', 'sh|o', RIGHT, 'sho|'],
    ['can be undone', 'sho|', `${RIGHT}${C('_')}`, 'sho|'],
  ])('%s', (_name, before, keys, after) => {
    expect(show(press(at(before), keys, context).state)).toBe(after);
  });
});

describe('completion', () => {
  function item(value: string, start: number, end: number, final = true): Completion {
    return { value, label: value, kind: 'command', description: '', start, end, final };
  }

  function offer(line: string, values: readonly string[], start: number, final = true): Step {
    const state = at(line);
    return offerCompletions(
      state,
      state,
      values.map((value) => item(value, start, state.cursor, final)),
    );
  }

  it('puts in the only one, with a space where the word is finished', () => {
    expect(show(offer('sh|', ['show'], 0).state)).toBe('show |');
    expect(show(offer('f|', ['filename='], 0, false).state)).toBe('filename=|');
    expect(show(offer('sh| x', ['show'], 0).state)).toBe('show |x');
  });

  it('grows to what all share, and offers the rest', () => {
    const { state } = offer('show |', ['sections', 'section'], 5);
    expect(show(state)).toBe('show section|');
    expect(state.menu?.selected).toBe(-1);
  });

  it('never takes letters away', () => {
    expect(show(offer('xy|', ['axy', 'bxy'], 0).state)).toBe('xy|');
  });

  it('rings where there is none, and ignores an answer to another line', () => {
    expect(offer('zz|', [], 0).effect).toBe('bell');
    const state = at('sho|');
    expect(offerCompletions(state, { text: 'sh', cursor: 2 }, [item('show', 0, 2)])).toEqual({ state });
  });

  it.each([
    ['Tab', TAB, 'show maps|'],
    ['Tab twice', TAB + TAB, 'show programs|'],
    ['round to the line as it was', TAB.repeat(3), 'show |'],
    ['Shift-Tab from the start', '\u001b[Z', 'show programs|'],
    ['arrows', DOWN + DOWN + UP, 'show maps|'],
    ['Enter takes it without running', `${TAB}\r`, 'show maps |'],
    ['Escape gives the line back', TAB + ESCAPE, 'show |'],
    ['typing goes on behind it', `${TAB}x`, 'show maps x|'],
    ['one space, not two', `${TAB} x`, 'show maps x|'],
    ['undo gives the line back', `${TAB}\r${C('_')}`, 'show |'],
  ])('menu: %s', (_name, keys, after) => {
    const { state } = offer('show |', ['maps', 'programs'], 5);
    const step = press(state, keys);
    expect(show(step.state)).toBe(after);
    expect(step.effect).toBeUndefined();
  });
});

describe('vi keys', () => {
  it.each([
    ['Escape goes to command mode, one left', 'abc|', ESCAPE, 'ab|c'],
    ['words forward', '|show x.o y', 'w', 'show |x.o y'],
    ['punctuation is a word', 'show |x.o', 'w', 'show x|.o'],
    ['big words', 'show |x.o y', 'W', 'show x.o |y'],
    ['back', 'show x|.o', 'b', 'show |x.o'],
    ['end of word', '|show x', 'e', 'sho|w x'],
    ['counts', '|a b c d', '3w', 'a b c |d'],
    ['0 and $', 'ab|c', '0', '|abc'],
    ['end rests on the last', '|abc', '$', 'ab|c'],
    ['^', '  ab|c', '^', '  |abc'],
    ['x', '|abc', 'x', '|bc'],
    ['3x', '|abcd', '3x', '|d'],
    ['x at the end', 'ab|c', 'x', 'a|b'],
    ['X', 'ab|c', 'X', 'a|c'],
    ['dw', '|one two', 'dw', '|two'],
    ['d2w', '|one two three', 'd2w', '|three'],
    ['2dw', '|one two three', '2dw', '|three'],
    ['de', '|one two', 'de', '| two'],
    ['db', 'one |two', 'db', '|two'],
    ['d$', 'one |two', 'd$', 'one| '],
    ['D', 'one |two', 'D', 'one| '],
    ['d0', 'one |two', 'd0', '|two'],
    ['dd', 'one |two', 'dd', '|'],
    ['cw keeps the space', '|one two', 'cwx', 'x| two'],
    ['cw on one letter', '|a two', 'cwx', 'x| two'],
    ['C', 'one |two', 'Cx', 'one x|'],
    ['cc', 'one |two', 'ccx', 'x|'],
    ['s', '|abc', 'sx', 'x|bc'],
    ['r', '|abc', 'rx', '|xbc'],
    ['~', '|aBc', '~', 'A|Bc'],
    ['f', '|one two', 'ft', 'one |two'],
    ['t', '|one two', 'tt', 'one| two'],
    ['F', 'one tw|o', 'Fn', 'o|ne two'],
    ['; and ,', '|a.b.c', 'f.;', 'a.b|.c'],
    [', goes back', '|a.b.c', 'f.;,', 'a|.b.c'],
    ['dt', '|one two', 'dt ', '| two'],
    ['df', '|one two', 'df ', '|two'],
    ['p after, P before', '|abc', 'xp', 'b|ac'],
    ['P', '|abc', 'xP', '|abc'],
    ['yw P', '|one two', 'ywP', 'one| one two'],
    ['i', 'a|b', 'ix', 'ax|b'],
    ['a', 'a|b', 'ax', 'abx|'],
    ['I', 'a|b', 'Ix', 'x|ab'],
    ['A', '|ab', 'Ax', 'abx|'],
    ['u', '|one two', 'dwu', '|one two'],
    ['C-r is redo', '|one two', `dwu${C('r')}`, '|two'],
    ['an unfinished find does nothing', '|abc', 'fz', '|abc'],
    ['graphemes', '|👨‍👩‍👧b', 'x', '|b'],
  ])('%s', (_name, before, keys, after) => {
    const mode = keys.startsWith(ESCAPE) ? 'vi-insert' : 'vi-command';
    expect(show(press(at(before, mode), keys).state)).toBe(after);
  });

  it('walks the history with k and j and searches with /', () => {
    const context = { history: ['one', 'two'], suggestion: undefined };
    expect(show(press(at('|', 'vi-command'), 'kk', context).state)).toBe('|one');
    expect(show(press(at('|', 'vi-command'), 'kkj', context).state)).toBe('|two');
    expect(press(at('|', 'vi-command'), '/on', context).state.search?.matches).toEqual(['one']);
  });

  it('takes Escape and a letter that arrive together as two keys', () => {
    expect(show(press(at('one two|', 'vi-insert'), '\u001bb').state)).toBe('one |two');
  });

  it('starts the next line in insert mode', () => {
    expect(nextLine(press(at('x|', 'vi-insert'), ESCAPE).state).mode).toBe('vi-insert');
  });
});
