/** One runtime per engine, alike to the byte: whatever a program leaves in one memory it must leave in the others. */

import type { CheckedInput } from '../../../src/engine/checked-interpreter.ts';
import type { CompiledProgram, Engine, ExecutableProgram, ExecutionHost } from '../../../src/engine/engine.ts';
import { createInterpreter } from '../../../src/engine/interpreter.ts';
import { createJit } from '../../../src/engine/jit/jit.ts';
import { mapLookup } from '../../../src/engine/jit/map-lookup.ts';
import { readImage, writeImage } from '../../../src/engine/native/image.ts';
import { createNativeEngine } from '../../../src/engine/native/native-engine.ts';
import type { Platform, ProgramType } from '../../../src/platform/platform.ts';
import type { EngineFactories, LayoutOf } from '../../../src/runtime/engines.ts';
import { deterministicHost } from '../../../src/runtime/host.ts';
import type { LoadedObject } from '../../../src/runtime/loader.ts';
import type { BpfMap } from '../../../src/runtime/maps/map.ts';
import { defaultPolicy, type ExecutionMode } from '../../../src/runtime/policy.ts';
import { Runtime } from '../../../src/runtime/runtime.ts';
import type { Host } from '../../verifier/soundness/host.ts';
import { type LoggedCall, logged } from './checked.ts';
import type { Pair } from './programs.ts';

export const MODES: readonly ExecutionMode[] = ['interpret', 'jit', 'native'];
const MAP_LOOKUP_ID = 1;
const ETHERNET_HEADER = 14;

/** All 64 bits of the last result of a program that was entered from outside, and in the interpreter the helpers called on the way. */
interface Recorder {
  last: bigint;
  readonly calls: LoggedCall[];
}

function recording(engine: Engine, recorder: Recorder): Engine {
  const wrap = (program: CompiledProgram): CompiledProgram => ({
    name: program.name,
    run: (r1, r2) => {
      recorder.last = program.run(r1, r2);
      return recorder.last;
    },
    run32: (r1, r2) => {
      recorder.last = program.run(r1, r2);
      return Number(BigInt.asUintN(32, recorder.last));
    },
    enter: (r1, r2) => program.enter(r1, r2),
    enter32: (r1, r2) => program.enter32(r1, r2),
  });
  return {
    name: engine.name,
    compile: (program, host) => wrap(engine.compile(engine.name === 'interpreter' ? logged(program, recorder.calls) : program, host)),
  };
}

/** Writes an image of the program and runs what was read back. */
const image: Engine = {
  name: 'native',
  compile(program: ExecutableProgram, host: ExecutionHost): CompiledProgram {
    const bytes = writeImage({
      programs: [{ ...program, section: 'generated' }],
      maps: [],
      source: { path: 'generated.o', sha256: '00'.repeat(32) },
      platform: 'linux',
      version: 'test',
      frameSize: host.frameSize,
      maxFrames: host.maxFrames,
    });
    return createNativeEngine(readImage(bytes, 'generated.wasm', { accept: 'any' })).compile(program, host);
  },
};

const jit = (layoutOf: LayoutOf) => createJit({ inlineHelpers: new Map([[MAP_LOOKUP_ID, mapLookup(layoutOf)]]) });

export interface Machine {
  readonly mode: ExecutionMode;
  readonly runtime: Runtime;
  readonly recorder: Recorder;
}

export type EngineMakers = Readonly<Record<ExecutionMode, (layoutOf: LayoutOf) => Engine>>;

/** No accepted program runs longer; one that does never ends, and the verifier is wrong about it. */
const BUDGET = 5_000_000;

const ENGINES: EngineMakers = { interpret: () => createInterpreter({ instructionBudget: BUDGET }), jit, native: () => image };

/** Machines of one platform, for many programs one after the other. */
export function createMachines(platform: Platform, engines: EngineMakers = ENGINES): readonly Machine[] {
  return MODES.map((mode) => {
    const recorder: Recorder = { last: 0n, calls: [] };
    const factories: EngineFactories = { [mode]: (layoutOf: LayoutOf) => recording(engines[mode](layoutOf), recorder) };
    const runtime = new Runtime({
      platform,
      verify: ({ program }) => ({ section: program.section, program: program.name, verdict: 'accepted', failures: [] }),
      host: deterministicHost(),
      engines: factories,
      policy: defaultPolicy,
    });
    return { mode, runtime, recorder };
  });
}

