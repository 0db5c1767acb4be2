import type { Comparison, Instruction, InstructionList, Operand, Register } from '../../src/isa/instruction.ts';

/**
 * A reference evaluator of RFC 9669 in BigInt, written for plainness alone: every value is an unsigned 64-bit BigInt, every step is the
 * sentence of the standard. It shares no code with the engines, so that an agreement with it means something.
 */
export interface OracleOptions {
  readonly memory: Uint8Array;
  /** Value of r10 in the entry function. */
  readonly framePointer: number;
  readonly frameSize: number;
  readonly maxFrames: number;
  readonly registers?: readonly bigint[];
  readonly helpers?: ReadonlyMap<number, (registers: readonly bigint[]) => bigint>;
  readonly maxSteps?: number;
}

export interface OracleResult {
  readonly r0: bigint;
  /** Instructions executed. */
  readonly steps: number;
}

export class OracleFault extends Error {}

const u64 = (value: bigint) => BigInt.asUintN(64, value);

export function evaluate(instructions: InstructionList, options: OracleOptions): OracleResult {
  const { memory, frameSize, maxFrames, maxSteps = Number.POSITIVE_INFINITY } = options;
  const view = new DataView(memory.buffer, memory.byteOffset, memory.byteLength);
  const r: bigint[] = new Array<bigint>(11).fill(0n);
  options.registers?.forEach((value, register) => {
    r[register] = value;
  });
  r[10] = BigInt(options.framePointer);
  const frames: { saved: bigint[]; next: number }[] = [];
  let mayGoto = 0x80_0000;
  const mayGotos: number[] = [];
  let steps = 0;
  let pc = 0;

  const operand = (source: Operand): bigint => (source.kind === 'register' ? r[source.register]! : u64(BigInt(source.value)));
  const address = (register: Register, offset: number, size: number): number => {
    const at = u64(r[register]! + BigInt(offset));
    if (at < 0x1_0000n || at + BigInt(size) > BigInt(memory.length)) throw new OracleFault(`access to 0x${at.toString(16)}`);
    return Number(at);
  };
  const read = (at: number, size: number): bigint => {
    let value = 0n;
    for (let index = size - 1; index >= 0; index--) value = (value << 8n) | BigInt(view.getUint8(at + index));
    return value;
  };
  const write = (at: number, size: number, value: bigint): void => {
    for (let index = 0; index < size; index++) view.setUint8(at + index, Number((value >> BigInt(8 * index)) & 0xffn));
  };

  for (;;) {
    const i: Instruction | undefined = instructions[pc];
    if (i === undefined) throw new OracleFault(`no instruction at ${pc}`);
    if (++steps > maxSteps) throw new OracleFault('too many steps');
    pc++;
    switch (i.kind) {
      case 'binary':
        r[i.dst] = binary(i.operator, i.width, r[i.dst]!, operand(i.source));
        break;
      case 'movsx':
        r[i.dst] = BigInt.asUintN(i.width, BigInt.asIntN(i.bits, r[i.src]!));
        break;
      case 'negate':
        r[i.dst] = BigInt.asUintN(i.width, -r[i.dst]!);
        break;
      case 'swap': {
        const value = BigInt.asUintN(i.bits, r[i.dst]!);
        r[i.dst] = i.order === 'le' ? value : reverse(value, i.bits / 8);
        break;
      }
      case 'cast':
        r[i.dst] = r[i.src]!;
        break;
      case 'lddw':
        r[i.dst] = (BigInt(i.high >>> 0) << 32n) | BigInt(i.low >>> 0);
        pc++;
        break;
      case 'load':
      case 'load_acquire': {
        const value = read(address(i.src, i.offset, i.size), i.size);
        r[i.dst] = i.kind === 'load' && i.signed ? u64(BigInt.asIntN(8 * i.size, value)) : value;
        break;
      }
      case 'store':
        write(address(i.dst, i.offset, i.size), i.size, operand(i.source));
        break;
      case 'store_release':
        write(address(i.dst, i.offset, i.size), i.size, r[i.src]!);
        break;
      case 'atomic': {
        const bits = 8 * i.size;
        const at = address(i.dst, i.offset, i.size);
        const old = read(at, i.size);
        const source = BigInt.asUintN(bits, r[i.src]!);
        if (i.operator === 'cmpxchg') {
          if (old === BigInt.asUintN(bits, r[0]!)) write(at, i.size, source);
          r[0] = old;
        } else {
          write(at, i.size, i.operator === 'xchg' ? source : binary(i.operator, 64, old, source));
          if (i.fetch || i.operator === 'xchg') r[i.src] = old;
        }
        break;
      }
      case 'jump':
        pc += i.offset;
        break;
      case 'branch': {
        const [left, right] = [r[i.dst]!, operand(i.source)];
        if (compare(i.comparison, i.width, left, right)) pc += i.offset;
        break;
      }
      case 'may_goto':
        if (mayGoto === 0) pc += i.offset;
        else mayGoto--;
        break;
      case 'call': {
        const helper = options.helpers?.get(i.helper);
        if (helper === undefined) throw new OracleFault(`no helper ${i.helper}`);
        r[0] = u64(helper(r));
        break;
      }
      case 'call_local':
        if (frames.length + 1 >= maxFrames) throw new OracleFault('too many frames');
        frames.push({ saved: r.slice(6, 11), next: pc });
        mayGotos.push(mayGoto);
        mayGoto = 0x80_0000;
        r[10] = r[10]! + BigInt(frameSize);
        pc += i.offset;
        break;
      case 'exit': {
        const frame = frames.pop();
        if (frame === undefined) return { r0: r[0]!, steps };
        frame.saved.forEach((value, index) => {
          r[6 + index] = value;
        });
        mayGoto = mayGotos.pop()!;
        pc = frame.next;
        break;
      }
      default:
        throw new OracleFault(`${i.kind} is not part of the reference`);
    }
  }
}

