/** Long output on a screen of its own, with search: the keys of `less`. */
import { Box, render, Text, useApp, useInput, useStdout } from 'ink';
import { useEffect, useState } from 'react';
import type { Size } from './frame.ts';
import type { PagerKey, PagerState } from './pager-model.ts';
import { FIRST_PAGE, matches, pagerKey, pagerSearch, pagerText } from './pager-model.ts';
import type { TerminalStreams } from './terminal.ts';
import { graphemes, printable, truncate } from './text.ts';
import { sizeOf, useSize } from './use-size.ts';

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
}

/** The next state after a key or a piece of text, as Ink hands them over. */
function pressed(state: PagerState, input: string, key: InkKey, lines: readonly string[], height: number): PagerState {
  if (key.ctrl && input === 'c') return pagerKey(state, 'quit', lines, height);
  if (state.typing !== undefined) {
    if (key.return) return pagerSearch(state, lines, height);
    if (key.escape) return { ...state, typing: undefined };
    if (key.backspace || key.delete) return { ...state, typing: state.typing.slice(0, -1) };
    return pagerText(state, printable(input), lines, height);
  }
  if (key.escape) return pagerKey(state, 'quit', lines, height);
  const name = NAMED.find(([flag]) => key[flag] === true)?.[1];
  return name === undefined ? pagerText(state, input, lines, height) : pagerKey(state, name, lines, height);
}

/** The pager with its keys; `q`, Escape and Ctrl-C leave it. */
export function Pager({ lines, color }: PagerProps) {
  const { exit } = useApp();
  const size = useSize();
  const [state, setState] = useState(FIRST_PAGE);
  const { stdout } = useStdout();
  // The size is asked at the key: Ink renews this function a moment after a resize, and a key may come in between.
  useInput((input, key) => setState((now) => pressed(now, input, key, lines, pageHeight(sizeOf(stdout)))));
  useEffect(() => {
    if (state.done) exit();
  }, [state.done, exit]);
  return <PagerView lines={lines} state={state} size={size} color={color} />;
}

/** The screen that full-screen programs use; the scrollback stays as it is. */
const ENTER_ALTERNATE = '\u001b[?1049h\u001b[H';
const LEAVE_ALTERNATE = '\u001b[?1049l';

/** Shows `lines` until the person goes back. The terminal must be in its normal modes, and is afterwards. */
export async function showPager(lines: readonly string[], streams: TerminalStreams, color: boolean): Promise<void> {
  const { input, output } = streams;
  const leave = () => output.write(LEAVE_ALTERNATE);
  process.on('exit', leave);
  output.write(ENTER_ALTERNATE);
  try {
    const view = render(<Pager lines={lines} color={color} />, { stdin: input, stdout: output, exitOnCtrlC: false, patchConsole: false });
    await view.waitUntilExit();
    view.cleanup();
  } finally {
    leave();
    process.off('exit', leave);
  }
}
