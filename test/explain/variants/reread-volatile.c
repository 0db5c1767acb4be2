// expect: MAP-08 line 15 bug index_check
#include "../threads/threads.h"
struct val { u32 n; u8 b[32]; };
MAP(m, BPF_MAP_TYPE_ARRAY, u32, struct val, 1);
SEC("xdp") int prog(struct xdp_md *ctx) {
  u32 k = 0;
  struct val *v = bpf_map_lookup_elem(&m, &k);
  if (!v) return XDP_PASS;
#ifdef FIX
  u32 n = *(volatile u32 *)&v->n;
  if (n >= 32) return XDP_PASS;
  v->b[n] = 1;
#else
  if (*(volatile u32 *)&v->n >= 32) return XDP_PASS;
  v->b[*(volatile u32 *)&v->n] = 1;
#endif
  return XDP_PASS;
}
