/** The three panes: steps, source, state. Each is a list of lines and the one that has to be seen. */
import type { SourceLine } from '../../src/explain/source.ts';
import { sameLine } from '../../src/explain/source.ts';
import type { Role } from '../repl/theme.ts';
import type { MarkedFact, NotedInstruction, Outline, OutlineEvent, Snapshot } from './snapshot.ts';
import { EMPTY_LINE, inRole, type Line, line, paragraph, span, wrappedLine, wrapWords } from './spans.ts';

/** The content of a pane, which may be longer than its place on the screen. */
export interface Content {
  readonly lines: readonly Line[];
  /** The line to keep in sight. */
  readonly focus: number;
}

// --- source ----------------------------------------------------------------------------------------------------------------------------------

/** Source lines with their instructions; under the current one what it requires and changes. */
export function sourceContent({ listing, step, slice }: Snapshot, columns: number): Content {
  const lines: Line[] = [];
  let focus = 0;
  let shown: SourceLine | undefined;
  const cut = commonIndent(listing);
  let last: number | undefined;
  for (const instruction of listing) {
    const { source, current, pc } = instruction;
    // An instruction takes two slots at most.
    if (slice !== undefined && last !== undefined && pc > last + 2) lines.push(line('            ...', 'status'));
    last = pc;
    if (!sameLine(source, shown) && source !== undefined && source.line !== 0) {
      const row = sourceRow(source, shown, cut);
      // What one stands at is shown whole.
      lines.push(...(sameLine(source, step?.source) ? wrappedLine(row, columns, SOURCE_INDENT) : [row]));
    }
    shown = source;
    if (current) focus = lines.length;
    const row = instructionRow(instruction);
    lines.push(...(current ? wrappedLine(row, columns, INDENT + 2) : [row]));
    if (current && step !== undefined) lines.push(...explained(step, columns));
  }
  return { lines, focus };
}

function commonIndent(listing: readonly NotedInstruction[]): number {
  const indents = listing.flatMap(({ source }) =>
    source === undefined || source.text.trim() === '' ? [] : [/^ */.exec(source.text.replaceAll('\t', '    '))![0].length],
  );
  return indents.length === 0 ? 0 : Math.min(...indents);
}

/** A line of another file than the one before says which. */
function sourceRow(source: SourceLine, before: SourceLine | undefined, cut: number): Line {
  const text = source.text.replaceAll('\t', '    ').slice(cut).trimEnd();
  const file = before !== undefined && before.line !== 0 && before.file !== source.file ? [span(`  ${baseName(source.file)}`, 'description')] : [];
  return [span(`${String(source.line).padStart(5)}  `, 'status'), span(text, 'label'), ...file];
}

export function baseName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

function instructionRow({ pc, text, note, current, unreached, failures }: NotedInstruction): Line {
  const mark = `${current ? '>' : ' '}${failures.length > 0 ? '!' : unreached ? '-' : ' '}`;
  const row: Line = [
    span(mark, failures.length > 0 ? 'error' : 'prompt'),
    span(`${String(pc).padStart(8)}  `, 'status'),
    ...noted(text, note, unreached ? 'description' : 'text'),
  ];
  return current ? inRole(row, 'selected') : row;
}

/** How wide an operation is stands behind it, and for a comparison before where it goes: of a long row the end is cut. */
function noted(text: string, note: string, role: Role): Line {
  if (note === '') return [span(text, role)];
  const at = text.indexOf(' goto');
  if (at < 0) return [span(text, role), span(` (${note})`, 'description')];
  return [span(text.slice(0, at), role), span(` (${note})`, 'value'), span(text.slice(at), role)];
}

const INDENT = 12;
/** Where a source line goes on that is longer than the pane: behind its number, and a little further in. */
const SOURCE_INDENT = 11;

/** What the current instruction needs and does. */
function explained({ requirements, join, decision, changes, assumed, end }: NonNullable<Snapshot['step']>, columns: number): readonly Line[] {
  const rows: Line[] = [];
  const put = (text: string, role: Role) => {
    for (const words of paragraph(text, Math.max(10, columns - INDENT), role, 2)) rows.push([span(' '.repeat(INDENT)), ...words]);
  };
  if (join !== undefined) put(`join: ${join.ways} ways lead here${mergedWords(join.changes.length)}`, 'value');
  for (const { words, holds, margin } of requirements)
    put(`${holds ? 'requires' : 'FAILS'}: ${words}${margin === undefined ? '' : ` (${margin})`}`, holds ? 'description' : 'error');
  if (decision?.choice === true) put(decision.words, 'description');
  if (assumed) put('From here on it is taken to hold.', 'description');
  for (const { change, subject, after, before } of changes ?? []) {
    const sign = change === 'lost' ? '-' : change === 'gained' ? '+' : '~';
    const was = before === undefined || change === 'gained' ? '' : ` (was ${before})`;
    put(`${sign} ${subject}: ${after ?? 'nothing known any more'}${was}`, SIGN_ROLE[sign]);
  }
  if (end !== undefined) put(end, 'description');
  return rows;
}

