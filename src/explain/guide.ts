import type { Fix, Fixes } from './fixes/fixes.ts';
import type { KnowledgeEntry } from './knowledge/entry.ts';
import { findEntry } from './knowledge/index.ts';
import { type Explanation, explainFailure } from './report.ts';
import type { Verdict } from './search/verdict.ts';
import type { DebugSession } from './session.ts';
import type { SourceLine } from './source.ts';
import type { NumberedFailure } from './views.ts';

/**
 * One question at a time, from a failed check to a change that was verified again or to an honest verdict. Nothing is decided here: what is shown is the
 * report's, the search's and the fixes', in the order in which a person who sees this for the first time can follow it.
 */

/**
 * `which`: of several failures. `what`: the line and what it lacks. `origin`: how it came about. `truth`: can it go wrong. `general`: what it is about in
 * any program. `repair`: which change.
 */
export type GuideStage = 'which' | 'what' | 'origin' | 'truth' | 'general' | 'repair' | 'end';

/** Something that is known, under a name: `needed`, `known`. */
export interface GuideFact {
  readonly label: string;
  readonly words: string;
}

export interface GuideChoice {
  readonly words: string;
  /** The command that shows the same. */
  readonly command: string;
}

/** A line to write and where. */
export interface GuideChange {
  readonly place: SourceLine | undefined;
  /** How the line relates to the place. */
  readonly where: 'before' | 'near';
  readonly c: readonly string[];
}

/**
 * `passes`: nothing fails here; other verifiers may refuse what is remarked on. `fix`: a change with which the check passes, verified. `advice`: what to change in the source, which could not be tried here.
 * `verdict`: no change is known; only what the search says.
 */
export type GuideEnding =
  | { readonly kind: 'passes'; readonly remarks: readonly GuideRemark[] }
  | {
      readonly kind: 'fix';
      readonly fix: Fix;
      readonly changes: readonly GuideChange[];
      /** Checks that fail still with it, 0 where the program passes. */
      readonly left: number;
      readonly verdict: Verdict | undefined;
    }
  | { readonly kind: 'advice'; readonly fix: Fix; readonly verdict: Verdict }
  | { readonly kind: 'verdict'; readonly verdict: Verdict };

/** What another verifier would say to a program that passes. */
export interface GuideRemark {
  readonly id: string;
  readonly instruction: number;
  readonly source: SourceLine | undefined;
  readonly message: string;
}

/** What is shown after so many answers. */
export interface GuidePage {
  readonly stage: GuideStage;
  /** The failure that it is about; undefined before one is chosen and where nothing fails. */
  readonly failure: NumberedFailure | undefined;
  /** The failing line. */
  readonly source: SourceLine | undefined;
  readonly facts: readonly GuideFact[];
  /** Code that shows the mistake, and the same without it. */
  readonly example: { readonly wrong: string; readonly right: string } | undefined;
  /** '' at the end. */
  readonly question: string;
  /** The first one is what most people want next. */
  readonly choices: readonly GuideChoice[];
  readonly ending: GuideEnding | undefined;
}

/** Where the guide asks for what takes time. */
export interface GuideSources {
  verdict(failure: NumberedFailure): Promise<Verdict>;
  fixes(failure: NumberedFailure): Fixes | Promise<Fixes>;
}

/** An answer that the question does not have. */
export class GuideError extends Error {
  readonly choices: number;
  constructor(answer: number, choices: number) {
    super(
      choices === 0
        ? 'The guide has come to its end; there is nothing to answer.'
        : `There is no answer ${answer}; they are numbered 1 to ${choices}.`,
    );
    this.name = 'GuideError';
    this.choices = choices;
  }
}

/** Failures offered at most. */
const MAX_FAILURES = 9;
/** Remarks on portability that are told of. */
const MAX_REMARKS = 3;

interface Standing {
  readonly stage: GuideStage;
  readonly failure: NumberedFailure | undefined;
  /** Pages about the failure that were shown. */
  readonly seen: ReadonlySet<GuideStage>;
  readonly fix: Fix | undefined;
}

/**
 * The page after some answers. Every chain of answers ends: a page about a failure is shown once.
 *
 * @param answers numbers of the choices, from 1, oldest first.
 * @throws GuideError for one that its question does not have.
 */
export async function guidePage(session: DebugSession, sources: GuideSources, answers: readonly number[]): Promise<GuidePage> {
  const guide = new Guide(session, sources);
  let standing = guide.start();
  for (const answer of answers) {
    const ways = await guide.ways(standing);
    const way = ways[answer - 1];
    if (way === undefined) throw new GuideError(answer, ways.length);
    standing = await way.to();
  }
  return guide.page(standing);
}

interface Way {
  readonly choice: GuideChoice;
  to(): Standing | Promise<Standing>;
}

class Guide {
  private readonly session: DebugSession;
  private readonly sources: GuideSources;
  private readonly found = new Map<number, Fixes>();
  private readonly explained = new Map<number, Explanation | undefined>();

  constructor(session: DebugSession, sources: GuideSources) {
    this.session = session;
    this.sources = sources;
  }

