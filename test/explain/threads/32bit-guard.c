// expect: MAP-04 line 13 bug index_check
#include "threads.h"
struct val { u8 b[64]; };
MAP(m, BPF_MAP_TYPE_ARRAY, u32, struct val, 4);
MAP(idx, BPF_MAP_TYPE_ARRAY, u32, s64, 1);
SEC("xdp") int prog(struct xdp_md *ctx) {
  u32 k = 0;
  s64 *p = bpf_map_lookup_elem(&idx, &k);
  struct val *v = bpf_map_lookup_elem(&m, &k);
  if (!p || !v) return XDP_PASS;
  s64 i = *p;
  if ((int)i < 0 || (int)i > 63) return XDP_PASS;
  return v->b[i];
}
