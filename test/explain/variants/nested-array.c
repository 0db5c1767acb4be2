// expect: MAP-02 line 17 bug index_check
// fix: if (row > 3) return XDP_PASS;
#include "../threads/threads.h"
struct bucket { u32 hits[16]; u64 last; };
struct table { u64 lock; struct bucket rows[4]; };
MAP(tables, BPF_MAP_TYPE_ARRAY, u32, struct table, 1);
SEC("xdp") int prog(struct xdp_md *ctx) {
  u8 *p = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
  u32 zero = 0;
  if (p + 2 > end) return XDP_PASS;
  struct table *t = bpf_map_lookup_elem(&tables, &zero);
  if (!t) return XDP_PASS;
  u8 row = p[0];
#ifdef FIX
  if (row >= 4) return XDP_PASS;
#endif
  t->rows[row].hits[p[1] & 15] += 1;
  return XDP_PASS;
}
