import type { Progress } from '../session-types.ts';

const MINUTE = 60;
const HOUR = 60 * MINUTE;

/** Seconds in the two largest units that say something: `7 s`, `2 min 5 s`, `1 h 4 min`. */
export function duration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < MINUTE) return `${whole} s`;
  if (whole < HOUR) return `${Math.floor(whole / MINUTE)} min ${whole % MINUTE} s`;
  return `${Math.floor(whole / HOUR)} h ${Math.floor((whole % HOUR) / MINUTE)} min`;
}

/** How far a command is, in words: done of total, and the time left at the pace so far. `elapsed` in milliseconds. */
export function progressText({ title, done, total }: Progress, elapsed: number): string {
  if (done === undefined) return title;
  const spent = elapsed / 1000;
  if (total === undefined || total <= 0) return `${title}: ${done} done, ${duration(spent)}`;
  const left = done > 0 && done < total ? `, ${duration((spent / done) * (total - done))} left` : '';
  return `${title}: ${done} of ${total}${left}`;
}
