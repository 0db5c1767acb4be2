import type { ExitCode } from './session-types.ts';

/** What is wrong with a line: a part of it (UTF-16 offsets), a word or tag value by its text, or what is missing at its end. */
export type Place = { readonly start: number; readonly end: number } | { readonly value: string } | { readonly missing: string };

/** The line could not be understood; exit code 2. `place` is to be pointed at, `usage` the grammar to show below the message. */
export class UsageError extends Error {
  readonly place: Place | undefined;
  readonly usage: string | undefined;
  constructor(message: string, place?: Place, usage?: string) {
    super(message);
    this.name = 'UsageError';
    this.place = place;
    this.usage = usage;
  }
}

/** The command was understood and failed; exit code 1, where it promises no other. `kind` is the stable word of the JSON form. */
export class CommandError extends Error {
  readonly kind: string;
  readonly exitCode: ExitCode;
  constructor(kind: string, message: string, exitCode: ExitCode = 1) {
    super(message);
    this.name = 'CommandError';
    this.kind = kind;
    this.exitCode = exitCode;
  }
}

/** An error as a person and a program read it. */
export interface DescribedError {
  readonly exitCode: ExitCode;
  readonly kind: string;
  readonly message: string;
  readonly place?: Place;
  readonly usage?: string;
}

/** Words any error for the user: one clear message, never a stack trace. */
export function describeError(error: unknown): DescribedError {
  if (error instanceof UsageError) {
    const { message, place, usage } = error;
    return { exitCode: 2, kind: 'usage', message, ...(place !== undefined ? { place } : {}), ...(usage !== undefined ? { usage } : {}) };
  }
  if (error instanceof CommandError) return { exitCode: error.exitCode, kind: error.kind, message: error.message };
  if (isAbort(error)) return { exitCode: 1, kind: 'cancelled', message: 'The command was cancelled.' };
  if (error instanceof Error) return { exitCode: 1, kind: 'internal', message: `internal error: ${firstLine(error.message) || error.name}` };
  return { exitCode: 1, kind: 'internal', message: `internal error: ${firstLine(String(error))}` };
}

export function isAbort(error: unknown): boolean {
  return error instanceof Error && error.name === 'AbortError';
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0]!;
}
