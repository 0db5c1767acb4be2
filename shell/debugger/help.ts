/** The page of keys. */
import { debugContext } from '../../contexts/debug/index.ts';
import { KEYS } from './keys.ts';
import { filled, type Line, paragraph, span, wrappedLine } from './spans.ts';

const KEY_COLUMNS = 12;
const HELP_COLUMNS = 44;

/** Commands of the debugger that no key stands for. */
export function otherCommands(): readonly string[] {
  const keyed = new Set(KEYS.flatMap(({ command }) => command.split(', ').map((words) => words.split(' ')[0]!)));
  return debugContext.commands
    .map(({ words }) => words)
    .filter((words) => !keyed.has(words.split(' ')[0]!) && words !== 'screen')
    .toSorted();
}

/** One row per key. */
export function helpLines(columns: number): readonly Line[] {
  const rows = KEYS.map(
    ({ shown, help, command }): Line => [
      ...filled([span(` ${shown}`, 'prompt')], KEY_COLUMNS),
      ...filled([span(help)], Math.min(HELP_COLUMNS, Math.max(10, columns - KEY_COLUMNS - 22)) - 1),
      span(' '),
      span(command, 'command'),
    ],
  );
  const digits: Line = [
    ...filled([span(' 1 ... 9', 'prompt')], KEY_COLUMNS),
    ...filled([span('enter the block over that way; answer G, b')], HELP_COLUMNS),
    span('join 2, guide answer=2', 'command'),
  ];
  const back: Line = [
    ...filled([span(' Backspace', 'prompt')], KEY_COLUMNS),
    ...filled([span('take the last answer to G back')], HELP_COLUMNS),
    span('guide back', 'command'),
  ];
  const marks: Line = [span(' Marks: > here, ! fails, - never reached; + new, - lost, ~ different since the point before.', 'description')];
  const others = `Behind ":", without a key: ${otherCommands().join(', ')}. "help" and one of them explains it.`;
  return [...rows, digits, back, [], ...wrappedLine(marks, columns, 8), [], ...paragraph(` ${others}`, columns, 'description', 1)];
}
