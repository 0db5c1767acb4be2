import type { ByteOrder, Slot } from './decode.ts';
import { SLOT_SIZE } from './decode.ts';
import type { Instruction, InstructionList, Operand, Size } from './instruction.ts';
import {
  ADDRESS_SPACE_CAST_OFFSET,
  ADDRESS_SPACE_CASTS,
  ATOMIC_OPERATORS,
  BINARY_OPERATORS,
  BYTE_SWAPS,
  CALL,
  CALL_SOURCE,
  CALLX,
  CLASS,
  COMPARISONS,
  EXIT,
  JA,
  JA32,
  LDDW,
  LOAD_ACQUIRE,
  MAY_GOTO,
  MODE,
  MOV,
  NEGATE,
  SIZES,
  SOURCE_REGISTER,
  STORE_RELEASE,
  WIDE_SOURCES,
} from './opcodes.ts';

/** Why a value has no encoding: a field out of its range, or a combination that the instruction set lacks. */
export class EncodeError extends Error {
  readonly slot: number;
  readonly reason: string;
  constructor(slot: number, reason: string) {
    super(`instruction ${slot}: ${reason}`);
    this.name = 'EncodeError';
    this.slot = slot;
    this.reason = reason;
  }
}

type Of<Kind extends Instruction['kind']> = Extract<Instruction, { kind: Kind }>;
type Fields = Partial<Slot> & { readonly opcode: number };

const opcodeOfSize = new Map<Size, number>(SIZES.map(({ size, code }) => [size, code]));
const sizeBits = (size: Size): number => opcodeOfSize.get(size) ?? 0;

/** Source bit, src and imm of a second operand. */
function operand(source: Operand): { readonly bit: number; readonly src: number; readonly imm: number } {
  return source.kind === 'register' ? { bit: SOURCE_REGISTER, src: source.register, imm: 0 } : { bit: 0, src: 0, imm: source.value };
}

/** One row per instruction kind; a string is the reason why there is no encoding. LDDW's second slot is added by `encode`. */
const ENCODERS: { readonly [Kind in Instruction['kind']]: (instruction: Of<Kind>) => Fields | string } = {
  binary: ({ operator, width, dst, source }) => {
    const row = BINARY_OPERATORS.find((candidate) => candidate.operator === operator);
    if (row === undefined) return `no operator ${operator}`;
    const { bit, src, imm } = operand(source);
    return { opcode: row.code | bit | arithmeticClass(width), dst, src, offset: row.offset, imm };
  },
  movsx: ({ bits, width, dst, src }) =>
    bits >= width
      ? `a ${width}-bit move cannot extend ${bits} bits`
      : { opcode: MOV | SOURCE_REGISTER | arithmeticClass(width), dst, src, offset: bits },
  negate: ({ width, dst }) => ({ opcode: NEGATE | arithmeticClass(width), dst }),
  swap: ({ order, bits, dst }) => ({ opcode: BYTE_SWAPS.find((row) => row.order === order)?.opcode ?? 0, dst, imm: bits }),
  cast: ({ dst, src, spaces }) =>
    ADDRESS_SPACE_CASTS.has(spaces)
      ? { opcode: MOV | SOURCE_REGISTER | CLASS.alu64, dst, src, offset: ADDRESS_SPACE_CAST_OFFSET, imm: spaces }
      : `no address space cast 0x${(spaces >>> 0).toString(16)}`,
  lddw: ({ dst, source, low, high }) => {
    const row = WIDE_SOURCES.find((candidate) => candidate.source === source);
    if (row === undefined) return `no 64-bit immediate of kind ${source}`;
    if (row.highReserved && high !== 0) return `a ${source} load has no second immediate`;
    return { opcode: LDDW, dst, src: row.code, imm: low };
  },
  load: ({ size, signed, dst, src, offset }) =>
    signed && size === 8
      ? 'an 8-byte load cannot be sign-extending'
      : { opcode: (signed ? MODE.memsx : MODE.mem) | sizeBits(size) | CLASS.ldx, dst, src, offset },
  store: ({ size, dst, offset, source }) => {
    const { src, imm } = operand(source);
    return { opcode: MODE.mem | sizeBits(size) | (source.kind === 'register' ? CLASS.stx : CLASS.st), dst, src, offset, imm };
  },
  atomic: ({ operator, fetch, size, dst, src, offset }) => {
    const row = ATOMIC_OPERATORS.find((candidate) => candidate.operator === operator && candidate.fetch === fetch);
    if (row === undefined) return `atomic ${operator} always fetches`;
    return { opcode: MODE.atomic | sizeBits(size) | CLASS.stx, dst, src, offset, imm: row.imm };
  },
  load_acquire: ({ size, dst, src, offset }) => ({ opcode: MODE.atomic | sizeBits(size) | CLASS.stx, dst, src, offset, imm: LOAD_ACQUIRE }),
  store_release: ({ size, dst, src, offset }) => ({ opcode: MODE.atomic | sizeBits(size) | CLASS.stx, dst, src, offset, imm: STORE_RELEASE }),
  packet: ({ size, index, imm }) => ({ opcode: (index === undefined ? MODE.abs : MODE.ind) | sizeBits(size) | CLASS.ld, src: index ?? 0, imm }),
  jump: ({ wide, offset }) => (wide ? { opcode: JA32, imm: offset } : { opcode: JA, offset }),
  branch: ({ comparison, width, dst, source, offset }) => {
    const row = COMPARISONS.find((candidate) => candidate.comparison === comparison);
    if (row === undefined) return `comparison ${comparison} has no encoding`;
    const { bit, src, imm } = operand(source);
    return { opcode: row.code | bit | (width === 64 ? CLASS.jmp : CLASS.jmp32), dst, src, offset, imm };
  },
  may_goto: ({ offset }) => ({ opcode: MAY_GOTO, offset }),
  call: ({ helper }) => ({ opcode: CALL, src: CALL_SOURCE.helper, imm: helper }),
  call_local: ({ offset }) => ({ opcode: CALL, src: CALL_SOURCE.local, imm: offset }),
  call_btf: ({ btfId, module }) => ({ opcode: CALL, src: CALL_SOURCE.btf, offset: module, imm: btfId }),
  callx: ({ register }) => ({ opcode: CALLX, dst: register }),
  exit: () => ({ opcode: EXIT }),
};

