/** What the instructions of RFC 9669 compute, word for word, on bigints. Slow and independent of the code under test. */
import type { BinaryOperator, ByteSwap, Comparison, Size, Width } from '../../../src/isa/instruction.ts';

const unsigned = (width: number, x: bigint): bigint => BigInt.asUintN(width, x);
const signed = (width: number, x: bigint): bigint => BigInt.asIntN(width, x);

type Concrete = (width: Width, x: bigint, y: bigint) => bigint;

/** x and y are given as the unsigned operands of the width; the caller truncates the result. */
const BINARY: Record<BinaryOperator, Concrete> = {
  add: (_, x, y) => x + y,
  sub: (_, x, y) => x - y,
  mul: (_, x, y) => x * y,
  div: (_, x, y) => (y === 0n ? 0n : x / y),
  sdiv: (width, x, y) => (y === 0n ? 0n : signed(width, x) / signed(width, y)),
  mod: (_, x, y) => (y === 0n ? x : x % y),
  smod: (width, x, y) => (y === 0n ? x : signed(width, x) % signed(width, y)),
  or: (_, x, y) => x | y,
  and: (_, x, y) => x & y,
  xor: (_, x, y) => x ^ y,
  lsh: (width, x, y) => x << (y % BigInt(width)),
  rsh: (width, x, y) => x >> (y % BigInt(width)),
  arsh: (width, x, y) => signed(width, x) >> (y % BigInt(width)),
  mov: (_, _x, y) => y,
};

/** Operands and result are unsigned 64-bit words. */
export function binary(operator: BinaryOperator, width: Width, x: bigint, y: bigint): bigint {
  return unsigned(width, BINARY[operator](width, unsigned(width, x), unsigned(width, y)));
}

export function negate(width: Width, x: bigint): bigint {
  return unsigned(width, -x);
}

export function signExtend(from: number, width: Width, x: bigint): bigint {
  return unsigned(width, signed(from, x));
}

function reverseBytes(width: number, x: bigint): bigint {
  let reversed = 0n;
  for (let index = 0; index < width; index += 8) reversed = (reversed << 8n) | ((x >> BigInt(index)) & 0xffn);
  return reversed;
}

export function swap(order: ByteSwap['order'], width: number, x: bigint, hostBigEndian: boolean): bigint {
  const swaps = { le: hostBigEndian, be: !hostBigEndian, bswap: true }[order];
  return swaps ? reverseBytes(width, unsigned(width, x)) : unsigned(width, x);
}

export function truncate(size: Size, x: bigint): bigint {
  return unsigned(8 * size, x);
}

export function signExtendLoad(size: Size, x: bigint): bigint {
  return unsigned(64, signed(8 * size, x));
}

type Relation = (x: bigint, y: bigint) => boolean;
const UNSIGNED: Partial<Record<Comparison, Relation>> = {
  eq: (x, y) => x === y,
  ne: (x, y) => x !== y,
  gt: (x, y) => x > y,
  ge: (x, y) => x >= y,
  lt: (x, y) => x < y,
  le: (x, y) => x <= y,
  set: (x, y) => (x & y) !== 0n,
  nset: (x, y) => (x & y) === 0n,
};
const SIGNED: Partial<Record<Comparison, Relation>> = {
  sgt: (x, y) => x > y,
  sge: (x, y) => x >= y,
  slt: (x, y) => x < y,
  sle: (x, y) => x <= y,
};

export function compare(comparison: Comparison, width: Width, x: bigint, y: bigint): boolean {
  const relation = UNSIGNED[comparison];
  if (relation !== undefined) return relation(unsigned(width, x), unsigned(width, y));
  return SIGNED[comparison]!(signed(width, x), signed(width, y));
}

/** Membership by the definition of the views, with bigints. */
export function isMember(views: Views, x: bigint): boolean {
  const s = signed(64, x);
  const u = unsigned(64, x);
  const low = unsigned(32, x);
  const slow = signed(32, x);
  const word = (high: number, half: number) => (BigInt(high >>> 0) << 32n) | BigInt(half >>> 0);
  const { valueHigh, valueLow, maskHigh, maskLow } = views.bits;
  return (
    s >= views.smin &&
    s <= views.smax &&
    u >= views.umin &&
    u <= views.umax &&
    low >= views.u32min &&
    low <= views.u32max &&
    slow >= views.s32min &&
    slow <= views.s32max &&
    unsigned(64, u & ~word(maskHigh, maskLow)) === word(valueHigh, valueLow)
  );
}

interface Views {
  readonly smin: number | bigint;
  readonly smax: number | bigint;
  readonly umin: number | bigint;
  readonly umax: number | bigint;
  readonly s32min: number;
  readonly s32max: number;
  readonly u32min: number;
  readonly u32max: number;
  readonly bits: { readonly valueHigh: number; readonly valueLow: number; readonly maskHigh: number; readonly maskLow: number };
}