function binary(operator: string, width: 32 | 64, left: bigint, right: bigint): bigint {
  const a = BigInt.asUintN(width, left);
  const b = BigInt.asUintN(width, right);
  const sa = BigInt.asIntN(width, left);
  const sb = BigInt.asIntN(width, right);
  const count = b % BigInt(width);
  const results: Record<string, () => bigint> = {
    add: () => a + b,
    sub: () => a - b,
    mul: () => a * b,
    div: () => (b === 0n ? 0n : a / b),
    sdiv: () => (b === 0n ? 0n : sa / sb),
    mod: () => (b === 0n ? a : a % b),
    smod: () => (b === 0n ? a : sa % sb),
    or: () => a | b,
    and: () => a & b,
    xor: () => a ^ b,
    lsh: () => a << count,
    rsh: () => a >> count,
    arsh: () => sa >> count,
    mov: () => b,
  };
  return BigInt.asUintN(width, results[operator]!());
}

function compare(comparison: Comparison, width: 32 | 64, left: bigint, right: bigint): boolean {
  const a = BigInt.asUintN(width, left);
  const b = BigInt.asUintN(width, right);
  const sa = BigInt.asIntN(width, left);
  const sb = BigInt.asIntN(width, right);
  const results: { readonly [C in Comparison]: boolean } = {
    eq: a === b,
    ne: a !== b,
    gt: a > b,
    ge: a >= b,
    lt: a < b,
    le: a <= b,
    sgt: sa > sb,
    sge: sa >= sb,
    slt: sa < sb,
    sle: sa <= sb,
    set: (a & b) !== 0n,
    nset: (a & b) === 0n,
  };
  return results[comparison];
}

function reverse(value: bigint, bytes: number): bigint {
  let result = 0n;
  for (let index = 0; index < bytes; index++) result = (result << 8n) | ((value >> BigInt(8 * index)) & 0xffn);
  return result;
}
