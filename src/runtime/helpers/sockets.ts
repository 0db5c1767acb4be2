import type { BpfMap } from '../maps/map.ts';
import { Errno } from '../result.ts';
import {
  contextNumber,
  type HelperEnvironment,
  type HelperMaker,
  requireBytes,
  requireMap,
  row,
  setContextNumber,
  writeText,
} from './environment.ts';

const AF_INET = 2;
const AF_INET6 = 10;
const IPPROTO_TCP = 6;
const IPPROTO_UDP = 17;
const SOCK_FAMILY = 4;
const SOCK_PROTOCOL = 12;
const SK_DROP = 0;
const SK_PASS = 1;
const BPF_F_INGRESS = 1;
const INITIAL_NAMESPACE_COOKIE = 1n;
/** Id of the only cgroup here, the root. */
const ROOT_CGROUP = 1n;
const BPF_SOCK_OPS_ALL_CB_FLAGS = 0x7f;
const EAFNOSUPPORT = 97;
/** SOL_SOCKET, SOL_IP, SOL_TCP, SOL_UDP, SOL_IPV6: levels of __bpf_setsockopt. */
const LEVELS: ReadonlySet<number> = new Set([0, 1, 6, 17, 41]);
/** ops of bpf_sock_ops: BPF_SOCK_OPS_HDR_OPT_LEN_CB, BPF_SOCK_OPS_WRITE_HDR_OPT_CB. */
const HEADER_LENGTH = 14;
const WRITE_HEADER = 15;

/** A socket as another structure: the stand-in of that structure when family and protocol agree, else null. */
function as(struct: string, protocol: number | undefined, family?: number): HelperMaker {
  return row('u32', 'u32', (e) => (socket: number) => {
    if (socket === 0 || protocol === undefined || !e.memory.contains(socket, 16)) return 0;
    const { view } = e.memory;
    if (view.getUint32(socket + SOCK_PROTOCOL, true) !== protocol) return 0;
    return family === undefined || view.getUint32(socket + SOCK_FAMILY, true) === family ? e.kernel.standIn(struct) : 0;
  });
}

/** No socket is open here, so none is found. */
const notFound: HelperMaker = row(
  'u32 u32 u32 u32 u32',
  'u32',
  () => (_context: number, _tuple: number, _size: number, _netns: number, _flags: number) => 0,
);

/** A socket that a map holds under the key at an address becomes the destination. */
function redirectBy(environment: HelperEnvironment, map: BpfMap, key: number, flags: number): number {
  if ((flags & ~BPF_F_INGRESS) !== 0 || map.programLookup(key) === 0) return SK_DROP;
  environment.run.redirect = { map: map.name, target: map.keySize >= 4 ? environment.memory.view.getUint32(key, true) : 0 };
  return SK_PASS;
}

const redirectByKey: HelperMaker = row(
  'u32 u32 u32 flags',
  'u32',
  (e) => (_context: number, handle: number, key: number, flags: number) => redirectBy(e, requireMap(e, handle), key, flags),
);

const redirectByIndex: HelperMaker = row('u32 u32 u32 flags', 'u32', (e) => (_context: number, handle: number, index: number, flags: number) => {
  const map = requireMap(e, handle);
  const key = e.memory.allocate(map.keySize, 'other', 'socket index');
  try {
    e.memory.view.setUint32(key, index, true);
    return redirectBy(e, map, key, flags);
  } finally {
    e.memory.free(key);
  }
});

/** Puts the connection's socket into a map. The value is the socket's address: only whether there is one counts. */
const enterSocket: HelperMaker = row('u32 u32 u32 i64', 'i32', (e) => (_context: number, handle: number, key: number, flags: bigint) => {
  const map = requireMap(e, handle);
  const value = e.memory.allocate(Math.max(8, map.valueSize), 'other', 'socket');
  try {
    e.memory.view.setUint32(value, e.kernel.standIn('bpf_sock'), true);
    return flags < 0n || flags > 2n ? -Errno.EINVAL : map.programUpdate(key, value, Number(flags));
  } finally {
    e.memory.free(value);
  }
});

function setOption(environment: HelperEnvironment, level: number, name: number, value: number, size: number): number {
  requireBytes(environment, value, size, 'option');
  if (!LEVELS.has(level) || size === 0) return -Errno.EINVAL;
  environment.run.notes.options.set(`${level}:${name}`, environment.memory.read(value, size));
  return 0;
}

