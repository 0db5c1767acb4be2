import { slotCount } from '../../isa/instruction.ts';
import type { ObjectProgram } from '../../object/object-file.ts';
import type { CheckKind } from '../../verifier/checks.ts';
import { type Verification, type VerifyOptions, verify } from '../../verifier/index.ts';
import type { Failure } from '../../verifier/report.ts';
import { instructionText } from '../instruction-text.ts';
import { applyEdits, type Edit, EditError } from './edit.ts';
import { nullChecks, packetChecks } from './guards.ts';
import { divisorChecks, indexChecks, sizeChecks } from './indices.ts';
import { type Lowering, loweringOf } from './lowering.ts';
import type { PatternName, Proposal } from './proposal.ts';
import { Site } from './site.ts';
import { numericResults, registerValues, releases, reloads, stackZeros } from './values.ts';

/** `verified`: the program passes with it, and input that went well before goes on as it did. `verified-changes-behaviour`: it passes, but such input
 * may have another result. `text`: a change of the source that was not tried here. */
export type Applicability = 'verified' | 'verified-changes-behaviour' | 'text';

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
  leak_return: [numericResults],
  exit_value: [numericResults],
  division_by_zero: [divisorChecks],
};

/** What to write where no change of the code alone repairs it. */
const ADVICE: Readonly<Partial<Record<CheckKind, { readonly c: readonly string[]; readonly effect: string }>>> = {
  clobbered: {
    c: ['/* keep the value in a local variable across the call, or compute it again after it */'],
    effect: 'Calls keep only what the compiler holds in r6 to r9 or on the stack.',
  },
  leak_store: {
    c: ['/* store a number that says the same: an index, a length, a copied value */'],
    effect: 'User space no longer sees a kernel address.',
  },
  leak_argument: { c: ['/* build the key or value from numbers only */'], effect: 'User space no longer sees a kernel address.' },
  lock_held: { c: ['bpf_spin_unlock(&value->lock);   /* on every path to the end */'], effect: 'The lock is given back on every path.' },
  context_write: { c: ['/* change a copy, or a field that programs may write */'], effect: 'Read-only fields stay as they are.' },
  context_modified: { c: ['/* pass ctx itself, not ctx + offset */'], effect: 'The helper gets the context it expects.' },
  combined_stack: { c: ['/* move large buffers into a per-CPU array map */'], effect: 'The frames of the call chain fit the stack.' },
  infinite_loop: { c: ['for (int i = 0; i < LIMIT; i++)   /* test at the top, count up, constant limit */'], effect: 'The loop ends.' },
  loop_unbounded: {
    c: ['for (int i = 0; i < LIMIT && more; i++)   /* a constant limit besides the data-dependent one */'],
    effect: 'Input beyond the limit is not looked at.',
  },
};

export interface FixOptions {
  readonly verify: Omit<VerifyOptions, 'platform'>;
  /** Fixes offered at most, default 3. */
  readonly most?: number;
  /** Time after which nothing more is tried, in milliseconds. Default 1000. */
  readonly budgetMilliseconds?: number;
}

const DEFAULT_MOST = 3;
const DEFAULT_BUDGET = 1000;
const MAX_WIDENINGS = 16;

/**
 * Changes of a program with which a failed check passes. Each is applied to a copy of the linked code and verified again before it is offered; those
 * with which the whole program passes come first, then those that repair this check and leave others.
 */
export function proposeFixes(verification: Verification, failure: Failure, options: FixOptions): Fixes {
  const finding = verification.findings.find(
    ({ kind, instruction, details }) =>
      kind === failure.check.kind && instruction === failure.instruction && details.register === failure.check.register,
  );
  if (finding === undefined) return { fixes: [], lowering: undefined, rejected: [] };
  const site = new Site(verification, failure, finding);
  const end = performance.now() + (options.budgetMilliseconds ?? DEFAULT_BUDGET);
  const most = options.most ?? DEFAULT_MOST;
  const whole: Omit<Fix, 'letter'>[] = [];
  const partial: Omit<Fix, 'letter'>[] = [];
  const rejected: string[] = [];
  for (const pattern of PATTERNS[finding.kind] ?? []) {
    for (const proposal of pattern(site)) {
      if (whole.length >= most || performance.now() > end) break;
      const tried = attempt(site, proposal, options, end);
      if (tried === undefined) rejected.push(proposal.title);
      else if (tried.applied?.verification.report.verdict === 'accepted') whole.push(tried);
      else partial.push(tried);
    }
  }
  const advice = ADVICE[finding.kind];
  const texts: Omit<Fix, 'letter'>[] =
    whole.length + partial.length === 0 && advice !== undefined
      ? [{ pattern: 'advice', title: 'Change the source', applicability: 'text', patch: [], ...advice }]
      : [];
  const fixes = [...whole, ...partial, ...texts].slice(0, most).map((fix, index) => ({ letter: String.fromCharCode(65 + index), ...fix }));
  return { fixes, lowering: loweringOf(site), rejected };
}

/** Applies a proposal and verifies it, wider versions of it where the same check still fails; undefined where it does not repair the check. */
function attempt(site: Site, first: Proposal, options: FixOptions, end: number): Omit<Fix, 'letter'> | undefined {
  let proposal = first;
  for (let turn = 0; turn <= MAX_WIDENINGS; turn++) {
    const applied = apply(site, proposal.edits, options);
    if (applied === undefined || applied.verification.report.verdict === 'error') return undefined;
    const { failures } = applied.verification.report;
    const again = failures.find(({ check }) => check.kind === site.failure.check.kind);
    const wider = again === undefined || performance.now() > end ? undefined : proposal.widen?.(again);
    if (wider !== undefined) {
      proposal = wider;
      continue;
    }
    // Fewer failures than before, and not this one any more: others have causes of their own.
    if (failures.length > 0 && (again !== undefined || failures.length >= site.verification.report.failures.length)) return undefined;
    const { pattern, title, c, effect, changesBehaviour } = proposal;
    const remaining = failures.length === 0 ? '' : ` ${failures.length} other ${failures.length === 1 ? 'check fails' : 'checks fail'} still.`;
    return {
      pattern,
      title,
      c,
      effect: `${effect}${remaining}`,
      applicability: changesBehaviour ? 'verified-changes-behaviour' : 'verified',
      patch: patchOf(site, proposal.edits, applied.verification),
      applied,
    };
  }
  return undefined;
}

function apply(site: Site, edits: readonly Edit[], options: FixOptions): Fix['applied'] | undefined {
  const { machine } = site;
  try {
    const program = applyEdits(site.program, edits);
    return {
      program,
      verification: verify(machine.object, program, { ...options.verify, platform: machine.rules.platform, programType: machine.rules.programType }),
    };
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
