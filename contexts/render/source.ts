import type { ObjectProgram } from '../../src/object/object-file.ts';
import type { SourcePlace } from './disassembly.ts';

/** The source line that a slot belongs to: the last one that starts at or before it in the same function. */
export function sourceAt(program: ObjectProgram, slot: number): SourcePlace | undefined {
  const range = program.functions.find(({ start, end }) => slot >= start && slot < end);
  const line = program.lines.findLast((candidate) => candidate.slot <= slot && candidate.slot >= (range?.start ?? 0));
  return line && { file: line.file, line: line.line, text: line.text };
}
