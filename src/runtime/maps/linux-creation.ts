/**
 * What BPF_MAP_CREATE of Linux 6.18 takes, by the kernel's own name of a type: the `map_alloc_check` functions of kernel/bpf, and what every map
 * shares (map_create of kernel/bpf/syscall.c). Checked against a kernel's answers.
 */
import { Errno } from '../result.ts';
import { MapFlag, type MapSpecification } from './rules.ts';

/** Sizes in bytes: listed ones, or a span of them (`step` apart, 1 unless told). */
type Sizes =
  | readonly number[]
  | { readonly from: number; readonly to: number; readonly step?: number /** Errno beyond `to`. */; readonly beyond?: number };

interface CreationRule {
  readonly key: Sizes;
  readonly value: Sizes;
  /** Flags that may be set, and those that must be. */
  readonly flags: number;
  readonly needed?: number;
  /** max_entries: at least one, none at all, or whole pages and a power of two. */
  readonly entries?: 'none' | 'pages';
  /** What map_extra may be: a multiple of `step` up to `most`; 0 alone unless told. */
  readonly extra?: { readonly most: number; readonly step: number };
}

const { numaNode, readOnly, writeOnly, noPrealloc, noCommonLru, zeroSeed, readOnlyProgram, writeOnlyProgram } = MapFlag;
const { mmapable, innerMap, preserveElems, clone, stackBuildId, segvOnFault, noUserConversion } = MapFlag;

const ACCESS = readOnly | writeOnly;
const PROGRAM_ACCESS = readOnlyProgram | writeOnlyProgram;
const PLAIN = numaNode | ACCESS;

const PAGE = 4096;
/** One kmalloc. */
const LARGEST_ALLOCATION = 4 * 2 ** 20;
/** One processor's part of a per-CPU allocation (PCPU_MIN_UNIT_SIZE). */
const LARGEST_PER_CPU = 0x8000;
/** A value, the header of its storage and the links to it fit a u16 (BPF_LOCAL_STORAGE_MAX_VALUE_SIZE). */
const LARGEST_STORAGE = 0xffff - 64;
/** Bytes of a stack of 127 frames (sysctl kernel.perf_event_max_stack). */
const LARGEST_STACK = 127 * 8;

const EMPTY: Sizes = [0];
const NUMBER: Sizes = [4];
const SOCKET: Sizes = [4, 8];
const CGROUP: Sizes = [8, 16];

const sized = (to: number, beyond: number = Errno.E2BIG): Sizes => ({ from: 1, to, beyond });
const ANY = sized(LARGEST_ALLOCATION);
const PER_CPU = sized(LARGEST_PER_CPU);
const STORAGE = sized(LARGEST_STORAGE);
/** Values of a stack trace with BPF_F_STACK_BUILD_ID. */
const BUILD_IDS: Sizes = { from: 32, to: 127 * 32, step: 32 };

const HASH = noPrealloc | zeroSeed | ACCESS | PROGRAM_ACCESS;
const references = (value: Sizes, flags: number = PLAIN): CreationRule => ({ key: NUMBER, value, flags });
const storage: CreationRule = { key: NUMBER, value: STORAGE, flags: noPrealloc | clone, needed: noPrealloc, entries: 'none' };
const queue: CreationRule = { key: EMPTY, value: ANY, flags: PLAIN | PROGRAM_ACCESS };
const ring: CreationRule = { key: EMPTY, value: EMPTY, flags: numaNode, entries: 'pages' };

