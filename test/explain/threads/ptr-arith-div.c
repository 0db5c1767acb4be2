// expect: TYP-02 line 5 bug advice
#include "threads.h"
SEC("xdp") int prog(struct xdp_md *ctx) {
  u64 data = ctx->data, end = ctx->data_end;
  u8 *mid = (u8 *)((data + end) / 2);
  if (mid + 1 > (u8 *)end) return XDP_PASS;
  return *mid ? XDP_DROP : XDP_PASS;
}
