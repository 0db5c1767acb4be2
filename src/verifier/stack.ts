import type { Scalar } from './number/index.ts';
import { binary, constant, fromUnsigned, truncate, unsignedBytes } from './number/index.ts';
import type { Value } from './value.ts';

/** What is known of one byte of a frame. */
export const UNWRITTEN = 0;
/** Initialised, part of some number. */
export const NUMERIC = 1;
/** Covered by a cell. */
export const CELL = 2;
/** Initialised, but may be part of a pointer. */
export const FRAGMENT = 3;

/** A value stored by one instruction and not overwritten since. */
export interface Cell {
  readonly index: number;
  readonly size: number;
  readonly value: Value;
}

/** The cells of a frame, ordered by index: few, often copied, looked up by index. */
export class CellTable {
  private readonly list: Cell[];

  constructor(list: Cell[] = []) {
    this.list = list;
  }

  get size(): number {
    return this.list.length;
  }

  copy(): CellTable {
    return new CellTable(this.list.slice());
  }

  /** Position of the first cell at or after the index. */
  private position(index: number): number {
    const { list } = this;
    let low = 0;
    let high = list.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (list[middle]!.index < index) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  get(index: number): Cell | undefined {
    const cell = this.list[this.position(index)];
    return cell !== undefined && cell.index === index ? cell : undefined;
  }

  set(index: number, cell: Cell): void {
    const at = this.position(index);
    if (this.list[at]?.index === index) this.list[at] = cell;
    else this.list.splice(at, 0, cell);
  }

  delete(index: number): void {
    const at = this.position(index);
    if (this.list[at]?.index === index) this.list.splice(at, 1);
  }

  /** The cell that covers the byte. */
  covering(at: number): Cell | undefined {
    const { list } = this;
    const position = this.position(at + 1) - 1;
    const cell = list[position];
    return cell !== undefined && cell.index + cell.size > at ? cell : undefined;
  }

  /** Cells that overlap [from, to). */
  overlapping(from: number, to: number): Cell[] {
    const { list } = this;
    const found: Cell[] = [];
    const first = this.covering(from);
    if (first !== undefined && first.index < from) found.push(first);
    for (let position = this.position(from); position < list.length && list[position]!.index < to; position++) found.push(list[position]!);
    return found;
  }

  values(): readonly Cell[] {
    return this.list;
  }
}

/** One frame's bytes. Index 0 is the lowest address; `size` is the frame pointer. */
export class StackFrame {
  readonly size: number;
  readonly bytes: Uint8Array;
  /** The same bytes, four at a time, for scans. */
  readonly words: Uint32Array;
  readonly cells: CellTable;
  /** Set when more than one state refers to this frame; a shared frame is copied before it is written. */
  shared = false;
  /** The mask of live bytes outside which the frame is known to hold nothing. */
  forgotten: Uint32Array | undefined;
  /** Some cell may be (part of) an object. */
  objects = false;

  constructor(size: number, bytes = new Uint8Array(size), cells: CellTable = new CellTable()) {
    this.size = size;
    this.bytes = bytes;
    this.words = new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length >> 2);
    this.cells = cells;
  }

  copy(): StackFrame {
    const frame = new StackFrame(this.size, this.bytes.slice(), this.cells.copy());
    frame.objects = this.objects;
    return frame;
  }

  overlapping(from: number, to: number): Cell[] {
    return this.cells.overlapping(from, to);
  }

  /** Removes the cells that overlap the range, leaving what remains of them as numbers or fragments. */
  dissolve(from: number, to: number): void {
    for (const cell of this.overlapping(from, to)) {
      this.cells.delete(cell.index);
      this.bytes.fill(cell.value.kind === 'number' ? NUMERIC : FRAGMENT, cell.index, cell.index + cell.size);
    }
  }

  store(index: number, size: number, value: Value): void {
    this.dissolve(index, index + size);
    this.cells.set(index, { index, size, value });
    this.bytes.fill(CELL, index, index + size);
  }

