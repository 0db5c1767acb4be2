import type { HelperImplementation } from '../../src/engine/engine.ts';
import { NULL_GUARD } from '../../src/engine/engine.ts';
import type { InstructionList } from '../../src/isa/instruction.ts';
import { DATA, FRAME_SIZE, MAX_FRAMES } from './jit-fixture.ts';
import { DATA_SIZE, Random } from './jit-generator.ts';
import { evaluate, OracleFault } from './jit-oracle.ts';

/** The helpers that generated programs call: one per way of passing arguments and results. */
export const HELPERS: ReadonlyMap<number, HelperImplementation> = new Map(
  [
    { id: 1, name: 'mix', parameters: ['i64', 'i64'], result: 'i64', call: (a: bigint, b: bigint) => BigInt.asIntN(64, a * 31n + b) },
    {
      id: 2,
      name: 'unsigned',
      parameters: ['u32', 'u32', 'u32'],
      result: 'u32',
      call: (a: number, b: number, c: number) => Math.floor(a / 3) ^ b ^ c,
    },
    { id: 3, name: 'signed', parameters: ['i32', 'u32', 'i64', 'i32', 'u32'], result: 'i32', call: signed },
    { id: 4, name: 'nothing', parameters: ['i64'], result: 'none', call: () => undefined },
  ].map((one) => [one.id, one as HelperImplementation]),
);

function signed(a: number, b: number, c: bigint, d: number, e: number): number {
  return (a < 0 ? -1 : 1) * ((Math.floor(b / 5) + Number(BigInt.asUintN(20, c)) + (d >> 3) + (e >>> 4)) % 1_000_003);
}

const ORACLE_HELPERS = new Map<number, (r: readonly bigint[]) => bigint>([
  [1, (r) => r[1]! * 31n + r[2]!],
  [2, (r) => BigInt.asUintN(32, (BigInt.asUintN(32, r[1]!) / 3n) ^ r[2]! ^ r[3]!)],
  [3, (r) => BigInt(signed(low(r[1]!) | 0, low(r[2]!), BigInt.asIntN(64, r[3]!), low(r[4]!) | 0, low(r[5]!)))],
  [4, () => 0n],
]);

function low(value: bigint): number {
  return Number(BigInt.asUintN(32, value));
}

export interface Outcome {
  readonly result: bigint | string;
  readonly memory: Uint8Array;
}

/** The data that the program of a seed gets. */
export function inputOf(seed: number): Uint8Array {
  const random = new Random(seed ^ 0x5eed);
  return Uint8Array.from({ length: DATA_SIZE }, () => random.below(256));
}

/** What RFC 9669 says becomes of a generated program. Frame faults end engines at the same point; the words differ. */
export function byOracle(instructions: InstructionList, seed: number): Outcome {
  const memory = new Uint8Array(4 * 0x1_0000);
  memory.set(inputOf(seed), DATA);
  const framePointer = NULL_GUARD + FRAME_SIZE;
  try {
    const { r0 } = evaluate(instructions, { memory, framePointer, frameSize: FRAME_SIZE, maxFrames: MAX_FRAMES, helpers: ORACLE_HELPERS });
    return { result: r0, memory };
  } catch (error) {
    if (error instanceof OracleFault) return { result: 'fault', memory };
    throw error;
  }
}