const arithmeticClass = (width: 32 | 64): number => (width === 64 ? CLASS.alu64 : CLASS.alu);

/** The fields of the instruction's first slot. Throws EncodeError, located at `number`, where it has no encoding. */
export function encodeSlot(instruction: Instruction, number: number): Slot {
  const encoder = ENCODERS[instruction.kind] as (instruction: Instruction) => Fields | string;
  const fields = encoder(instruction);
  if (typeof fields === 'string') throw new EncodeError(number, fields);
  const slot: Slot = { dst: 0, src: 0, offset: 0, imm: 0, ...fields };
  if (slot.offset !== (slot.offset << 16) >> 16) throw new EncodeError(number, `offset ${slot.offset} does not fit 16 bits`);
  if (slot.imm !== (slot.imm | 0)) throw new EncodeError(number, `immediate ${slot.imm} does not fit 32 bits`);
  return slot;
}

function writeSlot(view: DataView, byteOffset: number, slot: Slot, little: boolean): void {
  view.setUint8(byteOffset, slot.opcode);
  view.setUint8(byteOffset + 1, little ? (slot.src << 4) | slot.dst : (slot.dst << 4) | slot.src);
  view.setInt16(byteOffset + 2, slot.offset, little);
  view.setInt32(byteOffset + 4, slot.imm, little);
}

/**
 * The bytes of a program: the inverse of `decode`. Throws EncodeError where a value has no encoding
 * or the slots do not line up (an LDDW not followed by an empty slot, an empty slot elsewhere).
 */
export function encode(list: InstructionList, byteOrder: ByteOrder): Uint8Array {
  const bytes = new Uint8Array(list.length * SLOT_SIZE);
  const view = new DataView(bytes.buffer);
  const little = byteOrder === 'little';
  for (let pc = 0; pc < list.length; pc++) {
    const instruction = list[pc];
    if (instruction === undefined) throw new EncodeError(pc, 'empty slot outside a 64-bit immediate load');
    writeSlot(view, pc * SLOT_SIZE, encodeSlot(instruction, pc), little);
    if (instruction.kind !== 'lddw') continue;
    pc++;
    if (pc >= list.length || list[pc] !== undefined) throw new EncodeError(pc, 'the second slot of a 64-bit immediate load must be empty');
    writeSlot(view, pc * SLOT_SIZE, { opcode: 0, dst: 0, src: 0, offset: 0, imm: instruction.high }, little);
  }
  return bytes;
}
