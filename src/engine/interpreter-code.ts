import type { Comparison, Instruction, Operand } from '../isa/instruction.ts';
import { codeAddress, type ExecutableProgram, ExecutionFault, type HelperImplementation } from './engine.ts';

/**
 * The interpreter's own code: one row of two int32 per instruction, so that the loop reads a flat array.
 *
 *     | src 20 | 0 | dst 4 | operation 7 |   | extra 32 |
 *
 * `dst` and `src` number entries of the register file (two halves each; r0 first); the 0 makes the index of a half of one shift. Immediates live behind the registers in the same
 * file, so one operation serves both kinds of operand. `extra` is an offset, a branch target (index of a row's first word) or a table index.
 */
export const ROW = 2;
const DST_SHIFT = 7;
const SRC_SHIFT = 12;
const MAX_SRC = 2 ** 20 - 1;
/** Words of r0..r10 in the register file; constants follow. */
export const REGISTER_WORDS = 22;
const REGISTERS = REGISTER_WORDS / 2;

/** Numbers of the operations; the loop switches on the literals, which is what V8 makes a jump table of. */
export const OPERATION = {
  add64: 0, sub64: 1, mul64: 2, div64: 3, sdiv64: 4, mod64: 5, smod64: 6, or64: 7, and64: 8, xor64: 9, lsh64: 10, rsh64: 11, arsh64: 12, mov64: 13,
  add32: 14, sub32: 15, mul32: 16, div32: 17, sdiv32: 18, mod32: 19, smod32: 20, or32: 21, and32: 22, xor32: 23, lsh32: 24, rsh32: 25, arsh32: 26, mov32: 27,
  negate64: 28, negate32: 29,
  extend8to64: 30, extend16to64: 31, extend32to64: 32, extend8to32: 33, extend16to32: 34,
  le16: 35, le32: 36, le64: 37, swap16: 38, swap32: 39, swap64: 40,
  load1: 41, load2: 42, load4: 43, load8: 44, loadSigned1: 45, loadSigned2: 46, loadSigned4: 47,
  store1: 48, store2: 49, store4: 50, store8: 51,
  jump: 52,
  eq64: 53, ne64: 54, gt64: 55, ge64: 56, lt64: 57, le64branch: 58, sgt64: 59, sge64: 60, slt64: 61, sle64: 62, set64: 63, nset64: 64,
  eq32: 65, ne32: 66, gt32: 67, ge32: 68, lt32: 69, le32branch: 70, sgt32: 71, sge32: 72, slt32: 73, sle32: 74, set32: 75, nset32: 76,
  call: 77, callLocal: 78, callRegister: 79, exit: 80,
  atomic4: 81, atomic8: 82, packet: 83, mayGoto: 84, fuel: 85, missing: 86,
} as const; // biome-ignore format: one line per group

/** Read-modify-write operators in bits 16 and up of `extra` of atomic rows; bit 24: the old value goes to src (r0 for cmpxchg). */
export const ATOMIC = { add: 0, or: 1, and: 2, xor: 3, xchg: 4, cmpxchg: 5 } as const;
export const ATOMIC_FETCH = 1 << 24;

export interface InterpreterCode {
  readonly rows: Int32Array;
  /** Register file with the constants in place. */
  readonly file: Int32Array;
  /** Slot of each row. */
  readonly slots: Int32Array;
  /** Index of the first word of the row of each slot; -1 in the middle of an LDDW. */
  readonly rowOfSlot: Int32Array;
  /** Index of the first word of an `exit` row, for instructions that leave the function half-way. */
  readonly exitRow: number;
  readonly helpers: readonly HelperImplementation[];
  /** Helper id to index in `helpers`, for calls through a register. */
  readonly helperIndex: ReadonlyMap<number, number>;
  /** Messages of rows that cannot be executed. */
  readonly faults: readonly { readonly kind: 'undefined' | 'unsupported'; readonly message: string }[];
  readonly takesCodeAddresses: boolean;
}

/** A row before packing. */
interface Row {
  readonly operation: number;
  readonly dst: number;
  readonly src: number;
  extra: number;
}
type Fields = readonly [operation: number, dst: number, src: number, extra: number];

class Writer {
  readonly rows: Row[] = [];
  readonly slots: number[] = [];
  readonly helpers: HelperImplementation[] = [];
  readonly helperIndex = new Map<number, number>();
  readonly faults: { kind: 'undefined' | 'unsupported'; message: string }[] = [];
  private readonly constants = new Map<bigint, number>();
  private readonly kfuncIndex = new Map<number, number>();
  private readonly program: ExecutableProgram;

  constructor(program: ExecutableProgram) {
    this.program = program;
    for (const [id, helper] of program.helpers) this.helperIndex.set(id, this.helpers.push(helper) - 1);
    for (const [id, helper] of program.kfuncs) this.kfuncIndex.set(id, this.helpers.push(helper) - 1);
  }

