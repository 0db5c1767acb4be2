import { describe, expect, it } from 'vitest';
import { duration, progressText } from '../../contexts/render/progress.ts';
import type { Completion, Progress } from '../../contexts/session-types.ts';
import type { PromptView, Size } from '../../shell/repl/frame.ts';
import { enteredFrame, promptFrame } from '../../shell/repl/frame.ts';
import { pressKey } from '../../shell/repl/keymap.ts';
import type { EditorState } from '../../shell/repl/line-editor.ts';
import { createEditor } from '../../shell/repl/line-editor.ts';
import { progressFrame } from '../../shell/repl/progress.ts';
import { textWidth } from '../../shell/repl/text.ts';
import { NO_THEME, THEMES } from '../../shell/repl/theme.ts';

const SMALL: Size = { columns: 80, rows: 24 };
const LARGE: Size = { columns: 200, rows: 50 };
const SIZES = [
  ['80x24', SMALL],
  ['200x50', LARGE],
] as const;

function view(text: string, more: Partial<PromptView> = {}): PromptView {
  const editor: EditorState = { ...createEditor(), text, cursor: text.length };
  return {
    prompt: 'netsh ebpf> ',
    editor,
    spans: [],
    suggestion: undefined,
    hint: undefined,
    status: undefined,
    theme: NO_THEME,
    size: SMALL,
    ...more,
  };
}

function rows(shown: PromptView): string[] {
  return promptFrame(shown).rows.map((row) => row.text);
}

function completion(label: string, description: string): Completion {
  return { value: label, label, kind: 'command', description, start: 5, end: 5, final: true };
}

const MENU = [
  completion('disassembly', 'Shows disassembly of an eBPF program.'),
  completion('sections', 'Shows sections of an eBPF file.'),
  completion('verification', 'Shows the verification report of every program of an object file, or of the one that is named, with the source lines.'),
];

describe.each(SIZES)('the prompt at %s', (_name, size) => {
  it('shows the line and the cursor', () => {
    expect(promptFrame(view('show sections x.o', { size }))).toEqual({
      rows: [{ text: 'netsh ebpf> show sections x.o', width: 29 }],
      cursorRow: 0,
      cursorColumn: 29,
    });
  });

  it('wraps at the last column and puts the cursor where the next letter appears', () => {
    const full = 'x'.repeat(size.columns - 12);
    expect(promptFrame(view(full, { size }))).toMatchObject({ rows: [{ width: size.columns }, { width: 0 }], cursorRow: 1, cursorColumn: 0 });
    expect(promptFrame(view(`${full}y`, { size }))).toMatchObject({ cursorRow: 1, cursorColumn: 1 });
  });

  it('moves a wide character that does not fit to the next row', () => {
    const almost = 'x'.repeat(size.columns - 13);
    const { rows: shown } = promptFrame(view(`${almost}漢`, { size }));
    expect(shown.map((row) => row.width)).toEqual([size.columns - 1, 2]);
  });

  it('shows the rest of a suggestion behind the cursor, no further than the row', () => {
    const suggestion = `show ${'y'.repeat(300)}`;
    const shown = promptFrame(view('show', { size, suggestion, theme: THEMES.dark }));
    expect(shown.rows).toHaveLength(1);
    expect(shown.rows[0]?.width).toBeLessThan(size.columns);
    expect(shown.rows[0]?.text).toContain('…');
    expect(shown.cursorColumn).toBe(16);
  });

  it('shows no suggestion that could not be told from the text', () => {
    expect(rows(view('show', { size, suggestion: 'show maps' }))).toEqual(['netsh ebpf> show']);
  });

  it('shows completions with their help', () => {
    const shown = view('show ', { size });
    const menu = { items: MENU, selected: 1, original: { text: 'show ', cursor: 5 } };
    const lines = rows({ ...shown, editor: { ...shown.editor, menu } });
    expect(lines.slice(0, 3)).toEqual([
      'netsh ebpf> show ',
      '  disassembly   Shows disassembly of an eBPF program.',
      '> sections      Shows sections of an eBPF file.',
    ]);
    expect(lines[3]?.endsWith('…')).toBe(size === SMALL);
    for (const line of lines) expect(textWidth(line)).toBeLessThan(size.columns);
  });

  it('shows a window of many completions and how many there are', () => {
    const items = Array.from({ length: 30 }, (_, index) => completion(`item${index}`, ''));
    const shown = view('show ', { size });
    const lines = rows({ ...shown, editor: { ...shown.editor, menu: { items, selected: 20, original: shown.editor } } });
    expect(lines).toHaveLength(10);
    expect(lines[5]).toBe('> item20');
    expect(lines[9]).toBe('  21 of 30, Tab for the next');
  });

  it('shows what a history search finds', () => {
    const context = { history: ['show sections a.o', 'count', 'show sections b.o'], suggestion: undefined };
    const started = pressKey(createEditor(), { kind: 'chord', chord: 'C-r' }, context).state;
    const { state } = pressKey(started, { kind: 'text', text: 'sec' }, context);
    expect(rows(view('', { size, editor: state }))).toEqual([
      'netsh ebpf> show sections b.o',
      'history search: sec_  (1 of 2; Enter runs, Tab edits, Escape goes back)',
      '> show sections b.o',
      '  show sections a.o',
    ]);
    const nothing = pressKey(state, { kind: 'text', text: 'zz' }, context).state;
    expect(rows(view('', { size, editor: nothing }))[1]).toContain('no match');
  });

  it('shows a hint, then the status line', () => {
    expect(rows(view('show', { size, hint: 'show sections [filename=]<string>\nAn object file.', status: 'ebpf | windows' }))).toEqual([
      'netsh ebpf> show',
      'show sections [filename=]<string>',
      'An object file.',
      'ebpf | windows',
    ]);
  });

  it('never takes more rows than the screen has, and always shows the cursor', () => {
    const long = view('x'.repeat(size.columns * (size.rows + 5)), { size, status: 'status' });
    for (const cursor of [0, size.columns * 3, long.editor.text.length]) {
      const shown = promptFrame({ ...long, editor: { ...long.editor, cursor } });
      expect(shown.rows).toHaveLength(size.rows);
      expect(shown.cursorRow).toBeGreaterThanOrEqual(0);
      expect(shown.cursorRow).toBeLessThan(size.rows);
    }
  });

  it('leaves nothing but the line in the scrollback', () => {
    const shown = view('show ', { size, hint: 'hint', status: 'status', suggestion: 'show x' });
    const menu = { items: MENU, selected: -1, original: shown.editor };
    const entered = enteredFrame({ ...shown, editor: { ...shown.editor, menu } });
    expect(entered.rows.map((row) => row.text)).toEqual(['netsh ebpf> show ']);
  });

  it('shows progress on one row', () => {
    const { rows: shown } = progressFrame({ title: `samples/${'long'.repeat(60)}.o`, done: 3, total: 12 }, 3000, true, NO_THEME, size);
    expect(shown).toHaveLength(1);
    expect(shown[0]?.width).toBeLessThan(size.columns);
    expect(shown[0]?.text.startsWith('[#####               ] samples/')).toBe(true);
  });

  it('says how not to wait, where that is possible', () => {
    const text = (progress: Progress, canLeave: boolean) => progressFrame(progress, 3000, canLeave, NO_THEME, size).rows[0]?.text;
    expect(text({ title: 'waiting for a change' }, true)).toBe('waiting for a change (Ctrl-B: background)');
    expect(text({ title: 'waiting for a change' }, false)).toBe('waiting for a change');
    expect(text({ title: 'x', done: 4 }, false)).toBe('x: 4 done, 3 s');
  });
});

