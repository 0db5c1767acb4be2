import { repeat } from '../engine/repeat.ts';
import type { ContextLayout, Platform } from '../platform/platform.ts';
import { type HelperEnvironment, type HookData, newNotes, type PacketBuffer, setContextNumber } from './helpers/environment.ts';
import { thrownResult } from './helpers/objects.ts';
import { publishPacket } from './helpers/packet.ts';
import { dissected, fillObjects } from './hooks/context-objects.ts';
import { buildContext, defaultFields } from './hooks/contexts.ts';
import { defaultFacts, splitFacts } from './hooks/facts.ts';
import { roomFor } from './hooks/packet-room.ts';
import { returnValueName } from './hooks/return-values.ts';
import type { BpfProgram } from './programs.ts';
import { RuntimeError } from './result.ts';
import type { TraceMessage } from './trace.ts';

/** What bpf_prog_test_run takes (reference: bpf_prog_test_run_opts). */
export interface TestRunOptions {
  /** Packet or other data behind the context. */
  readonly data?: Uint8Array;
  /** The context as bytes; pointer fields are overwritten. */
  readonly context?: Uint8Array;
  /** Fields of the context by name, written over `context` or over the type's defaults, and facts of the event (`eventFacts`). */
  readonly fields?: Readonly<Record<string, number | bigint | string | Uint8Array>>;
  /** Times to run; 0 and absent: once. The context and the data stay as the previous run left them. */
  readonly repeat?: number;
  /** Processor that the program sees. */
  readonly cpu?: number;
  /** Runs between two checks of `cancelled`; default 1024. */
  readonly batch?: number;
  /** Asked after every batch; true ends the run with EBPF_CANCELED. */
  readonly cancelled?: () => boolean;
  /** Capacity of the caller's output buffers in bytes; too small is EBPF_INSUFFICIENT_BUFFER. */
  readonly dataOutSize?: number;
  readonly contextOutSize?: number;
  /** Where the run happens; default: what the program was written for. */
  readonly attachType?: string;
  /** What the hook knows beyond the context. */
  readonly hook?: HookData;
}

export interface TestRunResult {
  /** r0, low 32 bits, unsigned. */
  readonly returnValue: number;
  /** "XDP_DROP" where the hook gives the value a name. */
  readonly returnName: string | undefined;
  /** Average nanoseconds per run, in ticks of 100 ns on Windows. */
  readonly duration: number;
  /** Nanoseconds of all runs together, as measured. */
  readonly elapsed: number;
  readonly runs: number;
  readonly data: Uint8Array;
  readonly context: Uint8Array;
  readonly trace: readonly TraceMessage[];
  readonly redirect: { readonly map?: string; readonly target: number } | undefined;
  readonly redirectContext: Uint8Array | undefined;
  readonly events: readonly Uint8Array[];
  /** Helpers that were called although they need what only a kernel has: they only returned an error. */
  readonly unsupported: readonly string[];
  /** What the hook's caller gets where the program set it (bpf_set_retval, bpf_override_return). */
  readonly hookReturn: number | undefined;
  /** What a sysctl program replaced the new value by (bpf_sysctl_set_new_value). */
  readonly newValue: string | undefined;
  /** What an iterator program wrote (bpf_seq_printf, bpf_seq_write). */
  readonly output: string;
  /** Timers of programs that are running (bpf_timer_start). */
  readonly timers: number;
}

const ETHERNET_HEADER = 14;
const PACKET_MULTICAST = 2;
const PACKET_OTHERHOST = 3;
const WINDOWS_LARGEST_REQUEST = 0xffff - 64;
const SOCKET_ADDRESS_SIZE = 64;
const NETWORK_CONTEXT_SIZE = 32;
/** {header, bpf_sock_addr_t, bpf_sock_addr_network_context_t} of the original's tests. */
const EXTENDED_SOCKET_ADDRESS_SIZE = 120;
const EXTENDED_HEADER = 24;

