/**
 * Result codes of eBPF for Windows (`ebpf_result_t`) with what they become elsewhere: NTSTATUS, Win32 error and errno.
 * Source: include/ebpf_result.h, libs/shared/ebpf_error.c and libs/api/libbpf_errno.cpp of eBPF for Windows.
 */

export type ResultName =
  | 'EBPF_SUCCESS'
  | 'EBPF_VERIFICATION_FAILED'
  | 'EBPF_JIT_COMPILATION_FAILED'
  | 'EBPF_PROGRAM_LOAD_FAILED'
  | 'EBPF_INVALID_FD'
  | 'EBPF_INVALID_OBJECT'
  | 'EBPF_INVALID_ARGUMENT'
  | 'EBPF_OBJECT_NOT_FOUND'
  | 'EBPF_OBJECT_ALREADY_EXISTS'
  | 'EBPF_FILE_NOT_FOUND'
  | 'EBPF_ALREADY_PINNED'
  | 'EBPF_NOT_PINNED'
  | 'EBPF_NO_MEMORY'
  | 'EBPF_PROGRAM_TOO_LARGE'
  | 'EBPF_RPC_EXCEPTION'
  | 'EBPF_ALREADY_INITIALIZED'
  | 'EBPF_ELF_PARSING_FAILED'
  | 'EBPF_FAILED'
  | 'EBPF_OPERATION_NOT_SUPPORTED'
  | 'EBPF_KEY_NOT_FOUND'
  | 'EBPF_ACCESS_DENIED'
  | 'EBPF_BLOCKED_BY_POLICY'
  | 'EBPF_ARITHMETIC_OVERFLOW'
  | 'EBPF_EXTENSION_FAILED_TO_LOAD'
  | 'EBPF_INSUFFICIENT_BUFFER'
  | 'EBPF_NO_MORE_KEYS'
  | 'EBPF_KEY_ALREADY_EXISTS'
  | 'EBPF_NO_MORE_TAIL_CALLS'
  | 'EBPF_PENDING'
  | 'EBPF_OUT_OF_SPACE'
  | 'EBPF_CANCELED'
  | 'EBPF_INVALID_POINTER'
  | 'EBPF_TIMEOUT'
  | 'EBPF_STALE_ID'
  | 'EBPF_INVALID_STATE';

/** Linux errno numbers used here, and EOTHER as the Microsoft C library has it. */
export const Errno = {
  EPERM: 1,
  ENOENT: 2,
  E2BIG: 7,
  EBADF: 9,
  EAGAIN: 11,
  ENOMEM: 12,
  EACCES: 13,
  EFAULT: 14,
  EBUSY: 16,
  EEXIST: 17,
  ENODEV: 19,
  EINVAL: 22,
  ENOSPC: 28,
  ERANGE: 34,
  EDEADLK: 35,
  ENODATA: 61,
  EPROTONOSUPPORT: 93,
  ENOTSUP: 95,
  EOPNOTSUPP: 95,
  ENOBUFS: 105,
  ETIMEDOUT: 110,
  ENOTSUPP: 524,
  EOTHER: 131,
} as const;

export interface ResultRow {
  readonly value: number;
  readonly name: ResultName;
  /** NTSTATUS symbol without the STATUS_ prefix. */
  readonly ntstatus: string;
  readonly win32Name: string;
  readonly win32: number;
  readonly errno: number;
}

const { EOTHER, EINVAL, EBADF, ENOTSUP, ENOBUFS, ENOENT, EEXIST, EACCES, EFAULT, ENOSPC, EPERM, ENOMEM } = Errno;

