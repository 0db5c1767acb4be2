/** What the debugger's screen looks like: a pure function from what there is to show, and how large the screen is, to rows of text. */
import { NOTHING_EXPLORED } from '../../src/explain/session.ts';
import type { NumberedFailure } from '../../src/explain/views.ts';
import type { Row, Size } from '../repl/frame.ts';
import { truncate } from '../repl/text.ts';
import type { Role, Theme } from '../repl/theme.ts';
import { helpLines } from './help.ts';
import { baseName, type Content, sourceContent, stateContent, stepsContent } from './panes.ts';
import type { Outline, Snapshot } from './snapshot.ts';
import { columnsOf, EMPTY_LINE, filled, inRole, type Line, line, lineWidth, paintLine, span, wrappedLine, wrapWords } from './spans.ts';
import { type Answer, type Pane, TYPING_LABEL, type Ui } from './ui.ts';

/** Everything the screen is made of. */
export interface DebuggerView {
  readonly snapshot: Snapshot;
  /** Undefined until it is ready. */
  readonly outline: Outline | undefined;
  readonly ui: Ui;
  readonly theme: Theme;
  readonly size: Size;
}

/** Narrower screens show one pane. */
const TWO_PANES = 64;
const THREE_PANES = 116;
/** Rows of the report, at least, on low and on high screens, and of what is long at most. */
const REPORT_ROWS = [3, 4] as const;
const REPORT_SHARE = 0.25;
const HIGH = 32;
const SEPARATOR = ' │ ';
/** Columns of a program's name that are left of it where there is no room. */
const SHORTEST_NAME = 8;
/** Smaller screens cannot hold the parts. */
const SMALLEST: Size = { columns: 30, rows: 8 };

/** One screenful: every row as wide as the screen. */
export function debuggerFrame(view: DebuggerView): readonly Row[] {
  const { columns, rows } = view.size;
  if (view.size.columns < SMALLEST.columns || view.size.rows < SMALLEST.rows)
    return Array.from({ length: rows }, (_, row) => paintLine(view.theme, filled(line(row === 0 ? 'The window is too small.' : ''), columns)));
  const bottom = bottomLines(view, columns, rows);
  const body = bodyLines(view, columns, rows - 1 - bottom.length);
  return [titleLine(view, columns), ...body, ...bottom].map((spans) => paintLine(view.theme, filled(spans, columns)));
}

// --- title -----------------------------------------------------------------------------------------------------------------------------------

/** What one stands at. Where it is too long for the screen, what is known anyway goes first; the verdict stays. */
function titleLine({ snapshot, outline }: DebuggerView, columns: number): Line {
  const { program, section, programType, platform, verdict, failures } = snapshot.title;
  const failed = failures === 0 ? '' : `, ${failures} failed ${failures === 1 ? 'check' : 'checks'}`;
  const assumed = snapshot.assumptions.length === 0 ? '' : `, ${snapshot.assumptions.length} assumed`;
  const judged = `  ${verdict}${failed}${assumed}`;
  const type = section === programType || program === programType ? '' : ` (${programType})`;
  const named = section === program ? '' : `  ${section}`;
  const words = stepWords(snapshot, outline);
  const shortest = SHORTEST_NAME + columnsOf(verdict) + 4;
  const right = ` ${columnsOf(words) + 2 + shortest <= columns ? words : words.replace(/,.*/, '')} `;
  const room = Math.max(0, columns - columnsOf(right));
  const ways = [`${named}${type} on ${platform}`, `${named}${type}`, named, ''].map((before) => before + judged);
  const fits = (rest: string, name: number) => name + columnsOf(rest) < room;
  const rest =
    ways.find((way) => fits(way, columnsOf(program))) ?? (fits(judged, Math.min(SHORTEST_NAME, columnsOf(program))) ? judged : `  ${verdict}`);
  const name = truncate(program, Math.max(SHORTEST_NAME, room - 1 - columnsOf(rest)));
  return inRole([...filled([span(` ${name}${rest}`)], room), span(right)], 'selected');
}

