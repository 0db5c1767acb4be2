import { describe, expect, it } from 'vitest';
import { editDistance, suggest } from '../../contexts/suggest.ts';

describe('editDistance', () => {
  const cases: readonly (readonly [string, string, number])[] = [
    ['', '', 0],
    ['abc', 'abc', 0],
    ['abc', '', 3],
    ['show', 'shwo', 1],
    ['sections', 'section', 1],
    ['kitten', 'sitting', 3],
  ];
  for (const [a, b, distance] of cases) it(`${a} -> ${b}`, () => expect(editDistance(a, b)).toBe(distance));
});

describe('suggest', () => {
  it('gives the nearest names only', () => expect(suggest('sectons', ['sections', 'section', 'verification'])).toEqual(['sections']));
  it('gives nothing for a word that resembles nothing', () => expect(suggest('frobnicate', ['show', 'sections'])).toEqual([]));
  it('never takes a whole short word for a misspelling', () => expect(suggest('x', ['y'])).toEqual([]));
});