/** Program types of Linux whose packet starts at the network header (bpf_prog_test_run_skb). */
const networkLayer = new Set(['socket_filter', 'cgroup_skb', 'lwt_in', 'lwt_out', 'lwt_seg6local', 'sk_skb']);

interface DataRule {
  readonly data: 'refused' | 'optional';
  readonly context: 'required' | 'optional';
}

/** What a type takes; see reference 7.1. */
const windowsRules: Readonly<Record<string, DataRule>> = {
  sock_addr: { data: 'refused', context: 'required' },
  sockops: { data: 'refused', context: 'required' },
  bind: { data: 'optional', context: 'required' },
};

function invalid(message: string): RuntimeError {
  return new RuntimeError('EBPF_INVALID_ARGUMENT', message);
}

/** Prepares, runs and collects; one at a time per environment. */
export function runTest(
  platform: Platform,
  environment: HelperEnvironment,
  program: BpfProgram,
  options: TestRunOptions,
  setCpu: (cpu: number | undefined) => void,
): TestRunResult {
  const { type } = program;
  const rule = platform.name === 'windows' ? windowsRules[type.name] : undefined;
  const prepared = prepareInput(platform, program, options, rule);
  const { memory, run } = environment;
  if (options.cpu !== undefined && (options.cpu < 0 || options.cpu >= environment.host.cpuCount)) {
    throw invalid(`There is no processor ${options.cpu}: this machine has ${environment.host.cpuCount}.`);
  }
  const bytes = prepared.data;
  const room = roomFor(platform, type, bytes.length);
  const buffer = memory.allocate(room.head + bytes.length + room.tail, 'packet', 'packet');
  const context = memory.allocate(Math.max(8, prepared.context.length), 'context', type.context.name);
  try {
    const first = buffer + room.head;
    memory.write(first, bytes);
    memory.write(context, prepared.context);
    const packet: PacketBuffer = {
      bufferStart: first - room.usable,
      bufferEnd: first + bytes.length + room.tail,
      ...(prepared.networkLayer ? { linkStart: first } : {}),
      ...(prepared.metadata > 0 ? { meta: first } : {}),
      start: first + prepared.skip,
      end: first + bytes.length,
    };
    Object.assign(run, {
      programName: program.name,
      programType: type.name,
      attachType: options.attachType ?? program.attachType?.name ?? '',
      context,
      layout: type.context,
      packet: prepared.hasPacket ? packet : undefined,
      hook: prepared.hook,
      redirectContext: undefined,
      redirect: undefined,
      packetWritable: type.packetWrite === true,
      notes: newNotes(),
    });
    run.events.length = 0;
    publishPacket(environment);
    if (type.context.name === '__sk_buff') describePacket(environment, bytes, new Set(Object.keys(options.fields ?? {})));
    // The caller's buffer is as long as what lies in it.
    if (type.context.name === 'bpf_sockopt' && options.fields?.['optlen'] === undefined && options.context === undefined)
      setContextNumber(environment, 'optlen', bytes.length);
    fillObjects(environment);
    const firstTrace = environment.trace.last;
    setCpu(options.cpu);
    const timing = runRepeatedly(environment, program, type.context.size === 0 ? 0 : context, options);
    const from = prepared.networkLayer ? packet.start - prepared.skip : (packet.meta ?? packet.start);
    const dataOut = dissected(environment) ?? memory.read(from, packet.end - from);
    // The link header that the program did not see comes back empty.
    if (prepared.networkLayer) dataOut.fill(0, 0, prepared.skip);
    const contextOut = withoutPointers(program, memory.read(context, prepared.context.length));
    if (packet.meta !== undefined && packet.meta < packet.start) describeMetadata(type.context, contextOut, packet);
    if (options.dataOutSize !== undefined && options.dataOutSize < dataOut.length) throw tooSmall('data', dataOut.length, options.dataOutSize);
    if (options.contextOutSize !== undefined && options.contextOutSize < contextOut.length)
      throw tooSmall('context', contextOut.length, options.contextOutSize);
    return {
      ...timing,
      returnName: returnValueName(platform, type, timing.returnValue),
      data: dataOut,
      context: prepared.wrap(contextOut),
      trace: environment.trace.since(firstTrace),
      redirect: run.redirect,
      redirectContext: run.redirectContext,
      events: [...run.events],
      unsupported: [...run.notes.unsupported],
      hookReturn: run.notes.returnValue,
      newValue: run.notes.sysctlNewValue,
      output: run.notes.output,
      timers: environment.timers.pending,
    };
  } finally {
    setCpu(undefined);
    run.context = 0;
    run.packet = undefined;
    memory.free(context);
    memory.free(buffer);
  }
}

