import { describe, expect, it } from 'vitest';
import { createTranscript, safeOutput } from '../../shell/repl/output.ts';
import { wantsColor } from '../../shell/repl/theme.ts';

describe('output', () => {
  it.each([
    ['plain text', 'a\tb\r\nc\n', true, 'a\tb\r\nc\n'],
    ['colors stay', '\u001b[31mred\u001b[0m', true, '\u001b[31mred\u001b[0m'],
    ['colors go where there are none', '\u001b[1;31mred\u001b[0m', false, 'red'],
    ['cursor moves are spelled out', 'x\u001b[2Jy', true, 'x\\x1b[2Jy'],
    ['so are titles', '\u001b]0;t\u0007', true, '\\x1b]0;t\\x07'],
    ['and the eight-bit forms', 'x\u009b2J', true, 'x\\x9b2J'],
    ['and backspaces', 'a\bb\u0000', true, 'a\\x08b\\x00'],
  ])('%s', (_name, text, color, safe) => {
    expect(safeOutput(text, color)).toBe(safe);
  });

  it('is kept as lines for the pager', () => {
    const transcript = createTranscript();
    transcript.add('one\n\u001b[31mtw');
    transcript.add('o\u001b[0m\n\nfour\tx');
    expect(transcript.lines()).toEqual(['one', 'two', '', 'four        x']);
    transcript.clear();
    expect(transcript.lines()).toEqual([]);
  });
});

describe('color', () => {
  it.each([
    ['a terminal', 'auto', {}, true, true],
    ['no terminal', 'auto', {}, false, false],
    ['NO_COLOR', 'auto', { NO_COLOR: '1' }, true, false],
    ['an empty NO_COLOR counts as none', 'auto', { NO_COLOR: '' }, true, true],
    ['FORCE_COLOR', 'auto', { FORCE_COLOR: '1' }, false, true],
    ['a dumb terminal', 'auto', { TERM: 'dumb' }, true, false],
    ['always', 'always', { NO_COLOR: '1' }, false, true],
    ['never', 'never', { FORCE_COLOR: '1' }, true, false],
  ] as const)('%s', (_name, setting, env, terminal, color) => {
    expect(wantsColor(setting, env, terminal)).toBe(color);
  });
});
