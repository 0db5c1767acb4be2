import { declaredContext } from '../object/context-names.ts';
import { isGplCompatible } from '../object/license.ts';
import type { ObjectFile, ObjectProgram } from '../object/object-file.ts';
import {
  findHelper,
  findMapType,
  helperByName,
  inferProgramTypeOfObject,
  matchSection,
  objectEvidence,
  programTypeOfSection,
  targetOfSection,
} from '../platform/index.ts';
import type { HelperPrototype, Platform, ProgramType } from '../platform/platform.ts';
import type { ControlFlowGraph } from './cfg.ts';
import { buildControlFlowGraph, ControlFlowError, GraphLimitError } from './cfg.ts';
import type { Exploration, LoopTurn } from './explore.ts';
import { failureOf } from './failure.ts';
import { Clock, climb, lateText, type Outcome, rungsFor } from './ladder.ts';
import { computeLiveness, type Liveness } from './liveness.ts';
import type { Assumption, Finding, MapFacts, Rules } from './machine.ts';
import { Machine, noConstraints } from './machine.ts';
import { add, type Int } from './number/index.ts';
import type { VerificationReport } from './report.ts';
import { specialFields } from './special-fields.ts';
import { StackFrame } from './stack.ts';
import { computeStackLiveness, type StackLiveness } from './stack-liveness.ts';
import { verifyGlobalFunctions } from './standalone.ts';
import { State } from './state.ts';
import { atOnce, inSlices, type Steps } from './steps.ts';
import { strayFlow, unreachableCode } from './structure.ts';
import type { Value } from './value.ts';

export { LADDER } from './ladder.ts';
export type { Check, Failure, VerificationReport } from './report.ts';

export interface VerifyOptions {
  readonly platform: Platform;
  /** Overrides what the section name and the object tell. */
  readonly programType?: ProgramType;
  /** Fixes the number of states kept apart at a join; by default it rises until the verdict is settled. */
  readonly precision?: number | undefined;
  readonly allowDivisionByZero?: boolean;
  readonly checkTermination?: boolean;
  readonly strict?: boolean;
  readonly signal?: AbortSignal;
  /** Time after which a program that is not yet judged gets verdict `error`, in milliseconds. */
  readonly timeLimit?: number;
  readonly onProgress?: (progress: { readonly steps: number; readonly precision: number }) => void;
  /** Told of every state that a loop head goes on with, at every precision that is tried. */
  readonly onLoopHead?: (turn: LoopTurn) => void;
  /** What-if: what is taken to hold before instructions, by slot. The verdict then is one about a program that does not exist. */
  readonly assumptions?: ReadonlyMap<number, readonly Assumption[]>;
}

/** A finished exploration with all that is needed to replay and question it. Not serialisable; reports are. */
export interface Verification {
  readonly report: VerificationReport;
  readonly machine: Machine;
  readonly graph: ControlFlowGraph | undefined;
  readonly liveness: Liveness | undefined;
  readonly exploration: Exploration | undefined;
  readonly findings: readonly Finding[];
}

const DEFAULT_TIME_LIMIT = 60_000;
/** Slots of the largest program that is looked at: Linux' own limit (BPF_COMPLEXITY_LIMIT_INSNS). */
const MAX_INSTRUCTIONS = 1_000_000;

/** Judges one program of an object; never throws for what the program does. */
export function verifyProgram(object: ObjectFile, program: ObjectProgram, options: VerifyOptions): VerificationReport {
  return verify(object, program, options).report;
}

/** Like `verifyProgram`, with the explored states. */
export function verify(object: ObjectFile, program: ObjectProgram, options: VerifyOptions): Verification {
  return atOnce(verificationSteps(object, program, options));
}

/**
 * Like `verify`, giving way to other work every few milliseconds, so that `options.signal` can be aborted meanwhile.
 *
 * @param pause called after each slice of work; what it throws ends the verification.
 */
export function verifyInSlices(
  object: ObjectFile,
  program: ObjectProgram,
  options: VerifyOptions,
  pause: () => Promise<void>,
): Promise<Verification> {
  return inSlices(verificationSteps(object, program, options), pause);
}

