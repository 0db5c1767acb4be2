/** What `ebpf watch` says after each look at its file, in words and as JSON. */
import type { VerificationReport } from '../src/verifier/report.ts';
import type { Fragment } from './command.ts';
import { wrap } from './render/wrap.ts';
import type { VerdictChange, WatchedFailure } from './watch-compare.ts';

/** What one look has found. */
export interface Look {
  /** Files whose change calls for the next look; [] where they could not be told. */
  readonly inputs: readonly string[];
  /** What clang, or reading the file, had to say; '' or whole lines. */
  readonly messages: string;
  /** Why these are the rules that apply, where that was inferred; '' or one line. */
  readonly note: string;
  /** undefined: nothing could be verified, so the last verdict stands. */
  readonly programs: readonly Pick<VerificationReport, 'section' | 'program' | 'verdict'>[] | undefined;
  readonly failures: readonly WatchedFailure[] | undefined;
}

/** A look and what has become of the last one. */
export interface ToldLook {
  readonly look: Look;
  readonly change: VerdictChange | undefined;
  /** The files that were changed; undefined for the first look. */
  readonly changed: readonly string[] | undefined;
  /** There was no verdict before. */
  readonly first: boolean;
}

/** Columns for `fixed`, `new`, `moved` and `fails`. */
const KIND_WIDTH = 8;
const LINE_WIDTH = 79;

/** `Watching prog.c and 2 headers. Ctrl-C ends it.` */
export function watchingText(filename: string, others: number): string {
  const more = others <= 0 ? '' : ` and ${others} other ${others === 1 ? 'file' : 'files'}`;
  return `Watching ${filename}${more}. Ctrl-C ends it.\n`;
}

/** What of a compile database was left out; '' or a line. */
export function refusedText(refused: readonly string[]): string {
  if (refused.length === 0) return '';
  return wrap(`compile_commands.json: not taken over, as they may do more than compile (flags= takes them): ${refused.join(' ')}`, LINE_WIDTH, '  ');
}

export function lookText({ look, change, changed, first }: ToldLook): readonly Fragment[] {
  const head = changed === undefined ? '' : `\n${[...new Set(changed.map(baseName))].join(', ')} changed.\n`;
  const messages: Fragment = { stream: 'stderr', text: look.messages };
  if (!look.programs || !change) {
    return [{ stream: 'stdout', text: head }, messages, { stream: 'stderr', text: 'Nothing to verify; waiting for the next change.\n' }];
  }
  const failed = look.programs.filter(({ verdict }) => verdict !== 'accepted').length;
  const count = look.programs.length;
  const verdict = `${count} ${count === 1 ? 'program' : 'programs'}: ${count - failed} succeeded, ${failed} failed\n`;
  return [{ stream: 'stdout', text: head }, messages, { stream: 'stdout', text: `${look.note}${verdict}${changeText(change, first)}` }];
}

/** The same in a few words: `prog.c: passes (1 fixed)`, `prog.c: 2 checks fail (1 new)`. */
export function lookNews(filename: string, look: ToldLook): string {
  return `${baseName(filename)}: ${verdictWords(look)}`;
}

function verdictWords({ look, change, first }: ToldLook): string {
  if (!look.programs || !change) return 'nothing to verify';
  const failing = change.new.length + change.moved.length + change.kept.length;
  const words = failing === 0 ? 'passes' : `${failing} ${failing === 1 ? 'check fails' : 'checks fail'}`;
  const since = first ? [] : [told(change.fixed, 'fixed'), told(change.new, 'new')].filter((part) => part !== '');
  return since.length === 0 ? words : `${words} (${since.join(', ')})`;
}

function told(failures: readonly WatchedFailure[], word: string): string {
  return failures.length === 0 ? '' : `${failures.length} ${word}`;
}

/** A line for what is fixed, new, moved; how much fails as before. `first`: nothing is new, as there was no verdict before. */
export function changeText(change: VerdictChange, first = false): string {
  const lines = [
    ...change.fixed.map((failure) => `${label('fixed')}${title(failure)}\n`),
    ...change.new.map((failure) => `${label(first ? 'fails' : 'new')}${title(failure)}\n${sentence(failure)}`),
    ...change.moved.map(({ from, to }) => `${label('moved')}${title(to)} (was ${place(from)})\n`),
    stillFailing(change.kept.length),
  ];
  return lines.join('');
}

export function lookJson({ look, change, changed }: ToldLook) {
  return {
    schema: 1,
    changed: changed ?? [],
    messages: look.messages,
    programs: look.programs ?? null,
    ...changeJson(change ?? { fixed: [], new: [], moved: [], kept: [] }),
  };
}

export function changeJson(change: VerdictChange) {
  return {
    fixed: change.fixed.map(failureJson),
    new: change.new.map(failureJson),
    moved: change.moved.map(({ from, to }) => ({ from: failureJson(from), to: failureJson(to) })),
    kept: change.kept.map(failureJson),
  };
}

function failureJson({ instruction, source, ...failure }: WatchedFailure) {
  return { ...failure, instruction: instruction ?? null, source: source ?? null };
}

function label(kind: string): string {
  return `  ${kind.padEnd(KIND_WIDTH)}`;
}

/** `PKT-01 prog.c:24 (xdp DropPacket)`. */
function title(failure: WatchedFailure): string {
  return `${failure.id} ${place(failure)} (${failure.section} ${failure.program})`;
}

function place({ source, instruction }: WatchedFailure): string {
  if (source) return `${baseName(source.file)}:${source.line}`;
  return instruction === undefined ? 'whole program' : `instruction ${instruction}`;
}

/** The source line and the sentence below a title. */
function sentence({ source, message }: WatchedFailure): string {
  const indent = ' '.repeat(2 + KIND_WIDTH);
  return `${source ? `${indent}; ${source.text.trim()}\n` : ''}${indent}${wrap(message, LINE_WIDTH - indent.length, indent)}`;
}

function stillFailing(count: number): string {
  if (count === 0) return '';
  return `  ${count} ${count === 1 ? 'check still fails' : 'checks still fail'} as before\n`;
}

function baseName(path: string): string {
  return path.slice(Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\')) + 1);
}
