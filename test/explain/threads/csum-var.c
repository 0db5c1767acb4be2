// expect: PKT-02 line 8 limit advice
#include "threads.h"
SEC("xdp") int prog(struct xdp_md *ctx) {
  void *data = (void *)(long)ctx->data, *data_end = (void *)(long)ctx->data_end;
  struct icmphdr *icmp = data + 34;
  if ((void *)(icmp + 1) > data_end) return XDP_PASS;
  u32 len = data_end - (void *)icmp;
  s64 c = bpf_csum_diff(0, 0, (void *)icmp, len, 0);
  icmp->checksum = c;
  return XDP_TX;
}