/** Like `verify`, as a part of other work that gives way. */
export function* verificationSteps(object: ObjectFile, program: ObjectProgram, options: VerifyOptions): Steps<Verification> {
  const started = performance.now();
  const rules = rulesFor(object, program, options);
  const maps = object.maps.map((_, index) => mapFacts(object, index, options.platform));
  const create = () => createMachine(object, program, rules, maps);
  const base = {
    section: program.section,
    program: program.name,
    platform: options.platform.name,
    programType: rules.programType.name,
    failures: [],
    warnings: [],
    instructions: program.instructions.length,
    precision: 0,
    statesVisited: 0,
    maxLoopCount: 0,
  } as const;
  const elapsed = () => performance.now() - started;
  const unjudged = (kind: 'link' | 'decode' | 'limit' | 'cancelled' | 'unsupported', message: string, instruction?: number): Verification => ({
    report: { ...base, verdict: 'error', milliseconds: elapsed(), error: { kind, message, ...(instruction === undefined ? {} : { instruction }) } },
    machine: create(),
    graph: undefined,
    liveness: undefined,
    exploration: undefined,
    findings: [],
  });
  const { defect } = program;
  if (program.instructions.length > MAX_INSTRUCTIONS) {
    return unjudged('limit', `The program has ${program.instructions.length} instruction slots; ${MAX_INSTRUCTIONS} are the most that are judged.`);
  }
  let graph: ControlFlowGraph;
  const first = create();
  try {
    graph = buildControlFlowGraph(program.instructions, (instruction) => first.callsBack(instruction));
  } catch (error) {
    if (error instanceof GraphLimitError) return unjudged('limit', error.message);
    if (!(error instanceof ControlFlowError)) throw error;
    // A flow that leaves the code is a fault of the program, unless the code itself could not be linked or decoded.
    if (defect !== undefined && defect.slot !== error.slot) return unjudged('link', defect.message, defect.slot);
    const machine = create();
    machine.fail('control_flow', error.slot, entryState(machine), { note: error.message, id: error.id });
    return conclude(machine, undefined, undefined, undefined);
  }
  if (defect !== undefined) return unjudged('link', defect.message, defect.slot);
  // Programs may have a million slots: each pass over one takes its time.
  yield;
  const liveness = computeLiveness(program.instructions, graph, (instruction) => first.calledBy(instruction)?.arguments.length ?? MOST_ARGUMENTS);
  yield;
  const stackLiveness = computeStackLiveness(program.instructions, graph, {
    stackSize: rules.stackSize,
    findHelper: first.findHelper,
    findKfunc: first.findKfunc,
    keySize: (map) => maps[map]?.keySize,
    valueSize: (map) => maps[map]?.valueSize,
  });
  yield;
  const clock = new Clock(started, options.timeLimit ?? DEFAULT_TIME_LIMIT, options.signal);
  const outcome = yield* climb(
    {
      create,
      entry: entryState,
      graph,
      liveness,
      stackLiveness,
      thresholds: collectThresholds(program.instructions),
      clock,
      onProgress: (progress) => options.onProgress?.(progress),
      onLoopHead: options.onLoopHead,
    },
    rungsFor(options.precision, program.instructions.length),
  );
  if (outcome.kind === 'cancelled') return unjudged('cancelled', CANCELLED);
  if (outcome.kind === 'limit') return unjudged('limit', outcome.message);
  const { machine, failed } = outcome.attempt;
  if (options.platform.name === 'linux') {
    for (const slot of unreachableCode(machine, graph).slice(0, 1)) machine.fail('unreachable', slot, entryState(machine), { limit: slot });
    const stray = rules.section === undefined ? undefined : strayFlow(machine, graph);
    if (stray !== undefined)
      machine.fail('control_flow', stray.from, entryState(machine), {
        note: `Control goes on at instruction ${stray.to} in another function`,
        id: 'CFG-03',
      });
    // Sections that Linux does not know are loaded by no Linux loader, so its rule for global functions says nothing about them.
    if (!failed && rules.section !== undefined) checkGlobalFunctions(machine, graph, liveness, stackLiveness, () => clock.look());
    if (clock.cancelled) return unjudged('cancelled', CANCELLED);
    if (!failed && clock.late) return unjudged('limit', lateText(clock.timeLimit));
  }
  return conclude(machine, graph, liveness, outcome);

  function conclude(
    machine: Machine,
    graph: ControlFlowGraph | undefined,
    liveness: Liveness | undefined,
    judged: Extract<Outcome, { readonly kind: 'judged' }> | undefined,
  ): Verification {
    const attempt = judged?.attempt;
    const told = machine.findings.filter((finding) => judged?.spurious.has(finding) !== true).map((finding) => failureOf(machine, finding));
    const failures = told.filter(({ severity }) => severity !== 'portability');
    const exploration = attempt?.exploration;
    return {
      report: {
        ...base,
        verdict: failures.length === 0 ? 'accepted' : 'rejected',
        failures,
        warnings: told.filter(({ severity }) => severity === 'portability'),
        milliseconds: elapsed(),
        precision: attempt?.precision.states ?? 0,
        statesVisited: exploration?.statesVisited ?? 0,
        maxLoopCount: exploration?.maxLoopCount ?? 0,
        ...(attempt?.unfinished === undefined ? {} : { unfinished: attempt.unfinished }),
      },
      machine,
      graph,
      liveness,
      exploration,
      findings: machine.findings,
    };
  }
}

