import { setTimeout as pause } from 'node:timers/promises';
import { defineCommand } from '../command.ts';
import { machineOf } from '../runtime.ts';
import type { TraceLine } from '../runtime-trace.ts';

/** Milliseconds between two looks at what other processes trace. */
const INTERVAL = 100;

export const command = defineCommand({
  tags: [
    { name: 'follow', type: ['no', 'yes'], help: 'yes: waits for new lines until Ctrl-C.\nThe default is no.' },
    { name: 'lines', type: 'integer', named: true, help: 'How many of the last lines are shown.\nThe default is all that are kept.' },
  ],
  remarks: 'What programs printed with bpf_printk, also those of other processes. The oldest lines are forgotten.',
  examples: ['show trace', 'show trace lines=10', 'show trace follow=yes'],
  async run(tags, environment) {
    const machine = machineOf(environment);
    const lines = await machine.transaction(() => machine.traceLines());
    const shown = tags.lines === undefined ? lines : lines.slice(Math.max(0, lines.length - tags.lines));
    if (tags.follow !== 'yes') return shown;
    environment.write(shown.map(traceText).join(''), 'stdout');
    let last = lines.at(-1);
    while (!environment.signal.aborted) {
      await pause(INTERVAL, undefined, { signal: environment.signal });
      const now = machine.traceLines();
      const seen = last === undefined ? -1 : now.findLastIndex((line) => sameLine(line, last!));
      environment.write(
        now
          .slice(seen + 1)
          .map(traceText)
          .join(''),
        'stdout',
      );
      last = now.at(-1) ?? last;
    }
    return [];
  },
  text: (lines) => lines.map(traceText).join(''),
  json: (lines) => ({ schema: 1, lines: lines.map(({ time, ...line }) => ({ ...line, nanoseconds: String(time) })) }),
});

function sameLine(a: TraceLine, b: TraceLine): boolean {
  return a.time === b.time && a.text === b.text && a.program === b.program;
}

/** `[3] 1760.191000123 hello: Hello, world`. */
export function traceText({ time, cpu, program, text }: TraceLine): string {
  const seconds = `${time / 1_000_000_000n}.${String(time % 1_000_000_000n).padStart(9, '0')}`;
  return `[${cpu}] ${seconds} ${program}: ${text}\n`;
}
