import { slotCount } from '../../isa/instruction.ts';
import type { ObjectProgram } from '../../object/object-file.ts';
import type { CheckKind } from '../../verifier/checks.ts';
import { type Verification, type VerifyOptions, verificationSteps } from '../../verifier/index.ts';
import type { Failure } from '../../verifier/report.ts';
import { atOnce, type Steps } from '../../verifier/steps.ts';
import { instructionText } from '../instruction-text.ts';
import { adviceFor } from './advice.ts';
import { applyEdits, type Edit, EditError, originOf } from './edit.ts';
import { nullChecks, packetChecks } from './guards.ts';
import { divisorChecks, indexChecks, sizeChecks } from './indices.ts';
import { loopCaps } from './loops.ts';
import { type Lowering, loweringOf } from './lowering.ts';
import type { PatternName, Proposal } from './proposal.ts';
import { Site } from './site.ts';
import { inNamesOfSource } from './spelling.ts';
import { numericResults, registerValues, releases, reloads, stackZeros, unlocks } from './values.ts';

/** `verified`: the program passes with it, and input that went well before goes on as it did. `verified-changes-behaviour`: it passes, but such input
 * may have another result. `text`: a change of the source that was not tried here. */
export type Applicability = 'verified' | 'verified-changes-behaviour' | 'text';

/** How sure a fix is, in words. */
export const SURE: Readonly<Record<Applicability, string>> = {
  verified: 'verified',
  'verified-changes-behaviour': 'verified, changes behaviour',
  text: 'text only',
};

/** A line of an assembly difference, by slot of the changed program (of the old one for removed lines). */
export interface PatchLine {
  readonly sign: '+' | '-';
  readonly pc: number;
  readonly text: string;
}

export interface Fix {
  /** "A", "B" ... */
  readonly letter: string;
  readonly pattern: PatternName | 'advice';
  readonly title: string;
  readonly applicability: Applicability;
  readonly c: readonly string[];
  readonly effect: string;
  readonly patch: readonly PatchLine[];
  /** The changed copy and what the verifier says of it; absent for texts. */
  readonly applied?: { readonly program: ObjectProgram; readonly verification: Verification };
}

export interface Fixes {
  readonly fixes: readonly Fix[];
  /** What the compiler did to a check that the source has, where that is the cause. */
  readonly lowering: Lowering | undefined;
  /** Titles of proposals that the verifier refused. */
  readonly rejected: readonly string[];
}

/** Patterns that may repair a check, most fitting first. */
const PATTERNS: Readonly<Partial<Record<CheckKind, readonly ((site: Site) => Iterable<Proposal>)[]>>> = {
  null_access: [nullChecks],
  global_argument: [nullChecks],
  packet_upper: [packetChecks, indexChecks],
  packet_lower: [indexChecks],
  map_value_upper: [indexChecks, sizeChecks],
  map_value_lower: [indexChecks],
  memory_upper: [indexChecks, sizeChecks],
  memory_lower: [indexChecks],
  stack_upper: [indexChecks, sizeChecks],
  stack_lower: [indexChecks, sizeChecks],
  size_negative: [sizeChecks],
  size_zero: [sizeChecks],
  register_uninitialised: [registerValues],
  stack_uninitialised: [stackZeros],
  stack_argument: [stackZeros],
  stale_packet: [reloads],
  reference_leak: [releases],
  lock_held: [unlocks],
  leak_return: [numericResults],
  exit_value: [numericResults],
  division_by_zero: [divisorChecks],
  loop_unbounded: [loopCaps],
  infinite_loop: [loopCaps],
};

/** Ways out in words, where no change of the code alone repairs it. */
function advice(verification: Verification, failure: Failure): Draft[] {
  return adviceFor(verification, failure).map(({ change, code }) => ({
    pattern: 'advice',
    title: change.replace(/\.$/, ''),
    applicability: 'text',
    c: code === undefined ? [] : code.split('\n'),
    effect: 'A change of the source; it was not compiled and tried here.',
    edits: [],
  }));
}

export interface FixOptions {
  /** Limits of the verifications; the rules are those of the failing one. */
  readonly verify?: Pick<VerifyOptions, 'precision' | 'timeLimit' | 'signal'>;
  /** Fixes offered at most, default 3. */
  readonly most?: number;
  /** Time after which nothing more is tried, in milliseconds. Default 1000. */
  readonly budgetMilliseconds?: number;
}

const DEFAULT_MOST = 3;
const DEFAULT_BUDGET = 1000;
/** Milliseconds that one verification gets at least. */
const SHORTEST = 50;
const MAX_WIDENINGS = 16;
/** Failures repaired together at most. */
const MAX_CHAIN = 8;

/** A fix before it has a letter and a listing. */
type Draft = Omit<Fix, 'letter' | 'patch'> & { readonly edits: readonly Edit[] };

/**
 * Changes of a program with which a failed check passes. Each is applied to a copy of the linked code and verified again before it is offered; those
 * with which the whole program passes come first, then those that repair this check and leave others.
 */