  add(slot: number, [operation, dst, src, extra]: Fields): void {
    this.rows.push({ operation, dst, src, extra });
    this.slots.push(slot);
  }

  constant(value: bigint): number {
    const bits = BigInt.asUintN(64, value);
    let index = this.constants.get(bits);
    if (index === undefined) {
      index = this.constants.size;
      this.constants.set(bits, index);
    }
    return REGISTERS + index;
  }

  operand(operand: Operand): number {
    return operand.kind === 'register' ? operand.register : this.constant(BigInt(operand.value));
  }

  fault(kind: 'undefined' | 'unsupported', message: string): Fields {
    return [OPERATION.missing, 0, 0, this.faults.push({ kind, message }) - 1];
  }

  helper(id: number): Fields {
    const index = this.helperIndex.get(id);
    return index === undefined ? this.fault('undefined', `helper ${id} is not available`) : [OPERATION.call, 0, 0, index];
  }

  kfunc(id: number): Fields {
    const index = this.kfuncIndex.get(id);
    return index === undefined ? this.fault('undefined', `function ${id} is not available`) : [OPERATION.call, 0, 0, index];
  }

  wide(instruction: Extract<Instruction, { kind: 'lddw' }>, slot: number): bigint {
    if (instruction.source === 'immediate') return (BigInt(instruction.high) << 32n) | BigInt(instruction.low >>> 0);
    return instruction.source === 'code' ? BigInt(codeAddress(slot + 1 + instruction.low)) : this.program.resolve(instruction);
  }

  file(): Int32Array {
    const file = new Int32Array(REGISTER_WORDS + 2 * this.constants.size);
    for (const [value, index] of this.constants) {
      file[REGISTER_WORDS + 2 * index] = Number(BigInt.asIntN(32, value));
      file[REGISTER_WORDS + 2 * index + 1] = Number(BigInt.asIntN(32, value >> 32n));
    }
    return file;
  }
}

type Of<Kind extends Instruction['kind']> = Extract<Instruction, { kind: Kind }>;

const BRANCHES: { readonly [Key in Comparison]: readonly [wide: number, narrow: number] } = {
  eq: [OPERATION.eq64, OPERATION.eq32],
  ne: [OPERATION.ne64, OPERATION.ne32],
  gt: [OPERATION.gt64, OPERATION.gt32],
  ge: [OPERATION.ge64, OPERATION.ge32],
  lt: [OPERATION.lt64, OPERATION.lt32],
  le: [OPERATION.le64branch, OPERATION.le32branch],
  sgt: [OPERATION.sgt64, OPERATION.sgt32],
  sge: [OPERATION.sge64, OPERATION.sge32],
  slt: [OPERATION.slt64, OPERATION.slt32],
  sle: [OPERATION.sle64, OPERATION.sle32],
  set: [OPERATION.set64, OPERATION.set32],
  nset: [OPERATION.nset64, OPERATION.nset32],
};

const LOADS = { 1: OPERATION.load1, 2: OPERATION.load2, 4: OPERATION.load4, 8: OPERATION.load8 } as const;
const SIGNED_LOADS = { 1: OPERATION.loadSigned1, 2: OPERATION.loadSigned2, 4: OPERATION.loadSigned4, 8: OPERATION.load8 } as const;
const STORES = { 1: OPERATION.store1, 2: OPERATION.store2, 4: OPERATION.store4, 8: OPERATION.store8 } as const;
const LITTLE = { 16: OPERATION.le16, 32: OPERATION.le32, 64: OPERATION.le64 } as const;
const SWAPS = { 16: OPERATION.swap16, 32: OPERATION.swap32, 64: OPERATION.swap64 } as const;
const EXTENSIONS: Readonly<Record<string, number>> = {
  '8to64': OPERATION.extend8to64,
  '16to64': OPERATION.extend16to64,
  '32to64': OPERATION.extend32to64,
  '8to32': OPERATION.extend8to32,
  '16to32': OPERATION.extend16to32,
  '32to32': OPERATION.mov32,
};

