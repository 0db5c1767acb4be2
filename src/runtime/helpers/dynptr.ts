import { Errno } from '../result.ts';
import { type HelperEnvironment, type HelperMaker, requireBytes, requireMap, row } from './environment.ts';
import { finishRecord, reserveRecord } from './ring-records.ts';

/**
 * Dynptrs: views of memory whose length only the run knows (struct bpf_dynptr, 16 opaque bytes on the program's stack).
 *
 * ```
 *  0 u32 kind: 0 null, 1 memory, 2 ring buffer record, 3 packet     4 u32 address of the memory or record (packet: 0)
 *  8 u32 size in bytes, bit 31: read-only                          12 u32 offset of the view within memory or packet
 * ```
 * A packet's view follows the packet when a helper moves it. Semantics and codes: kernel/bpf/helpers.c (bpf_dynptr_*).
 */
const DYNPTR_SIZE = 16;
const Kind = { none: 0, memory: 1, record: 2, packet: 3 } as const;
const READ_ONLY = 0x8000_0000;
/** DYNPTR_MAX_SIZE. */
const MAXIMUM_SIZE = 0xff_ffff;

interface Dynptr {
  readonly kind: number;
  readonly address: number;
  readonly size: number;
  readonly readOnly: boolean;
  readonly offset: number;
}

function read(environment: HelperEnvironment, at: number): Dynptr {
  requireBytes(environment, at, DYNPTR_SIZE, 'dynptr');
  const { view } = environment.memory;
  const size = view.getUint32(at + 8, true);
  return {
    kind: view.getUint32(at, true),
    address: view.getUint32(at + 4, true),
    size: (size & ~READ_ONLY) >>> 0,
    readOnly: (size & READ_ONLY) !== 0,
    offset: view.getUint32(at + 12, true),
  };
}

function write(environment: HelperEnvironment, at: number, { kind, address, size, readOnly, offset }: Dynptr): void {
  requireBytes(environment, at, DYNPTR_SIZE, 'dynptr');
  const { view } = environment.memory;
  view.setUint32(at, kind, true);
  view.setUint32(at + 4, address, true);
  view.setUint32(at + 8, (size | (readOnly ? READ_ONLY : 0)) >>> 0, true);
  view.setUint32(at + 12, offset, true);
}

const NULL: Dynptr = { kind: Kind.none, address: 0, size: 0, readOnly: false, offset: 0 };

/** A dynptr over plain memory at `at`; for helpers that hand one to a callback. */
export function makeMemoryDynptr(environment: HelperEnvironment, at: number, address: number, size: number): void {
  write(environment, at, { kind: Kind.memory, address, size, readOnly: false, offset: 0 });
}

export { DYNPTR_SIZE };

/** Address of `length` bytes at an offset of the view, or a negative errno. */
function locate(environment: HelperEnvironment, dynptr: Dynptr, offset: number, length: number): number {
  if (dynptr.kind === Kind.none) return -Errno.EINVAL;
  if (length > dynptr.size || offset > dynptr.size - length) return -Errno.E2BIG;
  if (dynptr.kind !== Kind.packet) return dynptr.address + dynptr.offset + offset;
  const { packet } = environment.run;
  const start = (packet?.start ?? 0) + dynptr.offset + offset;
  // The packet may have become shorter since the dynptr was made.
  return packet !== undefined && start + length <= packet.end ? start : -Errno.EFAULT;
}

function fail(environment: HelperEnvironment, at: number, code: number): number {
  write(environment, at, NULL);
  return -code;
}

function fromMemory(environment: HelperEnvironment, data: number, size: number, flags: bigint, out: number): number {
  if (size > MAXIMUM_SIZE) return fail(environment, out, Errno.E2BIG);
  if (flags !== 0n) return fail(environment, out, Errno.EINVAL);
  requireBytes(environment, data, size, 'memory of the dynptr');
  write(environment, out, { kind: Kind.memory, address: data, size, readOnly: false, offset: 0 });
  return 0;
}

function fromPacket(environment: HelperEnvironment, flags: bigint, out: number): number {
  const { packet, packetWritable } = environment.run;
  if (flags !== 0n || packet === undefined) return fail(environment, out, Errno.EINVAL);
  const size = packet.end - packet.start;
  if (size > MAXIMUM_SIZE) return fail(environment, out, Errno.E2BIG);
  write(environment, out, { kind: Kind.packet, address: 0, size, readOnly: !packetWritable, offset: 0 });
  return 0;
}

function readBytes(environment: HelperEnvironment, to: number, length: number, at: number, offset: number, flags: bigint): number {
  const dynptr = read(environment, at);
  if (dynptr.kind === Kind.none || flags !== 0n) return -Errno.EINVAL;
  const from = locate(environment, dynptr, offset, length);
  if (from < 0) return from;
  requireBytes(environment, to, length, 'destination');
  environment.memory.bytes.copyWithin(to, from, from + length);
  return 0;
}

/** BPF_F_RECOMPUTE_CSUM and BPF_F_INVALIDATE_HASH: accepted on packets of socket buffers alone. */
const STORE_FLAGS = 3n;

function writeBytes(environment: HelperEnvironment, at: number, offset: number, from: number, length: number, flags: bigint): number {
  const dynptr = read(environment, at);
  if (dynptr.kind === Kind.none || dynptr.readOnly) return -Errno.EINVAL;
  const socketBuffer = dynptr.kind === Kind.packet && environment.run.layout?.name === '__sk_buff';
  if ((flags & ~(socketBuffer ? STORE_FLAGS : 0n)) !== 0n) return -Errno.EINVAL;
  const to = locate(environment, dynptr, offset, length);
  if (to < 0) return to;
  requireBytes(environment, from, length, 'source');
  environment.memory.bytes.copyWithin(to, from, from + length);
  return 0;
}

