import {
  type ArgumentType,
  type CompiledProgram,
  ExecutionFault,
  type ExecutionHost,
  type HelperImplementation,
  type ResultType,
} from '../../engine/engine.ts';
import type { ContextLayout } from '../../platform/platform.ts';
import type { BpfMap, MapEnvironment } from '../maps/map.ts';
import type { TimerQueue } from '../timers.ts';
import type { TraceRing } from '../trace.ts';
import type { KernelObjects } from './kernel-objects.ts';

/** The packet or data of a run: the buffer it may grow in, and its current ends. Addresses in linear memory. */
export interface PacketBuffer {
  readonly bufferStart: number;
  readonly bufferEnd: number;
  /** Where the link-layer header lies when the program's data begins behind it. */
  readonly linkStart?: number;
  /** Offset of the network header, where bpf_skb_change_head moved the start away from it. */
  network?: number;
  /** Start of the XDP metadata in front of the packet; undefined: there is none. */
  meta?: number;
  start: number;
  end: number;
}

/** What a hook knows beyond the context structure, for helpers that ask the host. */
export interface HookData {
  /** bpf_sock_addr_get_network_context: bpf_sock_addr_network_context_t. */
  readonly networkContext?: Uint8Array;
  readonly flowId?: bigint;
  readonly socketCookie?: bigint;
  readonly processId?: number;
  readonly threadId?: number;
  readonly admin?: boolean;
  readonly logonId?: bigint;
  readonly imagePath?: string;
  readonly accountName?: string;
  readonly accountDomain?: string;
  readonly command?: string;
  /** What a sysctl hook is about (bpf_sysctl_get_name and its relatives); the new value where it is written. */
  readonly sysctlName?: string;
  readonly sysctlValue?: string;
  readonly sysctlNewValue?: string;
}

/** What helpers leave behind in a run, for other helpers and for the result. */
export interface RunNotes {
  /** Helpers that were called although they need what only a kernel has: they only returned an error. */
  readonly unsupported: Set<string>;
  /** What bpf_set_retval and bpf_override_return asked for. */
  returnValue: number | undefined;
  /** What bpf_seq_printf and bpf_seq_write wrote. */
  output: string;
  /** Socket options that bpf_setsockopt set, by "level:name". */
  readonly options: Map<string, Uint8Array>;
  /** What bpf_skb_set_tunnel_key set. */
  tunnelKey: Uint8Array | undefined;
  /** What bpf_sysctl_set_new_value set. */
  sysctlNewValue: string | undefined;
  /** bpf_skb_adjust_room made room for the headers of a tunnel. */
  encapsulated: boolean;
  /** How many checksums count as good (bpf_csum_level), less one; undefined: none does. */
  checksumLevel: number | undefined;
}

/** Notes of a run that has not begun. */
export function newNotes(): RunNotes {
  return {
    unsupported: new Set(),
    returnValue: undefined,
    output: '',
    options: new Map(),
    tunnelKey: undefined,
    sysctlNewValue: undefined,
    encapsulated: false,
    checksumLevel: undefined,
  };
}

/** State of the run in progress; one object per runtime, refilled for each run. */
export interface RunState {
  programName: string;
  programType: string;
  attachType: string;
  /** Address of the context; 0 when the type has none. */
  context: number;
  layout: ContextLayout | undefined;
  packet: PacketBuffer | undefined;
  hook: HookData;
  /** Set by bpf_sock_addr_set_redirect_context. */
  redirectContext: Uint8Array | undefined;
  /** Set by bpf_redirect and bpf_redirect_map. */
  redirect: { readonly map?: string; readonly target: number } | undefined;
  /** Filled by bpf_netevent_push_event. */
  readonly events: Uint8Array[];
  /** Whether programs of this type may write to the packet. */
  packetWritable: boolean;
  notes: RunNotes;
}

/** What helper implementations work on. */
export interface HelperEnvironment extends MapEnvironment {
  readonly execution: ExecutionHost;
  readonly trace: TraceRing;
  readonly run: RunState;
  /** Maps by descriptor address. */
  readonly mapsByHandle: ReadonlyMap<number, BpfMap>;
  /** The code of a loaded program; undefined when it is gone. */
  compiled(programId: number): CompiledProgram | undefined;
  readonly kernel: KernelObjects;
  readonly timers: TimerQueue;
  /** Bytes of a type of the program's own BTF; undefined where there is none. */
  readonly sizeOfType?: (typeId: number) => number | undefined;
}

