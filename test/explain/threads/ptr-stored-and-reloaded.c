// expect: LEAK-01 line 8 leak advice
#include "threads.h"
MAP(scratch, BPF_MAP_TYPE_PERCPU_ARRAY, u32, u64, 1);
SEC("tc") int prog(struct __sk_buff *skb) {
  u32 z = 0;
  u64 *slot = bpf_map_lookup_elem(&scratch, &z);
  if (!slot) return 0;
  *slot = (u64)(long)skb->data;
  u8 *p = (u8 *)*slot;
  return *p;
}
