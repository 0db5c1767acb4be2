import type { MapKind, MapType, PlatformName } from '../../platform/platform.ts';
import { Errno, RuntimeError, resultRow, resultValue } from '../result.ts';

/** Ways in which a map operation fails; `MapRules.codes` gives each its number on a platform. */
export type MapFailure =
  | 'invalid'
  /** Lookup: no such key, index, or an empty queue. */
  | 'missing'
  /** Delete, or update with BPF_EXIST: no such key. */
  | 'absent'
  | 'exists'
  /** Array with BPF_NOEXIST: every element exists. */
  | 'array_exists'
  | 'update_range'
  | 'full'
  | 'queue_full'
  | 'no_more_keys'
  | 'unsupported'
  /** An operation that maps of this type do not have. */
  | 'no_operation'
  /** Look up and delete in one, where the type has no such operation. */
  | 'no_take'
  | 'no_memory'
  | 'ring_full'
  | 'frozen'
  | 'wrong_program_type'
  | 'wrong_inner'
  | 'no_inner'
  | 'bad_fd'
  | 'too_long'
  | 'lpm_missing';

/** Semantics in which the platforms differ. Codes are positive: ebpf_result_t on Windows, errno on Linux; helpers return them negated. */
export interface MapRules {
  readonly platform: PlatformName;
  readonly codes: Readonly<Record<MapFailure, number>>;
  /** max_entries bounds plain hash maps and tries (Linux); on Windows it is only a sizing hint. */
  readonly hashBounded: boolean;
  /** Array delete writes zeros (Windows) instead of failing. */
  readonly arrayDeleteZeroes: boolean;
  /** Whether maps of a kind have lookup_and_delete, besides queues and stacks, which pop by it. */
  takes(kind: MapKind): boolean;
  /** get_next_key with an unknown key starts over (Linux) or reports the end (Windows). */
  readonly unknownKeyRestarts: boolean;
  /** Characters of a name. */
  readonly maximumName: number;
}

const code = resultValue;

/** Kinds of eBPF for Windows whose elements are always there. */
const INDEXED: ReadonlySet<MapKind> = new Set(['array', 'prog_array', 'map_of_maps_array', 'xskmap']);

const windowsRules: MapRules = {
  platform: 'windows',
  codes: {
    invalid: code('EBPF_INVALID_ARGUMENT'),
    missing: code('EBPF_OBJECT_NOT_FOUND'),
    absent: code('EBPF_KEY_NOT_FOUND'),
    exists: code('EBPF_OBJECT_ALREADY_EXISTS'),
    array_exists: code('EBPF_INVALID_ARGUMENT'),
    update_range: code('EBPF_INVALID_ARGUMENT'),
    full: code('EBPF_OUT_OF_SPACE'),
    queue_full: code('EBPF_OUT_OF_SPACE'),
    no_more_keys: code('EBPF_NO_MORE_KEYS'),
    unsupported: code('EBPF_OPERATION_NOT_SUPPORTED'),
    no_operation: code('EBPF_OPERATION_NOT_SUPPORTED'),
    no_take: code('EBPF_INVALID_ARGUMENT'),
    no_memory: code('EBPF_NO_MEMORY'),
    ring_full: code('EBPF_NO_MEMORY'),
    frozen: code('EBPF_ACCESS_DENIED'),
    wrong_program_type: code('EBPF_INVALID_FD'),
    wrong_inner: code('EBPF_INVALID_OBJECT'),
    no_inner: code('EBPF_INVALID_FD'),
    bad_fd: code('EBPF_INVALID_FD'),
    too_long: code('EBPF_INVALID_ARGUMENT'),
    lpm_missing: code('EBPF_KEY_NOT_FOUND'),
  },
  hashBounded: false,
  arrayDeleteZeroes: true,
  takes: (kind) => !INDEXED.has(kind) && kind !== 'lpm_trie',
  unknownKeyRestarts: false,
  maximumName: 63,
};

const linuxRules: MapRules = {
  platform: 'linux',
  codes: {
    invalid: Errno.EINVAL,
    missing: Errno.ENOENT,
    absent: Errno.ENOENT,
    exists: Errno.EEXIST,
    array_exists: Errno.EEXIST,
    update_range: Errno.E2BIG,
    full: Errno.E2BIG,
    queue_full: Errno.E2BIG,
    no_more_keys: Errno.ENOENT,
    unsupported: Errno.EOPNOTSUPP,
    no_operation: Errno.ENOTSUPP,
    no_take: Errno.ENOTSUPP,
    no_memory: Errno.ENOMEM,
    ring_full: Errno.EAGAIN,
    frozen: Errno.EPERM,
    wrong_program_type: Errno.EINVAL,
    wrong_inner: Errno.EINVAL,
    no_inner: Errno.EBADF,
    bad_fd: Errno.EBADF,
    too_long: Errno.E2BIG,
    lpm_missing: Errno.ENOENT,
  },
  hashBounded: true,
  arrayDeleteZeroes: false,
  takes: (kind) => kind === 'hash' || kind === 'stack_trace',
  unknownKeyRestarts: true,
  maximumName: 15,
};

/** The rules of a platform. */
export function mapRules(platform: PlatformName): MapRules {
  return platform === 'windows' ? windowsRules : linuxRules;
}

/** The typed error for a code that a map operation returned on this platform. */
export function mapError(rules: MapRules, positiveCode: number, message: string): RuntimeError {
  return rules.platform === 'windows' ? new RuntimeError(resultRow(positiveCode).name, message) : RuntimeError.fromErrno(positiveCode, message);
}

/**
 * For callers of bpf_map_create: ebpf_map_create of eBPF for Windows knows no flags; those of object files mean nothing there.
 * Throws EBPF_INVALID_ARGUMENT.
 */
export function requireKnownFlags(rules: MapRules, flags: number): void {
  if (rules.platform === 'windows' && flags !== 0)
    throw mapError(rules, rules.codes.invalid, `Maps have no flags here; 0x${flags.toString(16)} was given.`);
}

/** Update flags of the uapi (BPF_ANY ...). */
export const UpdateFlag = { any: 0, noExist: 1, exist: 2, lock: 4 } as const;

/** Creation flags of the Linux uapi that this runtime honours. */
export const MapFlag = {
  noPrealloc: 1 << 0,
  noCommonLru: 1 << 1,
  numaNode: 1 << 2,
  readOnly: 1 << 3,
  writeOnly: 1 << 4,
  stackBuildId: 1 << 5,
  zeroSeed: 1 << 6,
  readOnlyProgram: 1 << 7,
  writeOnlyProgram: 1 << 8,
  clone: 1 << 9,
  mmapable: 1 << 10,
  preserveElems: 1 << 11,
  innerMap: 1 << 12,
  segvOnFault: 1 << 17,
  noUserConversion: 1 << 18,
} as const;

/** What a map is created from. */
export interface MapSpecification {
  readonly name: string;
  readonly type: MapType;
  readonly keySize: number;
  readonly valueSize: number;
  readonly maxEntries: number;
  readonly flags: number;
  /** map_extra of the Linux uapi: how many hashes a bloom filter takes, where an arena begins for user space. */
  readonly extra?: number;
  /** Parts of a value that belong to the runtime (locks, timers, references): programs use them through helpers alone. */
  readonly special?: readonly ValueField[];
}

/** Bytes of a value. */
export interface ValueField {
  readonly offset: number;
  readonly size: number;
}