function mergedWords(facts: number): string {
  return facts === 0 ? '' : `, ${facts} ${facts === 1 ? 'fact' : 'facts'} merged`;
}

const SIGN_ROLE = { '+': 'command', '-': 'error', '~': 'value', ' ': 'text' } as const satisfies Record<MarkedFact['mark'], Role>;

// --- state -----------------------------------------------------------------------------------------------------------------------------------

const GROUP: Readonly<Record<MarkedFact['kind'], string>> = {
  register: 'registers',
  stack: 'stack',
  packet: 'packet',
  reference: 'to give back',
  lock: 'locks',
};

/** What is known, with `+ - ~` for what is new, lost or different since the point before; lost facts stand first. */
export function stateContent({ facts }: Snapshot, selected: string | undefined, focused: boolean, columns: number): Content {
  const lines: Line[] = [];
  let focus = 0;
  let group = '';
  const widest = Math.min(
    14,
    Math.max(4, ...facts.filter(({ kind }) => kind === 'register' || kind === 'stack').map(({ subject }) => subject.length)),
  );
  for (const fact of facts) {
    const title = fact.mark === '-' ? 'lost' : GROUP[fact.kind];
    if (title !== group) lines.push(line(title, 'status'));
    group = title;
    const chosen = fact.subject === selected;
    if (chosen) focus = lines.length;
    lines.push(...factRows(fact, chosen, chosen && focused, widest, columns));
  }
  if (facts.length === 0) lines.push(line('Nothing is known here.', 'description'));
  return { lines, focus };
}

function factRows(
  { subject, kind, mark, words, before, name }: MarkedFact,
  chosen: boolean,
  barred: boolean,
  widest: number,
  columns: number,
): readonly Line[] {
  const was = before === undefined || mark === '+' ? '' : ` (was ${before})`;
  const role = SIGN_ROLE[mark];
  const head = `${chosen ? '>' : ' '}${mark} `;
  const text = `${name === undefined ? '' : `${name} = `}${words ?? 'nothing known any more'}${was}`;
  const named = kind === 'register' || kind === 'stack';
  const indent = head.length + widest + 1;
  const wrapped = wrapWords(named ? text : `${subject === 'packet' ? '' : `${subject}: `}${text}`, Math.max(8, columns - (named ? indent : 3)), 0);
  return wrapped.map((piece, index) => {
    const lead = index > 0 ? ' '.repeat(named ? indent : 3) : named ? `${head}${subject.padEnd(widest)} ` : head;
    const row: Line = [span(lead, index > 0 ? 'text' : 'label'), span(piece, role)];
    return barred && index === 0 ? inRole(row, 'selected') : row;
  });
}

// --- steps -----------------------------------------------------------------------------------------------------------------------------------

/** The events of the path, or every step of it. */
export function stepsContent({ steps, step }: Snapshot, outline: Outline | undefined, eventsOnly: boolean, columns: number): Content {
  const here = step?.index ?? -1;
  if (eventsOnly && outline === undefined) return { lines: [line('Reading the path ...', 'description')], focus: 0 };
  return eventsOnly && outline !== undefined ? eventRows(outline.events, here, columns) : stepRows(steps, here);
}

function eventRows(events: readonly OutlineEvent[], here: number, columns: number): Content {
  if (events.length === 0) return { lines: [line('No branch so far: straight on.', 'description')], focus: 0 };
  const reached = events.findLastIndex(({ index }) => index <= here);
  const lines: Line[] = [];
  let focus = 0;
  events.forEach(({ pc, kind, source, words }, number) => {
    const current = number === reached;
    if (current) focus = lines.length;
    const known = source !== undefined && source.line !== 0;
    const head: Line = [
      span(`${current ? '>' : ' '}${String(number + 1).padStart(3)}  `, 'prompt'),
      span(known ? `line ${source.line}  ` : `instruction ${pc}`, 'status'),
      span(known ? source.text.trim().replaceAll(/\s+/g, ' ') : '', 'label'),
    ];
    lines.push(current ? inRole(head, 'selected') : head);
    const happened = kind === 'decides' ? '' : kind === 'fails' ? 'FAILS: ' : `${kind}: `;
    const role: Role = kind === 'fails' ? 'error' : kind === 'lost' || kind === 'merged' ? 'value' : 'text';
    for (const text of wrapWords(happened + words, Math.max(10, columns - 6), 2)) lines.push([span(`      ${text}`, role)]);
  });
  return { lines, focus };
}

function stepRows(steps: Snapshot['steps'], here: number): Content {
  let focus = 0;
  const lines = steps.map(({ index, pc, text }, row): Line => {
    const current = index === here;
    if (current) focus = row;
    const spans: Line = [
      span(`${current ? '>' : ' '}${String(index + 1).padStart(5)} `, 'prompt'),
      span(`${String(pc).padStart(5)}  `, 'status'),
      span(text),
    ];
    return current ? inRole(spans, 'selected') : spans;
  });
  return { lines: lines.length === 0 ? [EMPTY_LINE] : lines, focus };
}
