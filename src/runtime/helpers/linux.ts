import { Errno } from '../result.ts';
import { cpumaskFunctions } from './cpumask.ts';
import { dynptrHelpers } from './dynptr.ts';
import { type HelperEnvironment, type HelperMaker, requireMap, row } from './environment.ts';
import { linuxIdentity } from './identity.ts';
import { iteratorFunctions } from './iterators.ts';
import { mapHelpers } from './maps.ts';
import { linuxMemory } from './memory.ts';
import { objectFunctions } from './objects.ts';
import { linuxPacket } from './packet.ts';
import { socketBufferHelpers } from './socket-buffer.ts';
import { socketHelpers } from './sockets.ts';
import { syncookieHelpers } from './syncookie.ts';
import { timerHelpers } from './timers.ts';
import { linuxTrace } from './trace.ts';
import { tracingHelpers } from './tracing.ts';

const MAXIMUM_LOOPS = 1 << 23;

/** bpf_loop: calls the function with 0, 1, ... until it returns 1; the number of calls. */
function loop(environment: HelperEnvironment, count: number, callback: number, argument: bigint, flags: number): number {
  const call = environment.execution.callFunction;
  if (flags !== 0) return -Errno.EINVAL;
  if (count > MAXIMUM_LOOPS) return -Errno.E2BIG;
  if (call === undefined) return -Errno.EOPNOTSUPP;
  for (let index = 0; index < count; index++) {
    if (call(callback, BigInt(index), argument) !== 0n) return index + 1;
  }
  return count;
}

/** Storage bound to an object: the first `create` makes a value, filled from `initial` when given. */
function storageGet(environment: HelperEnvironment, handle: number, object: number, initial: number, flags: number): number {
  const map = requireMap(environment, handle);
  if (object === 0 || (flags & ~1) !== 0) return 0;
  const { memory } = environment;
  const key = memory.allocate(Math.max(4, map.keySize), 'other', 'storage key');
  try {
    memory.view.setUint32(key, object, true);
    const present = map.programLookup(key);
    if (present !== 0 || (flags & 1) === 0) return present;
    const zero = initial === 0 ? memory.allocate(map.valueSize, 'other', 'storage value') : 0;
    try {
      return map.programUpdate(key, zero || initial, 1) < 0 ? 0 : map.programLookup(key);
    } finally {
      if (zero !== 0) memory.free(zero);
    }
  } finally {
    memory.free(key);
  }
}

function storageDelete(environment: HelperEnvironment, handle: number, object: number): number {
  const map = requireMap(environment, handle);
  const key = environment.memory.allocate(Math.max(4, map.keySize), 'other', 'storage key');
  try {
    environment.memory.view.setUint32(key, object, true);
    return map.programDelete(key);
  } finally {
    environment.memory.free(key);
  }
}

const storage: Readonly<Record<string, HelperMaker>> = Object.fromEntries(
  ['sk', 'inode', 'task', 'cgrp'].flatMap((owner) => [
    [
      `bpf_${owner}_storage_get`,
      row('u32 u32 u32 flags', 'u32', (e) => (map: number, object: number, value: number, flags: number) => storageGet(e, map, object, value, flags)),
    ],
    [`bpf_${owner}_storage_delete`, row('u32 u32', 'i32', (e) => (map: number, object: number) => storageDelete(e, map, object))],
  ]),
);

const control: Readonly<Record<string, HelperMaker>> = {
  bpf_loop: row(
    'u32 u32 i64 flags',
    'i32',
    (e) => (count: number, callback: number, argument: bigint, flags: number) => loop(e, count, callback, argument, flags),
  ),
  // Programs run to completion on one thread: a lock is never contended.
  bpf_spin_lock: row('u32', 'none', () => (_lock: number) => undefined),
  bpf_spin_unlock: row('u32', 'none', () => (_lock: number) => undefined),
  bpf_get_local_storage: row('u32 u32', 'u32', (e) => (map: number, _flags: number) => storageGet(e, map, 1, 0, 1)),
};

/** The helpers of Linux that have a meaning without a kernel, by name. */
export const linuxHelpers: Readonly<Record<string, HelperMaker>> = {
  ...mapHelpers,
  ...linuxIdentity,
  ...linuxMemory,
  ...linuxPacket,
  ...linuxTrace,
  ...storage,
  ...control,
  ...dynptrHelpers,
  ...timerHelpers,
  ...socketHelpers,
  ...socketBufferHelpers,
  ...syncookieHelpers,
  ...tracingHelpers,
  ...objectFunctions,
  ...iteratorFunctions,
  ...cpumaskFunctions,
};
