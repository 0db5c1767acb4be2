import { errorText } from '../../src/libbpf/names.ts';
import { Errno, RuntimeError } from '../../src/runtime/result.ts';
import { CommandError } from '../errors.ts';

/** What ends a bpftool command: `Error: <message>`, after lines that say more (what libbpf would have logged). */
export class Failure extends Error {
  /** 2: the line could not be understood; 1: it was, and failed. */
  readonly exitCode: 1 | 2;
  readonly details: string;
  constructor(message: string, { exitCode = 1, details = '' }: { readonly exitCode?: 1 | 2; readonly details?: string } = {}) {
    super(message);
    this.name = 'Failure';
    this.exitCode = exitCode;
    this.details = details;
  }
}

/** The line is not what the grammar says. */
export function misunderstood(message: string): Failure {
  return new Failure(message, { exitCode: 2 });
}

/** The C library's words for why the runtime refused; its own where there is no such error number. */
export function reasonOf(error: RuntimeError): string {
  return error.errno === Errno.EOTHER ? error.message : errorText(error.errno);
}

/** Does something that the runtime may refuse. @throws Failure `<doing>: <why>`. */
export function attempt<T>(doing: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    if (error instanceof RuntimeError) throw new Failure(`${doing}: ${reasonOf(error)}`);
    throw error;
  }
}

/** The failure behind any error that is one for the user; undefined for the others (cancelled, internal). */
export function failureOf(error: unknown): Failure | undefined {
  if (error instanceof Failure) return error;
  if (error instanceof CommandError && error.kind !== 'cancelled') return new Failure(error.message.replace(/^error: /, ''));
  return undefined;
}
