// expect: MAP-03 line 14 bug index_check
#include "threads.h"
struct b { u8 d[128]; };
MAP(m, BPF_MAP_TYPE_PERCPU_ARRAY, u32, struct b, 1);
SEC("xdp") int prog(struct xdp_md *ctx) {
  void *data = (void *)(long)ctx->data, *data_end = (void *)(long)ctx->data_end;
  u32 z = 0;
  struct b *b = bpf_map_lookup_elem(&m, &z);
  if (!b) return XDP_PASS;
  u8 *p = data;
#pragma clang loop unroll(disable)
  for (int i = 0; i < 256; i++) {
    if ((void *)(p + i + 1) > data_end) break;
    b->d[i] = p[i];
  }
  return XDP_PASS;
}
