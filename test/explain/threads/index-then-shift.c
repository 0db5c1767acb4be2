// expect: MAP-01 line 11 bug index_check
#include "threads.h"
struct h { u32 slots[16]; };
MAP(m, BPF_MAP_TYPE_HASH, u32, struct h, 64);
static __always_inline u64 log2l(u64 v) { u32 r = 0; while (v >>= 1) { r++; if (r > 63) break; } return r; }
SEC("kprobe/foo") int prog(struct pt_regs *ctx) {
  u32 k = 0;
  struct h *h = bpf_map_lookup_elem(&m, &k);
  if (!h) return 0;
  u64 slot = log2l(ctx->rsi);
  __sync_fetch_and_add(&h->slots[slot], 1);
  return 0;
}