  /** Marks bytes as initialised numbers of unknown content. */
  fillNumeric(index: number, size: number): void {
    this.dissolve(index, index + size);
    this.bytes.fill(NUMERIC, index, index + size);
  }

  /** A store of `size` bytes somewhere within [from, to): each byte keeps its old content or gets a part of the new one. */
  storeSomewhere(from: number, to: number, numeric: boolean): void {
    this.dissolve(from, to);
    for (let index = from; index < to; index++) {
      if (this.bytes[index] !== UNWRITTEN && !numeric) this.bytes[index] = FRAGMENT;
    }
  }

  /** First byte of the range that was never written, or -1. */
  firstUnwritten(index: number, size: number): number {
    for (let at = index; at < index + size; at++) if (this.bytes[at] === UNWRITTEN) return at;
    return -1;
  }

  /** First byte of the range that is not certainly part of a number, or -1. */
  firstNonNumeric(index: number, size: number): number {
    for (let at = index; at < index + size; at++) {
      const state = this.bytes[at];
      if (state === NUMERIC) continue;
      if (state === CELL) {
        const cell = this.cellAt(at);
        if (cell !== undefined && cell.value.kind === 'number') {
          at = cell.index + cell.size - 1;
          continue;
        }
      }
      return at;
    }
    return -1;
  }

  cellAt(at: number): Cell | undefined {
    return this.cells.covering(at);
  }

  /**
   * The number in [index, index + size) of a range that is numeric throughout, zero-extended; assembled from the parts of cells
   * that lie in it. `bigEndian` is the byte order of the machine.
   */
  assemble(index: number, size: number, bigEndian: boolean): Scalar {
    let result: Scalar | undefined;
    let known = false;
    for (let at = index; at < index + size; ) {
      const cell = this.bytes[at] === CELL ? this.cellAt(at) : undefined;
      let end: number;
      let part: Scalar;
      if (cell === undefined) {
        for (end = at + 1; end < index + size && this.bytes[end] !== CELL; end++);
        part = ANY_BYTES[end - at - 1]!;
      } else {
        known = true;
        end = Math.min(cell.index + cell.size, index + size);
        const skipped = bigEndian ? cell.index + cell.size - end : at - cell.index;
        part = cell.value.range;
        if (skipped > 0) part = binary('rsh', 64, truncate(cell.size as 1 | 2 | 4 | 8, part), constant(skipped * 8));
        part = binary('and', 64, part, maskOf(end - at));
      }
      if (end === index + size && !known) break;
      const shift = bigEndian ? index + size - end : at - index;
      if (shift > 0) part = binary('lsh', 64, part, constant(shift * 8));
      result = result === undefined ? part : binary('or', 64, result, part);
      at = end;
    }
    return known && result !== undefined ? result : ANY_BYTES[size - 1]!;
  }
}

const MASKS: readonly Scalar[] = [0xff, 0xffff, 0xff_ffff, 0xffff_ffff, 0xff_ffff_ffff, 0xffff_ffff_ffff, 0xff_ffff_ffff_ffffn].map((mask) =>
  constant(mask),
);

/** What n + 1 bytes of unknown content can be. */
const ANY_BYTES: readonly Scalar[] = [
  unsignedBytes(1),
  unsignedBytes(2),
  fromUnsigned(0, 0xff_ffff),
  unsignedBytes(4),
  fromUnsigned(0, 0xff_ffff_ffff),
  fromUnsigned(0, 0xffff_ffff_ffff),
  fromUnsigned(0, 0xff_ffff_ffff_ffffn),
  unsignedBytes(8),
];

function maskOf(bytes: number): Scalar {
  return bytes >= 8 ? constant(-1) : MASKS[bytes - 1]!;
}

/** Merges byte states of two frames at a join; cells are merged by the caller. */
export function joinByte(a: number, b: number): number {
  if (a === UNWRITTEN || b === UNWRITTEN) return UNWRITTEN;
  return a === b && a === NUMERIC ? NUMERIC : FRAGMENT;
}
