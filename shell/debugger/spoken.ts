/** The same in sentences, for a screen reader: nothing is drawn, every change is said once. */

import { stepWords } from './frame.ts';
import { otherCommands } from './help.ts';
import { KEYS } from './keys.ts';
import type { MarkedFact, Outline, Snapshot } from './snapshot.ts';
import type { Ui } from './ui.ts';

/** What is said when the debugger opens. */
export function openingWords(snapshot: Snapshot, outline: Outline | undefined): readonly string[] {
  const { program, section, platform, verdict, failures } = snapshot.title;
  const failed = failures === 0 ? '' : `, ${failures} failed ${failures === 1 ? 'check' : 'checks'}`;
  return [
    `Debugger. Program ${program} in section ${section} on ${platform}: ${verdict}${failed}.`,
    ...(snapshot.followed === undefined ? [] : [`This is the way to failure ${snapshot.followed.number}: ${snapshot.followed.failure.message}`]),
    'Keys: j and k step, question mark lists all keys, q goes back.',
    ...stepSentences(snapshot, outline),
  ];
}

/** `Step 7 of 12. r6 lost: ...`: where one is, what fails there, and what became of what was known. */
export function stepSentences({ step, followed, facts }: Snapshot, outline: Outline | undefined): readonly string[] {
  if (step === undefined) return ['The verifier did not explore any path.'];
  const where = capital(stepWords({ step, followed }, outline));
  const said = [`${where}, instruction ${step.pc}: ${step.text}`];
  if (step.source !== undefined && step.source.line !== 0) said.push(`Line ${step.source.line}: ${step.source.text.trim()}`);
  if (step.join !== undefined) said.push(`${step.join.ways} ways lead here.`);
  for (const { words, holds, margin } of step.requirements) {
    const far = margin === undefined ? '' : `, ${margin}`;
    said.push(`${holds ? 'Requires' : 'Fails'}: ${words}${far}.`);
  }
  for (const { number, failure } of step.failures) said.push(`Failure ${number}, ${failure.id}: ${failure.message}`);
  for (const fact of facts) {
    const words = factSentence(fact);
    if (words !== undefined) said.push(words);
  }
  if (step.end !== undefined) said.push(step.end);
  return said;
}

function factSentence({ subject, mark, words, before, name }: MarkedFact): string | undefined {
  if (mark === ' ') return undefined;
  const place = name === undefined ? subject : `${name} (${subject})`;
  if (mark === '-') return `Lost: ${place}, now ${words ?? 'nothing known any more'}${before === undefined ? '' : `, was ${before}`}.`;
  return mark === '+' ? `New: ${place}: ${words}.` : `Different: ${place}: ${words}${before === undefined ? '' : `, was ${before}`}.`;
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** Says what differs between what was heard last and what there is now. */
export class Speaker {
  private snapshot: Snapshot;
  private ui: Ui;

  constructor(snapshot: Snapshot, ui: Ui) {
    this.snapshot = snapshot;
    this.ui = ui;
  }

  hear(snapshot: Snapshot, outline: Outline | undefined, ui: Ui): readonly string[] {
    const said: string[] = [];
    const before = this.ui;
    if (ui.note !== before.note && ui.note !== '') said.push(ui.note);
    if (snapshot !== this.snapshot) said.push(...stepSentences(snapshot, outline));
    if (ui.selected !== before.selected && ui.selected !== undefined && before.selected !== undefined) said.push(chosen(snapshot, ui.selected));
    if (ui.pane !== before.pane) said.push(ui.pane === 'state' ? 'State: j and k choose a value.' : ui.pane === 'steps' ? 'Steps.' : 'Source.');
    if (ui.answer !== before.answer && ui.answer !== undefined)
      said.push(...(ui.answer.kind === 'help' ? helpSentences() : [`${ui.answer.title}:`, ...ui.answer.lines]));
    if (ui.eventsOnly !== before.eventsOnly) said.push(ui.eventsOnly ? 'Steps: events only.' : 'Steps: all.');
    this.snapshot = snapshot;
    this.ui = ui;
    return said;
  }
}

function chosen({ facts }: Snapshot, subject: string): string {
  return `${subject}: ${facts.find((fact) => fact.subject === subject)?.words ?? 'nothing known here'}.`;
}

function helpSentences(): readonly string[] {
  const keys = KEYS.map(({ shown, help, command }) => `${shown}: ${help}${command === '' ? '' : `, as the command ${command}`}.`);
  return [...keys, `Colon, and a command without a key: ${otherCommands().join(', ')}.`];
}

/** The line that is being typed, or what is under way; '' where nothing is. */
export function typedWords({ typing, busy }: Ui): string {
  if (typing !== undefined) return `${typing.kind}: ${typing.text}`;
  return busy === undefined ? '' : `running ${busy}`;
}
