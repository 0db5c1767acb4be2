// expect: TYP-04 line 8 leak advice
#include "threads.h"
SEC("xdp") int prog(struct xdp_md *ctx) {
  void *data = (void *)(long)ctx->data, *data_end = (void *)(long)ctx->data_end;
  u8 *pos = data;
  unsigned offset;
  #pragma clang loop unroll(disable)
  for (offset = 0; offset < 1500; offset++) {
    if (pos + offset > (u8 *)data_end) return XDP_PASS;
    if (pos + offset == data_end) goto found;
  }
  return XDP_PASS;
found:
  return pos[offset] == 0 ? XDP_DROP : XDP_PASS;
}