/** What was set in this run; zeros for options that nobody set. */
function getOption(environment: HelperEnvironment, level: number, name: number, to: number, size: number): number {
  requireBytes(environment, to, size, 'option');
  environment.memory.bytes.fill(0, to, to + size);
  if (!LEVELS.has(level) || size === 0) return -Errno.EINVAL;
  const value = environment.run.notes.options.get(`${level}:${name}`);
  if (value !== undefined) environment.memory.write(to, value.subarray(0, size));
  return 0;
}

const BASE_NAME = 1n;
const DEFAULT_SYSCTL = 'net/ipv4/ip_forward';

/** Copies text and tells its length; -E2BIG when it was cut. */
function giveText(environment: HelperEnvironment, text: string, to: number, size: number): number {
  return writeText(environment, text, to, size) < text.length ? -Errno.E2BIG : text.length;
}

function options(name: string, work: typeof setOption): [string, HelperMaker] {
  return [
    name,
    row(
      'u32 i32 i32 u32 i32',
      'i32',
      (e) => (_socket: number, level: number, option: number, value: number, size: number) =>
        size < 0 ? -Errno.EINVAL : work(e, level, option, value, size),
    ),
  ];
}

const cgroupId: HelperMaker = row('u32', 'i64', () => (_object: number) => ROOT_CGROUP);
const ancestorId: HelperMaker = row('u32 i32', 'i64', () => (_object: number, level: number) => (level === 0 ? ROOT_CGROUP : 0n));

function underCgroup(environment: HelperEnvironment, handle: number, index: number): number {
  const map = requireMap(environment, handle);
  if (index >= map.maxEntries) return -Errno.E2BIG;
  const key = new Uint8Array(4);
  new DataView(key.buffer).setUint32(0, index, true);
  const value = map.lookup(key);
  if (value === undefined) return -Errno.EAGAIN;
  return new DataView(value.buffer, value.byteOffset).getUint32(0, true) === Number(ROOT_CGROUP) ? 1 : 0;
}