export function proposeFixes(verification: Verification, failure: Failure, options: FixOptions = {}): Fixes {
  return atOnce(fixSteps(verification, failure, options));
}

/** Like `proposeFixes`, giving way while it verifies. */
export function* fixSteps(verification: Verification, failure: Failure, options: FixOptions = {}): Steps<Fixes> {
  const site = siteOf(verification, failure);
  if (site === undefined) return { fixes: lettered(advice(verification, failure)), lowering: undefined, rejected: [] };
  const end = performance.now() + (options.budgetMilliseconds ?? DEFAULT_BUDGET);
  const most = options.most ?? DEFAULT_MOST;
  const whole: Draft[] = [];
  const partial: Draft[] = [];
  const rejected: string[] = [];
  for (const pattern of PATTERNS[site.finding.kind] ?? []) {
    for (const proposal of pattern(site)) {
      if (whole.length >= most || performance.now() > end) break;
      const tried = yield* attempt(site, proposal, options, end, 0);
      if (tried === undefined) rejected.push(proposal.title);
      else if (tried.applied?.verification.report.verdict === 'accepted') whole.push(tried);
      else partial.push(tried);
    }
  }
  const texts = whole.length + partial.length === 0 ? advice(verification, failure) : [];
  const fixes = lettered([...whole, ...partial, ...texts].slice(0, most), site);
  return { fixes, lowering: loweringOf(site), rejected };
}

function lettered(drafts: readonly Draft[], site?: Site): Fix[] {
  return drafts.map(({ edits, ...fix }, index) => ({
    letter: String.fromCharCode(65 + index),
    ...fix,
    ...(fix.applied === undefined || site === undefined ? {} : { c: spelled(fix.c, site) }),
    patch: fix.applied === undefined || site === undefined ? [] : patchOf(site, edits, fix.applied.verification),
  }));
}

/** The lines as the source would have them, not as the patterns call things. */
function spelled(c: readonly string[], { machine }: Site): readonly string[] {
  return inNamesOfSource(c, machine.program, machine.rules.context);
}

/** Applies a proposal and verifies it, wider versions of it where the same check still fails; undefined where it does not repair the check. */
function* attempt(site: Site, first: Proposal, options: FixOptions, end: number, depth: number): Steps<Draft | undefined> {
  let proposal = first;
  for (let turn = 0; turn <= MAX_WIDENINGS; turn++) {
    const applied = yield* apply(site, proposal.edits, options, end);
    if (applied === undefined || applied.verification.report.verdict === 'error') return undefined;
    const origin = originOf(site.program, proposal.edits);
    if (!isReached(applied.verification, origin, site.pc)) return undefined;
    // What is always executed together is checked together where one check can be wider; anything else is repaired where it stands.
    const { widen } = proposal;
    const again = applied.verification.report.failures.find(
      ({ check, instruction }) =>
        check.kind === site.failure.check.kind &&
        (widen === undefined ? origin[instruction] === site.pc : site.inSameBlock(origin[instruction]!)) &&
        origin[acquiredAt(check.text)] === (acquiredAt(site.failure.check.text) || undefined),
    );
    const wider = again === undefined || performance.now() > end ? undefined : widen?.(again);
    if (wider !== undefined) {
      proposal = wider;
      continue;
    }
    return again === undefined ? yield* complete(site, proposal, applied, origin, options, end, depth) : undefined;
  }
  return undefined;
}

/** Slot at which was acquired what a check says is held still; NaN where it is about something else. */
const acquiredAt = (check: string) => Number(/\(acquired at (\d+)\)/.exec(check)?.[1] ?? Number.NaN);

/** Whether the failing instruction is still executed: a change that never comes to it repairs nothing. */
function isReached({ exploration }: Verification, origin: readonly number[], pc: number): boolean {
  const at = origin.lastIndexOf(pc);
  return (
    exploration === undefined ||
    [...exploration.nodes.values()].some(({ block, processed }) => processed.length > 0 && block.start <= at && at <= block.last)
  );
}

