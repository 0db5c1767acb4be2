import { describe, expect, it } from 'vitest';
import { graphemes, nextBoundary, padEnd, previousBoundary, printable, textWidth, truncate, wordLeft, wordRight } from '../../shell/repl/text.ts';

describe('text', () => {
  it.each([
    ['plain', 'abc', 3],
    ['CJK', '漢字', 4],
    ['Hangul', '한국어', 6],
    ['fullwidth', 'ＡＢ', 4],
    ['combining', 'e\u0301', 1],
    ['emoji', '😀', 2],
    ['emoji family', '👨‍👩‍👧', 2],
    ['flag', '🇩🇪', 2],
    ['emoji form', '❤️', 2],
    ['Latin beyond ASCII', 'naïve', 5],
    ['box drawing', '│─', 2],
  ])('width of %s', (_name, text, width) => {
    expect(textWidth(text)).toBe(width);
  });

  it('moves over whole graphemes', () => {
    const text = 'a👨‍👩‍👧e\u0301';
    const family = '👨‍👩‍👧'.length;
    expect(nextBoundary(text, 1)).toBe(1 + family);
    expect(nextBoundary(text, 1 + family)).toBe(text.length);
    expect(previousBoundary(text, text.length)).toBe(1 + family);
    expect(previousBoundary(text, 1 + family)).toBe(1);
    expect(previousBoundary(text, 0)).toBe(0);
    expect(nextBoundary(text, text.length)).toBe(text.length);
    expect(graphemes(text).map((part) => part.start)).toEqual([0, 1, 1 + family]);
  });

  it('cuts and pads by columns', () => {
    expect(truncate('abcdef', 4)).toBe('abc…');
    expect(truncate('漢字漢', 4)).toBe('漢…');
    expect(truncate('abc', 3)).toBe('abc');
    expect(truncate('abc', 0)).toBe('');
    expect(padEnd('漢', 4)).toBe('漢  ');
  });

  it('drops what would move the cursor', () => {
    expect(printable('a\tb\u001b[2J\u0000c\u009bd')).toBe('a b[2Jcd');
  });

  it('finds words', () => {
    const text = 'show ver x.o  level=9';
    expect(wordLeft(text, 12, 'alphanumeric')).toBe(11);
    expect(wordLeft(text, 12, 'blank')).toBe(9);
    expect(wordRight(text, 9, 'blank')).toBe(12);
    expect(wordRight(text, 12, 'alphanumeric')).toBe(19);
  });
});
