// expect: PKT-02 line 10 bug packet_check
#include "threads.h"
MAP(bl, BPF_MAP_TYPE_HASH, u32, u64, 16);
SEC("xdp") int prog(struct xdp_md *ctx) {
  void *data = (void *)(long)ctx->data, *data_end = (void *)(long)ctx->data_end;
  struct ethhdr *eth = data;
  if (data + sizeof(eth) > data_end) return XDP_PASS;
  struct iphdr *ip = data + sizeof(*eth);
  if (data + sizeof(eth) + sizeof(ip) > data_end) return XDP_PASS;
  u32 s = ip->saddr;
  return bpf_map_lookup_elem(&bl, &s) ? XDP_DROP : XDP_PASS;
}
