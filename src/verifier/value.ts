import type { Int, Scalar } from './number/index.ts';

/**
 * What an abstract value denotes. `any` is initialised but of unknown kind (a join of a pointer and a number); `invalid` was usable
 * once and no longer is (clobbered by a call, stale after a packet change, released). `object` occurs on the stack only: eight bytes of
 * something that kernel functions keep there (a dynptr, an iterator).
 */
export type ValueKind =
  | 'number'
  | 'ctx'
  | 'stack'
  | 'packet'
  | 'map_value'
  | 'map'
  | 'memory'
  | 'socket'
  | 'btf'
  | 'code'
  | 'object'
  | 'any'
  | 'invalid';

/** Why a value became unusable. */
export type InvalidReason = 'clobbered' | 'stale_packet' | 'released' | 'frame_gone' | 'mixed';

/** A symbol stands for one unknown 64-bit number; 0 is the constant zero, 1 the packet's size, 2 the (non-positive) offset of its metadata. */
export type SymbolId = number;
export const ZERO: SymbolId = 0;
export const PACKET_SIZE: SymbolId = 1;
export const META_OFFSET: SymbolId = 2;
export const FIRST_FREE_SYMBOL: SymbolId = 3;

/** Tag of `btf` pointers that lead to a dynptr the host made. */
export const DYNPTR = 1;
/** Tags of `btf` pointers from here on name the struct, see Machine.kernelStruct. */
export const FIRST_KERNEL_TAG = 2;
/** Parent of what a callback is lent: it ends when the callback does. */
export const LENT = -(2 ** 40);
/** Tags of memory from here on are sizes of memory that must not be written. */
export const READ_ONLY_MEMORY = 2 ** 30;
/** Tags of memory from here on are ids of types in the object's BTF, whose size and special fields it has. */
export const TYPED_MEMORY = 2 ** 31;

/**
 * How a number was computed from another, kept so that a later guard on the result narrows the operand too. `symbol`/`offset` name the operand.
 */
export interface Derivation {
  readonly operation: 'low32' | 'shift_left' | 'difference' | 'mask' | 'shift_right' | 'swap' | 'sign_extend' | 'bool';
  readonly operand: Value;
  /** Second operand of a difference. */
  readonly other?: Value;
  /** Shift count, mask or width in bits. */
  readonly amount?: number;
}

/**
 * An immutable abstract value: `symbol + offset` modulo 2^64, whose total lies in `range`. For pointers that sum is the offset from the
 * start of the region (for stack pointers from the end of the frame, as r10 counts). Values with one symbol are related: their difference is known exactly.
 */
export class Value {
  readonly kind: ValueKind;
  /**
   * map, map_value: index of the map (or -1 - n for an inner map of n's template); stack: frame number; memory: size in bytes, or more, see
   * Machine.memory; code: slot; socket: struct, see Machine.struct; btf: struct, see Machine.kernelStruct, 0 where it is not known, or DYNPTR; object: type, see Machine.objectTag; ctx: 0.
   */
  readonly tag: number;
  readonly symbol: SymbolId;
  readonly offset: Int;
  readonly range: Scalar;
  /** Pointers: may be null instead. */
  readonly nullable: boolean;
  /** Groups values that are null together; also names the object that is released or locked. 0: none. */
  readonly identity: number;
  readonly derivation: Derivation | undefined;
  readonly reason: InvalidReason | undefined;
  /** Identity of the object that this one lives in and ends with; negative: it also ends when the packet changes; LENT. 0: none. */
  readonly parent: number;

  constructor(
    kind: ValueKind,
    tag: number,
    symbol: SymbolId,
    offset: Int,
    range: Scalar,
    nullable: boolean,
    identity: number,
    derivation: Derivation | undefined,
    reason: InvalidReason | undefined,
    parent = 0,
  ) {
    this.kind = kind;
    this.tag = tag;
    this.symbol = symbol;
    this.offset = offset;
    this.range = range;
    this.nullable = nullable;
    this.identity = identity;
    this.derivation = derivation;
    this.reason = reason;
    this.parent = parent;
  }

  withRange(range: Scalar): Value {
    return new Value(this.kind, this.tag, this.symbol, this.offset, range, this.nullable, this.identity, this.derivation, this.reason, this.parent);
  }

  withPosition(symbol: SymbolId, offset: Int, range: Scalar): Value {
    return new Value(this.kind, this.tag, symbol, offset, range, this.nullable, this.identity, undefined, this.reason, this.parent);
  }

  withNullable(nullable: boolean): Value {
    return new Value(this.kind, this.tag, this.symbol, this.offset, this.range, nullable, this.identity, this.derivation, this.reason, this.parent);
  }

  /** The same number without what it was computed from. */
  withoutDerivation(): Value {
    return new Value(this.kind, this.tag, this.symbol, this.offset, this.range, this.nullable, this.identity, undefined, this.reason, this.parent);
  }

  /** The same, within another object. */
  withParent(parent: number): Value {
    return new Value(this.kind, this.tag, this.symbol, this.offset, this.range, this.nullable, this.identity, this.derivation, this.reason, parent);
  }

  get isPointer(): boolean {
    return this.kind !== 'number' && this.kind !== 'any' && this.kind !== 'invalid' && this.kind !== 'object';
  }

  /** A word of a kernel object, or an argument of traced code: a pointer that may be followed, null, or a plain number. */
  get isWord(): boolean {
    return this.kind === 'btf' && this.identity === 0 && !this.nullable;
  }

  /** Identity of what must be released for this value to end: the object it lives in, or itself. */
  get root(): number {
    return this.parent === 0 ? this.identity : Math.abs(this.parent);
  }
}
