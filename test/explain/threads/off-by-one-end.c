// expect: PKT-02 line 8 bug packet_check
#include "threads.h"
SEC("xdp") int prog(struct xdp_md *ctx) {
  void *data = (void *)(long)ctx->data, *data_end = (void *)(long)ctx->data_end;
  u8 *address = data + sizeof(struct ethhdr);
  if ((void *)address > data_end)
    return XDP_PASS;
  if (*address == 0x45)
    return XDP_DROP;
  return XDP_PASS;
}