describe('a terminal of three columns', () => {
  it('is too small for everything and still shows the cursor', () => {
    const size = { columns: 3, rows: 2 };
    const shown = view('show', { size, hint: 'hint', status: 'status' });
    const menu = { items: MENU, selected: 0, original: shown.editor };
    for (const editor of [shown.editor, { ...shown.editor, menu }]) {
      const drawn = promptFrame({ ...shown, editor });
      expect(drawn.rows.length).toBeLessThanOrEqual(2);
      expect(drawn.cursorRow).toBeLessThan(2);
    }
    expect(progressFrame({ title: 'x', done: 1, total: 2 }, 10, true, NO_THEME, size).rows[0]?.width).toBeLessThan(3);
  });
});

describe('colors', () => {
  it('follow the spans and end with them', () => {
    const spans = [
      { start: 0, end: 4, role: 'command' as const },
      { start: 5, end: 8, role: 'unknown' as const },
    ];
    expect(rows(view('show xyz 1', { spans, theme: THEMES.dark }))).toEqual([
      '\u001b[1;36mnetsh ebpf> \u001b[0m\u001b[92mshow\u001b[0m \u001b[91mxyz\u001b[0m 1',
    ]);
  });

  it('start again on the next row', () => {
    const text = 'x'.repeat(70);
    const shown = rows(view(text, { spans: [{ start: 0, end: 70, role: 'value' }], theme: THEMES.dark }));
    expect(shown[0]?.endsWith('x\u001b[0m')).toBe(true);
    expect(shown[1]).toBe('\u001b[93mxx\u001b[0m');
  });
});

describe('progress', () => {
  it.each([
    ['unknown total', { title: 'replay', done: 7 }, 2000, 'replay: 7 done, 2 s'],
    ['nothing done yet', { title: 'verify', done: 0, total: 9 }, 2000, 'verify: 0 of 9'],
    ['time left', { title: 'verify', done: 3, total: 9 }, 3000, 'verify: 3 of 9, 6 s left'],
    ['all done', { title: 'verify', done: 9, total: 9 }, 3000, 'verify: 9 of 9'],
  ])('%s', (_name, progress, elapsed, text) => {
    expect(progressText(progress, elapsed)).toBe(text);
  });

  it.each([
    [0.4, '0 s'],
    [59, '59 s'],
    [61, '1 min 1 s'],
    [3600 * 2 + 60 * 5 + 1, '2 h 5 min'],
  ])('%d seconds', (seconds, text) => {
    expect(duration(seconds)).toBe(text);
  });
});
