/** What the prompt looks like: a pure function from what is being typed to rows of text. */
import type { Completion } from '../../contexts/session-types.ts';
import type { EditorState, Menu, Search } from './line-editor.ts';
import { graphemes, padEnd, printable, textWidth, truncate } from './text.ts';
import type { Role, Theme } from './theme.ts';
import { paint } from './theme.ts';

/** One row as written, and how many columns it takes. */
export interface Row {
  readonly text: string;
  readonly width: number;
}

/** Rows from top to bottom and where the cursor stands, both counted from 0. */
export interface Frame {
  readonly rows: readonly Row[];
  readonly cursorRow: number;
  readonly cursorColumn: number;
}

/** text[start, end) has this look. */
export interface Span {
  readonly start: number;
  readonly end: number;
  readonly role: Role;
}

export interface Size {
  readonly columns: number;
  readonly rows: number;
}

/** Everything that is on screen while a line is typed. */
export interface PromptView {
  readonly prompt: string;
  readonly editor: EditorState;
  readonly spans: readonly Span[];
  /** The whole suggested line. */
  readonly suggestion: string | undefined;
  /** A line of help below the input. */
  readonly hint: string | undefined;
  readonly status: string | undefined;
  readonly theme: Theme;
  readonly size: Size;
}

const MENU_ROWS = 8;
const LABEL_COLUMNS = 40;

interface Piece {
  readonly text: string;
  readonly role: Role;
}

/** Lays pieces out over rows of `columns`; `cursorAt` counts UTF-16 units over all pieces. */
function layOut(pieces: readonly Piece[], cursorAt: number, columns: number, theme: Theme): Frame {
  const rows: Row[] = [];
  let row = '';
  let run = '';
  let role: Role = 'text';
  let width = 0;
  let offset = 0;
  let cursor: { row: number; column: number } | undefined;
  const endRun = () => {
    row += paint(theme, role, run);
    run = '';
  };
  const endRow = () => {
    endRun();
    rows.push({ text: row, width });
    row = '';
    width = 0;
  };
  for (const piece of pieces) {
    endRun();
    role = piece.role;
    for (const grapheme of graphemes(piece.text)) {
      if (width + grapheme.width > columns) endRow();
      if (offset >= cursorAt) cursor ??= { row: rows.length, column: width };
      run += grapheme.text;
      width += grapheme.width;
      offset += grapheme.text.length;
    }
  }
  // A cursor behind a full row stands at the start of the next one, where the next letter will appear.
  if (cursor === undefined && width >= columns) endRow();
  cursor ??= { row: rows.length, column: width };
  endRow();
  return { rows, cursorRow: cursor.row, cursorColumn: cursor.column };
}

/** Cuts the text into pieces by look; what no span covers is plain. */
function coloured(text: string, spans: readonly Span[]): Piece[] {
  const pieces: Piece[] = [];
  let at = 0;
  for (const span of spans) {
    if (span.start < at || span.end > text.length || span.end <= span.start) continue;
    pieces.push({ text: text.slice(at, span.start), role: 'text' }, { text: text.slice(span.start, span.end), role: span.role });
    at = span.end;
  }
  pieces.push({ text: text.slice(at), role: 'text' });
  return pieces.filter((piece) => piece.text !== '');
}

/** The part of the suggestion that fits on the cursor's row. */
function ghost(view: PromptView, columnsUsed: number): string {
  const { text, cursor } = view.editor;
  if (view.suggestion === undefined || cursor !== text.length || !view.suggestion.startsWith(text)) return '';
  if (view.theme.suggestion === '') return '';
  const room = view.size.columns - 1 - (columnsUsed % view.size.columns);
  return truncate(view.suggestion.slice(text.length), room);
}

/** First index of a window of `length` that shows `selected`. */
function windowStart(count: number, selected: number, length: number): number {
  return Math.max(0, Math.min(count - length, selected - Math.floor(length / 2)));
}

function line(view: PromptView, role: Role, text: string): Row {
  const cut = truncate(printable(text), view.size.columns - 1);
  return { text: paint(view.theme, role, cut), width: textWidth(cut) };
}

function menuRow(view: PromptView, item: Completion, labelColumns: number, selected: boolean): Row {
  const mark = selected ? '> ' : '  ';
  const label = padEnd(truncate(printable(item.label), labelColumns), labelColumns);
  const room = view.size.columns - 1 - mark.length - labelColumns - 2;
  const description = truncate(printable(item.description), Math.max(0, room));
  const plain = `${mark}${label}  ${description}`.trimEnd();
  if (selected) return { text: paint(view.theme, 'selected', plain), width: textWidth(plain) };
  const text =
    description === ''
      ? paint(view.theme, 'label', plain)
      : `${paint(view.theme, 'label', `${mark}${label}`)}  ${paint(view.theme, 'description', description)}`;
  return { text, width: textWidth(plain) };
}

