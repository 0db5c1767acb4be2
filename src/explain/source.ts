import type { FunctionRange, LineInfo, ObjectProgram } from '../object/object-file.ts';

/** A line of source, as the compiler recorded it. */
export interface SourceLine {
  readonly file: string;
  readonly line: number;
  readonly text: string;
}

/** The line information of one program, by slot. */
export class SourceMap {
  private readonly program: ObjectProgram;
  private readonly bySlot = new Map<number, LineInfo>();

  constructor(program: ObjectProgram) {
    this.program = program;
    let next = 0;
    let current: LineInfo | undefined;
    const starts = new Set(program.functions.map((range) => range.start));
    for (let slot = 0; slot < program.instructions.length; slot++) {
      // A function without lines of its own must not borrow those of the one before.
      if (starts.has(slot)) current = undefined;
      while (next < program.lines.length && program.lines[next]!.slot <= slot) current = program.lines[next++];
      if (current !== undefined) this.bySlot.set(slot, current);
    }
  }

  get known(): boolean {
    return this.bySlot.size > 0;
  }

  /** The line that a slot belongs to; undefined without line information. Line 0 is code of the compiler's own and belongs to no line. */
  at(slot: number): SourceLine | undefined {
    const line = this.bySlot.get(slot);
    return line === undefined ? undefined : { file: line.file, line: line.line, text: line.text };
  }

  /** The column, from 1, that the line information gives for a slot; undefined where it gives none. */
  columnAt(slot: number): number | undefined {
    const column = this.bySlot.get(slot)?.column ?? 0;
    return column > 0 ? column : undefined;
  }

  functionAt(slot: number): FunctionRange | undefined {
    return this.program.functions.find(({ start, end }) => slot >= start && slot < end);
  }

  /** First slots of the runs of instructions that belong to a line, in any file, ascending. */
  slotsOfLine(line: number): readonly number[] {
    const slots: number[] = [];
    let inside = false;
    for (let slot = 0; slot < this.program.instructions.length; slot++) {
      const here = this.bySlot.get(slot)?.line === line;
      if (here && !inside) slots.push(slot);
      inside = here;
    }
    return slots;
  }
}

/** Whether two slots show the same line. */
export function sameLine(a: SourceLine | undefined, b: SourceLine | undefined): boolean {
  return a === b || (a !== undefined && b !== undefined && a.line === b.line && a.file === b.file);
}
