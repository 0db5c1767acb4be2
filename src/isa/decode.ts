import type { Instruction, InstructionList, Operand, Register, WideSource } from './instruction.ts';
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

export type ByteOrder = 'little' | 'big';

/** Bytes per instruction slot. */
export const SLOT_SIZE = 8;

/**
 * One slot, taken apart (RFC 9669, section 3.1). `dst` and `src` are 0..15, `offset` is int16, `imm` int32.
 *
 *     little: | opcode 8 | src 4 : dst 4 | offset 16 | imm 32 |
 *     big:    | opcode 8 | dst 4 : src 4 | offset 16 | imm 32 |
 */
export interface Slot {
  readonly opcode: number;
  readonly dst: number;
  readonly src: number;
  readonly offset: number;
  readonly imm: number;
}

/** Why bytes are no instruction: which slot, which opcode, and what is wrong with it. */
export class DecodeError extends Error {
  readonly slot: number;
  /** Undefined where the bytes end before the opcode. */
  readonly opcode: number | undefined;
  readonly reason: string;
  constructor(slot: number, opcode: number | undefined, reason: string) {
    super(`instruction ${slot}${opcode === undefined ? '' : ` (opcode 0x${opcode.toString(16).padStart(2, '0')})`}: ${reason}`);
    this.name = 'DecodeError';
    this.slot = slot;
    this.opcode = opcode;
    this.reason = reason;
  }
}

type Field = 'dst' | 'src' | 'offset' | 'imm';

/** What an opcode means: the fields that must be zero, the register it writes, and how to build the value; a string is a refusal. */
interface Form {
  readonly reserved: readonly Field[];
  readonly registers: readonly ('dst' | 'src')[];
  readonly writes?: 'dst';
  readonly build: (slot: Slot) => Instruction | string;
}

const reg = (number: number): Register => number as Register;
const immediate = (slot: Slot): Operand => ({ kind: 'immediate', value: slot.imm });
const register = (slot: Slot): Operand => ({ kind: 'register', register: reg(slot.src) });

function arithmeticForms(forms: Form[]): void {
  for (const [opcodeClass, width] of [
    [CLASS.alu, 32],
    [CLASS.alu64, 64],
  ] as const) {
    for (const code of new Set(BINARY_OPERATORS.map((row) => row.code))) {
      const byOffset = new Map(BINARY_OPERATORS.filter((row) => row.code === code).map((row) => [row.offset, row.operator]));
      const build =
        (source: (slot: Slot) => Operand) =>
        (slot: Slot): Instruction | string => {
          const operator = byOffset.get(slot.offset);
          if (operator === undefined) return `offset ${slot.offset} selects no operation`;
          return { kind: 'binary', operator, width, dst: reg(slot.dst), source: source(slot) };
        };
      forms[code | opcodeClass] = { reserved: ['src'], registers: ['dst'], writes: 'dst', build: build(immediate) };
      const fromRegister = build(register);
      forms[code | SOURCE_REGISTER | opcodeClass] =
        code === MOV
          ? { reserved: [], registers: ['dst', 'src'], writes: 'dst', build: (slot) => moveRegister(slot, width, fromRegister) }
          : { reserved: ['imm'], registers: ['dst', 'src'], writes: 'dst', build: fromRegister };
    }
    forms[NEGATE | opcodeClass] = {
      reserved: ['src', 'offset', 'imm'],
      registers: ['dst'],
      writes: 'dst',
      build: (slot) => ({ kind: 'negate', width, dst: reg(slot.dst) }),
    };
  }
  for (const { order, opcode } of BYTE_SWAPS) {
    forms[opcode] = {
      reserved: ['src', 'offset'],
      registers: ['dst'],
      writes: 'dst',
      build: ({ dst, imm }) =>
        imm === 16 || imm === 32 || imm === 64 ? { kind: 'swap', order, bits: imm, dst: reg(dst) } : `imm ${imm} is not 16, 32 or 64`,
    };
  }
}

/** MOV X: the offset tells a plain move from a sign-extending one and from an address space cast, which alone uses imm. */
function moveRegister(slot: Slot, width: 32 | 64, plain: (slot: Slot) => Instruction | string): Instruction | string {
  const { dst, src, offset, imm } = slot;
  if (width === 64 && offset === ADDRESS_SPACE_CAST_OFFSET) {
    if (!ADDRESS_SPACE_CASTS.has(imm)) return `imm 0x${(imm >>> 0).toString(16)} converts no pair of address spaces`;
    return { kind: 'cast', dst: reg(dst), src: reg(src), spaces: imm };
  }
  if (imm !== 0) return 'imm must be zero';
  if (offset === 8 || offset === 16 || (offset === 32 && width === 64)) return { kind: 'movsx', bits: offset, width, dst: reg(dst), src: reg(src) };
  return plain(slot);
}

