import { readFileSync } from 'node:fs';
import { codeOf } from './files.ts';
import type { ProcessTable } from './lock.ts';

/** Start time of a process in clock ticks since boot, where /proc tells it; '' elsewhere. */
function startTime(pid: number): string {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The second field, the name in parentheses, may contain blanks: count from behind it. Start time is field 22.
    return text.slice(text.lastIndexOf(')') + 2).split(' ')[19] ?? '';
  } catch {
    return '';
  }
}

/** The processes of this machine. `signal` sends signal 0: it throws ESRCH when there is no such process (process.kill). */
export function systemProcesses(pid: number, signal: (pid: number) => void): ProcessTable {
  return {
    pid,
    identity: startTime(pid),
    alive(other, identity) {
      try {
        signal(other);
      } catch (error) {
        // EPERM: it runs, as another user.
        if (codeOf(error) === 'ESRCH') return false;
      }
      const current = startTime(other);
      return identity === '' || current === '' || current === identity;
    },
  };
}