/** A helper bound to an environment, without the id that its platform gives it. */
export interface BoundHelper {
  readonly parameters: readonly ArgumentType[];
  readonly result: ResultType;
  readonly call: HelperImplementation['call'];
  readonly tailCall?: boolean;
}

/** Makes a helper for an environment. */
export type HelperMaker = (environment: HelperEnvironment) => BoundHelper;

/** Shorthand for one row of a helper table: parameter types separated by blanks ("" for none), result type, and the function. */
export function row(parameters: string, result: ResultType, make: (environment: HelperEnvironment) => HelperImplementation['call']): HelperMaker {
  const types = parameters === '' ? [] : (parameters.split(' ') as ArgumentType[]);
  return (environment) => ({ parameters: types, result, call: make(environment) });
}

/** Throws ExecutionFault unless `size` bytes at the address are in memory. Verified programs never fail it. */
export function requireBytes(environment: HelperEnvironment, address: number, size: number, what: string): void {
  if (!environment.memory.contains(address, size)) {
    throw new ExecutionFault('memory', `${what}: ${size} bytes at 0x${address.toString(16)} are outside of memory`);
  }
}

/** The map of a handle. A value that is no map ends the program with a fault. */
export function requireMap(environment: HelperEnvironment, handle: number): BpfMap {
  const map = environment.mapsByHandle.get(handle);
  if (map === undefined) throw new ExecutionFault('memory', `0x${handle.toString(16)} is not a map`);
  return map;
}

/** A NUL-terminated or full string of at most `size` bytes as Latin-1 text: one character per byte. */
export function readText(environment: HelperEnvironment, address: number, size: number): string {
  requireBytes(environment, address, size, 'string');
  const { bytes } = environment.memory;
  let text = '';
  for (let index = 0; index < size; index++) {
    const byte = bytes[address + index]!;
    if (byte === 0) break;
    text += String.fromCharCode(byte);
  }
  return text;
}

/** Bytes from an address to the end of memory, at most `limit`: how far an unsized string may reach. */
export function reach(environment: HelperEnvironment, address: number, limit = 4096): number {
  return Math.max(0, Math.min(limit, environment.memory.bytes.length - address));
}

/** A number of the context by its field's name, 0 where the structure has no such field. Fields of up to 4 bytes. */
export function contextNumber(environment: HelperEnvironment, name: string): number {
  const { context, layout } = environment.run;
  const field = layout?.fields.find((candidate) => candidate.name === name);
  if (context === 0 || field === undefined) return 0;
  const { view } = environment.memory;
  return field.size === 1
    ? view.getUint8(context + field.offset)
    : field.size === 2
      ? view.getUint16(context + field.offset, true)
      : view.getUint32(context + field.offset, true);
}

/** Writes a number of the context by its field's name, where the structure has such a field. */
export function setContextNumber(environment: HelperEnvironment, name: string, value: number): void {
  const { context, layout } = environment.run;
  const field = layout?.fields.find((candidate) => candidate.name === name);
  if (context !== 0 && field !== undefined) storeField(environment, context + field.offset, field.size, value);
}

/** Copies text as a NUL-terminated string, cut to the buffer; the length of what was copied, without the NUL. */
export function writeText(environment: HelperEnvironment, text: string, to: number, size: number): number {
  requireBytes(environment, to, size, 'buffer');
  if (size === 0) return 0;
  const kept = text.slice(0, size - 1);
  for (let index = 0; index < size; index++) environment.memory.bytes[to + index] = kept.charCodeAt(index) || 0;
  return kept.length;
}

/** Stores a number in a context field of 1, 2, 4 or 8 bytes. */
export function storeField(environment: HelperEnvironment, address: number, size: number, value: number): void {
  const { view } = environment.memory;
  if (size === 8) view.setBigUint64(address, BigInt(value), true);
  else if (size === 4) view.setUint32(address, value, true);
  else if (size === 2) view.setUint16(address, value, true);
  else view.setUint8(address, value);
}