/** `step 7 of 12`; the end of an open path is not known, and behind a failure the path is open, too. */
export function stepWords({ step, followed }: Pick<Snapshot, 'step' | 'followed'>, outline: Outline | undefined): string {
  if (step === undefined) return 'nothing was explored';
  const here = step.index + 1;
  const last = followed === undefined ? undefined : outline?.events.at(-1);
  if (last === undefined || followed === undefined) return `step ${here}`;
  return here <= last.index + 1 ? `step ${here} of ${last.index + 1}` : `step ${here}, behind failure ${followed.number}`;
}

// --- panes -----------------------------------------------------------------------------------------------------------------------------------

interface Column {
  readonly pane: Pane;
  readonly width: number;
}

/** Which panes fit side by side; where not all do, the one with the focus is among them. */
export function paneColumns(columns: number, focus: Pane): readonly Column[] {
  const gap = SEPARATOR.length;
  if (columns < TWO_PANES) return [{ pane: focus, width: columns }];
  if (columns < THREE_PANES) {
    const state = Math.max(26, Math.min(44, Math.floor(columns * 0.38)));
    return [
      { pane: focus === 'steps' ? 'steps' : 'source', width: columns - state - gap },
      { pane: 'state', width: state },
    ];
  }
  const steps = Math.max(30, Math.min(48, Math.floor(columns * 0.23)));
  const state = Math.max(36, Math.min(70, Math.floor(columns * 0.3)));
  return [
    { pane: 'steps', width: steps },
    { pane: 'source', width: columns - steps - state - 2 * gap },
    { pane: 'state', width: state },
  ];
}

function bodyLines(view: DebuggerView, columns: number, rows: number): readonly Line[] {
  if (rows <= 0) return [];
  if (view.ui.answer?.kind === 'help') return helpBody(view.ui.answer, columns, rows);
  const panes = paneColumns(columns, view.ui.pane);
  const height = rows - 1;
  const contents = panes.map(({ pane, width }) => visible(contentOf(view, pane, width), height, pane === 'source' ? 0.4 : 0.3));
  return [
    headings(view, panes),
    ...Array.from({ length: height }, (_, row) => {
      return panes.flatMap(({ width }, index) => [
        ...(index === 0 ? [] : [{ text: SEPARATOR, role: 'status' as Role }]),
        ...filled(contents[index]![row] ?? EMPTY_LINE, width),
      ]);
    }),
  ];
}

function contentOf({ snapshot, outline, ui }: DebuggerView, pane: Pane, width: number): Content {
  if (pane === 'source') return sourceContent(snapshot, width);
  if (pane === 'state') return stateContent(snapshot, ui.selected, ui.pane === 'state', width);
  return stepsContent(snapshot, outline, ui.eventsOnly, width);
}

/** The part of a pane that is in sight: its focus stands at a fixed height where the content is longer than the pane. */
function visible({ lines, focus }: Content, height: number, at: number): readonly Line[] {
  const top = Math.max(0, Math.min(lines.length - height, focus - Math.floor(height * at)));
  return lines.slice(top, top + height);
}

const TITLES: Readonly<Record<Pane, (view: DebuggerView) => string>> = {
  source: ({ snapshot: { step, slice } }) =>
    [
      slice === undefined ? 'source' : `slice of ${slice.subject}, ${slice.instructions.length} of ${slice.total}`,
      ...(step?.source === undefined || step.source.line === 0 || slice !== undefined ? [] : [`${baseName(step.source.file)}:${step.source.line}`]),
      ...(step === undefined || step.depth === 0 ? [] : [`in ${step.function}`]),
    ].join(' '),
  state: ({ snapshot: { step } }) => (step === undefined ? 'state' : `state before ${step.pc}`),
  steps: ({ snapshot: { followed }, ui }) =>
    `${ui.eventsOnly ? (followed === undefined ? 'decisions' : `story of failure ${followed.number}`) : 'all steps'}`,
};

