import type { Comparison, Instruction, InstructionList, Operand, Register, Size } from '../../src/isa/instruction.ts';
import { DATA } from './jit-fixture.ts';

/** Bytes at `DATA` that generated programs read and write. */
export const DATA_SIZE = 256;
/** Helpers that generated programs may call: one per way of passing arguments and results. */
export const HELPER_IDS = [1, 2, 3, 4] as const;

/** xorshift32: the same sequence for the same seed on every machine. */
export class Random {
  #state: number;
  constructor(seed: number) {
    this.#state = (Math.imul(seed, 0x9e3779b1) ^ 0x5bd1e995) | 1;
  }
  next(): number {
    let x = this.#state;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.#state = x;
    return x >>> 0;
  }
  below(limit: number): number {
    return this.next() % limit;
  }
  pick<T>(values: readonly T[]): T {
    return values[this.below(values.length)]!;
  }
  chance(percent: number): boolean {
    return this.below(100) < percent;
  }
  /** Numbers where arithmetic goes wrong first, and others. */
  int32(): number {
    if (this.chance(50))
      return this.pick([0, 1, -1, 2, 7, 31, 32, 33, 63, 64, 65, 255, 256, 0x7fff, 0x8000, 0xffff, 0x7fff_ffff, -0x8000_0000, -2, -32]);
    return this.next() | 0;
  }
}

const OPERATORS = ['add', 'sub', 'mul', 'div', 'sdiv', 'mod', 'smod', 'or', 'and', 'xor', 'lsh', 'rsh', 'arsh', 'mov'] as const;
const COMPARISONS: readonly Comparison[] = ['eq', 'ne', 'gt', 'ge', 'lt', 'le', 'sgt', 'sge', 'slt', 'sle', 'set'];
const ATOMICS = ['add', 'or', 'and', 'xor', 'xchg', 'cmpxchg'] as const;
const SIZES: readonly Size[] = [1, 2, 4, 8];

/** r0..r7 hold values, r8 counts blocks down so that every run ends, r9 points to the data. */
const VALUES = 8;
const FUEL: Register = 8;
const POINTER: Register = 9;
const FRAME: Register = 10;

interface Draft {
  /** Branches name a block in `offset` until they are placed. */
  readonly instruction: Instruction;
  readonly block?: number;
  readonly function?: number;
}

/**
 * A random program whose control flow is a random graph, reducible or not: every block may jump to every other, forward or back, into the
 * middle of loops. The same seed gives the same program. Functions call later ones, and themselves.
 */
export function generate(seed: number): InstructionList {
  const random = new Random(seed);
  const functions = 1 + (random.chance(60) ? random.below(3) : 0);
  const drafts = Array.from({ length: functions }, (_, index) => draftFunction(random, index, functions));
  return place(drafts);
}

function draftFunction(random: Random, index: number, functions: number): Draft[][] {
  const count = 2 + random.below(9);
  const blocks = Array.from({ length: count }, (_, block) => draftBlock(random, block, count, index, functions));
  blocks.unshift(prologue(random, index));
  blocks.push(epilogue());
  return blocks;
}

const value = (random: Random): Register => random.below(VALUES) as Register;
const immediate = (amount: number): Operand => ({ kind: 'immediate', value: amount });

function lddw(random: Random, dst: Register): Draft {
  return { instruction: { kind: 'lddw', dst, source: 'immediate', low: random.int32(), high: random.int32() } };
}

function prologue(random: Random, index: number): Draft[] {
  const out: Draft[] = [];
  // A called function keeps some of r1..r5 as they come: those are its parameters.
  for (let register = 0; register < VALUES; register++) {
    if (index > 0 && register >= 1 && register <= 5 && random.chance(60)) continue;
    out.push(lddw(random, register as Register));
  }
  out.push({ instruction: { kind: 'binary', operator: 'mov', width: 64, dst: FUEL, source: immediate(index === 0 ? 60 : 8) } });
  out.push({ instruction: { kind: 'lddw', dst: POINTER, source: 'immediate', low: DATA, high: 0 } });
  for (let offset = -64; offset < 0; offset += 8) {
    out.push({ instruction: { kind: 'store', size: 8, dst: FRAME, offset, source: immediate(random.int32()) } });
  }
  return out;
}

/** Every register goes into the result. */
function epilogue(): Draft[] {
  const out: Draft[] = [];
  for (let register = 1; register < VALUES; register++) {
    out.push({ instruction: { kind: 'binary', operator: 'mul', width: 64, dst: 0, source: immediate(31) } });
    out.push({ instruction: { kind: 'binary', operator: 'add', width: 64, dst: 0, source: { kind: 'register', register: register as Register } } });
  }
  out.push({ instruction: { kind: 'exit' } });
  return out;
}

