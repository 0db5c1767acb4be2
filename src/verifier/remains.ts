import type { Size } from '../isa/instruction.ts';
import type { Machine } from './machine.ts';
import { equals, unsignedBytes } from './number/index.ts';
import { CELL, type Cell, type StackFrame } from './stack.ts';

/**
 * What a store into [from, to) leaves of the cells it cuts: their other bytes as smaller cells, where something is known of them. To be
 * called before the store; the caller puts them back after it.
 */
export function remainsOf(machine: Machine, stack: StackFrame, from: number, to: number): readonly Cell[] {
  const { bytes } = stack;
  // Cells are cut only where one lies across an end of the range.
  const cutsFirst = bytes[from] === CELL && stack.cells.get(from) === undefined;
  const cutsLast = bytes[to] === CELL && stack.cells.get(to) === undefined;
  if (!cutsFirst && !cutsLast) return NOTHING;
  const remains: Cell[] = [];
  if (cutsFirst) {
    const cell = stack.cellAt(from);
    if (cell !== undefined) slice(machine, stack, cell, cell.index, from, remains);
  }
  if (cutsLast) {
    const cell = stack.cellAt(to);
    if (cell !== undefined) slice(machine, stack, cell, to, cell.index + cell.size, remains);
  }
  return remains;
}

const NOTHING: readonly Cell[] = [];

/** Cells of 4, 2 and 1 bytes for [from, to) of a cell that holds a number. */
function slice(machine: Machine, stack: StackFrame, cell: Cell, from: number, to: number, remains: Cell[]): void {
  if (cell.value.kind !== 'number') return;
  const { bigEndian } = machine.rules;
  for (let at = from; at < to; ) {
    const size: Size = to - at >= 4 ? 4 : to - at >= 2 ? 2 : 1;
    const range = stack.assemble(at, size, bigEndian);
    if (!equals(range, unsignedBytes(size))) {
      const whole = !bigEndian && at === cell.index && cell.value.range.umax < 2 ** (8 * size);
      remains.push({ index: at, size, value: whole ? cell.value : machine.number(range) });
    }
    at += size;
  }
}
