import { type GuideChange, type GuideEnding, type GuidePage, type GuideRemark, plainTitle } from '../../src/explain/guide.ts';
import { verdictText } from '../../src/explain/search/verdict.ts';
import type { SourceLine } from '../../src/explain/source.ts';
import { wrap } from '../render/wrap.ts';
import type { GuideStep } from './guide-session.ts';

const WIDTH = 79;
/** Where the words of a fact begin. */
const COLUMN = 12;

/**
 * The question with what it rests on, or the end.
 *
 * @param again the line that answers, but for the number, where a number alone does not.
 * @param sourceHere whether the failing line's file can be watched.
 */
export function guideText(page: GuidePage, again?: string, sourceHere = true): string {
  if (page.ending !== undefined)
    return `${headText(page, !('changes' in page.ending))}${endingText(page.ending, sourceHere ? page.source : undefined)}`;
  const facts = page.facts.map(({ label, words }) => factRow(label, words)).join('');
  const example = page.example === undefined ? '' : `\n${codeRow('wrong', page.example.wrong)}\n${codeRow('right', page.example.right)}`;
  const choices = page.choices.map(({ words, command }, index) => choiceRow(index + 1, words, command)).join('');
  return `${headText(page)}${facts}${example}${facts === '' ? '' : '\n'}${page.question}\n${choices}${again === undefined ? '' : `\n${wrap(`Answer with its number here, or from a script: ${again.replaceAll(' ', HARD_SPACE)}1`, WIDTH, '  ').replaceAll(HARD_SPACE, ' ')}`}`;
}

/** What it is about; a change shows the line itself. */
function headText({ failure, source }: GuidePage, withLine = true): string {
  if (failure === undefined) return '';
  const { id, instruction } = failure.failure;
  if (source === undefined || source.line === 0) return `Failure ${failure.number}, ${id}, instruction ${instruction}\n\n`;
  const line = withLine ? `    ${source.text.trim()}\n\n` : '';
  return `Failure ${failure.number}, ${id}, ${shortPath(source.file)}:${source.line}\n\n${line}`;
}

/** A label keeps its width because it is one word to `wrap`. */
function factRow(label: string, words: string): string {
  const padded = `  ${label}`.padEnd(COLUMN).replaceAll(' ', HARD_SPACE);
  return wrap(padded + words, WIDTH, ' '.repeat(COLUMN)).replaceAll(HARD_SPACE, ' ');
}

/** Code keeps its lines. */
function codeRow(label: string, code: string): string {
  return code
    .split('\n')
    .map((line, index) => `${(index === 0 ? `  ${label}` : '').padEnd(COLUMN)}${line}`.trimEnd())
    .join('\n')
    .concat('\n');
}

const HARD_SPACE = '\u00a0';

function choiceRow(number: number, words: string, command: string): string {
  return `  ${wrap(`${number}. ${words} (${command.replaceAll(' ', HARD_SPACE)})`, WIDTH - 2, '     ').replaceAll(HARD_SPACE, ' ')}`;
}

function endingText(ending: GuideEnding, source: SourceLine | undefined): string {
  switch (ending.kind) {
    case 'passes':
      return `No check fails: the program passes, and there is nothing to repair.\n${remarksText(ending.remarks)}`;
    case 'verdict':
      return `${wrap(verdictText(ending.verdict), WIDTH, '')}\nNo change is known that the verifier accepts. "why" and "path" show how it comes there.\n`;
    case 'advice': {
      const { fix, verdict } = ending;
      const example = fix.c.length === 0 ? '' : `\nFor example:\n\n${fix.c.map((line) => `    ${line}\n`).join('')}`;
      return `${wrap(verdictText(verdict), WIDTH, '')}\n${wrap(`What to do: ${plainTitle(fix)}.`, WIDTH, '')}${example}\n${wrap(fix.effect, WIDTH, '')}${nextText(source, 'Then see what becomes of it as soon as it is saved:')}`;
    }
    case 'fix': {
      const { fix, changes, left } = ending;
      const passes =
        left === 0 ? 'With it the program passes' : `With it this check passes, and ${left} ${left === 1 ? 'other fails' : 'others fail'} still`;
      const sure = fix.applicability === 'verified' ? '' : ' Input that went well before may have another result.';
      return `${changes.map(changeText).join('\n')}\n${wrap(`${fix.effect} ${passes}: it was applied to a copy of the compiled program and verified.${sure} "fix ${fix.letter}" goes on with that copy.`, WIDTH, '')}${nextText(source, 'Then see it pass as soon as it is saved:')}`;
    }
  }
}

/** What passes here may be refused elsewhere. */
function remarksText(remarks: readonly GuideRemark[]): string {
  if (remarks.length === 0) return '';
  const rows = remarks.map(({ id, instruction, source, message }) => {
    const place = source === undefined || source.line === 0 ? `instruction ${instruction}` : `line ${source.line}`;
    return `  ${wrap(`${place}, ${id}: ${message} (explain${HARD_SPACE}${id})`, WIDTH - 2, '    ')}`;
  });
  return `\nOther verifiers may refuse it all the same:\n${rows.join('').replaceAll(HARD_SPACE, ' ')}`;
}

function changeText({ place, where, c }: GuideChange): string {
  if (place === undefined || place.line === 0) return `Write:\n\n${c.map((line) => `   +   ${line}\n`).join('')}`;
  const added = c.map((line) => `     +   ${line}\n`).join('');
  const known = `${String(place.line).padStart(6)}   ${place.text.trim()}\n`;
  return where === 'before'
    ? `Write before line ${place.line} of ${shortPath(place.file)}:\n\n${added}${known}`
    : `Change in ${shortPath(place.file)}, for line ${place.line}:\n\n${known}${added}`;
}

/** Compilers write `./prog.c` where they were given that. */
export function shortPath(file: string): string {
  return file.replace(/^(?:\.\/)+/, '');
}

/** How to see that it helps. */
function nextText(source: SourceLine | undefined, words: string): string {
  if (source === undefined || source.line === 0) return '\nThen compile it and verify it again.\n';
  const file = shortPath(source.file);
  return `\n${words}\n\n    ebpf watch ${/\s/.test(file) ? `"${file}"` : file}\n`;
}

/** The page as JSON; the copy of the program stays inside. */
export function guideJson({ page, answers }: GuideStep) {
  const { stage, failure, source, facts, example, question, choices, ending } = page;
  return {
    schema: 1,
    answers,
    stage,
    failure: failure === undefined ? null : { number: failure.number, id: failure.failure.id, instruction: failure.failure.instruction },
    source: source ?? null,
    facts,
    example: example ?? null,
    question,
    choices,
    ending: ending === undefined ? null : endingJson(ending),
  };
}

function endingJson(ending: GuideEnding) {
  if (ending.kind === 'passes' || ending.kind === 'verdict') return ending;
  const { applied: _, ...fix } = ending.fix;
  return { ...ending, fix };
}
