// expect: LEAK-02 line 6 leak advice
#include "threads.h"
MAP(m, BPF_MAP_TYPE_HASH, u32, u64, 16);
SEC("socket") int prog(struct __sk_buff *skb) {
  u32 k = 1; u64 v = (u64)skb;
  bpf_map_update_elem(&m, &k, &v, 0);
  return 0;
}
