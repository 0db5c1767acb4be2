// expect: PKT-04 line 13 bug reload
// fix: data = (void *)(long)ctx->data;
#include "../threads/threads.h"
static __attribute__((noinline)) int shrink(struct xdp_md *ctx) { return bpf_xdp_adjust_head(ctx, 8); }
SEC("xdp") int prog(struct xdp_md *ctx) {
  u8 *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
  if (data + 8 > end) return XDP_PASS;
  if (shrink(ctx)) return XDP_DROP;
#ifdef FIX
  data = (void *)(long)ctx->data; end = (void *)(long)ctx->data_end;
  if (data + 8 > end) return XDP_PASS;
#endif
  data[0] = 1;
  return XDP_TX;
}
