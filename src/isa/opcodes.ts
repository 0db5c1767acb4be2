import type { AtomicOperator, BinaryOperator, ByteSwap, Comparison, Size, WideSource } from './instruction.ts';

/**
 * The numbers of the encoding as tables, shared by decoding and encoding, so that the two cannot disagree.
 *
 *     opcode of load/store:   | mode (3 bits) | size (2) | class (3) |
 *     opcode of the others:   | code (4 bits)     | s(1) | class (3) |   s: 0 = K (immediate), 1 = X (register)
 *
 * Source: RFC 9669, section 3, and include/uapi/linux/bpf.h for what came later.
 */

/** Instruction classes (RFC 9669, section 3.2). */
export const CLASS = { ld: 0x00, ldx: 0x01, st: 0x02, stx: 0x03, alu: 0x04, jmp: 0x05, jmp32: 0x06, alu64: 0x07 } as const;

/** The source bit of arithmetic and jump opcodes. */
export const SOURCE_REGISTER = 0x08;

/** Modes of load and store opcodes (RFC 9669, section 5). */
export const MODE = { imm: 0x00, abs: 0x20, ind: 0x40, mem: 0x60, memsx: 0x80, atomic: 0xc0 } as const;

/** Access sizes in bytes with their opcode bits (RFC 9669, table 12). */
export const SIZES: readonly { readonly size: Size; readonly code: number }[] = [
  { size: 4, code: 0x00 },
  { size: 2, code: 0x08 },
  { size: 1, code: 0x10 },
  { size: 8, code: 0x18 },
];

/** Two-operand arithmetic: opcode bits, and the value of the offset field that selects the operator (RFC 9669, section 4.1). */
export const BINARY_OPERATORS: readonly { readonly operator: BinaryOperator; readonly code: number; readonly offset: number }[] = [
  { operator: 'add', code: 0x00, offset: 0 },
  { operator: 'sub', code: 0x10, offset: 0 },
  { operator: 'mul', code: 0x20, offset: 0 },
  { operator: 'div', code: 0x30, offset: 0 },
  { operator: 'sdiv', code: 0x30, offset: 1 },
  { operator: 'or', code: 0x40, offset: 0 },
  { operator: 'and', code: 0x50, offset: 0 },
  { operator: 'lsh', code: 0x60, offset: 0 },
  { operator: 'rsh', code: 0x70, offset: 0 },
  { operator: 'mod', code: 0x90, offset: 0 },
  { operator: 'smod', code: 0x90, offset: 1 },
  { operator: 'xor', code: 0xa0, offset: 0 },
  { operator: 'mov', code: 0xb0, offset: 0 },
  { operator: 'arsh', code: 0xc0, offset: 0 },
];

/** One-operand arithmetic and byte order conversion. */
export const NEGATE = 0x80;
export const END = 0xd0;
/** MOVSX shares MOV's opcode; the offset field holds the number of bits. */
export const MOV = 0xb0;
/** addr_space_cast: MOV64 X with this offset (LLVM, kernel verifier `BPF_ADDR_SPACE_CAST`). */
export const ADDRESS_SPACE_CAST_OFFSET = 1;
/** Its immediates, dst << 16 | src: only between the address spaces 0 (kernel) and 1 (arena). */
export const ADDRESS_SPACE_CASTS: ReadonlySet<number> = new Set([0x0_0001, 0x1_0000]);

/** Byte order conversions: class and source bit (RFC 9669, section 4.2). */
export const BYTE_SWAPS: readonly { readonly order: ByteSwap['order']; readonly opcode: number }[] = [
  { order: 'le', opcode: END | CLASS.alu },
  { order: 'be', opcode: END | SOURCE_REGISTER | CLASS.alu },
  { order: 'bswap', opcode: END | CLASS.alu64 },
];

/** Conditional jumps (RFC 9669, section 4.3). `nset` has no encoding. */
export const COMPARISONS: readonly { readonly comparison: Exclude<Comparison, 'nset'>; readonly code: number }[] = [
  { comparison: 'eq', code: 0x10 },
  { comparison: 'gt', code: 0x20 },
  { comparison: 'ge', code: 0x30 },
  { comparison: 'set', code: 0x40 },
  { comparison: 'ne', code: 0x50 },
  { comparison: 'sgt', code: 0x60 },
  { comparison: 'sge', code: 0x70 },
  { comparison: 'lt', code: 0xa0 },
  { comparison: 'le', code: 0xb0 },
  { comparison: 'slt', code: 0xc0 },
  { comparison: 'sle', code: 0xd0 },
];

/** Unconditional control flow: complete opcodes. */
export const JA = 0x05;
export const JA32 = 0x06;
export const CALL = 0x85;
export const CALLX = 0x8d;
export const EXIT = 0x95;
/** JCOND with the source field 0: may_goto. */
export const MAY_GOTO = 0xe5;
export const LDDW = 0x18;

/** What the source field of CALL selects (RFC 9669, section 4.3.1). */
export const CALL_SOURCE = { helper: 0, local: 1, btf: 2 } as const;

/** What the source field of LDDW selects, and whether its second immediate is used (RFC 9669, section 5.4). */
export const WIDE_SOURCES: readonly { readonly source: WideSource; readonly code: number; readonly highReserved: boolean }[] = [
  { source: 'immediate', code: 0, highReserved: false },
  { source: 'map_fd', code: 1, highReserved: true },
  { source: 'map_value', code: 2, highReserved: false },
  // The second immediate of a kernel variable is the descriptor of the BTF object that defines it.
  { source: 'variable', code: 3, highReserved: false },
  { source: 'code', code: 4, highReserved: true },
  { source: 'map_index', code: 5, highReserved: true },
  { source: 'map_index_value', code: 6, highReserved: false },
];

/** Read-modify-write operations in the immediate of an atomic store (RFC 9669, section 5.3). */
export const ATOMIC_OPERATORS: readonly { readonly operator: AtomicOperator; readonly imm: number; readonly fetch: boolean }[] = [
  { operator: 'add', imm: 0x00, fetch: false },
  { operator: 'add', imm: 0x01, fetch: true },
  { operator: 'or', imm: 0x40, fetch: false },
  { operator: 'or', imm: 0x41, fetch: true },
  { operator: 'and', imm: 0x50, fetch: false },
  { operator: 'and', imm: 0x51, fetch: true },
  { operator: 'xor', imm: 0xa0, fetch: false },
  { operator: 'xor', imm: 0xa1, fetch: true },
  { operator: 'xchg', imm: 0xe1, fetch: true },
  { operator: 'cmpxchg', imm: 0xf1, fetch: true },
];

/** Ordered accesses in the immediate of an atomic store (include/uapi/linux/bpf.h: BPF_LOAD_ACQ, BPF_STORE_REL). */
export const LOAD_ACQUIRE = 0x100;
export const STORE_RELEASE = 0x110;
