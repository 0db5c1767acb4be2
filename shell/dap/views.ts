import { type Fact, factsOf, missingWords } from '../../src/explain/facts.ts';
import { instructionText } from '../../src/explain/instruction-text.ts';
import type { DebugSession } from '../../src/explain/session.ts';
import type { NumberedFailure } from '../../src/explain/views.ts';
import { RequestError } from './arguments.ts';
import { EXCEPTION_FILTERS, type ExceptionFilter } from './breakpoints.ts';
import type { Sources } from './sources.ts';

/** Bytes of one instruction slot. */
const SLOT = 8;
/** Where slot 0 lies for the other side, so that what a view shows before the program has an address, too. */
const BASE = 0x1000_0000;
/** Instructions disassembled in one request at most. */
const MAX_DISASSEMBLED = 100_000;

export function addressOf(slot: number): string {
  return `0x${(BASE + slot * SLOT).toString(16)}`;
}

/** The slot that an address names. @throws RequestError where it lies outside every program. */
export function slotOf(address: string, offset = 0): number {
  const slot = /^(?:0x[\da-f]{1,12}|\d{1,15})$/i.test(address) ? (Number(address) + offset - BASE) / SLOT : Number.NaN;
  if (!Number.isInteger(slot)) throw new RequestError(`"${address}" is no address of an instruction.`);
  return slot;
}

interface Frame {
  /** Number in the call chain, 0 is the program's own function. */
  readonly depth: number;
  /** The current instruction, or the call that waits. */
  readonly pc: number;
}

/** The active functions, innermost first. */
export function framesOf(session: DebugSession): readonly Frame[] {
  const frames: Frame[] = [];
  let pc = session.pc;
  let context: DebugSession['node']['context'] | undefined = session.node.context;
  for (let depth = session.state.frames.length - 1; depth >= 0 && context !== undefined; depth--) {
    frames.push({ depth, pc });
    pc = context.call;
    context = context.parent;
  }
  return frames;
}

export function stackFrames(session: DebugSession, sources: Sources) {
  return framesOf(session).map(({ depth, pc }) => ({
    id: depth + 1,
    name: session.source.functionAt(pc)?.name ?? session.program.name,
    line: 0,
    ...sources.of(session.source.at(pc)),
    column: 0,
    instructionPointerReference: addressOf(pc),
  }));
}

/** A row of a scope. */
interface Variable {
  readonly name: string;
  readonly value: string;
  readonly evaluateName?: string;
}

interface Scope {
  readonly name: string;
  readonly presentationHint?: string;
  variables(session: DebugSession, depth: number): readonly Variable[];
}

const factRow = ({ subject, words }: Fact): Variable => ({ name: subject, value: words, evaluateName: subject });

/** What a frame shows; numbered from 1 in references. */
const SCOPES: readonly Scope[] = [
  { name: 'Registers', presentationHint: 'registers', variables: registerRows },
  { name: 'Stack', variables: (session, depth) => factsAt(session, depth, 'stack').map(factRow) },
  { name: 'Packet', variables: packetRows },
  { name: 'Facts', variables: factRows },
];

function factsAt(session: DebugSession, depth: number, kind: Fact['kind']): readonly Fact[] {
  return factsOf(session.machine, session.state, depth).filter((fact) => fact.kind === kind);
}

/** All registers of a frame, also those of which nothing is known. */
export function registerRows(session: DebugSession, depth: number): readonly Variable[] {
  const known = new Map(factsAt(session, depth, 'register').map((fact) => [fact.subject, fact.words]));
  const rows = Array.from({ length: 10 }, (_, register): Variable => {
    const name = `r${register}`;
    const live = depth === session.state.frames.length - 1 && session.isLive(register);
    return { name, value: known.get(name) ?? missingWords(live), evaluateName: name };
  });
  return [...rows, { name: 'r10', value: 'the frame pointer', evaluateName: 'r10' }];
}

/** How long the packet is at least, and which places point into it. */
function packetRows(session: DebugSession, depth: number): readonly Variable[] {
  const facts = factsOf(session.machine, session.state, depth);
  const pointers = facts.filter(({ value }) => value?.kind === 'packet');
  const sizes = facts.filter(({ kind }) => kind === 'packet');
  const size: Variable = { name: 'packet', value: 'nothing proved', evaluateName: 'packet' };
  return [...(sizes.some(({ subject }) => subject === 'packet') ? [] : [size]), ...[...sizes, ...pointers].map(factRow)];
}

/** What must be given back, what is locked, what the current instruction requires, and what was lost where paths meet. */
function factRows(session: DebugSession, depth: number): readonly Variable[] {
  const held = [...factsAt(session, depth, 'reference'), ...factsAt(session, depth, 'lock')].map(factRow);
  if (depth < session.state.frames.length - 1) return held;
  const { requirements, join, decision } = session.view();
  return [
    ...held,
    ...requirements.map(({ words, holds, margin }, index) => ({
      name: `required ${index + 1}`,
      value: `${words}: ${holds ? 'holds' : 'FAILS'}${margin === undefined ? '' : `, ${margin}`}`,
    })),
    ...(join?.changes ?? []).map(({ change, subject, before, after }) => ({
      name: `${subject} (${change} where paths meet)`,
      value: `${after ?? 'nothing known'}${before === undefined ? '' : `, was ${before}`}`,
    })),
    ...(decision?.choice === true ? [{ name: 'next', value: decision.words }] : []),
  ];
}

