/** The line that tells how far a running command is. */
import { progressText } from '../../contexts/render/progress.ts';
import type { Progress } from '../../contexts/session-types.ts';
import type { Frame, Size } from './frame.ts';
import { nextBoundary, padEnd, printable, textWidth, truncate } from './text.ts';
import type { Theme } from './theme.ts';
import { paint } from './theme.ts';

const BAR_COLUMNS = 20;
const MIN_BAR_COLUMNS = 8;
/** Who waits this long (milliseconds) is told how not to. */
const HINT_AFTER = 1500;
const HINT = ' (Ctrl-B: background)';

/**
 * A bar where there is room for one, then the words. One row, never wider than the screen.
 *
 * @param canLeave the command can be sent to the background.
 */
export function progressFrame(progress: Progress, elapsed: number, canLeave: boolean, theme: Theme, size: Size): Frame {
  const said = printable(progressText(progress, elapsed));
  const { done = 0, total } = progress;
  const roomy = size.columns >= BAR_COLUMNS * 3 && total !== undefined && total > 0;
  // The bar makes room for the hint.
  const spare = size.columns - 1 - said.length - HINT.length - 3;
  const hint = canLeave && elapsed > HINT_AFTER && (roomy ? spare >= MIN_BAR_COLUMNS : spare >= 0);
  const columns = hint ? Math.min(BAR_COLUMNS, spare) : BAR_COLUMNS;
  const filled = roomy ? Math.min(columns, Math.floor((done / total) * columns)) : 0;
  const bar = roomy ? `[${padEnd('#'.repeat(filled), columns)}] ` : '';
  const words = hint ? said + HINT : said;
  const text = truncate(`${bar}${words}`, size.columns - 1);
  return {
    rows: [{ text: paint(theme, 'progress', text), width: textWidth(text) }],
    cursorRow: 0,
    cursorColumn: Math.min(textWidth(text), size.columns - 1),
  };
}

/** The end of what is typed while a command runs, as far as one row shows it. */
export function aheadFrame(text: string, theme: Theme, size: Size): Frame {
  const room = Math.max(1, size.columns - 1);
  let shown = printable(text);
  while (textWidth(shown) > room) shown = shown.slice(nextBoundary(shown, 0));
  const width = textWidth(shown);
  return { rows: [{ text: paint(theme, 'text', shown), width }], cursorRow: 0, cursorColumn: width };
}