/** The rule above the panes with their names; the one with the focus stands in brackets. */
function headings(view: DebuggerView, panes: readonly Column[]): Line {
  return panes.flatMap(({ pane, width }, index) => {
    const focused = pane === view.ui.pane && panes.length > 1;
    const name = TITLES[pane](view);
    const title = focused ? `[${name}] ` : ` ${name}  `;
    const shown = truncate(title, Math.max(0, width - 1));
    const rule = '─'.repeat(Math.max(0, width - 1 - columnsOf(shown)));
    return [
      ...(index === 0 ? [] : [{ text: '─┬─', role: 'status' as Role }]),
      { text: '─', role: 'status' as Role },
      { text: shown, role: (focused ? 'prompt' : 'status') as Role },
      { text: rule, role: 'status' as Role },
    ];
  });
}

// --- below the panes -------------------------------------------------------------------------------------------------------------------------

/** Of the rows; questions are to be read whole. */
const ANSWER_SHARE: Readonly<Partial<Record<Answer['kind'], number>>> = { guide: 1 };

function bottomLines(view: DebuggerView, columns: number, rows: number): readonly Line[] {
  const { answer } = view.ui;
  const keys = keyLine(view, columns);
  if (answer?.kind === 'help') return [keys];
  if (answer === undefined) {
    const said = reportLines(view, columns);
    // Longer messages take rows from the panes, up to a share.
    const wanted = Math.max(REPORT_ROWS[rows >= HIGH ? 1 : 0], Math.min(said.length, Math.floor(rows * REPORT_SHARE)));
    const report = cutTo(said, wanted);
    return [rule('', columns), ...Array.from({ length: wanted }, (_, row) => report[row] ?? EMPTY_LINE), keys];
  }
  // The evidence above stays in sight.
  const share = ANSWER_SHARE[answer.kind] ?? (rows >= HIGH ? 0.55 : 0.62);
  const room = Math.max(3, Math.floor((rows - 3) * share));
  const margin = answer.lines.every((text) => columnsOf(text) < columns);
  const { rows: shown, lines } = answerRows(answer, columns, room, margin);
  const height = answer.top === 0 ? shown.length : Math.max(shown.length, Math.min(answer.lines.length, room));
  const more = lines < answer.lines.length ? `lines ${answer.top + 1}-${answer.top + lines} of ${answer.lines.length}, PgUp PgDn` : '';
  return [rule(answer.title, columns, more), ...Array.from({ length: height }, (_, row) => shown[row] ?? EMPTY_LINE), keys];
}

/** As many rows from the first line in sight as there is room for, longer lines broken, and how many lines of the answer those are. */
function answerRows(
  { lines, top }: Answer,
  columns: number,
  room: number,
  margin: boolean,
): { readonly rows: readonly Line[]; readonly lines: number } {
  const rows: Line[] = [];
  let shown = 0;
  for (const text of lines.slice(top)) {
    const indent = Math.min(/^ */.exec(text)![0].length + 2, columns >> 1);
    const broken = wrappedLine(answerLine(text, margin), columns, indent);
    if (rows.length > 0 && rows.length + broken.length > room) break;
    rows.push(...broken.slice(0, room));
    shown++;
  }
  return { rows, lines: shown };
}

/** The first lines; where more would follow, the last one says so. */
function cutTo(lines: readonly Line[], count: number): readonly Line[] {
  const last = lines[count - 1];
  return lines.length <= count || last === undefined ? lines : [...lines.slice(0, count - 1), [...last, { text: ' …', role: 'status' }]];
}

function rule(title: string, columns: number, right = ''): Line {
  const left: Line = title === '' ? [] : [{ text: '─ ', role: 'status' }, span(title, 'prompt'), { text: ' ', role: 'text' }];
  const tail: Line = right === '' ? [] : [span(` ${right} `, 'status')];
  const free = Math.max(0, columns - lineWidth(left) - lineWidth(tail) - (right === '' ? 0 : 1));
  return [...left, { text: '─'.repeat(free), role: 'status' }, ...tail, ...(right === '' ? [] : [{ text: '─', role: 'status' as Role }])];
}

/** How lines of answers look, by how they begin. */
const LOOKS: readonly (readonly [RegExp, Role])[] = [
  [/^\s+\+ /, 'command'],
  [/^\s+- /, 'error'],
  [/^;/, 'label'],
  [/^ *(?:FAILS|failure)\b/, 'error'],
  [/^ *(?:fix [A-Z]|verdict)\b/, 'label'],
  [/CONFIRMED BUG/, 'error'],
  [/^ *\(?\d+[).] /, 'label'],
];