/** Helpers of Linux on sockets, cgroups and sysctls, by name. */
export const socketHelpers: Readonly<Record<string, HelperMaker>> = {
  bpf_sk_lookup_tcp: notFound,
  bpf_sk_lookup_udp: notFound,
  bpf_skc_lookup_tcp: notFound,
  bpf_sk_release: row('u32', 'i32', (e) => (socket: number) => {
    e.kernel.release(socket);
    return 0;
  }),
  bpf_sk_fullsock: row('u32', 'u32', () => (socket: number) => socket),
  bpf_get_listener_sock: row('u32', 'u32', () => (_socket: number) => 0),
  bpf_tcp_sock: as('bpf_tcp_sock', IPPROTO_TCP),
  bpf_skc_to_tcp_sock: as('tcp_sock', IPPROTO_TCP),
  bpf_skc_to_tcp6_sock: as('tcp6_sock', IPPROTO_TCP, AF_INET6),
  bpf_skc_to_udp6_sock: as('udp6_sock', IPPROTO_UDP, AF_INET6),
  bpf_skc_to_tcp_timewait_sock: as('tcp_timewait_sock', undefined),
  bpf_skc_to_tcp_request_sock: as('tcp_request_sock', undefined),
  bpf_skc_to_unix_sock: as('unix_sock', undefined),
  bpf_skc_to_mptcp_sock: as('mptcp_sock', undefined),
  bpf_sk_assign: row(
    'u32 u32 i64',
    'i32',
    () => (_context: number, _socket: number, flags: bigint) => (flags < 0n || flags > 3n ? -Errno.EINVAL : 0),
  ),
  bpf_get_socket_uid: row('u32', 'u32', (e) => (_context: number) => e.host.userId),
  bpf_get_netns_cookie: row('u32', 'i64', () => (_context: number) => INITIAL_NAMESPACE_COOKIE),
  ...Object.fromEntries([options('bpf_setsockopt', setOption), options('bpf_getsockopt', getOption)]),
  bpf_bind: row('u32 u32 i32', 'i32', (e) => (_context: number, address: number, size: number) => {
    requireBytes(e, address, Math.max(0, size), 'address');
    if (size < 2) return -Errno.EINVAL;
    const family = e.memory.view.getUint16(address, true);
    const least = { [AF_INET]: 16, [AF_INET6]: 24 }[family];
    if (least === undefined) return -EAFNOSUPPORT;
    return size < least ? -Errno.EINVAL : 0;
  }),
  bpf_sock_ops_cb_flags_set: row('u32 i32', 'i32', (e) => (_context: number, flags: number) => {
    setContextNumber(e, 'bpf_sock_ops_cb_flags', flags & BPF_SOCK_OPS_ALL_CB_FLAGS);
    return flags & ~BPF_SOCK_OPS_ALL_CB_FLAGS;
  }),
  // Header options exist only in the callbacks that read and write headers; no header is at hand otherwise.
  bpf_load_hdr_opt: row(
    'u32 u32 u32 i64',
    'i32',
    () => (_context: number, _result: number, _size: number, flags: bigint) => ((flags & ~1n) !== 0n ? -Errno.EINVAL : -Errno.ENOENT),
  ),
  bpf_reserve_hdr_opt: row('u32 u32 i64', 'i32', (e) => (_context: number, size: number, flags: bigint) => {
    if (contextNumber(e, 'op') !== HEADER_LENGTH) return -Errno.EPERM;
    return flags !== 0n || size < 2 ? -Errno.EINVAL : size > 40 ? -Errno.ENOSPC : 0;
  }),
  bpf_store_hdr_opt: row('u32 u32 u32 i64', 'i32', (e) => (_context: number, _from: number, size: number, flags: bigint) => {
    if (contextNumber(e, 'op') !== WRITE_HEADER) return -Errno.EPERM;
    return flags !== 0n || size < 2 ? -Errno.EINVAL : 0;
  }),
  bpf_sk_redirect_map: redirectByIndex,
  bpf_msg_redirect_map: redirectByIndex,
  bpf_sk_redirect_hash: redirectByKey,
  bpf_msg_redirect_hash: redirectByKey,
  bpf_sock_map_update: enterSocket,
  bpf_sock_hash_update: enterSocket,
  bpf_sk_select_reuseport: row('u32 u32 u32 u32', 'i32', (e) => (_context: number, handle: number, key: number, flags: number) => {
    const map = requireMap(e, handle);
    if (flags !== 0) return -Errno.EINVAL;
    if (map.programLookup(key) === 0) return -Errno.ENOENT;
    e.run.redirect = { map: map.name, target: e.memory.view.getUint32(key, true) };
    return 0;
  }),
  bpf_skb_cgroup_id: cgroupId,
  bpf_sk_cgroup_id: cgroupId,
  bpf_skb_ancestor_cgroup_id: ancestorId,
  bpf_sk_ancestor_cgroup_id: ancestorId,
  bpf_skb_cgroup_classid: row('u32', 'u32', () => (_context: number) => 0),
  bpf_skb_under_cgroup: row('u32 u32 u32', 'i32', (e) => (_context: number, map: number, index: number) => underCgroup(e, map, index)),
  bpf_current_task_under_cgroup: row('u32 u32', 'i32', (e) => (map: number, index: number) => underCgroup(e, map, index)),
  bpf_get_retval: row('', 'i32', (e) => () => e.run.notes.returnValue ?? 0),
  bpf_set_retval: row('i32', 'i32', (e) => (value: number) => {
    e.run.notes.returnValue = value;
    return 0;
  }),
  bpf_sysctl_get_name: row('u32 u32 u32 i64', 'i32', (e) => (_context: number, to: number, size: number, flags: bigint) => {
    if ((flags & ~BASE_NAME) !== 0n) return -Errno.EINVAL;
    const name = e.run.hook.sysctlName ?? DEFAULT_SYSCTL;
    return giveText(e, flags === BASE_NAME ? name.slice(name.lastIndexOf('/') + 1) : name, to, size);
  }),
  bpf_sysctl_get_current_value: row(
    'u32 u32 u32',
    'i32',
    (e) => (_context: number, to: number, size: number) => giveText(e, e.run.hook.sysctlValue ?? '0', to, size),
  ),
  // Only a write has a new value.
  bpf_sysctl_get_new_value: row('u32 u32 u32', 'i32', (e) => (_context: number, to: number, size: number) => {
    if (contextNumber(e, 'write') === 0) {
      writeText(e, '', to, size);
      return -Errno.EINVAL;
    }
    return giveText(e, e.run.hook.sysctlNewValue ?? '0', to, size);
  }),
  bpf_sysctl_set_new_value: row('u32 u32 u32', 'i32', (e) => (_context: number, from: number, size: number) => {
    requireBytes(e, from, size, 'value');
    if (contextNumber(e, 'write') === 0 || size === 0) return -Errno.EINVAL;
    if (size > 4095) return -Errno.E2BIG;
    e.run.notes.sysctlNewValue = String.fromCharCode(...e.memory.read(from, size)).replace(/\0.*$/s, '');
    return 0;
  }),
};
