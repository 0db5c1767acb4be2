import type { Explanation, ToldEvent } from '../../src/explain/report.ts';
import { row } from './rows.ts';
import { wrap } from './wrap.ts';

const INDENT = '    ';
const WIDTH = 79;
/** Longest part of a source line that is shown with a mark under it. */
const SOURCE_WIDTH = 70;

/** The failing line with marks under the failing expression; nothing where line information has no columns. */
export function expressionText({ source, expression }: Explanation): string {
  if (source === undefined || expression === undefined) return '';
  const text = source.text.replaceAll('\t', ' ');
  const margin = text.length - text.trimStart().length;
  const from = Math.max(margin, Math.min(expression.start - 10, text.trimEnd().length - SOURCE_WIDTH));
  const shown = text.slice(from, from + SOURCE_WIDTH).trimEnd();
  const start = expression.start - from;
  const marks = '^'.repeat(Math.max(1, Math.min(expression.length, shown.length - start)));
  return start < 0 || start >= shown.length ? '' : `${INDENT}${shown}\n${INDENT}${' '.repeat(start)}${marks}\n`;
}

/**
 * Why a check fails, under its classic lines: what is required, what is established, what is missing, and the numbered story.
 *
 * @param compact each event on one line, without its line of source.
 */
export function explanationText({ required, established, missing, story, skipped }: Explanation, compact = false): string {
  const rows = [
    ...required.map((words) => row('required', words)),
    ...established.map((words) => row('established', words)),
    ...(missing === undefined ? [] : [row('missing', missing)]),
  ];
  // Where nothing led to it, that it fails here goes without saying.
  if (story.length < 2) return rows.join('');
  const before = skipped === 0 ? '' : `${INDENT}    ... ${skipped} more\n`;
  const [first, ...others] = story.map((event, index) => (compact ? compactText(event, index + 1) : eventText(event, index + 1)));
  return `${rows.join('')}${first ?? ''}${before}${others.join('')}`;
}

const RECEIVED = { accepts: 'accepts it', rejects: 'rejects it', depends: 'may accept it' } as const;

/** How other verifiers take programs with this mistake. */
export function portabilityText({ portable }: Explanation): string {
  if (portable === undefined) return '';
  const { linux, windows } = portable;
  return row(
    'portable',
    linux === windows
      ? `Linux and eBPF for Windows both ${linux === 'accepts' ? 'accept it' : linux === 'rejects' ? 'reject it' : 'may accept it'}`
      : `Linux ${RECEIVED[linux]}; eBPF for Windows ${RECEIVED[windows]}`,
  );
}

/** The failure's slice in the original's shape: error, location, registers, control flow, and the points that matter with what holds behind them. */
export function sliceText({ pc, registers, controlFlow, story, skipped }: Explanation, classic: string, number: number, total: number): string {
  const flow = [...controlFlow, `${pc} FAIL`].join(', ');
  const trace = story.map(({ pc: at, text, kind, words }) => `  ${at}: ${text}\n${kind === 'fails' ? '' : `    Post-invariant : [${words}]\n`}`);
  return [
    `\n=== Failure Slice ${number} of ${total} ===\n\n`,
    `[ERROR] ${classic}\n`,
    `[LOCATION] ${pc}\n`,
    `[RELEVANT REGISTERS] ${registers.join(', ')}\n`,
    `[SLICE SIZE] ${story.length + skipped} program points\n\n`,
    `[CONTROL FLOW] ${flow}\n\n`,
    `[CAUSAL TRACE]\n${trace.join('')}`,
  ].join('');
}

/** `(1) line 22: ip = ctx->data;` and below it what is known then. */
function eventText(event: ToldEvent, number: number): string {
  const { kind, pc, text, source } = event;
  const known = source !== undefined && source.line !== 0;
  // The failing line stands above.
  if (kind === 'fails' && known) return compactText(event, number);
  const place = known ? `line ${source.line}: ${source.text.trim()}` : `instruction ${pc}: ${text}`;
  return `${clipped(`${INDENT}(${number}) ${place}`)}\n${INDENT}    ${wrap(happening(event), WIDTH - 8, ' '.repeat(8))}`;
}

/** `(1) line 22: ip (r1): packet + 0`. */
function compactText(event: ToldEvent, number: number): string {
  const { pc, source } = event;
  const place = source === undefined || source.line === 0 ? `instruction ${pc}` : `line ${source.line}`;
  return `${INDENT}${wrap(`(${number}) ${place}: ${happening(event)}`, WIDTH - 4, ' '.repeat(8))}`;
}

function happening({ kind, words, times }: ToldEvent): string {
  const told = kind === 'fails' ? 'fails here' : kind === 'merged' ? `paths meet: ${words}` : words;
  return times === undefined ? told : `${told} (the last of ${times} times)`;
}

/** A line of source is recognised by its beginning. */
function clipped(line: string): string {
  return line.length <= WIDTH ? line : `${line.slice(0, WIDTH - 3).trimEnd()}...`;
}
