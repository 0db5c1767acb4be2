// expect: NUL-01 line 7 bug null_check
#include "threads.h"
MAP(m, BPF_MAP_TYPE_ARRAY, u32, u64, 4);
SEC("xdp") int prog(struct xdp_md *ctx) {
  u32 k = ctx->rx_queue_index;
  u64 *v = bpf_map_lookup_elem(&m, &k);
  __sync_fetch_and_add(v, 1);
  return XDP_PASS;
}