const rules: { readonly [type: string]: CreationRule | undefined } = {
  hash: { key: ANY, value: ANY, flags: HASH | numaNode },
  array: { key: NUMBER, value: sized(2 ** 31 - 1), flags: PLAIN | PROGRAM_ACCESS | mmapable | innerMap },
  prog_array: references(NUMBER),
  perf_event_array: references(NUMBER, PLAIN | preserveElems),
  percpu_hash: { key: ANY, value: PER_CPU, flags: HASH },
  percpu_array: { key: NUMBER, value: PER_CPU, flags: ACCESS | PROGRAM_ACCESS },
  stack_trace: { key: NUMBER, value: { from: 8, to: LARGEST_STACK, step: 8 }, flags: PLAIN | stackBuildId },
  cgroup_array: references(NUMBER),
  lru_hash: { key: ANY, value: ANY, flags: HASH | noCommonLru | numaNode },
  lru_percpu_hash: { key: ANY, value: PER_CPU, flags: HASH | noCommonLru },
  lpm_trie: { key: { from: 5, to: 260 }, value: ANY, flags: PLAIN | PROGRAM_ACCESS | noPrealloc, needed: noPrealloc },
  array_of_maps: references(NUMBER),
  hash_of_maps: { key: ANY, value: NUMBER, flags: HASH | numaNode },
  devmap: references(SOCKET),
  sockmap: references(SOCKET),
  cpumap: references(SOCKET, numaNode),
  xskmap: references(NUMBER),
  sockhash: { key: sized(512), value: SOCKET, flags: PLAIN },
  cgroup_storage: { key: CGROUP, value: STORAGE, flags: PLAIN | PROGRAM_ACCESS, entries: 'none' },
  reuseport_sockarray: references(SOCKET, PLAIN | PROGRAM_ACCESS),
  percpu_cgroup_storage: { key: CGROUP, value: PER_CPU, flags: PLAIN | PROGRAM_ACCESS, entries: 'none' },
  queue,
  stack: queue,
  sk_storage: storage,
  devmap_hash: references(SOCKET),
  ringbuf: ring,
  inode_storage: storage,
  task_storage: storage,
  bloom_filter: { key: EMPTY, value: ANY, flags: PLAIN | PROGRAM_ACCESS | zeroSeed, extra: { most: 15, step: 1 } },
  user_ringbuf: ring,
  cgrp_storage: storage,
  arena: {
    key: EMPTY,
    value: EMPTY,
    flags: mmapable | segvOnFault | noUserConversion,
    needed: mmapable,
    extra: { most: Number.MAX_SAFE_INTEGER, step: PAGE },
  },
};

/** Why a map is not made. */
interface Refusal {
  readonly why: string;
  readonly errno: number;
}

const refusal = (why: string, errno: number = Errno.EINVAL): Refusal => ({ why, errno });

/** BPF_F_NO_PREALLOC and the like as the uapi names them; bits without a name in hexadecimal. */
function flagsText(flags: number): string {
  const named = Object.entries(MapFlag).filter(([, bit]) => (flags & bit) !== 0);
  const rest = named.reduce((left, [, bit]) => left & ~bit, flags) >>> 0;
  const names = named.map(([name]) => FLAG_NAMES[name as keyof typeof MapFlag]);
  return [...names, ...(rest === 0 ? [] : [`0x${rest.toString(16)}`])].join(', ');
}

const FLAG_NAMES: Readonly<Record<keyof typeof MapFlag, string>> = {
  noPrealloc: 'BPF_F_NO_PREALLOC',
  noCommonLru: 'BPF_F_NO_COMMON_LRU',
  numaNode: 'BPF_F_NUMA_NODE',
  readOnly: 'BPF_F_RDONLY',
  writeOnly: 'BPF_F_WRONLY',
  stackBuildId: 'BPF_F_STACK_BUILD_ID',
  zeroSeed: 'BPF_F_ZERO_SEED',
  readOnlyProgram: 'BPF_F_RDONLY_PROG',
  writeOnlyProgram: 'BPF_F_WRONLY_PROG',
  clone: 'BPF_F_CLONE',
  mmapable: 'BPF_F_MMAPABLE',
  preserveElems: 'BPF_F_PRESERVE_ELEMS',
  innerMap: 'BPF_F_INNER_MAP',
  segvOnFault: 'BPF_F_SEGV_ON_FAULT',
  noUserConversion: 'BPF_F_NO_USER_CONV',
};

