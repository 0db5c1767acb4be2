import type { FactChange } from '../../src/explain/diff.ts';
import type { SourceLine } from '../../src/explain/source.ts';
import type { JoinView, NumberedFailure } from '../../src/explain/views.ts';
import { sourceText } from '../render/disassembly.ts';
import { wrap } from '../render/wrap.ts';
import type { ShownStep } from './debugger.ts';

/** What stands under an instruction is indented like its text. */
export const INDENT = ' '.repeat(10);
export const WIDTH = 79;

/** `; file:line` and the line; nothing for code that belongs to no line. */
export function sourceBlock(source: SourceLine | undefined): string {
  return source === undefined || source.line === 0 ? '' : sourceText(source);
}

/** `       2: r2 = *(u8 *)(r1 + 9)`, with a mark in front where it is the current one. */
export function instructionLine(pc: number, text: string, mark = ''): string {
  return `${mark}${String(pc).padStart(8 - mark.length)}: ${wrap(text, WIDTH - INDENT.length, `${INDENT}    `)}`;
}

/** One instruction of the path: its source line where it changes, what it requires, and what it changes. */
export function stepText(step: ShownStep): string {
  const parts = [
    step.sourceChanged ? sourceBlock(step.source) : '',
    instructionLine(step.pc, step.text),
    step.join === undefined ? '' : joinText(step.join),
    ...step.requirements.map(({ words, holds, margin }) =>
      line(`${holds ? 'requires' : 'FAILS'}: ${words}${margin === undefined ? '' : ` (${margin})`}`),
    ),
    ...step.failures.map(failureText),
    step.decision?.choice === true ? line(step.decision.words) : '',
    step.assumed ? line('From here on this check is taken to hold, to find what else fails.') : '',
    changesText(step.changes ?? [], step.decision?.choice === true),
    step.end === undefined ? '' : line(step.end),
  ];
  return parts.join('');
}

/** A fact or sentence under its instruction, within 80 columns. */
function line(text: string): string {
  return wrap(text, WIDTH - INDENT.length, '  ').replaceAll(/^(?=.)/gm, INDENT);
}

export function failureText({ number, failure }: NumberedFailure): string {
  return line(`${failure.severity === 'portability' ? 'remark' : 'failure'} ${number}, ${failure.id}: ${failure.message}`);
}

function joinText({ ways, states, changes }: JoinView): string {
  const head = line(`join: ${count(ways, 'way leads', 'ways lead')} here, ${count(states, 'state is', 'states are')} kept`);
  return head + changes.map((change) => line(`merged: ${changeText(change, true)}`)).join('');
}

export function count(number: number, one: string, many: string): string {
  return `${number} ${number === 1 ? one : many}`;
}

/**
 * Changed facts, one a line; what became of several places alike stands together.
 *
 * @param old also say what was known before of things that merely changed.
 */
export function changesText(changes: readonly FactChange[], old: boolean): string {
  const lines: string[] = [];
  const together = new Map<string, string[]>();
  for (const change of changes) {
    if (change.change === 'lost' && change.kind === 'register') {
      const words = change.after ?? 'nothing known any more';
      const subjects = together.get(words);
      if (subjects === undefined) together.set(words, [change.subject]);
      else subjects.push(change.subject);
    } else {
      lines.push(line(changeText(change, old)));
    }
  }
  return [...[...together].map(([words, subjects]) => line(`${subjects.join(', ')}: ${words}`)), ...lines].join('');
}

/** `r1: packet + 0, 14 bytes proved (was packet + 0, 0 bytes proved)`. */
export function changeText({ change, subject, before, after }: FactChange, old: boolean): string {
  const was = before === undefined || (change === 'changed' && !old) ? '' : ` (was ${before})`;
  return `${subject}: ${after ?? 'nothing known any more'}${was}`;
}

/** Rows of cells in columns as wide as they need, within 80 columns: the last ones share what is left, and their words are broken. */
export function columns(rows: readonly (readonly string[])[]): string {
  const most = Math.max(...rows.map((row) => row.length));
  const natural = Array.from({ length: most }, (_, at) => Math.max(0, ...rows.map((row) => row[at]?.length ?? 0)));
  const widths: number[] = [];
  let left = WIDTH - 2 * most;
  for (let at = 0; at < most; at++) {
    // A column that needs less than its share leaves the rest to those behind it.
    const share = Math.floor(left / (most - at));
    const behind = natural.slice(at + 1).reduce((sum, width) => sum + Math.min(width, share), 0);
    widths.push(Math.min(natural[at]!, Math.max(share, left - behind)));
    left -= widths[at]!;
  }
  return rows.map((row) => rowText(row, widths)).join('');
}

function rowText(row: readonly string[], widths: readonly number[]): string {
  const cells = row.map((cell, at) => wrap(cell, Math.max(1, widths[at]!), '').trimEnd().split('\n'));
  const height = Math.max(...cells.map((lines) => lines.length));
  let text = '';
  for (let line = 0; line < height; line++)
    text += `${`  ${cells.map((lines, at) => (lines[line] ?? '').padEnd(widths[at]!)).join('  ')}`.trimEnd()}\n`;
  return text;
}
