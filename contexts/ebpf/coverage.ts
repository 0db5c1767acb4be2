import type { Engine, ExecutableProgram, ExecutionHost, HelperImplementation } from '../../src/engine/engine.ts';
import { interpreter } from '../../src/engine/interpreter.ts';
import { createJit } from '../../src/engine/jit/jit.ts';
import type { Instruction, InstructionList, Register } from '../../src/isa/instruction.ts';
import { targetOf } from '../../src/isa/validate.ts';
import type { ObjectFile, ObjectProgram } from '../../src/object/object-file.ts';
import { makeExecutable } from '../../src/runtime/loader.ts';
import { requireAllowed } from '../../src/runtime/policy.ts';
import type { BpfProgram } from '../../src/runtime/programs.ts';
import type { Runtime } from '../../src/runtime/runtime.ts';
import { CommandError } from '../errors.ts';
import { objectOf, programIn } from '../runtime-objects.ts';

export interface LineCoverage {
  /** Instructions that ran at least once. */
  readonly executed: number;
  readonly total: number;
  readonly lines: readonly { readonly file: string; readonly line: number; readonly text: string; readonly count: number }[];
  /** Times that each instruction ran, by slot. */
  readonly counts: Readonly<Record<number, number>>;
}

/** No helper of any platform has this id. */
const PROBE = 0x7fff_0001;
/** Registers that a call may clobber; the probe saves them below the frame, in bytes that only it has. */
const SAVED: readonly Register[] = [0, 1, 2, 3, 4, 5];
const SPILL = 64;

/** A program as eBPF: itself, and the object around it. */
export interface ProgramCode {
  readonly object: ObjectFile;
  readonly source: ObjectProgram;
}

/** A program under probes. */
export interface ProbedProgram {
  /** Stands in for the program in runs. */
  readonly program: BpfProgram;
  coverage(): LineCoverage;
  /** Gives its memory back. */
  close(): void;
}

/** The eBPF code of a program, whatever it runs as. @throws CommandError where its object was not kept. */
export function codeOf(runtime: Runtime, program: BpfProgram): ProgramCode {
  const object = objectOf(runtime, program);
  const source = programIn(object, program);
  if (object && source) return { object, source };
  throw new CommandError('coverage', 'error: there is no coverage: the object of the program was not kept');
}

/** Counting needs no code but the engine's own; where the policy forbids to interpret, what is counted is compiled. */
function countingEngine({ policy }: Runtime): Engine {
  if (policy.debug) return interpreter;
  requireAllowed(policy, 'jit');
  return createJit({ fallback: interpreter });
}

/**
 * A program with a probe in front of every basic block. Programs that it tail-calls run as they are.
 *
 * @throws RuntimeError EBPF_BLOCKED_BY_POLICY where only native code may run.
 */
export function probe(runtime: Runtime, program: BpfProgram, { object, source }: ProgramCode): ProbedProgram {
  const { limits } = runtime.platform;
  const frameSize = limits.stackSize + SPILL;
  const stackBase = runtime.memory.allocate(frameSize * limits.callFrames, 'stack', 'stack under probes');
  const leaders = leadersOf(source.instructions);
  const blocks = new Map<number, number>(leaders.map((slot) => [slot, 0]));
  const executable = probed(runtime, object, source, program, leaders, (slot) => blocks.set(slot, blocks.get(slot)! + 1));
  const compiled = countingEngine(runtime).compile(executable, widerFrames(runtime.helperEnvironment.execution, stackBase, frameSize));
  return {
    program: Object.create(program, { compiled: { value: compiled } }) as BpfProgram,
    coverage: () => coverageOf(source, blocks),
    close: () => runtime.memory.free(stackBase),
  };
}

/** The same host with frames of its own; what helpers and engines tell each other through it still passes. */
function widerFrames(host: ExecutionHost, stackBase: number, frameSize: number): ExecutionHost {
  return new Proxy(host, {
    get: (target, name) => (name === 'stackBase' ? stackBase : name === 'frameSize' ? frameSize : Reflect.get(target, name)),
  });
}