function jumpForms(forms: Form[]): void {
  forms[JA] = { reserved: ['dst', 'src', 'imm'], registers: [], build: ({ offset }) => ({ kind: 'jump', wide: false, offset }) };
  forms[JA32] = { reserved: ['dst', 'src', 'offset'], registers: [], build: ({ imm }) => ({ kind: 'jump', wide: true, offset: imm }) };
  forms[MAY_GOTO] = { reserved: ['dst', 'src', 'imm'], registers: [], build: ({ offset }) => ({ kind: 'may_goto', offset }) };
  forms[EXIT] = { reserved: ['dst', 'src', 'offset', 'imm'], registers: [], build: () => ({ kind: 'exit' }) };
  forms[CALLX] = { reserved: ['src', 'offset', 'imm'], registers: ['dst'], build: ({ dst }) => ({ kind: 'callx', register: reg(dst) }) };
  forms[CALL] = { reserved: ['dst'], registers: [], build: call };
  for (const [opcodeClass, width] of [
    [CLASS.jmp, 64],
    [CLASS.jmp32, 32],
  ] as const) {
    for (const { comparison, code } of COMPARISONS) {
      const build =
        (source: (slot: Slot) => Operand) =>
        (slot: Slot): Instruction => ({ kind: 'branch', comparison, width, dst: reg(slot.dst), source: source(slot), offset: slot.offset });
      forms[code | opcodeClass] = { reserved: ['src'], registers: ['dst'], build: build(immediate) };
      forms[code | SOURCE_REGISTER | opcodeClass] = { reserved: ['imm'], registers: ['dst', 'src'], build: build(register) };
    }
  }
}

function call({ src, offset, imm }: Slot): Instruction | string {
  if (src === CALL_SOURCE.btf) return { kind: 'call_btf', btfId: imm, module: offset };
  if (offset !== 0) return 'offset must be zero';
  if (src === CALL_SOURCE.helper) return { kind: 'call', helper: imm };
  if (src === CALL_SOURCE.local) return { kind: 'call_local', offset: imm };
  return `src ${src} selects no kind of call`;
}

function memoryForms(forms: Form[]): void {
  for (const { size, code } of SIZES) {
    const load =
      (signed: boolean) =>
      ({ dst, src, offset }: Slot): Instruction => ({ kind: 'load', size, signed, dst: reg(dst), src: reg(src), offset });
    forms[MODE.mem | code | CLASS.ldx] = { reserved: ['imm'], registers: ['dst', 'src'], writes: 'dst', build: load(false) };
    if (size !== 8) forms[MODE.memsx | code | CLASS.ldx] = { reserved: ['imm'], registers: ['dst', 'src'], writes: 'dst', build: load(true) };
    forms[MODE.mem | code | CLASS.st] = {
      reserved: ['src'],
      registers: ['dst'],
      build: (slot) => ({ kind: 'store', size, dst: reg(slot.dst), offset: slot.offset, source: immediate(slot) }),
    };
    forms[MODE.mem | code | CLASS.stx] = {
      reserved: ['imm'],
      registers: ['dst', 'src'],
      build: (slot) => ({ kind: 'store', size, dst: reg(slot.dst), offset: slot.offset, source: register(slot) }),
    };
    forms[MODE.atomic | code | CLASS.stx] = { reserved: [], registers: ['dst', 'src'], build: (slot) => atomic(slot, size) };
    if (size === 8) continue;
    forms[MODE.abs | code | CLASS.ld] = { reserved: ['dst', 'src', 'offset'], registers: [], build: ({ imm }) => ({ kind: 'packet', size, imm }) };
    forms[MODE.ind | code | CLASS.ld] = {
      reserved: ['dst', 'offset'],
      registers: ['src'],
      build: ({ src, imm }) => ({ kind: 'packet', size, index: reg(src), imm }),
    };
  }
}

function atomic({ dst, src, offset, imm }: Slot, size: 1 | 2 | 4 | 8): Instruction | string {
  if (imm === LOAD_ACQUIRE) return dst === 10 ? READ_ONLY : { kind: 'load_acquire', size, dst: reg(dst), src: reg(src), offset };
  if (imm === STORE_RELEASE) return { kind: 'store_release', size, dst: reg(dst), src: reg(src), offset };
  const row = ATOMIC_OPERATORS.find((candidate) => candidate.imm === imm);
  if (row === undefined) return `imm 0x${(imm >>> 0).toString(16)} is no atomic operation`;
  if (size === 1 || size === 2) return `atomic operations have 4 or 8 bytes, not ${size}`;
  // The old value goes to src, except for cmpxchg, where it goes to r0.
  if (src === 10 && row.fetch && row.operator !== 'cmpxchg') return READ_ONLY;
  return { kind: 'atomic', operator: row.operator, fetch: row.fetch, size, dst: reg(dst), src: reg(src), offset };
}