/** Rows in order of `value`. */
export const results: readonly ResultRow[] = (
  [
    ['EBPF_SUCCESS', 'SUCCESS', 'ERROR_SUCCESS', 0, 0],
    ['EBPF_VERIFICATION_FAILED', 'VERIFIER_STOP', 'ERROR_VERIFIER_STOP', 537, EACCES],
    ['EBPF_JIT_COMPILATION_FAILED', 'NONE_MAPPED', 'ERROR_NONE_MAPPED', 1332, EOTHER],
    ['EBPF_PROGRAM_LOAD_FAILED', 'GENERIC_COMMAND_FAILED', 'ERROR_GENERIC_COMMAND_FAILED', 14109, EOTHER],
    ['EBPF_INVALID_FD', 'INVALID_HANDLE', 'ERROR_INVALID_HANDLE', 6, EBADF],
    ['EBPF_INVALID_OBJECT', 'INVALID_DEVICE_REQUEST', 'ERROR_INVALID_FUNCTION', 1, EINVAL],
    ['EBPF_INVALID_ARGUMENT', 'INVALID_PARAMETER', 'ERROR_INVALID_PARAMETER', 87, EINVAL],
    ['EBPF_OBJECT_NOT_FOUND', 'OBJECT_PATH_NOT_FOUND', 'ERROR_PATH_NOT_FOUND', 3, ENOENT],
    ['EBPF_OBJECT_ALREADY_EXISTS', 'OBJECTID_EXISTS', 'ERROR_OBJECT_ALREADY_EXISTS', 5010, EEXIST],
    ['EBPF_FILE_NOT_FOUND', 'NO_SUCH_FILE', 'ERROR_FILE_NOT_FOUND', 2, ENOENT],
    ['EBPF_ALREADY_PINNED', 'OBJECT_NAME_EXISTS', 'ERROR_OBJECT_NAME_EXISTS', 698, EOTHER],
    ['EBPF_NOT_PINNED', 'RESOURCE_NOT_OWNED', 'ERROR_NOT_OWNER', 288, EOTHER],
    ['EBPF_NO_MEMORY', 'NO_MEMORY', 'ERROR_NOT_ENOUGH_MEMORY', 8, ENOMEM],
    ['EBPF_PROGRAM_TOO_LARGE', 'TOO_MANY_COMMANDS', 'ERROR_TOO_MANY_CMDS', 56, EOTHER],
    ['EBPF_RPC_EXCEPTION', 'RPC_NT_CALL_FAILED', 'RPC_S_CALL_FAILED', 1726, EOTHER],
    ['EBPF_ALREADY_INITIALIZED', 'ALREADY_INITIALIZED', 'ERROR_ALREADY_INITIALIZED', 1247, EINVAL],
    ['EBPF_ELF_PARSING_FAILED', 'INVALID_IMAGE_FORMAT', 'ERROR_BAD_EXE_FORMAT', 193, EOTHER],
    ['EBPF_FAILED', 'UNSUCCESSFUL', 'ERROR_GEN_FAILURE', 31, EOTHER],
    ['EBPF_OPERATION_NOT_SUPPORTED', 'NOT_SUPPORTED', 'ERROR_NOT_SUPPORTED', 50, ENOTSUP],
    ['EBPF_KEY_NOT_FOUND', 'NOT_FOUND', 'ERROR_NOT_FOUND', 1168, ENOENT],
    ['EBPF_ACCESS_DENIED', 'ACCESS_DENIED', 'ERROR_ACCESS_DENIED', 5, EPERM],
    ['EBPF_BLOCKED_BY_POLICY', 'CONTENT_BLOCKED', 'ERROR_CONTENT_BLOCKED', 1296, EOTHER],
    ['EBPF_ARITHMETIC_OVERFLOW', 'INTEGER_OVERFLOW', 'ERROR_ARITHMETIC_OVERFLOW', 534, EOTHER],
    ['EBPF_EXTENSION_FAILED_TO_LOAD', 'DRIVER_UNABLE_TO_LOAD', 'ERROR_BAD_DRIVER', 2001, EINVAL],
    ['EBPF_INSUFFICIENT_BUFFER', 'BUFFER_OVERFLOW', 'ERROR_MORE_DATA', 234, ENOBUFS],
    ['EBPF_NO_MORE_KEYS', 'NO_MORE_MATCHES', 'ERROR_NO_MORE_MATCHES', 626, ENOENT],
    ['EBPF_KEY_ALREADY_EXISTS', 'ALREADY_REGISTERED', 'ERROR_INTERNAL_ERROR', 1359, EOTHER],
    ['EBPF_NO_MORE_TAIL_CALLS', 'TOO_MANY_NODES', 'ERROR_TOO_MANY_NAMES', 68, EOTHER],
    ['EBPF_PENDING', 'PENDING', 'ERROR_IO_PENDING', 997, EOTHER],
    ['EBPF_OUT_OF_SPACE', 'INSUFFICIENT_RESOURCES', 'ERROR_NO_SYSTEM_RESOURCES', 1450, ENOSPC],
    ['EBPF_CANCELED', 'CANCELLED', 'ERROR_OPERATION_ABORTED', 995, EOTHER],
    ['EBPF_INVALID_POINTER', 'ACCESS_VIOLATION', 'ERROR_NOACCESS', 998, EFAULT],
    ['EBPF_TIMEOUT', 'TIMEOUT', 'ERROR_TIMEOUT', 1460, EOTHER],
    ['EBPF_STALE_ID', 'INVALID_DEVICE_STATE', 'ERROR_BAD_COMMAND', 22, EOTHER],
    ['EBPF_INVALID_STATE', 'INVALID_STATE_TRANSITION', 'ERROR_INVALID_STATE', 5023, EOTHER],
  ] as const
).map(([name, ntstatus, win32Name, win32, errno], value) => ({ value, name, ntstatus, win32Name, win32, errno }));

const byName = new Map(results.map((row) => [row.name, row]));

/** The `ebpf_result_t` number of a result. */
export function resultValue(name: ResultName): number {
  return byName.get(name)!.value;
}

/** The row of a result, by name or by number; a number outside the table is reported as EBPF_FAILED. */
export function resultRow(result: ResultName | number): ResultRow {
  return (typeof result === 'number' ? results[result] : byName.get(result)) ?? byName.get('EBPF_FAILED')!;
}

/** First result whose errno is the given one; for conditions that only Linux names. */
function resultOfErrno(errno: number): ResultName {
  const preferred: Readonly<Record<number, ResultName>> = {
    [Errno.EINVAL]: 'EBPF_INVALID_ARGUMENT',
    [Errno.ENOENT]: 'EBPF_OBJECT_NOT_FOUND',
    [Errno.E2BIG]: 'EBPF_OUT_OF_SPACE',
    [Errno.EBUSY]: 'EBPF_INVALID_STATE',
  };
  return preferred[errno] ?? results.find((row) => row.errno === errno && row.value !== 0)?.name ?? 'EBPF_FAILED';
}

/**
 * A refused operation of the runtime. `result` is the `ebpf_result_t` name, `errno` what libbpf callers see (positive).
 * The message is a whole sentence without the code.
 */
export class RuntimeError extends Error {
  readonly result: ResultName;
  readonly errno: number;
  /** Who still refers to an object that cannot go, where that is the reason: "link 7", "map 4 (jmp_table)". */
  readonly holders: readonly string[];
  constructor(result: ResultName, message: string, details: { readonly errno?: number; readonly holders?: readonly string[] } = {}) {
    super(message);
    this.name = 'RuntimeError';
    this.result = result;
    this.errno = details.errno ?? resultRow(result).errno;
    this.holders = details.holders ?? [];
  }
  /** The error for a positive errno, as Linux reports it. */
  static fromErrno(errno: number, message: string): RuntimeError {
    return new RuntimeError(resultOfErrno(errno), message, { errno });
  }
}