/** First slots of basic blocks: the entry, targets, and what follows an instruction that may not fall through or not return. */
function leadersOf(instructions: InstructionList): readonly number[] {
  const leaders = new Set([0]);
  for (const [slot, instruction] of instructions.entries()) {
    if (!instruction) continue;
    const target = targetOf(instruction, slot);
    if (target !== undefined) leaders.add(target);
    if (target !== undefined || instruction.kind === 'exit' || instruction.kind.startsWith('call')) {
      if (instruction.kind !== 'lddw') leaders.add(slot + 1);
    }
  }
  return [...leaders].filter((slot) => instructions[slot] !== undefined).sort((a, b) => a - b);
}

function probed(
  runtime: Runtime,
  object: ObjectFile,
  source: ObjectProgram,
  program: BpfProgram,
  leaders: readonly number[],
  hit: (slot: number) => void,
): ExecutableProgram {
  const executable = makeExecutable(runtime, object, source, program.type, (index) => runtime.map(program.objectMapIds[index] ?? 0));
  const probe: HelperImplementation = { id: PROBE, name: 'probe', parameters: ['u32'], result: 'none', call: (slot: number) => void hit(slot) };
  const { stackSize } = runtime.platform.limits;
  return {
    ...executable,
    instructions: insertProbes(source.instructions, leaders, stackSize),
    helpers: new Map([...executable.helpers, [PROBE, probe]]),
  };
}

/** Puts the probe in front of each leader and makes every jump find its target again. */
function insertProbes(instructions: InstructionList, leaders: readonly number[], stackSize: number): InstructionList {
  const isLeader = new Set(leaders);
  const length = probeAt(0, stackSize).length;
  const places: number[] = [];
  let place = 0;
  for (const slot of instructions.keys()) {
    places.push(place);
    place += isLeader.has(slot) ? length + 1 : 1;
  }
  return [...instructions].flatMap((instruction, slot) => {
    const own = places[slot]! + (isLeader.has(slot) ? length : 0);
    const moved = instruction && retargeted(instruction, slot, own, places);
    return isLeader.has(slot) ? [...probeAt(slot, stackSize), moved] : [moved];
  });
}

function retargeted(instruction: Instruction, slot: number, own: number, places: readonly number[]): Instruction {
  const target = targetOf(instruction, slot);
  if (target === undefined) return instruction;
  const distance = places[target]! - own - 1;
  return instruction.kind === 'lddw' ? { ...instruction, low: distance } : ({ ...instruction, offset: distance } as Instruction);
}

function probeAt(slot: number, stackSize: number): readonly Instruction[] {
  const offset = (register: Register) => -stackSize - 8 * (register + 1);
  return [
    ...SAVED.map((register): Instruction => ({ kind: 'store', size: 8, dst: 10, offset: offset(register), source: { kind: 'register', register } })),
    { kind: 'binary', operator: 'mov', width: 64, dst: 1, source: { kind: 'immediate', value: slot } },
    { kind: 'call', helper: PROBE },
    ...SAVED.map((register): Instruction => ({ kind: 'load', size: 8, dst: register, src: 10, offset: offset(register), signed: false })),
  ];
}

/** Spreads the counts of blocks over their instructions and source lines; a line ran as often as its most frequent instruction. */
function coverageOf({ instructions, lines }: ObjectProgram, blocks: ReadonlyMap<number, number>): LineCoverage {
  const counts: Record<number, number> = {};
  let current = 0;
  for (const [slot, instruction] of instructions.entries()) {
    current = blocks.get(slot) ?? current;
    if (instruction) counts[slot] = current;
  }
  const byLine = new Map<string, LineCoverage['lines'][number]>();
  for (const [index, { slot, file, line, text }] of lines.entries()) {
    const end = lines[index + 1]?.slot ?? instructions.length;
    let count = 0;
    for (let at = slot; at < end; at++) count = Math.max(count, counts[at] ?? 0);
    const key = `${file}:${line}`;
    byLine.set(key, { file, line, text, count: Math.max(count, byLine.get(key)?.count ?? 0) });
  }
  const all = Object.values(counts);
  return {
    executed: all.filter((count) => count > 0).length,
    total: all.length,
    lines: [...byLine.values()].filter(({ line }) => line > 0).sort((a, b) => (a.file < b.file ? -1 : a.file > b.file ? 1 : a.line - b.line)),
    counts,
  };
}
