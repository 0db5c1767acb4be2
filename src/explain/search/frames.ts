/** Frames that get through a parser's gates: what programs look for stands where they look for it. All are complete; the search cuts and changes them. */

const MAC = [0x02, 0, 0, 0, 0, 1, 0x02, 0, 0, 0, 0, 2];
const PAYLOAD = Array.from({ length: 16 }, (_, index) => 0x61 + index);

const ethernet = (type: number, ...rest: readonly (readonly number[])[]): number[] => [...MAC, type >> 8, type & 0xff, ...rest.flat()];
const vlan = (type: number, ...rest: readonly (readonly number[])[]): number[] => [0, 100, type >> 8, type & 0xff, ...rest.flat()];

/** @param options bytes of IPv4 options, a multiple of 4. */
function ipv4(protocol: number, payload: readonly number[], options: readonly number[] = [], fragment = 0): number[] {
  const header = 20 + options.length;
  const total = header + payload.length;
  const fixed = [0x40 | (header / 4), 0, total >> 8, total & 0xff, 0, 1, fragment >> 8, fragment & 0xff, 64, protocol, 0, 0];
  return [...fixed, 10, 0, 0, 1, 10, 0, 0, 2, ...options, ...payload];
}

function ipv6(next: number, payload: readonly number[]): number[] {
  const address = (last: number) => [0x20, 1, 0x0d, 0xb8, ...new Array<number>(11).fill(0), last];
  return [0x60, 0, 0, 0, payload.length >> 8, payload.length & 0xff, next, 64, ...address(1), ...address(2), ...payload];
}

const udp = (port: number, payload: readonly number[] = PAYLOAD): number[] => {
  const length = 8 + payload.length;
  return [0x30, 0x39, port >> 8, port & 0xff, length >> 8, length & 0xff, 0, 0, ...payload];
};

/** @param flags 2: SYN, 16: ACK. */
function tcp(port: number, flags: number, options: readonly number[] = []): number[] {
  const words = 5 + options.length / 4;
  return [0x30, 0x39, port >> 8, port & 0xff, 0, 0, 0, 1, 0, 0, 0, 0, words << 4, flags, 0x20, 0, 0, 0, 0, 0, ...options, ...PAYLOAD];
}

const echo = (type: number): number[] => [type, 0, 0, 0, 0, 1, 0, 1, ...PAYLOAD];
const SYN_OPTIONS = [2, 4, 5, 0xb4, 4, 2, 8, 10, 0, 0, 0, 1, 0, 0, 0, 0, 1, 3, 3, 7];
const ARP = [0, 1, 8, 0, 6, 4, 0, 1, ...MAC.slice(6), 10, 0, 0, 1, 0, 0, 0, 0, 0, 0, 10, 0, 0, 2];

/** Protocol numbers and types: IANA's registries, as in include/uapi/linux/in.h and if_ether.h. */
export const FRAMES: readonly Uint8Array[] = [
  ethernet(0x0800, ipv4(17, udp(53))),
  ethernet(0x0800, ipv4(6, tcp(80, 2, SYN_OPTIONS))),
  ethernet(0x0800, ipv4(6, tcp(443, 16))),
  ethernet(0x0800, ipv4(1, echo(8))),
  ethernet(0x0800, ipv4(1, [3, 4, 0, 0, 0, 0, 5, 0, ...ipv4(17, udp(53, []))])),
  ethernet(0x0800, ipv4(17, udp(4789), [1, 1, 1, 0])),
  ethernet(0x0800, ipv4(17, udp(53), [], 0x2001)),
  ethernet(0x0800, ipv4(4, ipv4(17, udp(53)))),
  ethernet(0x86dd, ipv6(17, udp(53))),
  ethernet(0x86dd, ipv6(6, tcp(80, 2, SYN_OPTIONS))),
  ethernet(0x86dd, ipv6(58, echo(128))),
  ethernet(0x86dd, ipv6(0, [17, 0, 1, 4, 0, 0, 0, 0, ...udp(53)])),
  ethernet(0x8100, vlan(0x0800, ipv4(17, udp(53)))),
  ethernet(0x88a8, vlan(0x8100, vlan(0x0800, ipv4(6, tcp(80, 2))))),
  ethernet(0x0806, ARP),
  ipv4(17, udp(53)),
  ipv4(6, tcp(80, 2)),
  ipv6(17, udp(53)),
].map((bytes) => Uint8Array.from(bytes));