function tooSmall(what: string, needed: number, given: number): RuntimeError {
  return new RuntimeError('EBPF_INSUFFICIENT_BUFFER', `The output ${what} has ${needed} bytes; the buffer has ${given}.`);
}

interface PreparedInput {
  readonly data: Uint8Array;
  readonly context: Uint8Array;
  /** Bytes of data in front of what the program sees: the link header (`networkLayer`), or XDP metadata. */
  readonly skip: number;
  readonly networkLayer: boolean;
  readonly metadata: number;
  readonly hasPacket: boolean;
  readonly hook: HookData;
  /** Puts the context back into the form in which it came. */
  readonly wrap: (context: Uint8Array) => Uint8Array;
}

function prepareInput(platform: Platform, program: BpfProgram, options: TestRunOptions, rule: DataRule | undefined): PreparedInput {
  const { type } = program;
  const { data = new Uint8Array(0), context: given } = options;
  const attachType = options.attachType ?? program.attachType?.name ?? '';
  if (rule?.data === 'refused' && data.length > 0) throw invalid(`Programs of type ${type.name} have no data: leave it out.`);
  if (rule?.context === 'required' && given === undefined && options.fields === undefined)
    throw invalid(`Programs of type ${type.name} need a context.`);
  if (platform.name === 'windows' && data.length + (given?.length ?? 0) > WINDOWS_LARGEST_REQUEST)
    throw invalid('Data and context together exceed 64 KiB.');
  if (data.length > platform.limits.packetSize) throw invalid(`Data is limited to ${platform.limits.packetSize} bytes.`);
  const { fields, hook: facts } = splitFacts(platform, type, options.fields ?? {}, { ...defaultFacts(platform, attachType), ...options.hook });
  let base = given;
  let hook = facts;
  let wrap = (context: Uint8Array) => context;
  if (type.name === 'sock_addr' && platform.name === 'windows' && given?.length === EXTENDED_SOCKET_ADDRESS_SIZE) {
    base = given.slice(EXTENDED_HEADER, EXTENDED_HEADER + SOCKET_ADDRESS_SIZE);
    hook = {
      ...hook,
      networkContext: given.slice(EXTENDED_HEADER + SOCKET_ADDRESS_SIZE, EXTENDED_HEADER + SOCKET_ADDRESS_SIZE + NETWORK_CONTEXT_SIZE),
    };
    wrap = (context) => {
      const whole = given.slice();
      whole.set(context, EXTENDED_HEADER);
      return whole;
    };
  }
  if (base !== undefined && platform.name === 'windows' && base.length < type.context.size) {
    throw invalid(`${type.context.name} has ${type.context.size} bytes; ${base.length} were given.`);
  }
  const context =
    base === undefined
      ? buildContext(type.context, { ...defaultFields(platform, type, attachType), ...fields })
      : buildContext(type.context, fields, base);
  const hasPacket = type.context.fields.some((field) => field.kind === 'packet' || field.kind === 'packet_end') || type.context.name === '__sk_buff';
  const linuxPacket = platform.name === 'linux' && hasPacket && type.context.name === '__sk_buff';
  const fromNetworkLayer = linuxPacket && networkLayer.has(type.name);
  if (linuxPacket && data.length < ETHERNET_HEADER) throw invalid(`A packet has at least ${ETHERNET_HEADER} bytes; ${data.length} were given.`);
  const metadata = platform.name === 'linux' && type.name === 'xdp' && given !== undefined ? metadataOf(type.context, given, data.length) : 0;
  return { data, context, skip: fromNetworkLayer ? ETHERNET_HEADER : metadata, networkLayer: fromNetworkLayer, metadata, hasPacket, hook, wrap };
}

