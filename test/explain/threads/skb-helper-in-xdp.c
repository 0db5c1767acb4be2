// expect: ENV-01 line 5 rule advice
#include "threads.h"
SEC("xdp") int prog(struct xdp_md *ctx) {
  u8 b[14];
  if (bpf_skb_load_bytes(ctx, 0, b, sizeof(b)) < 0) return XDP_PASS;
  return b[12] == 8 ? XDP_DROP : XDP_PASS;
}
