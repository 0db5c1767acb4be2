// expect: MAP-03 line 7 bug index_check
#include "threads.h"
u32 table[16];
SEC("xdp") int prog(struct xdp_md *ctx) {
  u32 i = ctx->rx_queue_index;
  if (i > 16) return XDP_PASS;
  table[i]++;
  return XDP_PASS;
}