function draftBlock(random: Random, block: number, count: number, index: number, functions: number): Draft[] {
  // Placed blocks are numbered from the prologue; the epilogue is the last.
  const last = count + 1;
  const out: Draft[] = [
    { instruction: { kind: 'binary', operator: 'sub', width: 64, dst: FUEL, source: immediate(1) } },
    { instruction: { kind: 'branch', comparison: 'sle', width: 64, dst: FUEL, source: immediate(0), offset: 0 }, block: last },
  ];
  const length = 1 + random.below(8);
  for (let step = 0; step < length; step++) out.push(...draftStep(random, index, functions));
  const target = () => 1 + random.below(count + 1);
  const kind = random.below(10);
  if (kind < 6) {
    const branch = randomBranch(random);
    // Equal operands are rare among random numbers, and where comparisons differ.
    if (branch.kind === 'branch' && random.chance(40)) {
      out.push({ instruction: { kind: 'binary', operator: 'mov', width: branch.width, dst: branch.dst, source: branch.source } });
    }
    out.push({ instruction: branch, block: target() });
  }
  if (kind >= 4 && kind < 8) out.push({ instruction: { kind: 'jump', wide: random.chance(30), offset: 0 }, block: target() });
  if (kind === 8 && block > 0) out.push({ instruction: { kind: 'jump', wide: false, offset: 0 }, block: last });
  return out;
}

function randomBranch(random: Random): Instruction {
  const source: Operand = random.chance(50) ? { kind: 'register', register: value(random) } : immediate(random.int32());
  return { kind: 'branch', comparison: random.pick(COMPARISONS), width: random.pick([32, 64] as const), dst: value(random), source, offset: 0 };
}

function draftStep(random: Random, index: number, functions: number): Draft[] {
  const roll = random.below(100);
  if (roll < 45) return [{ instruction: randomArithmetic(random) }];
  if (roll < 52) return [{ instruction: randomUnary(random) }];
  if (roll < 56) return [lddw(random, value(random))];
  if (roll < 88) return [{ instruction: randomMemory(random) }];
  if (roll < 94) return [...callOf(random, { instruction: { kind: 'call', helper: random.pick(HELPER_IDS) } })];
  if (functions === 1 || (index > 0 && random.chance(60))) return [{ instruction: randomArithmetic(random) }];
  return callOf(random, { instruction: { kind: 'call_local', offset: 0 }, function: 1 + random.below(functions - 1) });
}

/** r1..r5 mean nothing after a call. */
function callOf(random: Random, call: Draft): Draft[] {
  return [call, ...([1, 2, 3, 4, 5] as const).map((register) => lddw(random, register))];
}

function randomArithmetic(random: Random): Instruction {
  const source: Operand = random.chance(60) ? { kind: 'register', register: random.chance(4) ? FRAME : value(random) } : immediate(random.int32());
  return { kind: 'binary', operator: random.pick(OPERATORS), width: random.pick([32, 64] as const), dst: value(random), source };
}

function randomUnary(random: Random): Instruction {
  const dst = value(random);
  const width = random.pick([32, 64] as const);
  switch (random.below(3)) {
    case 0:
      return { kind: 'negate', width, dst };
    case 1:
      return { kind: 'swap', order: random.pick(['le', 'be', 'bswap'] as const), bits: random.pick([16, 32, 64] as const), dst };
    default:
      return {
        kind: 'movsx',
        bits: width === 64 ? random.pick([8, 16, 32] as const) : random.pick([8, 16] as const),
        width,
        dst,
        src: value(random),
      };
  }
}

function randomMemory(random: Random): Instruction {
  const size = random.pick(SIZES);
  const onStack = random.chance(40);
  const base: Register = onStack ? FRAME : POINTER;
  const offset = onStack ? -64 + random.below(64 - size + 1) : random.below(DATA_SIZE - size + 1);
  switch (random.below(6)) {
    case 0:
    case 1: {
      const signed = size < 8 && random.chance(40);
      return { kind: 'load', size, signed, dst: value(random), src: base, offset };
    }
    case 2:
      return {
        kind: 'store',
        size,
        dst: base,
        offset,
        source: random.chance(50) ? { kind: 'register', register: value(random) } : immediate(random.int32()),
      };
    case 3:
      return random.chance(50)
        ? { kind: 'load_acquire', size, dst: value(random), src: base, offset }
        : { kind: 'store_release', size, dst: base, src: value(random), offset };
    default: {
      const operator = random.pick(ATOMICS);
      const wide = random.pick([4, 8] as const);
      const at = onStack ? -64 + random.below(64 - wide + 1) : random.below(DATA_SIZE - wide + 1);
      const fetch = operator === 'xchg' || operator === 'cmpxchg' || random.chance(50);
      return { kind: 'atomic', operator, fetch, size: wide, dst: base, src: value(random), offset: at };
    }
  }
}

/** Lays functions and blocks out one after the other and gives jumps and calls their offsets. */
function place(functions: readonly Draft[][][]): InstructionList {
  const starts: number[][] = [];
  let slot = 0;
  for (const blocks of functions) {
    const own: number[] = [];
    for (const block of blocks) {
      own.push(slot);
      for (const { instruction } of block) slot += instruction.kind === 'lddw' ? 2 : 1;
    }
    starts.push(own);
  }
  const out: (Instruction | undefined)[] = [];
  functions.forEach((blocks, index) => {
    for (const draft of blocks.flat()) {
      const target =
        draft.block !== undefined ? starts[index]![draft.block]! : draft.function !== undefined ? starts[draft.function]![0]! : undefined;
      const { instruction } = draft;
      out.push(target === undefined ? instruction : ({ ...instruction, offset: target - out.length - 1 } as Instruction));
      if (instruction.kind === 'lddw') out.push(undefined);
    }
  });
  return out;
}
