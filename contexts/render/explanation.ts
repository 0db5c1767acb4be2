import type { Explanation, ToldEvent } from '../../src/explain/report.ts';
import { wrap } from './wrap.ts';

const INDENT = '    ';
const WIDTH = 79;

/** Why a check fails, under its classic lines: what is required, what is established, what is missing, and the numbered story. */
export function explanationText({ required, established, missing, story, skipped }: Explanation): string {
  const rows = [
    ...required.map((words) => row('required', words)),
    ...established.map((words) => row('established', words)),
    ...(missing === undefined ? [] : [row('missing', missing)]),
  ];
  const before = skipped === 0 ? '' : `${INDENT}    ... ${skipped} more\n`;
  const [first, ...others] = story.map((event, index) => eventText(event, index + 1));
  return `${rows.join('')}${first ?? ''}${before}${others.join('')}`;
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

function row(name: string, words: string): string {
  return `${INDENT}${name.padEnd(11)}  ${wrap(words, WIDTH - 17, ' '.repeat(17))}`;
}

/** `(1) line 22: ip = ctx->data;` and below it what is known then. */
function eventText({ kind, pc, text, source, words }: ToldEvent, number: number): string {
  const place = source === undefined || source.line === 0 ? `instruction ${pc}: ${text}` : `line ${source.line}: ${source.text.trim()}`;
  const told = kind === 'fails' ? 'fails here' : kind === 'merged' ? `paths meet: ${words}` : words;
  return `${INDENT}(${number}) ${place}\n${INDENT}    ${wrap(told, WIDTH - 8, ' '.repeat(8))}`;
}
