import { Errno } from '../result.ts';
import { type HelperEnvironment, type HelperMaker, requireBytes, row } from './environment.ts';

/**
 * SYN cookies: sequence numbers that a server can check without having kept anything (net/ipv4/syncookies.c). A kernel mixes in a secret
 * and the time; here the secret is fixed, so that runs are repeatable.
 */
const SECRET = 0x9e37_79b9;
const TCP_HEADER = 20;
const DEFAULT_SEGMENT = 536;
/** Maximum segment sizes that a cookie can carry: the largest one that does not exceed the client's. */
const segments: Readonly<Record<4 | 6, readonly number[]>> = { 4: [536, 1300, 1440, 1460], 6: [1220, 1420, 1440, 8940] };
const SEGMENT_BITS = 3;

function mix(hash: number, value: number): number {
  const mixed = Math.imul(hash ^ value, 0x85eb_ca6b);
  return (mixed ^ (mixed >>> 13)) >>> 0;
}

/** Hash of addresses, ports and the client's sequence number, without the bits that carry the segment size. */
function hashOf(environment: HelperEnvironment, ip: number, tcp: number, version: 4 | 6, sequence: number): number {
  const { view } = environment.memory;
  const [start, size] = version === 4 ? [ip + 12, 8] : [ip + 8, 32];
  let hash = SECRET;
  for (let at = start; at < start + size; at += 4) hash = mix(hash, view.getUint32(at, true));
  hash = mix(mix(hash, view.getUint32(tcp, true)), sequence);
  return (hash & ~SEGMENT_BITS) >>> 0;
}

/** The MSS option of a TCP header, or the default. */
function segmentOption(environment: HelperEnvironment, tcp: number, length: number): number {
  const { bytes, view } = environment.memory;
  for (let at = tcp + TCP_HEADER; at < tcp + length; ) {
    const kind = bytes[at]!;
    if (kind === 0) break;
    if (kind === 1) {
      at++;
      continue;
    }
    const size = bytes[at + 1]!;
    if (size < 2 || at + size > tcp + length) break;
    if (kind === 2 && size === 4) return view.getUint16(at + 2, false) || DEFAULT_SEGMENT;
    at += size;
  }
  return DEFAULT_SEGMENT;
}

function generate(environment: HelperEnvironment, ip: number, tcp: number, length: number, version: 4 | 6): bigint {
  requireBytes(environment, tcp, length, 'TCP header');
  const { bytes, view } = environment.memory;
  if (length < TCP_HEADER || length !== (bytes[tcp + 12]! >>> 4) * 4) return BigInt(-Errno.EINVAL);
  const wanted = segmentOption(environment, tcp, length);
  const table = segments[version];
  const index = Math.max(
    0,
    table.findLastIndex((size) => size <= wanted),
  );
  const cookie = (hashOf(environment, ip, tcp, version, view.getUint32(tcp + 4, false)) | index) >>> 0;
  return BigInt(cookie) | (BigInt(table[index]!) << 32n);
}

/** Whether the acknowledgement of a client follows a cookie for its addresses. */
function check(environment: HelperEnvironment, ip: number, tcp: number, version: 4 | 6): number {
  requireBytes(environment, tcp, TCP_HEADER, 'TCP header');
  const { view } = environment.memory;
  const cookie = (view.getUint32(tcp + 8, false) - 1) >>> 0;
  const sequence = (view.getUint32(tcp + 4, false) - 1) >>> 0;
  return (cookie & ~SEGMENT_BITS) >>> 0 === hashOf(environment, ip, tcp, version, sequence) ? 0 : -Errno.EACCES;
}

function generator(version: 4 | 6): HelperMaker {
  return row('u32 u32 u32', 'i64', (e) => (ip: number, tcp: number, length: number) => {
    requireBytes(e, ip, version === 4 ? 20 : 40, 'IP header');
    return generate(e, ip, tcp, length, version);
  });
}
function checker(version: 4 | 6): HelperMaker {
  return row('u32 u32', 'i32', (e) => (ip: number, tcp: number) => {
    requireBytes(e, ip, version === 4 ? 20 : 40, 'IP header');
    return check(e, ip, tcp, version);
  });
}

/** bpf_tcp_raw_*: cookies from headers alone, by name. */
export const syncookieHelpers: Readonly<Record<string, HelperMaker>> = {
  bpf_tcp_raw_gen_syncookie_ipv4: generator(4),
  bpf_tcp_raw_gen_syncookie_ipv6: generator(6),
  bpf_tcp_raw_check_syncookie_ipv4: checker(4),
  bpf_tcp_raw_check_syncookie_ipv6: checker(6),
};