  /** Failed checks; remarks are not for repairing. */
  private get failures(): readonly NumberedFailure[] {
    return this.session.failures.slice(0, this.session.report.failures.length);
  }

  private async fixes(failure: NumberedFailure): Promise<Fixes> {
    let fixes = this.found.get(failure.number);
    if (fixes === undefined) {
      fixes = await this.sources.fixes(failure);
      this.found.set(failure.number, fixes);
    }
    return fixes;
  }

  private remarks(): readonly GuideRemark[] {
    return this.session.report.warnings
      .slice(0, MAX_REMARKS)
      .map(({ id, instruction, message }) => ({ id, instruction, source: this.session.source.at(instruction), message }));
  }

  start(): Standing {
    const [first, ...more] = this.failures;
    const seen = new Set<GuideStage>();
    if (first === undefined) return { stage: 'end', failure: undefined, seen, fix: undefined };
    return more.length === 0
      ? this.enter({ stage: 'what', failure: first, seen, fix: undefined })
      : { stage: 'which', failure: undefined, seen, fix: undefined };
  }

  private enter(standing: Standing): Standing {
    return { ...standing, seen: new Set([...standing.seen, standing.stage]) };
  }

  /** Where the answers lead, in their order. */
  async ways(standing: Standing): Promise<readonly Way[]> {
    const { stage, failure, seen } = standing;
    if (stage === 'end') return [];
    if (stage === 'which' || failure === undefined) return this.failures.slice(0, MAX_FAILURES).map((each) => this.wayInto(standing, each));
    if (stage === 'repair') {
      const { fixes } = await this.fixes(failure);
      return fixes.map((fix) => ({
        choice: {
          words: fix.applicability === 'text' ? plainTitle(fix) : `${fix.title}: ${fix.effect}`,
          command: fix.applied === undefined ? 'fix' : `fix ${fix.letter}`,
        },
        to: () => ({ ...standing, stage: 'end', fix }),
      }));
    }
    const about = this.about(failure);
    const ways: Way[] = [];
    const origin = !seen.has('origin') && about?.hasStory === true;
    const repair = { choice: { words: 'Show what repairs it', command: commandFor('fix', failure) }, to: () => this.repair(standing, failure) };
    // Whoever knows that it is a bug wants to be rid of it.
    if (stage === 'truth') ways.push(repair);
    if (origin)
      ways.push({ choice: { words: 'Show how it came to this', command: about.why }, to: () => this.enter({ ...standing, stage: 'origin' }) });
    const entry = findEntry(failure.failure.id);
    // No input shows that a rule is a rule.
    if (!seen.has('truth') && !RULES.has(entry?.nature))
      ways.push({
        choice: { words: 'Look for an input with which it really goes wrong', command: commandFor('attack', failure) },
        to: () => this.enter({ ...standing, stage: 'truth' }),
      });
    if (stage !== 'truth') ways.push(repair);
    if (!seen.has('general') && entry !== undefined)
      ways.push({
        choice: { words: 'Explain this kind of failure, with an example', command: `explain ${entry.id}` },
        to: () => this.enter({ ...standing, stage: 'general' }),
      });
    return ways;
  }

  private wayInto(standing: Standing, failure: NumberedFailure): Way {
    const source = this.session.source.at(failure.failure.instruction);
    const place = source === undefined || source.line === 0 ? `Instruction ${failure.failure.instruction}` : `Line ${source.line}`;
    return {
      choice: { words: `${place}, ${failure.failure.id}: ${failure.failure.message}`, command: `failure ${failure.number}` },
      to: () => this.enter({ ...standing, stage: 'what', failure }),
    };
  }

  /** Where there is nothing to choose the end comes at once. */
  private async repair(standing: Standing, failure: NumberedFailure): Promise<Standing> {
    const { fixes } = await this.fixes(failure);
    return fixes.length > 1 ? this.enter({ ...standing, stage: 'repair' }) : { ...standing, stage: 'end', fix: fixes[0] };
  }

  private explanation({ number }: NumberedFailure): Explanation | undefined {
    if (!this.explained.has(number)) {
      const explanation = this.session.aside(() => explainFailure(this.session, number - 1));
      this.explained.set(number, explanation);
    }
    return this.explained.get(number);
  }

  private about(failure: NumberedFailure): { readonly why: string; readonly hasStory: boolean } | undefined {
    const explanation = this.explanation(failure);
    if (explanation === undefined) return undefined;
    return { why: explanation.registers.length === 0 ? 'path' : `why ${explanation.registers.join(' ')}`, hasStory: explanation.story.length > 1 };
  }

  async page(standing: Standing): Promise<GuidePage> {
    const { stage, failure } = standing;
    const source = failure === undefined ? undefined : this.session.source.at(failure.failure.instruction);
    const choices = (await this.ways(standing)).map(({ choice }) => choice);
    const ending = stage === 'end' ? await this.ending(standing) : undefined;
    const facts = failure === undefined || ending !== undefined ? [] : await this.facts(stage, failure);
    const entry = stage === 'general' && failure !== undefined ? findEntry(failure.failure.id) : undefined;
    const example = entry === undefined ? undefined : { wrong: entry.bad, right: entry.good };
    return { stage, failure, source, facts, example, question: QUESTIONS[stage], choices, ending };
  }

