import { describe, expect, it } from 'vitest';
import { Random } from '../../src/engine/checked/random.ts';
import { runChecked } from '../../src/engine/checked-interpreter.ts';
import type { Engine, HelperImplementation } from '../../src/engine/engine.ts';
import { ExecutionFault } from '../../src/engine/engine.ts';
import { createInterpreter } from '../../src/engine/interpreter.ts';
import { createJit } from '../../src/engine/jit/jit.ts';
import { readImage, writeImage } from '../../src/engine/native/image.ts';
import { createNativeEngine } from '../../src/engine/native/native-engine.ts';
import { DecodeError, decode } from '../../src/isa/decode.ts';
import { encode } from '../../src/isa/encode.ts';
import type { InstructionList } from '../../src/isa/instruction.ts';
import { linux } from '../../src/platform/linux/linux.ts';
import { createHost, DATA, executable, FRAME_SIZE, MAX_FRAMES } from './jit-fixture.ts';
import { generate } from './jit-generator.ts';
import { HELPERS } from './oracle-runs.ts';

/** Programs that no verifier has seen: each ends with a result or an ExecutionFault, whatever they do. More with EBPFSH_HOSTILE. */
const PROGRAMS = Number(process.env.EBPFSH_HOSTILE ?? 1_500);
const BUDGET = 5_000;

/** First bytes of instructions, so that random slots decode more often than one time in a thousand. */
const OPCODES = Array.from({ length: 256 }, (_, opcode) => opcode).filter((opcode) => {
  const bytes = new Uint8Array(16);
  bytes[0] = opcode;
  bytes[8] = opcode === 0x18 ? 0 : 0x95;
  return decodes(bytes) !== undefined;
});

function decodes(bytes: Uint8Array): InstructionList | undefined {
  try {
    return decode(bytes, 'little');
  } catch (error) {
    if (error instanceof DecodeError) return undefined;
    throw error;
  }
}

function randomBytes(random: Random): Uint8Array {
  const slots = 1 + random.below(40);
  const bytes = new Uint8Array(8 * slots);
  const view = new DataView(bytes.buffer);
  for (let slot = 0; slot < slots; slot++) {
    bytes[8 * slot] = random.chance(16) ? random.below(256) : OPCODES[random.below(OPCODES.length)]!;
    bytes[8 * slot + 1] = random.below(11) | (random.below(11) << 4);
    if (!random.chance(3)) view.setInt16(8 * slot + 2, random.chance(4) ? random.word() : random.below(24) - 12, true);
    if (!random.chance(3)) view.setInt32(8 * slot + 4, random.chance(3) ? random.word() : random.below(16) - 4, true);
  }
  return bytes;
}

/** A program that runs, with some of its bytes changed. */
function changedBytes(random: Random, seed: number): Uint8Array {
  const bytes = encode(generate(seed), 'little');
  for (let count = 1 + random.below(6); count > 0; count--)
    bytes[random.below(bytes.length)] = random.chance(2) ? random.below(256) : random.below(12);
  return bytes;
}

function programOf(seed: number): InstructionList | undefined {
  const random = new Random(seed);
  // Random slots decode rarely as a whole: the first that does is taken.
  for (let attempt = 0; attempt < 20; attempt++) {
    const instructions = decodes(random.chance(2) ? randomBytes(random) : changedBytes(random, seed));
    if (instructions !== undefined) return instructions;
  }
  return undefined;
}

/** Also given addresses to call back, which hostile programs make up. */
const CALLING: HelperImplementation = { id: 6, name: 'call back', parameters: ['u32', 'i64'], result: 'i64', call: () => 0n };

type Ending = 'result' | ExecutionFault['kind'];

function endingOf(engine: Engine, instructions: InstructionList, seed: number): Ending {
  const host = createHost();
  const caller = {
    ...CALLING,
    call: (address: number, value: bigint) => BigInt.asIntN(64, host.callFunction?.(address, value) ?? 0n),
  } as HelperImplementation;
  const program = executable(instructions, { helpers: new Map([...HELPERS, [6, caller]]) });
  new Uint8Array(host.memory.buffer).fill(seed, DATA, DATA + 256);
  try {
    engine.compile(program, host).run(DATA, 256);
    return 'result';
  } catch (error) {
    // Anything else would be the host's own error: a trap, a stack overflow, a module that V8 refuses.
    if (error instanceof ExecutionFault) return error.kind;
    throw new Error(`program ${seed}: ${String(error)}`, { cause: error });
  }
}

const programs = Array.from({ length: PROGRAMS }, (_, seed) => ({ seed, instructions: programOf(seed) })).filter(
  (one): one is { seed: number; instructions: InstructionList } => one.instructions !== undefined,
);

/** Images know no budget: programs that jump back are not run in them, only translated. */
function endsByItself(instructions: InstructionList): boolean {
  return instructions.every((one) => one === undefined || !('offset' in one) || one.kind === 'load' || one.kind === 'store' || one.offset >= 0);
}

describe('programs that were not verified', () => {
  it('are many, and of both kinds', () => {
    expect(programs.length).toBeGreaterThan(PROGRAMS / 2);
  });

  it.each([createInterpreter({ instructionBudget: BUDGET }), createJit({ budget: BUDGET })])(
    'end in words in the $name',
    { timeout: 1_800_000 },
    (engine) => {
      const endings = new Map<Ending, number>();
      for (const { seed, instructions } of programs) {
        const ending = endingOf(engine, instructions, seed);
        endings.set(ending, (endings.get(ending) ?? 0) + 1);
      }
      for (const ending of ['result', 'memory', 'budget', 'undefined'] as const) expect(endings.get(ending) ?? 0, ending).toBeGreaterThan(0);
    },
  );

  it('end in words in native images', { timeout: 1_800_000 }, () => {
    const engine: Engine = {
      name: 'native',
      compile: (program, host) => {
        const image = writeImage({
          ...{
            programs: [{ ...program, section: 'x' }],
            maps: [],
            source: { path: 'x.o', sha256: '00'.repeat(32) },
            platform: 'none',
            version: 'test',
          },
          ...{ frameSize: FRAME_SIZE, maxFrames: MAX_FRAMES },
        });
        return createNativeEngine(readImage(image, 'x.wasm', { accept: 'any' })).compile(program, host);
      },
    };
    let ran = 0;
    for (const { seed, instructions } of programs) {
      if (!endsByItself(instructions)) continue;
      ran++;
      endingOf(engine, instructions, seed);
    }
    expect(ran).toBeGreaterThan(PROGRAMS / 50);
  });

  it('end in words in the checked interpreter', { timeout: 1_800_000 }, () => {
    for (const { seed, instructions } of programs) {
      try {
        runChecked(
          { instructions, platform: linux, maps: [], helper: () => undefined },
          { memory: new Uint8Array(256).fill(seed) },
          { instructionLimit: BUDGET },
        );
      } catch (error) {
        throw new Error(`program ${seed}: ${String(error)}`, { cause: error });
      }
    }
  });
});
