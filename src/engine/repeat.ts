import type { CompiledProgram } from './engine.ts';

/** How many runs on end went. */
export interface Repetition {
  /** Runs made, the last one included if it failed. */
  readonly runs: number;
  /** Low half of r0 of the last run. */
  readonly result: number;
  /** What the last run threw; undefined: all went well. */
  readonly error: unknown;
}

/** Runs a program so many times, each on what the run before it left, until one throws. */
export function repeat(program: CompiledProgram, r1: number, r2: number, runs: number): Repetition {
  return program.repeat32?.(r1, r2, runs) ?? repeatSingly(program, r1, r2, runs);
}

/** `repeat` with a call per run. */
export function repeatSingly(program: CompiledProgram, r1: number, r2: number, runs: number): Repetition {
  let done = 0;
  let result = 0;
  try {
    for (; done < runs; done++) result = program.run32(r1, r2);
    return { runs, result, error: undefined };
  } catch (error) {
    return { runs: done + 1, result: 0, error };
  }
}