/** A proposal that repaired its check, with fixes for the checks that fail still. */
function* complete(
  site: Site,
  proposal: Proposal,
  applied: NonNullable<Fix['applied']>,
  origin: readonly number[],
  options: FixOptions,
  end: number,
  depth: number,
): Steps<Draft | undefined> {
  const { pattern, c, effect, changesBehaviour, edits } = proposal;
  const line = site.source.at(site.pc)?.line ?? 0;
  const title = line === 0 ? proposal.title : `${proposal.title} (line ${line})`;
  const { failures } = applied.verification.report;
  const draft = { pattern, title, c, effect, edits, applicability: changesBehaviour ? 'verified-changes-behaviour' : 'verified' } as const;
  const [next] = failures;
  if (next === undefined) return { ...draft, applied };
  const rest = depth >= MAX_CHAIN || performance.now() > end ? undefined : yield* first(applied.verification, next, options, end, depth + 1);
  if (rest?.applied !== undefined && rest.applied.verification.report.verdict === 'accepted') {
    if (
      !isReached(
        rest.applied.verification,
        originOf(applied.program, rest.edits).map((slot) => origin[slot] ?? -1),
        site.pc,
      )
    )
      return undefined;
    // Both ends of a size are one check, which is proposed by itself.
    if (pattern === 'size_check' && rest.pattern === pattern && lineOf(rest.title) === lineOf(title)) return undefined;
    // In the source one check of the packet's length takes the place of several on its line.
    const covered = pattern === 'packet_check' && rest.pattern === pattern && lineOf(rest.title) === lineOf(title) && comesFirst(c, rest.c);
    // What the compiler unrolled or wrote down twice is one line of the source.
    const repeated = rest.title === title;
    return {
      pattern,
      title: covered || repeated ? rest.title : `${title}; ${rest.title.charAt(0).toLowerCase()}${rest.title.slice(1)}`,
      c: covered ? rest.c : [...c, ...rest.c.filter((line) => !c.includes(line))],
      effect: effect === rest.effect ? effect : `${effect} ${rest.effect}`,
      edits: [...edits, ...rest.edits.map((edit) => ({ ...edit, at: origin[edit.at]! }))],
      applicability: changesBehaviour ? 'verified-changes-behaviour' : rest.applicability,
      applied: rest.applied,
    };
  }
  // Fewer failures than before: the others have causes of their own.
  if (failures.length >= site.verification.report.failures.length) return undefined;
  return { ...draft, effect: `${effect} ${failures.length} other ${failures.length === 1 ? 'check fails' : 'checks fail'} still.`, applied };
}

const lineOf = (title: string) => /\(line \d+\)$/.exec(title)?.[0];

/** Whether one check of a constant length is implied by another. */
function comesFirst(c: readonly string[], other: readonly string[]): boolean {
  const length = (lines: readonly string[]) => (lines.length === 1 ? Number(/^if \(data \+ (\d+) > data_end\)/.exec(lines[0]!)?.[1]) : Number.NaN);
  return length(c) < length(other);
}

/** The first proposal for a failure with which the whole program passes. */
function* first(verification: Verification, failure: Failure, options: FixOptions, end: number, depth: number): Steps<Draft | undefined> {
  const site = siteOf(verification, failure);
  for (const pattern of site === undefined ? [] : (PATTERNS[site.finding.kind] ?? [])) {
    for (const proposal of pattern(site!)) {
      if (performance.now() > end) return undefined;
      const tried = yield* attempt(site!, proposal, options, end, depth);
      if (tried?.applied?.verification.report.verdict === 'accepted') return tried;
    }
  }
  return undefined;
}

function siteOf(verification: Verification, failure: Failure): Site | undefined {
  const finding = verification.findings.find(
    ({ kind, instruction, details }) =>
      kind === failure.check.kind && instruction === failure.instruction && details.register === failure.check.register,
  );
  return finding === undefined ? undefined : new Site(verification, failure, finding);
}

function* apply(site: Site, edits: readonly Edit[], options: FixOptions, end: number): Steps<Fix['applied'] | undefined> {
  const { object, rules } = site.machine;
  const { platform, programType, allowDivisionByZero, checkTermination, strict } = rules;
  // What is left of the time is all that a verification may take, so that a large program does not keep its reader waiting.
  const timeLimit = Math.min(options.verify?.timeLimit ?? Number.POSITIVE_INFINITY, Math.max(end - performance.now(), SHORTEST));
  try {
    const program = applyEdits(site.program, edits);
    // A type that the section tells brings its attach type along; naming it would lose that.
    const named = rules.attachType === undefined ? { programType } : {};
    const limits = { ...options.verify, timeLimit };
    const rulesOfSite = { ...named, platform, allowDivisionByZero, checkTermination, strict };
    return { program, verification: yield* verificationSteps(object, program, { ...limits, ...rulesOfSite }) };
  } catch (error) {
    if (error instanceof EditError) return undefined;
    throw error;
  }
}

/** The changed and added instructions, as the changed program's slots show them. */
function patchOf(site: Site, edits: readonly Edit[], { machine }: Verification): PatchLine[] {
  const lines: PatchLine[] = [];
  const slots = [...new Set(edits.map(({ at }) => at))].sort((a, b) => a - b);
  let shift = 0;
  for (const at of slots) {
    const here = edits.filter((edit) => edit.at === at);
    let pc = at + shift;
    for (const instruction of here.flatMap(({ insert = [] }) => insert)) {
      lines.push({ sign: '+', pc, text: instructionText(machine, instruction, pc) });
      pc += slotCount(instruction);
    }
    shift = pc - at;
    const replacement = here.find(({ replace }) => replace !== undefined)?.replace;
    if (replacement === undefined) continue;
    lines.push({ sign: '-', pc: at, text: instructionText(site.machine, site.machine.instruction(at), at) });
    lines.push({ sign: '+', pc, text: instructionText(machine, machine.instruction(pc), pc) });
  }
  return lines;
}
