// expect: HLP-01 line 12 bug advice
// fix: typeof(*routes.key) k = {};
#include "../threads/threads.h"
struct lpm { u32 prefix; u32 addr[4]; };
struct { __uint(type, BPF_MAP_TYPE_LPM_TRIE); __type(key, struct lpm); __type(value, u32); __uint(max_entries, 16); __uint(map_flags, 1); } routes SEC(".maps");
SEC("xdp") int prog(struct xdp_md *ctx) {
#ifdef FIX
  struct lpm k = { .prefix = 32 };
  u32 *v = bpf_map_lookup_elem(&routes, &k);
#else
  struct { u32 prefix; u32 addr; } k = { 32, 1 };
  u32 *v = bpf_map_lookup_elem(&routes, &k);
#endif
  return v ? XDP_DROP : XDP_PASS;
}
