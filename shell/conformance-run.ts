import { runRaw } from '../src/engine/checked/raw.ts';
import {
  type Engine,
  type ExecutableProgram,
  ExecutionFault,
  type ExecutionHost,
  type HelperImplementation,
  NULL_GUARD,
} from '../src/engine/engine.ts';
import { createInterpreter } from '../src/engine/interpreter.ts';
import { createJit } from '../src/engine/jit/jit.ts';
import { readImage, writeImage } from '../src/engine/native/image.ts';
import { createNativeEngine } from '../src/engine/native/native-engine.ts';
import { parseHexBytes } from '../src/isa/conformance.ts';
import { decode } from '../src/isa/decode.ts';
import type { InstructionList } from '../src/isa/instruction.ts';
import { loadObject } from '../src/object/load.ts';

/** What the process prints and its exit code. */
export interface ConformanceOutcome {
  readonly code: 0 | 1;
  readonly output: string;
}

const FRAME_SIZE = 512;
const MAX_FRAMES = 8;
const PAGE = 0x1_0000;
const USAGE = 'usage: ebpfsh-conformance [MEMORY-HEX] [--engine interpreter|checked|jit|native] [--elf] < PROGRAM-HEX';

/** Steps after which a program counts as endless: instructions of the interpreters, turns of loops and calls of the translators. */
const STEPS = 50_000_000;
/** The checked interpreter takes its time. */
const CHECKED_STEPS = 20_000_000;

/** Helper 5 of the suite, "unwind", returns its argument. */
const UNWIND: HelperImplementation = { id: 5, name: 'unwind', parameters: ['i64'], result: 'i64', call: (r1: bigint) => r1 };

interface Request {
  readonly engine: string;
  readonly elf: boolean;
  readonly memory: Uint8Array | undefined;
}

type Run = (program: ExecutableProgram, memory: Uint8Array | undefined) => bigint;

/** The ways to run a program, by the value of `--engine`. */
const ENGINES: { readonly [name: string]: Run | undefined } = {
  interpreter: (program, memory) => runCompiled(createInterpreter({ instructionBudget: STEPS }), program, memory),
  jit: (program, memory) => runCompiled(createJit({ budget: STEPS }), program, memory),
  native: (program, memory) => runCompiled(nativeEngine(program), program, memory),
  checked: (program, memory) => {
    const outcome = runRaw(program.instructions, CHECKED_STEPS, memory, new Map([[UNWIND.id, (r1) => r1 ?? 0n]]));
    if (outcome.kind === 'exit') return outcome.r0;
    if (outcome.kind === 'limit') throw new Error(endless(CHECKED_STEPS));
    throw new Error(outcome.kind === 'fault' ? outcome.fault.message : 'the program left by a tail call');
  },
};

/**
 * Answers one request of the public conformance runner: `args` are the plug-in's arguments (memory as hexadecimal bytes first, when there is
 * any), `input` is the program as hexadecimal bytes of its slots, or of an ELF file. Never throws: whatever fails is words and exit code 1.
 */
export function runConformance(args: readonly string[], input: string): ConformanceOutcome {
  try {
    const request = parseArguments(args);
    const run = ENGINES[request.engine.toLowerCase()];
    if (run === undefined) throw new Error(`no engine ${request.engine}; ${USAGE}`);
    const bytes = parseHexBytes(input);
    const instructions = request.elf ? fromElf(bytes) : decode(bytes, 'little');
    const program: ExecutableProgram = { name: 'main', instructions, helpers: new Map([[UNWIND.id, UNWIND]]), kfuncs: new Map(), resolve: () => 0n };
    return { code: 0, output: run(program, request.memory).toString(16) };
  } catch (error) {
    if (error instanceof ExecutionFault && error.kind === 'budget') return { code: 1, output: endless(STEPS) };
    return { code: 1, output: error instanceof Error ? error.message : String(error) };
  }
}

function endless(steps: number): string {
  return `the program did not end within ${steps.toLocaleString('en-US')} steps`;
}

function parseArguments(args: readonly string[]): Request {
  let engine = 'interpreter';
  let elf = false;
  let memory: Uint8Array | undefined;
  for (let index = 0; index < args.length; index++) {
    const argument = args[index]!;
    if (argument === '--elf') elf = true;
    else if (argument === '--engine') engine = args[++index] ?? '';
    else if (argument.startsWith('--engine=')) engine = argument.slice('--engine='.length);
    else if (argument.startsWith('-')) throw new Error(`unknown option ${argument}; ${USAGE}`);
    else if (memory !== undefined) throw new Error(`unexpected ${argument}; ${USAGE}`);
    else memory = parseHexBytes(argument);
  }
  // An empty argument is no memory: the suite passes none at all, other runners an empty string.
  return { engine, elf, memory: memory?.length === 0 ? undefined : memory };
}

/** The function `main`, else the first program. */
function fromElf(bytes: Uint8Array): InstructionList {
  const { programs } = loadObject(bytes, 'standard input');
  const program = programs.find((one) => one.name === 'main') ?? programs[0];
  if (program === undefined) throw new Error('the object holds no program');
  if (program.defect !== undefined) throw new Error(program.defect.message);
  return program.instructions;
}

function nativeEngine(program: ExecutableProgram): Engine {
  const image = writeImage({
    programs: [{ ...program, section: '.text' }],
    maps: [],
    source: { path: 'standard input', sha256: '0'.repeat(64) },
    platform: 'none',
    version: 'ebpfsh-conformance',
    frameSize: FRAME_SIZE,
    maxFrames: MAX_FRAMES,
    budget: STEPS,
  });
  return createNativeEngine(readImage(image, 'standard input', { accept: 'any' }));
}

function runCompiled(engine: Engine, program: ExecutableProgram, memory: Uint8Array | undefined): bigint {
  const data = NULL_GUARD + FRAME_SIZE * MAX_FRAMES;
  const host: ExecutionHost = {
    memory: new WebAssembly.Memory({ initial: Math.ceil((data + (memory?.length ?? 0)) / PAGE) }),
    stackBase: NULL_GUARD,
    frameSize: FRAME_SIZE,
    maxFrames: MAX_FRAMES,
    pendingTailCall: undefined,
    maxTailCalls: 0,
  };
  if (memory !== undefined) new Uint8Array(host.memory.buffer).set(memory, data);
  return engine.compile(program, host).run(memory === undefined ? 0 : data, memory?.length ?? 0);
}