const CANCELLED = 'The verification was cancelled.';

/** Arguments that a call of something unknown may have. */
const MOST_ARGUMENTS = 5;

/** Verifies the global functions on their own, as Linux does; what they return is not what the program does. */
function checkGlobalFunctions(
  machine: Machine,
  graph: ControlFlowGraph,
  liveness: Liveness,
  stackLiveness: StackLiveness,
  isStopped: () => boolean,
): void {
  const rules: Rules = { ...machine.rules, returns: undefined };
  const create = () => createMachine(machine.object, machine.program, rules, machine.maps);
  verifyGlobalFunctions({ machine, create, graph, liveness, stackLiveness, isStopped });
}

function createMachine(object: ObjectFile, program: ObjectProgram, rules: Rules, maps: readonly MapFacts[]): Machine {
  const { platform, programType } = rules;
  const helpers = new Map<number, HelperPrototype | undefined>();
  return new Machine(
    object,
    program,
    rules,
    maps,
    (id) => {
      if (!helpers.has(id)) helpers.set(id, findHelper(platform, programType, id));
      return helpers.get(id);
    },
    (id) => {
      const name = object.externs[id]?.name;
      if (name === undefined) return undefined;
      // An undefined function may be a kernel function, a helper called by its name, or one of the C library that the compiler calls on its own.
      // Declarations of one function that differ carry a suffix after three underscores (bpf_core_read.h calls them flavours).
      const plain = name.replace(/___.*$/, '');
      return platform.kfuncs.get(plain) ?? helperByName(platform, name, programType) ?? platform.libraryFunctions?.get(name);
    },
  );
}

function rulesFor(object: ObjectFile, program: ObjectProgram, options: VerifyOptions): Rules {
  const { platform } = options;
  const inferred =
    options.programType === undefined ? inferProgramTypeOfObject(platform, objectEvidence(object.path, object.programs), program.section) : undefined;
  const declared = options.programType === undefined ? declaredType(object, program, platform, inferred?.type) : undefined;
  const programType = options.programType ?? declared ?? inferred?.type ?? fallbackType(platform);
  const attachType = options.programType === undefined ? inferred?.attachType : undefined;
  const section = matchSection(platform, program.section);
  const attached = platform.attachTypes.find((type) => type.name === attachType);
  const target = section === undefined ? undefined : attached?.targets?.get(targetOfSection(section, program.section));
  return {
    platform,
    programType,
    attachType,
    target,
    returns: target === undefined ? (attached?.returns ?? programType.returns) : target.returns,
    section,
    context: programType.context,
    allowDivisionByZero: options.allowDivisionByZero ?? true,
    checkTermination: options.checkTermination ?? true,
    allowLeaks: programType.allowPointerLeaks === true,
    bigEndian: object.byteOrder === 'big',
    // Without a licence section the loader supplies one.
    gplCompatible: object.license === undefined || isGplCompatible(object.license),
    stackSize: platform.limits.stackSize,
    callFrames: platform.limits.callFrames,
    strict: options.strict ?? false,
    ...(options.assumptions === undefined ? {} : { assumptions: options.assumptions }),
  };
}

