/**
 * The instruction set of RFC 9669 and its later additions, as a closed union of plain values.
 *
 * An instruction's position is its slot number (`pc`): slots are 8 bytes, LDDW takes two. A decoded program is an array
 * indexed by slot in which the second slot of an LDDW is `undefined`, so that jump arithmetic needs no translation.
 */

/** r0..r10 (RFC 9669, section 2.1). r10 is the read-only frame pointer. */
export type Register = 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9 | 10;

/** Operand width of an arithmetic or jump instruction in bits. */
export type Width = 32 | 64;

/** Memory access size in bytes. */
export type Size = 1 | 2 | 4 | 8;

/** The second operand: a register, or an immediate sign-extended from 32 bits (a JavaScript integer in the int32 range). */
export type Operand = { readonly kind: 'register'; readonly register: Register } | { readonly kind: 'immediate'; readonly value: number };

export type BinaryOperator = 'add' | 'sub' | 'mul' | 'div' | 'sdiv' | 'mod' | 'smod' | 'or' | 'and' | 'xor' | 'lsh' | 'rsh' | 'arsh' | 'mov';

export type Comparison = 'eq' | 'ne' | 'gt' | 'ge' | 'lt' | 'le' | 'sgt' | 'sge' | 'slt' | 'sle' | 'set' | 'nset';
// 'nset' (no common bits) has no encoding: it is the negation of 'set', used by assembly text of test cases and by branch edges.

export type AtomicOperator = 'add' | 'or' | 'and' | 'xor' | 'xchg' | 'cmpxchg';

/** dst = dst OP src, or dst = src for `mov` (RFC 9669, section 4.1). */
export interface Binary {
  readonly kind: 'binary';
  readonly operator: BinaryOperator;
  readonly width: Width;
  readonly dst: Register;
  readonly source: Operand;
}
/** dst = sign-extend(low `bits` of src) into `width` bits (MOVSX; RFC 9669, section 4.1). */
export interface MoveSignExtended {
  readonly kind: 'movsx';
  readonly bits: 8 | 16 | 32;
  readonly width: Width;
  readonly dst: Register;
  readonly src: Register;
}
/** dst = -dst. */
export interface Negate {
  readonly kind: 'negate';
  readonly width: Width;
  readonly dst: Register;
}
/** Byte order conversion of the low `bits` (RFC 9669, section 4.2). `le`/`be` convert from host order, `bswap` swaps unconditionally. */
export interface ByteSwap {
  readonly kind: 'swap';
  readonly order: 'le' | 'be' | 'bswap';
  readonly bits: 16 | 32 | 64;
  readonly dst: Register;
}
/** arena address space conversion (`r1 = addr_space_cast(r2, dst_as, src_as)`; off = 1, imm = dst_as << 16 | src_as). */
export interface AddressSpaceCast {
  readonly kind: 'cast';
  readonly dst: Register;
  readonly src: Register;
  readonly spaces: number;
}
/** What a 64-bit immediate load denotes (its src field; RFC 9669, section 5.4). */
export type WideSource = 'immediate' | 'map_fd' | 'map_value' | 'variable' | 'code' | 'map_index' | 'map_index_value';
/**
 * LDDW. `low` and `high` are the two imm fields as int32. `immediate`: the value is high:low. `map_fd`/`map_index`: low names the map.
 * `map_value`/`map_index_value`: low names the map, high is the offset into its first value. `variable`: low is an extern/BTF id.
 * `code`: low is a slot offset relative to the next instruction slot (libbpf) naming a subprogram.
 */
export interface LoadImmediate {
  readonly kind: 'lddw';
  readonly dst: Register;
  readonly source: WideSource;
  readonly low: number;
  readonly high: number;
}
/** dst = *(size *)(src + offset), zero- or sign-extended (MEM, MEMSX; RFC 9669, section 5.1). */
export interface Load {
  readonly kind: 'load';
  readonly size: Size;
  readonly signed: boolean;
  readonly dst: Register;
  readonly src: Register;
  readonly offset: number;
}
/** *(size *)(dst + offset) = source. */
export interface Store {
  readonly kind: 'store';
  readonly size: Size;
  readonly dst: Register;
  readonly offset: number;
  readonly source: Operand;
}
/** lock *(size *)(dst + offset) OP= src. With fetch (always for xchg/cmpxchg) src (r0 for cmpxchg) receives the old value. */
export interface Atomic {
  readonly kind: 'atomic';
  readonly operator: AtomicOperator;
  readonly fetch: boolean;
  readonly size: 4 | 8;
  readonly dst: Register;
  readonly src: Register;
  readonly offset: number;
}
/** dst = load_acquire((size *)(src + offset)). */
export interface LoadAcquire {
  readonly kind: 'load_acquire';
  readonly size: Size;
  readonly dst: Register;
  readonly src: Register;
  readonly offset: number;
}
/** store_release((size *)(dst + offset), src). */
export interface StoreRelease {
  readonly kind: 'store_release';
  readonly size: Size;
  readonly dst: Register;
  readonly src: Register;
  readonly offset: number;
}
/** r0 = ntoh(*(size *)(skb data + imm [+ src])), context in r6, clobbers r1..r5 (RFC 9669, section 5.5; deprecated). */
export interface PacketLoad {
  readonly kind: 'packet';
  readonly size: 1 | 2 | 4;
  readonly index?: Register;
  readonly imm: number;
}
/** goto pc + 1 + offset. `wide` is JA32 (gotol), whose offset is in imm. */
export interface Jump {
  readonly kind: 'jump';
  readonly wide: boolean;
  readonly offset: number;
}
/** if (dst CMP source) goto pc + 1 + offset. */
export interface Branch {
  readonly kind: 'branch';
  readonly comparison: Comparison;
  readonly width: Width;
  readonly dst: Register;
  readonly source: Operand;
  readonly offset: number;
}
/** may_goto: the runtime may take the jump at any time and will take it eventually (JCOND, src 0). */
export interface MayGoto {
  readonly kind: 'may_goto';
  readonly offset: number;
}
/** r0 = helper(r1..r5) by static id. */
export interface HelperCall {
  readonly kind: 'call';
  readonly helper: number;
}
/** r0 = subprogram at pc + 1 + offset. */
export interface LocalCall {
  readonly kind: 'call_local';
  readonly offset: number;
}
/** r0 = function by BTF id (kfunc); `module` is the fd-array index (0 = vmlinux), `btfId` an index into the object's externs once linked. */
export interface KfuncCall {
  readonly kind: 'call_btf';
  readonly btfId: number;
  readonly module: number;
}
/** r0 = function whose address or helper id is in a register (callx conformance group). */
export interface RegisterCall {
  readonly kind: 'callx';
  readonly register: Register;
}
export interface Exit {
  readonly kind: 'exit';
}

export type Instruction =
  | Binary
  | MoveSignExtended
  | Negate
  | ByteSwap
  | AddressSpaceCast
  | LoadImmediate
  | Load
  | Store
  | Atomic
  | LoadAcquire
  | StoreRelease
  | PacketLoad
  | Jump
  | Branch
  | MayGoto
  | HelperCall
  | LocalCall
  | KfuncCall
  | RegisterCall
  | Exit;

/** Instructions by slot; the second slot of an LDDW is undefined. */
export type InstructionList = readonly (Instruction | undefined)[];

/** Number of 8-byte slots the instruction takes. */
export function slotCount(instruction: Instruction): 1 | 2 {
  return instruction.kind === 'lddw' ? 2 : 1;
}
