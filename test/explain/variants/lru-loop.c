// expect: NUL-01 line 16 bug null_check
// fix: if (!v) return XDP_PASS;
#include "../threads/threads.h"
struct flow { u32 src, dst; u16 sport, dport; u32 pad; };
struct info { u64 packets; u64 bytes; };
MAP(flows, BPF_MAP_TYPE_LRU_HASH, struct flow, struct info, 1024);
SEC("xdp") int prog(struct xdp_md *ctx) {
  struct flow f = {};
  u64 sum = 0;
  for (int i = 0; i < 4; i++) {
    f.src = i;
    struct info *v = bpf_map_lookup_elem(&flows, &f);
#ifdef FIX
    if (!v) continue;
#endif
    sum += v->bytes;
  }
  return sum > 1000 ? XDP_DROP : XDP_PASS;
}
