#include "common.h"

// Ethernet, IPv4 and TCP headers of a packet, with both checksums verified.
struct ipv4 {
  u8 version_length, tos;
  u16 total, id, fragment;
  u8 ttl, protocol;
  u16 checksum;
  u32 source, destination;
};

INLINE u16 swap16(u16 x) { return (u16)((x << 8) | (x >> 8)); }

INLINE u32 fold(u64 sum) {
  sum = (sum & 0xffffffff) + (sum >> 32);
  sum = (sum & 0xffff) + (sum >> 16);
  sum = (sum & 0xffff) + (sum >> 16);
  sum = (sum & 0xffff) + (sum >> 16);
  return (u32)sum;
}

PROGRAM u64 checksum(u8 *memory, u64 length) {
  u8 *end = memory + length;
  if (memory + 14 + 20 > end) return 1;
  if (*(u16 *)(memory + 12) != 0x0008) return 2;
  struct ipv4 *ip = (struct ipv4 *)(memory + 14);
  u32 header = (ip->version_length & 15) * 4;
  if ((ip->version_length >> 4) != 4 || header < 20) return 3;
  if ((u8 *)ip + header > end || ip->protocol != 6) return 4;
  u64 sum = 0;
  for (u32 i = 0; i < header / 2; i++) sum += ((u16 *)ip)[i];
  u32 ip_ok = fold(sum);
  u8 *tcp = (u8 *)ip + header;
  u32 segment = swap16(ip->total) - header;
  if (tcp + segment > end) return 5;
  sum = (u64)ip->source + ip->destination + (6 << 8) + swap16((u16)segment);
  u32 i = 0;
  for (; i + 2 <= segment; i += 2) sum += *(u16 *)(tcp + i);
  if (i < segment) sum += tcp[i];
  return ((u64)ip_ok << 48) | ((u64)fold(sum) << 32) | (swap16(*(u16 *)tcp) << 16) | swap16(*(u16 *)(tcp + 2));
}