/** What one run came to, apart from what it left in memory. */
export interface Outcome {
  /** r0 in hexadecimal, or what was thrown. */
  readonly result: string;
  readonly rest: string;
  /** The packet as the program left it; undefined after a fault. */
  readonly packet: Uint8Array | undefined;
}

/** A pair of programs loaded into a machine. */
export interface Loaded {
  readonly machine: Machine;
  readonly object: LoadedObject;
}

export async function loadPair(machines: readonly Machine[], { host, object }: Pair): Promise<readonly Loaded[]> {
  const programTypes = new Map(object.programs.map(({ name }) => [name, host.programType]));
  const loaded: Loaded[] = [];
  for (const machine of machines) {
    loaded.push({ machine, object: await machine.runtime.loadObject(object, { mode: machine.mode, programTypes }) });
  }
  return loaded;
}

/** Whether a run was ended by the interpreter's budget: no other engine should then be asked to run it. */
export function isEndless({ result }: Outcome): boolean {
  return result.includes(`more than ${BUDGET} instructions`);
}

/** Fills the maps, runs the first program, tells what came of it. */
export function runInput({ machine, object }: Loaded, input: CheckedInput): Outcome {
  const { runtime, recorder } = machine;
  for (const [index, entries] of input.maps ?? []) {
    const map = object.maps[index];
    if (map !== undefined) fillMap(map, entries);
  }
  const program = object.programs[0]!;
  const { data, context, skipped } = testInput(input, program.type);
  recorder.last = 0n;
  recorder.calls.length = 0;
  try {
    const { trace, redirect, redirectContext, events, returnValue, data: left } = runtime.testRun(program, { data, ...(context ? { context } : {}) });
    const rest = JSON.stringify([returnValue, trace.map(({ text }) => text), redirect, redirectContext, events.map((one) => [...one])]);
    return { result: recorder.last.toString(16), rest, packet: left.subarray(skipped) };
  } catch (error) {
    return { result: error instanceof Error ? `${error.name}: ${error.message}` : String(error), rest: '', packet: undefined };
  }
}

/** The input with a packet that test runs take, and metadata only where a test run takes any. */
export function normalised(input: CheckedInput, { platform, programType }: Host): CheckedInput {
  const { packet = new Uint8Array(0), metadata = new Uint8Array(0) } = input;
  const whole = Uint8Array.from({ length: Math.max(packet.length, ETHERNET_HEADER) }, (_, at) => packet[at] ?? at);
  const hasMetadata = platform.name === 'linux' && programType.name === 'xdp';
  return { ...input, packet: whole, metadata: hasMetadata ? metadata : new Uint8Array(0) };
}

/** Data and context as bpf_prog_test_run takes them: metadata stands in front of the data, and the context's pointer fields tell its size. */
function testInput({ packet = new Uint8Array(0), metadata = new Uint8Array(0), context }: CheckedInput, type: ProgramType) {
  const skipped = metadata.length;
  const data = new Uint8Array(skipped + packet.length);
  data.set(metadata);
  data.set(packet, skipped);
  const given = context?.slice();
  if (given !== undefined) {
    const view = new DataView(given.buffer);
    for (const field of type.context.fields) if (field.kind !== 'number') given.fill(0, field.offset, field.offset + field.size);
    for (const field of type.context.fields) {
      if (skipped > 0 && field.kind === 'packet') view.setUint32(field.offset, skipped, true);
      if (skipped > 0 && field.kind === 'packet_end') view.setUint32(field.offset, data.length, true);
    }
  }
  return { data, context: given, skipped };
}

function fillMap(map: BpfMap, entries: ReadonlyMap<string, Uint8Array>): void {
  if (map.specification.type.kind === 'hash') for (const { key } of [...map.entries()]) map.delete(key);
  for (const [key, value] of entries) map.update(Uint8Array.from(Buffer.from(key, 'hex')), value);
}

/** Address of the first byte that differs between two machines' memories; undefined: none. */
export function firstDifference(one: Machine, other: Machine): number | undefined {
  const a = Buffer.from(one.runtime.memory.memory.buffer);
  const b = Buffer.from(other.runtime.memory.memory.buffer);
  if (a.equals(b)) return undefined;
  const at = a.findIndex((byte, index) => byte !== b[index]);
  return at < 0 ? Math.min(a.length, b.length) : at;
}
