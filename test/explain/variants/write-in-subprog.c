// expect: PKT-01 line 9 bug packet_check
#include "../threads/threads.h"
static __attribute__((noinline)) int mark(struct xdp_md *ctx) {
  u8 *p = (void *)(long)ctx->data;
#ifdef FIX
  void *end = (void *)(long)ctx->data_end;
  if ((void *)(p + 6) > end) return 1;
#endif
  p[5] = 7;
  return 0;
}
SEC("xdp") int prog(struct xdp_md *ctx) { return mark(ctx) ? XDP_DROP : XDP_PASS; }