/**
 * In a context that is given whole, `data` is the number of metadata bytes at the start of the data and `data_end` the data's length
 * (bpf_prog_test_run_xdp). Throws EBPF_INVALID_ARGUMENT where they contradict the data.
 */
function metadataOf(layout: ContextLayout, context: Uint8Array, length: number): number {
  const view = new DataView(context.buffer, context.byteOffset, context.length);
  const number = (name: string) => view.getUint32(layout.fields.find((field) => field.name === name)!.offset, true);
  const size = number('data');
  if (size === 0) return 0;
  if (number('data_meta') !== 0 || number('data_end') !== length || size > 255 || size % 4 !== 0 || size + ETHERNET_HEADER > length) {
    throw invalid(`Metadata of ${size} bytes (data=${size}, data_end=${number('data_end')}) do not agree with data of ${length} bytes.`);
  }
  return size;
}

/** The reverse for the output: offsets from the start of the data. */
function describeMetadata(layout: ContextLayout, context: Uint8Array, packet: PacketBuffer): void {
  const view = new DataView(context.buffer, context.byteOffset, context.length);
  const from = packet.meta ?? packet.start;
  for (const { kind, offset } of layout.fields) {
    if (kind === 'packet') view.setUint32(offset, packet.start - from, true);
    else if (kind === 'packet_end') view.setUint32(offset, packet.end - from, true);
  }
}

/** Fills in what the kernel would know of the packet, but for what the caller gave: the protocol, and whom it is for (eth_type_trans on the loopback device). */
function describePacket(environment: HelperEnvironment, bytes: Uint8Array, given: ReadonlySet<string>): void {
  if (bytes.length < ETHERNET_HEADER) return;
  if (!given.has('protocol')) setContextNumber(environment, 'protocol', bytes[12]! | (bytes[13]! << 8));
  if (given.has('pkt_type')) return;
  const destination = bytes.subarray(0, 6);
  const group = (destination[0]! & 1) !== 0;
  const host = destination.every((byte) => byte === 0);
  setContextNumber(
    environment,
    'pkt_type',
    // The loopback device has no broadcast address that a frame could bear.
    group ? PACKET_MULTICAST : host ? 0 : PACKET_OTHERHOST,
  );
}

/** Addresses mean nothing outside of this process. */
function withoutPointers(program: BpfProgram, context: Uint8Array): Uint8Array {
  for (const field of program.type.context.fields) if (field.kind !== 'number') context.fill(0, field.offset, field.offset + field.size);
  return context;
}

function runRepeatedly(
  environment: HelperEnvironment,
  program: BpfProgram,
  context: number,
  options: TestRunOptions,
): Pick<TestRunResult, 'returnValue' | 'runs' | 'duration' | 'elapsed'> {
  const runs = Math.max(1, Math.floor(options.repeat ?? 1));
  const batch = Math.max(1, options.batch ?? 1024);
  const { compiled } = program;
  let returnValue = 0;
  const start = environment.host.monotonic();
  for (let done = 0; done < runs; ) {
    const end = Math.min(runs, done + batch);
    while (done < end) {
      const { runs: made, result, error } = repeat(compiled, context, 0, end - done);
      done += made;
      returnValue = error === undefined ? result : thrownResult(error);
    }
    if (done < runs && options.cancelled?.() === true)
      throw new RuntimeError('EBPF_CANCELED', `The run was cancelled after ${done} of ${runs} repetitions.`);
  }
  const elapsed = Number(environment.host.monotonic() - start);
  const average = elapsed / runs;
  const duration = environment.rules.platform === 'windows' ? Math.round(average / 100) * 100 : Math.round(average);
  return { returnValue, runs, duration, elapsed };
}