const READ_ONLY = 'r10 is read-only';

function buildForms(): readonly (Form | undefined)[] {
  const forms: Form[] = new Array<Form>(256);
  arithmeticForms(forms);
  jumpForms(forms);
  memoryForms(forms);
  return forms;
}

/** By opcode; LDDW stands apart because it needs two slots. */
const FORMS = buildForms();

/** Takes one slot apart. The caller has checked that 8 bytes are there. */
export function readSlot(view: DataView, byteOffset: number, byteOrder: ByteOrder): Slot {
  const little = byteOrder === 'little';
  const registers = view.getUint8(byteOffset + 1);
  const high = registers >> 4;
  const low = registers & 0xf;
  return {
    opcode: view.getUint8(byteOffset),
    dst: little ? low : high,
    src: little ? high : low,
    offset: view.getInt16(byteOffset + 2, little),
    imm: view.getInt32(byteOffset + 4, little),
  };
}

/**
 * The instruction in `slot`, which is not the first slot of an LDDW. `number` locates the error.
 * Throws DecodeError where the opcode is unknown, a register does not exist or is read-only, or a reserved field is not zero.
 */
export function decodeSlot(slot: Slot, number: number): Instruction {
  const form = FORMS[slot.opcode];
  if (form === undefined) throw new DecodeError(number, slot.opcode, 'unknown opcode');
  for (const field of form.reserved) if (slot[field] !== 0) throw new DecodeError(number, slot.opcode, `${field} must be zero`);
  for (const field of form.registers) if (slot[field] > 10) throw new DecodeError(number, slot.opcode, `r${slot[field]} does not exist`);
  if (form.writes !== undefined && slot[form.writes] === 10) throw new DecodeError(number, slot.opcode, READ_ONLY);
  const built = form.build(slot);
  if (typeof built === 'string') throw new DecodeError(number, slot.opcode, built);
  return built;
}

/** The LDDW that starts in `first`; `second` is undefined at the end of the bytes. Throws DecodeError (RFC 9669, section 5.4). */
export function decodeWide(first: Slot, second: Slot | undefined, number: number): Instruction {
  const fail = (reason: string, slot = number): never => {
    throw new DecodeError(slot, slot === number ? first.opcode : second?.opcode, reason);
  };
  if (second === undefined) return fail('the second half of a 64-bit immediate load is missing');
  if (first.offset !== 0) return fail('offset must be zero');
  if (first.dst > 10) return fail(`r${first.dst} does not exist`);
  if (first.dst === 10) return fail(READ_ONLY);
  if (second.opcode !== 0) return fail('the second half of a 64-bit immediate load must have opcode zero', number + 1);
  for (const field of ['dst', 'src', 'offset'] as const) {
    if (second[field] !== 0) return fail(`${field} must be zero in the second half of a 64-bit immediate load`, number + 1);
  }
  const row = WIDE_SOURCES.find((candidate) => candidate.code === first.src);
  if (row === undefined) return fail(`src ${first.src} selects no kind of 64-bit immediate`);
  if (row.highReserved && second.imm !== 0) return fail(`imm must be zero in the second half of a ${row.source} load`, number + 1);
  const source: WideSource = row.source;
  return { kind: 'lddw', dst: reg(first.dst), source, low: first.imm, high: second.imm };
}

/**
 * Decodes whole sections or programs, before or after relocation: operands are taken as they stand, jump targets are `validate`'s business.
 * Throws DecodeError at the first slot that is not a well-formed instruction (RFC 9669, sections 3 to 5).
 */
export function decode(bytes: Uint8Array, byteOrder: ByteOrder): InstructionList {
  const count = Math.floor(bytes.length / SLOT_SIZE);
  if (bytes.length % SLOT_SIZE !== 0) {
    throw new DecodeError(count, bytes[count * SLOT_SIZE], `${bytes.length} bytes are not a whole number of ${SLOT_SIZE}-byte slots`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const list: (Instruction | undefined)[] = [];
  for (let pc = 0; pc < count; pc++) {
    const slot = readSlot(view, pc * SLOT_SIZE, byteOrder);
    if (slot.opcode !== LDDW) {
      list.push(decodeSlot(slot, pc));
      continue;
    }
    const second = pc + 1 < count ? readSlot(view, (pc + 1) * SLOT_SIZE, byteOrder) : undefined;
    list.push(decodeWide(slot, second, pc), undefined);
    pc++;
  }
  return list;
}
