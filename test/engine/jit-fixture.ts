import type { Engine, ExecutableProgram, ExecutionHost, HelperImplementation } from '../../src/engine/engine.ts';
import { NULL_GUARD } from '../../src/engine/engine.ts';
import type { InstructionList } from '../../src/isa/instruction.ts';

/** A small machine for engine tests: stack from `NULL_GUARD`, and `DATA` for whatever the test puts there. */
export const FRAME_SIZE = 512;
export const MAX_FRAMES = 8;
export const DATA = NULL_GUARD + 0x8000;

export function createHost(pages = 4): ExecutionHost {
  return {
    memory: new WebAssembly.Memory({ initial: pages }),
    stackBase: NULL_GUARD,
    frameSize: FRAME_SIZE,
    maxFrames: MAX_FRAMES,
    pendingTailCall: undefined,
    maxTailCalls: 33,
  };
}

/** Helper 5 of the conformance suite returns r1. */
export const UNWIND: HelperImplementation = { id: 5, name: 'unwind', parameters: ['i64'], result: 'i64', call: (r1: bigint) => r1 };

export function executable(instructions: InstructionList, extra: Partial<ExecutableProgram> = {}): ExecutableProgram {
  return {
    name: 'test',
    instructions,
    helpers: new Map([[5, UNWIND]]),
    kfuncs: new Map(),
    resolve: () => 0n,
    ...extra,
  };
}

/** Runs a program on fresh memory with `data` at `DATA` as r1 and its length as r2. */
export function runOn(engine: Engine, program: ExecutableProgram, data?: Uint8Array): { r0: bigint; low: number; data: Uint8Array } {
  const host = createHost();
  const compiled = engine.compile(program, host);
  const bytes = new Uint8Array(host.memory.buffer);
  if (data !== undefined) bytes.set(data, DATA);
  const low = compiled.run32(data === undefined ? 0 : DATA, data?.length ?? 0);
  bytes.fill(0);
  if (data !== undefined) bytes.set(data, DATA);
  const r0 = compiled.run(data === undefined ? 0 : DATA, data?.length ?? 0);
  return { r0, low, data: bytes.slice(DATA, DATA + (data?.length ?? 0)) };
}
