import { Errno } from '../result.ts';
import { contextNumber, type HelperEnvironment, type HelperMaker, requireBytes, row } from './environment.ts';

const NANOSECONDS_PER_MILLISECOND = 1_000_000n;
const NANOSECONDS_PER_JIFFY = 4_000_000n;
/** International atomic time is ahead of UTC by 37 s since 2017. */
const TAI_OFFSET = 37_000_000_000n;

function processAndThread(environment: HelperEnvironment): bigint {
  const { hook, programType } = environment.run;
  // Who binds is a field of the context.
  const binding = programType === 'bind' ? contextNumber(environment, 'process_id') : undefined;
  const process = BigInt(binding ?? hook.processId ?? environment.host.processId);
  return (process << 32n) | BigInt(hook.threadId ?? environment.host.threadId);
}

const random: HelperMaker = row('', 'u32', (e) => () => e.host.random());
const processor: HelperMaker = row('', 'u32', (e) => () => e.currentCpu());
const monotonic: HelperMaker = row('', 'i64', (e) => () => e.host.monotonic());
const boot: HelperMaker = row('', 'i64', (e) => () => e.host.boot());

/** Windows counts time in units of 100 ns. */
const TICK = 100n;
const inTicks = (nanoseconds: bigint): bigint => nanoseconds - (nanoseconds % TICK);

/** Time, processor and identity helpers of eBPF for Windows. */
export const windowsIdentity: Readonly<Record<string, HelperMaker>> = {
  bpf_get_prandom_u32: random,
  bpf_get_smp_processor_id: processor,
  bpf_ktime_get_ns: row('', 'i64', (e) => () => inTicks(e.host.monotonic())),
  bpf_ktime_get_boot_ns: row('', 'i64', (e) => () => inTicks(e.host.boot())),
  bpf_ktime_get_ms: row('', 'i64', (e) => () => e.host.monotonic() / NANOSECONDS_PER_MILLISECOND),
  bpf_ktime_get_boot_ms: row('', 'i64', (e) => () => e.host.boot() / NANOSECONDS_PER_MILLISECOND),
  bpf_get_current_pid_tgid: row('', 'i64', (e) => () => processAndThread(e)),
  bpf_sock_addr_get_current_pid_tgid: row('u32', 'i64', (e) => (_context: number) => processAndThread(e)),
  bpf_get_current_logon_id: row('u32', 'i64', (e) => (_context: number) => e.run.hook.logonId ?? e.host.logonId),
  // The global helper knows nothing and says -1; the socket and bind extensions ask the connection's token.
  bpf_is_current_admin: row('u32', 'i32', (e) => (_context: number) => {
    if (e.run.programType !== 'sock_addr' && e.run.programType !== 'bind') return -1;
    return (e.run.hook.admin ?? e.host.admin) ? 1 : 0;
  }),
  bpf_get_socket_cookie: row('u32', 'i64', (e) => (_context: number) => e.run.hook.socketCookie ?? 0n),
  bpf_get_current_process_start_key: row('', 'i64', (e) => () => e.host.processStartKey),
  bpf_get_current_thread_create_time: row('', 'i64', (e) => () => e.host.threadCreateTime),
};

/** The same of Linux, where a test run acts for the calling process. */
export const linuxIdentity: Readonly<Record<string, HelperMaker>> = {
  bpf_get_prandom_u32: random,
  bpf_get_smp_processor_id: processor,
  bpf_get_numa_node_id: row('', 'u32', () => () => 0),
  bpf_ktime_get_ns: monotonic,
  bpf_ktime_get_boot_ns: boot,
  bpf_ktime_get_coarse_ns: monotonic,
  bpf_ktime_get_tai_ns: row('', 'i64', (e) => () => e.host.wallClock() + TAI_OFFSET),
  bpf_jiffies64: row('', 'i64', (e) => () => e.host.monotonic() / NANOSECONDS_PER_JIFFY),
  bpf_get_current_pid_tgid: row('', 'i64', (e) => () => processAndThread(e)),
  bpf_get_current_uid_gid: row('', 'i64', (e) => () => (BigInt(e.host.groupId) << 32n) | BigInt(e.host.userId)),
  bpf_get_current_comm: row('u32 u32', 'i32', (e) => (to: number, size: number) => {
    requireBytes(e, to, size, 'buffer');
    if (size === 0) return -Errno.EINVAL;
    const name = e.run.hook.command ?? e.host.command;
    for (let index = 0; index < size; index++) e.memory.bytes[to + index] = index < size - 1 ? name.charCodeAt(index) || 0 : 0;
    return 0;
  }),
  // The first socket that asks for a cookie gets 1.
  bpf_get_socket_cookie: row('u32', 'i64', (e) => (object: number) => (object === 0 ? 0n : (e.run.hook.socketCookie ?? 1n))),
  bpf_get_current_cgroup_id: row('', 'i64', () => () => 1n),
  bpf_get_current_ancestor_cgroup_id: row('u32', 'i64', () => (level: number) => (level === 0 ? 1n : 0n)),
  bpf_get_cgroup_classid: row('u32', 'u32', () => (_context: number) => 0),
};
