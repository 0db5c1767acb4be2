/** The line that tells how far a running command is. */
import type { Progress } from '../../contexts/session-types.ts';
import type { Frame, Size } from './frame.ts';
import { nextBoundary, padEnd, printable, textWidth, truncate } from './text.ts';
import type { Theme } from './theme.ts';
import { paint } from './theme.ts';

const BAR_COLUMNS = 20;
const MINUTE = 60;
const HOUR = 60 * MINUTE;

/** Seconds in the two largest units that say something: `7 s`, `2 min 5 s`, `1 h 4 min`. */
export function duration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < MINUTE) return `${whole} s`;
  if (whole < HOUR) return `${Math.floor(whole / MINUTE)} min ${whole % MINUTE} s`;
  return `${Math.floor(whole / HOUR)} h ${Math.floor((whole % HOUR) / MINUTE)} min`;
}

/** What the progress line says: title, done of total, and the time left at the pace so far. `elapsed` in milliseconds. */
export function progressText(progress: Progress, elapsed: number): string {
  const { title, done, total } = progress;
  const spent = elapsed / 1000;
  if (total === undefined || total <= 0) return `${title}: ${done} done, ${duration(spent)}`;
  const left = done > 0 && done < total ? `, ${duration((spent / done) * (total - done))} left` : '';
  return `${title}: ${done} of ${total}${left}`;
}

/** A bar where there is room for one, then the words. One row, never wider than the screen. */
export function progressFrame(progress: Progress, elapsed: number, theme: Theme, size: Size): Frame {
  const words = printable(progressText(progress, elapsed));
  const { done, total } = progress;
  const roomy = size.columns >= BAR_COLUMNS * 3 && total !== undefined && total > 0;
  const filled = roomy ? Math.min(BAR_COLUMNS, Math.floor((done / total) * BAR_COLUMNS)) : 0;
  const bar = roomy ? `[${padEnd('#'.repeat(filled), BAR_COLUMNS)}] ` : '';
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
