import { type Fact, factsOf, missingWords } from '../../src/explain/facts.ts';
import { instructionText } from '../../src/explain/instruction-text.ts';
import { type MemoryPlace, mapWords, placeOf } from '../../src/explain/memory.ts';
import type { DebugSession } from '../../src/explain/session.ts';
import { variableNames } from '../../src/explain/variables.ts';
import type { NumberedFailure } from '../../src/explain/views.ts';
import { slotCount } from '../../src/isa/instruction.ts';
import { RequestError } from './arguments.ts';
import { EXCEPTION_FILTERS, type ExceptionFilter } from './breakpoints.ts';
import { addressOf, CODE, encodedBytes, referenceTo, SLOT } from './memory.ts';
import type { Sources } from './sources.ts';

/** Instructions disassembled in one request at most. */
const MAX_DISASSEMBLED = 100_000;

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
    ...sources.at(pc),
    column: sources.columnOf(pc),
    instructionPointerReference: addressOf(pc),
    canRestart: true,
  }));
}

/** A row of a scope. */
interface Variable {
  readonly name: string;
  readonly value: string;
  readonly type?: string;
  readonly evaluateName?: string;
  readonly memoryReference?: string;
  /** What `locations` calls it: where it was made. */
  readonly valueLocationReference?: number;
}

interface Scope {
  readonly name: string;
  readonly presentationHint?: string;
  /** It takes a moment, so it is filled when somebody opens it. */
  readonly expensive?: boolean;
  variables(session: DebugSession, depth: number): readonly Variable[];
}

const factRow = ({ subject, words }: Fact): Variable => ({ name: subject, value: words, evaluateName: subject });

/** Bytes that belong to a fact: those that a pointer leads to, else those of the stack cell that holds it. */
export function memoryOf(fact: Fact, depth: number): { readonly memoryReference?: string } {
  const byte = fact.kind === 'stack' ? Number(fact.subject.split('..')[0]!.slice(2)) : undefined;
  const cell: MemoryPlace | undefined = byte === undefined ? undefined : { region: { kind: 'stack', frame: depth }, offset: byte };
  const place = (fact.value === undefined ? undefined : placeOf(fact.value)) ?? cell;
  return place === undefined ? {} : { memoryReference: referenceTo(place) };
}

/** What a frame shows; numbered from 0 in references. */
const SCOPES: readonly Scope[] = [
  { name: 'Variables', presentationHint: 'locals', variables: variableRows },
  { name: 'Registers', presentationHint: 'registers', variables: registerRows },
  { name: 'Stack', variables: (session, depth) => factsAt(session, depth, 'stack').map((fact) => ({ ...factRow(fact), ...memoryOf(fact, depth) })) },
  { name: 'Packet', variables: packetRows },
  { name: 'Maps', variables: mapRows },
  { name: 'Facts', variables: factRows },
  { name: 'Provenance', expensive: true, variables: provenanceRows },
];

/** Variables of the source, as far as the line information tells which place holds them; of callers nothing is known. */
function variableRows(session: DebugSession, depth: number): readonly Variable[] {
  if (depth < session.state.frames.length - 1) return [];
  const names = variableNames(session);
  return factsOf(session.machine, session.state, depth).flatMap((fact) => {
    const name = names(fact.subject);
    if (name === undefined) return [];
    return { ...factRow(fact), name, evaluateName: name, type: `in ${fact.subject}`, ...memoryOf(fact, depth), ...locationOf(session, fact, depth) };
  });
}

/** The maps of the program, and what their values are. */
function mapRows({ machine }: DebugSession): readonly Variable[] {
  return machine.maps.map((map) => ({
    name: map.name === '' ? `map ${map.index}` : map.name,
    value: mapWords(map),
    memoryReference: referenceTo({ region: { kind: 'map', map: map.index }, offset: 0 }),
  }));
}

/** How what the current instruction is about came to be, oldest event first. */
function provenanceRows(session: DebugSession, depth: number): readonly Variable[] {
  if (depth < session.state.frames.length - 1) return [];
  return session.story(session.relevantRegisters()).map(({ kind, pc, subject, words, before }) => ({
    name: placeText(session, pc),
    value: `${kind}: ${subject}: ${words}${before === undefined ? '' : ` (was ${before})`}`,
  }));
}

function placeText(session: DebugSession, pc: number): string {
  const source = session.source.at(pc);
  return source === undefined || source.line === 0 ? `${pc}` : `${pc} (line ${source.line})`;
}

