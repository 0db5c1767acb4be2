// expect: MAP-07 line 10 bug index_check
#include "threads.h"
struct h { u64 slots[27]; };
MAP(m, BPF_MAP_TYPE_ARRAY, u32, struct h, 1);
SEC("kprobe/foo") int prog(struct pt_regs *ctx) {
  u32 z = 0;
  struct h *h = bpf_map_lookup_elem(&m, &z);
  if (!h) return 0;
  u64 slot = ctx->rsi & 31;
  h->slots[slot]++;
  return 0;
}
