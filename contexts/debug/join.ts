import { type JoinRow, type JoinStatus, joinRows } from '../../src/explain/queries/joins.ts';
import type { WayIn } from '../../src/explain/views.ts';
import { defineCommand } from '../command.ts';
import { CommandError } from '../errors.ts';
import { debuggerOf, type ShownStep } from './debugger.ts';
import { columns, count, stepText } from './render.ts';

interface Join {
  readonly ways: readonly WayIn[];
  readonly states: number;
  readonly rows: readonly JoinRow[];
}

type Result = Join | { readonly step: ShownStep };

export const command = defineCommand({
  tags: [{ name: 'way', type: 'integer', help: 'The number of a way: the path enters over it from now on.\nThe default is to show the ways.' }],
  remarks:
    'One column for each way into the current block, with what is known on it, and one for what is known behind the join. lost: nothing is known of it any more; weaker: less is; widened: less, where turns of a loop were merged; kept: as on every way; merged: another way knows otherwise, and this one lost nothing; apart: states that know otherwise are kept apart.',
  examples: ['join', 'join 2'],
  run({ way }, { state }): Result {
    const debug = debuggerOf(state);
    const { session } = debug;
    if (way === undefined) return { ways: session.waysIn(), states: session.node.processed.length, rows: joinRows(session) };
    if (!session.chooseWay(way)) throw new CommandError('debug', `There is no way ${way} into this block; "join" lists them.`);
    debug.moved(`join ${way}`);
    return { step: debug.look() };
  },
  text: (result) => ('step' in result ? stepText(result.step) : joinText(result)),
  json: (result) => ({ schema: 1, ...result }),
});

function joinText({ ways, states, rows }: Join): string {
  if (ways.length === 0) return 'The program begins here; no other way leads to this block.\n';
  const head = `${count(ways.length, 'way leads', 'ways lead')} into this block, ${count(states, 'state is', 'states are')} kept:\n`;
  return head + ways.map(wayText).join('') + tableText(ways, rows);
}

function wayText({ number, pc, source, decision, current }: WayIn): string {
  const line = source === undefined || source.line === 0 ? '' : ` (line ${source.line})`;
  return `${current ? '>' : ' '} ${number}. from instruction ${pc}${line}: ${decision?.words ?? ''}\n`;
}

/** Ways that have a column of their own; more stand below one another. */
const MAX_COLUMNS = 3;
const CHANGED: ReadonlySet<JoinStatus> = new Set(['lost', 'weaker', 'widened', 'merged', 'apart']);

/** Stack cells that lie side by side as one. */
function together(subjects: readonly string[]): readonly string[] {
  const found: { readonly text: string; readonly from?: number; readonly to?: number }[] = [];
  for (const text of subjects) {
    const cell = /^fp(-\d+)(?:\.\.fp(-\d+))?$/.exec(text);
    const before = found.at(-1);
    if (cell === null) {
      found.push({ text });
      continue;
    }
    const from = Number(cell[1]);
    const to = Number(cell[2] ?? cell[1]);
    if (before?.from !== undefined && before.from === to + 1) found[found.length - 1] = { text: `fp${from}..fp${before.to}`, from, to: before.to! };
    else found.push({ text, from, to });
  }
  return found.map(({ text }) => text);
}

function tableText(ways: readonly WayIn[], rows: readonly JoinRow[]): string {
  const changed = rows.filter(({ status }) => CHANGED.has(status));
  const kept = rows.filter(({ status }) => status === 'kept').map(({ subject }) => subject);
  const keptText = kept.length === 0 ? '' : columns([['kept', '', together(kept).join(', ')]]);
  if (changed.length === 0) return keptText;
  const cells = (row: JoinRow) => [...row.ways, row.result].map((words) => words ?? '-');
  const names = [...ways.map(({ number }) => `way ${number}`), 'behind'];
  if (ways.length <= MAX_COLUMNS) return columns([['', '', ...names], ...changed.map((row) => [row.status, row.subject, ...cells(row)])]) + keptText;
  const below = changed.flatMap((row) =>
    cells(row).map((words, index) => [index === 0 ? row.status : '', index === 0 ? row.subject : '', names[index]!, words]),
  );
  return columns(below) + keptText;
}
