import { type CheckDetails, type CheckKind, checkRow } from '../verifier/checks.ts';
import type { Node } from '../verifier/explore.ts';
import { registerEffects } from '../verifier/liveness.ts';
import type { Finding } from '../verifier/machine.ts';
import { add, constant, constantValue, fromSigned, type Int, sub, TOP } from '../verifier/number/index.ts';
import type { State } from '../verifier/state.ts';
import { Value, ZERO } from '../verifier/value.ts';
import { judge, type ReplayMachine } from './replay.ts';
import { spanWords } from './words.ts';

/** Something that must hold before an instruction. */
export interface Requirement {
  /** The verifier's check. */
  readonly kind: CheckKind;
  readonly register: number | undefined;
  readonly words: string;
  readonly holds: boolean;
  /** Where a number says it: by how much it holds ("10 to spare") or fails ("10 missing"). */
  readonly margin?: string;
}

/** Far enough for any region to end before it. */
const FAR = 2 ** 40;

/**
 * What the instruction at `pc` requires of the registers it reads. No rule stands here: the verifier's own transfer function is run with less and less
 * known of each register, and whatever it then complains about is what it requires.
 *
 * @param state the state before the instruction; it is not changed.
 */
export function requirementsAt(machine: ReplayMachine, node: Node, state: State, pc: number): readonly Requirement[] {
  const instruction = machine.instruction(pc);
  const { reads } = registerEffects(instruction, (call) => machine.calledBy(call)?.arguments.length ?? 0);
  const failing = judge(machine, node, state.clone(), pc);
  const found = new Map<string, Requirement>();
  const put = (finding: Finding, holds: boolean) => {
    const key = `${finding.kind}:${finding.details.register ?? ''}`;
    if (found.has(key)) return;
    const requirement = requirementOf(finding, state, holds);
    // Both ends of a region may word one requirement.
    if (![...found.values()].some(({ words }) => words === requirement.words)) found.set(key, requirement);
  };
  for (const finding of failing) put(finding, false);
  for (let register = 0; register <= 10; register++) {
    if ((reads & (1 << register)) === 0) continue;
    const value = state.registers[register];
    if (value === undefined || value.kind === 'invalid') continue;
    for (const weaker of weakenings(machine, value)) {
      const probe = state.clone();
      probe.registers[register] = weaker;
      for (const finding of judge(machine, node, probe, pc)) if (isWorthSaying(finding, value)) put(finding, true);
    }
  }
  return [...found.values()].filter((requirement) => !isImplied(requirement, found)).sort((a, b) => Number(a.holds) - Number(b.holds));
}

/** Remarks are no requirements, that numbers may be compared goes without saying, and only some pointers can ever be null. */
function isWorthSaying({ kind }: Finding, value: Value): boolean {
  if (checkRow(kind).severity === 'portability' || kind === 'pointer_difference' || kind === 'pointer_comparison') return false;
  return kind !== 'null_access' || value.identity !== 0;
}

/** That it is a pointer goes without saying where its bounds are checked, and the side on which it is far from failing too. */
function isImplied({ kind, register, holds }: Requirement, all: ReadonlyMap<string, Requirement>): boolean {
  if (!holds) return false;
  if (TYPE_CHECKS.has(kind)) return [...all.values()].some((other) => other.register === register && !TYPE_CHECKS.has(other.kind));
  const upper = UPPER_OF[kind];
  return upper !== undefined && all.has(`${upper}:${register}`);
}

const TYPE_CHECKS: ReadonlySet<CheckKind> = new Set(['dereference', 'type', 'argument_type', 'memory_argument', 'map_argument']);
const UPPER_OF: Partial<Record<CheckKind, CheckKind>> = {
  packet_lower: 'packet_upper',
  map_value_lower: 'map_value_upper',
  memory_lower: 'memory_upper',
  context_variable: 'context_upper',
};

/** The same register with less known of it, each in one respect. */
function weakenings(machine: ReplayMachine, value: Value): readonly Value[] {
  const unknown = machine.number(TOP);
  if (!value.isPointer) {
    const context = new Value('ctx', 0, ZERO, 0, constant(0), false, 0, undefined, undefined);
    return [unknown, machine.constant(0), context];
  }
  const moved = (min: number, max: number) =>
    new Value(value.kind, value.tag, machine.symbol(), 0, fromSigned(min, max), false, value.identity, undefined, undefined);
  const at = (offset: number) => new Value(value.kind, value.tag, ZERO, offset, constant(offset), false, value.identity, undefined, undefined);
  const places = value.kind === 'ctx' ? [at(FAR), moved(0, 8)] : value.kind === 'map' || value.kind === 'code' ? [] : [moved(0, FAR), moved(-FAR, 0)];
  return [unknown, value.withNullable(true), ...places];
}

function requirementOf({ kind, details }: Finding, state: State, holds: boolean): Requirement {
  const value = details.register === undefined ? undefined : state.registers[details.register];
  const access = accessOf(details, value);
  const words = WORDS[kind]?.(details, access) ?? checkRow(kind).classic(details);
  const missing = MARGINS[kind]?.(details, access, state);
  const sensible = missing !== undefined && missing < LARGEST_MARGIN && missing > -LARGEST_MARGIN;
  // A check that stopped at one end of a region has not looked at the other.
  const sound = holds && (missing === undefined || missing <= 0);
  return { kind, register: details.register, words, holds: sound, ...(sensible ? { margin: marginWords(missing) } : {}) };
}

/** Distances beyond this are those of an unknown number and say nothing. */
const LARGEST_MARGIN = 2 ** 32;

