// expect: PKT-02 line 18 bug packet_check
#include "threads.h"
struct ext { u8 next, len; };
SEC("xdp") int prog(struct xdp_md *ctx) {
  void *data = (void *)(long)ctx->data, *data_end = (void *)(long)ctx->data_end;
  struct ipv6hdr *ip6 = data + 14;
  if ((void *)(ip6 + 1) > data_end) return XDP_PASS;
  u8 nexthdr = ip6->nexthdr;
  void *cur = ip6 + 1;
#pragma clang loop unroll(full)
  for (int i = 0; i < 4; i++) {
    if (nexthdr != 0 && nexthdr != 60) break;
    struct ext *e = cur;
    if ((void *)(e + 1) > data_end) return XDP_DROP;
    nexthdr = e->next;
    cur += (e->len + 1) * 8;
  }
  if (nexthdr == 17) { struct udphdr *u = cur; if (u->dest == bpf_htons(53)) return XDP_DROP; }
  return XDP_PASS;
}
