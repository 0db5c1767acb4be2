// expect: PKT-06 line 14 bug packet_check
#include "threads.h"
SEC("xdp") int prog(struct xdp_md *ctx) {
  void *data = (void *)(long)ctx->data, *data_end = (void *)(long)ctx->data_end;
  struct ethhdr *eth = data;
  struct iphdr *ip = (void *)(eth + 1);
  if ((void *)(ip + 1) > data_end) return XDP_PASS;
  u16 len = bpf_ntohs(ip->tot_len);
  u8 *p = (u8 *)ip;
  u32 sum = 0;
  if ((void *)(p + len) > data_end) return XDP_PASS;
#pragma clang loop unroll(disable)
  for (int i = 0; i < 100; i++)
    sum += p[i];
  return sum & 1 ? XDP_DROP : XDP_PASS;
}