/** One row per instruction kind; jump targets are given as slots. */
const COMPILERS: { readonly [Kind in Instruction['kind']]: (instruction: Of<Kind>, writer: Writer, slot: number) => Fields } = {
  binary: ({ operator, width, dst, source }, writer) => [OPERATION[`${operator}${width}`], dst, writer.operand(source), 0],
  movsx: ({ bits, width, dst, src }) => [EXTENSIONS[`${bits}to${width}`] ?? OPERATION.missing, dst, src, 0],
  negate: ({ width, dst }) => [OPERATION[`negate${width}`], dst, 0, 0],
  // The linear memory is little-endian, so `le` only truncates.
  swap: ({ order, bits, dst }) => [order === 'le' ? LITTLE[bits] : SWAPS[bits], dst, 0, 0],
  // One linear memory: both address spaces name its bytes alike.
  cast: ({ dst, src }) => [OPERATION.mov64, dst, src, 0],
  lddw: (instruction, writer, slot) => [OPERATION.mov64, instruction.dst, writer.constant(writer.wide(instruction, slot)), 0],
  load: ({ size, signed, dst, src, offset }) => [signed ? SIGNED_LOADS[size] : LOADS[size], dst, src, offset],
  load_acquire: ({ size, dst, src, offset }) => [LOADS[size], dst, src, offset],
  store: ({ size, dst, offset, source }, writer) => [STORES[size], dst, writer.operand(source), offset],
  store_release: ({ size, dst, src, offset }) => [STORES[size], dst, src, offset],
  atomic: ({ operator, fetch, size, dst, src, offset }) => [
    size === 4 ? OPERATION.atomic4 : OPERATION.atomic8,
    dst,
    src,
    (fetch ? ATOMIC_FETCH : 0) | (ATOMIC[operator] << 16) | (offset & 0xffff),
  ],
  packet: ({ size, index, imm }, writer) => [OPERATION.packet, size, index === undefined ? writer.constant(0n) : index, imm],
  jump: ({ offset }, _, slot) => [OPERATION.jump, 0, 0, slot + 1 + offset],
  branch: ({ comparison, width, dst, source, offset }, writer, slot) => [
    BRANCHES[comparison][width === 64 ? 0 : 1],
    dst,
    writer.operand(source),
    slot + 1 + offset,
  ],
  may_goto: ({ offset }, _, slot) => [OPERATION.mayGoto, 0, 0, slot + 1 + offset],
  call: ({ helper }, writer) => writer.helper(helper),
  call_local: ({ offset }, _, slot) => [OPERATION.callLocal, 0, 0, slot + 1 + offset],
  call_btf: ({ btfId }, writer) => writer.kfunc(btfId),
  callx: ({ register }) => [OPERATION.callRegister, 0, register, 0],
  exit: () => [OPERATION.exit, 0, 0, 0],
};

const JUMPS = new Set<Instruction['kind']>(['jump', 'branch', 'may_goto', 'call_local']);

/**
 * Translates a linked program. With `counted`, backward jumps and calls go through a `fuel` row that takes the number of rows
 * of the loop body (at least one) off the budget. Throws ExecutionFault `unsupported` where jumps do not land on instructions.
 */
export function compileRows(program: ExecutableProgram, counted: boolean): InterpreterCode {
  const { instructions } = program;
  const writer = new Writer(program);
  const rowOfSlot = new Int32Array(instructions.length).fill(-1);
  const jumps: number[] = [];
  for (const [slot, instruction] of instructions.entries()) {
    if (instruction === undefined) continue;
    rowOfSlot[slot] = ROW * writer.rows.length;
    if (JUMPS.has(instruction.kind)) jumps.push(writer.rows.length);
    const compile = COMPILERS[instruction.kind] as (instruction: Instruction, writer: Writer, slot: number) => Fields;
    writer.add(slot, compile(instruction, writer, slot));
  }
  // Whatever runs off the end meets this row.
  writer.add(Math.max(instructions.length - 1, 0), writer.fault('unsupported', 'control runs off the end of the program'));
  const exitRow = ROW * writer.rows.length;
  writer.add(0, [OPERATION.exit, 0, 0, 0]);
  for (const index of jumps) resolveJump(writer, index, rowOfSlot, counted);
  return {
    rows: pack(writer.rows),
    file: writer.file(),
    slots: Int32Array.from(writer.slots),
    rowOfSlot,
    exitRow,
    helpers: writer.helpers,
    helperIndex: writer.helperIndex,
    faults: writer.faults,
    takesCodeAddresses: instructions.some((instruction) => instruction?.kind === 'lddw' && instruction.source === 'code'),
  };
}

function resolveJump(writer: Writer, index: number, rowOfSlot: Int32Array, counted: boolean): void {
  const row = writer.rows[index]!;
  const slot = writer.slots[index] ?? 0;
  const target = rowOfSlot[row.extra] ?? -1;
  if (target < 0) throw new ExecutionFault('unsupported', `the jump at ${slot} does not land on an instruction`, slot);
  row.extra = target;
  const distance = index - target / ROW;
  if (!counted || (distance < 0 && row.operation !== OPERATION.callLocal)) return;
  row.extra = ROW * writer.rows.length;
  writer.add(slot, [OPERATION.fuel, 0, Math.min(Math.max(distance + 1, 1), MAX_SRC), target]);
}

function pack(rows: readonly Row[]): Int32Array {
  const words = new Int32Array(ROW * rows.length);
  for (const [index, { operation, dst, src, extra }] of rows.entries()) {
    if (src > MAX_SRC) throw new ExecutionFault('unsupported', `more than ${MAX_SRC - REGISTERS} different constants`);
    words[ROW * index] = (src << SRC_SHIFT) | (dst << DST_SHIFT) | operation;
    words[ROW * index + 1] = extra;
  }
  return words;
}
