import { errorText } from '../../src/libbpf/names.ts';
import { Errno, RuntimeError } from '../../src/runtime/result.ts';
import { CommandError } from '../errors.ts';

/** The exit code of bpftool's own complaints: -1, as a process reports it. */
export const FAILED = 255;

/** What ends a bpftool command: `Error: <message>`, after lines that say more (what libbpf would have logged). */
export class Failure extends Error {
  readonly exitCode: number;
  readonly details: string;
  constructor(message: string, { exitCode = FAILED, details = '' }: { readonly exitCode?: number; readonly details?: string } = {}) {
    super(message);
    this.name = 'Failure';
    this.exitCode = exitCode;
    this.details = details;
  }
}

/** How a process reports that its result was `-errno`. */
function exitCodeOf(errno: number): number {
  return 256 - errno;
}

/** There is no such thing. */
export const NOT_FOUND = exitCodeOf(Errno.ENOENT);

/** `<doing>: <words of the C library>`, with the error number as the exit code. */
export function refusal(doing: string, errno: number): Failure {
  return new Failure(`${doing}: ${errorText(errno)}`, { exitCode: exitCodeOf(errno) });
}

/** The C library's words for why the runtime refused; its own where there is no such error number. */
export function reasonOf(error: RuntimeError): string {
  return error.errno === Errno.EOTHER ? error.message : errorText(error.errno);
}

/**
 * Does something that the runtime may refuse.
 *
 * @param exitCode what the line ends with then; without it, with the error number.
 * @throws Failure `<doing>: <why>`.
 */
export function attempt<T>(doing: string, action: () => T, exitCode?: number): T {
  try {
    return action();
  } catch (error) {
    if (!(error instanceof RuntimeError)) throw error;
    const counted = error.errno === Errno.EOTHER ? FAILED : exitCodeOf(error.errno);
    throw new Failure(`${doing}: ${reasonOf(error)}`, { exitCode: exitCode ?? counted });
  }
}

/** The failure behind any error that is one for the user; undefined for the others (cancelled, internal). */
export function failureOf(error: unknown): Failure | undefined {
  if (error instanceof Failure) return error;
  if (error instanceof CommandError && error.kind !== 'cancelled') return new Failure(error.message.replace(/^error: /, ''));
  return undefined;
}