function slice(environment: HelperEnvironment, at: number, offset: number, length: number, writable: boolean): number {
  const dynptr = read(environment, at);
  if (dynptr.kind === Kind.none || (writable && dynptr.readOnly)) return 0;
  return Math.max(0, locate(environment, dynptr, offset, length));
}

function copy(environment: HelperEnvironment, to: number, toOffset: number, from: number, fromOffset: number, size: number): number {
  const target = read(environment, to);
  const source = read(environment, from);
  if (target.kind === Kind.none || source.kind === Kind.none || target.readOnly) return -Errno.EINVAL;
  const start = locate(environment, target, toOffset, size);
  const origin = locate(environment, source, fromOffset, size);
  if (start < 0 || origin < 0) return Math.min(start, 0) || origin;
  environment.memory.bytes.copyWithin(start, origin, origin + size);
  return 0;
}

function adjust(environment: HelperEnvironment, at: number, start: number, end: number): number {
  const dynptr = read(environment, at);
  if (dynptr.kind === Kind.none || start > end) return -Errno.EINVAL;
  if (end > dynptr.size) return -Errno.ERANGE;
  write(environment, at, { ...dynptr, offset: dynptr.offset + start, size: end - start });
  return 0;
}

function end(environment: HelperEnvironment, at: number, discard: boolean): undefined {
  const dynptr = read(environment, at);
  if (dynptr.kind === Kind.record) finishRecord(environment, dynptr.address, discard);
  write(environment, at, NULL);
  return undefined;
}

const fromBuffer: HelperMaker = row(
  'u32 i64 u32',
  'i32',
  (e) => (_context: number, flags: bigint, out: number) => fromPacket(e, BigInt.asUintN(64, flags), out),
);

/** Dynptr helpers and kernel functions of Linux, by name. */
export const dynptrHelpers: Readonly<Record<string, HelperMaker>> = {
  bpf_dynptr_from_mem: row(
    'u32 u32 i64 u32',
    'i32',
    (e) => (data: number, size: number, flags: bigint, out: number) => fromMemory(e, data, size, flags, out),
  ),
  bpf_dynptr_read: row(
    'u32 u32 u32 u32 i64',
    'i32',
    (e) => (to: number, length: number, at: number, offset: number, flags: bigint) => readBytes(e, to, length, at, offset, flags),
  ),
  bpf_dynptr_write: row(
    'u32 u32 u32 u32 i64',
    'i32',
    (e) => (at: number, offset: number, from: number, length: number, flags: bigint) =>
      writeBytes(e, at, offset, from, length, BigInt.asUintN(64, flags)),
  ),
  // Packets are not handed out: bpf_dynptr_slice is for them.
  bpf_dynptr_data: row('u32 u32 u32', 'u32', (e) => (at: number, offset: number, length: number) => {
    const { kind, readOnly } = read(e, at);
    return readOnly || kind === Kind.packet ? 0 : slice(e, at, offset, length, true);
  }),
  bpf_ringbuf_reserve_dynptr: row('u32 u32 i64 u32', 'i32', (e) => (handle: number, size: number, flags: bigint, out: number) => {
    if (flags !== 0n) return fail(e, out, Errno.EINVAL);
    if (size > MAXIMUM_SIZE) return fail(e, out, Errno.E2BIG);
    const record = reserveRecord(requireMap(e, handle), size, 0);
    if (record === 0) return fail(e, out, Errno.EINVAL);
    write(e, out, { kind: Kind.record, address: record, size, readOnly: false, offset: 0 });
    return 0;
  }),
  bpf_ringbuf_submit_dynptr: row('u32 u32', 'none', (e) => (at: number, _flags: number) => end(e, at, false)),
  bpf_ringbuf_discard_dynptr: row('u32 u32', 'none', (e) => (at: number, _flags: number) => end(e, at, true)),
  bpf_dynptr_from_skb: fromBuffer,
  bpf_dynptr_from_xdp: fromBuffer,
  // The buffer is for packets in pieces; here a packet is always in one piece.
  bpf_dynptr_slice: row(
    'u32 u32 u32 u32',
    'u32',
    (e) => (at: number, offset: number, _buffer: number, length: number) => slice(e, at, offset, length, false),
  ),
  bpf_dynptr_slice_rdwr: row(
    'u32 u32 u32 u32',
    'u32',
    (e) => (at: number, offset: number, _buffer: number, length: number) => slice(e, at, offset, length, true),
  ),
  bpf_dynptr_adjust: row('u32 u32 u32', 'i32', (e) => (at: number, start: number, stop: number) => adjust(e, at, start, stop)),
  bpf_dynptr_is_null: row('u32', 'u32', (e) => (at: number) => (read(e, at).kind === Kind.none ? 1 : 0)),
  bpf_dynptr_is_rdonly: row('u32', 'u32', (e) => (at: number) => (read(e, at).readOnly ? 1 : 0)),
  bpf_dynptr_size: row('u32', 'u32', (e) => (at: number) => {
    const { kind, size } = read(e, at);
    return kind === Kind.none ? -Errno.EINVAL >>> 0 : size;
  }),
  bpf_dynptr_clone: row('u32 u32', 'i32', (e) => (at: number, out: number) => {
    const dynptr = read(e, at);
    write(e, out, dynptr);
    return dynptr.kind === Kind.none ? -Errno.EINVAL : 0;
  }),
  bpf_dynptr_copy: row(
    'u32 u32 u32 u32 u32',
    'i32',
    (e) => (to: number, toOffset: number, from: number, fromOffset: number, size: number) => copy(e, to, toOffset, from, fromOffset, size),
  ),
};
