import { describe, expect, it } from 'vitest';
import { caret, placeOf } from '../../contexts/caret.ts';
import { tokenize } from '../../contexts/tokens.ts';

describe('placeOf', () => {
  const cases: readonly { line: string; value: string; found: string | undefined }[] = [
    { line: 'show program id=abc', value: 'abc', found: 'abc' },
    { line: 'set map 1 key="a b"', value: 'a b', found: 'a b' },
    { line: 'test program 1 ctx=ifindex=1,nonsense=2', value: 'nonsense', found: 'nonsense' },
    { line: 'pushd show mode', value: 'show mode', found: 'show mode' },
    { line: 'state r r12', value: 'r12', found: 'r12' },
    { line: 'level abcabc abc', value: 'abc', found: 'abc' },
    { line: 'state', value: 'r12', found: undefined },
    { line: 'set prompt ""', value: '', found: '""' },
  ];
  for (const { line, value, found } of cases) {
    it(`${value} in ${line}`, () => {
      const span = placeOf({ value }, line, tokenize(line));
      expect(span && line.slice(span.start, span.end)).toBe(found);
    });
  }

  it('prefers a whole word to a part of one', () => {
    expect(placeOf({ value: 'abc' }, 'level abcabc abc', tokenize('level abcabc abc'))).toMatchObject({ start: 13, end: 16 });
  });
});

describe('caret', () => {
  it('stands under what is wrong', () => {
    expect(caret('show x', { start: 5, end: 6 }, undefined, undefined)).toBe('  show x\n       ^\n');
  });
  it('names what is missing at the end', () => {
    expect(caret('add program', { start: 11, end: 11 }, 'filename=', undefined)).toBe('  add program\n              ^ filename=\n');
  });
  it('says where the line came from', () => {
    expect(caret('x', { start: 0, end: 1 }, undefined, 'a.nsh, line 3')).toBe('a.nsh, line 3:\n  x\n  ^\n');
  });
  it('counts a tabulator as one column', () => {
    expect(caret('a\tb', { start: 2, end: 3 }, undefined, undefined)).toBe('  a b\n    ^\n');
  });
  it('says nothing where columns cannot be counted', () => {
    expect(caret('größer x', { start: 7, end: 8 }, undefined, undefined)).toBe('');
  });
  it('cuts lines that are wider than the screen, whatever is wrong in them', () => {
    const line = Array.from({ length: 60 }, (_, index) => `word${index}`).join(' ');
    for (const { start, end } of tokenize(line)) {
      const [text = '', marks = ''] = caret(line, { start, end }, undefined, undefined).split('\n');
      expect(text.length).toBeLessThanOrEqual(80);
      expect(text.slice(marks.indexOf('^'), marks.length)).toBe(line.slice(start, end));
    }
  });
});