  private async facts(stage: GuideStage, failure: NumberedFailure): Promise<readonly GuideFact[]> {
    if (stage === 'truth') return truthFacts(await this.sources.verdict(failure));
    if (stage === 'general') return generalFacts(failure);
    const explanation = this.explanation(failure);
    if (stage === 'repair') {
      const { lowering } = await this.fixes(failure);
      return lowering === undefined ? [] : [{ label: 'compiler', words: lowering.words }];
    }
    if (stage === 'origin' && explanation !== undefined)
      return explanation.story.map(({ kind, pc, source, words }, index) => ({
        label: `(${index + 1})`,
        words: `${source === undefined || source.line === 0 ? `instruction ${pc}` : `line ${source.line}`}: ${kind === 'fails' ? `needs that ${words}` : words}`,
      }));
    return [
      { label: 'problem', words: failure.failure.message },
      ...(explanation?.required ?? []).map((words) => ({ label: 'needed', words })),
      ...(explanation?.established ?? []).map((words) => ({ label: 'known', words })),
      ...(explanation?.missing === undefined ? [] : [{ label: 'missing', words: explanation.missing }]),
    ];
  }

  private async ending({ failure, fix, seen }: Standing): Promise<GuideEnding> {
    if (failure === undefined) return { kind: 'passes', remarks: this.remarks() };
    if (fix?.applied !== undefined) {
      const left = fix.applied.verification.report.failures.length;
      return {
        kind: 'fix',
        fix,
        changes: this.changes(fix, failure),
        left,
        verdict: seen.has('truth') ? await this.sources.verdict(failure) : undefined,
      };
    }
    const verdict = await this.sources.verdict(failure);
    return fix === undefined ? { kind: 'verdict', verdict } : { kind: 'advice', fix, verdict };
  }

  /** Where the lines of a fix go: each part of a fix in several parts names its line. */
  private changes(fix: Fix, { failure }: NumberedFailure): readonly GuideChange[] {
    const where = BEFORE.has(fix.pattern) ? 'before' : 'near';
    const here = this.session.source.at(failure.instruction);
    const lines = [...fix.title.matchAll(/\(line (\d+)\)/g)].map(([, line]) => Number(line));
    if (fix.c.length === 0) return [];
    if (lines.length < 2 || lines.length !== fix.c.length) return [{ place: here, where, c: fix.c }];
    return fix.c.map((c, index) => ({ place: this.lineNumbered(lines[index]!) ?? here, where, c: [c] }));
  }

  private lineNumbered(line: number): SourceLine | undefined {
    const [slot] = this.session.slotsOfLine(line);
    return slot === undefined ? undefined : this.session.source.at(slot);
  }
}

/** Advice is written as a list of ways out, each of which here stands for itself. */
export function plainTitle({ title }: Fix): string {
  const bare = title.replace(/^Or /, '');
  return bare.charAt(0).toUpperCase() + bare.slice(1);
}

/** Changes that stand in front of the failing line; the others belong where the value is declared, copied or given back. */
const BEFORE: ReadonlySet<Fix['pattern']> = new Set([
  'null_check',
  'packet_check',
  'index_check',
  'index_mask',
  'size_check',
  'divisor_check',
  'release',
]);

const QUESTIONS: Readonly<Record<GuideStage, string>> = {
  which: 'Which failed check first? The first is often the cause of the others.',
  what: 'What do you want to know?',
  origin: 'Where should what is needed have been made sure of?',
  truth: 'What next?',
  general: 'What next?',
  repair: 'Which change fits what the program is for?',
  end: '',
};

const MEANING: Readonly<Record<Verdict['kind'], string>> = {
  confirmed: 'The program has this bug; the check is right to fail.',
  limit: 'Nothing went wrong in these runs. The program may well be right, but the verifier cannot see why; a change of the source can show it.',
  undetermined: 'The search cannot tell. Take it for a bug until the program shows that it is none.',
  rule: 'It is a rule of the platform, whatever the input.',
};

const MARKS: Readonly<Record<Verdict['kind'], string>> = {
  confirmed: 'confirmed',
  limit: 'no input',
  undetermined: 'open',
  rule: 'rule',
};

function truthFacts(verdict: Verdict): readonly GuideFact[] {
  return [
    { label: MARKS[verdict.kind], words: verdict.words },
    { label: 'meaning', words: MEANING[verdict.kind] },
  ];
}

/** Causes of which no run tells anything. */
const RULES: ReadonlySet<KnowledgeEntry['nature'] | undefined> = new Set(['rule', 'environment']);

function generalFacts({ failure }: NumberedFailure): readonly GuideFact[] {
  const entry = findEntry(failure.id);
  if (entry === undefined) return [];
  return [
    { label: 'about', words: `${entry.title}.` },
    { label: 'cause', words: entry.cause },
    { label: 'needed', words: entry.needs },
  ];
}

function commandFor(words: string, { number }: NumberedFailure): string {
  return number === 1 ? words : `${words} failure=${number}`;
}
