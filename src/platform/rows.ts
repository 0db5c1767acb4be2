/** The vocabulary in which the platforms' helper tables are written: one constant per argument kind, one builder per row. */
import type { HelperArgument, HelperPrototype, MapKind, ReturnKind } from './platform.ts';

export const anything: HelperArgument = { kind: 'anything' };
export const context: HelperArgument = { kind: 'ctx' };
export const nullableContext: HelperArgument = { kind: 'ctx', nullable: true };
export const map: HelperArgument = { kind: 'map' };
export const mapKey: HelperArgument = { kind: 'map_key' };
export const mapValue: HelperArgument = { kind: 'map_value' };
export const mapValueOrNull: HelperArgument = { kind: 'map_value', nullable: true };
export const mapValueOut: HelperArgument = { kind: 'map_value_out' };
export const readable: HelperArgument = { kind: 'memory_read' };
export const readableOrNull: HelperArgument = { kind: 'memory_read', nullable: true };
export const writable: HelperArgument = { kind: 'memory_write' };
export const writableOrNull: HelperArgument = { kind: 'memory_write', nullable: true };
export const updated: HelperArgument = { kind: 'memory_readwrite' };
export const size: HelperArgument = { kind: 'size' };
export const sizeOrZero: HelperArgument = { kind: 'size_or_zero' };
export const recordSize: HelperArgument = { kind: 'alloc_size' };
export const record: HelperArgument = { kind: 'allocated' };
export const callback: HelperArgument = { kind: 'callback' };
export const callbackContext: HelperArgument = { kind: 'callback_context', nullable: true };
export const spinLock: HelperArgument = { kind: 'spin_lock' };
export const timer: HelperArgument = { kind: 'timer' };
export const kptr: HelperArgument = { kind: 'kptr' };
export const dynptr: HelperArgument = { kind: 'dynptr' };
export const newDynptr: HelperArgument = { kind: 'dynptr', constructs: true };
export const socket: HelperArgument = { kind: 'socket' };
export const socketOrNull: HelperArgument = { kind: 'socket', nullable: true };
export const constString: HelperArgument = { kind: 'const_string' };
export const perCpu: HelperArgument = { kind: 'percpu' };

/** Pointer to a kernel object of the named struct. */
export function kernel(struct: string): HelperArgument {
  return { kind: 'btf', struct };
}

/** Pointer to a kernel object of the named struct, or null. */
export function kernelOrNull(struct: string): HelperArgument {
  return { kind: 'btf', struct, nullable: true };
}

/** Readable bytes whose count the prototype fixes. */
export function fixedRead(bytes: number): HelperArgument {
  return { kind: 'fixed_read', size: bytes };
}

/** Writable bytes whose count the prototype fixes; they need not be initialised. */
export function fixedWrite(bytes: number): HelperArgument {
  return { kind: 'fixed_write', size: bytes };
}

/** The same, at a multiple of its size. */
export function alignedWrite(bytes: number): HelperArgument {
  return { ...fixedWrite(bytes), aligned: true };
}

/** Any 64-bit number. */
export const number: ReturnKind = { kind: 'number' };
/** An unsigned 32-bit number, zero-extended. */
export const u32: ReturnKind = { kind: 'number', min: 0, max: 0xffff_ffff };
/** A signed 32-bit number, sign-extended. */
export const i32: ReturnKind = { kind: 'number', min: -0x8000_0000, max: 0x7fff_ffff };
/** 0, or a negative errno of the kernel (MAX_ERRNO is 4095). */
export const status: ReturnKind = { kind: 'number', min: -4095, max: 0 };
/** 0 or 1, or a negative errno. */
export const answer: ReturnKind = { kind: 'number', min: -4095, max: 1 };
export const nothing: ReturnKind = { kind: 'void' };
export const valueOrNull: ReturnKind = { kind: 'map_value', nullable: true };
export const value: ReturnKind = { kind: 'map_value', nullable: false };
export const memoryOrNull: ReturnKind = { kind: 'memory', nullable: true };

/** A number between two bounds, both included. */
export function between(min: number, max: number): ReturnKind {
  return { kind: 'number', min, max };
}

/** Number of bytes copied, at most the given 0-based argument, or a negative errno. */
export function lengthUpTo(argument: number): ReturnKind {
  return { kind: 'number', min: -4095, max: 0x7fff_ffff, atMostArgument: argument };
}

/** A socket of the named struct, or null. */
export function socketResult(struct: string): ReturnKind {
  return { kind: 'socket', nullable: true, struct };
}

/** A kernel object of the named struct. */
export function kernelResult(struct: string, nullable: boolean): ReturnKind {
  return { kind: 'btf', nullable, struct };
}

export type HelperOptions = Omit<HelperPrototype, 'id' | 'name' | 'returns' | 'arguments'>;

/** One row of a helper table. */
export function helper(id: number, name: string, returns: ReturnKind, args: readonly HelperArgument[], options: HelperOptions = {}): HelperPrototype {
  return { id, name, returns, arguments: args, ...options };
}

/** Rows by id, in table order. */
export function byId(rows: readonly HelperPrototype[]): ReadonlyMap<number, HelperPrototype> {
  return new Map(rows.map((row) => [row.id, row]));
}

/** Rows by name, in table order. */
export function byName(rows: readonly HelperPrototype[]): ReadonlyMap<string, HelperPrototype> {
  return new Map(rows.map((row) => [row.name, row]));
}

/** Options for a helper whose map argument must be of one of the kinds. */
export function onMaps(...kinds: readonly MapKind[]): HelperOptions {
  return { mapKinds: kinds };
}
