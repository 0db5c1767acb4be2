// expect: NUL-01 line 8 limit null_check
#include "threads.h"
MAP(m, BPF_MAP_TYPE_ARRAY, u32, u64, 8);
SEC("tc") int prog(struct __sk_buff *skb) {
  u64 total = 0;
  for (u32 i = 0; i < 8; i++) {
    u64 *v = bpf_map_lookup_elem(&m, &i);
    total += *v;
  }
  return total > 100 ? TC_ACT_SHOT : TC_ACT_OK;
}
