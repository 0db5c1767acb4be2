import { describe, expect, it } from 'vitest';
import { joinWords, tokenize, tokenizeUnfinished } from '../../contexts/tokens.ts';

describe('tokenize', () => {
  const cases: readonly { line: string; words: readonly string[] }[] = [
    { line: '', words: [] },
    { line: '  \t ', words: [] },
    { line: 'show sections x.o', words: ['show', 'sections', 'x.o'] },
    { line: '  show\tsections  x.o ', words: ['show', 'sections', 'x.o'] },
    { line: 'add program "my file.o"', words: ['add', 'program', 'my file.o'] },
    { line: 'set program 5 ""', words: ['set', 'program', '5', ''] },
    { line: 'filename="a b.o" level=verbose', words: ['filename=a b.o', 'level=verbose'] },
    { line: 'a"b c"d', words: ['ab cd'] },
    { line: 'C:\\new\\table.o', words: ['C:\\new\\table.o'] },
    { line: '"C:\\Program Files\\x.o"', words: ['C:\\Program Files\\x.o'] },
    { line: 'pinpath=', words: ['pinpath='] },
    { line: 'pinpath=""', words: ['pinpath='] },
  ];
  for (const { line, words } of cases) {
    it(JSON.stringify(line), () => expect(tokenize(line).map((token) => token.text)).toEqual(words));
  }

  it('knows where each word stands', () => {
    expect(tokenize(' show "a b" x=y')).toEqual([
      { text: 'show', start: 1, end: 5, quoted: false },
      { text: 'a b', start: 6, end: 11, quoted: true },
      { text: 'x=y', start: 12, end: 15, quoted: false, equals: 1 },
    ]);
  });

  it('takes an equals sign inside quotation marks as text', () => {
    expect(tokenize('"a=b"')[0]?.equals).toBeUndefined();
  });

  it('refuses a quotation mark that is not closed', () => {
    expect(() => tokenize('show "a b')).toThrow('The quotation mark at column 6 is not closed.');
  });

  it('lets an unfinished line end inside quotation marks', () => {
    expect(tokenizeUnfinished('show "a b').map((token) => token.text)).toEqual(['show', 'a b']);
  });
});

describe('joinWords', () => {
  it('writes words that tokenize gives back', () => {
    for (const words of [['a'], ['a b', ''], ['x=y z', 'C:\\a']]) expect(tokenize(joinWords(words)).map((token) => token.text)).toEqual(words);
  });
});