/** Why Linux does not make such a map, and its errno; undefined: it does. */
export function refusedByLinux(specification: MapSpecification): Refusal | undefined {
  const { type, keySize, valueSize, flags } = specification;
  const rule = rules[type.name];
  if (rule === undefined) return undefined;
  const value = (flags & stackBuildId) === 0 ? rule.value : BUILD_IDS;
  return (
    wrongName(specification) ??
    wrongFlags(rule, specification) ??
    wrongExtra(rule, specification) ??
    wrongEntries(rule, specification) ??
    wrongSize('key', rule.key, keySize) ??
    wrongSize('value', value, valueSize)
  );
}

function wrongName({ name }: MapSpecification): Refusal | undefined {
  const wrong = /[^A-Za-z0-9_.]/.exec(name);
  return wrong === null ? undefined : refusal(`its name contains ${JSON.stringify(wrong[0])}`);
}

function wrongFlags(rule: CreationRule, { type, flags }: MapSpecification): Refusal | undefined {
  const foreign = flags & ~rule.flags;
  if (foreign !== 0) return refusal(`${type.constant} does not take ${flagsText(foreign)}`);
  const missing = (rule.needed ?? 0) & ~flags;
  if (missing !== 0) return refusal(`${type.constant} needs ${flagsText(missing)}`);
  if ([ACCESS, PROGRAM_ACCESS].some((pair) => (flags & pair) === pair)) return refusal('it cannot be read-only and write-only');
  const reserved = type.lru === true && (flags & noPrealloc) !== 0;
  return reserved ? refusal('its entries are reserved beforehand', Errno.ENOTSUPP) : undefined;
}

function wrongExtra(rule: CreationRule, { type, maxEntries, extra = 0 }: MapSpecification): Refusal | undefined {
  const { most, step } = rule.extra ?? { most: 0, step: 1 };
  if (!Number.isSafeInteger(extra) || extra < 0 || extra > most || extra % step !== 0)
    return refusal(`${type.constant} does not take a map_extra of ${extra}`);
  if (type.kind !== 'arena') return undefined;
  const size = maxEntries * PAGE;
  if (size > 2 ** 32) return refusal('it is larger than 4 GiB', Errno.E2BIG);
  const crosses = Math.floor(extra / 2 ** 32) !== Math.floor((extra + size - 1) / 2 ** 32);
  return crosses && size > 0 ? refusal('its addresses cross a boundary of 4 GiB', Errno.ERANGE) : undefined;
}

function wrongEntries({ entries }: CreationRule, { type, maxEntries }: MapSpecification): Refusal | undefined {
  if (entries === 'none') return maxEntries === 0 ? undefined : refusal(`max_entries of ${type.constant} is 0: its objects are the bound`);
  if (maxEntries === 0) return refusal('max_entries is 0');
  const whole = maxEntries % PAGE === 0 && Number.isInteger(Math.log2(maxEntries));
  return entries === 'pages' && !whole
    ? refusal(`max_entries of ${type.constant}, its size in bytes, is a power of two of at least ${PAGE}`)
    : undefined;
}

function wrongSize(what: 'key' | 'value', sizes: Sizes, size: number): Refusal | undefined {
  if (!('from' in sizes)) return sizes.includes(size) ? undefined : refusal(`its ${what} size is ${size} and not ${sizes.join(' or ')}`);
  const { from, to, step = 1, beyond = Errno.EINVAL } = sizes;
  if (size < from) return refusal(`its ${what} size is ${size} and not at least ${from}`);
  if (size > to) return refusal(`its ${what} size is ${size} and not at most ${to}`, beyond);
  return size % step === 0 ? undefined : refusal(`its ${what} size is ${size} and no multiple of ${step}`);
}