/** Registers of the current function can be asked where they got their value. */
function locationOf(session: DebugSession, { kind, subject }: Fact, depth: number): { readonly valueLocationReference?: number } {
  return kind === 'register' && depth === session.state.frames.length - 1 ? { valueLocationReference: Number(subject.slice(1)) + 1 } : {};
}

/** `LocationsResponse`: the line that gave a register its value. @throws RequestError where none is known. */
export function locationAt(session: DebugSession, sources: Sources, reference: number) {
  const register = reference - 1;
  const made = register >= 0 && register < 10 ? session.story([register]).findLast(({ kind }) => kind === 'made' || kind === 'copied') : undefined;
  const place = made === undefined ? undefined : sources.at(made.pc);
  if (made === undefined || place === undefined) throw new RequestError(`It is not known which line made value ${reference}.`);
  return { ...place, column: sources.columnOf(made.pc) };
}

function factsAt(session: DebugSession, depth: number, kind: Fact['kind']): readonly Fact[] {
  return factsOf(session.machine, session.state, depth).filter((fact) => fact.kind === kind);
}

/** All registers of a frame, also those of which nothing is known. */
export function registerRows(session: DebugSession, depth: number): readonly Variable[] {
  const known = new Map(factsAt(session, depth, 'register').map((fact) => [fact.subject, fact]));
  const rows = Array.from({ length: 10 }, (_, register): Variable => {
    const name = `r${register}`;
    const fact = known.get(name);
    if (fact !== undefined) return { ...factRow(fact), ...memoryOf(fact, depth), ...locationOf(session, fact, depth) };
    const live = depth === session.state.frames.length - 1 && session.isLive(register);
    return { name, value: missingWords(live), evaluateName: name };
  });
  const { size } = session.state.frames[depth]!.stack;
  const frame = referenceTo({ region: { kind: 'stack', frame: depth }, offset: -size });
  return [...rows, { name: 'r10', value: 'the frame pointer', evaluateName: 'r10', memoryReference: frame }];
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
  return SCOPES.map(({ name, presentationHint, expensive = false }, index) => ({
    name,
    ...(presentationHint === undefined ? {} : { presentationHint }),
    variablesReference: frameId * SCOPES.length + index,
    expensive,
  }));
}

/** @throws RequestError for a reference that no scope of the current stack has. */
export function variablesOf(session: DebugSession, reference: number) {
  const depth = Math.floor(reference / SCOPES.length) - 1;
  const scope = SCOPES[reference % SCOPES.length];
  if (scope === undefined || depth < 0 || depth >= session.state.frames.length) throw new RequestError(`There are no variables ${reference}.`);
  // Nothing can be set: the values are what the verifier found out, for all runs at once.
  const presentationHint = { attributes: ['readOnly'] };
  return scope.variables(session, depth).map((variable) => ({ type: 'abstract value', ...variable, presentationHint, variablesReference: 0 }));
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
      return `${placeText(session, pc)}: ${kind}: ${subject}: ${words}${before === undefined ? '' : ` (was ${before})`}`;
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
  const bytes = encodedBytes(session);
  // A 64-bit load takes two slots; the second is no instruction of its own.
  const slots = program.instructions.flatMap((instruction, slot) => (instruction === undefined ? [] : [slot]));
  const found = slots.findLastIndex((slot) => slot <= first);
  const start = (first >= program.instructions.length ? slots.length + first - program.instructions.length : found < 0 ? first : found) + skip;
  return Array.from({ length: count }, (_, index) => {
    const at = start + index;
    const slot = slots[at];
    if (slot === undefined) {
      const outside = at < 0 ? at : program.instructions.length + at - slots.length;
      return { address: addressOf(Math.max(outside, -CODE / SLOT)), instruction: '(outside the program)', presentationHint: 'invalid' };
    }
    const entry = program.functions.find(({ start: begin }) => begin === slot);
    const place = sources.at(slot);
    return {
      address: addressOf(slot),
      instruction: `${slot}: ${instructionText(machine, program.instructions[slot]!, slot)}`,
      ...(bytes.length === 0 ? {} : { instructionBytes: hexBytes(bytes, slot, slotCount(program.instructions[slot]!)) }),
      ...(entry === undefined ? {} : { symbol: entry.name }),
      ...(place === undefined ? {} : { location: place.source, line: place.line }),
    };
  });
}

/** `b7 01 00 00 2a 00 00 00`. */
function hexBytes(bytes: Uint8Array, slot: number, slots: number): string {
  return Array.from(bytes.subarray(slot * SLOT, (slot + slots) * SLOT), (byte) => byte.toString(16).padStart(2, '0')).join(' ');
}
