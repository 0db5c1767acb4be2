import { renderToString } from 'ink';
import { describe, expect, it } from 'vitest';
import type { Size } from '../../shell/repl/frame.ts';
import { PagerView, pageHeight } from '../../shell/repl/pager.tsx';
import type { PagerKey, PagerState } from '../../shell/repl/pager-model.ts';
import { FIRST_PAGE, pagerKey, pagerSearch, pagerText } from '../../shell/repl/pager-model.ts';

const LINES = Array.from({ length: 100 }, (_, index) => (index % 30 === 29 ? `Line ${index + 1} with a Match` : `line ${index + 1}`));
const HEIGHT = 22;

function keys(...pressed: PagerKey[]): PagerState {
  return pressed.reduce((state, key) => pagerKey(state, key, LINES, HEIGHT), FIRST_PAGE);
}

function typed(text: string): PagerState {
  return pagerSearch(pagerText(FIRST_PAGE, text, LINES, HEIGHT), LINES, HEIGHT);
}

describe('pager', () => {
  it.each([
    ['a line', keys('down'), 1],
    ['not above the top', keys('up'), 0],
    ['a page', keys('page-down'), 22],
    ['half a page back', keys('page-down', 'half-up'), 11],
    ['the end', keys('bottom'), 78],
    ['not below the end', keys('bottom', 'page-down'), 78],
    ['the top again', keys('bottom', 'top'), 0],
    ['letters', pagerText(FIRST_PAGE, 'jj d', LINES, HEIGHT), 35],
    ['a search', typed('/match'), 29],
    ['a search with capitals', typed('/Match'), 29],
    ['a search that comes in one piece', pagerText(FIRST_PAGE, '/mx\u007fatch\rn', LINES, HEIGHT), 59],
    ['the next match', pagerText(typed('/match'), 'n', LINES, HEIGHT), 59],
    ['the one before, round the top', pagerText(typed('/match'), 'N', LINES, HEIGHT), 78],
    ['nothing found', typed('/nowhere'), 0],
  ])('goes to %s', (_name, state, top) => {
    expect(state.top).toBe(top);
  });

  it('says when nothing is found, and when a search went round', () => {
    expect(typed('/nowhere').note).toBe('not found: nowhere');
    expect(pagerText(typed('/match'), 'N', LINES, HEIGHT).note).toBe('search went round');
    expect(pagerText(FIRST_PAGE, 'n', LINES, HEIGHT).note).toContain('nothing searched');
  });

  it('does not shout at capitals: a capital in the pattern must match', () => {
    expect(typed('/MATCH').note).toBe('not found: MATCH');
  });

  it.each<[string, Size]>([
    ['80x24', { columns: 80, rows: 24 }],
    ['200x50', { columns: 200, rows: 50 }],
  ])('draws a screenful at %s', (_name, size) => {
    const lines = [...LINES.slice(0, 99), `${'wide 漢字 '.repeat(40)}end`];
    const bottom = pagerKey(FIRST_PAGE, 'bottom', lines, pageHeight(size));
    const rows = renderToString(<PagerView lines={lines} state={bottom} size={size} color={false} />, { columns: size.columns }).split('\n');
    expect(rows).toHaveLength(size.rows - 1);
    expect(rows[0]).toBe(`line ${100 - pageHeight(size) + 1}`);
    expect(rows.at(-2)?.endsWith('…')).toBe(true);
    expect(rows.at(-1)).toContain(`lines ${100 - pageHeight(size) + 1}-100 of 100 (100%)`);
  });

  it('scrolls to the right and marks matches without color', () => {
    const size = { columns: 80, rows: 24 };
    const lines = [`${'x'.repeat(20)}abc`, 'has Match here', ''];
    const state = { ...pagerKey(FIRST_PAGE, 'right', lines, HEIGHT), pattern: 'abc' };
    const rows = renderToString(<PagerView lines={lines} state={state} size={size} color={false} />, { columns: 80 }).split('\n');
    expect(rows.slice(0, 2)).toEqual(['* abc', '']);
  });

  it('shows what is typed after the slash', () => {
    const state = pagerText(FIRST_PAGE, '/ab', LINES, HEIGHT);
    const rows = renderToString(<PagerView lines={LINES} state={state} size={{ columns: 80, rows: 24 }} color={false} />, { columns: 80 }).split(
      '\n',
    );
    expect(rows.at(-1)).toBe('/ab_');
  });
});
