/** Long output on a screen of its own, with search: the keys of `less`. */
import { Box, render, Text, useApp, useInput } from 'ink';
import { useEffect, useState } from 'react';
import type { Size } from './frame.ts';
import type { PagerKey, PagerState } from './pager-model.ts';
import { FIRST_PAGE, matches, pagerKey, pagerSearch, pagerText } from './pager-model.ts';
import type { TerminalStreams } from './terminal.ts';
import { graphemes, truncate } from './text.ts';

type InkKey = Parameters<Parameters<typeof useInput>[0]>[1];

const NAMED: readonly (readonly [keyof InkKey, PagerKey])[] = [
  ['downArrow', 'down'],
  ['return', 'down'],
  ['upArrow', 'up'],
  ['pageDown', 'page-down'],
  ['pageUp', 'page-up'],
  ['home', 'top'],
  ['end', 'bottom'],
  ['leftArrow', 'left'],
  ['rightArrow', 'right'],
];

/** The part of a line that is on screen. */
function visible(line: string, left: number, columns: number): string {
  if (left === 0) return truncate(line, columns);
  const start = graphemes(line)[left]?.start;
  return start === undefined ? '' : truncate(line.slice(start), columns);
}

function footer(state: PagerState, count: number, height: number): string {
  if (state.typing !== undefined) return `/${state.typing}_`;
  const last = Math.min(count, state.top + height);
  const percent = Math.floor((last / count) * 100);
  const note = state.note === '' ? 'Space page, / search, n next, q back' : state.note;
  return `lines ${state.top + 1}-${last} of ${count} (${percent}%)  ${note}`;
}

export interface PagerViewProps {
  readonly lines: readonly string[];
  readonly state: PagerState;
  /** Rows of text and one of footer are drawn: one less than the screen, where Ink redraws without clearing it. */
  readonly size: Size;
  readonly color: boolean;
}

/** One screenful. */
export function PagerView({ lines, state, size, color }: PagerViewProps) {
  const height = pageHeight(size);
  const shown = lines.slice(state.top, state.top + height).map((line, index) => ({ line, number: state.top + index }));
  return (
    <Box flexDirection="column" width={size.columns} height={height + 1}>
      {shown.map(({ line, number }) => (
        <Text key={number} wrap="truncate" bold={color && matches(line, state.pattern)}>
          {!color && matches(line, state.pattern)
            ? `* ${visible(line, state.left, size.columns - 2)}`
            : visible(line, state.left, size.columns) || ' '}
        </Text>
      ))}
      <Box flexGrow={1} />
      <Text inverse={color} wrap="truncate">
        {footer(state, lines.length, height)}
      </Text>
    </Box>
  );
}

/** Lines of text on a screen of this size. */
export function pageHeight(size: Size): number {
  return Math.max(1, size.rows - 2);
}

interface PagerProps {
  readonly lines: readonly string[];
  readonly color: boolean;
  readonly size: Size;
  readonly initial: PagerState;
  readonly onChange: (state: PagerState) => void;
}

/** The next state after a key or a piece of text, as Ink hands them over. */
function pressed(state: PagerState, input: string, key: InkKey, lines: readonly string[], height: number): PagerState {
  const givesUp = key.escape || (key.ctrl && input === 'c');
  if (state.typing !== undefined) {
    if (key.return) return pagerSearch(state, lines, height);
    if (givesUp) return { ...state, typing: undefined };
    if (key.backspace || key.delete) return { ...state, typing: state.typing.slice(0, -1) };
    return pagerText(state, input, lines, height);
  }
  if (givesUp) return pagerKey(state, 'quit', lines, height);
  const name = NAMED.find(([flag]) => key[flag] === true)?.[1];
  return name === undefined ? pagerText(state, input, lines, height) : pagerKey(state, name, lines, height);
}

/** The pager with its keys; `q`, Escape and Ctrl-C leave it. */
function Pager({ lines, color, size, initial, onChange }: PagerProps) {
  const { exit } = useApp();
  const height = pageHeight(size);
  const [state, setState] = useState(initial);
  useInput((input, key) => setState((now) => pressed(now, input, key, lines, height)));
  useEffect(() => {
    onChange(state);
    if (state.done) exit();
  }, [state, onChange, exit]);
  return <PagerView lines={lines} state={state} size={size} color={color} />;
}

/** The screen that full-screen programs use; the scrollback stays as it is. */
const ENTER_ALTERNATE = '\u001b[?1049h';
const LEAVE_ALTERNATE = '\u001b[?1049l';
const CLEAR = '\u001b[H\u001b[2J';
/** How long a window keeps its size before the page is drawn for it (milliseconds). */
const RESIZE_REST = 40;

/**
 * Shows one page size until the person goes back (`done`) or the window changes.
 * Ink redraws over a frame of another size with leftovers, so a new size gets a new view and a clear screen.
 */
async function showUntilResize(
  lines: readonly string[],
  streams: TerminalStreams,
  color: boolean,
  initial: PagerState,
): Promise<{ state: PagerState; resized: boolean }> {
  const { input, output } = streams;
  const size: Size = { columns: output.columns || 80, rows: output.rows || 24 };
  let state: PagerState = { ...initial, top: Math.max(0, Math.min(initial.top, lines.length - pageHeight(size))) };
  let resized = false;
  let timer: NodeJS.Timeout | undefined;
  const onChange = (next: PagerState) => {
    state = next;
  };
  output.write(CLEAR);
  const view = render(<Pager lines={lines} color={color} size={size} initial={state} onChange={onChange} />, {
    stdin: input,
    stdout: output,
    exitOnCtrlC: false,
    patchConsole: false,
  });
  const onResize = () => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      resized = true;
      view.unmount();
    }, RESIZE_REST);
  };
  output.on('resize', onResize);
  await view.waitUntilExit();
  output.off('resize', onResize);
  clearTimeout(timer);
  view.cleanup();
  return { state, resized };
}

/** Shows `lines` until the person goes back. The terminal must be in its normal modes, and is afterwards. */
export async function showPager(lines: readonly string[], streams: TerminalStreams, color: boolean): Promise<void> {
  const leave = () => streams.output.write(LEAVE_ALTERNATE);
  process.on('exit', leave);
  streams.output.write(ENTER_ALTERNATE);
  try {
    let shown = { state: FIRST_PAGE, resized: true };
    while (shown.resized && !shown.state.done) shown = await showUntilResize(lines, streams, color, shown.state);
  } finally {
    leave();
    process.off('exit', leave);
  }
}
