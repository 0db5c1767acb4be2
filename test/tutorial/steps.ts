import { expect, it } from 'vitest';
import { ebpfsh } from '../end-to-end/bin.ts';

/** One netsh command of a tutorial and what a reader must find in its answer, whatever the pages show. */
export interface TutorialStep {
  /** Without `netsh`; the same words follow `ebpfsh`. */
  readonly line: string;
  /** Lines of the answer, both streams, in this order; a text is part of a line. */
  readonly finds: readonly (string | RegExp)[];
  /** What must not be said. */
  readonly without?: string;
  readonly exitCode?: number;
}

/** Runs steps through the built bin, a test each. */
export function playSteps(steps: readonly TutorialStep[]): void {
  for (const { line, finds, without, exitCode = 0 } of steps) {
    it(line, () => {
      const finished = ebpfsh(line.split(' '));
      const lines = `${finished.stdout}${finished.stderr}`.split('\n');
      let from = 0;
      for (const wanted of finds) {
        const at = lines.findIndex((text, index) => index >= from && (typeof wanted === 'string' ? text.includes(wanted) : wanted.test(text)));
        expect(at, `${wanted} in\n${lines.slice(from).join('\n')}`).toBeGreaterThanOrEqual(0);
        from = at + 1;
      }
      if (without !== undefined) expect(lines.join('\n')).not.toContain(without);
      expect(finished.exitCode).toBe(exitCode);
      // What fails is said on standard error, what succeeds on standard output.
      expect(exitCode === 0 ? finished.stderr : finished.stdout).toBe('');
    });
  }
}
