// expect: PKT-02 line 10 bug packet_check
#include "threads.h"
SEC("xdp") int prog(struct xdp_md *ctx) {
  void *data = (void *)(long)ctx->data, *data_end = (void *)(long)ctx->data_end;
  u8 *cursor = data + 42;
  u32 n = 0;
#pragma clang loop unroll(disable)
  for (int i = 0; i < 255; i++) {
    if (cursor > (u8 *)data_end) break;
    if (*cursor == 0) break;
    n++; cursor++;
  }
  return n > 10 ? XDP_DROP : XDP_PASS;
}
