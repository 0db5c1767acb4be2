// expect: NUL-01 line 5 bug null_check
#include "threads.h"
MAP(cfg, BPF_MAP_TYPE_ARRAY, u32, u32, 1);
MAP(cnt, BPF_MAP_TYPE_PERCPU_HASH, u32, u64, 128);
static __always_inline void bump(u32 k) { u64 *c = bpf_map_lookup_elem(&cnt, &k); *c += 1; }
SEC("xdp") int prog(struct xdp_md *ctx) {
  u32 k = 0; u32 *on = bpf_map_lookup_elem(&cfg, &k);
  if (on && *on) bump(ctx->ingress_ifindex);
  return XDP_PASS;
}