function marginWords(missing: Int): string {
  return missing > 0 ? `${count(`${missing}`)} missing` : `${count(`${sub(0, missing)}`)} to spare`;
}

/** Where an access begins, counted from the start of its region, as it really is at this point. */
interface Access {
  readonly value: Value | undefined;
  readonly min: Int | undefined;
  readonly max: Int | undefined;
  readonly width: number;
}

function accessOf({ displacement = 0, width }: CheckDetails, value: Value | undefined): Access {
  const bytes = typeof width === 'number' ? width : 0;
  if (value === undefined || !value.isPointer) return { value, min: undefined, max: undefined, width: bytes };
  return { value, min: add(value.range.smin, displacement), max: add(value.range.smax, displacement), width: bytes };
}

const count = (bytes: number | string | undefined) => (bytes === 1 || bytes === '1' ? '1 byte' : `${bytes ?? 'some'} bytes`);
const register = (d: CheckDetails) => `r${d.register}`;
const verb = (d: CheckDetails) => (d.mode === 'write' ? 'writable' : 'readable');

/** `bytes 23..24`, `byte 9`; at a variable offset `bytes from 14..74 on`. */
function bytesOf({ min, max, width }: Access): string {
  if (min === undefined || max === undefined) return count(width);
  if (min !== max) return `${count(width)} at a variable offset (${spanWords(min, max)})`;
  return width <= 1 ? `byte ${min}` : `bytes ${min}..${sub(add(min, width), 1)}`;
}

type Wording = (details: CheckDetails, access: Access) => string;

const inRegion =
  (name: (d: CheckDetails) => string): Wording =>
  (d, access) =>
    `${bytesOf(access)} inside ${name(d)}`;
const frame: Wording = (d, { value, min, width }) =>
  value === undefined || constantValue(value.range) === undefined
    ? `${count(width)} inside the ${d.limit}-byte stack frame`
    : `${count(width)} at fp${min} inside the ${d.limit}-byte stack frame`;

/** Checks as requirements; a check without a row keeps its classic wording, which is one. */
const WORDS: Partial<Record<CheckKind, Wording>> = {
  register_uninitialised: (d) => `${register(d)} has a value`,
  clobbered: (d) => `${register(d)} has a value`,
  dereference: (d) => `${register(d)} is a pointer`,
  type: (d) => `${register(d)} is ${d.want}`,
  null_access: (d) => `${register(d)} is not null`,
  packet_upper: (d, access) => `the packet has ${bytesOf(access)}, ${verb(d)} through ${register(d)}`,
  packet_lower: (d) => `${register(d)} is not before the packet`,
  packet_write: () => 'this program type may write to packets',
  map_value_upper: inRegion((d) => `a value of map ${d.name} (${count(d.limit)})`),
  map_value_lower: (d) => `${register(d)} is not before its map value`,
  memory_upper: inRegion((d) => `a record (${count(d.limit)})`),
  memory_lower: (d) => `${register(d)} is not before its record`,
  stack_upper: frame,
  stack_lower: frame,
  stack_uninitialised: (_, { min, width }) =>
    min === undefined ? `${count(width)} of the stack were written` : `${count(width)} at fp${min} were written`,
  context_upper: inRegion((d) => `${d.name} (${count(d.limit)})`),
  context_lower: inRegion((d) => `${d.name}`),
  context_field: (d, access) => `a field of ${d.name} that it may use at ${bytesOf(access)}`,
  context_variable: (d) => `a constant offset into ${d.name}`,
  context_write: (d, access) => `${bytesOf(access)} of ${d.name} may be written`,
  context_modified: (d) => `${register(d)} is the unmoved context`,
  read_only: (d) => `${d.name} may be written`,
  pointer_arithmetic: (d) => `${register(d)} is a number`,
  pointer_truncated: (d) => `${register(d)} is a number (32-bit operation)`,
  pointer_difference: (d) => `${register(d)} is of the other operand's kind`,
  pointer_comparison: (d) => `${register(d)} is of the other operand's kind`,
  pointer_plus_pointer: () => 'one operand is a number',
  leak_store: (d) => `what is stored is a number (${d.want} is visible outside)`,
  leak_return: () => 'r0 is a number',
  exit_value: (d) => `r0 is ${d.limit}`,
  argument_type: (d) => `${register(d)} is ${d.want}`,
  argument_zero: (d) => `${register(d)} is 0`,
  argument_constant: (d) => `${register(d)} is a known constant`,
  map_argument: (d) => `${register(d)} is a map`,
  map_kind: (d) => `${register(d)} is a map of type ${d.want}`,
  memory_argument: (d) => `${register(d)} points to memory`,
  stack_argument: (d) => `the bytes that ${register(d)} points to were written`,
  size_negative: (d) => `${register(d)} is not negative`,
  size_zero: (d) => `${register(d)} is not 0`,
  division_by_zero: (d) => `${register(d)} is not 0`,
  release_argument: (d) => `${register(d)} is what was acquired`,
  callback_argument: (d) => `${register(d)} is a function`,
};

type Margin = (details: CheckDetails, access: Access, state: State) => Int | undefined;

const beyond: Margin = (d, { max, width }) => (max === undefined || typeof d.limit !== 'number' ? undefined : sub(add(max, width), d.limit));

/** By how many bytes the requirement fails; at most 0 where it holds. */
const MARGINS: Partial<Record<CheckKind, Margin>> = {
  packet_upper: (d, { value, width }, state) => (value?.kind === 'packet' ? state.overPacketEnd(value, (d.displacement ?? 0) + width) : undefined),
  map_value_upper: beyond,
  memory_upper: beyond,
  context_upper: () => undefined,
};
