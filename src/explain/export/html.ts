import { createHash } from 'node:crypto';
import { SURE } from '../fixes/fixes.ts';
import type { Judgement } from '../fixes/judgement.ts';
import { findEntry } from '../knowledge/index.ts';
import type { ToldEvent } from '../report.ts';
import { verdictText } from '../search/verdict.ts';
import { PAGE_SCRIPT } from './html-script.ts';
import { PAGE_STYLE } from './html-style.ts';
import type { ExportedObject, ExportedProgram, Walk, WalkStep } from './walk.ts';

/**
 * The verdicts on an object's programs as one HTML page that needs nothing else: no network, no other file. Its script steps through the recorded paths
 * with the keyboard; without it the page still tells what failed and why. `#path=2&step=5` in its address opens that step.
 *
 * Everything that comes out of the object is escaped, and the page's own policy allows no script but its own.
 */
export function htmlPage(object: ExportedObject): string {
  const title = `${object.path}: ${summaryOf(object)}`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src '${hashOf(PAGE_STYLE)}'; script-src '${hashOf(PAGE_SCRIPT)}'; base-uri 'none'; form-action 'none'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escaped(title)}</title>
<style>${PAGE_STYLE}</style>
</head>
<body>
<a class="skip" href="#stepper">Skip to the stepper</a>
<header>
<h1>${escaped(object.path)}</h1>
<p>${escaped(summaryOf(object))}. Rules of ${escaped(object.platform)}. SHA-256 <code>${escaped(object.sha256)}</code></p>
</header>
<main>
${contents(object)}${object.programs.map((program, index) => programHtml(program, index, object.programs.length)).join('\n')}
<section id="stepper" aria-labelledby="stepper-title" hidden>
<h2 id="stepper-title">Step through a path</h2>
<p><label for="path">Path: </label><select id="path"></select></p>
<p class="buttons"><button type="button" id="first">Start <kbd>Home</kbd></button> <button type="button" id="back" aria-keyshortcuts="k">Back <kbd>k</kbd></button> <button type="button" id="forward" aria-keyshortcuts="j">Forward <kbd>j</kbd></button> <button type="button" id="last">End <kbd>End</kbd></button> <span class="keys"><kbd>[</kbd> and <kbd>]</kbd> change the path; once a step has the focus, the arrow keys, Home and End step, too.</span></p>
<p id="position" role="status" aria-live="polite"></p>
<div class="panes">
<div class="pane"><h3>Path</h3><ol id="steps"></ol></div>
<div class="pane" id="detail"></div>
</div>
</section>
<noscript><p>Stepping needs the script of this page, which this browser does not run.</p></noscript>
</main>
<script type="application/json" id="data">${embedded(pageData(object))}</script>
<script>${PAGE_SCRIPT}</script>
</body>
</html>
`;
}

function summaryOf({ programs }: ExportedObject): string {
  const accepted = programs.filter(({ report }) => report.verdict === 'accepted').length;
  return `${programs.length} ${programs.length === 1 ? 'program' : 'programs'}, ${accepted} accepted, ${programs.length - accepted} not accepted`;
}

/** The programs with their verdicts, where there are several. */
function contents({ programs }: ExportedObject): string {
  if (programs.length < 2) return '';
  const rows = programs.map(
    ({ report }, index) => `<li><a href="#program-${index + 1}">${escaped(`${report.section} ${report.program}`)}</a>: ${report.verdict}</li>`,
  );
  return `<nav aria-label="Programs"><ul>${rows.join('\n')}</ul></nav>\n`;
}

function programHtml({ report, explanations, judgements = [], walks, sourceOf }: ExportedProgram, index: number, count: number): string {
  const failures = [...report.failures, ...report.warnings].map((failure, index) => {
    const source = sourceOf(failure.instruction);
    const place =
      source === undefined || source.line === 0
        ? ''
        : `<p>${escaped(`${source.file}:${source.line}`)}: <code>${escaped(source.text.trim())}</code></p>`;
    const told = index < report.failures.length ? explanations.find((candidate) => candidate.failure === index) : undefined;
    const story =
      told === undefined
        ? []
        : [
            ['required', ...told.required],
            ['established', ...told.established],
            ['missing', ...listOf(told.missing)],
            ['how it came to this', ...told.story.map(eventText)],
            ['portable', ...listOf(told.portable && `Linux ${RECEIVED[told.portable.linux]}; eBPF for Windows ${RECEIVED[told.portable.windows]}`)],
          ];
    const judged = index < report.failures.length ? judgements.find((candidate) => candidate.failure === index) : undefined;
    const rows = [...story, ...judgedRows(judged), ['what to do', ...(findEntry(failure.id)?.fixes ?? []).map(({ change }) => change)]];
    const filled = rows.filter(({ length }) => length > 1);
    const reasons =
      filled.length === 0
        ? ''
        : `<dl>${filled.map(([name, ...values]) => `<dt>${name}</dt>${values.map((value) => `<dd>${withCode(value!)}</dd>`).join('')}`).join('')}</dl>`;
    return `<li><strong>${escaped(failure.id)}</strong> (${failure.severity}) at instruction ${failure.instruction}: ${escaped(failure.message)}${place}${reasons}</li>`;
  });
  const error = report.error === undefined ? '' : `<p>${escaped(report.error.message)}</p>`;
  const loops = report.maxLoopCount === 0 ? 'no loops' : `loops of at most ${report.maxLoopCount} turns`;
  const unrecorded = report.verdict === 'accepted' && walks.length === 0 && count > 1 ? '<p>Shown alone, its path can be stepped through.</p>' : '';
  return `<section id="program-${index + 1}">