export function scopesOf(frameId: number) {
  return SCOPES.map(({ name, presentationHint }, index) => ({
    name,
    ...(presentationHint === undefined ? {} : { presentationHint }),
    variablesReference: frameId * SCOPES.length + index,
    expensive: false,
  }));
}

/** @throws RequestError for a reference that no scope of the current stack has. */
export function variablesOf(session: DebugSession, reference: number) {
  const depth = Math.floor(reference / SCOPES.length) - 1;
  const scope = SCOPES[reference % SCOPES.length];
  if (scope === undefined || depth < 0 || depth >= session.state.frames.length) throw new RequestError(`There are no variables ${reference}.`);
  return scope.variables(session, depth).map((variable) => ({ ...variable, type: 'abstract value', variablesReference: 0 }));
}

/** The checks that fail before the current instruction on this path; the same instruction may be reached without failing. */
export function failingHere(session: DebugSession): readonly NumberedFailure[] {
  const { pc } = session;
  const rejected = session.failures.slice(0, session.report.failures.length);
  const candidates = rejected.filter(({ failure }) => failure.instruction === pc);
  if (candidates.length === 0) return [];
  const { requirements, end } = session.view();
  return candidates.filter(
    ({ number, failure: { check } }) =>
      requirements.some(({ kind, holds }) => !holds && kind === check.kind) || (number === session.followedFailure && end !== undefined),
  );
}

/** `ExceptionInfo` of the first check that fails here, else of the filter that stopped here. @throws RequestError where neither did. */
export function exceptionInfo(session: DebugSession, filter: ExceptionFilter | undefined) {
  const [first] = failingHere(session);
  if (first === undefined && filter !== undefined) {
    const { join, decision } = session.view();
    const lost = (join?.changes ?? []).map(
      ({ subject, before, after }) => `${subject}: ${after ?? 'nothing known'}${before === undefined ? '' : `, was ${before}`}`,
    );
    const told = [...lost, ...(decision === undefined ? [] : [decision.words])];
    return { exceptionId: filter, description: EXCEPTION_FILTERS[filter].description, breakMode: 'always', details: { message: told.join('\n') } };
  }
  if (first === undefined) throw new RequestError('No check fails here.');
  const { failure } = first;
  const failing = session.view().requirements.filter(({ holds }) => !holds);
  const registers = session.relevantRegisters();
  const known = new Map(session.facts().map(({ subject, words }) => [subject, words]));
  const reasons = [
    ...failing.map(({ words, margin }) => `required: ${words}${margin === undefined ? '' : ` (${margin})`}`),
    ...registers.map((register) => `established: r${register}: ${known.get(`r${register}`) ?? 'never set'}`),
  ];
  return {
    exceptionId: failure.id,
    description: failure.message,
    breakMode: 'always',
    details: {
      message: failure.classic,
      typeName: failure.check.kind,
      stackTrace: [...reasons, storyText(session, registers)].filter((line) => line !== '').join('\n'),
    },
  };
}

/** How registers came to hold what they hold, one event on each line. */
export function storyText(session: DebugSession, registers: readonly number[]): string {
  return session
    .story(registers)
    .map(({ kind, pc, subject, words, before }) => {
      const source = session.source.at(pc);
      const place = source === undefined || source.line === 0 ? `${pc}` : `${pc} (line ${source.line})`;
      return `${place}: ${kind}: ${subject}: ${words}${before === undefined ? '' : ` (was ${before})`}`;
    })
    .join('\n');
}

/**
 * @param first slot of the address that was asked for.
 * @param skip instructions from there to the first that is wanted; may be negative.
 */
export function disassembly(session: DebugSession, sources: Sources, first: number, skip: number, count: number) {
  if (count < 0 || count > MAX_DISASSEMBLED) throw new RequestError(`Between 0 and ${MAX_DISASSEMBLED} instructions can be disassembled.`);
  const { program, machine } = session;
  // A 64-bit load takes two slots; the second is no instruction of its own.
  const slots = program.instructions.flatMap((instruction, slot) => (instruction === undefined ? [] : [slot]));
  const found = slots.findLastIndex((slot) => slot <= first);
  const start = (first >= program.instructions.length ? slots.length + first - program.instructions.length : found < 0 ? first : found) + skip;
  return Array.from({ length: count }, (_, index) => {
    const at = start + index;
    const slot = slots[at];
    if (slot === undefined) {
      const outside = at < 0 ? at : program.instructions.length + at - slots.length;
      return { address: addressOf(Math.max(outside, -BASE / SLOT)), instruction: '(outside the program)', presentationHint: 'invalid' };
    }
    const entry = program.functions.find(({ start: begin }) => begin === slot);
    const place = sources.of(session.source.at(slot));
    return {
      address: addressOf(slot),
      instruction: `${slot}: ${instructionText(machine, program.instructions[slot]!, slot)}`,
      ...(entry === undefined ? {} : { symbol: entry.name }),
      ...(place === undefined ? {} : { location: place.source, line: place.line }),
    };
  });
}
