import type { CompiledProgram, Engine, ExecutableProgram, ExecutionHost, HelperImplementation } from '../../src/engine/engine.ts';
import type { InstructionList } from '../../src/isa/instruction.ts';
import { assemble } from '../../src/isa/parse-conformance.ts';

/** Where tests put the bytes that r1 points to; the stack area lies below. */
export const DATA = 0x2_0000;

export interface TestHost extends ExecutionHost {
  packetLoad?: (context: number, offset: number, size: 1 | 2 | 4) => number;
}

export function testHost(overrides: Partial<TestHost> = {}): TestHost {
  return {
    memory: new WebAssembly.Memory({ initial: 4, maximum: 16 }),
    stackBase: 0x1_0000,
    frameSize: 512,
    maxFrames: 8,
    pendingTailCall: undefined,
    maxTailCalls: 33,
    ...overrides,
  };
}

export function executable(code: string | InstructionList, helpers: readonly HelperImplementation[] = []): ExecutableProgram {
  return {
    name: 'test',
    instructions: typeof code === 'string' ? assemble(code) : code,
    helpers: new Map(helpers.map((helper) => [helper.id, helper])),
    kfuncs: new Map(),
    resolve: (load) => BigInt(load.low) + BigInt(load.high),
  };
}

export function compile(
  engine: Engine,
  code: string | InstructionList,
  host: ExecutionHost = testHost(),
  helpers: readonly HelperImplementation[] = [],
): CompiledProgram {
  return engine.compile(executable(code, helpers), host);
}