<h2>${escaped(`${report.section} ${report.program}`)}: ${report.verdict}</h2>
<p>Program type ${escaped(report.programType)}, ${report.instructions} instruction slots, ${loops}.</p>
${unrecorded}${error}${failures.length === 0 ? '' : `<ol>${failures.join('\n')}</ol>`}
</section>`;
}

const RECEIVED = { accepts: 'accepts it', rejects: 'rejects it', depends: 'may accept it' } as const;

/** `line 22: ip (r1): packet + 0, 0 bytes proved`, and the line. */
function eventText({ kind, pc, source, words, times }: ToldEvent): string {
  const known = source !== undefined && source.line !== 0;
  const often = times === undefined ? '' : ` (${times} times)`;
  const line = known ? ` (\`${source.text.trim().replaceAll('`', "'")}\`)` : '';
  return `${known ? `line ${source.line}` : `instruction ${pc}`}: ${kind === 'fails' ? `fails here: ${words}` : words}${often}${line}`;
}

/** Text whose parts in backquotes are code. */
function withCode(text: string): string {
  return escaped(text).replace(/`([^`]+)`/g, '<code>$1</code>');
}

/** The verdict, and the changes that were verified or are known to help. */
function judgedRows(judged: Judgement | undefined): readonly (readonly string[])[] {
  if (judged === undefined) return [];
  const { verdict, lowering, fixes } = judged;
  return [
    ['verdict', verdictText(verdict)],
    ['compiler', ...listOf(lowering?.words)],
    ...fixes.map(({ letter, title, applicability, c, effect }) => [
      `fix ${letter}`,
      `${title} (${SURE[applicability]})`,
      ...c.map((line) => `\`${line}\``),
      effect,
    ]),
  ];
}

function listOf(text: string | undefined): readonly string[] {
  return text === undefined ? [] : [text];
}

/** What the script reads. Facts repeat from step to step, so they stand in one table and steps name them by index. */
function pageData({ programs }: ExportedObject) {
  const facts: (readonly [string, string, string])[] = [];
  const numbers = new Map<string, number>();
  const numberOf = (kind: string, subject: string, words: string) => {
    const key = [kind, subject, words].join('\0');
    let number = numbers.get(key);
    if (number === undefined) {
      number = facts.push([kind, subject, words]) - 1;
      numbers.set(key, number);
    }
    return number;
  };
  const stepData = ({ facts: known, source, ...rest }: WalkStep) => ({
    ...rest,
    source: source === undefined || source.line === 0 ? null : `${source.file}:${source.line}: ${source.text.trim()}`,
    facts: known.map(({ kind, subject, words, name }) => numberOf(kind, name === undefined ? subject : `${name} (${subject})`, words)),
  });
  const paths = programs.flatMap((program) =>
    program.walks.map((walk) => ({ title: walkTitle(program, walk), skipped: walk.skipped, cut: walk.cut, steps: walk.steps.map(stepData) })),
  );
  return { paths, facts };
}

function walkTitle({ report }: ExportedProgram, { failure }: Walk): string {
  const found = [...report.failures, ...report.warnings][failure - 1];
  const end = found === undefined ? 'the path that was taken first' : `${failure}. ${found.id} at instruction ${found.instruction}`;
  return `${report.section} ${report.program}: ${end}`;
}

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

/** Text for the inside of an element or a quoted attribute. */
export function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ENTITIES[character]!);
}

/** JSON that cannot end the element it stands in. */
function embedded(value: unknown): string {
  return JSON.stringify(value).replaceAll('<', '\\u003c');
}

/** A source of the page's Content-Security-Policy (CSP level 2, section 7.17.2). */
function hashOf(text: string): string {
  return `sha256-${createHash('sha256').update(text).digest('base64')}`;
}