/** The type that the declared context gives away, where the section's name says nothing. */
function declaredType(object: ObjectFile, program: ObjectProgram, platform: Platform, inferred: ProgramType | undefined): ProgramType | undefined {
  if (matchSection(platform, program.section) !== undefined) return undefined;
  const context = declaredContext(object, program);
  const has = (type: ProgramType) => context?.names.includes(type.context.name) === true && context.size <= type.context.size;
  return inferred !== undefined && has(inferred) ? undefined : platform.programTypes.find(has);
}

/** Functions of `.text` have no type of their own; they are judged as the most general one would be. */
function fallbackType(platform: Platform): ProgramType {
  return (
    platform.programTypes.find((type) => type.name === 'unspec') ?? programTypeOfSection(platform, 'socket')?.programType ?? platform.programTypes[0]!
  );
}

export function mapFacts(object: ObjectFile, index: number, platform: Platform): MapFacts {
  const map = object.maps[index]!;
  const type = map.origin === 'data' ? platform.mapTypes.find((candidate) => candidate.kind === 'array') : findMapType(platform, map.type);
  return {
    index,
    name: map.name,
    kind: type?.kind ?? 'unspec',
    typeName: type?.name ?? `type ${map.type}`,
    keySize: map.keySize,
    valueSize: map.valueSize,
    maxEntries: map.maxEntries,
    readOnly: map.data?.readOnly === true || (platform.name === 'linux' && (map.flags & BPF_F_RDONLY_PROG) !== 0),
    inner: map.inner,
    data: map.data?.bytes,
    ...(type?.perCpu === true ? { perCpu: true } : {}),
    writeOnly: platform.name === 'linux' && (map.flags & BPF_F_WRONLY_PROG) !== 0,
    // Only Linux knows values by their types.
    ...(platform.name !== 'linux' || object.btf === undefined || map.valueTypeId === undefined
      ? {}
      : { special: specialFields(object.btf, map.valueTypeId) }),
  };
}

/** Linux map flags: programs may only read, only write. */
const BPF_F_RDONLY_PROG = 1 << 7;
const BPF_F_WRONLY_PROG = 1 << 8;

/** What holds when the program is entered: r1 is the context, r10 the end of an unwritten frame. */
export function entryState(machine: Machine): State {
  const registers: (Value | undefined)[] = new Array(11).fill(undefined);
  if (machine.rules.context.size > 0) registers[1] = machine.pointer('ctx', 0, 0);
  registers[10] = machine.pointer('stack', 0, 0);
  return new State([{ registers, stack: new StackFrame(machine.rules.stackSize) }], noConstraints(machine), [], 0, 0, undefined, undefined);
}

/** Constants that the program compares with or loads, and their neighbours: where ranges are likely to end. */
export function collectThresholds(instructions: ObjectProgram['instructions']): Int[] {
  const constants = new Set<Int>(WIDTH_ENDS);
  const put = (value: number) => {
    for (const near of [value - 1, value, value + 1]) constants.add(near);
  };
  for (const instruction of instructions) {
    if (instruction === undefined) continue;
    if (instruction.kind === 'branch' && instruction.source.kind === 'immediate') {
      put(instruction.source.value);
      if (instruction.source.value < 0) put(instruction.source.value >>> 0);
    }
    if (instruction.kind === 'binary' && instruction.operator === 'mov' && instruction.source.kind === 'immediate') put(instruction.source.value);
    if (constants.size > MAX_THRESHOLDS) break;
  }
  return [...constants].map((value) => add(value, 0)).sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
}

const MAX_THRESHOLDS = 96;

/** Where 32-bit counters end: the largest value that one more step does not wrap, and the end itself. */
const WIDTH_ENDS: readonly Int[] = [0x7fff_fffe, 0x7fff_ffff, 0xffff_fffe, 0xffff_ffff];
