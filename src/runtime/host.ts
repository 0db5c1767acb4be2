/** What the runtime asks of the machine around it: time, processors, identity, randomness. Tests replace it by a deterministic one. */
export interface HostEnvironment {
  /** Nanoseconds since boot, suspension excluded (bpf_ktime_get_ns). */
  monotonic(): bigint;
  /** Nanoseconds since boot, suspension included (bpf_ktime_get_boot_ns). */
  boot(): bigint;
  /** Nanoseconds since 1970-01-01 UTC. */
  wallClock(): bigint;
  readonly cpuCount: number;
  /** Processor that executes, 0-based; `Runtime.testRun` may override it for a run. */
  currentCpu(): number;
  readonly processId: number;
  readonly threadId: number;
  readonly userId: number;
  readonly groupId: number;
  /** Name of the executable, at most 15 characters on Linux. */
  readonly command: string;
  /** Unique per process since boot (bpf_get_current_process_start_key). */
  readonly processStartKey: bigint;
  /** 100-nanosecond units since 1601 (bpf_get_current_thread_create_time). */
  readonly threadCreateTime: bigint;
  /** Windows LUID of the logon session. */
  readonly logonId: bigint;
  readonly admin: boolean;
  /** Uniform in 0 .. 2^32 - 1. */
  random(): number;
}

const FILETIME_OFFSET = 116_444_736_000_000_000n;

/** What is known of a process and its machine. */
export interface SystemProcess {
  readonly pid: number;
  readonly hrtime: { bigint(): bigint };
  readonly cpuCount: number;
  /** What process listings call this program. */
  readonly command: string;
  readonly userId?: number;
  readonly groupId?: number;
  /** Milliseconds since 1970 when the process started. */
  readonly startedAt: number;
  readonly admin: boolean;
}

/** The machine and process that run this program. */
export function systemHost(process: SystemProcess): HostEnvironment {
  return {
    monotonic: () => process.hrtime.bigint(),
    boot: () => process.hrtime.bigint(),
    wallClock: () => BigInt(Date.now()) * 1_000_000n,
    cpuCount: Math.max(1, process.cpuCount),
    currentCpu: () => 0,
    processId: process.pid,
    threadId: process.pid,
    userId: process.userId ?? 0,
    groupId: process.groupId ?? 0,
    command: process.command,
    processStartKey: (BigInt(process.pid) << 32n) | BigInt(Math.floor(process.startedAt / 1000) >>> 0),
    threadCreateTime: BigInt(Math.floor(process.startedAt)) * 10_000n + FILETIME_OFFSET,
    logonId: 0x3e7n,
    admin: process.admin,
    random: () => (Math.random() * 0x1_0000_0000) >>> 0,
  };
}

/** A host whose clock advances by `step` nanoseconds per reading and whose random numbers follow from `seed` (xorshift32). */
export function deterministicHost(
  options: { readonly cpuCount?: number; readonly seed?: number; readonly start?: bigint; readonly step?: bigint } = {},
): HostEnvironment {
  let time = options.start ?? 1_000_000_000n;
  let state = (options.seed ?? 1) >>> 0 || 1;
  const step = options.step ?? 1000n;
  const tick = () => {
    time += step;
    return time;
  };
  return {
    monotonic: tick,
    boot: tick,
    wallClock: () => 1_700_000_000_000_000_000n + tick(),
    cpuCount: options.cpuCount ?? 4,
    currentCpu: () => 0,
    processId: 4242,
    threadId: 4243,
    userId: 1000,
    groupId: 1000,
    command: 'test',
    processStartKey: 0x42_0000_0001n,
    threadCreateTime: 133_000_000_000_000_000n,
    logonId: 0x3e7n,
    admin: false,
    random: () => {
      state ^= state << 13;
      state ^= state >>> 17;
      state ^= state << 5;
      state >>>= 0;
      return state;
    },
  };
}
