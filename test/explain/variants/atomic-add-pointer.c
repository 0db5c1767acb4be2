// expect: accepted
#include "../threads/threads.h"
MAP(m, BPF_MAP_TYPE_ARRAY, u32, u64, 1);
SEC("kprobe/foo") int prog(struct pt_regs *ctx) {
  u32 k = 0;
  u64 *v = bpf_map_lookup_elem(&m, &k);
  if (!v) return 0;
  __sync_fetch_and_add(v, (u64)v);
  return 0;
}