/** @param margin whether every line leaves room for a blank in front. */
function answerLine(text: string, margin: boolean): Line {
  const role = LOOKS.find(([pattern]) => pattern.test(text))?.[1] ?? 'text';
  return [span(margin ? ` ${text}` : text, role)];
}

/** What there is to say at this point: what fails here, or how far it is to what fails. */
function reportLines(view: DebuggerView, columns: number): readonly Line[] {
  const { note } = view.ui;
  const said: (readonly [string, Role])[] = [...(note === '' ? [] : [[note, 'value'] as const]), ...pointWords(view.snapshot)];
  return said.flatMap(([text, role]) => wrapWords(text, columns - 3, 2).map((words): Line => [span(` ${words}`, role)]));
}

function pointWords({ step, followed, failures, title }: Snapshot): readonly (readonly [string, Role])[] {
  if (step === undefined) return [...failures.map((failure) => failureWords(failure, failures.length)), [NOTHING_EXPLORED, 'text']];
  if (step.failures.length > 0) return step.failures.map((failure) => failureWords(failure, failures.length));
  if (followed !== undefined) {
    const { id, instruction, message } = followed.failure;
    return [[`This is the way to failure ${followed.number}, ${id} at instruction ${instruction}: ${message}`, 'text']];
  }
  if (title.failures === 0) return [['The program passes. This is the path that the verifier took first.', 'text']];
  return [['This path is that of no failure; e goes to the next failed check.', 'text']];
}

function failureWords({ number, failure }: NumberedFailure, count: number): readonly [string, Role] {
  return [`${failure.severity === 'portability' ? 'Remark' : 'Failure'} ${number} of ${count}, ${failure.id}: ${failure.message}`, 'error'];
}

/** Key hints in the order in which they stand; the number tells which are dropped first where they do not all fit. */
const HINTS: readonly (readonly [string, number])[] = [
  ['j k step', 1],
  ['[ ] change', 10],
  ['w why', 4],
  ['c culprit', 9],
  ['f fix', 5],
  ['x attack', 7],
  ['G guide', 8],
  ['n join', 11],
  ['g goto', 12],
  ['/ search', 13],
  ['Tab pane', 6],
  ['? help', 3],
  ['q back', 2],
];
const ANSWER_HINTS: Readonly<Record<Answer['kind'], string>> = {
  text: 'q closes this, j k go on stepping',
  fix: 'A, B ... apply one, u undoes it, q closes this',
  guide: 'a digit answers, Backspace takes the answer back, q closes this',
  branch: 'a digit goes on over that way, q closes this',
  help: 'q closes this, PgUp PgDn',
};

function keyLine({ ui }: DebuggerView, columns: number): Line {
  if (ui.typing !== undefined) return [span(TYPING_LABEL[ui.typing.kind], 'prompt'), span(ui.typing.text), { text: '_', role: 'prompt' }];
  if (ui.busy !== undefined) return [span(` ${ui.busy}  (Ctrl-C stops)`, 'progress')];
  if (ui.answer !== undefined) return [ui.note === '' ? span(` ${ANSWER_HINTS[ui.answer.kind]}`, 'status') : span(` ${ui.note}`, 'value')];
  const kept = new Set<string>();
  let room = columns - 1;
  for (const [hint] of [...HINTS].sort(([, one], [, other]) => one - other)) {
    if (hint.length + 2 > room) break;
    kept.add(hint);
    room -= hint.length + 2;
  }
  return [span(` ${HINTS.flatMap(([hint]) => (kept.has(hint) ? [hint] : [])).join('  ')}`, 'status')];
}

function helpBody(answer: Answer, columns: number, rows: number): readonly Line[] {
  const all = helpLines(columns);
  const top = Math.max(0, Math.min(answer.top, all.length - (rows - 1)));
  const shown = all.slice(top, top + rows - 1);
  return [
    rule('keys and the commands that do the same', columns, all.length > rows - 1 ? `lines ${top + 1}-${top + shown.length} of ${all.length}` : ''),
    ...shown,
    ...Array.from({ length: Math.max(0, rows - 1 - shown.length) }, () => EMPTY_LINE),
  ];
}
