// expect: STK-03 line 13 leak initialise
#include "threads.h"
struct key { u32 saddr, daddr; u16 sport, dport; u8 proto; };
MAP(flows, BPF_MAP_TYPE_HASH, struct key, u64, 1024);
SEC("xdp") int prog(struct xdp_md *ctx) {
  void *data = (void *)(long)ctx->data, *data_end = (void *)(long)ctx->data_end;
  struct ethhdr *eth = data;
  struct iphdr *ip = (void *)(eth + 1);
  struct udphdr *udp = (void *)(ip + 1);
  if ((void *)(udp + 1) > data_end) return XDP_PASS;
  struct key k;
  k.saddr = ip->saddr; k.daddr = ip->daddr; k.sport = udp->source; k.dport = udp->dest; k.proto = ip->protocol;
  u64 *v = bpf_map_lookup_elem(&flows, &k);
  if (v) __sync_fetch_and_add(v, 1);
  return XDP_PASS;
}
