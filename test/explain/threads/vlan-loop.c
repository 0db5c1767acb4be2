// expect: PKT-02 line 12 bug packet_check
#include "threads.h"
struct vlan { __be16 tci, proto; };
SEC("xdp") int prog(struct xdp_md *ctx) {
  void *data = (void *)(long)ctx->data, *data_end = (void *)(long)ctx->data_end;
  struct ethhdr *eth = data;
  if ((void *)(eth + 1) > data_end) return XDP_PASS;
  u16 p = eth->h_proto;
  void *cur = eth + 1;
#pragma unroll
  for (int i = 0; i < 2; i++) {
    if (p == bpf_htons(0x8100)) { struct vlan *vh = cur; p = vh->proto; cur = vh + 1; }
  }
  return p == bpf_htons(ETH_P_IP) ? XDP_DROP : XDP_PASS;
}