/** Completions, one a row with its help; a last row tells how many there are when not all fit. */
function menuRows(view: PromptView, menu: Menu, room: number): Row[] {
  const fits = menu.items.length <= Math.min(MENU_ROWS, room);
  const shown = fits ? menu.items.length : Math.max(1, Math.min(MENU_ROWS, room - 1));
  const start = windowStart(menu.items.length, menu.selected, shown);
  const items = menu.items.slice(start, start + shown);
  const labelColumns = Math.min(
    LABEL_COLUMNS,
    Math.max(1, view.size.columns - 4),
    Math.max(...menu.items.map((item) => textWidth(printable(item.label)))),
  );
  const rows = items.map((item, index) => menuRow(view, item, labelColumns, start + index === menu.selected));
  if (fits || room < 2) return rows;
  const position = menu.selected === -1 ? `${menu.items.length} choices` : `${menu.selected + 1} of ${menu.items.length}`;
  return [...rows, line(view, 'description', `  ${position}, Tab for the next`)];
}

/** Matches around the chosen one, newest first, below what is searched for. */
function searchRows(view: PromptView, search: Search, room: number): Row[] {
  const count = search.matches.length;
  const position = count === 0 ? 'no match' : `${search.selected + 1} of ${count}`;
  const head = line(
    view,
    count === 0 ? 'error' : 'status',
    `history search: ${search.query}_  (${position}; Enter runs, Tab edits, Escape goes back)`,
  );
  const shown = Math.min(count, MENU_ROWS, Math.max(0, room - 1));
  const start = windowStart(count, search.selected, shown);
  const rows = search.matches.slice(start, start + shown).map((match, index) => {
    const selected = start + index === search.selected;
    return line(view, selected ? 'selected' : 'label', `${selected ? '> ' : '  '}${match}`);
  });
  return [head, ...rows];
}

function rowsBelow(view: PromptView, room: number): Row[] {
  if (room <= 0) return [];
  const { menu, search } = view.editor;
  const rows: Row[] = [];
  if (search !== undefined) rows.push(...searchRows(view, search, room));
  else if (menu !== undefined) rows.push(...menuRows(view, menu, room));
  else if (view.hint !== undefined) rows.push(...view.hint.split('\n').map((text) => line(view, 'description', text)));
  if (view.status !== undefined && rows.length < room) rows.push(line(view, 'status', view.status));
  return rows.slice(0, room);
}

/** The rows that show the cursor, where the input alone is taller than the screen. */
function clip(frame: Frame, rows: number): Frame {
  if (frame.rows.length <= rows) return frame;
  const start = Math.min(frame.rows.length - rows, Math.max(0, frame.cursorRow - rows + 1));
  return { ...frame, rows: frame.rows.slice(start, start + rows), cursorRow: frame.cursorRow - start };
}

/** The whole prompt: input over as many rows as it needs, then menu, search, hint and status line as far as they fit. */
export function promptFrame(view: PromptView): Frame {
  const { editor, size, theme } = view;
  const match = editor.search?.matches[editor.search.selected];
  const text = match ?? editor.text;
  const cursor = match === undefined ? editor.cursor : match.length;
  const input: Piece[] = [{ text: view.prompt, role: 'prompt' }, ...coloured(text, match === undefined ? view.spans : [])];
  const rest = editor.menu === undefined && editor.search === undefined ? ghost(view, textWidth(view.prompt) + textWidth(text)) : '';
  if (rest !== '') input.push({ text: rest, role: 'suggestion' });
  const body = clip(layOut(input, view.prompt.length + cursor, size.columns, theme), Math.max(1, size.rows));
  return { ...body, rows: [...body.rows, ...rowsBelow(view, size.rows - body.rows.length)] };
}

/** What stays in the scrollback when a line is entered: the input alone, without suggestion, menu or status. */
export function enteredFrame(view: PromptView): Frame {
  const editor: EditorState = { ...view.editor, menu: undefined, search: undefined, cursor: view.editor.text.length };
  const bare = promptFrame({ ...view, editor, suggestion: undefined, hint: undefined, status: undefined });
  return { ...bare, cursorRow: bare.rows.length - 1 };
}
