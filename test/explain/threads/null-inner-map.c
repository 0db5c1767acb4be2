// expect: NUL-04 line 8 bug null_check
#include "threads.h"
struct inner { __uint(type, BPF_MAP_TYPE_ARRAY); __type(key, u32); __type(value, u64); __uint(max_entries, 4);};
struct { __uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS); __uint(max_entries, 4); __type(key, u32); __array(values, struct inner); } outer SEC(".maps");
SEC("xdp") int prog(struct xdp_md *ctx) {
  u32 k = 0;
  void *inner = bpf_map_lookup_elem(&outer, &k);
  u64 *v = bpf_map_lookup_elem(inner, &k);
  return v ? XDP_DROP : XDP_PASS;
}
