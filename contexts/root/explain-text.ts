import type { Accepted, Fix, KnowledgeEntry, Nature, Says } from '../../src/explain/knowledge/entry.ts';
import { FAMILIES, type Family } from '../../src/explain/knowledge/families.ts';
import type { Dialect, Match } from '../../src/explain/knowledge/search.ts';
import { wrap } from '../render/wrap.ts';

const WIDTH = 79;

const NATURES: Readonly<Record<Nature, string>> = {
  bug: 'A real bug: some input makes the program go wrong.',
  leak: 'An information leak: others could see addresses or old memory.',
  rule: 'A rule of the platform: the program is well defined and still refused.',
  limit: 'A limit of a verifier: the program may be safe.',
  termination: 'The program may not end.',
  environment: 'Not about the program, but about how it was made or loaded.',
};

const ACCEPTED: Readonly<Record<Accepted, string>> = { both: 'PREVAIL and Linux accept it', linux: 'only Linux accepts it' };
const VERDICTS: Readonly<Record<Says['verdict'], string>> = { accepts: 'accepts it', rejects: 'rejects it', depends: 'depends' };
const DIALECTS: Readonly<Record<Dialect, string>> = {
  prevail: 'eBPF for Windows (PREVAIL)',
  linux: 'the Linux kernel',
  report: 'the Linux kernel from 7.3 on',
  ours: 'ebpfsh',
};

/** One entry, whole. */
export function entryText(entry: KnowledgeEntry): string {
  const family = FAMILIES.find(({ id }) => id === entry.family)!;
  return [
    block(`${entry.id}: ${entry.title}`, '', '  '),
    '\n',
    wrap(`${NATURES[entry.nature]} Family: ${family.category}.`, WIDTH, ''),
    '\n',
    wrap(entry.cause, WIDTH, ''),
    section('What the verifier needs', paragraph(entry.needs)),
    section('Rejected', code(entry.bad)),
    section('Accepted', code(entry.good)),
    section('Fixes', entry.fixes.map(fixText).join('')),
    section('In eBPF for Windows (PREVAIL)', saysText(entry.prevail)),
    section('In Linux', saysText(entry.linux)),
    entry.report.length === 0 ? '' : section('In Linux from 7.3 on', entry.report.map((line) => paragraph(`Verification failed: ${line}`)).join('')),
    section('How to recognise it', paragraph(entry.tell)),
    `\nRelated: ${entry.related.join(', ')}\n`,
  ].join('');
}

/** The best answer to a message, and what else it may mean. */
export function matchesText(matches: readonly Match[]): string {
  const [best, ...others] = matches;
  const spoken = wrap(`That is a message of ${DIALECTS[best!.dialect]}:`, WIDTH, '') + paragraph(best!.message);
  const rest =
    others.length === 0
      ? ''
      : `\nThe same words can mean:\n${others.map(({ entry }) => `${listItem(entry)}${block(entry.tell, '          ', '          ')}`).join('')}`;
  return `${spoken}\n${entryText(best!.entry)}${rest}`;
}

/** What comes nearest to a text that is no known message. */
export function nearestText(text: string, nearest: readonly Match[]): string {
  const heading = wrap(`No known message: ${text}`, WIDTH, '  ');
  return nearest.length === 0
    ? `${heading}\n"explain" alone lists everything.\n`
    : `${heading}\nThe nearest:\n${list(nearest.map(({ entry }) => entry))}`;
}

/** A family with its members. */
export function familyText(family: Family, entries: readonly KnowledgeEntry[]): string {
  const members = entries.filter((entry) => entry.family === family.id);
  return `${family.category}\n\n${wrap(family.about, WIDTH, '')}${wrap(`Ask first: ${family.ask}`, WIDTH, '')}\n${list(members)}`;
}

/** Everything, by family. */
export function indexText(entries: readonly KnowledgeEntry[]): string {
  const blocks = FAMILIES.map((family) => familyText(family, entries)).join('\n');
  return `${blocks}\nexplain <id> shows one; explain "<message>" finds one.\n`;
}

function list(entries: readonly KnowledgeEntry[]): string {
  return entries.map(listItem).join('');
}

function listItem({ id, title }: KnowledgeEntry): string {
  return block(title, `  ${id.padEnd(8)}`, '          ');
}

function section(title: string, body: string): string {
  return `\n${title}:\n${body}`;
}

function paragraph(text: string): string {
  return block(text, '  ', '  ');
}

/** Wrapped text with an indentation for its first line and one for the others. */
function block(text: string, first: string, rest: string): string {
  const lines = wrap(text, WIDTH - rest.length, '')
    .trimEnd()
    .split('\n');
  return lines.map((line, at) => `${at === 0 ? first : rest}${line}\n`).join('');
}

function code(text: string): string {
  return text
    .split('\n')
    .map((line) => `    ${line}`.trimEnd())
    .map((line) => `${line}\n`)
    .join('');
}

function fixText({ change, code: line, measured }: Fix): string {
  const outcome = measured === undefined ? '' : block(measuredText(measured), '    ', '    ');
  return `${block(change, '  - ', '    ')}${line === undefined ? '' : code(`    ${line}`)}${outcome}`;
}

function measuredText({ v1, v3 }: NonNullable<Fix['measured']>): string {
  if (v1 === undefined || v1 === v3) return `-mcpu=${v1 === undefined ? 'v3' : 'v1 and v3'}: ${ACCEPTED[v3]}`;
  return `-mcpu=v1: ${ACCEPTED[v1]}; -mcpu=v3: ${ACCEPTED[v3]}`;
}

function saysText({ verdict, messages }: Says): string {
  const lines = [...new Set(messages.flatMap((message) => message.split(' / ')))];
  // A message that is the beginning of another one says nothing more.
  const whole = lines.filter((line) => !lines.some((other) => other !== line && other.startsWith(line)));
  return `  ${VERDICTS[verdict]}\n${whole.map((line) => block(line, '    ', '      ')).join('')}`;
}
