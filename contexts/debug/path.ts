import type { PathEntry } from '../../src/explain/views.ts';
import { defineCommand } from '../command.ts';
import { wrap } from '../render/wrap.ts';
import { debuggerOf } from './debugger.ts';
import { count, INDENT, WIDTH } from './render.ts';

/** Decisions shown unless all are asked for. */
const SHOWN = 30;

export const command = defineCommand({
  tags: [{ name: 'what', type: ['last', 'all'], help: `last: the last ${SHOWN} decisions. all: every one.\nThe default is last.` }],
  remarks: 'Lists the branches, calls and returns on the way from the entry.',
  run({ what = 'last' }, { state }) {
    const { session } = debuggerOf(state);
    const entries = session.path();
    const shown = what === 'all' ? entries : entries.slice(-SHOWN);
    const { followedFailure } = session;
    const to = followedFailure > 0 ? session.failures[followedFailure - 1] : undefined;
    return { skipped: entries.length - shown.length, entries: shown, failure: to, pc: session.pc };
  },
  text({ skipped, entries, failure, pc }) {
    const title =
      failure === undefined
        ? `From the entry to instruction ${pc}`
        : `From the entry to failure ${failure.number} at instruction ${failure.failure.instruction}`;
    if (entries.length === 0) return `${title}: straight on.\n`;
    const before = skipped === 0 ? '' : `${' '.repeat(10)}... ${count(skipped, 'earlier decision', 'earlier decisions')}\n`;
    return `${title}:\n${before}${entries.map(entryText).join('')}`;
  },
  json: ({ skipped, entries, failure, pc }) => ({ schema: 1, instruction: pc, failure: failure?.number ?? null, skipped, entries }),
});

function entryText({ pc, source, decision }: PathEntry): string {
  const line = source === undefined || source.line === 0 ? '' : `line ${source.line}: ${source.text.trim()}`;
  const head = `${String(pc).padStart(8)}: ${decision.words}`;
  if (line === '') return `${head}\n`;
  // What does not fit beside it stands below.
  return head.length + line.length + 3 <= WIDTH ? `${head}   ${line}\n` : `${head}\n${INDENT}${wrap(line, WIDTH - INDENT.length, `${INDENT}  `)}`;
}
