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
import type { TraceRing } from '../trace.ts';

/** The packet or data of a run: the buffer it may grow in, and its current ends. Addresses in linear memory. */
export interface PacketBuffer {
  readonly bufferStart: number;
  readonly bufferEnd: number;
  /** Where the link-layer header lies when the program's data begins behind it. */
  readonly linkStart?: number;
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
  /** bpf_get_func_arg and friends, kernel stacks ... are not here: there is no kernel. */
  readonly command?: string;
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

/** Stores a number in a context field of 1, 2, 4 or 8 bytes. */
export function storeField(environment: HelperEnvironment, address: number, size: number, value: number): void {
  const { view } = environment.memory;
  if (size === 8) view.setBigUint64(address, BigInt(value), true);
  else if (size === 4) view.setUint32(address, value, true);
  else if (size === 2) view.setUint16(address, value, true);
  else view.setUint8(address, value);
}
